"""A CA for tests: Pebble behind a proxy that can make it misbehave."""
from __future__ import annotations

import base64
import http.client
import json
import re
import shutil
import socket
import ssl
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from .pebble import Pebble
from .tls import Pem, authority, certificate, server_context


class CertificateAuthority:
    """`directory` is where clients begin: the proxy, which holds requests back until `serve` has started Pebble. So a
    client can be started first, and Pebble told its ports."""

    def __init__(self, **options):
        self._options = options
        self._folder = Path(tempfile.mkdtemp(prefix="sluice-ca-"))
        self._authority = authority()
        self.trust_file = self._folder / "ca.pem"
        self.trust_file.write_text(self._authority.certificate)
        own = certificate("localhost", "127.0.0.1", issuer=self._authority)
        self.proxy = FaultProxy(server_context(own), self._authority)
        self.directory = f"https://localhost:{self.proxy.port}/dir"
        self._pebble: Pebble | None = None

    def serve(self, http_port: int = 1, tls_port: int = 1, names: str | None = None,
              addresses: dict[str, str] | None = None) -> "CertificateAuthority":
        """Pebble validates every name at these ports of 127.0.0.1, or of its own of `addresses`, and asks `names` or its
        own name server."""
        self._pebble = Pebble(http_port, tls_port, trusted=self._authority, names=names, **self._options).start()
        for host, address in (addresses or {}).items():
            self._pebble.records("add-a", host=host, addresses=[address])
        self.proxy.lead_to(self._pebble.port)
        return self

    def root(self) -> Pem:
        return self._pebble.root()

    @property
    def resolver(self) -> str:
        return self._pebble.resolver

    def records(self, change: str, **body: str | list[str]) -> None:
        self._pebble.records(change, **body)

    def suggest(self, certificate: str, answer: dict) -> None:
        self._pebble.suggest(certificate, answer)

    def close(self) -> None:
        self.proxy.close()
        if self._pebble:
            self._pebble.close()
        shutil.rmtree(self._folder, ignore_errors=True)


def patched(document: dict, changes: dict) -> dict:
    for name, value in changes.items():
        document[name] = patched(document.get(name, {}), value) if isinstance(value, dict) else value
    return document


class FaultProxy:
    """TLS in front of Pebble. `fault` makes the next matching calls go wrong; `calls` is what was asked, in order; `created`
    those of them that Pebble answered with 201. `heads` are their headers and `bodies` what they sent, `connections` how
    many clients connected."""

    def __init__(self, context: ssl.SSLContext, trusted: Pem):
        self.calls: list[tuple[float, str]] = []
        self.created: list[str] = []
        self.heads: list[dict[str, str]] = []
        self.bodies: list[tuple[str, bytes]] = []
        self.connections = 0
        self._faults: list[dict] = []
        self._lock = threading.Lock()
        self._trusted = ssl.create_default_context(cadata=trusted.certificate)
        self._backend: int | None = None
        self._ready = threading.Event()
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _any(self) -> None:
                proxy._answer(self)

            do_GET = do_HEAD = do_POST = _any

            def setup(self) -> None:
                super().setup()
                proxy.connections += 1

            def log_message(self, *_) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._server.handle_error = lambda *_: None
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def lead_to(self, port: int) -> None:
        self._backend = port
        self._ready.set()

    def fault(self, match: str, action: str, count: int = 1, *, status: int = 503, body: str = "",
              headers: dict | None = None, after: str = "", patch: dict | None = None) -> None:
        """`match`: of "METHOD path". Actions: reply (without asking Pebble), drop, drop_after (Pebble is asked, and the
        answer lost), patch (members of the answer, a JSON object, become others). `after`: only once such a call was
        made."""
        with self._lock:
            self._faults.append({"match": re.compile(match), "action": action, "count": count, "status": status,
                                 "body": body, "headers": headers or {}, "after": after, "patch": patch or {}})

    def heal(self) -> None:
        with self._lock:
            self._faults.clear()

    def faults_left(self) -> int:
        with self._lock:
            return sum(fault["count"] for fault in self._faults)

    def count(self, match: str) -> int:
        return sum(1 for _, call in list(self.calls) if re.search(match, call))

    def payloads(self, match: str) -> list[dict]:
        """What the matching requests said, out of their signatures."""
        said = []
        for call, body in list(self.bodies):
            if re.search(match, call):
                payload = json.loads(body)["payload"]
                said.append(json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)) or b"{}"))
        return said

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._ready.set()

    def _fault_for(self, call: str) -> dict | None:
        with self._lock:
            known = [earlier for _, earlier in self.calls]
            self.calls.append((time.monotonic(), call))
            for fault in self._faults:
                if fault["after"] and not any(re.search(fault["after"], earlier) for earlier in known):
                    continue
                if fault["count"] > 0 and fault["match"].search(call):
                    fault["count"] -= 1
                    return fault
        return None

    def _answer(self, handler: BaseHTTPRequestHandler) -> None:
        body = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
        self._ready.wait(30)
        self.heads.append(dict(handler.headers.items()))
        self.bodies.append((f"{handler.command} {handler.path}", body))
        fault = self._fault_for(f"{handler.command} {handler.path}")
        action = fault["action"] if fault else ""
        if action == "drop" or self._backend is None:
            return self._cut(handler)
        if action == "reply":
            return self._reply(handler, fault["status"], fault["headers"], fault["body"].encode())
        connection = http.client.HTTPSConnection("localhost", self._backend, timeout=30, context=self._trusted)
        kept = {name: value for name, value in handler.headers.items() if name.lower() != "connection"}
        connection.request(handler.command, handler.path, body or None, kept)
        reply = connection.getresponse()
        content = reply.read()
        if reply.status == 201:
            self.created.append(f"{handler.command} {handler.path}")
        headers = [(name, value) for name, value in reply.getheaders()
                   if name.lower() not in ("content-length", "transfer-encoding", "connection", "date")]
        connection.close()
        if action == "drop_after":
            return self._cut(handler)
        if action == "patch":
            content = json.dumps(patched(json.loads(content), fault["patch"])).encode()
        return self._reply(handler, reply.status, headers, content)

    @staticmethod
    def _cut(handler: BaseHTTPRequestHandler) -> None:
        handler.close_connection = True
        handler.connection.shutdown(socket.SHUT_RDWR)

    @staticmethod
    def _reply(handler: BaseHTTPRequestHandler, status: int, headers, content: bytes) -> None:
        handler.send_response(status)
        for name, value in (headers.items() if isinstance(headers, dict) else headers):
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        if handler.command != "HEAD":
            handler.wfile.write(content)
