"""The logs of an app's slots, from the journal."""
import json
import re
import subprocess

from . import files, names, paths

JOURNALCTL = ["/usr/bin/journalctl", "--quiet", "--no-pager", "--output=json", "--output-fields=MESSAGE,SYSLOG_IDENTIFIER"]


def matches(app):
    return ["_TRANSPORT=stdout", f"FAIRWAY_APP={app}"]


def read(*arguments):
    result = subprocess.run([*JOURNALCTL, *arguments], stdin=subprocess.DEVNULL, capture_output=True, check=True)
    return [json.loads(line) for line in result.stdout.splitlines()]


def logs(request, emit, ended):
    """Emits `{slot, text, cursor}`: the last lines of each slot, then new ones until `ended`."""
    app = names.app(request.get("app"))
    only = request.get("instance")
    if only is not None:
        names.matching("instance", names.INSTANCE, only)
    lines = names.whole_number("lines", request.get("lines"), 0, 100_000)
    cursor = request.get("after")
    if cursor is None:
        # What is written until here is in the tails below, what comes later is followed: nothing is lost or shown twice.
        subprocess.run(["/usr/bin/journalctl", "--sync"], stdin=subprocess.DEVNULL, capture_output=True, check=False)
        cursor = next((entry["__CURSOR"] for entry in read("--lines=1")), None)
        for address in slots_of(app, only) if lines else ():
            for entry in tail(address, lines, bool(request.get("sinceStart")), cursor):
                emit(event(entry, only))
    else:
        names.matching("cursor", names.CURSOR, cursor)
    if request.get("follow"):
        follow(app, only, cursor, emit, ended)


def slots_of(app, only):
    for entry in paths.entries(paths.slots(app)):
        instance, _, name = entry.rpartition(".")
        if only in (None, instance):
            yield (app, instance, name)


def tail(address, lines, since_start, cursor):
    arguments = [f"--lines={lines}"]
    if since_start:
        state = files.read_json(f"{paths.slot(address)}/state.json") or {}
        started = state.get("startedAt", 0)
        arguments.append(f"--since=@{started // 1000}.{started % 1000:03}")
    found = read(*arguments, *matches(address[0]), f"SYSLOG_IDENTIFIER={'/'.join(address)}")
    return [entry for entry in found if cursor is None or not is_after(entry["__CURSOR"], cursor)]


def is_after(one, other):
    """Whether an entry comes after another: by their numbers in the journal, or by time where it was begun anew."""
    one, other = fields_of(one), fields_of(other)
    key = "i" if one.get("s") == other.get("s") else "t"
    return int(one[key], 16) > int(other[key], 16)


def fields_of(cursor):
    return dict(re.findall(r"(\w+)=(\w+)", cursor))


def follow(app, only, cursor, emit, ended):
    position = ["--lines=0"] if cursor is None else [f"--after-cursor={cursor}", "--no-tail"]
    process = subprocess.Popen([*JOURNALCTL, "--follow", *position, *matches(app)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    ended.then(process.terminate)
    for line in process.stdout:
        given = event(json.loads(line), only)
        if given is not None:
            emit(given)
    process.wait()


def event(entry, only):
    app, instance, name = entry["SYSLOG_IDENTIFIER"].split("/")
    if only not in (None, instance):
        return None
    text = entry.get("MESSAGE") or ""
    if isinstance(text, list):
        text = bytes(text).decode("utf-8", "replace") if all(isinstance(part, int) for part in text) else str(text[-1])
    return {"slot": {"app": app, "instance": instance, "slot": name}, "text": text, "cursor": entry["__CURSOR"]}
