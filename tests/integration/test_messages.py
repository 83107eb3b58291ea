"""Framing of whole messages: chunked both ways, trailers, close-delimited replies, HEAD, 204, 304, HTTP/1.0 servers."""
from framework import Case, answer, chunked, get, request, response, serve

CHUNKED = [("Transfer-Encoding", "chunked")]


class Uploads(Case):
    def test_content_length_is_kept(self):
        upstream, _, client = self.edge()
        self.assertEqual(client.ask(request("POST", "/", body=b"x" * 5000)).status, 200)
        seen = upstream.requests[0]
        self.assertEqual((seen.get("Content-Length"), seen.get("Transfer-Encoding")), ("5000", None))
        self.assertEqual(seen.body, b"x" * 5000)

    def test_an_empty_body_with_a_length_is_kept(self):
        upstream, _, client = self.edge()
        self.assertEqual(client.ask(request("POST", "/", length=True)).status, 200)
        self.assertEqual(upstream.requests[0].get("Content-Length"), "0")

    def test_a_post_without_a_body_has_none(self):
        upstream, _, client = self.edge()
        self.assertEqual(client.ask(request("POST", "/")).status, 200)
        seen = upstream.requests[0]
        self.assertIn(seen.get("Content-Length"), (None, "0"))
        self.assertIsNone(seen.get("Transfer-Encoding"))

    def test_a_chunked_body_is_decoded_and_framed_anew(self):
        upstream, _, client = self.edge()
        body = b"1;name=value\r\na\r\n00002\r\nbc\r\n0\r\n\r\n"
        self.assertEqual(client.ask(request("POST", "/", CHUNKED, length=False) + body).status, 200)
        seen = upstream.requests[0]
        self.assertEqual(seen.body, b"abc")
        self.assertEqual(seen.all("Transfer-Encoding"), ["chunked"])
        self.assertIsNone(seen.get("Content-Length"))
        self.assertNotIn(b"name=value", upstream.received)

    def test_the_coding_name_is_case_insensitive(self):
        upstream, _, client = self.edge()
        head = request("POST", "/", [("Transfer-Encoding", "CHUNKED")], length=False)
        self.assertEqual(client.ask(head + chunked(b"abc")).status, 200)
        self.assertEqual(upstream.requests[0].body, b"abc")

    def test_a_chunked_upload_streams_before_its_end(self):
        upstream, _, client = self.edge()
        client.send(request("POST", "/", CHUNKED, length=False), chunked(b"early", end=False))
        self.assertTrue(upstream.wait(lambda: b"early" in upstream.received))
        client.send(chunked(b"late"))
        self.assertEqual(client.reply().status, 200)
        self.assertEqual(upstream.requests[0].body, b"earlylate")

    def test_a_get_may_have_a_body(self):
        for head, body in ((get("/", [("Content-Length", "3")]), b"abc"), (get("/", CHUNKED), chunked(b"abc"))):
            with self.subTest(head):
                upstream, _, client = self.edge()
                self.assertEqual(client.ask(head + body).status, 200)
                self.assertEqual(upstream.requests[0].body, b"abc")

    def test_a_large_body_arrives_unchanged(self):
        upstream, _, client = self.edge()
        body = bytes(range(256)) * 20000
        upstream.record = 1 << 24
        self.assertEqual(client.ask(request("PUT", "/", body=body)).status, 200)
        self.assertEqual(upstream.requests[0].body, body)

    def test_many_tiny_chunks(self):
        upstream, _, client = self.edge()
        pieces = [bytes([65 + i % 26]) for i in range(5000)]
        head = request("POST", "/", CHUNKED, length=False)
        self.assertEqual(client.ask(head + chunked(*pieces)).status, 200)
        self.assertEqual(upstream.requests[0].body, b"".join(pieces))

    def test_request_trailers_travel_when_te_trailers_was_sent(self):
        upstream, _, client = self.edge()
        head = request("POST", "/", CHUNKED + [("TE", "trailers"), ("Trailer", "X-Sum")], length=False)
        self.assertEqual(client.ask(head + chunked(b"abc", trailers=[("X-Sum", "3")])).status, 200)
        seen = upstream.requests[0]
        self.assertEqual(seen.body, b"abc")
        self.assertIsNone(seen.get("X-Sum"), "a trailer field is never merged into the head")

    def test_framing_fields_in_request_trailers_are_never_forwarded(self):
        upstream, _, client = self.edge()
        head = request("POST", "/", CHUNKED + [("TE", "trailers")], length=False)
        trailers = [("Content-Length", "5"), ("Host", "evil.test"), ("X-Forwarded-For", "6.6.6.6")]
        reply = client.ask(head + chunked(b"abc", trailers=trailers))
        self.assertIn(reply.status, (200, 400))
        for word in (b"evil.test", b"6.6.6.6", b"Content-Length: 5"):
            self.assertNotIn(word, upstream.received)


