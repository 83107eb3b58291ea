"""Keep-alive, pipelining, HTTP/1.0 clients, half close: how a client connection is used and ended."""
from framework import Case, get, request, response, serve


class KeepAlive(Case):
    def test_a_connection_serves_many_requests_over_one_upstream_connection(self):
        upstream, _, client = self.edge(serve(response(200, b"1"), response(200, b"22"), response(200, b"333")))
        self.assertEqual([client.ask(get(f"/{i}")).body for i in range(4)], [b"1", b"22", b"333", b"333"])
        self.assertEqual([head.target for head in upstream.requests], ["/0", "/1", "/2", "/3"])
        self.assertEqual(len(upstream.connections), 1)

    def test_connection_close_is_honoured_and_announced(self):
        upstream, _, client = self.edge()
        reply = client.ask(get("/", [("Connection", "close")]))
        self.assertEqual(reply.status, 200)
        self.assertTrue(reply.has_token("Connection", "close"))
        self.assertTrue(client.is_closed())
        self.assertFalse(upstream.requests[0].has_token("Connection", "close"))

    def test_connection_close_in_any_case_and_beside_other_options(self):
        for value in ("Close", "CLOSE", "keep-alive, close", "close, x-nothing", "close\t", ",close"):
            with self.subTest(value):
                _, _, client = self.edge()
                self.assertEqual(client.ask(get("/", [("Connection", value)])).status, 200)
                self.assertTrue(client.is_closed())

    def test_nothing_after_connection_close_is_processed(self):
        upstream, _, client = self.edge()
        client.send(get("/a", [("Connection", "close")]), get("/SMUGGLED"))
        self.assertEqual(client.reply().status, 200)
        self.assertTrue(client.is_closed())
        self.assertEqual(len(upstream.requests), 1)

    def test_the_upstream_closing_does_not_close_the_client(self):
        upstream, _, client = self.edge(serve(response(200, b"bye", [("Connection", "close")])))
        upstream.script = lambda connection: (
            connection.read_request(), connection.send(response(200, b"bye", [("Connection", "close")])))
        for _ in range(3):
            reply = client.ask(get())
            self.assertEqual(reply.body, b"bye")
            self.assertFalse(reply.has_token("Connection", "close"))
        self.assertEqual(len(upstream.connections), 3)

    def test_empty_lines_before_a_request_are_tolerated_up_to_two(self):
        _, _, client = self.edge()
        self.assertEqual(client.ask(b"\r\n\r\n" + get()).status, 200)
        self.assertEqual(client.ask(b"\r\n" + get()).status, 200)


class Pipelining(Case):
    def test_replies_come_in_the_order_of_the_requests(self):
        def by_target(connection):
            while (head := connection.read_request()) is not None:
                connection.send(response(200, head.target.encode()))

        upstream, _, client = self.edge(by_target)
        client.send(*(get(f"/{i}") for i in range(20)))
        self.assertEqual([client.reply().body for _ in range(20)], [f"/{i}".encode() for i in range(20)])
        self.assertEqual(len(upstream.requests), 20)

    def test_the_next_request_is_forwarded_only_after_the_previous_reply_is_complete(self):
        def halves(connection):
            connection.read_request()
            connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfirst")
            connection.owner.half_sent = True
            connection.owner.wait(lambda: connection.owner.go_on)
            connection.send(b"-half")
            serve()(connection)

        upstream = self.upstream(halves)
        upstream.go_on = False
        client = self.client(self.sluice(upstream))
        client.send(get("/a"), get("/b"))
        head = client.head()
        self.assertEqual(client.reader.exactly(5), b"first")
        self.assertTrue(client.is_silent(0.2))
        self.assertEqual([seen.target for seen in upstream.requests], ["/a"])
        upstream.go_on = True
        upstream.changed()
        self.assertEqual(head.status, 200)
        self.assertEqual(client.reader.exactly(5), b"-half")
        self.assertEqual(client.reply().status, 200)
        self.assertEqual([seen.target for seen in upstream.requests], ["/a", "/b"])

    def test_requests_with_bodies_are_told_apart(self):
        upstream, _, client = self.edge()
        hidden = get("/SMUGGLED")
        client.send(request("POST", "/a", body=hidden), request("POST", "/b", body=b"x"), get("/c"))
        self.assertEqual([client.reply().status for _ in range(3)], [200, 200, 200])
        self.assertEqual([(head.target, head.body) for head in upstream.requests],
                         [("/a", hidden), ("/b", b"x"), ("/c", b"")])

    def test_a_pipeline_split_at_every_byte_is_the_same_pipeline(self):
        upstream, process, _ = self.edge()
        stream = (request("POST", "/a", body=b"abc") + b"\r\n" +
                  request("POST", "/b", [("Transfer-Encoding", "chunked")], length=False) +
                  b"3\r\nxyz\r\n2;n=v\r\n!!\r\n0\r\nX-T: 1\r\n\r\n" + get("/c", [("Connection", "close")]))
        for at in range(1, len(stream)):
            before = len(upstream.requests)
            client = self.client(process)
            client.send(stream[:at])
            client.send(stream[at:])
            with self.subTest(split=at):
                self.assertEqual([client.reply().status for _ in range(3)], [200, 200, 200])
                self.assertTrue(client.is_closed())
                self.assertEqual([(head.target, head.body) for head in upstream.requests[before:]],
                                 [("/a", b"abc"), ("/b", b"xyz!!"), ("/c", b"")])
            client.close()

    def test_a_pipeline_sent_byte_by_byte(self):
        upstream, _, client = self.edge()
        client.send_bytewise(get("/a") + request("PUT", "/b", body=b"body") + get("/c"))
        self.assertEqual([client.reply().status for _ in range(3)], [200, 200, 200])
        self.assertEqual([head.target for head in upstream.requests], ["/a", "/b", "/c"])

    def test_a_thousand_pipelined_requests_need_no_recursion(self):
        upstream, _, client = self.edge()
        client.send(get("/x") * 1000)
        for _ in range(1000):
            self.assertEqual(client.reply().status, 200)
        self.assertEqual(len(upstream.requests), 1000)


