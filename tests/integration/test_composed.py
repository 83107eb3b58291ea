"""Services of services: copies, fallbacks, middlewares around services; and what is known about their servers."""
import json
import re
import subprocess
import tempfile
import time
from collections import Counter
from pathlib import Path

from framework import (Case, all_hosts, binary, chunked, get, heavy, hold, host_router, http, patience, refuse_connections,
                       request, response, serve, servers)

OK = serve(response(200, b"ok"))


def named(name: str, status: int = 200):
    return serve(response(status, name.encode()))


def mirroring(main, mirrors: dict, shares: dict | None = None, **options) -> dict:
    """`mirrors`: URLs by name."""
    listed = [{"name": name, "percent": (shares or {}).get(name, 100)} for name in mirrors]
    return http({"web": all_hosts("app")}, {
        "app": {"mirroring": {"service": "main", "mirrors": listed, **options}},
        "main": servers(main.url), **{name: servers(url) for name, url in mirrors.items()}})


class Mirroring(Case):
    def test_the_mirror_gets_what_the_service_got(self):
        main, shadow = self.upstream(OK), self.upstream(named("shadow", 500))
        client = self.client(self.sluice(mirroring(main, {"shadow": shadow.url})))
        for body, asked in ((b"", get("/x?y", [("X-Mark", "1")])), (b"hello", request("POST", "/p", body=b"hello")),
                            (b"abcdef", request("PUT", "/c", [("Transfer-Encoding", "chunked")])
                             + chunked(b"abc", b"def"))):
            self.assertEqual(client.ask(asked).body, b"ok")
            self.assertTrue(shadow.wait_for_requests(len(main.requests)))
            ours, copy = main.requests[-1], shadow.requests[-1]
            self.assertEqual((copy.method, copy.target, copy.get("Host"), copy.get("X-Mark")),
                             (ours.method, ours.target, ours.get("Host"), ours.get("X-Mark")))
            self.assertTrue(shadow.wait(lambda body=body: shadow.requests[-1].body == body))

    def test_a_mirror_that_hangs_holds_up_nobody_and_does_not_hold_up_the_end(self):
        main, shadow = self.upstream(OK), self.upstream(hold)
        process = self.sluice(mirroring(main, {"shadow": shadow.url}))
        client = self.client(process)
        began = time.monotonic()
        for _ in range(50):
            self.assertEqual(client.ask(request("POST", "/", body=b"x" * 1000)).body, b"ok")
        self.assert_within(2, began, "fifty requests")
        self.assertTrue(shadow.wait(lambda: len(shadow.connections) > 1))
        client.close()
        began = time.monotonic()
        self.assertEqual(process.stop(), 0)
        self.assert_within(1.5, began, "the end")

    def test_percentages(self):
        main, tenth, half = self.upstream(OK), self.upstream(OK), self.upstream(OK)
        process = self.sluice(mirroring(main, {"tenth": tenth.url, "half": half.url}, {"tenth": 10, "half": 50}))
        client = self.client(process)
        for _ in range(100):
            client.ask(get())
        self.assertTrue(half.wait_for_requests(50) and tenth.wait_for_requests(10))
        self.assertEqual((len(half.requests), len(tenth.requests)), (50, 10))

    def test_large_content_is_served_and_not_copied(self):
        main, shadow = self.upstream(OK), self.upstream(OK)
        client = self.client(self.sluice(mirroring(main, {"shadow": shadow.url}, maxBodySize=100_000)))
        self.assertEqual(client.ask(request("POST", "/large", body=b"x" * 100_001)).body, b"ok")
        self.assertEqual(client.ask(request("POST", "/small", body=b"x" * 100_000)).body, b"ok")
        self.assertTrue(shadow.wait_for_requests(1))
        self.assertEqual([head.target for head in shadow.requests], ["/small"])

    def test_middlewares_around_it_and_what_is_copied(self):
        main, shadow = self.upstream(), self.upstream(OK)
        left = [503, 200]

        def script(connection):
            while connection.read_request():
                connection.send(response(left.pop(0) if left else 200, b"main"))
        main.script = script
        dynamic = mirroring(main, {"shadow": shadow.url})
        dynamic["http"]["routers"]["web"]["middlewares"] = ["again", "strip", "whole", "small"]
        dynamic["http"]["middlewares"] = {
            "again": {"retry": {"attempts": 2, "status": ["503"]}},
            "strip": {"stripPrefix": {"prefixes": ["/api"]}},
            "whole": {"buffering": {"memRequestBodyBytes": 100}},
            "small": {"compress": {"minResponseBodyBytes": 0}}}
        client = self.client(self.sluice(dynamic))
        body = b"0123456789" * 1000
        reply = client.ask(request("PUT", "/api/x", [("Accept-Encoding", "gzip")], body=body))
        self.assertEqual((reply.status, reply.get("Content-Encoding")), (200, "gzip"))
        # Every try is a request of its own, as the middlewares left it, and so has a copy.
        self.assertTrue(shadow.wait(lambda: [head.body for head in shadow.requests] == [body] * 2))
        self.assertEqual([head.target for head in shadow.requests], ["/x"] * 2)

    def test_a_reload_does_not_disturb_copies_under_way(self):
        main, shadow = self.upstream(OK), self.upstream(lambda c: (c.read_request(), time.sleep(0.5), c.send(
            response(200, b"late"))))
        dynamic = mirroring(main, {"shadow": shadow.url})
        process = self.sluice(dynamic)
        client = self.client(process)
        for _ in range(10):
            client.ask(request("POST", "/", body=b"x" * 50_000))
        process.configure(http({"web": all_hosts("main")}, {"main": servers(main.url)}))
        client.close()
        self.assertTrue(shadow.wait_for_requests(10))
        process.configure(dynamic)
        self.assertEqual(self.client(process).ask(get()).body, b"ok")


