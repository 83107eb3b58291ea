"""A CA for tests: Pebble with its test resolver, behind a proxy that can make it misbehave."""
from __future__ import annotations

import http.client
import json
import os
import re
import shutil
import socket
import ssl
import subprocess
import tempfile
import threading
import time
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from .process import patience
from .tls import Pem, authority, certificate, server_context


def available() -> bool:
    return shutil.which("pebble") is not None and shutil.which("pebble-challtestsrv") is not None


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _wait_for(port: int, process: subprocess.Popen) -> None:
    deadline = time.monotonic() + patience(10)
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            if time.monotonic() > deadline or process.poll() is not None:
                raise AssertionError(f"{process.args[0]} does not listen on {port}") from None
            time.sleep(0.02)


class CertificateAuthority:
    """`directory` is where clients begin: the proxy, which holds requests back until `serve` has started Pebble. So a
    client can be started first, and Pebble told its ports."""

    def __init__(self, *, nonce_reject: int = 0, validity: int = 7776000, reuse: int = 0, **config):
        self.folder = Path(tempfile.mkdtemp(prefix="sluice-ca-"))
        self._authority = authority()
        self._own = certificate("localhost", "127.0.0.1", issuer=self._authority)
        self.trust_file = self.folder / "ca.pem"
        self.trust_file.write_text(self._authority.certificate)
        self._config = {"certificateValidityPeriod": validity, **config}
        self._environment = {"PEBBLE_VA_NOSLEEP": "1", "PEBBLE_WFE_NONCEREJECT": str(nonce_reject),
                             "PEBBLE_AUTHZREUSE": str(reuse)}
        self._processes: list[subprocess.Popen] = []
        self._logs = []
        self.proxy = FaultProxy(server_context(self._own), self._authority)
        self.directory = f"https://localhost:{self.proxy.port}/dir"

    def serve(self, http_port: int = 1, tls_port: int = 1) -> "CertificateAuthority":
        """Pebble validates every name at these ports of 127.0.0.1."""
        dns, self._dns_management = _free_port(), _free_port()
        listen, management = _free_port(), _free_port()
        self._start("pebble-challtestsrv", "-defaultIPv4", "127.0.0.1", "-defaultIPv6", "", "-dns01",
                    f"127.0.0.1:{dns}", "-http01", "", "-https01", "", "-tlsalpn01", "", "-management",
                    f"127.0.0.1:{self._dns_management}")
        key, chain = self.folder / "own.key", self.folder / "own.pem"
        key.write_text(self._own.key)
        chain.write_text(self._own.certificate)
        config = self.folder / "pebble.json"
        config.write_text(json.dumps({"pebble": {
            "listenAddress": f"127.0.0.1:{listen}", "managementListenAddress": f"127.0.0.1:{management}",
            "certificate": str(chain), "privateKey": str(key), "httpPort": http_port, "tlsPort": tls_port,
            "ocspResponderURL": "", "externalAccountBindingRequired": False, **self._config}}))
        pebble = self._start("pebble", "-config", str(config), "-dnsserver", f"127.0.0.1:{dns}", "-strict=false")
        _wait_for(listen, pebble)
        self._management = management
        self.proxy.lead_to(listen)
        return self

    def root(self) -> Pem:
        """The authority that signs what it issues, and all between."""
        context = ssl.create_default_context(cadata=self._authority.certificate)
        text = ""
        for kind in ("roots", "intermediates"):
            url = f"https://localhost:{self._management}/{kind}/0"
            with urllib.request.urlopen(url, context=context, timeout=10) as reply:
                text += reply.read().decode()
        return Pem(text, "")

    def records(self, path: str, **body) -> None:
        """Changes what the test resolver says."""
        request = urllib.request.Request(f"http://127.0.0.1:{self._dns_management}/{path}", json.dumps(body).encode())
        urllib.request.urlopen(request, timeout=10).close()

    def _start(self, *command: str) -> subprocess.Popen:
        log = open(self.folder / f"{command[0]}.log", "wb")
        self._logs.append(log)
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, cwd=self.folder,
                                   env={**os.environ, **self._environment})
        self._processes.append(process)
        return process

    def close(self) -> None:
        self.proxy.close()
        for process in self._processes:
            process.terminate()
            process.wait(10)
        for log in self._logs:
            log.close()
        shutil.rmtree(self.folder, ignore_errors=True)


class FaultProxy:
    """TLS in front of Pebble. `fault` makes the next matching calls go wrong; `calls` is what was asked, in order."""

    def __init__(self, context: ssl.SSLContext, trusted: Pem):
        self.calls: list[tuple[float, str]] = []
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
              headers: dict | None = None, patch=None) -> None:
        """`match`: of "METHOD path". Actions: reply (without asking Pebble), drop, drop_after, patch (a function of the
        JSON that came)."""
        with self._lock:
            self._faults.append({"match": re.compile(match), "action": action, "count": count, "status": status,
                                 "body": body, "headers": headers or {}, "patch": patch})

    def count(self, match: str) -> int:
        return sum(1 for _, call in list(self.calls) if re.search(match, call))

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._ready.set()

    def _fault_for(self, call: str) -> dict | None:
        with self._lock:
            self.calls.append((time.monotonic(), call))
            for fault in self._faults:
                if fault["count"] > 0 and fault["match"].search(call):
                    fault["count"] -= 1
                    return fault
        return None

    def _answer(self, handler: BaseHTTPRequestHandler) -> None:
        body = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
        self._ready.wait(30)
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
        headers = [(name, value) for name, value in reply.getheaders()
                   if name.lower() not in ("content-length", "transfer-encoding", "connection", "date")]
        connection.close()
        if action == "drop_after":
            return self._cut(handler)
        if action == "patch":
            content = json.dumps(fault["patch"](json.loads(content))).encode()
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
