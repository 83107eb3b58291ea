"""An upstream server whose behaviour on each connection is a script: a function that is handed the connection.

    def script(connection):
        request = connection.read_request()
        connection.send(response(200, b"first half", length=False))
        connection.reset()

Every connection has its own thread. What was received is recorded byte by byte, and a script that breaks an expectation
of its own (an assertion) fails the test that owns the upstream.
"""
from __future__ import annotations

import re
import socket
import struct
import subprocess
import threading
import time
from typing import Callable

from .process import patience
from .wire import Reader, RequestHead, response


class Connection:
    """One accepted connection, used by its script's thread; the records may be read by the test."""

    def __init__(self, owner: "Upstream", connected: socket.socket, index: int):
        self.owner = owner
        self.index = index
        self.socket = connected
        self.received = bytearray()     # the first `record` bytes
        self.received_bytes = 0
        self.requests: list[RequestHead] = []
        self.ended = threading.Event()  # the peer closed or reset
        self.was_reset = False
        self.reader = Reader(self._receive)

    def _receive(self) -> bytes:
        try:
            data = self.socket.recv(1 << 18)
        except ConnectionError:
            self.was_reset = True
            self.ended.set()
            raise
        self.received_bytes += len(data)
        if len(self.received) < self.owner.record:
            self.received += data
            self.owner.note_bytes(data)
        if not data:
            self.ended.set()
        self.owner.changed()
        return data

    # Reading

    def read_head(self) -> RequestHead | None:
        """The next request head, or None when the peer ended the connection in between."""
        raw = self.reader.until(b"\r\n\r\n")
        if raw is None:
            return None
        head = RequestHead(raw)
        self.requests.append(head)
        self.owner.note_request(head)
        return head

    def read_body(self, head: RequestHead) -> bytes:
        if head.get("Transfer-Encoding") is not None:
            head.body, head.trailers = self.reader.chunks()
        else:
            head.body = self.reader.exactly(int(head.get("Content-Length") or 0))
        self.owner.changed()
        return head.body

    def read_request(self) -> RequestHead | None:
        head = self.read_head()
        if head is not None:
            self.read_body(head)
        return head

    def read_until_end(self) -> bytes:
        return self.reader.rest()

    def discard(self, count: int) -> int:
        """Receives that many bytes without keeping them; fewer at the end of the connection."""
        taken = min(count, len(self.reader.buffer))
        del self.reader.buffer[:taken]
        scratch = bytearray(1 << 20)
        while taken < count:
            got = self.socket.recv_into(scratch, min(len(scratch), count - taken))
            if not got:
                self.ended.set()
                break
            taken += got
        self.received_bytes += taken
        return taken

    # Writing

    def send(self, *parts: bytes) -> None:
        self.socket.sendall(b"".join(parts))

    def send_bytewise(self, data: bytes, pause: float = 0.0) -> None:
        for byte in data:
            self.socket.sendall(bytes([byte]))
            if pause:
                time.sleep(pause)

    def end(self) -> None:
        """Half close."""
        self.socket.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        self.socket.close()

    def reset(self) -> None:
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def hold(self) -> None:
        """Keeps reading until the peer goes away, answering nothing."""
        try:
            while self._receive():
                pass
        except OSError:
            self.ended.set()
            self.owner.changed()


Script = Callable[[Connection], None]


class Upstream:
    """Listens on a loopback port of its own choice. Thread-safe; `close` ends all connections and their scripts."""

    def __init__(self, script: Script | None = None, *, host: str = "127.0.0.1", record: int = 1 << 20,
                 receive_buffer: int | None = None, backlog: int = 512):
        self.script = script or serve()
        self.record = record
        self.received = bytearray()     # what all connections recorded, in the order it arrived
        self.connections: list[Connection] = []
        self.requests: list[RequestHead] = []
        self.faults: list[BaseException] = []
        self._state = threading.Condition()
        self._threads: list[threading.Thread] = []
        self._listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if receive_buffer:
            self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self._listener.bind((host, 0))
        self._listener.listen(backlog)
        self.port = self._listener.getsockname()[1]
        self.address = f"[{host}]:{self.port}" if ":" in host else f"{host}:{self.port}"
        self.url = f"http://{self.address}"
        self._acceptor = threading.Thread(target=self._accept, daemon=True)
        self._acceptor.start()

    def _accept(self) -> None:
        while True:
            try:
                connected, _ = self._listener.accept()
            except OSError:
                return
            connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._state:
                connection = Connection(self, connected, len(self.connections))
                self.connections.append(connection)
                self._state.notify_all()
            thread = threading.Thread(target=self._run, args=(connection,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _run(self, connection: Connection) -> None:
        try:
            self.script(connection)
        except (OSError, EOFError):
            connection.ended.set()       # the peer went away: the test asserts what it expected
        except BaseException as fault:   # noqa: BLE001: reported by the test that owns this upstream
            self.faults.append(fault)
        finally:
            connection.socket.close()
            self.changed()

    def changed(self) -> None:
        with self._state:
            self._state.notify_all()

    def note_bytes(self, data: bytes) -> None:
        with self._state:
            self.received += data

    def note_request(self, head: RequestHead) -> None:
        with self._state:
            self.requests.append(head)
            self._state.notify_all()

    def wait(self, condition: Callable[[], bool], seconds: float = 10.0) -> bool:
        """Waits until `condition()` holds; says whether it does."""
        with self._state:
            return self._state.wait_for(condition, patience(seconds))

    def wait_for_requests(self, count: int, seconds: float = 10.0) -> bool:
        return self.wait(lambda: len(self.requests) >= count, seconds)

    def probes(self) -> list[str]:
        """Of every connection that somebody has to this server: when the system asks whether we are still there, as `ss`
        says it ("29sec"); empty: never."""
        sockets = subprocess.run(["ss", "-Htno", "state", "established", "dst", self.address], check=True,
                                 capture_output=True, text=True).stdout
        timers = (re.search(r"timer:\(keepalive,([^,]+)", line) for line in sockets.splitlines())
        return [timer[1] if timer else "" for timer in timers]

    def close(self) -> None:
        try:
            self._listener.shutdown(socket.SHUT_RDWR)  # wakes the acceptor, which closing alone does not
        except OSError:
            pass
        self._listener.close()
        self._acceptor.join(patience(5))
        for connection in self.connections:
            try:
                connection.socket.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        for thread in self._threads:
            thread.join(patience(5))


# Scripts


def serve(*replies: bytes) -> Script:
    """Keep-alive: the first request gets the first reply, and so on; the last is repeated. Default: 200 and `ok`."""
    messages = replies or (response(200, b"ok"),)

    def script(connection: Connection) -> None:
        served = 0
        while connection.read_request() is not None:
            connection.send(messages[min(served, len(messages) - 1)])
            served += 1

    return script


def answer(*parts: bytes, bytewise: bool = False) -> Script:
    """Reads one request, sends exactly these bytes, closes."""

    def script(connection: Connection) -> None:
        if connection.read_request() is not None:
            data = b"".join(parts)
            connection.send_bytewise(data) if bytewise else connection.send(data)
            connection.end()
            connection.hold()

    return script


def hold(connection: Connection) -> None:
    """Accepts, reads and never answers."""
    connection.read_request()
    connection.hold()


_reserved: list[socket.socket] = []  # bound and never listening, so that nobody else gets the port


def refuse_connections() -> str:
    """The URL of a loopback port that refuses every connection for as long as the tests run."""
    reserved = socket.socket()
    reserved.bind(("127.0.0.1", 0))
    _reserved.append(reserved)
    return f"http://127.0.0.1:{reserved.getsockname()[1]}"