class Failover(Case):
    CHECK = {"path": "/health", "interval": "100ms", "timeout": "1s"}

    def services(self, first: str, second: str, check: bool = True, **options) -> dict:
        return http({"web": all_hosts("app")}, {
            "app": {"failover": {"service": "first", "fallback": "second", **options}},
            "first": servers(first, **({"healthCheck": self.CHECK} if check else {})), "second": servers(second)})

    def test_the_fallback_answers_while_checks_fail(self):
        state = {"status": 200}

        def script(connection):
            while head := connection.read_request():
                connection.send(response(state["status"] if head.target == "/health" else 200, b"first"))
        process = self.sluice(self.services(self.upstream(script).url, self.upstream(named("second")).url))
        client = self.client(process)
        self.assertEqual(client.ask(get()).body, b"first")
        state["status"] = 500
        self.assert_soon(lambda: client.ask(get()).body == b"second", "the fallback answers")
        state["status"] = 200
        self.assert_soon(lambda: client.ask(get()).body == b"first", "the first one is back")

    def test_answers_that_count_as_failures(self):
        first, second = self.upstream(named("first", 503)), self.upstream(named("second"))
        process = self.sluice(self.services(first.url, second.url, check=False,
                                            errors={"status": ["500-504"], "maxRequestBodyBytes": 200_000}))
        client = self.client(process)
        body = bytes(range(256)) * 700
        self.assertEqual(client.ask(request("POST", "/p", body=body)).body, b"second")
        self.assertEqual((first.requests[0].body, second.requests[0].body), (body, body))
        self.assertEqual(client.ask(request("POST", "/p", body=b"x" * 200_001)).status, 413)
        self.assertEqual(len(first.requests), 1)

    def test_a_dead_server_counts_as_502(self):
        second = self.upstream(named("second"))
        process = self.sluice(self.services(refuse_connections(), second.url, check=False, errors={"status": ["502"]}))
        self.assertEqual(self.client(process).ask(request("PUT", "/", body=b"again")).body, b"second")

    def test_without_checks_and_statuses_a_warning_says_so(self):
        process = self.sluice(self.services(self.upstream(named("first", 500)).url, self.upstream(OK).url, check=False))
        self.assertEqual(self.client(process).ask(get()).body, b"first")
        self.assertIn("first", process.wait_for_log("SLU-B020"))

    def test_types_nest_and_circles_are_reported(self):
        a, b, c = (self.upstream(named(name, 500 if name == "a" else 200)) for name in "abc")
        process = self.sluice(http({"web": all_hosts("top"), "round": host_router("round.test", "one")}, {
            "top": {"weighted": {"services": [{"name": "over"}]}},
            "over": {"failover": {"service": "copied", "fallback": "b", "errors": {"status": ["500"]}}},
            "copied": {"mirroring": {"service": "hrw", "mirrors": [{"name": "c", "percent": 100}]}},
            "hrw": {"highestRandomWeight": {"services": [{"name": "a"}]}},
            **{name: servers(upstream.url) for name, upstream in (("a", a), ("b", b), ("c", c))},
            "one": {"failover": {"service": "a", "fallback": "two"}},
            "two": {"mirroring": {"service": "one"}}}))
        client = self.client(process)
        self.assertEqual(client.ask(request("POST", "/", body=b"deep")).body, b"b")
        self.assertTrue(c.wait(lambda: bool(c.requests) and c.requests[0].body == b"deep"))
        process.wait_for_log("SLU-B008.*refers to itself")
        self.assertEqual(client.ask(get(host="round.test")).body, b"b")  # that router is left out; the other takes it


