"""A client that writes bytes and reads replies, with nothing in between."""
from __future__ import annotations

import socket
import struct
import time

from .process import patience
from .wire import Reader, ReplyHead, Malformed


class Closed(EOFError):
    """The server closed the connection instead of answering."""


class Client:
    """One connection. Used by one thread."""

    def __init__(self, address: tuple[str, int], *, source: str | None = None, receive_buffer: int | None = None):
        self.socket = socket.socket(socket.AF_INET6 if ":" in address[0] else socket.AF_INET)
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        if source:
            self.socket.bind((source, 0))
        self.socket.settimeout(patience(10))
        self.socket.connect(address)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.reader = Reader(self._receive)

    def _receive(self) -> bytes:
        return self.socket.recv(1 << 16)

    # Writing

    def send(self, *parts: bytes) -> "Client":
        self.socket.sendall(b"".join(parts))
        return self

    def send_bytewise(self, data: bytes, pause: float = 0.0) -> "Client":
        for byte in data:
            self.socket.sendall(bytes([byte]))
            if pause:
                time.sleep(pause)
        return self

    def end(self) -> "Client":
        """Half close: nothing more will be sent."""
        self.socket.shutdown(socket.SHUT_WR)
        return self

    def reset(self) -> None:
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def close(self) -> None:
        self.socket.close()

    # Reading

    def head(self) -> ReplyHead:
        raw = self.reader.until(b"\r\n\r\n")
        if raw is None:
            raise Closed("connection closed before a reply")
        return ReplyHead(raw)

    def reply(self, method: str = "GET") -> ReplyHead:
        """The next final reply with its body; interim replies are kept in `.interim`. A body that ends early raises."""
        interim = []
        head = self.head()
        while 100 <= head.status < 200 and head.status != 101:
            interim.append(head)
            head = self.head()
        head.interim = interim
        if head.status != 101:
            self.read_body(head, method)
        return head

    def read_body(self, head: ReplyHead, method: str = "GET") -> bytes:
        if method == "HEAD" or head.status in (204, 304):
            return b""
        coding, length = head.get("Transfer-Encoding"), head.get("Content-Length")
        if coding is not None:
            if coding.lower() != "chunked" or length is not None or head.version != "HTTP/1.1":
                raise Malformed(f"ambiguous framing: {head.raw!r}")
            head.body, head.trailers = self.reader.chunks()
        elif length is not None:
            head.body = self.reader.exactly(int(length))
        else:
            head.body = self.reader.rest()
        return head.body

    def ask(self, data: bytes, method: str = "GET") -> ReplyHead:
        return self.send(data).reply(method)

    def rest(self) -> bytes:
        """Everything until the server closes; a reset counts as closed."""
        try:
            return self.reader.rest()
        except (ConnectionResetError, BrokenPipeError):
            self.reader.ended = True
            return self.reader.take(len(self.reader.buffer))

    def is_closed(self, within: float = 5.0) -> bool:
        """True when the server closes without another byte, within that many seconds."""
        if self.reader.buffer:
            return False
        self.socket.settimeout(patience(within))
        try:
            return not self.reader.fill()
        except TimeoutError:
            return False
        except ConnectionError:
            return True
        finally:
            self.socket.settimeout(patience(10))

    def is_silent(self, seconds: float = 0.2) -> bool:
        """True when the server neither sends nor closes for that long."""
        if self.reader.buffer:
            return False
        self.socket.settimeout(seconds)
        try:
            self.reader.fill()
            return False
        except TimeoutError:
            return True
        except ConnectionError:
            return False
        finally:
            self.socket.settimeout(patience(10))
