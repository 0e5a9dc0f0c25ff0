"""Slots: what is to run in each, and what does. systemd runs it; here is only what it is told and asked."""
import contextlib
import glob
import os

from . import endings, fences, files, names, paths, users
from .launch import Launch, drop_in
from .refusal import Refusal

STOPPING = object()
OBSERVED = ("ActiveState", "SubState", "MainPID", "ExecMainStartTimestamp")


def start(systemd, request):
    address = names.slot(request.get("slot"))
    app = address[0]
    launch = Launch(app, request.get("launch"))
    with files.locked(app):
        fences.passed(app, request.get("fence"))
        if not os.path.isdir(paths.release(app, launch.release)):
            raise Refusal("release-missing", f"release {launch.release} is not installed", release=launch.release)
        running = occupied_by(systemd, address)
        if running == launch.generation:
            return
        if running is STOPPING:
            systemd.stop(paths.unit(address), 60)
        elif running is not None:
            raise Refusal("slot-occupied", f"it runs {running}", running=running)
        prepare(systemd, address, launch, users.ensure(app))
        systemd.start(paths.unit(address))


def occupied_by(systemd, address):
    state = files.read_json(f"{paths.slot(address)}/state.json")
    if state is None:
        return None
    process = process_state(state, *systemd.properties(paths.unit(address), "ActiveState", "SubState"))
    if process == "stopped":
        return None
    return STOPPING if process == "stopping" else state["generation"]


def prepare(systemd, address, launch, user):
    unit = paths.unit(address)
    folder = paths.slot(address)
    for place, mode in ((paths.slots(launch.app), 0o750), (folder, 0o750)):
        make_shared(place, mode, user.pw_gid)
    files.write(f"{folder}/env", launch.environment_file())
    files.link(paths.current(address), paths.release(launch.app, launch.release))
    changed = files.write(f"{paths.UNITS}/{unit}.d/slot.conf", drop_in(address, launch), 0o644)
    remove(paths.ending(address))
    files.write_json(
        f"{folder}/state.json",
        {
            "wanted": True,
            "generation": launch.generation,
            "release": launch.release,
            "port": launch.port,
            "startedAt": endings.now_ms(),
            "stopTimeoutMs": launch.stop_timeout_ms,
            "command": launch.command[0],
            "directory": launch.directory,
            "memoryLimitBytes": launch.memory_limit_bytes,
        },
        # What notes its end is run as the app's user, and reads it; secrets are in `env` alone.
        0o644,
    )
    if changed:
        systemd.reload()
    # After a boot systemd starts what is wanted, before anybody asks.
    files.link(f"{paths.WANTS}/{unit}", paths.TEMPLATE)


def make_shared(folder, mode, group):
    os.makedirs(os.path.dirname(folder), mode=0o755, exist_ok=True)
    with contextlib.suppress(FileExistsError):
        os.mkdir(folder, 0o700)
    os.chown(folder, 0, group)
    os.chmod(folder, mode)


def remove(path):
    try:
        os.unlink(path)
    except FileNotFoundError:
        pass


def stop(systemd, request):
    address = names.slot(request.get("slot"))
    unit = paths.unit(address)
    path = f"{paths.slot(address)}/state.json"
    with files.locked(address[0]):
        fences.passed(address[0], request.get("fence"))
        state = files.read_json(path)
        if state is None:
            return
        if state["wanted"]:
            files.write_json(path, {**state, "wanted": False}, 0o644)
        remove(f"{paths.WANTS}/{unit}")
    if systemd.properties(unit, "SubState")[0] == "stop-post":
        # It waits for its next start, in `fairway-host exited`.
        systemd.kill_control(unit)
    systemd.stop(unit, state["stopTimeoutMs"] / 1000 + 30)


def observe(systemd, request):
    app = names.app(request.get("app"))
    found = []
    for entry in paths.entries(paths.slots(app)):
        instance, _, name = entry.rpartition(".")
        address = (app, instance, name)
        state = files.read_json(f"{paths.slot(address)}/state.json")
        if state is not None:
            found.append(seen(systemd, address, state))
    return found


def seen(systemd, address, state):
    active, sub, pid, started = systemd.properties(paths.unit(address), *OBSERVED)
    last = endings.read(address)
    process = process_state(state, active, sub)
    app, instance, name = address
    slot = {
        "slot": {"app": app, "instance": instance, "slot": name},
        "state": process,
        "generation": state["generation"],
        "port": state["port"],
        "restarts": last.get("restarts", 0),
    }
    if process in ("running", "stopping") and pid != 0:
        slot["pid"] = pid
        slot["startedAt"] = started // 1000
    if process == "backoff" and "nextStartAt" in last:
        slot["nextStartAt"] = last["nextStartAt"]
    if "reason" in last:
        slot["lastExit"] = {"at": last["at"], "reason": last["reason"]}
    return slot


def process_state(state, active, sub):
    if active == "active" or sub in ("start", "running"):
        return "running" if state["wanted"] else "stopping"
    if active in ("activating", "deactivating", "reloading"):
        return "backoff" if state["wanted"] else "stopping"
    return "stopped"


def running_releases(systemd, app):
    """The releases that a slot of the app runs, or is to run again after a boot."""
    kept = set()
    for path in glob.glob(f"{paths.slots(app)}/*/state.json"):
        state = files.read_json(path)
        instance, _, name = os.path.basename(os.path.dirname(path)).rpartition(".")
        if state["wanted"] or occupied_by(systemd, (app, instance, name)) is not None:
            kept.add(state["release"])
    return kept
