"""Upgrades: nothing is a tunnel before the upstream's 101; then bytes pass both ways untouched until both sides end."""
import base64
import hashlib
import os
import threading

from framework import Case, get, heavy, patience, request, response

KEY = "dGhlIHNhbXBsZSBub25jZQ=="
HANDSHAKE = [("Connection", "Upgrade"), ("Upgrade", "websocket"), ("Sec-WebSocket-Key", KEY),
             ("Sec-WebSocket-Version", "13")]


def switch(head) -> bytes:
    digest = hashlib.sha1((head.get("Sec-WebSocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest()
    return response(101, fields=[("Connection", "Upgrade"), ("Upgrade", "websocket"),
                                 ("Sec-WebSocket-Accept", base64.b64encode(digest).decode())])


def echo(connection):
    """Switches, then returns every byte until the peer ends its side."""
    head = connection.read_head()
    connection.send(switch(head))
    while True:
        data = connection.reader.take(len(connection.reader.buffer)) or connection._receive()
        if not data:
            break
        connection.send(data)
    connection.send(b"<end>")
    connection.end()
    connection.hold()


class WebSocket(Case):
    def test_a_handshake_opens_a_tunnel(self):
        upstream, _, client = self.edge(echo)
        reply = client.ask(get("/chat", HANDSHAKE))
        self.assertEqual((reply.status, reply.get("Upgrade")), (101, "websocket"))
        self.assertTrue(reply.has_token("Connection", "upgrade"))
        self.assertEqual(reply.get("Sec-WebSocket-Accept"), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
        client.send(b"\x81\x85\x01\x02\x03\x04" + bytes(a ^ b for a, b in zip(b"hello", b"\x01\x02\x03\x04\x01")))
        self.assertEqual(client.reader.exactly(11)[:2], b"\x81\x85")
        seen = upstream.requests[0]
        self.assertEqual((seen.get("Upgrade"), seen.get("Sec-WebSocket-Key")), ("websocket", KEY))
        self.assertTrue(seen.has_token("Connection", "upgrade"))
        self.assertEqual(seen.get("X-Forwarded-Proto"), "ws")
        self.assertIn(b"Sec-WebSocket-Key: ", upstream.received)

    def test_bytes_pass_untouched_whatever_they_are(self):
        _, _, client = self.edge(echo)
        client.ask(get("/", HANDSHAKE))
        for data in (b"GET /SMUGGLED HTTP/1.1\r\n\r\n", bytes(range(256)), b"\x00" * 10, os.urandom(300_000)):
            sender = threading.Thread(target=client.send, args=(data,))
            sender.start()
            self.assertEqual(client.reader.exactly(len(data)), data)
            sender.join()

    def test_bytes_sent_before_the_101_are_delivered_after_it(self):
        def slow(connection):
            head = connection.read_head()
            connection.owner.note = head
            connection.owner.wait(lambda: connection.owner.go_on)
            connection.send(switch(head))
            connection.send(connection.reader.exactly(5))
            connection.hold()

        upstream = self.upstream(slow)
        upstream.go_on = False
        client = self.client(self.sluice(upstream))
        client.send(get("/", HANDSHAKE), b"early")
        self.assertTrue(upstream.wait_for_requests(1))
        upstream.go_on = True
        upstream.changed()
        self.assertEqual(client.reply().status, 101)
        self.assertEqual(client.reader.exactly(5), b"early")

    def test_bytes_the_upstream_sends_with_its_101_are_delivered(self):
        def eager(connection):
            head = connection.read_head()
            connection.send(switch(head) + b"welcome")
            connection.hold()

        _, _, client = self.edge(eager)
        self.assertEqual(client.ask(get("/", HANDSHAKE)).status, 101)
        self.assertEqual(client.reader.exactly(7), b"welcome")

    def test_the_end_of_one_side_is_passed_on_and_the_other_goes_on(self):
        _, _, client = self.edge(echo)
        client.ask(get("/", HANDSHAKE))
        client.send(b"last words").end()
        self.assertEqual(client.rest(), b"last words<end>")

    def test_the_upstream_may_end_first(self):
        def farewell(connection):
            connection.send(switch(connection.read_head()))
            connection.send(b"bye")
            connection.end()
            connection.owner.after = connection.read_until_end()

        upstream, _, client = self.edge(farewell)
        client.ask(get("/", HANDSHAKE))
        self.assertEqual(client.rest(), b"bye")
        client.send(b"still here").end()
        self.assertTrue(upstream.wait(lambda: upstream.connections[0].ended.is_set()))
        self.assertTrue(upstream.wait(lambda: getattr(upstream, "after", None) == b"still here"))

    def test_a_reset_on_one_side_ends_the_other(self):
        upstream, process, client = self.edge(echo)
        client.ask(get("/", HANDSHAKE))
        client.reset()
        self.assertTrue(upstream.wait(lambda: upstream.connections[0].ended.is_set()))

        def resetting(connection):
            connection.send(switch(connection.read_head()))
            connection.reader.exactly(1)
            connection.reset()

        upstream.script = resetting
        client = self.client(process)
        client.ask(get("/", HANDSHAKE))
        client.send(b"x")
        self.assertEqual(client.rest(), b"")

    def test_a_tunnel_has_no_idle_timeout(self):
        _, _, client = self.edge(echo, "--entryPoints.web.transport.respondingTimeouts.idleTimeout=300ms",
                                 "--entryPoints.web.transport.respondingTimeouts.readTimeout=300ms")
        client.ask(get("/", HANDSHAKE))
        self.assertTrue(client.is_silent(1.0))
        client.send(b"ping")
        self.assertEqual(client.reader.exactly(4), b"ping")

    @heavy
    def test_both_directions_carry_much_at_once(self):
        upstream, process, client = self.edge(echo)
        upstream.record = 0
        client.ask(get("/", HANDSHAKE))
        piece, count = os.urandom(1 << 20), 64
        sender = threading.Thread(target=lambda: [client.send(piece) for _ in range(count)])
        sender.start()
        for _ in range(count):
            self.assertEqual(client.reader.exactly(len(piece)), piece)
        sender.join(patience(10))


class Refused(Case):
    def test_an_ordinary_reply_to_a_handshake_stays_http(self):
        def refuse(connection):
            while connection.read_request() is not None:
                connection.send(response(403, b"no"))

        upstream, _, client = self.edge(refuse)
        reply = client.ask(get("/", HANDSHAKE))
        self.assertEqual((reply.status, reply.body), (403, b"no"))
        self.assertEqual(client.ask(get("/next")).status, 403)
        self.assertEqual([head.target for head in upstream.requests], ["/", "/next"])

    def test_bytes_after_a_refused_handshake_are_parsed_as_a_request(self):
        def refuse(connection):
            while connection.read_request() is not None:
                connection.send(response(403, b"no"))

        upstream, _, client = self.edge(refuse)
        client.send(get("/", HANDSHAKE), get("/after"))
        self.assertEqual([client.reply().status for _ in range(2)], [403, 403])
        self.assertEqual([head.get("X-Forwarded-Server") is not None for head in upstream.requests], [True, True])

    def test_a_101_must_echo_the_token(self):
        for fields in ([("Connection", "Upgrade"), ("Upgrade", "other")], [("Connection", "Upgrade")], []):
            with self.subTest(fields):
                def wrong(connection, fields=fields):
                    connection.read_head()
                    connection.send(response(101, fields=fields))
                    connection.hold()

                _, _, client = self.edge(wrong)
                self.assertEqual(client.ask(get("/", HANDSHAKE)).status, 502)

    def test_h2c_tls_and_http_tokens_are_never_forwarded(self):
        upstream, process, _ = self.edge()
        for token in ("h2c", "H2C", "HTTP/2.0", "TLS/1.0", "h2c, websocket", "websocket, h2c"):
            with self.subTest(token):
                before = len(upstream.requests)
                fields = [("Connection", "Upgrade, HTTP2-Settings"), ("Upgrade", token), ("HTTP2-Settings", "AAMAAABk")]
                client = self.client(process)
                self.assertIn(client.ask(get("/", fields)).status, (200, 400))
                for seen in upstream.requests[before:]:
                    self.assertIsNone(seen.get("Upgrade"))
                    self.assertIsNone(seen.get("HTTP2-Settings"))

    def test_an_upgrade_with_a_body_or_another_method_is_no_upgrade(self):
        def would_switch(connection):
            while (head := connection.read_request()) is not None:
                if head.get("Upgrade"):
                    connection.send(switch(head))
                    connection.hold()
                    return
                connection.send(response(200, b"plain"))

        for message in (request("POST", "/", HANDSHAKE, b"body"), request("GET", "/", HANDSHAKE, b"body"),
                        request("POST", "/", HANDSHAKE)):
            with self.subTest(message):
                upstream, _, client = self.edge(would_switch)
                self.assertIn(client.ask(message).status, (200, 400))
                self.assertFalse(any(head.get("Upgrade") for head in upstream.requests))

    def test_upgrade_without_the_connection_option_is_dropped(self):
        upstream, _, client = self.edge()
        self.assertEqual(client.ask(get("/", [("Upgrade", "websocket"), ("Sec-WebSocket-Key", KEY)])).status, 200)
        self.assertIsNone(upstream.requests[0].get("Upgrade"))

    def test_an_upstream_that_dies_before_its_101_is_502(self):
        def die(connection):
            connection.read_head()
            connection.reset()

        _, _, client = self.edge(die)
        self.assertEqual(client.ask(get("/", HANDSHAKE)).status, 502)
