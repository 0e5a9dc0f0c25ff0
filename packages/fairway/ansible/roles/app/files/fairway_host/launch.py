"""What a launch means on this host: environment, program, unit. Nothing here has an effect."""
import os
import re

from . import names, paths, users
from .refusal import Refusal

DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
# systemd adds these; the environment is to be exactly the one that was given.
ADDED_BY_SYSTEMD = ("INVOCATION_ID", "JOURNAL_STREAM", "LOGNAME", "RUNTIME_DIRECTORY", "SHELL", "SYSTEMD_EXEC_PID", "USER")
NAME_IN_ARGUMENT = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


class Launch:
    """A launch that was checked."""

    def __init__(self, app, given):
        if not isinstance(given, dict):
            raise Refusal("invalid", "a launch is an object")
        self.app = app
        self.generation = names.matching("generation", names.GENERATION, given.get("generation"))
        self.release = names.release(given.get("release"))
        self.command = names.texts("command", given.get("command"))
        self.directory = names.folder("directory", given.get("directory"))
        self.path = [names.folder("path", folder) for folder in names.texts("path", given.get("path") or [])]
        self.env = names.variables("env", given.get("env"))
        self.secrets = names.variables("secrets", given.get("secrets") or {})
        self.port = names.whole_number("port", given.get("port"), 0, 65535)
        self.stop_timeout_ms = names.whole_number("stopTimeoutMs", given.get("stopTimeoutMs"), 1, 24 * 3600_000)
        limit = given.get("memoryLimitBytes")
        self.memory_limit_bytes = None if limit is None else names.whole_number("memoryLimitBytes", limit, 1)
        cpus = given.get("cpuLimit")
        self.cpu_percent = None if cpus is None else names.percent("cpuLimit", cpus)
        if not self.command:
            raise Refusal("invalid", "a command has at least one word")

    def environment(self):
        """The whole environment, without secrets."""
        root = paths.release(self.app, self.release)
        folders = [os.path.normpath(f"{root}/{folder}") for folder in self.path]
        return {
            "HOME": paths.home(self.app),
            "LANG": "C.UTF-8",
            **self.env,
            "PATH": ":".join([*folders, self.env.get("PATH", DEFAULT_PATH)]),
        }

    def arguments(self):
        """The command's words. A name that is no variable stays, and so does a secret's: arguments are seen by all."""
        environment = self.environment()
        return [NAME_IN_ARGUMENT.sub(lambda found: environment.get(found[1], found[0]), word) for word in self.command]

    def environment_file(self):
        return "".join(f"{name}={quoted_value(value)}\n" for name, value in {**self.environment(), **self.secrets}.items())

    def limits(self):
        memory = [] if self.memory_limit_bytes is None else [f"MemoryMax={self.memory_limit_bytes}", "MemorySwapMax=0"]
        return memory + ([] if self.cpu_percent is None else [f"CPUQuota={self.cpu_percent}%"])

    def unset(self):
        """Variables of systemd's that the launch does not set itself."""
        return [name for name in ADDED_BY_SYSTEMD if name not in self.env and name not in self.secrets]


def quoted_value(value):
    """As systemd reads an environment file."""
    return '"' + re.sub(r'(["\\`$])', r"\\\1", value) + '"'


def quoted_word(word):
    """As systemd reads a word of ExecStart, without its own replacements."""
    word = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return '"' + re.sub(r"[\x01-\x1f\x7f]", lambda found: f"\\x{ord(found[0]):02x}", word) + '"'


def resolve(word, search, directory):
    """The program that a word names, by the PATH of the launch; a path that is not there when none is found."""
    if "/" in word:
        return os.path.normpath(os.path.join(directory, word))
    for folder in search.split(":"):
        candidate = f"{folder}/{word}"
        if word and folder.startswith("/") and os.path.isfile(candidate) and os.access(candidate, os.X_OK):
            return os.path.normpath(candidate)
    return os.path.normpath(f"{directory}/{word or 'no-program'}")


def drop_in(address, launch):
    """The part of a slot's unit that is its own. It names the link to the release, so that the next one changes nothing."""
    app = launch.app
    link = paths.current(address)
    root = paths.release(app, launch.release)
    directory = f"{link}/{launch.directory}".rstrip("/")
    first, *rest = launch.arguments()
    program = resolve(first, launch.environment()["PATH"], os.path.normpath(f"{root}/{launch.directory}"))
    if program == root or program.startswith(f"{root}/"):
        program = link + program[len(root) :]
    command = " ".join(quoted_word(word) for word in [program, *rest])
    user = users.name_of(app)
    lines = [
        "# Written by fairway-host at each start; changes are lost.",
        "[Service]",
        f"User={user}",
        f"Group={user}",
        f"WorkingDirectory={directory.replace('%', '%%')}",
        f"EnvironmentFile={paths.slot(address)}/env",
        f"UnsetEnvironment={' '.join(launch.unset())}",
        f"ReadWritePaths={paths.home(app)}",
        f"LogExtraFields=FAIRWAY_APP={app}",
        f"SyslogIdentifier={'/'.join(address)}",
        f"TimeoutStopSec={launch.stop_timeout_ms}ms",
        f"ExecStart=:{command}",
    ]
    return "\n".join([*lines, *launch.limits()]) + "\n"
