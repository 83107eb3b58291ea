"""What a client of HTTP/2 may not do: each kind is answered GOAWAY with its name, and others are served meanwhile."""
import struct
import time

from framework import Case, patience, response, serve
from framework.h2 import (CONTINUATION, DATA, GOAWAY, H2Client, HEADERS, PING, PREFACE, PRIORITY, RST_STREAM, SETTINGS,
                          WINDOW_UPDATE, RawH2, frame)

END_STREAM, END_HEADERS = 1, 4
# GET http://case.test/ from HPACK's static table, the host as a literal that is not indexed.
HEAD = b"\x82\x86\x84\x01\x09case.test"
CALM, PROTOCOL_ERROR = 11, 1


class Abuse(Case):
    def setUp(self):
        super().setUp()
        self.upstream_server = self.upstream(serve(response(200, b"ok")))
        self.process = self.sluice(self.upstream_server)

    def h2(self, **options) -> H2Client:
        client = H2Client(self.process.address("web"), **options)
        self._clients.append(client)
        return client

    def raw(self) -> RawH2:
        client = RawH2(self.process.address("web"))
        self._clients.append(client)
        return client

    def flood(self, frames, reason: str, error: int = CALM) -> None:
        """Sends `frames` until the connection ends; a neighbour on another connection is served all the while."""
        neighbour = self.h2()
        attacker = self.raw()
        try:
            attacker.send(frames)
        except OSError:
            pass  # it was ended before all of it was sent
        self.assertEqual(neighbour.ask().body, b"ok")
        self.assertTrue(attacker.until(lambda: attacker.of(GOAWAY)), "no GOAWAY")
        payload = attacker.of(GOAWAY)[0][3]
        self.assertEqual((int.from_bytes(payload[4:8], "big"), payload[8:]), (error, reason.encode()))
        self.assertTrue(attacker.is_closed())
        if error == CALM:
            self.process.wait_for_log(f"misuses HTTP/2.*reason={reason}", 5)
        self.assertEqual(neighbour.ask().body, b"ok")

    @staticmethod
    def streams(count: int, make) -> bytes:
        return b"".join(make(2 * n + 1) for n in range(count))

    @staticmethod
    def malformed(stream: int) -> bytes:
        return frame(HEADERS, END_STREAM | END_HEADERS, stream, HEAD + b"\x00\x03x y\x01v")

    def test_rapid_reset(self):
        self.flood(self.streams(2000, lambda stream: frame(HEADERS, END_STREAM | END_HEADERS, stream, HEAD)
                                + frame(RST_STREAM, 0, stream, struct.pack(">I", 8))), "rapid_reset")

    def test_resets_that_we_are_made_to_send(self):
        too_much = struct.pack(">I", 2**31 - 1)
        self.flood(self.streams(2000, lambda stream: frame(HEADERS, END_HEADERS, stream, HEAD)
                                + frame(WINDOW_UPDATE, 0, stream, too_much)), "provoked_resets")

    def test_malformed_requests(self):
        self.flood(self.streams(2000, self.malformed), "provoked_resets")

    def test_who_makes_us_reset_often_is_told_to_begin_anew_first(self):
        client = self.raw()
        client.send(self.streams(180, self.malformed))
        self.assertTrue(client.until(lambda: client.of(GOAWAY)), "no GOAWAY")
        client.send(frame(HEADERS, END_STREAM | END_HEADERS, 1001, HEAD))
        self.assertTrue(client.until(lambda: any(one[2] == 1001 for one in client.of(HEADERS))), "not served any more")
        self.assertTrue(client.until(lambda: len(client.of(GOAWAY)) == 2), "no end")
        ends = [(int.from_bytes(payload[:4], "big"), int.from_bytes(payload[4:8], "big"))
                for _, _, _, payload in client.of(GOAWAY)]
        self.assertEqual(ends, [(2**31 - 1, 0), (1001, 0)])
        self.assertTrue(client.is_closed())
        self.assertEqual(self.process.log("misuses HTTP/2"), [])

    def test_settings(self):
        self.flood(frame(SETTINGS, 0, 0, struct.pack(">HI", 1, 4096)) * 1000, "settings_flood")

    def test_pings(self):
        self.flood(frame(PING, 0, 0, b"12345678") * 5000, "ping_flood")

    def test_empty_data(self):
        self.flood(frame(HEADERS, END_HEADERS, 1, HEAD) + frame(DATA, 0, 1) * 5000, "empty_frames")

    def test_priorities(self):
        self.flood(frame(PRIORITY, 0, 1, struct.pack(">IB", 0, 5)) * 5000, "priority_flood")

    def test_window_updates(self):
        self.flood(frame(HEADERS, END_HEADERS, 1, HEAD) + frame(WINDOW_UPDATE, 0, 1, struct.pack(">I", 1)) * 9000,
                   "window_update_flood")

    def test_continuations(self):
        self.flood(frame(HEADERS, END_STREAM, 1, HEAD) + frame(CONTINUATION, 0, 1, b"\x00\x01x\x01y") * 50,
                   "header_block")

    def test_one_byte_that_stands_for_a_field(self):
        # A field of 4000 bytes into the table, then 10,000 references to it.
        client = self.raw()
        block = HEAD + b"\x40\x01x\x7f" + b"\xa1\x1e" + b"v" * 4000 + b"\xbe" * 8000
        for stream in range(1, 9, 2):
            client.send(frame(HEADERS, END_STREAM | END_HEADERS, stream, block))
        self.assertTrue(client.until(lambda: len(client.of(RST_STREAM)) == 4))
        self.assertEqual({payload for _, _, _, payload in client.of(RST_STREAM)}, {struct.pack(">I", CALM)})
        self.assertEqual(self.h2().ask().body, b"ok")

    def test_a_bad_preface(self):
        client = self.client(self.process)
        client.send(PREFACE[:18] + b"XX\r\n\r\n" + frame(SETTINGS))
        self.assertIn(frame(7, 0, 0, struct.pack(">II", 0, PROTOCOL_ERROR)), client.rest())

    def test_a_frame_that_is_too_large(self):
        self.flood(frame(DATA, 0, 1, b"x" * 20000), "too large frame size", 6)


