"""Deadlines of a client connection: head, body, idle, write stall; an upload is bounded by progress, not by a total."""
import time

from framework import Case, get, heavy, patience, request, response

WEB = "--entryPoints.web.transport"


class Reading(Case):
    def test_a_head_that_does_not_end_in_time(self):
        upstream, _, client = self.edge(None, f"{WEB}.respondingTimeouts.readTimeout=500ms")
        client.send(b"GET / HTTP/1.1\r\nHost: case.test\r\n")
        began = time.monotonic()
        rest = client.rest()
        self.assertIn(rest[:12], (b"HTTP/1.1 408", b""))
        self.assert_within(3.0, began, "the deadline")
        self.assertEqual(upstream.requests, [])

    def test_dripping_does_not_extend_the_deadline_of_a_head(self):
        _, _, client = self.edge(None, f"{WEB}.respondingTimeouts.readTimeout=1s")
        began = time.monotonic()
        client.send(b"GET / HTTP/1.1\r\nHost: case.test\r\nX-Slow: ")
        with self.assertRaises((ConnectionError, EOFError, AssertionError)):
            while time.monotonic() - began < patience(6):
                client.send(b"x")
                time.sleep(0.05)
                if not client.is_silent(0.05):
                    raise EOFError
            self.assertTrue(True)
        self.assert_within(3.0, began, "the deadline")

    def test_a_connection_without_a_byte_is_closed_silently(self):
        _, _, client = self.edge(None, f"{WEB}.respondingTimeouts.readTimeout=500ms",
                                 f"{WEB}.respondingTimeouts.idleTimeout=500ms")
        began = time.monotonic()
        self.assertTrue(client.is_closed(4))
        self.assert_within(3.0, began, "the deadline")

    def test_the_read_timeout_if_set_is_a_total_for_the_upload(self):
        _, _, client = self.edge(None, f"{WEB}.respondingTimeouts.readTimeout=1s")
        client.send(request("POST", "/", [("Content-Length", "1000")], length=False))
        began = time.monotonic()
        try:
            while time.monotonic() - began < patience(5):
                client.send(b"x")
                time.sleep(0.1)
                if not client.is_silent(0.01):
                    break
        except ConnectionError:
            pass
        self.assert_within(3.0, began, "the total")
        self.assertIn(client.rest()[9:12], (b"408", b"400", b"502", b""))

    @heavy
    def test_without_it_an_upload_that_makes_progress_goes_on(self):
        upstream, _, client = self.edge()
        client.send(request("POST", "/", [("Content-Length", "130")], length=False))
        for _ in range(130):
            client.send(b"x")
            time.sleep(0.1)
        self.assertEqual(client.reply().status, 200)
        self.assertEqual(upstream.requests[0].body, b"x" * 130)

    @heavy
    def test_the_default_deadline_of_a_head_is_ten_seconds(self):
        upstream, process, _ = self.edge()
        slow = [self.client(process) for _ in range(20)]
        began = time.monotonic()
        for client in slow:
            client.send(b"GET / HTTP/1.1\r\nHost: case.test\r\nX-Slow: ")
        while time.monotonic() - began < 8:
            for client in slow:
                client.send(b"x")
            time.sleep(0.5)
        for client in slow:
            self.assertTrue(client.is_closed(8) or client.reader.buffer.startswith(b"HTTP/1.1 408"))
        self.assertLess(time.monotonic() - began, 15)


class Idle(Case):
    def test_an_idle_connection_is_closed_after_the_idle_timeout(self):
        _, _, client = self.edge(None, f"{WEB}.respondingTimeouts.idleTimeout=500ms")
        self.assertEqual(client.ask(get()).status, 200)
        began = time.monotonic()
        self.assertTrue(client.is_closed(5))
        self.assertGreater(time.monotonic() - began, 0.4)
        self.assert_within(2.0, began, "the idle timeout")

    def test_requests_renew_it(self):
        _, _, client = self.edge(None,
                                 f"{WEB}.respondingTimeouts.idleTimeout={700 * (4 if self.slow_build() else 1)}ms")
        for _ in range(5):
            self.assertEqual(client.ask(get()).status, 200)
            self.assertTrue(client.is_silent(0.3))

    def test_waiting_for_the_upstream_is_not_idling(self):
        def slow(connection):
            connection.read_request()
            connection.ended.wait(1.2)
            connection.send(response(200, b"slow"))
            connection.hold()

        _, _, client = self.edge(slow, f"{WEB}.respondingTimeouts.idleTimeout=300ms")
        self.assertEqual(client.ask(get()).body, b"slow")

    def test_a_connection_closes_after_its_maximum_of_requests(self):
        _, _, client = self.edge(None, f"{WEB}.keepAliveMaxRequests=3")
        replies = [client.ask(get()) for _ in range(3)]
        self.assertEqual([reply.has_token("Connection", "close") for reply in replies], [False, False, True])
        self.assertTrue(client.is_closed())

    def test_a_connection_closes_after_its_maximum_age(self):
        _, _, client = self.edge(None, f"{WEB}.keepAliveMaxTime=300ms")
        self.assertEqual(client.ask(get()).status, 200)
        time.sleep(0.4)
        self.assertTrue(client.ask(get()).has_token("Connection", "close"))
        self.assertTrue(client.is_closed())


class Writing(Case):
    def test_a_client_that_stops_reading_is_dropped_after_the_write_timeout(self):
        def source(connection):
            connection.read_request()
            connection.send(response(200, fields=[("Content-Length", str(1 << 28))], length=False))
            try:
                while True:
                    connection.send(b"x" * 65536)
            finally:
                connection.ended.set()
                connection.owner.changed()

        upstream = self.upstream(source)
        process = self.sluice(upstream, f"{WEB}.respondingTimeouts.writeTimeout=1s")
        client = self.client(process, receive_buffer=16384)
        client.send(get())
        self.assertTrue(upstream.wait(lambda: upstream.connections and upstream.connections[0].ended.is_set(), 8))


class Slowloris(Case):
    def test_two_hundred_slow_heads_do_not_hurt_another_client(self):
        upstream, process, other = self.edge(None, f"{WEB}.respondingTimeouts.readTimeout=2s")
        slow = [self.client(process) for _ in range(200)]
        began = time.monotonic()
        for client in slow:
            client.send(b"GET / HTTP/1.1\r\nHost: case.test\r\n")
        worst = 0.0
        while time.monotonic() - began < 1.2:
            for client in slow[::20]:
                client.send(b"X")
            asked = time.monotonic()
            self.assertEqual(other.ask(get()).status, 200)
            worst = max(worst, time.monotonic() - asked)
            time.sleep(0.02)
        self.assertLess(worst, patience(0.1))
        for client in slow:
            self.assertIn(client.rest()[:12], (b"HTTP/1.1 408", b""))
        self.assert_within(5.0, began, "closing them all")
        self.assertEqual(other.ask(get()).status, 200)
