"""The tests of HTTP/1 once more over HTTP/2: a client that takes messages of HTTP/1, sends them as streams and gives
replies as if they had come over HTTP/1. What only HTTP/1 has (pipelining, framing, the bytes of a head) it refuses with
`NotInH2`."""
from __future__ import annotations

from .h2 import H2Client
from .wire import Malformed, Reader, ReplyHead, RequestHead, lines

ONLY_HTTP1 = {"connection", "keep-alive", "transfer-encoding", "upgrade", "host", "proxy-connection", "http2-settings"}


class NotInH2(Exception):
    """The test asks for something that HTTP/2 does not have."""


class ClientOverH2:
    def __init__(self, address, **options):
        if options:
            raise NotInH2(f"options {options}")
        self.h2 = H2Client(address)
        self.socket = self.h2.socket
        self.waiting: list[int] = []

    def send(self, *parts: bytes) -> "ClientOverH2":
        data = b"".join(parts)
        feed = iter([data])
        reader = Reader(lambda: next(feed, b""))
        while (raw := reader.until(b"\r\n\r\n")) is not None:
            try:
                head = RequestHead(raw)
                if head.get("Transfer-Encoding") is not None:
                    body, trailers = reader.chunks()
                else:
                    body, trailers = reader.exactly(int(head.get("Content-Length") or 0)), []
            except (Malformed, EOFError, ValueError) as reason:
                raise NotInH2(str(reason)) from reason
            if head.version != "HTTP/1.1" or head.get("Upgrade") or head.get("Host") is None:
                raise NotInH2(head.start_line)
            nominated = {name.strip().lower() for value in head.all("Connection") for name in value.split(",")}
            fields = [(name, value) for name, value in head.fields
                      if name.lower() not in ONLY_HTTP1 | nominated - {"te"}]
            if nominated - {"te", "close", "keep-alive", ""}:
                raise NotInH2("nominated fields")
            stream = self.h2.stream(head.method, head.target, fields, body, host=head.get("Host"), end=not trailers)
            if trailers:
                self.h2.trailers(stream, [(name.lower(), value) for name, value in trailers])
            self.waiting.append(stream)
        return self

    def reply(self, method: str = "GET") -> ReplyHead:
        stream = self.waiting.pop(0)
        answer = self.h2.answer(stream)
        if answer.reset is not None and not answer.ended:
            raise EOFError(f"the stream was reset with {answer.reset} after {answer!r:.300}")
        head = ReplyHead(f"HTTP/1.1 {answer.status} \r\n".encode() + lines(answer.fields) + b"\r\n")
        head.body, head.trailers = answer.body, answer.trailers
        head.interim = [ReplyHead(f"HTTP/1.1 {status} \r\n".encode() + lines(fields) + b"\r\n")
                        for status, fields in zip(answer.interim, answer.interim_fields)]
        return head

    def ask(self, data: bytes, method: str = "GET") -> ReplyHead:
        return self.send(data).reply(method)

    def close(self) -> None:
        self.h2.close()

    def __getattr__(self, name: str):
        raise NotInH2(name)
