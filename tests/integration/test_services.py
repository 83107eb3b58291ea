"""What decides between servers beyond taking turns: cookies, addresses, times, and health."""
import hashlib
import time
from collections import Counter

from framework import Case, all_hosts, get, http, response, serve, servers, single


class Switch:
    """An upstream's script whose answer can be changed while it runs; requests for `path` are health checks."""

    def __init__(self, name: str, path: str = "/health"):
        self.name, self.path = name, path
        self.health = 200
        self.status = 200
        self.delay = 0.0
        self.checks: list = []

    def __call__(self, connection) -> None:
        while head := connection.read_request():
            if head.target == self.path:
                self.checks.append(head)
                connection.send(response(self.health, b""))
            else:
                time.sleep(self.delay)
                connection.send(response(self.status, self.name.encode()))


def cookie_of(reply) -> str:
    return reply.get("Set-Cookie") or ""


class StickyCookies(Case):
    def pair(self, **cookie):
        upstreams = [self.upstream(serve(response(200, name))) for name in (b"a", b"b")]
        process = self.sluice(single(*(upstream.url for upstream in upstreams), sticky={"cookie": cookie}))
        return upstreams, process, self.client(process)

    def test_the_first_answer_names_the_server_and_later_requests_stay(self):
        upstreams, process, client = self.pair(name="stay")
        first = client.ask(get())
        server = next(upstream for upstream in upstreams if upstream.requests)
        value = hashlib.sha256(server.url.encode()).hexdigest()[:16]
        self.assertEqual(cookie_of(first), f"stay={value}; Path=/")
        other = self.client(process)
        for _ in range(6):
            reply = other.ask(get("/", [("Cookie", f"x=1; stay={value}; y=2")]))
            self.assertEqual((reply.body, cookie_of(reply)), (first.body, ""))

    def test_the_name_without_one_comes_from_the_service(self):
        _, _, client = self.pair()
        name = "_" + hashlib.sha1(b"_TRAEFIK_BACKEND_app@file").hexdigest()[:5]
        self.assertRegex(cookie_of(client.ask(get())), rf"^{name}=[0-9a-f]{{16}}; Path=/$")

    def test_attributes(self):
        _, _, client = self.pair(name="a b;c", secure=True, httpOnly=True, sameSite="strict", maxAge=60, path="/app",
                                 domain="case.test")
        self.assertRegex(cookie_of(client.ask(get())), r"^a_b_c=[0-9a-f]{16}; Path=/app; Domain=case\.test; "
                         r"Max-Age=60; HttpOnly; Secure; SameSite=Strict$")

    def test_older_forms_are_read_and_written_anew(self):
        upstreams, _, client = self.pair(name="stay")
        url = upstreams[1].url
        hashed = 0xcbf29ce484222325
        for byte in url.encode():
            hashed = ((hashed * 0x100000001b3) & 0xffffffffffffffff) ^ byte
        for old in (url, f"{hashed:x}"):
            for _ in range(3):
                reply = client.ask(get("/", [("Cookie", f"stay={old}")]))
                self.assertEqual(reply.body, b"b", old)
                self.assertIn(hashlib.sha256(url.encode()).hexdigest()[:16], cookie_of(reply))

    def test_a_server_that_is_gone_is_replaced_and_so_is_the_cookie(self):
        upstreams, _, client = self.pair(name="stay")
        for value in ("0123456789abcdef", hashlib.sha256(upstreams[0].url.encode()).hexdigest()[:16]):
            upstreams[0].close()
            reply = client.ask(get("/", [("Cookie", f"stay={value}")]))
            self.assertEqual(reply.body, b"b")
            self.assertIn(hashlib.sha256(upstreams[1].url.encode()).hexdigest()[:16], cookie_of(reply))

    def test_a_cookie_leads_to_no_server_of_weight_zero(self):
        on, off = (self.upstream(serve(response(200, name))) for name in (b"on", b"off"))
        process = self.sluice(single(on.url, {"url": off.url, "weight": 0}, sticky={"cookie": {"name": "stay"}}))
        value = hashlib.sha256(off.url.encode()).hexdigest()[:16]
        reply = self.client(process).ask(get("/", [("Cookie", f"stay={value}")]))
        self.assertEqual(reply.body, b"on")
        self.assertIn(hashlib.sha256(on.url.encode()).hexdigest()[:16], cookie_of(reply))

    def test_services_and_servers_may_both_stick(self):
        upstreams = [self.upstream(serve(response(200, name))) for name in (b"a", b"b", b"c", b"d")]
        urls = [upstream.url for upstream in upstreams]
        process = self.sluice(http({"web": all_hosts("split")}, {
            "split": {"weighted": {"services": [{"name": "one"}, {"name": "two"}], "sticky": {"cookie": {"name": "s"}}}},
            "one": servers(*urls[:2], sticky={"cookie": {"name": "one"}}),
            "two": servers(*urls[2:], sticky={"cookie": {"name": "two"}})}))
        client = self.client(process)
        reply = client.ask(get())
        cookies = [value.split(";")[0] for name, value in reply.fields if name == "Set-Cookie"]
        self.assertEqual(len(cookies), 2)
        for _ in range(8):
            again = client.ask(get("/", [("Cookie", "; ".join(cookies))]))
            self.assertEqual((again.body, cookie_of(again)), (reply.body, ""))


