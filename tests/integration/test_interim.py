"""Expect: 100-continue and interim replies (RFC 9110 §10.1.1, §15.2)."""
from framework import Case, chunked, get, request, response, serve

EXPECT = [("Expect", "100-continue")]


class Expect(Case):
    def test_the_client_is_told_to_continue(self):
        upstream, _, client = self.edge()
        client.send(request("POST", "/", EXPECT + [("Content-Length", "4")], length=False))
        interim = client.head()
        self.assertEqual(interim.status, 100)
        client.send(b"body")
        self.assertEqual(client.reply().status, 200)
        self.assertEqual(upstream.requests[0].body, b"body")

    def test_exactly_one_100_whether_or_not_the_upstream_sends_one(self):
        def relaying(connection):
            while (head := connection.read_head()) is not None:
                if head.get("Expect"):
                    connection.send(response(100))
                connection.read_body(head)
                connection.send(response(200, b"ok"))

        for script in (None, relaying):
            with self.subTest(script=script):
                _, _, client = self.edge(script)
                client.send(request("POST", "/", EXPECT + [("Content-Length", "4")], length=False))
                self.assertEqual(client.head().status, 100)
                reply = client.ask(b"body")
                self.assertEqual((reply.status, reply.interim), (200, []))

    def test_expect_is_case_insensitive(self):
        _, _, client = self.edge()
        client.send(request("POST", "/", [("expect", "100-Continue"), ("Content-Length", "1")], length=False))
        self.assertEqual(client.head().status, 100)
        self.assertEqual(client.ask(b"x").status, 200)

    def test_a_chunked_upload_may_wait_too(self):
        upstream, _, client = self.edge()
        client.send(request("POST", "/", EXPECT + [("Transfer-Encoding", "chunked")], length=False))
        self.assertEqual(client.head().status, 100)
        self.assertEqual(client.ask(chunked(b"abc")).status, 200)
        self.assertEqual(upstream.requests[0].body, b"abc")

    def test_a_client_that_does_not_wait_is_served(self):
        upstream, _, client = self.edge()
        reply = client.ask(request("POST", "/", EXPECT, b"body"))
        self.assertEqual(reply.status, 200)
        self.assertEqual(upstream.requests[0].body, b"body")
        self.assertEqual(client.ask(get("/next")).status, 200)

    def test_other_expectations_are_417(self):
        for value in ("200-ok", "100-continue, x", "y 100-continue", "100-continue;q=1", "x"):
            with self.subTest(value):
                upstream, _, client = self.edge()
                client.send(request("POST", "/", [("Expect", value)], b"body"))
                self.assertEqual(client.reply().status, 417)
                self.assertEqual(upstream.requests, [])

    def test_expect_on_a_request_without_a_body_asks_for_nothing(self):
        _, _, client = self.edge()
        reply = client.ask(get("/", EXPECT))
        self.assertIn((reply.status, reply.interim), ((200, []),))

    def test_a_404_instead_of_100_closes_without_reading_the_body(self):
        process = self.sluice({})
        client = self.client(process)
        client.send(request("POST", "/", EXPECT + [("Content-Length", "1000000")], length=False))
        reply = client.reply()
        self.assertEqual((reply.status, reply.interim), (404, []))
        self.assertTrue(reply.has_token("Connection", "close"))
        self.assertTrue(client.is_closed())

    def test_a_final_status_after_the_body_was_never_sent_closes(self):
        def refuse(connection):
            connection.read_head()
            connection.send(response(403, b"no"))
            connection.hold()

        upstream, process, client = self.edge(refuse)
        client.send(request("POST", "/", EXPECT + [("Content-Length", "1000000")], length=False))
        reply = client.reply()
        self.assertEqual((reply.status, reply.body), (403, b"no"))
        self.assertTrue(client.is_closed(10))
        self.assertTrue(upstream.wait(lambda: upstream.connections[0].ended.is_set()),
                        "the half-used connection is dropped")

    def test_http_1_0_gets_no_100(self):
        upstream, _, client = self.edge()
        reply = client.ask(request("POST", "/", EXPECT, b"body", version="HTTP/1.0"))
        self.assertIn((reply.status, reply.interim), ((200, []), (417, [])))


class InterimReplies(Case):
    def test_early_hints_are_relayed_in_order(self):
        hints = response(103, fields=[("Link", "</a>; rel=preload")]) + response(103, fields=[("Link", "</b>")])
        _, _, client = self.edge(serve(hints + response(200, b"ok")))
        for _ in range(2):
            reply = client.ask(get())
            self.assertEqual((reply.status, reply.body), (200, b"ok"))
            self.assertEqual([(head.status, head.get("Link")) for head in reply.interim],
                             [(103, "</a>; rel=preload"), (103, "</b>")])

    def test_an_interim_reply_arrives_before_the_final_one_exists(self):
        def processing(connection):
            connection.read_request()
            connection.send(response(102))
            connection.owner.wait(lambda: connection.owner.go_on)
            connection.send(response(200, b"done"))
            connection.hold()

        upstream = self.upstream(processing)
        upstream.go_on = False
        client = self.client(self.sluice(upstream))
        client.send(get())
        self.assertEqual(client.head().status, 102)
        upstream.go_on = True
        upstream.changed()
        self.assertEqual(client.reply().body, b"done")

    def test_hop_by_hop_fields_of_an_interim_reply_are_removed(self):
        _, _, client = self.edge(serve(response(103, fields=[("Connection", "X-Hop"), ("X-Hop", "1"), ("Link", "</a>")])
                                       + response(200)))
        interim = client.ask(get()).interim[0]
        self.assertEqual((interim.get("X-Hop"), interim.get("Link")), (None, "</a>"))

    def test_sixteen_are_allowed_and_an_endless_stream_is_502(self):
        upstream, process, client = self.edge(serve(response(102) * 16 + response(200, b"ok")))
        reply = client.ask(get())
        self.assertEqual((reply.status, len(reply.interim)), (200, 16))

        def endless(connection):
            connection.read_request()
            while True:
                connection.send(response(102))

        upstream, process, client = self.edge(endless)
        self.assertEqual(client.ask(get()).status, 502)

    def test_an_unsolicited_101_is_502(self):
        upstream, _, client = self.edge(serve(response(101, fields=[("Upgrade", "websocket"), ("Connection",
                                                                                               "Upgrade")])))
        self.assertEqual(client.ask(get()).status, 502)
        self.assertTrue(upstream.wait(lambda: upstream.connections[0].ended.is_set()))
