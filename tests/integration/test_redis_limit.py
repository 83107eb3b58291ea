"""rateLimit with its buckets in a Redis server, a real one: shared by instances, and what happens when it is ill."""
import shutil
import tempfile
import time
import unittest
from pathlib import Path

from framework import (Case, all_hosts, authority, certificate, get, http, refuse_connections, serve, servers)
from framework.redis import Redis


@unittest.skipUnless(shutil.which("redis-server"), "redis-server is not installed")
class SharedLimits(Case):
    def redis(self, *flags: str) -> Redis:
        server = Redis(*flags)
        self.addCleanup(server.close)
        return server

    def limited(self, redis: dict, average: int = 1, period: str = "1h", burst: int = 3, **source):
        upstream = self.upstream()
        limit = {"average": average, "period": period, "burst": burst, "redis": redis,
                 **({"sourceCriterion": source} if source else {})}
        return self.sluice(http({"web": all_hosts("app", middlewares=["limit"])}, {"app": servers(upstream.url)},
                                middlewares={"limit": {"rateLimit": limit}}))

    def test_instances_share_the_buckets(self):
        redis = {"endpoints": [self.redis().address]}
        clients = [self.client(self.limited(redis)) for _ in range(2)]
        statuses = [clients[i % 2].ask(get()).status for i in range(6)]
        self.assertEqual(statuses, [200, 200, 200, 429, 429, 429])
        refused = clients[0].ask(get())
        self.assertLessEqual(int(refused.get("Retry-After")), 3600)
        self.assertGreater(int(refused.get("Retry-After")), 3500)
        self.assertRegex(refused.get("X-Retry-In"), r"^(1h|59m)")

    def test_sources_have_buckets_of_their_own(self):
        server = self.redis()
        client = self.client(self.limited({"endpoints": [server.address]}, burst=1, requestHeaderName="X-Key"))
        for key in ("a", "b", "a b\r\n".strip()):
            self.assertEqual([client.ask(get("/", [("X-Key", key)])).status for _ in range(2)], [200, 429], key)
        self.assertIn(b"sluice:rate:limit@file:web@file:a\r\n", server.ask("KEYS", "*"))

    def test_a_bucket_fills_again_and_its_key_goes(self):
        server = self.redis()
        client = self.client(self.limited({"endpoints": [server.address]}, average=10, period="1s", burst=2))
        statuses = [client.ask(get()).status for _ in range(4)]
        self.assertIn(429, statuses)
        time.sleep(0.3)
        self.assertEqual(client.ask(get()).status, 200)
        self.assert_soon(lambda: server.ask("DBSIZE") == b":0\r\n", "a full bucket takes no room")

    def test_a_request_whose_token_comes_soon_waits(self):
        client = self.client(self.limited({"endpoints": [self.redis().address]}, average=2, period="1s", burst=1))
        self.assertEqual(client.ask(get()).status, 200)
        time.sleep(0.3)  # the next token is 0.2 s away, and 0.25 s are waited for
        began = time.monotonic()
        self.assertEqual(client.ask(get()).status, 200)
        self.assertGreater(time.monotonic() - began, 0.05)

    def test_user_password_and_database(self):
        server = self.redis("--requirepass", "secret")
        process = self.limited({"endpoints": [server.address], "password": "secret", "db": 3})
        self.assertEqual(self.client(process).ask(get()).status, 200)
        self.assertEqual(server.process.poll(), None)
        for wrong in ({}, {"password": "wrong"}, {"password": "secret", "db": 99}):
            process = self.limited({"endpoints": [server.address], **wrong})
            self.assertEqual(self.client(process).ask(get()).status, 500, wrong)
            process.wait_for_log("Redis refuses")
            self.assertNotIn("secret", "\n".join(process.lines))

    def test_over_tls_each_endpoint_proves_its_own_name(self):
        folder = tempfile.TemporaryDirectory(prefix="sluice-redis-tls-")
        self.addCleanup(folder.cleanup)
        at, ca = Path(folder.name), authority()
        (at / "ca.crt").write_text(ca.certificate)
        for name in ("localhost", "127.0.0.1", "elsewhere.test"):
            files = certificate(name, issuer=ca).files(at, name)
            server = self.redis("--port", "0", "--tls-port", "{port}", "--tls-cert-file", files["certFile"],
                                "--tls-key-file", files["keyFile"], "--tls-ca-cert-file", str(at / "ca.crt"),
                                "--tls-auth-clients", "no")
            host = "localhost" if name == "localhost" else "127.0.0.1"
            # The first cannot be reached, and its name counts for nothing at the second.
            endpoints = [refuse_connections().removeprefix("http://"), f"{host}:{server.port}"]
            process = self.limited({"endpoints": endpoints, "tls": {"ca": str(at / "ca.crt")}})
            expected = 500 if name == "elsewhere.test" else 200
            self.assertEqual(self.client(process).ask(get()).status, expected, name)
        process.wait_for_log("500 .*mismatch")

    def test_one_connection_is_enough_for_one_client(self):
        server = self.redis()
        client = self.client(self.limited({"endpoints": [server.address]}, burst=50))
        for _ in range(30):
            self.assertEqual(client.ask(get()).status, 200)
        self.assertIn(b"total_connections_received:", server.ask("INFO", "stats"))
        count = int(server.ask("INFO", "stats").split(b"total_connections_received:")[1].split()[0])
        self.assertLess(count, 8)  # some are this test's own

    def test_a_server_that_restarts_is_found_again(self):
        server = self.redis()
        client = self.client(self.limited({"endpoints": [server.address]}, burst=50))
        self.assertEqual(client.ask(get()).status, 200)
        server.ask("CLIENT", "KILL", "TYPE", "normal")
        self.assertEqual(client.ask(get()).status, 200)
        server.ask("SCRIPT", "FLUSH")
        self.assertEqual(client.ask(get()).status, 200)

    def test_the_next_endpoint_is_asked_when_one_cannot_be_reached(self):
        dead = refuse_connections().removeprefix("http://")
        client = self.client(self.limited({"endpoints": [dead, self.redis().address]}))
        self.assertEqual(client.ask(get()).status, 200)

    def test_nobody_passes_while_it_cannot_be_asked(self):
        dead = refuse_connections().removeprefix("http://")
        self.assertEqual(self.client(self.limited({"endpoints": [dead]})).ask(get()).status, 500)
        silent = self.upstream(lambda connection: connection.hold())
        began = time.monotonic()
        process = self.limited({"endpoints": [silent.address], "readTimeout": "200ms"})
        self.assertEqual(self.client(process).ask(get()).status, 500)
        self.assert_within(2, began, "giving up")
        process.wait_for_log("within readTimeout")
        liar = self.upstream(serve())
        self.assertEqual(self.client(self.limited({"endpoints": [liar.address], "readTimeout": "1s"})).ask(get()).status,
                         500)

    def test_max_active_conns(self):
        silent = self.upstream(lambda connection: connection.hold())
        process = self.limited({"endpoints": [silent.address], "readTimeout": "500ms", "maxActiveConns": 1})
        clients = [self.client(process) for _ in range(3)]
        for client in clients:
            client.send(get())
        time.sleep(0.2)
        self.assertEqual(len(silent.connections), 1)
        self.assertEqual([client.reply().status for client in clients], [500] * 3)


if __name__ == "__main__":
    unittest.main()
