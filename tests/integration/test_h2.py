"""HTTP/2 towards clients: over TLS by ALPN and in plaintext by its preface, what a request becomes for a server of
HTTP/1, and how connections end."""
import base64
import socket
import ssl
import time
from functools import cached_property

from framework import (Case, authority, certificate, chunked, get, hold, host_router, http, patience, response, serve)
from framework.h2 import H2Client, PREFACE
from test_upgrade import echo


class Shared:
    """Made once for all tests."""
    authority = cached_property(lambda self: authority())
    pem = cached_property(lambda self: certificate("a.test", "b.test", issuer=self.authority))


SHARED = Shared()


class H2Case(Case):
    def h2(self, process, entry_point: str = "web", **options) -> H2Client:
        client = H2Client(process.address(entry_point), **options)
        self._clients.append(client)
        return client

    def h2_edge(self, script=None, *flags: str, **options):
        upstream = self.upstream(script)
        process = self.sluice(upstream, *flags, **options)
        return upstream, process, self.h2(process)

    @staticmethod
    def tls(*protocols: str) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        context.set_alpn_protocols(list(protocols or ("h2", "http/1.1")))
        return context

    def secure_dynamic(self, url: str, **options) -> dict:
        dynamic = http({name: host_router(f"{name}.test", "app", tls={}) for name in ("a", "b")},
                       {"app": {"loadBalancer": {"servers": [{"url": url}]}}})
        dynamic["tls"] = {"certificates": [SHARED.pem.inline()], **options}
        return dynamic


