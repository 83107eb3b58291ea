"""Upstream connections: kept, reused, dropped; and the one rule that says when a request may be sent again."""
import time

from framework import Case, alone, answer, get, hold, refuse_connections, request, response, serve, single


def dies_on_reuse(connection):
    """Answers the first request of a connection; reads the second and closes without a byte."""
    connection.read_request()
    connection.send(response(200, b"first"))
    connection.read_request()
    connection.close()


class Reuse(Case):
    def test_clients_share_upstream_connections(self):
        upstream, process, _ = self.edge()
        for _ in range(10):
            client = self.client(process)
            self.assertEqual(client.ask(get("/", [("Connection", "close")])).status, 200)
        self.assertEqual(len(upstream.connections), 1)

    def test_requests_in_parallel_have_a_connection_each(self):
        def together(connection):
            while connection.read_request() is not None:
                connection.owner.wait(lambda: len(connection.owner.requests) >= 5)
                connection.send(response(200, b"ok"))

        upstream, process, _ = self.edge(together)
        clients = [self.client(process) for _ in range(5)]
        for client in clients:
            client.send(get())
        self.assertEqual([client.reply().status for client in clients], [200] * 5)
        self.assertEqual(len(upstream.connections), 5)
        for client in clients:
            self.assertEqual(client.ask(get()).status, 200)
        self.assertEqual(len(upstream.connections), 5)

    def test_the_last_used_connection_is_used_first(self):
        def together(connection):
            while (head := connection.read_request()) is not None:
                if head.target == "/together":
                    connection.owner.wait(lambda: len(connection.owner.requests) >= 3)
                connection.send(response(200, b"%d" % connection.index))

        upstream, process, client = self.edge(together)
        clients = [self.client(process) for _ in range(3)]
        for each in clients:
            each.send(get("/together"))
        for each in clients:
            each.reply()
        used = {client.ask(get()).body for _ in range(10)}
        self.assertEqual(len(used), 1)

    def test_the_system_asks_whether_a_silent_server_is_still_there(self):
        upstream, _, client = self.edge()
        client.ask(get())
        [timer] = upstream.probes()
        self.assertRegex(timer, "^(2[0-9]|30)sec$")

    def test_an_idle_connection_is_dropped_after_the_idle_timeout(self):
        upstream, _, client = self.edge(None, "--serversTransport.forwardingTimeouts.idleConnTimeout=400ms")
        client.ask(get())
        began = time.monotonic()
        self.assertTrue(upstream.wait(lambda: upstream.connections[0].ended.is_set(), 5))
        self.assertGreater(time.monotonic() - began, 0.3)
        self.assertEqual(client.ask(get()).status, 200)
        self.assertEqual(len(upstream.connections), 2)

    def test_more_idle_connections_than_allowed_are_closed(self):
        def together(connection):
            while connection.read_request() is not None:
                connection.owner.wait(lambda: len(connection.owner.requests) >= 4)
                connection.send(response(200, b"ok"))

        upstream, process, _ = self.edge(together, "--serversTransport.maxIdleConnsPerHost=1")
        clients = [self.client(process) for _ in range(4)]
        for client in clients:
            client.send(get())
        for client in clients:
            self.assertEqual(client.reply().status, 200)
        self.assertTrue(upstream.wait(lambda: sum(c.ended.is_set() for c in upstream.connections) == 3))

    def test_a_connection_the_upstream_closed_while_idle_is_not_used(self):
        upstream = self.upstream(lambda connection: (connection.read_request(), connection.send(response(200, b"one")),
                                                     connection.end(), connection.hold()))
        client = self.client(self.sluice(upstream))
        for _ in range(5):
            self.assertEqual(client.ask(request("POST", "/", body=b"x")).status, 200)
            self.assertTrue(upstream.wait(lambda: upstream.connections[-1].ended.is_set()))
        self.assertEqual(len(upstream.connections), 5)
        self.assertEqual(len(upstream.requests), 5)

    @alone
    def test_an_idle_connection_ends_as_soon_as_the_upstream_ends_it(self):
        took = []

        def ends(connection):
            connection.read_request()
            connection.send(response(200, b"one"))
            connection.owner.wait(lambda: connection.owner.end)
            connection.end()
            began = time.monotonic()
            connection.hold()
            took.append(time.monotonic() - began)

        upstream = self.upstream(ends)
        upstream.end = False
        self.client(self.sluice(upstream)).ask(get())
        time.sleep(0.05)  # nothing waits for what comes now
        upstream.end = True
        upstream.changed()
        self.assertTrue(upstream.wait(lambda: took))
        self.assertLess(took[0], 0.5)  # idle connections are looked through every second anyway

    def test_a_connection_that_speaks_while_idle_is_dropped(self):
        def chatty(connection):
            connection.read_request()
            connection.send(response(200, b"one"))
            connection.owner.wait(lambda: connection.owner.speak)
            connection.send(response(200, b"EVIL"))
            connection.hold()

        upstream = self.upstream(chatty)
        upstream.speak = False
        client = self.client(self.sluice(upstream))
        self.assertEqual(client.ask(get()).body, b"one")
        upstream.speak = True
        upstream.changed()
        self.assertTrue(upstream.wait(lambda: upstream.connections[0].ended.is_set()))
        self.assertEqual(client.ask(get()).body, b"one")

    def test_a_reply_that_says_close_is_believed(self):
        upstream, _, client = self.edge(serve(response(200, b"x", [("Connection", "close")])))
        client.ask(get())
        self.assertTrue(upstream.wait(lambda: upstream.connections[0].ended.is_set()))


