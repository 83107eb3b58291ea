"""Which status stands for which failure, and what the log says about it."""
import re
import socket
import time

from framework import (Case, answer, get, hold, host_router, http, patience, refuse_connections, request, response,
                       router, serve,
                       servers, single)


class Unrouted(Case):
    def test_no_router_is_404(self):
        client = self.client(self.sluice({}))
        reply = client.ask(get())
        self.assertEqual((reply.status, reply.body), (404, b"404 page not found\n"))
        self.assertEqual(reply.get("Content-Type"), "text/plain; charset=utf-8")
        self.assertEqual(reply.get("X-Content-Type-Options"), "nosniff")
        self.assertEqual(client.ask(get("/again")).status, 404, "the connection goes on")

    def test_a_404_with_an_upload_keeps_the_messages_apart(self):
        client = self.client(self.sluice({}))
        client.send(request("POST", "/", body=b"GET /x HTTP/1.1\r\nHost: case.test\r\n\r\n"), get("/after"))
        self.assertEqual(client.reply().status, 404)
        self.assertIn(client.reply().status, (404,))
        self.assertTrue(client.is_silent())

    def test_head_of_nothing_has_no_body(self):
        client = self.client(self.sluice({}))
        self.assertEqual(client.ask(request("HEAD"), "HEAD").status, 404)
        self.assertEqual(client.ask(get()).status, 404)

    def test_the_log_names_the_nearest_routers(self):
        upstream = self.upstream()
        process = self.sluice(http({"blog": host_router("blog.case.test", "app"),
                                    "shop": host_router("shop.other.test", "app")},
                                   {"app": servers(upstream.url)}), level="INFO")
        self.client(process).ask(get("/where", host="blgo.case.test"))
        line = process.wait_for_log(r"blgo\.case\.test")
        self.assertIn("blog@file", line)
        self.assertIn("web", line)

    def test_a_flood_of_404_does_not_flood_the_log(self):
        process = self.sluice({}, level="INFO")
        client = self.client(process)
        before = len(process.lines)
        for i in range(300):
            self.assertEqual(client.ask(get(f"/{i}")).status, 404)
        process.wait_for_log(r"case\.test")
        self.assertLess(len(process.lines) - before, 30)

    def test_a_router_without_tls_is_for_its_entry_points_only(self):
        upstream = self.upstream()
        process = self.sluice(http({"web": router("PathPrefix(`/`)", "app", entryPoints=["web"])},
                                   {"app": servers(upstream.url)}),
                              entry_points={"other": "127.0.0.1:0"})
        self.assertEqual(self.client(process).ask(get()).status, 200)
        self.assertEqual(self.client(process, "other").ask(get()).status, 404)


class Unavailable(Case):
    def test_a_known_host_without_a_server_is_503_with_retry_after(self):
        client = self.client(self.sluice(single()))
        reply = client.ask(get())
        self.assertEqual((reply.status, reply.body), (503, b"no available server"))
        self.assertRegex(reply.get("Retry-After"), r"^\d+$")
        self.assertEqual(client.ask(get()).status, 503)

    def test_all_weights_zero_is_503_too(self):
        upstream = self.upstream()
        client = self.client(self.sluice(single({"url": upstream.url, "weight": 0})))
        self.assertEqual(client.ask(get()).status, 503)

    def test_a_router_to_a_missing_service_is_left_out_alone(self):
        upstream = self.upstream()
        process = self.sluice(http({"bad": host_router("bad.test", "missing"), "good": host_router("good.test", "app")},
                                   {"app": servers(upstream.url)}))
        self.assertEqual(self.client(process).ask(get(host="good.test")).status, 200)
        self.assertEqual(self.client(process).ask(get(host="bad.test")).status, 404)
        process.wait_for_log(r"missing")


class MethodNotAllowed(Case):
    def test_trace_is_told_what_else_could_be_asked(self):
        _, _, client = self.edge()
        reply = client.ask(request("TRACE"), "TRACE")
        self.assertEqual(reply.status, 405)
        self.assertIn("GET", reply.get("Allow").split(", "))