class Requests(H2Case):
    def test_a_request_in_plaintext_by_prior_knowledge(self):
        upstream, _, client = self.h2_edge(serve(response(200, b"hello", [("X-Answer", "yes")])))
        answer = client.ask("GET", "/path?q=1", [("x-asked", "why")])
        self.assertEqual((answer.status, answer.body, answer.get("x-answer")), (200, b"hello", "yes"))
        self.assertEqual(answer.get("content-length"), "5")
        self.assertIsNotNone(answer.get("date"))
        seen = upstream.requests[0]
        self.assertEqual(seen.start_line, "GET /path?q=1 HTTP/1.1")
        self.assertEqual((seen.get("Host"), seen.get("X-Asked")), ("case.test", "why"))
        self.assertEqual((seen.get("X-Forwarded-Proto"), seen.get("X-Forwarded-For")), ("http", "127.0.0.1"))

    def test_alpn_chooses_the_version(self):
        upstream = self.upstream(serve(response(200, b"app")))
        process = self.sluice(self.secure_dynamic(upstream.url))
        client = self.h2(process, context=self.tls(), name="a.test")
        self.assertEqual(client.socket.selected_alpn_protocol(), "h2")
        self.assertEqual(client.ask(host="a.test").body, b"app")
        self.assertEqual(upstream.requests[0].get("X-Forwarded-Proto"), "https")
        process.configure(self.secure_dynamic(upstream.url, options={"default": {"alpnProtocols": ["http/1.1"]}}))
        context = self.tls()
        with context.wrap_socket(socket.create_connection(process.address("web"), patience(10)),
                                 server_hostname="a.test") as old:
            self.assertEqual(old.selected_alpn_protocol(), "http/1.1")

    def test_the_preface_may_come_in_pieces(self):
        upstream = self.upstream()
        process = self.sluice(upstream)
        for cut in (1, 2, 3, 4, 10, 17, 18, 23):
            with self.subTest(cut=cut):
                raw = self.client(process)
                raw.send(PREFACE[:cut])
                time.sleep(0.02)
                raw.send(PREFACE[cut:], b"\0\0\0\4\0\0\0\0\0")
                self.assertEqual(raw.reader.exactly(4)[3], 4)  # SETTINGS
        for other in (b"PUT / HTTP/1.1\r\nHost: case.test\r\nContent-Length: 0\r\n\r\n",
                      b"POST / HTTP/1.1\r\nHost: case.test\r\nContent-Length: 0\r\n\r\n"):
            raw = self.client(process)
            for at in range(3):
                raw.send(other[at:at + 1])
                time.sleep(0.01)
            self.assertEqual(raw.ask(other[3:]).status, 200)

    def test_upgrade_to_h2c_is_not_taken(self):
        _, _, client = self.edge()
        reply = client.ask(get("/", [("Connection", "Upgrade, HTTP2-Settings"), ("Upgrade", "h2c"),
                                     ("HTTP2-Settings", "AAMAAABkAARAAAAAAAIAAAAA")]))
        self.assertEqual((reply.status, reply.get("Upgrade")), (200, None))

    def test_content_goes_up_with_and_without_its_length(self):
        upstream, _, client = self.h2_edge()
        body = bytes(range(256)) * 2000
        self.assertEqual(client.ask("POST", "/", [("content-length", str(len(body)))], body).status, 200)
        self.assertEqual(client.ask("POST", "/", [], body).status, 200)
        sized, unsized = upstream.requests
        self.assertTrue(upstream.wait(lambda: unsized.body == body))
        self.assertEqual((sized.body, sized.get("Content-Length")), (body, str(len(body))))
        self.assertEqual((unsized.get("Content-Length"), unsized.get("Transfer-Encoding")), (None, "chunked"))

    def test_trailers_pass_both_ways(self):
        reply = response(200, fields=[("Transfer-Encoding", "chunked")], length=False)
        upstream, _, client = self.h2_edge(serve(reply + chunked(b"content", trailers=[("X-Sum", "7"), ("Host", "x")])))
        stream = client.stream("POST", "/", [("te", "trailers")], b"question", end=False)
        client.trailers(stream, [("x-check", "8"), ("x-forwarded-for", "1.2.3.4")])
        answer = client.answer(stream)
        self.assertEqual((answer.body, answer.trailers), (b"content", [("x-sum", "7")]))
        seen = upstream.requests[0]
        self.assertEqual((seen.body, seen.trailers), (b"question", [("x-check", "8")]))

    def test_a_large_response_waits_for_the_window(self):
        body = bytes(range(256)) * 4000
        _, _, client = self.h2_edge(serve(response(200, body)), )
        client.auto_window = False
        stream = client.stream()
        client.until(lambda: len(client.answers[stream].body) == 65535)
        self.assertFalse(client.answers[stream].ended)
        other = client.connection
        while not client.answers[stream].ended:
            for number in (None, stream):
                other.increment_flow_control_window(40000, number)
            client.flush()
            client.receive()
        self.assertEqual(client.answers[stream].body, body)

    def test_many_streams_at_once_on_few_upstream_connections(self):
        _, _, client = self.h2_edge(serve(response(200, b"x" * 1000)))
        streams = [client.stream("GET", f"/{n}") for n in range(90)]
        for stream in streams:
            answer = client.answer(stream)
            self.assertEqual((answer.status, len(answer.body)), (200, 1000))

    def test_a_slow_stream_does_not_hold_up_its_neighbours(self):
        def script(connection):
            while (head := connection.read_head()) is not None:
                if head.target == "/slow":
                    connection.read_body(head)
                    connection.owner.wait(lambda: connection.owner.go_on)
                connection.send(response(200, head.target.encode()))

        upstream = self.upstream(script)
        upstream.go_on = False
        client = self.h2(self.sluice(upstream))
        slow = client.stream("POST", "/slow", body=b"x" * 1000, end=False)
        big = client.stream("POST", "/slow", end=False)
        client.send(big, b"y" * 60000)
        self.assertEqual(client.ask("GET", "/quick").body, b"/quick")
        upstream.go_on = True
        upstream.changed()
        for stream in (slow, big):
            client.send(stream, b"", end=True)
            self.assertEqual(client.answer(stream).status, 200)

    def test_interim_responses_and_expectations(self):
        def script(connection):
            head = connection.read_head()
            connection.send(response(103, fields=[("Link", "</a>")], length=False))
            connection.read_body(head)
            connection.send(response(200, b"done"))

        _, _, client = self.h2_edge(script)
        stream = client.stream("POST", "/", [("expect", "100-continue"), ("content-length", "2")], end=False)
        answer = client.answers[stream]
        client.until(lambda: 100 in answer.interim)
        client.send(stream, b"ok", end=True)
        self.assertEqual((client.answer(stream).status, sorted(answer.interim)), (200, [100, 103]))

    def test_head_and_statuses_without_content(self):
        _, _, client = self.h2_edge(serve(response(200, fields=[("Content-Length", "99")], length=False),
                                          response(204), response(304)))
        answer = client.ask("HEAD")
        self.assertEqual((answer.status, answer.body, answer.get("content-length")), (200, b"", "99"))
        self.assertEqual(client.ask().status, 204)
        self.assertEqual(client.ask().status, 304)

    def test_a_request_that_is_reset_ends_at_the_server_too(self):
        upstream, _, client = self.h2_edge(hold)
        stream = client.stream()
        self.assertTrue(upstream.wait_for_requests(1))
        client.cancel(stream)
        self.assertTrue(upstream.connections[0].ended.wait(patience(5)))

    def test_a_response_cut_short_resets_its_stream_alone(self):
        def script(connection):
            while (head := connection.read_request()) is not None:
                if head.target == "/short":
                    connection.send(response(200, b"half", [("Content-Length", "100")], length=False))
                    return
                connection.send(response(200, b"whole"))

        _, _, client = self.h2_edge(script)
        answer = client.ask("GET", "/short")
        self.assertEqual((answer.body, answer.reset), (b"half", 2))
        self.assertEqual(client.ask("GET", "/").body, b"whole")

    def test_an_answered_upload_is_not_wanted_any_more(self):
        def script(connection):
            connection.read_head()
            connection.send(response(413, b"too much"))
            connection.hold()

        _, _, client = self.h2_edge(script)
        stream = client.stream("POST", end=False)
        answer = client.answer(stream)
        self.assertEqual((answer.status, answer.body), (413, b"too much"))
        client.until(lambda: answer.reset is not None)
        self.assertEqual(answer.reset, 0)
        self.assertEqual(client.ask("GET", "/missing", host="case.test").status, 413)


