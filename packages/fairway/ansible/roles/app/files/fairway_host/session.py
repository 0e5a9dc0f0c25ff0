"""A conversation with the control server: a JSON object a line, requests answered as they get done."""
import json
import os
import threading

from . import PROTOCOL, journal, names, once, releases, slots
from .refusal import Refusal, disk_full
from .systemd import Systemd

# A session that is silent for longer than some of these is taken for dead.
BEAT_SECONDS = 2


class Ending:
    """Whether a request is still wanted."""

    def __init__(self):
        self.lock = threading.Lock()
        self.event = threading.Event()
        self.actions = []

    def then(self, action):
        with self.lock:
            if not self.event.is_set():
                self.actions.append(action)
                return
        action()

    def end(self):
        with self.lock:
            self.event.set()
            actions, self.actions = self.actions, []
        for action in actions:
            action()


class Session:
    def __init__(self, source, sink):
        self.source = source
        self.sink = sink
        self.lock = threading.Lock()
        self.requests = {}
        self.closed = threading.Event()
        # Whoever asks opens another session, which connects anew.
        self.systemd = Systemd(on_gone=lambda: os._exit(3))

    def serve(self):
        self.say({"protocol": PROTOCOL})
        threading.Thread(target=self.beat, daemon=True).start()
        try:
            for line in self.source:
                self.take(line)
        finally:
            self.closed.set()
            for ending in list(self.requests.values()):
                ending.end()

    def beat(self):
        while not self.closed.wait(BEAT_SECONDS):
            self.say({"beat": True})

    def say(self, message):
        data = json.dumps(message, separators=(",", ":")).encode() + b"\n"
        with self.lock:
            try:
                self.sink.write(data)
                self.sink.flush()
            except (BrokenPipeError, ValueError):
                self.closed.set()

    def take(self, line):
        try:
            request = json.loads(line)
            number = names.whole_number("id", request.get("id"))
        except (ValueError, AttributeError, Refusal):
            self.say({"error": {"code": "invalid", "message": "a request is a JSON object with an id"}})
            return
        if request.get("verb") == "cancel":
            ending = self.requests.get(number)
            if ending is not None:
                threading.Thread(target=ending.end, daemon=True).start()
            return
        ending = self.requests[number] = Ending()
        threading.Thread(target=self.answer, args=(number, request, ending), daemon=True).start()

    def answer(self, number, request, ending):
        try:
            result = self.carry_out(request, lambda event: self.emit(number, event), ending)
            self.say({"id": number, "result": result})
        except Refusal as refusal:
            self.say({"id": number, "error": refusal.as_json()})
        except Exception as error:
            refusal = disk_full(error) or Refusal("failed", f"{type(error).__name__}: {error}")
            self.say({"id": number, "error": refusal.as_json()})
        finally:
            self.requests.pop(number, None)

    def emit(self, number, event):
        if event is not None:
            self.say({"id": number, "event": event})

    def carry_out(self, request, emit, ending):
        match request.get("verb"):
            case "offer":
                return releases.offer(self.systemd, request)
            case "start":
                return slots.start(self.systemd, request)
            case "stop":
                return slots.stop(self.systemd, request)
            case "observe":
                return slots.observe(self.systemd, request)
            case "prune":
                return releases.prune(self.systemd, request)
            case "watch":
                return self.watch(names.app(request.get("app")), emit, ending)
            case "logs":
                return journal.logs(request, emit, ending)
            case "run":
                return once.run(self.systemd, request, emit, ending)
            case verb:
                raise Refusal("invalid", f"there is no verb {verb!r}")

    def watch(self, app, emit, ending):
        end = self.systemd.watch(f"fairway-instance@{app}:", lambda: emit({}))
        emit({})
        ending.event.wait()
        end()
