"""Run by systemd whenever an instance has ended, before it starts it again: notes how, and makes it wait ever longer.

It runs as the app's user: its environment is the app's, and that may hold what the loader obeys (LD_PRELOAD)."""
import os
import re
import subprocess
import time

from . import backoff, endings, failures, files, paths

# systemd's own pause before a restart, in the unit.
RESTART_MS = backoff.FIRST_MS
# systemd ends this program when it takes as long as a stop may take.
PART_OF_STOP_TIMEOUT = 0.9


def exited(instance_name, environment):
    address = paths.address_of(instance_name)
    state = state_of(address)
    at = endings.now_ms()
    before = endings.read(address)
    restarts = before.get("restarts", 0)
    last = {"at": at, "reason": reason(address, state, environment), "restarts": restarts}
    if not state["wanted"] or is_shutting_down():
        endings.write(address, last)
        return
    began = before.get("nextStartAt", state["startedAt"])
    failed = backoff.failures_in_a_row(before.get("failures", 0), at - began)
    delay_ms = min(backoff.delay_ms(failed), RESTART_MS + int(state["stopTimeoutMs"] * PART_OF_STOP_TIMEOUT))
    endings.write(address, {**last, "restarts": restarts + 1, "failures": failed, "nextStartAt": at + delay_ms})
    if state_of(address)["wanted"]:
        time.sleep(max(0, delay_ms - RESTART_MS) / 1000)


def state_of(address):
    return files.read_json(f"{paths.slot(address)}/state.json")


def is_shutting_down():
    asked = subprocess.run(["/usr/bin/systemctl", "is-system-running"], capture_output=True, check=False, stdin=subprocess.DEVNULL)
    return asked.stdout.strip() == b"stopping"


def reason(address, state, environment):
    code, status = environment.get("EXIT_CODE", ""), environment.get("EXIT_STATUS", "")
    if code == "exited":
        return exit_reason(address, state, status)
    if status == "KILL" and state.get("memoryLimitBytes") is not None:
        used = memory_used_when_killed()
        if used is not None:
            return failures.over_memory_limit(state["memoryLimitBytes"], used)
    return f"killed by SIG{status}" if code in ("killed", "dumped") else "ended, how is not known"


def exit_reason(address, state, status):
    directory = f"{paths.current(address)}/{state['directory']}".rstrip("/")
    if status == str(failures.CHDIR) and not os.path.isdir(directory):
        return failures.missing_folder(directory)
    if status == str(failures.EXEC):
        missing = failures.why_not_executed(program_of(address))
        if missing is not None:
            return failures.not_started(missing, state["command"])
    return f"exit code {status}"


def program_of(address):
    """The program that the unit names: its first quoted word."""
    unit = files.read(f"{paths.UNITS}/{paths.unit(address)}.d/slot.conf") or ""
    found = re.search(r'^ExecStart=:"((?:[^"\\]|\\.)*)"', unit, re.MULTILINE)
    return found[1].replace("%%", "%") if found else ""


def memory_used_when_killed():
    """How much memory the unit used at most, when the kernel killed something of it for that; none otherwise."""
    group = own_group()
    for folder, events, most in (
        (f"/sys/fs/cgroup{group.get('', '')}", "memory.events", "memory.peak"),
        (f"/sys/fs/cgroup/memory{group.get('memory', '')}", "memory.oom_control", "memory.max_usage_in_bytes"),
    ):
        killed = re.search(r"^oom_kill (\d+)$", files.read(f"{folder}/{events}") or "", re.MULTILINE)
        if killed and int(killed[1]) > 0:
            return int(files.read(f"{folder}/{most}") or files.read(f"{folder}/memory.max") or 0)
    return None


def own_group():
    """The control groups of this process, which are the unit's; systemd may have put it one below."""
    groups = {}
    for line in (files.read("/proc/self/cgroup") or "").splitlines():
        _, controllers, path = line.split(":", 2)
        for controller in controllers.split(","):
            groups[controller] = re.sub(r"(\.service)/.*$", r"\1", path)
    return groups