class Translation(H2Case):
    def test_what_is_refused(self):
        upstream, _, client = self.h2_edge()
        pseudo = client.head("GET", "/", [], "case.test")

        def changed(name, value):
            return [(known, value if known == name else old) for known, old in pseudo]

        for what, head, status in (
                ("CONNECT", [(":method", "CONNECT"), (":authority", "case.test:80")], 501),
                ("TRACE", changed(":method", "TRACE"), 405),
                ("two hosts", pseudo + [("host", "other.test")], 400),
                ("user", changed(":authority", "u@case.test"), 400),
                ("port", changed(":authority", "case.test:99999"), 400),
                ("fragment", changed(":path", "/a#b"), 400),
                ("NUL", changed(":path", "/%00"), 400),
                ("escape", changed(":path", "/%zz"), 400),
                ("dot segment", changed(":path", "/..;/a"), 400),
                ("long target", changed(":path", "/" + "a" * 17000), 414),
                ("alias", pseudo + [("content_length", "3")], 400),
                ("expectation", pseudo + [("expect", "something")], 417),
                ("many fields", pseudo + [(f"x-{n}", "v") for n in range(101)], 431),
                ("large", pseudo + [(f"x-{n}", "v" * 4000) for n in range(20)], 431)):
            with self.subTest(what=what):
                stream = client.stream(head=head)
                self.assertEqual(client.answer(stream).status, status)
        self.assertEqual(upstream.requests, [])
        self.assertEqual(client.ask().status, 200)

    def test_what_is_malformed_resets_its_stream(self):
        upstream, _, client = self.h2_edge()
        pseudo = client.head("GET", "/", [], "case.test")
        for what, head in (("upper case", pseudo + [("X-Upper", "v")]), ("connection", pseudo + [("connection", "close")]),
                           ("transfer-encoding", pseudo + [("transfer-encoding", "chunked")]),
                           ("te", pseudo + [("te", "gzip")]), ("newline", pseudo + [("x", "a\r\nb: c")]),
                           ("NUL", pseudo + [("x", "a\0b")]), ("space", pseudo + [("x y", "v")]),
                           ("no host", [field for field in pseudo if field[0] != ":authority"]),
                           ("empty host", [(name, "" if name == ":authority" else value) for name, value in pseudo]),
                           ("star", [(name, "*" if name == ":path" else value) for name, value in pseudo]),
                           ("no path", [field for field in pseudo if field[0] != ":path"]),
                           ("method twice", [(":method", "GET")] + pseudo), ("unknown pseudo", pseudo + [(":x", "y")]),
                           ("late pseudo", pseudo[:3] + [("x", "y")] + pseudo[3:])):
            with self.subTest(what=what):
                answer = client.answer(client.stream(head=head))
                self.assertEqual((answer.status, answer.reset), (0, 1))
        for length in ("5", "1"):
            answer = client.answer(client.stream("POST", "/", [("content-length", length)], b"abc"))
            self.assertEqual(answer.reset, 1)
        self.assertEqual(client.ask().status, 200)
        self.assertTrue(all(seen.target == "/" for seen in upstream.requests))

    def test_cookies_in_pieces_become_one(self):
        upstream, _, client = self.h2_edge()
        client.ask(fields=[("cookie", "a=1"), ("x", "y"), ("cookie", "b=2"), ("cookie", "c=3")])
        self.assertEqual(upstream.requests[0].all("Cookie"), ["a=1; b=2; c=3"])

    def test_the_authority_is_the_host_whatever_its_spelling(self):
        upstream, _, client = self.h2_edge()
        client.ask(host="CASE.test:8080", fields=[("host", "case.test:8080")])
        self.assertEqual(upstream.requests[0].get("Host"), "CASE.test:8080")
        head = [field for field in client.head("GET", "/", [("host", "case.test")], "") if field[0] != ":authority"]
        self.assertEqual(client.answer(client.stream(head=head)).status, 200)
        self.assertEqual(upstream.requests[1].get("Host"), "case.test")

    def test_forwarded_fields_of_strangers_are_removed(self):
        upstream, _, client = self.h2_edge()
        client.ask(fields=[("x-forwarded-for", "1.2.3.4"), ("x_forwarded_for", "1.2.3.4"), ("x-real-ip", "1.2.3.4"),
                           ("forwarded", "for=1.2.3.4")])
        seen = upstream.requests[0]
        self.assertEqual((seen.get("X-Forwarded-For"), seen.get("X-Real-Ip")), ("127.0.0.1", "127.0.0.1"))
        self.assertNotIn("1.2.3.4", str(seen.fields))

    def test_another_host_with_other_options_is_misdirected(self):
        upstream = self.upstream()
        dynamic = self.secure_dynamic(upstream.url, options={"special": {"minVersion": "VersionTLS13"}})
        dynamic["http"]["routers"]["b"]["tls"] = {"options": "special"}
        client = self.h2(self.sluice(dynamic), context=self.tls(), name="a.test")
        self.assertEqual(client.ask(host="a.test").status, 200)
        self.assertEqual(client.ask(host="b.test").status, 421)
        self.assertEqual(client.ask(host="a.test").status, 200)