class Replay(Case):
    def test_a_get_on_a_connection_that_died_is_sent_once_more(self):
        upstream = self.upstream(dies_on_reuse)
        client = self.client(self.sluice(upstream))
        self.assertEqual(client.ask(get("/1")).body, b"first")
        upstream.script = serve(response(200, b"again"))
        self.assertEqual(client.ask(get("/2")).body, b"again")
        self.assertEqual([head.target for head in upstream.requests], ["/1", "/2", "/2"])

    def test_it_is_sent_once_more_and_not_twice(self):
        upstream = self.upstream(dies_on_reuse)
        client = self.client(self.sluice(upstream))
        client.ask(get("/1"))
        upstream.script = lambda connection: (connection.read_request(), connection.close())
        self.assertEqual(client.ask(get("/2")).status, 502)
        self.assertEqual([head.target for head in upstream.requests], ["/1", "/2", "/2"])

    def test_other_idempotent_methods_without_a_body_too(self):
        for method in ("HEAD", "OPTIONS", "DELETE"):
            with self.subTest(method):
                upstream = self.upstream(dies_on_reuse)
                client = self.client(self.sluice(upstream))
                client.ask(get("/1"))
                upstream.script = serve(response(200))
                self.assertEqual(client.ask(request(method, "/2"), method).status, 200)

    def test_a_post_is_never_sent_again_once_a_byte_went_out(self):
        for message in (request("POST", "/2", body=b"order"), request("POST", "/2"), request("PATCH", "/2", body=b"x")):
            with self.subTest(message):
                upstream = self.upstream(dies_on_reuse)
                client = self.client(self.sluice(upstream))
                client.ask(get("/1"))
                upstream.script = serve()
                self.assertEqual(client.ask(message).status, 502)
                self.assertEqual(len(upstream.requests), 2)

    def test_a_get_on_a_new_connection_that_died_is_not_sent_again(self):
        upstream, _, client = self.edge(lambda connection: (connection.read_request(), connection.close()))
        self.assertEqual(client.ask(get()).status, 502)
        self.assertEqual(len(upstream.requests), 1)

    def test_nothing_is_sent_again_after_the_first_byte_of_a_reply(self):
        def half_a_head_on_reuse(connection):
            connection.read_request()
            connection.send(response(200, b"first"))
            connection.read_request()
            connection.send(b"HTTP/1.1 2")
            connection.reset()

        upstream = self.upstream(half_a_head_on_reuse)
        client = self.client(self.sluice(upstream))
        client.ask(get("/1"))
        self.assertEqual(client.ask(get("/2")).status, 502)
        self.assertEqual(len(upstream.requests), 2)

    def test_a_request_that_reached_nobody_goes_to_another_server(self):
        upstream = self.upstream()
        client = self.client(self.sluice(single(refuse_connections(), upstream.url)))
        for _ in range(10):
            self.assertEqual(client.ask(request("POST", "/", body=b"order")).status, 200)
        self.assertEqual([head.body for head in upstream.requests], [b"order"] * 10)

    def test_a_large_body_is_intact_after_the_first_server_refused(self):
        upstream = self.upstream()
        upstream.record = 1 << 24
        client = self.client(self.sluice(single(refuse_connections(), upstream.url)))
        body = bytes(range(256)) * 4096
        for _ in range(4):
            self.assertEqual(client.ask(request("PUT", "/", body=body)).status, 200)
        self.assertEqual([head.body == body for head in upstream.requests], [True] * 4)

    def test_a_server_that_stalls_does_not_hold_back_the_others(self):
        stalled, upstream = self.upstream(hold), self.upstream()
        process = self.sluice(single(stalled.url, upstream.url))
        clients = [self.client(process) for _ in range(6)]
        for client in clients:
            client.send(get())
        self.assertTrue(stalled.wait_for_requests(3))
        self.assertTrue(upstream.wait_for_requests(3))

    def test_replies_never_change_hands(self):
        def echo_target(connection):
            while (head := connection.read_request()) is not None:
                connection.send(response(200, head.target.encode()))

        upstream, process, _ = self.edge(echo_target)
        clients = [self.client(process) for _ in range(16)]
        for turn in range(40):
            for number, client in enumerate(clients):
                client.send(get(f"/{number}/{turn}"))
                if (turn + number) % 7 == 0:  # some go away in mid-request
                    client.reset()
                    clients[number] = self.client(process)
                    clients[number].send(get(f"/{number}/{turn}"))
            for number, client in enumerate(clients):
                self.assertEqual(client.reply().body, f"/{number}/{turn}".encode())


class HalfReplies(Case):
    def test_a_connection_with_an_unread_rest_is_not_reused(self):
        """HTTP/1.0 client leaves in the middle of a reply: the upstream connection may not serve another request."""
        def big(connection):
            while connection.read_request() is not None:
                connection.send(response(200, b"x" * 4_000_000))

        upstream, process, client = self.edge(big)
        client.send(get())
        client.head()
        client.reset()
        other = self.client(process)
        self.assertEqual(len(other.ask(get()).body), 4_000_000)

    def test_a_cut_reply_then_a_good_one(self):
        upstream, process, client = self.edge(answer(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"))
        client.send(get())
        client.rest()
        upstream.script = serve()
        self.assertEqual(self.client(process).ask(get()).status, 200)
