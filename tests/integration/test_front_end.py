"""Every row of the HTTP/1 decision table, as raw bytes over a socket (the cases are in h1_cases.py)."""
import unittest

from framework import Case, Closed, chunked, get, request, response, serve
from h1_cases import CASES, H1Case


class FrontEnd(Case):
    """One process for each group of cases, one upstream for each case's record."""

    def run_group(self, cases: list[H1Case]) -> None:
        upstream, process, _ = self.edge()
        for case in cases:
            with self.subTest(case.name):
                self.run_case(case, upstream, process)
        self.assertIsNone(process.process.poll(), "the process died")

    def run_case(self, case: H1Case, upstream, process) -> None:
        self.count = getattr(self, "count", 0) + 1
        mark = b"SMUGGLED-%d-" % self.count  # of this case alone: a leak shows where it happened and nowhere else
        raw, absent = case.raw.replace(b"SMUGGLED", mark), [word.replace(b"SMUGGLED", mark) for word in case.absent]
        raw = raw.replace(b"POST /p ", b"POST /p-%d " % self.count)
        seen_requests, seen_bytes = len(upstream.requests), len(upstream.received)
        client = self.client(process)
        try:
            client.send(raw)
        except ConnectionError:
            pass  # refused before everything was sent; the reply may still be there
        try:
            reply = client.reply("HEAD" if raw.startswith(b"HEAD") else "GET")
        except (Closed, ConnectionError):
            self.assertTrue(case.may_be_silent, f"closed without a reply to {raw[:200]!r}")
        else:
            self.assertIn(reply.status, case.status, f"for {raw[:200]!r}")
            for _ in range(max(case.upstream) - 1 if reply.status == 200 else 0):
                self.assertEqual(client.reply().status, 200)
            if case.closed:
                self.assertTrue(reply.has_token("Connection", "close"), "the close is announced")
                self.assertEqual(client.rest(), b"", "nothing follows the refusal")
            elif case.closed is False:
                self.assertEqual(client.ask(get("/after")).status, 200, "the connection goes on")
        finally:
            client.close()
        seen = [head.target for head in upstream.requests[seen_requests:]]
        # A head that was forwarded before its content was refused may arrive while the next case runs.
        late = [target for target in seen if target.startswith("/p-") and target != f"/p-{self.count}"]
        leaked = [target for target in seen if "SMUGGLED" in target and mark.decode() not in target]
        after = [target for target in seen if target not in ["/after", *late, *leaked]]
        received = bytes(upstream.received[seen_bytes:])
        self.assertIn(len(after), case.upstream, f"upstream saw {after} for {raw[:200]!r}")
        for wanted in case.contains:
            self.assertIn(wanted, received)
        for word in absent:
            self.assertNotIn(word, received)


def add_group(name: str, cases: list[H1Case]) -> None:
    def test(self):
        self.run_group(cases)

    setattr(FrontEnd, f"test_{name.replace(' ', '_')}", test)


for group_name, group_cases in CASES.items():
    add_group(group_name, group_cases)