class BadGateway(Case):
    def assert_bad_gateway(self, client, status=502, body=b"Bad Gateway"):
        reply = client.ask(get())
        self.assertEqual((reply.status, reply.body), (status, body))

    def test_a_refused_connection_is_502(self):
        client = self.client(self.sluice(refuse_connections()))
        self.assert_bad_gateway(client)
        self.assert_bad_gateway(client)

    def test_a_name_that_does_not_resolve_is_502(self):
        client = self.client(self.sluice("http://does-not-exist.invalid:80"))
        client.socket.settimeout(patience(30))
        self.assert_bad_gateway(client)

    def test_an_upstream_that_closes_or_resets_before_a_byte_is_502(self):
        for how in ("close", "reset"):
            with self.subTest(how):
                _, _, client = self.edge(lambda connection, how=how: (connection.read_request(), getattr(connection,
                                                                                                         how)()))
                self.assert_bad_gateway(client)

    def test_an_upstream_that_closes_at_accept_is_502(self):
        for how in ("close", "reset"):
            with self.subTest(how):
                _, _, client = self.edge(lambda connection, how=how: getattr(connection, how)())
                self.assert_bad_gateway(client)

    def test_a_server_with_an_unsupported_scheme_is_left_out_and_named(self):
        process = self.sluice("ftp://127.0.0.1:1")
        self.assertEqual(self.client(process).ask(get()).status, 503)
        process.wait_for_log(r"ftp://127\.0\.0\.1:1")

    def test_every_5xx_has_its_line_with_router_service_server_and_cause(self):
        upstream = self.upstream(answer(b"NONSENSE\r\n\r\n"))
        refused = refuse_connections()
        process = self.sluice(http(
            {"r-refused": host_router("refused.test", "s-refused"), "r-broken": host_router("broken.test", "s-broken"),
             "r-empty": host_router("empty.test", "s-empty")},
            {"s-refused": servers(refused), "s-broken": servers(upstream.url), "s-empty": servers()}), level="INFO")
        client = self.client(process)
        for name, status, server in (("refused", 502, refused), ("broken", 502, upstream.url), ("empty", 503, None)):
            with self.subTest(name):
                self.assertEqual(client.ask(get(host=f"{name}.test")).status, status)
                line = process.wait_for_log(rf"\b{status}\b.*r-{name}@file|r-{name}@file.*\b{status}\b")
                self.assertIn(f"s-{name}@file", line)
                if server:
                    self.assertIn(server.removeprefix("http://"), line)
                if name == "refused":
                    self.assertRegex(line.lower(), r"refused")

    def test_the_lines_are_rate_limited_per_cause(self):
        process = self.sluice(refuse_connections(), level="INFO")
        client = self.client(process)
        before = len(process.lines)
        for _ in range(300):
            self.assertEqual(client.ask(get()).status, 502)
        process.wait_for_log(r"\b502\b")
        self.assertLess(len(process.lines) - before, 30)

    def test_a_hostile_host_cannot_forge_log_lines(self):
        process = self.sluice({}, level="DEBUG")
        self.client(process).ask(b"GET /\x1b[31m%0aFORGED HTTP/1.1\r\nHost: case.test\r\n\r\n")
        self.client(process).ask(get("/%0aFORGED-LINE"))
        self.client(process).ask(get("/x", [("X", "\x9b31m")]))
        process.stop()
        self.assertFalse([line for line in process.lines if line.startswith("FORGED") or "\x1b[31m" in line])


