"""How something ended, in words for people: the same words as on a machine of its own."""
import os

MEANINGS = {
    "ENOENT": "there is no such program, neither in the release nor on PATH",
    "EACCES": "it is not executable",
    "ENOEXEC": "it is not a program: a script needs a first line such as #!/bin/sh",
    "E2BIG": "its arguments and environment are too long",
    "EAGAIN": "the system allows no more processes",
    "ENOMEM": "the system has no memory left",
}
# systemd's own exit codes, systemd.exec(5).
CHDIR, EXEC = 200, 203


def not_started(code, what):
    return f"could not be started: {code} {what}: {MEANINGS.get(code, 'the system refuses it')}"


def missing_folder(folder):
    return f"could not be started: ENOENT {folder}: the release has no such folder"


def why_not_executed(program):
    """The system's code for a program that could not be executed, found by looking; none when it can be."""
    if not os.path.isfile(program):
        return "ENOENT"
    if not os.access(program, os.X_OK):
        return "EACCES"
    with open(program, "rb") as file:
        start = file.read(256)
    if start[:4] == b"\x7fELF":
        return None
    if start[:2] != b"#!":
        return "ENOEXEC"
    interpreter = start[2:].split(b"\n")[0].split()
    return None if interpreter and os.path.isfile(interpreter[0]) else "ENOENT"


def megabytes(size):
    return f"{-(-size // (1024 * 1024))} MB"


def over_memory_limit(limit, used):
    return f"over its memory limit of {megabytes(limit)} (used {megabytes(used)})"
