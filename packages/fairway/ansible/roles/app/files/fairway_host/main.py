"""The command line: what the control server starts, what systemd starts, and what a person may."""
import json
import os
import signal
import sys

USAGE = """usage: fairway-host observe APP          what runs, as JSON
       fairway-host logs APP [INSTANCE]    the last lines of each slot
       fairway-host session                requests and answers, a JSON object a line
       fairway-host receive REQUEST        an artifact, from standard input
       fairway-host exited UNIT            run by systemd when an instance has ended"""


def main(words):
    os.umask(0o022)
    match words:
        case ["session"]:
            return session()
        case ["receive", request]:
            return told(lambda: receive(json.loads(request)))
        case ["exited", instance_name]:
            from . import ending

            ending.exited(instance_name, os.environ)
            return 0
        case ["observe", app]:
            return told(lambda: observe(app))
        case ["logs", app, *instance] if len(instance) < 2:
            return told(lambda: logs(app, *instance))
        case _:
            print(USAGE, file=sys.stderr)
            return 2


def session():
    from .session import Session

    for ending in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(ending, lambda *_: sys.exit(0))
    Session(sys.stdin.buffer, sys.stdout.buffer).serve()
    return 0


def receive(request):
    from . import releases

    releases.receive(request, sys.stdin.buffer)
    return None


def observe(app):
    from . import slots
    from .systemd import Systemd

    return slots.observe(Systemd(), {"app": app})


def logs(app, instance=None):
    from . import journal

    request = {"app": app, "lines": 100, "follow": False, **({} if instance is None else {"instance": instance})}
    journal.logs(request, lambda line: line and print("/".join(line["slot"].values()), line["text"]), None)
    return None


def told(action):
    """Prints the outcome for a program: a result, or what was refused and why."""
    from .refusal import Refusal, disk_full

    try:
        result = action()
    except Exception as error:
        refusal = error if isinstance(error, Refusal) else disk_full(error)
        if refusal is None:
            raise
        print(json.dumps({"error": refusal.as_json()}))
        return 1
    if result is not None:
        print(json.dumps(result, indent=2))
    return 0
