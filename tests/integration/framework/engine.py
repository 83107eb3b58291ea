"""A Docker engine of a few containers, over TCP with or without TLS: what the provider asks, and no more."""
from __future__ import annotations

import base64
import json
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit


class Engine:
    """Serves until `close`. A container is put in with its labels and the port its one address answers on."""

    def __init__(self, tls: ssl.SSLContext | None = None, credentials: tuple[str, str] | None = None):
        self.requests: list[str] = []
        self.agents: set[str] = set()
        self.hosts: set[str] = set()
        self._containers: dict[str, dict] = {}
        self._credentials = credentials
        self._news = threading.Condition()
        self._events: list[bytes] = []
        self._closing = False
        engine = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                engine._answer(self)

            def log_message(self, *_) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        # A client that gives up during the handshake is what some tests are about.
        self._server.handle_error = lambda *_: None
        if tls:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def endpoint(self) -> str:
        return f"tcp://127.0.0.1:{self.port}"

    def close(self) -> None:
        with self._news:
            self._closing = True
            self._news.notify_all()
        self._server.shutdown()
        self._server.server_close()

    def put(self, name: str, labels: dict[str, str], state: str = "running", address: str = "127.0.0.1") -> None:
        self._containers[name] = {"labels": labels, "state": state, "address": address}

    def remove(self, name: str) -> None:
        del self._containers[name]

    def tell(self, action: str, name: str, **attributes: str) -> None:
        """An event about a container."""
        event = {"Type": "container", "Action": action, "Actor": {"ID": name, "Attributes": attributes}}
        with self._news:
            self._events.append(json.dumps(event).encode() + b"\n")
            self._news.notify_all()

    def _described(self, name: str) -> dict:
        container = self._containers[name]
        return {"Id": name, "Name": "/" + name, "State": {"Status": container["state"]},
                "Config": {"Labels": container["labels"], "Env": ["SECRET=1"]}, "HostConfig": {"NetworkMode": "bridge"},
                "NetworkSettings": {"Networks": {"bridge": {"IPAddress": container["address"]}}}}

    def _listed(self, name: str) -> dict:
        container = self._containers[name]
        return {"Id": name, "Names": ["/" + name], "Labels": container["labels"], "State": container["state"],
                "Status": "Up", "NetworkSettings": {"Networks": {"bridge": {"IPAddress": container["address"]}}}}

    def _answer(self, handler: BaseHTTPRequestHandler) -> None:
        self.requests.append(handler.path)
        self.agents.add(handler.headers.get("User-Agent", ""))
        self.hosts.add(handler.headers.get("Host", ""))
        if self._credentials:
            wanted = "Basic " + base64.b64encode(":".join(self._credentials).encode()).decode()
            if handler.headers.get("Authorization") != wanted:
                return self._reply(handler, 401, {"message": "who are you?"})
        path = urlsplit(handler.path).path
        if path.startswith("/v1."):
            path = path[path.index("/", 1):]
        if path == "/_ping":
            return self._reply(handler, 200, "OK")
        if path == "/containers/json":
            return self._reply(handler, 200, [self._listed(name) for name in list(self._containers)])
        if path == "/events":
            return self._stream(handler)
        name = path.removeprefix("/containers/").removesuffix("/json")
        if name in self._containers:
            return self._reply(handler, 200, self._described(name))
        return self._reply(handler, 404, {"message": "no such container"})

    @staticmethod
    def _reply(handler: BaseHTTPRequestHandler, status: int, body) -> None:
        text = json.dumps(body).encode()
        handler.send_response(status)
        handler.send_header("Api-Version", "1.41")
        handler.send_header("Content-Length", str(len(text)))
        handler.end_headers()
        handler.wfile.write(text)

    def _stream(self, handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        seen = len(self._events)
        handler.close_connection = True
        while True:
            with self._news:
                while seen == len(self._events) and not self._closing:
                    self._news.wait()
                if self._closing:
                    return
                lines, seen = self._events[seen:], len(self._events)
            try:
                for line in lines:
                    handler.wfile.write(b"%x\r\n%s\r\n" % (len(line), line))
                handler.wfile.flush()
            except OSError:
                return