class MiddlewaresOfServices(Case):
    def test_they_are_applied_wherever_the_service_is_used(self):
        upstream = self.upstream(OK)
        process = self.sluice(http(
            {"direct": host_router("direct.test", "inner"), "nested": host_router("nested.test", "outer")},
            {"inner": {**servers(upstream.url), "middlewares": ["prefix", "mark"]},
             "outer": {"weighted": {"services": [{"name": "inner"}]}, "middlewares": ["outer-prefix"]}},
            middlewares={"prefix": {"addPrefix": {"prefix": "/in"}},
                         "outer-prefix": {"addPrefix": {"prefix": "/out"}},
                         "mark": {"headers": {"customResponseHeaders": {"X-Mark": "yes"}}}}))
        client = self.client(process)
        self.assertEqual(client.ask(get("/p", host="direct.test")).get("X-Mark"), "yes")
        self.assertEqual(client.ask(get("/p", host="nested.test")).get("X-Mark"), "yes")
        self.assertEqual([head.target for head in upstream.requests], ["/in/p", "/in/out/p"])

    def test_a_service_is_not_served_without_one_of_them(self):
        upstream = self.upstream(OK)
        process = self.sluice(http({"web": all_hosts("app")}, {"app": {**servers(upstream.url), "middlewares": ["auth"]}},
                                   middlewares={"auth": {"basicAuth": {"users": ["broken"]}}}))
        self.assertEqual(self.client(process).ask(get()).status, 404)
        self.assertEqual(upstream.requests, [])

    def test_they_see_failures_as_statuses(self):
        pages = self.upstream(named("page"))
        process = self.sluice(http({"web": all_hosts("app")},
                                   {"app": {**servers(refuse_connections()), "middlewares": ["pages"]},
                                    "pages": servers(pages.url)},
                                   middlewares={"pages": {"errors": {"status": ["502"], "service": "pages"}}}))
        reply = self.client(process).ask(get())
        self.assertEqual((reply.status, reply.body), (502, b"page"))

    def test_a_middleware_whose_service_has_that_middleware_is_a_circle(self):
        upstream = self.upstream(OK)
        process = self.sluice(http({"web": all_hosts("app"), "fine": host_router("fine.test", "other")},
                                   {"app": {**servers(upstream.url), "middlewares": ["pages"]},
                                    "other": servers(upstream.url)},
                                   middlewares={"pages": {"errors": {"status": ["500"], "service": "app"}}}))
        process.wait_for_log("SLU-B008")
        client = self.client(process)
        self.assertEqual(client.ask(get(host="fine.test")).status, 200)
        self.assertEqual(client.ask(get()).status, 404)


class GrpcHealth:
    """As much of an HTTP/2 server as a health check needs (RFC 9113), without a library."""

    def __init__(self, status: int = 1):
        self.status = status  # of the health; 0 to 3
        self.grpc = "0"
        self.paths: list[bytes] = []

    @staticmethod
    def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
        return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload

    @staticmethod
    def field(name: bytes, value: bytes) -> bytes:
        return bytes([0, len(name)]) + name + bytes([len(value)]) + value  # RFC 7541 §6.2.2, no Huffman code

    def __call__(self, connection) -> None:
        reader = connection.reader
        if not reader.exactly(24).startswith(b"PRI * HTTP/2.0"):
            return
        connection.send(self.frame(4, 0, 0))
        bodies: dict[int, bytes] = {}
        while True:
            head = reader.exactly(9)
            length, kind, flags = int.from_bytes(head[:3], "big"), head[3], head[4]
            stream = int.from_bytes(head[5:], "big")
            payload = reader.exactly(length)
            if kind == 4 and not flags & 1:
                connection.send(self.frame(4, 1, 0))
            if kind == 1:
                self.paths.append(payload)
            if kind == 0:
                bodies[stream] = bodies.get(stream, b"") + payload
            if kind == 0 and flags & 1:
                assert bodies[stream] == bytes(5), bodies
                self.answer(connection, stream)

    def answer(self, connection, stream: int) -> None:
        head = b"\x88" + self.field(b"content-type", b"application/grpc")
        trailers = self.field(b"grpc-status", self.grpc.encode())
        message = b"\x08" + bytes([self.status]) if self.status else b""
        if self.grpc != "0":
            connection.send(self.frame(1, 5, stream, head + trailers))  # no message: the only block of fields
            return
        connection.send(self.frame(1, 4, stream, head),
                        self.frame(0, 0, stream, b"\0" + len(message).to_bytes(4, "big") + message),
                        self.frame(1, 5, stream, trailers))


