"""The harness itself: client and upstream talk to each other without a proxy in between."""
import unittest

from framework import Client, Upstream, answer, chunked, get, hold, refuse_connections, request, response, serve
from framework.wire import Malformed, ReplyHead


class ClientMeetsUpstream(unittest.TestCase):
    def connect(self, script):
        upstream = Upstream(script)
        self.addCleanup(upstream.close)
        client = Client(("127.0.0.1", upstream.port))
        self.addCleanup(client.close)
        return upstream, client

    def test_bytes_are_recorded_as_sent(self):
        upstream, client = self.connect(serve(response(200, b"hello")))
        message = request("POST", "/a?b", [("X-Odd", "  spaced")], b"\x00\xff")
        self.assertEqual(client.ask(message).body, b"hello")
        self.assertEqual(upstream.received, message)
        self.assertEqual(upstream.requests[0].body, b"\x00\xff")

    def test_chunked_bodies_and_trailers_are_read_both_ways(self):
        body = chunked(b"one", b"two", trailers=[("X-Sum", "6")])
        head = [("Transfer-Encoding", "chunked")]
        upstream, client = self.connect(serve(response(200, body, head, length=False)))
        reply = client.ask(request("POST", "/", head, length=False) + body)
        self.assertEqual((reply.body, reply.trailers), (b"onetwo", [("X-Sum", "6")]))
        self.assertEqual((upstream.requests[0].body, upstream.requests[0].trailers), (b"onetwo", [("X-Sum", "6")]))

    def test_interim_replies_are_kept_apart(self):
        _, client = self.connect(serve(response(103, fields=[("Link", "</a>")]) + response(204)))
        reply = client.ask(get())
        self.assertEqual((reply.status, [head.status for head in reply.interim]), (204, [103]))

    def test_a_body_that_ends_early_is_an_error(self):
        _, client = self.connect(answer(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc"))
        with self.assertRaises(EOFError):
            client.ask(get())

    def test_a_reset_is_seen_as_a_reset(self):
        _, client = self.connect(lambda connection: (connection.read_request(), connection.reset()))
        with self.assertRaises(ConnectionResetError):
            client.ask(get())

    def test_two_lengths_in_a_reply_are_malformed(self):
        _, client = self.connect(answer(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na"))
        with self.assertRaises(Malformed):
            client.ask(get())

    def test_a_held_request_stays_unanswered(self):
        upstream, client = self.connect(hold)
        client.send(get())
        self.assertTrue(upstream.wait_for_requests(1))
        self.assertTrue(client.is_silent())
        client.close()
        self.assertTrue(upstream.wait(lambda: upstream.connections[0].ended.is_set()))

    def test_a_reserved_port_refuses(self):
        port = int(refuse_connections().rsplit(":", 1)[1])
        with self.assertRaises(ConnectionRefusedError):
            Client(("127.0.0.1", port))

    def test_a_field_line_with_a_space_before_the_colon_is_malformed(self):
        with self.assertRaises(Malformed):
            ReplyHead(b"HTTP/1.1 200 OK\r\nA : b\r\n\r\n")


if __name__ == "__main__":
    unittest.main()
