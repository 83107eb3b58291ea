"""HTTP/2 towards servers: which version is spoken, how connections are shared, and what is repeated when one ends."""
import ssl
import time
from functools import cached_property

from framework import Case, authority, certificate, get, host_router, http, patience, request, response, serve, \
    server_context
from framework.h2 import GOAWAY, H2Client, H2Server, frame, hyperframe, serve_h2
from test_upgrade import HANDSHAKE, echo


class Shared:
    """Made once for all tests."""
    authority = cached_property(lambda self: authority())
    pem = cached_property(lambda self: certificate("app.test", issuer=self.authority))


SHARED = Shared()


class Upstreams(Case):
    def h2c(self, handler=None, **options):
        upstream = self.upstream(serve_h2(handler, **options))
        upstream.url = upstream.url.replace("http://", "h2c://")
        return upstream

    def secure(self, script, *protocols: str):
        context = server_context(SHARED.pem, protocols=protocols)

        def secured(connection):
            try:
                connection.socket = context.wrap_socket(connection.socket, server_side=True)
            except (ssl.SSLError, OSError):
                return
            connection.protocol = connection.socket.selected_alpn_protocol()
            chosen = script if not isinstance(script, dict) else script[connection.protocol]
            chosen(connection)

        upstream = self.upstream(secured)
        upstream.url = upstream.url.replace("http://", "https://")
        return upstream

    def through(self, upstream, **transport) -> dict:
        service = {"loadBalancer": {"servers": [{"url": upstream.url}], "serversTransport": "secure"}}
        return http({"app": host_router("app.test", "app")}, {"app": service},
                    serversTransports={"secure": {"rootCAs": [SHARED.authority.certificate], **transport}})

    def test_a_request_of_http1_to_a_server_of_h2c(self):
        upstream = self.h2c(lambda server, asked: server.reply(
            asked, 200, b"hello", [("x-answer", "yes"), ("content-length", "5")]))
        client = self.client(self.sluice(upstream))
        reply = client.ask(get("/path?q=1", [("X-Asked", "why"), ("Connection", "X-Hop"), ("X-Hop", "1")]))
        self.assertEqual((reply.status, reply.body, reply.get("x-answer")), (200, b"hello", "yes"))
        seen = upstream.requests[0]
        self.assertEqual(seen.head[:4], [(":method", "GET"), (":scheme", "http"), (":authority", "case.test"),
                                         (":path", "/path?q=1")])
        self.assertEqual((seen.get("x-asked"), seen.get("x-forwarded-for")), ("why", "127.0.0.1"))
        self.assertIsNone(seen.get("connection"))
        self.assertIsNone(seen.get("x-hop"))
        self.assertIsNone(seen.get("host"))

    def test_all_four_pairs_of_versions(self):
        body, answer = bytes(range(256)) * 500, bytes(range(255, -1, -1)) * 700

        def echo_h2(server, asked):
            server.reply(asked, 201, answer, [("x-length", str(len(asked.body)))], [("x-sum", "7")])

        def echo_h1(connection):
            while (head := connection.read_request()) is not None:
                connection.send(b"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\nX-Length: %d\r\n\r\n"
                                b"%x\r\n%s\r\n0\r\nX-Sum: 7\r\n\r\n" % (len(head.body), len(answer), answer))

        for upstream in (self.h2c(echo_h2), self.upstream(echo_h1)):
            process = self.sluice(upstream)
            with self.subTest(upstream=upstream.url):
                reply = self.client(process).ask(request("POST", "/", [("TE", "trailers"), ("Connection", "TE")], body))
                self.assertEqual((reply.status, reply.get("x-length")), (201, str(len(body))))
                self.assertEqual((reply.body, [(n.lower(), v) for n, v in reply.trailers]), (answer, [("x-sum", "7")]))
                client = H2Client(process.address("web"))
                self._clients.append(client)
                reply = client.ask("POST", "/", [("te", "trailers")], body)
                self.assertEqual((reply.status, reply.get("x-length")), (201, str(len(body))))
                self.assertEqual((reply.body, reply.trailers), (answer, [("x-sum", "7")]))

    def test_alpn_decides_the_version_and_disableHTTP2_forbids_it(self):
        scripts = {"h2": serve_h2(lambda server, asked: server.reply(asked, 200, b"h2")), "http/1.1": serve(
            response(200, b"http/1.1")), None: serve(response(200, b"http/1.1"))}
        both = self.secure(scripts, "h2", "http/1.1")
        process = self.sluice(self.through(both))
        self.assertEqual(self.client(process).ask(get(host="app.test")).body, b"h2")
        process.configure(self.through(both, disableHTTP2=True))
        self.assertEqual(self.client(process).ask(get(host="app.test")).body, b"http/1.1")
        for protocols in (("http/1.1",), ()):
            old = self.secure(scripts, *protocols)
            process.configure(self.through(old))
            client = self.client(process)
            for _ in range(3):
                self.assertEqual(client.ask(get(host="app.test")).body, b"http/1.1")
            self.assertEqual(len(old.connections), 1)

    def test_an_upgrade_goes_to_http1_beside_h2(self):
        upstream = self.secure({"h2": serve_h2(), "http/1.1": echo}, "h2", "http/1.1")
        process = self.sluice(self.through(upstream))
        self.assertEqual(self.client(process).ask(get(host="app.test")).body, b"ok")
        client = self.client(process)
        self.assertEqual(client.ask(get("/", HANDSHAKE, host="app.test")).status, 101)
        client.send(b"bytes")
        self.assertEqual(client.reader.exactly(5), b"bytes")
        self.assertEqual([one.protocol for one in upstream.connections], ["h2", "http/1.1"])

    def test_a_burst_shares_one_connection(self):
        upstream = self.h2c(lambda server, asked: upstream.waiting.append((server, asked)), most=100)
        upstream.waiting = []
        process = self.sluice(upstream)
        client = H2Client(process.address("web"))
        self._clients.append(client)
        streams = [client.stream("GET", f"/{n}") for n in range(90)]
        self.assertTrue(upstream.wait(lambda: len(upstream.waiting) == 90))
        self.assertEqual(len(upstream.connections), 1)
        self.assertEqual(len({id(server) for server, _ in upstream.waiting}), 1)
        for server, asked in upstream.waiting:
            server.reply(asked, 200, b"x")
        for stream in streams:
            self.assertEqual(client.answer(stream).body, b"x")

    def test_a_server_that_takes_few_streams_gets_more_connections(self):
        upstream = self.h2c(lambda server, asked: upstream.waiting.append((server, asked)), most=2)
        upstream.waiting = []
        process = self.sluice(upstream)
        client = H2Client(process.address("web"))
        self._clients.append(client)
        self.client(process)
        first = client.stream()
        self.assertTrue(upstream.wait(lambda: len(upstream.waiting) == 1))
        streams = [first] + [client.stream() for _ in range(5)]
        self.assertTrue(upstream.wait(lambda: len(upstream.waiting) == 6))
        self.assertEqual(len(upstream.connections), 3)
        for server, asked in upstream.waiting:
            server.reply(asked, 200, b"x")
        for stream in streams:
            self.assertEqual(client.answer(stream).status, 200)

    def test_refused_streams_and_goaway_are_repeated(self):
        def refuse_once(server, asked):
            if len(upstream.requests) == 1:
                server.connection.reset_stream(asked.number, 7)
                server.flush()
            else:
                server.reply(asked, 200, b"again")

        upstream = self.h2c(refuse_once)
        self.assertEqual(self.client(self.sluice(upstream)).ask(request("POST", length=True)).body, b"again")

        def leave(server, asked):
            if len(upstream.connections) == 1:
                server.wire.send(frame(GOAWAY, 0, 0, bytes(8)))  # no stream was looked at
            else:
                server.reply(asked, 200, b"elsewhere")

        upstream = self.h2c(leave)
        self.assertEqual(self.client(self.sluice(upstream)).ask(request("POST", length=True)).body, b"elsewhere")
        self.assertEqual(len(upstream.connections), 2)

    def test_small_content_is_sent_again_with_its_request(self):
        def refuse_once(server, asked):
            if len(upstream.requests) == 1:
                server.connection.reset_stream(asked.number, 7)
                server.flush()
            else:
                server.reply(asked, 200, asked.body)

        for size, status in ((1, 200), (9000, 200), (200_000, 502)):
            with self.subTest(size=size):
                upstream = self.h2c(refuse_once)
                process = self.sluice(upstream)
                body = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
                client = H2Client(process.address("web"))
                self._clients.append(client)
                answer = client.ask("POST", "/", body=body)
                self.assertEqual(answer.status, status)
                if status == 200:
                    self.assertEqual(answer.body, body)
                self.assertEqual(len(upstream.requests), 2 if status == 200 else 1)

    def test_a_reset_stream_is_502_and_a_later_one_cut_short(self):
        def reset(server, asked):
            if asked.get(":path") == "/later":
                server.connection.send_headers(asked.number, [(":status", "200")])
                server.connection.send_data(asked.number, b"half")
            server.connection.reset_stream(asked.number, 2)
            server.flush()

        upstream = self.h2c(reset)
        process = self.sluice(upstream)
        self.assertEqual(self.client(process).ask(request("POST", length=True)).status, 502)
        client = H2Client(process.address("web"))
        self._clients.append(client)
        answer = client.ask("GET", "/later")
        self.assertEqual((answer.status, answer.body, answer.reset), (200, b"half", 2))

    def test_a_connection_that_breaks_is_replaced(self):
        upstream = self.h2c()
        client = self.client(self.sluice(upstream))
        self.assertEqual(client.ask(get()).status, 200)
        for _ in range(3):
            upstream.connections[-1].reset()
            self.assertEqual(client.ask(get()).status, 200)

    def test_a_client_that_leaves_resets_its_stream_alone(self):
        upstream = self.h2c(lambda server, asked: asked.get(":path") != "/hold" and server.reply(asked, 200, b"x"))
        process = self.sluice(upstream)
        leaving = self.client(process)
        leaving.send(get("/hold"))
        self.assertTrue(upstream.wait_for_requests(1))
        leaving.reset()
        self.assertTrue(upstream.wait(lambda: upstream.requests[0].reset, patience(5)))
        self.assertEqual(self.client(process).ask(get()).body, b"x")

    def test_a_large_response_waits_for_a_slow_client(self):
        body = b"x" * 3_000_000
        upstream = self.h2c(lambda server, asked: server.reply(asked, 200, body))
        process = self.sluice(upstream)
        client = self.client(process, receive_buffer=4096)
        client.send(get())
        time.sleep(0.3)
        reply = client.reply()
        self.assertEqual(len(reply.body), len(body))

    def test_a_silent_connection_is_asked_for_a_sign_of_life(self):
        def stuck(connection):
            server = H2Server(connection, lambda server, asked: None)
            server.connection._frame_dispatch_table[hyperframe.frame.PingFrame] = lambda ping: ([], [])  # no answer
            server.run()

        upstream = self.upstream(stuck)
        upstream.url = upstream.url.replace("http://", "h2c://")
        dynamic = self.through(upstream, forwardingTimeouts={"readIdleTimeout": "300ms", "pingTimeout": "300ms"})
        began = time.monotonic()
        self.assertEqual(self.client(self.sluice(dynamic)).ask(request("POST", host="app.test", length=True)).status, 504)
        self.assert_within(5, began, "the end of a dead connection")

    def test_malformed_answers_are_502(self):
        heads = ([(":status", "101")], [(":status", "200"), ("connection", "close")], [(":status", "xyz")],
                 [(":status", "200"), ("content-length", "5"), ("content-length", "6")], [("x", "no status")])
        for head in heads:
            with self.subTest(head=head):
                def answer(server, asked, head=head):
                    server.connection.send_headers(asked.number, head, end_stream=head[0][1] != "101")
                    server.flush()

                upstream = self.h2c(answer)
                self.assertEqual(self.client(self.sluice(upstream)).ask(get()).status, 502)
