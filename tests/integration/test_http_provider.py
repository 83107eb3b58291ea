"""The HTTP provider: what a server says is live, and whatever happens to the server is not."""
import hashlib
import json
import socket
import ssl
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from framework import (Case, authority, certificate, get, host_router, http, response, serve, server_context, servers)


class Origin:
    """Serves one document with an ETag; answers 304 to who has it."""

    def __init__(self, document: str, port: int = 0, tls: ssl.SSLContext | None = None):
        self.document, self.status, self.asked, self.unchanged = document, 200, 0, 0
        origin = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                origin.asked += 1
                body = origin.document.encode()
                tag = '"%s"' % hashlib.sha256(body).hexdigest()[:16]
                if origin.status == 200 and self.headers.get("If-None-Match") == tag:
                    origin.unchanged += 1
                    self.send_response(304)
                    self.end_headers()
                    return
                self.send_response(origin.status)
                self.send_header("ETag", tag)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_) -> None:
                pass

        ThreadingHTTPServer.allow_reuse_address = True
        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._server.daemon_threads = True
        if tls:
            self._server.handle_error = lambda *_: None  # clients that give up are what the test is about
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def routing(host: str, url: str) -> dict:
    return http({"r": host_router(host, "s")}, {"s": servers(url)})


class HttpProvider(Case):
    def origin(self, document: str, port: int = 0, **options) -> Origin:
        origin = Origin(document, port, **options)
        self.addCleanup(origin.close)
        return origin

    def asking(self, port: int):
        return self.sluice({}, f"--providers.http.endpoint=http://127.0.0.1:{port}/config",
                           "--providers.http.pollInterval=100ms")

    def wait_for(self, process, host: str, status: int) -> None:
        client = self.client(process)
        self.assert_soon(lambda: client.ask(get(host=host)).status == status, f"{host} answers {status}")

    def test_what_the_server_says_is_live_as_json_and_as_yaml(self):
        upstream = self.upstream(serve(response(200, b"hello")))
        origin = self.origin(json.dumps(routing("json.test", upstream.url)))
        process = self.asking(origin.port)
        self.wait_for(process, "json.test", 200)
        origin.document = ("http:\n  routers:\n    y: {rule: 'Host(`yaml.test`)', service: s}\n"
                           f"  services:\n    s: {{loadBalancer: {{servers: [{{url: '{upstream.url}'}}]}}}}\n")
        self.wait_for(process, "yaml.test", 200)
        self.wait_for(process, "json.test", 404)
        asked = origin.asked
        self.assert_soon(lambda: origin.asked > asked + 2, "it goes on asking")
        self.assertGreater(origin.unchanged, 0)

    def test_the_last_good_answer_outlives_bad_answers_and_the_server(self):
        upstream = self.upstream()
        good = json.dumps(routing("web.test", upstream.url))
        origin = self.origin(good)
        process = self.asking(origin.port)
        self.wait_for(process, "web.test", 200)
        client = self.client(process)
        for status, document in ((500, good), (200, "http: ["), (200, "")):
            origin.status, origin.document = status, document
            asked = origin.asked
            self.assert_soon(lambda: origin.asked > asked + 2, "it goes on asking")
            self.assertEqual(client.ask(get(host="web.test")).status, 200)
        process.wait_for_log("SLU-H002.*status 500.*last good answer")
        process.wait_for_log("SLU-H003.*empty.*last good answer")
        origin.close()
        process.wait_for_log("SLU-H002.*no answer.*last good answer")
        self.assertEqual(client.ask(get(host="web.test")).status, 200)
        origin = self.origin(json.dumps(routing("back.test", upstream.url)), origin.port)
        self.wait_for(process, "back.test", 200)

    def test_a_server_that_comes_late_is_found(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
        process = self.asking(port)
        upstream = self.upstream()
        self.origin(json.dumps(routing("web.test", upstream.url)), port)
        self.wait_for(process, "web.test", 200)

    def test_over_tls_both_sides_show_certificates(self):
        folder = tempfile.TemporaryDirectory(prefix="sluice-http-tls-")
        self.addCleanup(folder.cleanup)
        at, ca = Path(folder.name), authority()
        (at / "ca.crt").write_text(ca.certificate)
        ours = certificate("sluice.test", issuer=ca).files(at, "ours")
        upstream = self.upstream(serve(response(200, b"hello")))
        origin = self.origin(json.dumps(routing("web.test", upstream.url)),
                             tls=server_context(certificate("127.0.0.1", issuer=ca), clients=ca))
        flags = [f"--providers.http.endpoint=https://127.0.0.1:{origin.port}/", "--providers.http.pollInterval=100ms"]
        trusting = f"--providers.http.tls.ca={at / 'ca.crt'}"
        own = [f"--providers.http.tls.cert={ours['certFile']}", f"--providers.http.tls.key={ours['keyFile']}"]
        self.wait_for(self.sluice({}, *flags, trusting, *own), "web.test", 200)
        asked = origin.asked
        for some in ([trusting], own):
            process = self.sluice({}, *flags, *some)
            process.wait_for_log("SLU-H002")
            self.assertEqual(self.client(process).ask(get(host="web.test")).status, 404)
        self.assert_soon(lambda: origin.asked > asked, "the first process goes on asking")