class Replies(Case):
    def test_content_length_is_kept(self):
        _, _, client = self.edge(serve(response(200, b"x" * 70000)))
        reply = client.ask(get())
        self.assertEqual((reply.get("Content-Length"), reply.get("Transfer-Encoding")), ("70000", None))
        self.assertEqual(reply.body, b"x" * 70000)

    def test_a_chunked_reply_is_framed_anew(self):
        body = b"3;ext=1\r\nabc\r\n0002\r\nde\r\n0\r\n\r\n"
        _, _, client = self.edge(serve(response(200, body, CHUNKED, length=False)))
        for _ in range(2):
            reply = client.ask(get())
            self.assertEqual(reply.body, b"abcde")
            self.assertEqual(reply.all("Transfer-Encoding"), ["chunked"])

    def test_a_reply_split_at_every_byte_is_the_same_reply(self):
        whole = response(200, chunked(b"one", b"twenty-one", trailers=[("X-T", "v")]), CHUNKED, length=False)

        def split(connection):
            served = 0
            while connection.read_request() is not None:
                served += 1
                at = served % len(whole) or 1
                connection.send(whole[:at])
                connection.send(whole[at:])

        _, _, client = self.edge(split)
        for at in range(1, len(whole)):
            reply = client.ask(get("/", [("TE", "trailers")]))
            self.assertEqual((reply.status, reply.body), (200, b"onetwenty-one"), at)

    def test_a_reply_sent_byte_by_byte(self):
        whole = response(200, b"slow but whole", [("X-A", "1"), ("X-B", "2")])
        _, _, client = self.edge(answer(whole, bytewise=True))
        reply = client.ask(get())
        self.assertEqual((reply.body, reply.get("X-B")), (b"slow but whole", "2"))

    def test_a_reply_streams_before_its_end(self):
        def halves(connection):
            connection.read_request()
            connection.send(response(200, chunked(b"early", end=False), CHUNKED, length=False))
            connection.owner.wait(lambda: connection.owner.seen)
            connection.send(chunked(b"late"))
            connection.hold()

        upstream = self.upstream(halves)
        upstream.seen = False
        client = self.client(self.sluice(upstream))
        client.send(get())
        client.head()
        self.assertIn(b"early", client.reader.until(b"early"))
        upstream.seen = True
        upstream.changed()
        self.assertIn(b"late", client.reader.until(b"0\r\n\r\n"))

    def test_trailers_reach_a_client_that_accepts_them(self):
        trailers = [("X-Checksum", "abc"), ("Grpc-Status", "0")]
        whole = response(200, chunked(b"body", trailers=trailers), CHUNKED + [("Trailer", "X-Checksum, Grpc-Status")],
                         length=False)
        _, _, client = self.edge(serve(whole))
        reply = client.ask(get("/", [("TE", "trailers"), ("Connection", "TE")]))
        self.assertEqual(reply.body, b"body")
        self.assertEqual(dict((name.lower(), value) for name, value in reply.trailers),
                         {"x-checksum": "abc", "grpc-status": "0"})

    def test_trailer_fields_are_never_merged_into_the_head(self):
        whole = response(200, chunked(b"body", trailers=[("X-Late", "1"), ("Set-Cookie", "a=b")]), CHUNKED,
                         length=False)
        _, _, client = self.edge(serve(whole))
        reply = client.ask(get())
        self.assertIsNone(reply.get("X-Late"))
        self.assertIsNone(reply.get("Set-Cookie"))

    def test_a_close_delimited_reply_becomes_chunked_and_the_client_stays(self):
        upstream, _, client = self.edge(answer(b"HTTP/1.1 200 OK\r\n\r\nuntil the end"))
        for _ in range(3):
            reply = client.ask(get())
            self.assertEqual((reply.body, reply.get("Transfer-Encoding")), (b"until the end", "chunked"))
        self.assertEqual(len(upstream.connections), 3)

    def test_an_empty_close_delimited_reply(self):
        _, _, client = self.edge(answer(b"HTTP/1.1 200 OK\r\n\r\n"))
        self.assertEqual(client.ask(get()).body, b"")
        self.assertEqual(client.ask(get()).status, 200)

    def test_an_http_1_0_server_is_understood(self):
        upstream, _, client = self.edge(answer(b"HTTP/1.0 200 OK\r\nX-Old: yes\r\n\r\nold"))
        for _ in range(2):
            reply = client.ask(get())
            self.assertEqual((reply.version, reply.body, reply.get("X-Old")), ("HTTP/1.1", b"old", "yes"))
        self.assertEqual(len(upstream.connections), 2)

    def test_an_http_1_0_server_may_keep_the_connection(self):
        upstream, _, client = self.edge(
            serve(b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 3\r\n\r\nold"))
        for _ in range(3):
            self.assertEqual(client.ask(get()).body, b"old")
        self.assertIn(len(upstream.connections), (1, 3))

    def test_the_status_and_end_to_end_fields_pass_unchanged(self):
        fields = [("Content-Type", "text/x"), ("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"), ("ETag", '"x"'),
                  ("X-Bytes", "caf\xe9"), ("Server", "origin"), ("Date", "Mon, 01 Jan 2024 00:00:00 GMT")]
        _, _, client = self.edge(serve(response(418, b"teapot", fields)))
        reply = client.ask(get())
        self.assertEqual((reply.status, reply.body), (418, b"teapot"))
        for name in {name for name, _ in fields}:
            self.assertEqual(reply.all(name), [value for field, value in fields if field == name])

    def test_date_is_added_and_server_is_not(self):
        _, _, client = self.edge()
        reply = client.ask(get())
        self.assertRegex(reply.get("Date"), r"^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$")
        self.assertIsNone(reply.get("Server"))
        self.assertIsNone(reply.get("Via"))

    def test_a_gzip_reply_nobody_asked_for_passes_untouched(self):
        upstream, _, client = self.edge(serve(response(200, b"\x1f\x8bnot really", [("Content-Encoding", "gzip")])))
        reply = client.ask(get())
        self.assertEqual((reply.get("Content-Encoding"), reply.body), ("gzip", b"\x1f\x8bnot really"))
        self.assertIsNone(upstream.requests[0].get("Accept-Encoding"))


class WithoutContent(Case):
    def test_head_keeps_the_length_and_has_no_body(self):
        _, _, client = self.edge(serve(b"HTTP/1.1 200 OK\r\nContent-Length: 12345\r\n\r\n"))
        for _ in range(3):
            reply = client.ask(request("HEAD"), "HEAD")
            self.assertEqual((reply.status, reply.get("Content-Length")), (200, "12345"))

    def test_head_of_a_chunked_resource(self):
        upstream, _, client = self.edge(serve(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"))
        for _ in range(2):
            self.assertEqual(client.ask(request("HEAD"), "HEAD").status, 200)
        self.assertEqual(len(upstream.connections), 1)

    def test_204_and_304_have_no_body_and_no_invented_length(self):
        for status, fields in ((204, []), (304, [("ETag", '"x"')]), (304, [("Content-Length", "99")])):
            with self.subTest(status=status, fields=fields):
                upstream, _, client = self.edge(serve(response(status, fields=fields)))
                for _ in range(3):
                    reply = client.ask(get())
                    self.assertEqual(reply.status, status)
                    self.assertIsNone(reply.get("Transfer-Encoding"))
                    if status == 204:
                        self.assertIsNone(reply.get("Content-Length"))
                self.assertEqual(len(upstream.connections), 1)

    def test_204_ends_at_its_head_whatever_the_upstream_appends(self):
        upstream, _, client = self.edge(serve(response(204) + response(200, b"EVIL")))
        for _ in range(3):
            reply = client.ask(get())
            self.assertEqual((reply.status, reply.body), (204, b""))
        self.assertEqual(len(upstream.connections), 3, "a connection with surplus bytes must not be reused")
