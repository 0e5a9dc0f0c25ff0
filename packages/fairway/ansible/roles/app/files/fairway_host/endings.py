"""What is noted when an instance ends. The app's user writes it, so it is read as what a stranger says."""
import json
import os
import time

from . import paths

LARGEST = 4096
LONGEST_REASON = 500


def now_ms():
    return int(time.time() * 1000)


def read(address):
    """The last end; nothing when there was none."""
    try:
        descriptor = os.open(paths.ending(address), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with open(descriptor, "rb") as file:
            noted = json.loads(file.read(LARGEST))
        if not isinstance(noted, dict):
            return {}
        checked = {name: int(noted[name]) for name in ("at", "restarts", "failures", "nextStartAt") if name in noted}
        checked["reason"] = "".join(c for c in str(noted["reason"])[:LONGEST_REASON] if c.isprintable())
    except (OSError, ValueError, TypeError, KeyError):
        return {}
    return checked


def write(address, noted):
    path = paths.ending(address)
    partial = f"{path}.part"
    with open(partial, "w", encoding="utf-8") as file:
        json.dump(noted, file)
    os.rename(partial, path)
