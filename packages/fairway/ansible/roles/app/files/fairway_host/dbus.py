"""As much of D-Bus as it takes to speak to systemd: method calls, their answers, signals. The format is specified at
https://dbus.freedesktop.org/doc/dbus-specification.html; calls may come from several threads."""
import os
import socket
import struct
import threading

BUS = "/run/dbus/system_bus_socket"
CALL, RETURN, ERROR, SIGNAL = 1, 2, 3, 4
PATH, INTERFACE, MEMBER, ERROR_NAME, REPLY_SERIAL, DESTINATION, SENDER, SIGNATURE = range(1, 9)
FIXED = {"y": "B", "b": "I", "n": "h", "q": "H", "i": "i", "u": "I", "x": "q", "t": "Q", "d": "d", "h": "I"}
ALIGNMENT = {**{kind: struct.calcsize(format) for kind, format in FIXED.items()}, "s": 4, "o": 4, "g": 1, "a": 4, "(": 8, "{": 8, "v": 1}


class BusError(Exception):
    """The other side answered with an error."""

    def __init__(self, name, message):
        super().__init__(message or name)
        self.name = name


class BusGone(Exception):
    """The bus, or what is on it, does not answer."""


def single(signature, start):
    """The end of the complete type that begins at `start`."""
    kind = signature[start]
    if kind == "a":
        return single(signature, start + 1)
    if kind not in "({":
        return start + 1
    end = start + 1
    while signature[end] not in ")}":
        end = single(signature, end)
    return end + 1


def types(signature):
    start = 0
    while start < len(signature):
        end = single(signature, start)
        yield signature[start:end]
        start = end


class Writer:
    def __init__(self):
        self.data = bytearray()

    def align(self, to):
        self.data.extend(b"\0" * (-len(self.data) % to))

    def put(self, kind, value):
        self.align(ALIGNMENT[kind[0]])
        if kind in FIXED:
            self.data.extend(struct.pack("<" + FIXED[kind], value))
        elif kind in "so":
            data = value.encode()
            self.data.extend(struct.pack("<I", len(data)) + data + b"\0")
        elif kind == "g":
            self.data.extend(bytes([len(value)]) + value.encode() + b"\0")
        elif kind == "v":
            inner, content = value
            self.put("g", inner)
            self.put(inner, content)
        elif kind[0] == "a":
            self.put_array(kind[1:], value)
        else:
            for inner, content in zip(types(kind[1:-1]), value):
                self.put(inner, content)

    def put_array(self, kind, values):
        place = len(self.data)
        self.data.extend(b"\0\0\0\0")
        self.align(ALIGNMENT[kind[0]])
        begin = len(self.data)
        for value in values:
            self.put(kind, value)
        struct.pack_into("<I", self.data, place, len(self.data) - begin)


class Reader:
    def __init__(self, data, order="<"):
        self.data = data
        self.order = order
        self.at = 0

    def take(self, kind):
        self.at += -self.at % ALIGNMENT[kind[0]]
        if kind in FIXED:
            (value,) = struct.unpack_from(self.order + FIXED[kind], self.data, self.at)
            self.at += ALIGNMENT[kind]
            return bool(value) if kind == "b" else value
        if kind in "sog":
            length = self.take("y" if kind == "g" else "u")
            text = bytes(self.data[self.at : self.at + length]).decode("utf-8", "replace")
            self.at += length + 1
            return text
        if kind == "v":
            return self.take(self.take("g"))
        if kind[0] == "a":
            return self.take_array(kind[1:])
        return tuple(self.take(inner) for inner in types(kind[1:-1]))

    def take_array(self, kind):
        length = self.take("u")
        self.at += -self.at % ALIGNMENT[kind[0]]
        end = self.at + length
        values = []
        while self.at < end:
            values.append(self.take(kind))
        return dict(values) if kind[0] == "{" else values


class Answer:
    def __init__(self):
        self.event = threading.Event()
        self.values = None
        self.error = None

    def wait(self, timeout):
        if not self.event.wait(timeout):
            raise BusGone(f"no answer from the system bus within {timeout} s")
        if self.error is not None:
            raise self.error
        return self.values


class Bus:
    """A connection to the system bus. `on_signal(path, interface, member, values)` is called in the reading thread."""

    def __init__(self, on_signal=lambda *_: None):
        self.on_signal = on_signal
        self.serial = 0
        self.pending = {}
        self.lock = threading.Lock()
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(10)
        self.socket.connect(BUS)
        self.socket.sendall(b"\0AUTH EXTERNAL " + str(os.geteuid()).encode().hex().encode() + b"\r\n")
        if not self.socket.recv(512).startswith(b"OK"):
            raise BusGone("the system bus refuses this user")
        self.socket.sendall(b"BEGIN\r\n")
        self.socket.settimeout(None)
        self.stream = self.socket.makefile("rb")
        threading.Thread(target=self.read, daemon=True).start()
        self.call("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "Hello")

    def call(self, destination, path, interface, member, signature="", *values, timeout=30):
        return self.ask(destination, path, interface, member, signature, *values).wait(timeout)

    def ask(self, destination, path, interface, member, signature="", *values):
        """Sends a call and returns at once; the answer can be waited for."""
        body = Writer()
        for kind, value in zip(types(signature), values):
            body.put(kind, value)
        answer = Answer()
        with self.lock:
            self.serial += 1
            self.pending[self.serial] = answer
            fields = [(PATH, ("o", path)), (INTERFACE, ("s", interface)), (MEMBER, ("s", member)), (DESTINATION, ("s", destination))]
            if signature:
                fields.append((SIGNATURE, ("g", signature)))
            message = Writer()
            for kind, value in zip("yyyyuu", (ord("l"), CALL, 0, 1, len(body.data), self.serial)):
                message.put(kind, value)
            message.put("a(yv)", fields)
            message.align(8)
            self.socket.sendall(message.data + body.data)
        return answer

    def read(self):
        try:
            while True:
                self.take_message()
        except (OSError, struct.error, EOFError) as error:
            with self.lock:
                pending, self.pending = self.pending, {}
            for answer in pending.values():
                answer.error = BusGone(f"the connection to the system bus broke: {error}")
                answer.event.set()
            self.on_signal(None, None, "Disconnected", ())

    def take_message(self):
        start = self.exactly(16)
        order = "<" if start[0:1] == b"l" else ">"
        body_length, _, fields_length = struct.unpack(order + "III", start[4:])
        rest = self.exactly(fields_length + -fields_length % 8 + body_length)
        reader = Reader(start[12:] + rest, order)
        # The header's alignment is that of the whole message: 12 bytes were left out before, so 4 are put in front.
        reader.data = b"\0" * 12 + reader.data
        reader.at = 12
        fields = dict(reader.take("a(yv)"))
        body = Reader(rest[len(rest) - body_length :], order)
        values = tuple(body.take(kind) for kind in types(fields.get(SIGNATURE, "")))
        if start[1] == SIGNAL:
            self.on_signal(fields[PATH], fields[INTERFACE], fields[MEMBER], values)
            return
        with self.lock:
            answer = self.pending.pop(fields.get(REPLY_SERIAL), None)
        if answer is None:
            return
        if start[1] == ERROR:
            answer.error = BusError(fields.get(ERROR_NAME, ""), str(values[0]) if values else "")
        answer.values = values
        answer.event.set()

    def exactly(self, length):
        data = self.stream.read(length)
        if len(data) < length:
            raise EOFError("it was closed")
        return data
