"""Bodies of any size in constant memory, both directions at once, and answers that come before the upload has ended."""
import threading
import time
from pathlib import Path

from framework import Case, chunked, get, heavy, patience, request, response, serve

CHUNKED = [("Transfer-Encoding", "chunked")]
MIB = 1 << 20
GIB = 1 << 30


class Large(Case):
    budget = 48 << 10  # KiB a large transfer may add to the process

    def assert_memory_stays(self, process, before: int) -> None:
        if self.slow_build():
            return  # a sanitizer's quarantine grows by design
        grown = process.status("VmHWM") - before
        self.assertLess(grown, self.budget, f"the peak grew by {grown >> 10} MiB")

    def upload(self, framing: str, size: int) -> None:
        def sink(connection):
            connection.read_head()
            if framing == "length":
                taken = connection.discard(size)
            else:
                taken = 0
                while line := connection.reader.until(b"\r\n"):
                    if (chunk := int(line, 16)) == 0:
                        break
                    taken += connection.discard(chunk)
                    connection.reader.exactly(2)
                connection.reader.until(b"\r\n")
            connection.send(response(200, b"%d" % taken))
            connection.hold()

        upstream, process, client = self.edge(sink)
        upstream.record = 4096
        before = process.status("VmHWM")
        piece = b"u" * MIB
        if framing == "length":
            client.send(request("POST", "/", [("Content-Length", str(size))], length=False))
            for _ in range(size // MIB):
                client.send(piece)
        else:
            client.send(request("POST", "/", CHUNKED, length=False))
            frame = chunked(piece, end=False)
            for _ in range(size // MIB):
                client.send(frame)
            client.send(b"0\r\n\r\n")
        client.socket.settimeout(patience(60))
        self.assertEqual(client.reply().body, b"%d" % size)
        self.assert_memory_stays(process, before)

    def download(self, framing: str, size: int) -> None:
        piece = b"d" * MIB

        def source(connection):
            connection.read_request()
            fields = {"length": [("Content-Length", str(size))], "chunked": CHUNKED, "close": []}[framing]
            connection.send(response(200, fields=fields, length=False))
            frame = chunked(piece, end=False) if framing == "chunked" else piece
            for _ in range(size // MIB):
                connection.send(frame)
            if framing == "chunked":
                connection.send(b"0\r\n\r\n")

        _, process, client = self.edge(source)
        before = process.status("VmHWM")
        client.socket.settimeout(patience(60))
        client.send(get())
        head = client.head()
        if framing == "length":
            self.assertEqual(head.get("Content-Length"), str(size))
            left = size - len(client.reader.take(len(client.reader.buffer)))
            scratch = bytearray(MIB)
            while left > 0:
                got = client.socket.recv_into(scratch, min(MIB, left))
                self.assertGreater(got, 0, f"{left} bytes are missing")
                left -= got
        else:
            total = 0
            while (length := int(client.reader.until(b"\r\n"), 16)) > 0:
                client.reader.exactly(length + 2)
                total += length
            self.assertEqual(total, size)
        self.assert_memory_stays(process, before)

    @heavy
    def test_an_upload_of_a_gibibyte(self):
        self.upload("length", GIB)

    @heavy
    def test_a_chunked_upload_of_a_gibibyte(self):
        self.upload("chunked", GIB)

    @heavy
    def test_a_download_of_a_gibibyte(self):
        self.download("length", GIB)

    @heavy
    def test_a_chunked_download_of_a_gibibyte(self):
        self.download("chunked", GIB)

    @heavy
    def test_a_close_delimited_download_of_a_gibibyte(self):
        self.download("close", GIB)

    def test_the_same_in_small(self):
        for framing in ("length", "chunked"):
            self.upload(framing, 8 * MIB)
        for framing in ("length", "chunked", "close"):
            self.download(framing, 8 * MIB)


class Backpressure(Case):
    def test_a_client_that_does_not_read_stops_the_upstream(self):
        size = 256 * MIB

        def source(connection):
            connection.read_request()
            connection.send(response(200, fields=[("Content-Length", str(size))], length=False))
            connection.owner.sent = 0
            piece = b"d" * 65536
            while connection.owner.sent < size:
                connection.send(piece)
                connection.owner.sent += len(piece)

        upstream = self.upstream(source)
        process = self.sluice(upstream)
        before = process.status("VmHWM")
        client = self.client(process, receive_buffer=65536)
        client.send(get())
        self.assertTrue(upstream.wait_for_requests(1))
        last = -1
        while getattr(upstream, "sent", 0) != last:  # until it stands still
            last = getattr(upstream, "sent", 0)
            time.sleep(0.3)
        most_received, most_sent = (int(Path(f"/proc/sys/net/ipv4/tcp_{kind}mem").read_text().split()[2]) for kind in "rw")
        self.assertLess(upstream.sent, most_received + 2 * most_sent + 4 * MIB, "socket buffers may fill, nothing more")
        if not self.slow_build():
            self.assertLess(process.status("VmHWM") - before, 8 << 10)

    def test_an_upstream_that_does_not_read_stops_the_client(self):
        def deaf(connection):
            connection.read_head()
            connection.ended.wait(patience(30))

        upstream = self.upstream(deaf, receive_buffer=65536)
        process = self.sluice(upstream)
        before = process.status("VmHWM")
        client = self.client(process)
        client.send(request("POST", "/", [("Content-Length", str(GIB))], length=False))
        client.socket.settimeout(patience(0.5))
        sent = 0
        with self.assertRaises(TimeoutError):
            while sent < 64 * MIB:
                sent += client.socket.send(b"u" * 65536)
        if not self.slow_build():
            self.assertLess(process.status("VmHWM") - before, 8 << 10)
        upstream.connections[0].ended.set()


class BothDirections(Case):
    def test_request_and_reply_stream_at_the_same_time(self):
        def echo(connection):
            connection.read_head()
            connection.send(response(200, fields=CHUNKED, length=False))
            while line := connection.reader.until(b"\r\n"):
                size = int(line, 16)
                if size == 0:
                    break
                connection.send(chunked(connection.reader.exactly(size), end=False))
                connection.reader.exactly(2)
            connection.send(b"0\r\n\r\n")
            connection.hold()

        _, _, client = self.edge(echo)
        client.send(request("POST", "/", CHUNKED, length=False))
        client.send(chunked(b"ping-0", end=False))
        self.assertEqual(client.head().status, 200)
        for i in range(50):
            self.assertIn(b"ping-%d" % i, client.reader.until(b"ping-%d" % i))
            client.send(chunked(b"ping-%d" % (i + 1), end=False))
        client.send(b"0\r\n\r\n")
        self.assertTrue(client.reader.until(b"0\r\n\r\n"))

    @heavy
    def test_much_in_both_directions_at_once(self):
        size = 128 * MIB

        def mirror(connection):
            connection.read_head()
            connection.send(response(200, fields=[("Content-Length", str(size))], length=False))
            left = size
            while left:
                data = connection.reader.take(len(connection.reader.buffer)) or connection.socket.recv(1 << 18)
                if not data:
                    break
                connection.send(data)
                left -= len(data)

        upstream, process, client = self.edge(mirror)
        before = process.status("VmHWM")
        client.send(request("POST", "/", [("Content-Length", str(size))], length=False))

        def push():
            for _ in range(size // MIB):
                client.socket.sendall(b"m" * MIB)

        sender = threading.Thread(target=push)
        sender.start()
        reply = client.head()
        got = len(client.reader.exactly(size))
        sender.join(patience(30))
        self.assertEqual((reply.status, got), (200, size))
        if not self.slow_build():
            self.assertLess(process.status("VmHWM") - before, Large.budget)


class EarlyAnswers(Case):
    def test_an_answer_before_the_upload_has_ended_reaches_the_client(self):
        for framing in ("length", "chunked"):
            with self.subTest(framing):
                def early(connection):
                    connection.read_head()
                    connection.send(response(413, b"too large"))
                    connection.hold()

                upstream, _, client = self.edge(early)
                fields = CHUNKED if framing == "chunked" else [("Content-Length", "100000000")]
                client.send(request("POST", "/", fields, length=False))
                client.send(chunked(b"x" * 1000, end=False) if framing == "chunked" else b"x" * 1000)
                reply = client.reply()
                self.assertEqual((reply.status, reply.body), (413, b"too large"))
                self.assertTrue(client.is_closed(15), "an upload that will not be read ends the connection")
                self.assertTrue(upstream.wait(lambda: upstream.connections[0].ended.is_set(), 15),
                                "a connection with half a request on it is never reused")

    def test_an_upload_that_ends_soon_after_an_early_answer_keeps_the_connection(self):
        upstream = self.upstream()

        def early(connection):
            connection.read_head()
            connection.send(response(200, b"early"))
            connection.owner.answered = True
            connection.hold()

        upstream.script = early
        client = self.client(self.sluice(upstream))
        client.send(request("POST", "/", [("Content-Length", "10")], length=False), b"first")
        self.assertEqual(client.reply().body, b"early")
        try:
            client.send(b"-rest")
            upstream.script = serve()
            self.assertEqual(client.ask(get("/next")).status, 200)
        except (EOFError, ConnectionError):
            self.assertTrue(client.is_closed(), "closing is right too, misreading the rest as a request is not")
        self.assertNotIn("-rest", "".join(head.start_line for head in upstream.requests))

    def test_an_upstream_that_answers_and_closes_mid_upload(self):
        def slam(connection):
            connection.read_head()
            connection.send(response(401, b"who", [("Connection", "close")]))
            connection.close()

        for _ in range(5):
            upstream, _, client = self.edge(slam)
            client.send(request("POST", "/", [("Content-Length", str(64 * MIB))], length=False))
            try:
                for _ in range(64):
                    client.send(b"x" * MIB)
            except (ConnectionError, TimeoutError):
                pass
            reply = client.reply()
            self.assertIn((reply.status, reply.body), ((401, b"who"), (502, b"Bad Gateway")))
            if reply.status == 401:
                return
        self.fail("the early answer was lost five times out of five")

    def test_an_upstream_that_dies_mid_upload_is_502(self):
        def die(connection):
            connection.read_head()
            connection.reader.exactly(1000)
            connection.reset()

        _, _, client = self.edge(die)
        client.send(request("POST", "/", [("Content-Length", "100000")], length=False), b"x" * 1000)
        self.assertEqual(client.reply().status, 502)

    def test_a_client_that_goes_away_mid_upload_takes_the_upstream_request_with_it(self):
        def sink(connection):
            connection.read_head()
            connection.hold()

        upstream, _, client = self.edge(sink)
        client.send(request("POST", "/", [("Content-Length", "100000")], length=False), b"x" * 1000)
        self.assertTrue(upstream.wait(lambda: upstream.received.endswith(b"x" * 1000)))
        client.reset()
        self.assertTrue(upstream.wait(lambda: upstream.connections[0].ended.is_set()))

    def test_a_client_that_goes_away_mid_download_takes_the_upstream_request_with_it(self):
        def endless(connection):
            connection.read_request()
            connection.send(response(200, fields=CHUNKED, length=False))
            try:
                while True:
                    connection.send(chunked(b"x" * 10000, end=False))
            finally:
                connection.ended.set()
                connection.owner.changed()

        upstream, _, client = self.edge(endless)
        client.send(get())
        client.head()
        client.reset()
        self.assertTrue(upstream.wait(lambda: upstream.connections[0].ended.is_set()))