class WebSockets(H2Case):
    def head(self, client, **more):
        return [(":method", "CONNECT"), (":protocol", "websocket"), *client.head("GET", "/chat", [
            ("sec-websocket-version", "13"), ("origin", "http://case.test")], "case.test")[1:]]

    def test_a_websocket_over_h2_reaches_a_server_of_http1(self):
        upstream, _, client = self.h2_edge(echo)
        client.until(lambda: client.connection.remote_settings.enable_connect_protocol == 1)
        stream = client.stream(head=self.head(client), end=False)
        answer = client.answers[stream]
        client.until(lambda: answer.status != 0)
        self.assertEqual((answer.status, answer.get("sec-websocket-accept")), (200, None))
        seen = upstream.requests[0]
        self.assertEqual((seen.start_line, seen.get("Upgrade")), ("GET /chat HTTP/1.1", "websocket"))
        self.assertEqual(len(base64.b64decode(seen.get("Sec-WebSocket-Key"))), 16)
        data = bytes(range(256)) * 1000
        client.send(stream, data)
        client.until(lambda: len(answer.body) == len(data))
        self.assertEqual(answer.body, data)
        client.send(stream, b"", end=True)
        self.assertEqual(client.answer(stream).body[-5:], b"<end>")

    def test_a_server_that_does_not_switch_opens_no_tunnel(self):
        _, _, client = self.h2_edge(serve(response(404, b"no"), response(200, b"no")))
        self.assertEqual(client.ask(head=self.head(client), end=False).status, 404)
        self.assertEqual(client.ask(head=self.head(client), end=False).status, 502)

    def test_a_client_that_resets_ends_the_tunnel(self):
        upstream, _, client = self.h2_edge(echo)
        stream = client.stream(head=self.head(client), end=False)
        client.until(lambda: client.answers[stream].status == 200)
        client.cancel(stream)
        self.assertTrue(upstream.connections[0].ended.wait(patience(5)))