class Refusals(Case):
    def test_a_large_upload_after_a_refused_head_still_gets_to_see_the_status(self):
        _, _, client = self.edge()
        client.send(b"POST /p HTTP/1.1\r\nHost: case.test\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n")
        try:
            for _ in range(8):
                client.send(b"x" * 4096)
        except ConnectionError:
            pass
        self.assertEqual(client.reply().status, 400)

    def test_a_refusal_behind_a_valid_request_comes_after_its_reply(self):
        upstream, _, client = self.edge()
        client.send(get("/a"), b"BROKEN\r\n\r\n", get("/SMUGGLED"))
        self.assertEqual([client.reply().status for _ in range(2)], [200, 400])
        self.assertTrue(client.is_closed())
        self.assertEqual([head.target for head in upstream.requests], ["/a"])

    def test_refusals_do_not_depend_on_how_the_bytes_are_cut(self):
        upstream, process, _ = self.edge()
        for raw in (b"POST /p HTTP/1.1\r\nHost: case.test\r\nContent-Length: 5\r\n"
                    b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                    b"GET /g HTTP/1.1\r\nHost: case.test\r\nX: a\r\n b\r\n\r\n"):
            for at in range(1, len(raw), 3):
                client = self.client(process)
                try:
                    client.send(raw[:at])
                    client.send(raw[at:])
                except ConnectionError:
                    pass
                self.assertEqual(client.reply().status, 400, f"split at {at}")
                self.assertTrue(client.is_closed())
                client.close()
        self.assertEqual(upstream.requests, [])

    def test_a_head_request_that_is_refused_gets_no_body(self):
        _, _, client = self.edge()
        client.send(b"HEAD /%zz HTTP/1.1\r\nHost: case.test\r\n\r\n")
        self.assertEqual(client.head().status, 400)
        client.reader.rest()

    def test_a_reflected_reply_never_carries_bytes_of_the_request(self):
        _, _, client = self.edge()
        client.send(b"GET /<script>alert(1)</script>\\ HTTP/1.1\r\nHost: case.test\r\n\r\n")
        self.assertNotIn(b"script", client.reply().body)

    def test_limits_are_options(self):
        upstream = self.upstream()
        process = self.sluice(upstream, "--entryPoints.web.http.maxHeaderBytes=4096")
        self.assertEqual(self.client(process).ask(get("/", [("X", "v" * 5000)])).status, 431)
        self.assertEqual(self.client(process).ask(get("/", [("X", "v" * 3000)])).status, 200)
        process = self.sluice(upstream, "--entryPoints.web.http.maxHeaderBytes=262144")
        fields = [(f"X-{i}", "v" * 2000) for i in range(90)]
        self.assertEqual(self.client(process).ask(get("/", fields)).status, 200)

    def test_underscore_names_are_kept_deleted_or_rejected(self):
        upstream = self.upstream()
        for strategy, status, kept in (("keep", 200, True), ("delete", 200, False), ("reject", 400, False)):
            with self.subTest(strategy):
                process = self.sluice(upstream, f"--entryPoints.web.http.underscoreHeadersStrategy={strategy}")
                before = len(upstream.requests)
                self.assertEqual(self.client(process).ask(get("/", [("X_B", "v")])).status, status)
                self.assertEqual([head.get("X_B") for head in upstream.requests[before:]],
                                 [] if status == 400 else ["v" if kept else None])