class Http10Clients(Case):
    def test_the_connection_closes_after_one_reply(self):
        _, _, client = self.edge()
        reply = client.ask(get(version="HTTP/1.0"))
        self.assertEqual((reply.status, reply.body), (200, b"ok"))
        self.assertTrue(client.is_closed())

    def test_keep_alive_when_asked_for(self):
        upstream, _, client = self.edge()
        for _ in range(2):
            reply = client.ask(get(version="HTTP/1.0", fields=[("Connection", "keep-alive")]))
            self.assertEqual(reply.status, 200)
            self.assertTrue(reply.has_token("Connection", "keep-alive"))
        self.assertEqual(len(upstream.requests), 2)

    def test_never_a_chunked_reply(self):
        body = b"5\r\nhello\r\n0\r\n\r\n"
        _, _, client = self.edge(serve(response(200, body, [("Transfer-Encoding", "chunked")], length=False)))
        reply = client.ask(get(version="HTTP/1.0", fields=[("Connection", "keep-alive")]))
        self.assertIsNone(reply.get("Transfer-Encoding"))
        self.assertEqual(reply.body, b"hello")
        self.assertTrue(client.is_closed())

    def test_the_upstream_sees_http_1_1(self):
        upstream, _, client = self.edge()
        client.ask(get(version="HTTP/1.0"))
        self.assertEqual(upstream.requests[0].version, "HTTP/1.1")
        self.assertEqual(upstream.requests[0].get("Host"), "case.test")

    def test_without_a_host_only_routers_without_a_host_match(self):
        _, _, client = self.edge()
        self.assertEqual(client.ask(get(version="HTTP/1.0", host=None)).status, 200)

    def test_no_interim_reply(self):
        _, _, client = self.edge(serve(response(103, fields=[("Link", "</a>")]) + response(200, b"ok")))
        reply = client.ask(get(version="HTTP/1.0"))
        self.assertEqual((reply.status, reply.interim), (200, []))

    def test_upgrade_is_ignored(self):
        upstream, _, client = self.edge()
        fields = [("Connection", "Upgrade"), ("Upgrade", "websocket")]
        self.assertEqual(client.ask(get(version="HTTP/1.0", fields=fields)).status, 200)
        self.assertIsNone(upstream.requests[0].get("Upgrade"))


class HalfClose(Case):
    def test_a_complete_request_is_answered_after_the_client_ended_its_side(self):
        _, _, client = self.edge(lambda connection: (connection.read_request(),
                                                     connection.send(response(200, b"late"))))
        client.send(get()).end()
        self.assertEqual(client.reply().body, b"late")
        self.assertTrue(client.is_closed())

    def test_pipelined_requests_are_all_answered(self):
        _, _, client = self.edge()
        client.send(get("/a"), get("/b")).end()
        self.assertEqual([client.reply().status for _ in range(2)], [200, 200])
        self.assertTrue(client.is_closed())

    def test_an_incomplete_head_is_not_forwarded(self):
        upstream, _, client = self.edge()
        client.send(b"GET / HTTP/1.1\r\nHost: case.test\r\n").end()
        client.rest()
        self.assertEqual(upstream.requests, [])

    def test_a_truncated_upload_never_reaches_the_upstream_as_complete(self):
        upstream, _, client = self.edge()
        client.send(request("POST", "/", [("Content-Length", "10")], length=False), b"half")
        self.assertTrue(upstream.wait(lambda: upstream.received.endswith(b"half")))
        client.end().rest()
        self.assertTrue(upstream.wait(lambda: upstream.connections[0].ended.is_set()))
        self.assertTrue(upstream.received.endswith(b"\r\n\r\nhalf"))

    def test_a_truncated_chunked_upload_never_gets_a_last_chunk(self):
        upstream, _, client = self.edge()
        client.send(request("POST", "/", [("Transfer-Encoding", "chunked")], length=False), b"4\r\nhalf\r\n")
        self.assertTrue(upstream.wait(lambda: b"half" in upstream.received))
        client.end().rest()
        self.assertTrue(upstream.wait(lambda: upstream.connections[0].ended.is_set()))
        self.assertNotIn(b"0\r\n\r\n", upstream.received)