class GatewayTimeout(Case):
    def test_no_reply_in_time_is_504(self):
        upstream, process, client = self.edge(hold, "--serversTransport.forwardingTimeouts.responseHeaderTimeout=300ms")
        began = time.monotonic()
        reply = client.ask(get())
        self.assertEqual((reply.status, reply.body), (504, b"Gateway Timeout"))
        self.assert_within(2.0, began, "the timeout")
        self.assertGreater(time.monotonic() - began, 0.29)
        self.assertTrue(upstream.wait(lambda: upstream.connections[0].ended.is_set()))
        process.wait_for_log(r"\b504\b")

    def test_a_connection_that_is_not_accepted_in_time_is_504(self):
        listener = socket.socket()
        self.addCleanup(listener.close)
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        fillers = []
        for _ in range(4):  # a full accept queue drops further SYNs
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
            fillers.append(filler)
            self.addCleanup(filler.close)
        time.sleep(0.1)
        process = self.sluice(f"http://127.0.0.1:{listener.getsockname()[1]}",
                              "--serversTransport.forwardingTimeouts.dialTimeout=400ms")
        began = time.monotonic()
        self.assertEqual(self.client(process).ask(get()).status, 504)
        self.assert_within(2.0, began, "the dial timeout")

    def test_a_transport_of_ones_own_sets_the_timeouts(self):
        upstream = self.upstream(hold)
        dynamic = single(upstream.url, serversTransport="quick")
        dynamic["http"]["serversTransports"] = {"quick": {"forwardingTimeouts": {"responseHeaderTimeout": "300ms"}}}
        self.assertEqual(self.client(self.sluice(dynamic)).ask(get()).status, 504)

    def test_a_body_that_comes_late_is_no_timeout_of_the_head(self):
        def slow_body(connection):
            connection.read_request()
            connection.send(response(200, fields=[("Content-Length", "4")], length=False))
            connection.ended.wait(0.7)
            connection.send(b"late")
            connection.hold()

        _, _, client = self.edge(slow_body, "--serversTransport.forwardingTimeouts.responseHeaderTimeout=300ms")
        self.assertEqual(client.ask(get()).body, b"late")


class ClientGone(Case):
    def test_a_client_that_goes_away_cancels_its_request_and_is_logged_as_499(self):
        upstream, process, client = self.edge(hold)
        client.send(get())
        self.assertTrue(upstream.wait_for_requests(1))
        client.reset()
        self.assertTrue(upstream.wait(lambda: upstream.connections[0].ended.is_set()))
        process.wait_for_log(r"\b499\b")

    def test_it_is_not_logged_as_a_server_error(self):
        upstream, process, client = self.edge(hold)
        client.send(get())
        self.assertTrue(upstream.wait_for_requests(1))
        client.reset()
        self.assertTrue(upstream.wait(lambda: upstream.connections[0].ended.is_set()))
        process.stop()
        self.assertFalse([line for line in process.lines if re.search(r"\b50[0-9]\b.*@file", line)])


class Ping(Case):
    def test_ping_answers_on_its_entry_point(self):
        process = self.sluice({}, "--ping=true", "--ping.entryPoint=web")
        client = self.client(process)
        reply = client.ask(get("/ping"))
        self.assertEqual((reply.status, reply.body), (200, b"OK"))
        self.assertEqual(client.ask(request("HEAD", "/ping"), "HEAD").status, 200)

    def test_ping_is_off_by_default(self):
        self.assertEqual(self.client(self.sluice({})).ask(get("/ping")).status, 404)


class Redirection(Case):
    def test_an_entry_point_redirects_to_another(self):
        upstream = self.upstream()
        process = self.sluice(upstream, "--entryPoints.web.http.redirections.entryPoint.to=:8443",
                              "--entryPoints.web.http.redirections.entryPoint.scheme=https")
        client = self.client(process)
        reply = client.ask(get("/a?b=c", host="case.test:1234"))
        self.assertEqual((reply.status, reply.get("Location")), (301, "https://case.test:8443/a?b=c"))
        self.assertEqual(client.ask(request("POST", "/a")).status, 308)
        self.assertEqual(upstream.requests, [])

    def test_a_temporary_one(self):
        process = self.sluice({}, "--entryPoints.web.http.redirections.entryPoint.to=:443",
                              "--entryPoints.web.http.redirections.entryPoint.permanent=false")
        reply = self.client(process).ask(get("/a"))
        self.assertEqual((reply.status, reply.get("Location")), (302, "https://case.test/a"))


class ServeForever(Case):
    def test_an_upstream_on_ipv6(self):
        upstream = self.upstream(serve(), host="::1")
        client = self.client(self.sluice(upstream))
        self.assertEqual(client.ask(get()).status, 200)

    def test_an_upstream_by_name(self):
        upstream = self.upstream()
        client = self.client(self.sluice(f"http://localhost:{upstream.port}"))
        self.assertEqual(client.ask(get()).status, 200)