class UpstreamReplies(Case):
    """The same strictness towards upstream servers: a violation is 502 and the end of that connection."""

    def test_malformed_replies_are_502(self):
        ok = b"HTTP/1.1 200 OK\r\n"
        bad = {
            "two lengths": ok + b"Content-Length: 3\r\nContent-Length: 5\r\n\r\nabcde",
            "two equal lengths": ok + b"Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
            "length list": ok + b"Content-Length: 3, 3\r\n\r\nabc",
            "signed length": ok + b"Content-Length: +3\r\n\r\nabc",
            "huge length": ok + b"Content-Length: 18446744073709551619\r\n\r\nabc",
            "length beside chunked": ok + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked(b"abc"),
            "unknown coding": ok + b"Transfer-Encoding: gzip\r\n\r\nabc",
            "chunked twice": ok + b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
            "fold": ok + b"X: a\r\n b\r\nContent-Length: 0\r\n\r\n",
            "space before the colon": ok + b"Content-Length : 0\r\n\r\n",
            "LF line ends": b"HTTP/1.1 200 OK\nContent-Length: 0\n\n",
            "NUL in a value": ok + b"X: a\x00b\r\nContent-Length: 0\r\n\r\n",
            "CR in a value": ok + b"X: a\rb\r\nContent-Length: 0\r\n\r\n",
            "no colon": ok + b"nonsense\r\nContent-Length: 0\r\n\r\n",
            "bad version": b"HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n",
            "not HTTP": b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
            "four digits": b"HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n",
            "status 99": b"HTTP/1.1 99 No\r\nContent-Length: 0\r\n\r\n",
            "status 000": b"HTTP/1.1 000 No\r\nContent-Length: 0\r\n\r\n",
            "letters for a status": b"HTTP/1.1 OK\r\nContent-Length: 0\r\n\r\n",
            "an endless head": ok + b"X: " + b"v" * 2_000_000 + b"\r\n\r\n",
            "too many fields": ok + b"".join(b"X-%d: v\r\n" % i for i in range(2000)) + b"Content-Length: 0\r\n\r\n",
        }
        upstream = self.upstream()
        process = self.sluice(upstream)
        for name, raw in bad.items():
            with self.subTest(name):
                def script(connection, raw=raw):
                    connection.read_request()
                    connection.send(raw)
                    connection.hold()

                upstream.script = script
                before = len(upstream.connections)
                client = self.client(process)
                self.assertEqual(client.ask(get()).status, 502)
                self.assertTrue(upstream.wait(lambda: all(c.ended.is_set() for c in upstream.connections[before:])),
                                "the upstream connection is destroyed")
                upstream.script = serve(response(200, b"ok", [("Connection", "close")]))
                self.assertEqual(client.ask(get()).status, 200, "the client connection goes on")

    def test_a_bad_chunk_in_a_reply_breaks_the_client_connection(self):
        for body in (b"0x3\r\nabc\r\n0\r\n\r\n", b"3\r\nabcd\r\n0\r\n\r\n", b"3\nabc\n0\n\n",
                     b"8000000000000000\r\nabc", b"-3\r\nabc\r\n"):
            with self.subTest(body):
                def script(connection, body=body):
                    connection.read_request()
                    connection.send(response(200, b"5\r\nfirst\r\n" + body, [("Transfer-Encoding", "chunked")],
                                             length=False))
                    connection.hold()

                _, _, client = self.edge(script)
                client.send(get())
                self.assertNotIn(b"\r\n0\r\n\r\n", client.rest(), "the reply must not look complete")

    def test_a_reply_cut_short_is_visible_to_the_client(self):
        for raw in (response(200, b"half", [("Content-Length", "10")], length=False),
                    response(200, b"4\r\nhalf\r\n", [("Transfer-Encoding", "chunked")], length=False),
                    response(200, b"a\r\nhalf", [("Transfer-Encoding", "chunked")], length=False)):
            for how in ("end", "reset"):
                with self.subTest(raw=raw, how=how):
                    def script(connection, raw=raw, how=how):
                        connection.read_request()
                        connection.send(raw)
                        connection.owner.wait(lambda: connection.owner.cut, 5)
                        getattr(connection, how)()

                    upstream = self.upstream(script)
                    upstream.cut = False
                    client = self.client(self.sluice(upstream))
                    client.send(get())
                    self.assertEqual(client.head().status, 200)
                    upstream.cut = True
                    upstream.changed()
                    rest = client.rest()
                    self.assertFalse(rest.endswith(b"0\r\n\r\n"), rest)
                    self.assertLess(len(rest), 20)

    def test_a_head_cut_short_is_502(self):
        for raw in (b"HTTP/1.1 200 OK\r\nContent-Le", b"HTTP/1.1 200 OK\r\n", b"H"):
            with self.subTest(raw):
                def script(connection, raw=raw):
                    connection.read_request()
                    connection.send(raw)
                    connection.end()

                _, _, client = self.edge(script)
                self.assertEqual(client.ask(get()).status, 502)

    def test_surplus_bytes_after_a_reply_destroy_the_connection(self):
        evil = response(200, b"EVIL")
        upstream, _, client = self.edge(serve(response(200, b"good") + evil))
        for _ in range(3):
            self.assertEqual(client.ask(get()).body, b"good")
        self.assertEqual(len(upstream.connections), 3)

    def test_surplus_bytes_behind_a_body_the_kernel_moves_destroy_the_connection(self):
        large = b"x" * 300_000
        upstream, _, client = self.edge(serve(response(200, large) + response(200, b"EVIL")))
        for _ in range(3):
            self.assertEqual(client.ask(get()).body, large)
        self.assertEqual(len(upstream.connections), 3)

    def test_a_connection_that_carried_a_large_body_is_used_again(self):
        large = b"x" * 300_000
        upstream, _, client = self.edge(serve(response(200, large)))
        for _ in range(3):
            self.assertEqual(client.ask(get()).body, large)
        self.assertEqual(len(upstream.connections), 1)

    def test_a_body_for_head_destroys_the_connection(self):
        upstream, _, client = self.edge(serve(response(200, b"unwanted")))
        for _ in range(2):
            self.assertEqual(client.ask(request("HEAD"), "HEAD").status, 200)
        self.assertEqual(len(upstream.connections), 2)
        self.assertEqual(client.ask(get()).body, b"unwanted")


if __name__ == "__main__":
    unittest.main()
