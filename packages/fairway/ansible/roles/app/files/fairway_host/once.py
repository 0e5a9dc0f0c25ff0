"""Commands that run once in a release: under systemd as well, with the same limits as an instance."""
import os
import re
import secrets
import subprocess

from . import failures, files, names, paths, users
from .launch import Launch, resolve
from .refusal import Refusal
from .systemd import Systemd

NOT_FOUND = 127


def run(systemd: Systemd, request, emit, ended):
    """Emits `{line}` for each line of output; returns the exit code."""
    app = names.app(request.get("app"))
    launch = Launch(app, request.get("launch"))
    root = paths.release(app, launch.release)
    if not os.path.isdir(root):
        raise Refusal("release-missing", f"release {launch.release} is not installed", release=launch.release)
    users.ensure(app)
    directory = os.path.normpath(f"{root}/{launch.directory}")
    first, *rest = launch.arguments()
    program = resolve(first, launch.environment()["PATH"], directory)
    problem = failures.missing_folder(directory) if not os.path.isdir(directory) else None
    if problem is None and (code := failures.why_not_executed(program)) is not None:
        problem = failures.not_started(code, first)
    if problem is not None:
        emit({"line": problem})
        return NOT_FOUND
    unit = f"fairway-run-{secrets.token_hex(6)}.service"
    environment_file = f"{paths.RUN}/{unit}.env"
    files.write(environment_file, launch.environment_file())
    try:
        return execute(systemd, unit, command(unit, launch, directory, environment_file, [program, *rest]), first, emit, ended)
    finally:
        os.unlink(environment_file)


def command(unit, launch, directory, environment_file, words):
    user = users.name_of(launch.app)
    properties = [
        f"User={user}",
        f"Group={user}",
        f"WorkingDirectory={directory}",
        f"EnvironmentFile={environment_file}",
        f"UnsetEnvironment={' '.join(launch.unset())}",
        f"ReadWritePaths={paths.home(launch.app)}",
        f"TimeoutStopSec={launch.stop_timeout_ms}ms",
        *launch.limits(),
        *sandbox(),
    ]
    # systemd-run would replace $NAME and %s itself.
    literal = [word.replace("$", "$$") for word in words]
    options = ["--quiet", "--pipe", "--wait", "--service-type=exec", f"--unit={unit}", f"--description=Fairway: a command of {launch.app}"]
    return ["/usr/bin/systemd-run", *options, *(f"--property={line}" for line in properties), "--", *literal]


def sandbox():
    """What instances may not do, from their unit."""
    unit = files.read(paths.TEMPLATE) or ""
    found = re.search(r"^# Sandbox\n(.*?)(?:\n\n|\Z)", unit, re.DOTALL | re.MULTILINE)
    return [line for line in found[1].splitlines() if line and not line.startswith("#")] if found else []


def execute(systemd, unit, words, first, emit, ended):
    try:
        process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    except OSError as error:
        emit({"line": failures.not_started(os.strerror(error.errno) if error.errno is None else errno_name(error), first[:200])})
        return NOT_FOUND
    ended.then(lambda: systemd.stop(unit, 3600) == "missing" and process.terminate())
    for line in process.stdout:
        emit({"line": line.decode("utf-8", "replace").rstrip("\n").rstrip("\r")})
    code = process.wait()
    if code == 0:
        # systemd takes an end by SIGTERM for a good one, and forgets it.
        return 128 + 15 if ended.event.is_set() else 0
    # A unit that failed stays, with the way it ended.
    kind, status = systemd.properties(unit, "ExecMainCode", "ExecMainStatus")
    try:
        systemd.manage("ResetFailedUnit", "s", unit)
    except Exception:
        pass
    return 128 + status if kind in (2, 3) else status or code


def errno_name(error):
    import errno

    return errno.errorcode.get(error.errno, str(error))