class Strategies(Case):
    def test_hrw_keeps_a_client_with_its_server_and_spreads_clients(self):
        upstreams = [self.upstream(serve(response(200, name))) for name in (b"a", b"b", b"c")]
        process = self.sluice(single(*(upstream.url for upstream in upstreams), strategy="hrw"))
        chosen = Counter()
        for i in range(40):
            client = self.client(process, source=f"127.0.1.{i + 1}")
            bodies = {client.ask(get()).body for _ in range(3)}
            self.assertEqual(len(bodies), 1)
            chosen.update(bodies)
        self.assertEqual(len(chosen), 3, chosen)

    def test_p2c_avoids_the_busy_server(self):
        slow, quick = Switch("slow"), Switch("quick")
        slow.delay = 1.0
        process = self.sluice(single(self.upstream(slow).url, self.upstream(quick).url, strategy="p2c"), "--workers=1")
        clients = [self.client(process) for _ in range(20)]
        for client in clients:
            client.send(get())
            time.sleep(0.01)
        bodies = Counter(client.reply().body for client in clients)
        self.assertLessEqual(bodies[b"slow"], 3, bodies)

    def test_leasttime_prefers_the_quicker_server(self):
        slow, quick = Switch("slow"), Switch("quick")
        slow.delay = 0.05
        process = self.sluice(single(self.upstream(slow).url, self.upstream(quick).url, strategy="leasttime"),
                              "--workers=1")
        client = self.client(process)
        bodies = Counter(client.ask(get()).body for _ in range(20))
        self.assertGreaterEqual(bodies[b"quick"], 18, bodies)

    def test_highest_random_weight_over_services(self):
        upstreams = [self.upstream(serve(response(200, name))) for name in (b"a", b"b")]
        process = self.sluice(http({"web": all_hosts("split")}, {
            "split": {"highestRandomWeight": {"services": [{"name": "one"}, {"name": "two"}]}},
            "one": servers(upstreams[0].url), "two": servers(upstreams[1].url)}))
        client = self.client(process)
        self.assertEqual(len({client.ask(get()).body for _ in range(10)}), 1)