class Health(Case):
    def setUp(self):
        super().setUp()
        self.folder = tempfile.TemporaryDirectory(prefix="sluice-health-")
        self.addCleanup(self.folder.cleanup)
        self.socket = Path(self.folder.name) / "control.sock"

    def ask(self, *words) -> str:
        done = subprocess.run([binary(), *words, "--control", self.socket], capture_output=True, text=True,
                              timeout=patience(20), check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def states(self) -> dict:
        service = json.loads(self.ask("get", "services", "app", "-o", "json"))[0]
        return {server["url"]: server for server in service["servers"]}

    def test_a_server_that_is_down_says_why_and_since_when(self):
        def script(connection):
            while head := connection.read_request():
                connection.send(response(500 if head.target == "/health" else 200))
        sick, well = self.upstream(script), self.upstream(OK)
        self.sluice(http({"web": all_hosts("app")}, {"app": servers(sick.url, well.url, healthCheck={
            "path": "/health", "interval": "100ms"})}), f"--controlSocket={self.socket}")
        self.assert_soon(lambda: self.states()[sick.url]["state"] == "down", "the check fails")
        state = self.states()[sick.url]
        self.assertEqual(state["reason"], "GET /health answered 500")
        self.assertRegex(state["since"], r"^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$")
        self.assertEqual(self.states()[well.url]["state"], "ready")
        self.assertRegex(self.ask("get", "services"), rf"{re.escape(sick.url)} down since .* GMT: GET /health answered 500")
        self.assertEqual(json.loads(self.ask("status", "-o", "json"))["serversDown"], 1)
        self.assertRegex(self.ask("status"), r"down +1 servers")
        explained = json.loads(self.ask("explain", "http://any.test/", "--entrypoint", "web", "-o", "json"))
        self.assertIn("its server", explained["answer"])

    def test_grpc_checks(self):
        checks = GrpcHealth()
        server, other = self.upstream(checks), self.upstream(OK)
        other_checks = GrpcHealth(1)
        health = self.upstream(other_checks)
        process = self.sluice(http({"web": all_hosts("app")}, {
            "app": servers(server.url, healthCheck={"mode": "grpc", "interval": "100ms", "port": server.port}),
            "far": servers(other.url, healthCheck={"mode": "grpc", "interval": "100ms", "port": health.port})}),
            f"--controlSocket={self.socket}")
        self.assertTrue(server.wait(lambda: len(checks.paths) > 2))
        self.assertEqual(self.states()[server.url]["state"], "ready")
        self.assertTrue(health.wait(lambda: other_checks.paths))
        for status, grpc, why in ((2, "0", "NOT_SERVING"), (0, "0", "UNKNOWN"), (1, "12", "does not implement"),
                                  (1, "14", "gRPC status 14")):
            checks.status, checks.grpc = status, grpc
            self.assert_soon(lambda why=why: why in self.states()[server.url].get("reason", ""), why)
        checks.status, checks.grpc = 1, "0"
        self.assert_soon(lambda: self.states()[server.url]["state"] == "ready", "it serves again")
        process.wait_for_log("healthy again")

    def test_unhealthy_interval(self):
        times: list[float] = []

        def script(connection):
            while connection.read_request():
                times.append(time.monotonic())
                connection.send(response(500))
        self.sluice(http({"web": all_hosts("app")}, {"app": servers(self.upstream(script).url, healthCheck={
            "path": "/health", "interval": "1h", "unhealthyInterval": "50ms"})}))
        self.assert_soon(lambda: len(times) > 4, "a server that is down is asked more often")

    @heavy
    def test_a_new_server_starts_slowly(self):
        first, second = self.upstream(named("a")), self.upstream(named("b"))
        dynamic = http({"web": all_hosts("app")}, {"app": servers(first.url, slowStart="2s")})
        process = self.sluice(dynamic)
        time.sleep(2.2)
        dynamic["http"]["services"]["app"] = servers(first.url, second.url, slowStart="2s")
        process.configure(dynamic)
        client = self.client(process)
        counted = Counter(client.ask(get()).body for _ in range(20))
        self.assertGreater(counted[b"b"], 0)
        self.assertLess(counted[b"b"], 8, counted)
        time.sleep(2.2)
        counted = Counter(client.ask(get()).body for _ in range(20))
        self.assertIn(counted[b"b"], (9, 10, 11), counted)


if __name__ == "__main__":
    import unittest
    unittest.main()
