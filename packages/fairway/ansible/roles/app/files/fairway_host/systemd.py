"""systemd's manager, over the system bus."""
import threading

from . import paths
from .dbus import Bus, BusError
from .refusal import Refusal

NAME = "org.freedesktop.systemd1"
MANAGER = f"{NAME}.Manager"
ROOT = "/org/freedesktop/systemd1"
PROPERTIES = "org.freedesktop.DBus.Properties"
UNIT = f"{NAME}.Unit"
SERVICE = f"{NAME}.Service"


def object_path(unit):
    escaped = "".join(c if c.isascii() and c.isalnum() else f"_{ord(c):02x}" for c in unit)
    return f"{ROOT}/unit/{escaped}"


class Systemd:
    def __init__(self, on_gone=lambda: None):
        self.on_gone = on_gone
        self.lock = threading.Lock()
        self.jobs = {}
        self.finished = {}
        self.watchers = {}
        self.bus = Bus(self.on_signal)
        for rule in (
            f"type='signal',sender='{NAME}',interface='{MANAGER}',member='JobRemoved'",
            f"type='signal',sender='{NAME}',interface='{PROPERTIES}',path_namespace='{ROOT}/unit'",
        ):
            self.bus.call("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "AddMatch", "s", rule)
        self.manage("Subscribe")

    def manage(self, member, signature="", *values, timeout=30):
        return self.bus.call(NAME, ROOT, MANAGER, member, signature, *values, timeout=timeout)

    def reload(self):
        self.manage("Reload", timeout=60)

    def start(self, unit):
        """Starts a unit and waits for its job; the way it ended: done, failed, …"""
        try:
            self.manage("ResetFailedUnit", "s", unit)
        except BusError:
            pass
        return self.job("StartUnit", unit, 60)

    def stop(self, unit, timeout):
        return self.job("StopUnit", unit, timeout)

    def kill_control(self, unit):
        try:
            self.manage("KillUnit", "ssi", unit, "control", 15)
        except BusError:
            pass

    def job(self, member, unit, timeout):
        done = threading.Event()
        try:
            (job,) = self.manage(member, "ss", unit, "replace")
        except BusError as error:
            if error.name.endswith("NoSuchUnit"):
                return "missing"
            raise Refusal("systemd", f"systemd refuses {member} of {unit}: {error}") from error
        with self.lock:
            if job in self.finished:
                return self.finished.pop(job)
            self.jobs[job] = done
        if not done.wait(timeout):
            raise Refusal("systemd", f"{member} of {unit} did not end within {timeout:.0f} s; see systemctl status {unit}")
        with self.lock:
            return self.finished.pop(job)

    def properties(self, unit, *names):
        """Properties of a unit, asked for together."""
        path = object_path(unit)
        asked = [
            self.bus.ask(NAME, path, PROPERTIES, "Get", "ss", UNIT if name in ("ActiveState", "SubState") else SERVICE, name)
            for name in names
        ]
        return [answer.wait(30)[0] for answer in asked]

    def watch(self, prefix, changed):
        """Calls `changed` when something of a unit changes whose name begins with `prefix`; returns how to end that."""
        key = object()
        with self.lock:
            self.watchers[key] = (object_path(prefix), changed)
        return lambda: self.watchers.pop(key, None)

    def on_signal(self, path, interface, member, values):
        if path is None:
            self.on_gone()
            return
        if member == "JobRemoved" and interface == MANAGER:
            self.job_removed(values[1], values[3])
            return
        with self.lock:
            interested = [changed for prefix, changed in self.watchers.values() if path.startswith(prefix)]
        for changed in interested:
            changed()

    def job_removed(self, job, result):
        with self.lock:
            done = self.jobs.pop(job, None)
            self.finished[job] = result
            # Jobs of others are heard of as well; of those that nobody waits for only the latest are remembered.
            while done is None and len(self.finished) > 100:
                self.finished.pop(next(iter(self.finished)))
        if done is not None:
            done.set()