class HealthChecks(Case):
    CHECK = {"path": "/health", "interval": "100ms", "timeout": "1s"}

    def bodies(self, client, count: int = 6) -> set:
        return {client.ask(get()).body for _ in range(count)}

    def test_a_server_that_fails_gets_no_requests_until_it_is_well_again(self):
        a, b = Switch("a"), Switch("b")
        process = self.sluice(single(self.upstream(a).url, self.upstream(b).url, healthCheck=self.CHECK))
        client = self.client(process)
        self.assertEqual(self.bodies(client), {b"a", b"b"})
        a.health = 500
        self.assert_soon(lambda: self.bodies(client) == {b"b"}, "the sick server gets no requests")
        process.wait_for_log(r"failed its health check.*answered 500")
        a.health = 204
        self.assert_soon(lambda: self.bodies(client) == {b"a", b"b"}, "the server is back")
        process.wait_for_log("healthy again")

    def test_none_is_well_is_503(self):
        a = Switch("a")
        a.health = 404
        process = self.sluice(single(self.upstream(a).url, healthCheck=self.CHECK))
        client = self.client(process)
        self.assert_soon(lambda: client.ask(get()).status == 503, "no server is left")
        self.assertIsNotNone(client.ask(get()).get("Retry-After"))

    def test_an_unrelated_change_marks_no_server_up(self):
        a, b = Switch("a"), Switch("b")
        a.health = 500
        dynamic = single(self.upstream(a).url, self.upstream(b).url, healthCheck=self.CHECK)
        process = self.sluice(dynamic)
        client = self.client(process)
        self.assert_soon(lambda: self.bodies(client) == {b"b"}, "the sick server is found")
        for turn in range(3):
            dynamic["http"]["routers"][f"other-{turn}"] = {"rule": f"Host(`other-{turn}.test`)", "service": "app"}
            process.configure(dynamic)
            self.assertEqual(self.bodies(client), {b"b"})

    def test_what_a_check_asks(self):
        a = Switch("a", "/up?x=1")
        upstream = self.upstream(a)
        self.sluice(single(upstream.url, healthCheck={
            "path": "/up?x=1", "interval": "100ms", "method": "HEAD", "hostname": "health.test",
            "headers": {"X-Check": "yes"}, "status": 200}))
        self.assert_soon(lambda: len(a.checks) > 1, "it is asked again and again")
        head = a.checks[0]
        self.assertEqual((head.method, head.get("Host"), head.get("X-Check")), ("HEAD", "health.test", "yes"))

    def test_a_redirection_is_followed_unless_told_otherwise(self):
        def script(connection):
            while head := connection.read_request():
                connection.send(response(302, b"", [("Location", "/sick")]) if head.target == "/health"
                                else response(500 if head.target == "/sick" else 200, b"a"))
        for follow, status in ((True, 503), (False, 200)):
            upstream = self.upstream(script)
            process = self.sluice(single(upstream.url, healthCheck={**self.CHECK, "followRedirects": follow}))
            self.assertTrue(upstream.wait(lambda: any(h.target == "/health" for h in upstream.requests)))
            client = self.client(process)
            self.assert_soon(lambda: client.ask(get()).status == status, f"followRedirects {follow}")

    def test_the_content_of_an_answer_does_not_count(self):
        def script(connection):
            while head := connection.read_request():
                connection.send(response(200, b"x" * 500_000 if head.target == "/health" else b"a"))
        upstream = self.upstream(script)
        process = self.sluice(single(upstream.url, healthCheck=self.CHECK))
        self.assertTrue(upstream.wait(lambda: sum(h.target == "/health" for h in upstream.requests) > 1))
        self.assertEqual(self.client(process).ask(get()).body, b"a")

    def test_a_check_that_cannot_be_made_is_named_and_takes_no_server_away(self):
        upstream = self.upstream(serve(response(200, b"a")))
        process = self.sluice(single(upstream.url, healthCheck={"path": "http://elsewhere/health"}))
        process.wait_for_log("SLU-B020.*whole URL")
        self.assertEqual(self.client(process).ask(get()).body, b"a")

    def test_weighted_services_pass_over_one_without_a_healthy_server(self):
        a, b = Switch("a"), Switch("b")
        a.health = 500
        process = self.sluice(http({"web": all_hosts("split")}, {
            "split": {"weighted": {"services": [{"name": "one"}, {"name": "two"}], "healthCheck": {}}},
            "one": servers(self.upstream(a).url, healthCheck=self.CHECK),
            "two": servers(self.upstream(b).url, healthCheck=self.CHECK)}))
        client = self.client(process)
        self.assert_soon(lambda: self.bodies(client) == {b"b"}, "the sick service is passed over")


class PassiveHealthChecks(Case):
    def test_failures_take_a_server_out_for_a_while(self):
        a, b = Switch("a"), Switch("b")
        process = self.sluice(single(self.upstream(a).url, self.upstream(b).url, passiveHealthCheck={
            "maxFailedAttempts": 2, "failureWindow": "1s"}), "--workers=1")
        client = self.client(process)
        a.status = 503
        statuses = Counter(client.ask(get()).status for _ in range(20))
        self.assertEqual(statuses[503], 2, statuses)
        process.wait_for_log("too many failures")
        a.status = 200
        self.assert_soon(lambda: client.ask(get()).body == b"a", "the server is tried again")


if __name__ == "__main__":
    import unittest
    unittest.main()
