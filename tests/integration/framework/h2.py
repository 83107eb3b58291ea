"""HTTP/2 for tests, both sides, with the h2 package: a client whose streams are driven one by one, and scripts for
upstreams. Nothing is checked on the way out, so that a test can send what no client would."""
from __future__ import annotations

import socket
import ssl
import struct
import sys
from dataclasses import dataclass, field
from typing import Callable

DEBIAN = "/usr/lib/python3/dist-packages"  # where its packages are when another Python runs the tests
if DEBIAN not in sys.path:
    sys.path.append(DEBIAN)

import h2.config        # noqa: E402
import h2.connection    # noqa: E402
import h2.events        # noqa: E402
import h2.settings      # noqa: E402
import hyperframe.frame  # noqa: E402

from .process import patience  # noqa: E402
from .wire import Fields  # noqa: E402

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


def frame(kind: int, flags: int = 0, stream: int = 0, payload: bytes = b"") -> bytes:
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(10)


@dataclass
class Answer:
    """What came on one stream so far."""
    status: int = 0
    fields: Fields = field(default_factory=list)
    body: bytes = b""
    trailers: Fields = field(default_factory=list)
    interim: list[int] = field(default_factory=list)
    interim_fields: list[Fields] = field(default_factory=list)
    ended: bool = False
    reset: int | None = None

    def get(self, name: str) -> str | None:
        return next((value for known, value in self.fields if known == name.lower()), None)


