"""What happens to header fields on the way: hop-by-hop fields, Host, X-Forwarded-*, and whom to believe."""
import socket

from framework import Case, get, request, response, serve, single

CLIENT_FIELDS = ("X-Forwarded-For", "X-Real-Ip", "X-Forwarded-Proto", "X-Forwarded-Host", "X-Forwarded-Port")


class HopByHop(Case):
    def test_request_fields_that_end_here(self):
        fields = [("Connection", "keep-alive, X-Mine"), ("X-Mine", "1"), ("Keep-Alive", "timeout=5"),
                  ("Proxy-Connection", "keep-alive"), ("Proxy-Authorization", "Basic eA=="),
                  ("Proxy-Authenticate", "x"),
                  ("TE", "gzip, trailers"), ("Trailer", "X-T"), ("Authorization", "Bearer y"), ("X-Other", "2")]
        upstream, _, client = self.edge()
        self.assertEqual(client.ask(get("/", fields)).status, 200)
        seen = upstream.requests[0]
        for name in ("X-Mine", "Keep-Alive", "Proxy-Connection", "Proxy-Authorization", "Proxy-Authenticate",
                     "Upgrade"):
            self.assertIsNone(seen.get(name), name)
        self.assertIn(seen.get("TE"), (None, "trailers"))
        self.assertFalse(seen.has_token("Connection", "X-Mine"))
        self.assertEqual((seen.get("Authorization"), seen.get("X-Other")), ("Bearer y", "2"))

    def test_reply_fields_that_end_here(self):
        fields = [("Connection", "X-Mine"), ("X-Mine", "1"), ("Keep-Alive", "timeout=5"),
                  ("Proxy-Authenticate", "Basic"),
                  ("Proxy-Connection", "close"), ("WWW-Authenticate", "Basic"), ("X-Other", "2")]
        _, _, client = self.edge(serve(response(200, b"ok", fields)))
        reply = client.ask(get())
        for name in ("X-Mine", "Keep-Alive", "Proxy-Connection"):
            self.assertIsNone(reply.get(name), name)
        self.assertEqual((reply.get("WWW-Authenticate"), reply.get("X-Other")), ("Basic", "2"))

    def test_a_client_cannot_nominate_fields_that_matter(self):
        names = ["Host", "Content-Length", "Authorization", "Cookie", "Cache-Control", "Content-Type",
                 "X-Forwarded-For",
                 "X-Forwarded-Proto", "X-Forwarded-Host", "X-Real-Ip"]
        fields = [("Connection", ", ".join(names)), ("Authorization", "a"), ("Cookie", "b"), ("Cache-Control", "c"),
                  ("Content-Type", "d/e")]
        upstream, _, client = self.edge()
        self.assertEqual(client.ask(request("POST", "/", fields, b"body")).status, 200)
        for name in names:
            self.assertIsNotNone(upstream.requests[0].get(name), name)
        self.assertEqual(upstream.requests[0].body, b"body")

    def test_nominations_are_case_insensitive_and_may_be_spread_over_fields(self):
        upstream, _, client = self.edge()
        client.ask(get("/", [("Connection", "x-ONE"), ("X-One", "1"), ("connection", ",, X-Two ,"), ("x-two", "2")]))
        self.assertEqual((upstream.requests[0].get("X-One"), upstream.requests[0].get("X-Two")), (None, None))

    def test_order_and_spelling_of_end_to_end_fields_are_kept(self):
        fields = [("x-lower", "1"), ("X-UPPER", "2"), ("Accept", "a"), ("Accept", "b"), ("X-Mixed-Case", "3")]
        upstream, _, client = self.edge()
        client.ask(get("/", fields))
        names = [name for name, _ in fields]
        self.assertEqual([field for field in upstream.requests[0].fields if field[0] in names], fields)

    def test_no_user_agent_is_invented(self):
        upstream, _, client = self.edge()
        client.ask(get())
        self.assertIsNone(upstream.requests[0].get("User-Agent"))
        self.assertIsNone(upstream.requests[0].get("Via"))


