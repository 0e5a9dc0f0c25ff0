"""Checks of everything that comes from outside, once more: nothing here trusts that the control server did."""
import re

from .refusal import Refusal

APP = re.compile(r"(?!constructor$)[a-z][a-z0-9-]{0,30}")
INSTANCE = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
SLOT = re.compile(r"[ab]")
RELEASE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")
GENERATION = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}\+[A-Za-z0-9_-]{1,100}")
SHA256 = re.compile(r"[0-9a-f]{64}")
VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
CURSOR = re.compile(r"[A-Za-z0-9=;]{1,300}")
# systemd drops a variable whose value holds one of these, with no more than a line in the journal.
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


def matching(what, pattern, value):
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise Refusal("invalid", f"{what} {value!r} is not of the form {pattern.pattern}")
    return value


def app(value):
    return matching("app", APP, value)


def release(value):
    return matching("release", RELEASE, value)


def slot(value):
    """The names of a slot: app, instance, slot."""
    if not isinstance(value, dict):
        raise Refusal("invalid", "a slot is an object of app, instance and slot")
    return (
        app(value.get("app")),
        matching("instance", INSTANCE, value.get("instance")),
        matching("slot", SLOT, value.get("slot")),
    )


def whole_number(what, value, least=0, most=2**53):
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise Refusal("invalid", f"{what} {value!r} is not a whole number from {least} to {most}")
    return value


def percent(what, value):
    """A part of one, or several, as a whole number of hundredths."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0.01 <= value <= 10_000:
        raise Refusal("invalid", f"{what} {value!r} is not a number from 0.01")
    return round(value * 100)


def texts(what, value):
    if not isinstance(value, list) or not all(isinstance(text, str) and "\0" not in text for text in value):
        raise Refusal("invalid", f"{what} is not a list of texts without NUL characters")
    return value


def folder(what, value):
    """A folder below a release, normalised: no way up, nothing absolute."""
    if not isinstance(value, str) or CONTROL.search(value) or "\n" in value or "\t" in value:
        raise Refusal("invalid", f"{what} {value!r} is not the path of a folder")
    parts = [part for part in value.split("/") if part not in ("", ".")]
    if value.startswith("/") or ".." in parts:
        raise Refusal("invalid", f"{what} {value!r} is not inside of the release")
    return "/".join(parts)


def variables(what, value):
    if not isinstance(value, dict):
        raise Refusal("invalid", f"{what} is not an object of texts")
    for name, text in value.items():
        matching("variable", VARIABLE, name)
        if not isinstance(text, str):
            raise Refusal("invalid", f"the value of {name} is not a text")
        if CONTROL.search(text):
            raise Refusal(
                "invalid",
                f"the value of {name} holds a control character, which systemd does not pass on; encode it, as base64 for example",
            )
    return value