class H2Client:
    """One connection. `stream` opens, `answer` waits; everything that arrives meanwhile is kept."""

    def __init__(self, address, *, context: ssl.SSLContext | None = None, name: str | None = None,
                 auto_window: bool = True):
        self.socket = socket.create_connection(address, patience(10))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if context is not None:
            self.socket = context.wrap_socket(self.socket, server_hostname=name)
        self.scheme = "https" if context is not None else "http"
        self.auto_window = auto_window
        self.answers: dict[int, Answer] = {}
        self.events: list = []
        self.goaway = None
        self.closed = False
        self.connection = h2.connection.H2Connection(h2.config.H2Configuration(
            client_side=True, header_encoding="latin-1", validate_outbound_headers=False,
            normalize_outbound_headers=False, validate_inbound_headers=True))
        # The package ends a connection at GOAWAY; a real client finishes what began.
        self.connection._frame_dispatch_table[hyperframe.frame.GoAwayFrame] = self.take_goaway
        self.connection.initiate_connection()
        self.flush()

    @staticmethod
    def take_goaway(received):
        event = h2.events.ConnectionTerminated()
        event.error_code, event.last_stream_id = received.error_code, received.last_stream_id
        event.additional_data = received.additional_data or None
        return [], [event]

    def flush(self) -> None:
        data = self.connection.data_to_send()
        if data:
            self.socket.sendall(data)

    def raw(self, *parts: bytes) -> "H2Client":
        self.flush()
        self.socket.sendall(b"".join(parts))
        return self

    def head(self, method: str, path: str, fields, host: str) -> list[tuple[str, str]]:
        pseudo = [(":method", method), (":scheme", self.scheme), (":authority", host), (":path", path)]
        return pseudo + [(name.lower(), value) for name, value in fields]

    def stream(self, method: str = "GET", path: str = "/", fields=(), body: bytes | None = None, *,
               host: str = "case.test", end: bool = True, head: list | None = None) -> int:
        """Opens one and sends the head, and the body if there is one; `end` with the end of it."""
        number = self.connection.get_next_available_stream_id()
        self.answers[number] = Answer()
        self.connection.send_headers(number, head or self.head(method, path, fields, host), end_stream=end and not body)
        if body:
            self.send(number, body, end=end)
        self.flush()
        return number

    def send(self, number: int, data: bytes, *, end: bool = False) -> None:
        """As much as the windows allow at a time, waiting for them; no more once the stream was reset."""
        while data:
            if self.answers[number].reset is not None:
                return
            room = min(self.connection.local_flow_control_window(number), self.connection.max_outbound_frame_size)
            if room == 0:
                self.receive()
                continue
            piece, data = data[:room], data[room:]
            self.connection.send_data(number, piece, end_stream=end and not data)
            self.flush()
        if end and not data and not self._ended(number):
            self.connection.end_stream(number)
        self.flush()

    def _ended(self, number: int) -> bool:
        state = self.connection.streams[number].state_machine.state
        return state.name in ("HALF_CLOSED_LOCAL", "CLOSED")

    def trailers(self, number: int, fields) -> None:
        self.connection.send_headers(number, fields, end_stream=True)
        self.flush()

    def cancel(self, number: int, code: int = 8) -> None:
        self.connection.reset_stream(number, code)
        self.flush()

    def receive(self) -> bool:
        """What came next; false at the end of the connection."""
        try:
            data = self.socket.recv(1 << 16)
        except (ConnectionError, ssl.SSLError):
            data = b""
        if not data:
            self.closed = True
            return False
        for event in self.connection.receive_data(data):
            self.note(event)
        self.flush()
        return True

    def note(self, event) -> None:
        self.events.append(event)
        number = getattr(event, "stream_id", None)
        answer = self.answers.setdefault(number, Answer()) if number else None
        if isinstance(event, h2.events.InformationalResponseReceived):
            answer.interim.append(int(dict(event.headers)[":status"]))
            answer.interim_fields.append([(name, value) for name, value in event.headers if not name.startswith(":")])
        elif isinstance(event, h2.events.ResponseReceived):
            answer.status = int(dict(event.headers)[":status"])
            answer.fields = [(name, value) for name, value in event.headers if not name.startswith(":")]
        elif isinstance(event, h2.events.DataReceived):
            answer.body += event.data
            if self.auto_window and event.flow_controlled_length:
                self.connection.acknowledge_received_data(event.flow_controlled_length, number)
        elif isinstance(event, h2.events.TrailersReceived):
            answer.trailers = list(event.headers)
        elif isinstance(event, h2.events.StreamEnded):
            answer.ended = True
        elif isinstance(event, h2.events.StreamReset):
            answer.reset = event.error_code
        elif isinstance(event, h2.events.ConnectionTerminated):
            self.goaway = event

    def until(self, condition: Callable[[], bool]) -> bool:
        while not condition():
            if not self.receive():
                return condition()
        return True

    def answer(self, number: int) -> Answer:
        """The whole answer, or what there is of it when the stream was reset."""
        answer = self.answers[number]
        if not self.until(lambda: answer.ended or answer.reset is not None):
            raise EOFError(f"the connection ended before stream {number} did: {self.goaway}")
        return answer

    def ask(self, *arguments, **options) -> Answer:
        return self.answer(self.stream(*arguments, **options))

    def wait_for_goaway(self):
        self.until(lambda: self.goaway is not None)
        return self.goaway

    def is_closed(self) -> bool:
        while self.receive():
            pass
        return self.closed

    def close(self) -> None:
        self.socket.close()


class RawH2:
    """A client that speaks frames and takes what comes, whatever state it would be in."""

    def __init__(self, address):
        self.socket = socket.create_connection(address, patience(10))
        self.socket.settimeout(patience(10))
        self.buffer = b""
        self.frames: list[tuple[int, int, int, bytes]] = []  # type, flags, stream, payload
        self.closed = False
        self.send(PREFACE, frame(SETTINGS))

    def send(self, *parts: bytes) -> "RawH2":
        self.socket.sendall(b"".join(parts))
        return self

    def receive(self) -> bool:
        try:
            data = self.socket.recv(1 << 16)
        except ConnectionError:
            data = b""
        self.closed = not data
        self.buffer += data
        while len(self.buffer) >= 9 and len(self.buffer) >= 9 + int.from_bytes(self.buffer[:3], "big"):
            end = 9 + int.from_bytes(self.buffer[:3], "big")
            self.frames.append((self.buffer[3], self.buffer[4], int.from_bytes(self.buffer[5:9], "big"),
                                self.buffer[9:end]))
            self.buffer = self.buffer[end:]
        return not self.closed

    def of(self, kind: int) -> list[tuple[int, int, int, bytes]]:
        return [one for one in self.frames if one[0] == kind]

    def until(self, condition: Callable[[], bool]) -> bool:
        while not condition():
            if not self.receive():
                return condition()
        return True

    def is_closed(self) -> bool:
        while self.receive():
            pass
        return True

    def close(self) -> None:
        self.socket.close()