class Forwarded(Case):
    def test_what_an_upstream_learns_about_the_client(self):
        upstream, process, client = self.edge()
        client.ask(get("/", host="case.test:8080"))
        seen = upstream.requests[0]
        self.assertEqual([seen.get(name) for name in CLIENT_FIELDS],
                         ["127.0.0.1", "127.0.0.1", "http", "case.test:8080", "8080"])
        self.assertEqual(seen.get("X-Forwarded-Server"), socket.gethostname())
        self.assertEqual(seen.get("Host"), "case.test:8080")

    def test_the_port_of_a_host_without_one_is_80(self):
        upstream, _, client = self.edge()
        client.ask(get())
        self.assertEqual(upstream.requests[0].get("X-Forwarded-Port"), "80")

    def test_the_address_is_that_of_the_peer(self):
        upstream, process, _ = self.edge()
        self.client(process, source="127.0.0.9").ask(get())
        self.assertEqual(upstream.requests[0].get("X-Forwarded-For"), "127.0.0.9")
        self.assertEqual(upstream.requests[0].get("X-Real-Ip"), "127.0.0.9")

    def test_an_untrusted_peer_is_not_believed(self):
        forged = [("X-Forwarded-For", "6.6.6.6"), ("X-Real-Ip", "6.6.6.6"), ("X-Forwarded-Proto", "https"),
                  ("X-Forwarded-Host", "evil.test"), ("X-Forwarded-Port", "666"), ("X-Forwarded-Server", "evil.test"),
                  ("X-Forwarded-Uri", "/evil"), ("X-Forwarded-Method", "EVIL"), ("X-Forwarded-Prefix", "/evil"),
                  ("X-Forwarded-Tls-Client-Cert", "evil"), ("X-Forwarded-Tls-Client-Cert-Info", "evil"),
                  ("X-Forwarded-Scheme", "evil"), ("X-Scheme", "evil")]
        for spelling in (str, str.lower, str.upper, lambda name: name.replace("-", "_")):
            upstream, _, client = self.edge()
            client.ask(get("/", [(spelling(name), value) for name, value in forged]))
            with self.subTest(spelling=spelling("X-Forwarded-For")):
                for word in (b"6.6.6.6", b"evil", b"EVIL", b"666"):
                    self.assertNotIn(word, upstream.received)
                self.assertEqual([upstream.requests[0].get(name) for name in CLIENT_FIELDS],
                                 ["127.0.0.1", "127.0.0.1", "http", "case.test", "80"])

    def test_a_trusted_peer_is_believed_and_its_own_address_appended(self):
        upstream = self.upstream()
        process = self.sluice(upstream, "--entryPoints.web.forwardedHeaders.trustedIPs=127.0.0.2/32,10.0.0.0/8")
        told = [("X-Forwarded-For", "1.2.3.4"), ("X-Forwarded-For", "5.6.7.8"), ("X-Forwarded-Proto", "https"),
                ("X-Forwarded-Host", "real.test"), ("X-Forwarded-Port", "443"), ("X-Real-Ip", "1.2.3.4")]
        self.client(process, source="127.0.0.2").ask(get("/", told))
        seen = upstream.requests[0]
        self.assertEqual([seen.get(name) for name in CLIENT_FIELDS],
                         ["1.2.3.4, 5.6.7.8, 127.0.0.2", "1.2.3.4", "https", "real.test", "443"])
        self.client(process, source="127.0.0.3").ask(get("/", told))
        self.assertEqual(upstream.requests[1].get("X-Forwarded-For"), "127.0.0.3")
        self.assertEqual(upstream.requests[1].get("X-Forwarded-Proto"), "http")

    def test_insecure_believes_everybody(self):
        upstream = self.upstream()
        process = self.sluice(upstream, "--entryPoints.web.forwardedHeaders.insecure=true")
        self.client(process).ask(get("/", [("X-Forwarded-For", "1.2.3.4")]))
        self.assertEqual(upstream.requests[0].get("X-Forwarded-For"), "1.2.3.4, 127.0.0.1")

    def test_appending_can_be_switched_off(self):
        upstream = self.upstream()
        process = self.sluice(upstream, "--entryPoints.web.forwardedHeaders.insecure=true",
                              "--entryPoints.web.forwardedHeaders.notAppendXForwardedFor=true")
        self.client(process).ask(get("/", [("X-Forwarded-For", "1.2.3.4")]))
        self.assertEqual(upstream.requests[0].get("X-Forwarded-For"), "1.2.3.4")

    def test_fields_of_one_request_do_not_leak_into_the_next(self):
        upstream, _, client = self.edge()
        client.ask(get("/", [("X-Secret", "one"), ("Cookie", "a=b")], host="one.test:81"))
        client.ask(get("/", host="two.test"))
        self.assertEqual([upstream.requests[1].get(name) for name in ("X-Secret", "Cookie", "X-Forwarded-Host")],
                         [None, None, "two.test"])


class HostHeader(Case):
    def test_the_clients_host_is_passed_by_default(self):
        upstream, _, client = self.edge()
        client.ask(get(host="Case.Test:81"))
        self.assertEqual(upstream.requests[0].get("Host"), "Case.Test:81")

    def test_pass_host_header_false_sends_the_servers_own(self):
        upstream = self.upstream()
        client = self.client(self.sluice(single(upstream.url, passHostHeader=False)))
        client.ask(get())
        self.assertEqual(upstream.requests[0].get("Host"), upstream.address)
        self.assertEqual(upstream.requests[0].get("X-Forwarded-Host"), "case.test")