class Ends(H2Case):
    def test_a_drain_announces_itself_and_finishes_what_began(self):
        def script(connection):
            connection.read_request()
            connection.owner.wait(lambda: connection.owner.go_on)
            connection.send(response(200, b"late"))
            connection.hold()

        upstream = self.upstream(script)
        upstream.go_on = False
        process = self.sluice(upstream)
        client = self.h2(process)
        first = client.stream()
        self.assertTrue(upstream.wait_for_requests(1))
        process.process.terminate()
        last = client.wait_for_goaway().last_stream_id
        self.assertEqual((client.goaway.error_code, last), (0, 2**31 - 1))
        client.goaway = None
        self.assertEqual((client.wait_for_goaway().error_code, client.goaway.last_stream_id), (0, first))
        upstream.go_on = True
        upstream.changed()
        self.assertEqual(client.answer(first).body, b"late")
        self.assertTrue(client.is_closed())
        process.process.wait(patience(10))

    def test_an_idle_connection_ends_with_goaway(self):
        _, _, client = self.h2_edge(None, "--entryPoints.web.transport.respondingTimeouts.idleTimeout=1s")
        self.assertEqual(client.ask().status, 200)
        self.assertEqual(client.wait_for_goaway().error_code, 0)
        self.assertTrue(client.is_closed())

    def test_after_so_many_requests_clients_are_asked_to_connect_again(self):
        _, _, client = self.h2_edge(None, "--entryPoints.web.transport.keepAliveMaxRequests=3")
        for _ in range(3):
            self.assertEqual(client.ask().status, 200)
        self.assertEqual(client.wait_for_goaway().last_stream_id, 2**31 - 1)

    def test_who_opens_more_streams_than_it_was_told_breaks_the_protocol(self):
        upstream, _, client = self.h2_edge(hold, "--entryPoints.web.http2.maxConcurrentStreams=3")
        client.until(lambda: client.connection.remote_settings.max_concurrent_streams == 3)
        for _ in range(3):
            client.stream()
        self.assertTrue(upstream.wait_for_requests(3))
        client.connection.remote_settings[3] = 100  # MAX_CONCURRENT_STREAMS: forgotten
        client.connection.remote_settings.acknowledge()
        client.stream()
        self.assertEqual(client.wait_for_goaway().error_code, 1)