class Patience(Case):
    def test_a_head_that_does_not_end_and_a_greeting_that_does_not_come(self):
        process = self.sluice(self.upstream(), "--entryPoints.web.transport.respondingTimeouts.readTimeout=1s")
        began = time.monotonic()
        for start in (PREFACE, PREFACE + frame(SETTINGS) + frame(HEADERS, 0, 1, HEAD),
                      PREFACE + frame(SETTINGS) + frame(HEADERS, END_HEADERS, 1, HEAD)[:12]):
            client = self.client(process)
            client.send(start)
            client.rest()
        self.assert_within(8, began, "three clients that stall")

    def test_content_that_does_not_come_is_408(self):
        process = self.sluice(self.upstream(), "--entryPoints.web.transport.respondingTimeouts.readTimeout=1s")
        client = H2Client(process.address("web"))
        self._clients.append(client)
        stream = client.stream("POST", fields=[("content-length", "5")], end=False)
        self.assertEqual(client.answer(stream).status, 408)
        self.assertEqual(client.ask().status, 200)

    def test_a_stalled_window_ends_the_stream_and_not_its_neighbours(self):
        upstream = self.upstream(serve(response(200, b"x" * 100_000)))
        process = self.sluice(upstream, "--entryPoints.web.transport.respondingTimeouts.writeTimeout=1s")
        client = H2Client(process.address("web"), auto_window=False)
        self._clients.append(client)
        stream = client.stream()
        client.until(lambda: client.answers[stream].reset is not None)
        self.assertEqual((len(client.answers[stream].body), client.answers[stream].reset), (65535, 8))
        client.connection.increment_flow_control_window(1_000_000)
        client.auto_window = True
        self.assertEqual(len(client.ask().body), 100_000)

    def test_a_client_that_goes_away_ends_everything_of_it(self):
        def script(connection):
            connection.read_request()
            connection.hold()

        upstream = self.upstream(script)
        process = self.sluice(upstream)
        client = H2Client(process.address("web"))
        for _ in range(20):
            client.stream()
        self.assertTrue(upstream.wait_for_requests(20))
        client.close()
        self.assertTrue(upstream.wait(lambda: all(one.ended.is_set() for one in upstream.connections), patience(5)))