@dataclass
class Asked:
    """A request an upstream received."""
    number: int
    head: list[tuple[str, str]]
    body: bytes = b""
    trailers: Fields = field(default_factory=list)
    ended: bool = False
    reset: bool = False

    def get(self, name: str) -> str | None:
        return next((value for known, value in self.head if known == name.lower()), None)


class H2Server:
    """HTTP/2 on one accepted connection of an `Upstream`; `handler(server, asked)` is called for every request that has
    come whole (with `early`: as soon as its head has), on the connection's thread."""

    def __init__(self, connection, handler, *, early: bool = False, most: int = 100):
        self.wire = connection
        self.handler = handler
        self.early = early
        self.asked: dict[int, Asked] = {}
        self.connection = h2.connection.H2Connection(h2.config.H2Configuration(
            client_side=False, header_encoding="latin-1", validate_outbound_headers=False,
            normalize_outbound_headers=False))
        self.connection.initiate_connection()
        self.connection.update_settings({h2.settings.SettingCodes.MAX_CONCURRENT_STREAMS: most})
        self.flush()

    def flush(self) -> None:
        data = self.connection.data_to_send()
        if data:
            self.wire.socket.sendall(data)

    def run(self) -> None:
        while True:
            data = self.wire._receive()
            if not data:
                return
            for event in self.connection.receive_data(data):
                self.note(event)
            self.flush()

    def note(self, event) -> None:
        number = getattr(event, "stream_id", None)
        asked = self.asked.get(number)
        if isinstance(event, h2.events.RequestReceived):
            asked = self.asked[number] = Asked(number, list(event.headers))
            self.wire.requests.append(asked)
            self.wire.owner.note_request(asked)
            if self.early:
                self.handler(self, asked)
        elif isinstance(event, h2.events.DataReceived):
            asked.body += event.data
            if event.flow_controlled_length:
                self.connection.acknowledge_received_data(event.flow_controlled_length, number)
        elif isinstance(event, h2.events.TrailersReceived):
            asked.trailers = list(event.headers)
        elif isinstance(event, h2.events.StreamReset):
            asked.reset = True
        elif isinstance(event, h2.events.StreamEnded):
            asked.ended = True
            if not self.early:
                self.handler(self, asked)
        self.wire.owner.changed()

    def reply(self, asked: Asked, status: int = 200, body: bytes = b"", fields=(), trailers=()) -> None:
        number = asked.number
        self.connection.send_headers(number, [(":status", str(status)), *fields], end_stream=not body and not trailers)
        while body:
            room = min(self.connection.local_flow_control_window(number), self.connection.max_outbound_frame_size)
            self.flush()
            if room == 0:
                for event in self.connection.receive_data(self.wire._receive()):
                    self.note(event)
                continue
            piece, body = body[:room], body[room:]
            self.connection.send_data(number, piece, end_stream=not body and not trailers)
        if trailers:
            self.connection.send_headers(number, list(trailers), end_stream=True)
        self.flush()


def serve_h2(handler=None, *, context: ssl.SSLContext | None = None, **options):
    """A script: answers every request on every connection. Default: 200 and `ok`. Over TLS with `context`."""
    handler = handler or (lambda server, asked: server.reply(asked, 200, b"ok", [("content-length", "2")]))

    def script(connection) -> None:
        if context is not None:
            try:
                connection.socket = context.wrap_socket(connection.socket, server_side=True)
            except (ssl.SSLError, OSError):
                return
        H2Server(connection, handler, **options).run()

    return script
