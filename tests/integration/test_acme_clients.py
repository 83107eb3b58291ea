"""Sluice, lego and certbot behind the same proxy that makes the CA misbehave once. What the other two do is printed, not
asserted: docs/acme.md says how it was when it was written down."""
import os
import subprocess
import sys
import unittest

from acme_cases import Acme
from framework import patience
from framework.pebble import installed
from framework.ports import free_port

BUSY = '{"type":"urn:ietf:params:acme:error:rateLimited","detail":"too many new orders recently"}'
FAULTS = {"one 429": ("POST /order-plz", "reply", {"status": 429, "body": BUSY, "headers": {"Retry-After": "2"}}),
          "one 503": ("POST /order-plz", "reply", {"status": 503, "body": "busy"}),
          "a lost answer to finalize": ("POST /finalize-order", "drop_after", {})}


class BesideOthers(Acme):
    def faulty(self, fault):
        match, action, options = FAULTS[fault]
        ca = self.ca()
        ca.proxy.fault(match, action, **options)
        return ca, match

    def test_ours_recovers_from_each(self):
        for number, fault in enumerate(FAULTS):
            with self.subTest(fault):
                ca, match = self.faulty(fault)
                self.storage = self.folder / f"{number}.json"
                self.socket = self.folder / f"{number}.sock"
                process = self.edge_for(ca, self.routes("a.test"))
                self.wait_until_served(process, "a.test", 60)
                self.assertEqual(ca.proxy.faults_left(), 0)
                # What was lost was not asked for twice: one order was made in the end.
                self.assertEqual(ca.proxy.count("POST /order-plz"), 2 if "order-plz" in match else 1)
                process.stop()

    def others(self, name, make):
        for fault in FAULTS:
            with self.subTest(fault):
                ca, _ = self.faulty(fault)
                port = free_port()
                ca.serve(port)
                command, made = make(ca, port, self.folder / fault.replace(" ", "-"))
                environment = {**os.environ, "LEGO_CA_CERTIFICATES": str(ca.trust_file), "NO_PROXY": "localhost",
                               "REQUESTS_CA_BUNDLE": str(ca.trust_file)}
                done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False,
                                      timeout=patience(180))
                self.assertEqual(ca.proxy.faults_left(), 0, done.stdout + done.stderr)
                orders = ca.proxy.count("POST /order-plz")
                outcome = "obtained a certificate" if made.exists() else "gave up"
                print(f"{name}, {fault}: {outcome}, {orders} requests for an order", file=sys.stderr)

    @unittest.skipUnless(installed("lego"), "lego is not installed")
    def test_lego(self):
        self.others("lego", lambda ca, port, folder: (
            ["lego", "--server", ca.directory, "--accept-tos", "--email", "a@example.com", "--path", str(folder), "-d",
             "a.test", "--http", "--http.port", f"127.0.0.1:{port}", "run"], folder / "certificates" / "a.test.crt"))

    @unittest.skipUnless(installed("certbot"), "certbot is not installed")
    def test_certbot(self):
        self.others("certbot", lambda ca, port, folder: (
            ["certbot", "-n", "--agree-tos", "--email", "a@example.com", "--server", ca.directory, "--config-dir",
             str(folder / "c"), "--work-dir", str(folder / "w"), "--logs-dir", str(folder / "l"), "certonly",
             "--standalone", "--http-01-port", str(port), "--http-01-address", "127.0.0.1", "-d", "a.test"],
            folder / "c" / "live" / "a.test" / "fullchain.pem"))


if __name__ == "__main__":
    unittest.main()
