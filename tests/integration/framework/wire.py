"""HTTP/1 on the wire: builders for messages and a strict reader that keeps the bytes it read."""
from __future__ import annotations

import re

Fields = list[tuple[str, str]]


class Malformed(AssertionError):
    """The peer sent what no HTTP/1 message may contain."""


def lines(fields: Fields | tuple) -> bytes:
    return b"".join(f"{name}: {value}\r\n".encode("latin-1") for name, value in fields)


def request(method: str = "GET", target: str = "/", fields: Fields | tuple = (), body: bytes = b"", *,
            host: str | None = "case.test", version: str = "HTTP/1.1", length: bool | None = None) -> bytes:
    """A request head, and its body framed by Content-Length when it has one (or when `length` is true)."""
    head = f"{method} {target} {version}\r\n".encode("latin-1")
    if host is not None:
        head += lines([("Host", host)])
    head += lines(fields)
    if length or (length is None and body):
        head += lines([("Content-Length", str(len(body)))])
    return head + b"\r\n" + body


def get(target: str = "/", fields: Fields | tuple = (), **options) -> bytes:
    return request("GET", target, fields, **options)


def response(status: int = 200, body: bytes = b"", fields: Fields | tuple = (), *, version: str = "HTTP/1.1",
             reason: str = "Reason", length: bool | None = True) -> bytes:
    """A response; `length=False` leaves its framing to the caller's fields (chunked) or the end of the connection."""
    head = f"{version} {status} {reason}\r\n".encode("latin-1") + lines(fields)
    if length and status >= 200 and status not in (204, 304):
        head += lines([("Content-Length", str(len(body)))])
    return head + b"\r\n" + body


def chunked(*pieces: bytes, trailers: Fields | tuple = (), end: bool = True) -> bytes:
    """Each piece as one chunk, then the last chunk with its trailer section unless `end` is false."""
    data = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces if piece)
    if end:
        data += b"0\r\n" + lines(trailers) + b"\r\n"
    return data


class Head:
    """A start line and its fields, with the exact bytes they came in."""

    def __init__(self, raw: bytes):
        self.raw = raw
        text = raw.decode("latin-1")
        if not text.endswith("\r\n\r\n"):
            raise Malformed(f"head does not end in an empty line: {raw!r}")
        self.start_line, *rest = text[:-4].split("\r\n")
        self.fields: Fields = []
        for line in rest:
            name, colon, value = line.partition(":")
            if not colon or not re.fullmatch(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+", name) or "\n" in value or "\r" in value:
                raise Malformed(f"bad field line {line!r} in {raw!r}")
            self.fields.append((name, value.strip(" \t")))

    def all(self, name: str) -> list[str]:
        return [value for field, value in self.fields if field.lower() == name.lower()]

    def get(self, name: str) -> str | None:
        """The value of a field that may occur at most once."""
        values = self.all(name)
        if len(values) > 1:
            raise Malformed(f"{name} occurs {len(values)} times in {self.raw!r}")
        return values[0] if values else None

    def has_token(self, name: str, token: str) -> bool:
        return any(token.lower() == part.strip().lower() for value in self.all(name) for part in value.split(","))


class RequestHead(Head):
    def __init__(self, raw: bytes):
        super().__init__(raw)
        parts = self.start_line.split(" ")
        if len(parts) != 3:
            raise Malformed(f"bad request line {self.start_line!r}")
        self.method, self.target, self.version = parts
        self.body = b""
        self.trailers: Fields = []


class ReplyHead(Head):
    def __init__(self, raw: bytes):
        super().__init__(raw)
        found = re.fullmatch(r"(HTTP/1\.[01]) ([1-5]\d\d) ([^\r\n]*)", self.start_line)
        if not found:
            raise Malformed(f"bad status line {self.start_line!r}")
        self.version, self.status, self.reason = found[1], int(found[2]), found[3]
        self.body = b""
        self.trailers: Fields = []
        self.interim: list[ReplyHead] = []


class Reader:
    """Reads messages from `receive()`, which returns the next bytes or b"" at the end of the connection."""

    def __init__(self, receive):
        self._receive = receive
        self.buffer = bytearray()
        self.ended = False

    def fill(self) -> bool:
        """One more piece into the buffer; false at the end."""
        if not self.ended:
            data = self._receive()
            if data:
                self.buffer += data
                return True
            self.ended = True
        return False

    def take(self, count: int) -> bytes:
        data = bytes(self.buffer[:count])
        del self.buffer[:count]
        return data

    def until(self, mark: bytes) -> bytes | None:
        """Everything up to and including `mark`; None when the connection ended before its first byte."""
        searched = 0
        while (at := self.buffer.find(mark, max(0, searched - len(mark)))) < 0:
            searched = len(self.buffer)
            if not self.fill():
                if not self.buffer:
                    return None
                raise EOFError(f"connection ended inside {bytes(self.buffer)!r}")
        return self.take(at + len(mark))

    def exactly(self, count: int) -> bytes:
        while len(self.buffer) < count:
            if not self.fill():
                raise EOFError(f"connection ended {count - len(self.buffer)} bytes early")
        return self.take(count)

    def rest(self) -> bytes:
        while self.fill():
            pass
        return self.take(len(self.buffer))

    def chunks(self) -> tuple[bytes, Fields]:
        """A chunked body and its trailer fields (RFC 9112 §7.1); chunk extensions are an error here."""
        body = bytearray()
        while True:
            line = self.until(b"\r\n")
            if line is None:
                raise EOFError("connection ended before a chunk")
            if not re.fullmatch(rb"[0-9A-Fa-f]{1,16}\r\n", line):
                raise Malformed(f"bad chunk line {line!r}")
            size = int(line, 16)
            if size == 0:
                break
            body += self.exactly(size)
            if self.exactly(2) != b"\r\n":
                raise Malformed("chunk data not followed by CRLF")
        raw = b""
        while (line := self.until(b"\r\n")) != b"\r\n":
            if line is None:
                raise EOFError("connection ended inside a trailer section")
            raw += line
        return bytes(body), Head(b"x\r\n" + raw + b"\r\n").fields
