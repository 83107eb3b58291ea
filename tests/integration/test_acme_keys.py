"""Private keys: a new one for each certificate unless told otherwise, and nowhere but in the storage."""
import base64
import json
import os
import re
import resource
import signal
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

from acme_cases import Acme
from framework import is_sanitized

ACME = "--certificatesResolvers.le.acme"


class Renewed(Acme):
    def renewed(self) -> None:
        first = self.pem()
        self.certs("renew", "a.test", "--control", str(self.socket))
        self.wait_until_renewed(first)


class Keys(Renewed):
    def test_every_certificate_has_a_new_one(self):
        ca = self.ca()
        process = self.edge_for(ca, self.routes("a.test"))
        self.wait_until_served(process, "a.test")
        first = self.public_key()
        self.renewed()
        self.assertNotEqual(self.public_key(), first)

    def test_it_is_used_again_where_that_is_wanted(self):
        ca = self.ca()
        dynamic = self.routes("a.test")
        reuse = f"{ACME}.reusePrivateKey=true"
        process = self.edge_for(ca, dynamic, reuse)
        self.wait_until_served(process, "a.test")
        first = self.public_key()
        self.renewed()
        self.assertEqual(self.public_key(), first)
        # Another kind of keys is another key, from then on.
        flags = [flag for flag in self.flags(ca) if "keyType" not in flag]
        port = process.address("web")[1]
        self.assertEqual(process.stop(), 0)
        again = self.sluice(dynamic, *flags, reuse, f"{ACME}.keyType=RSA2048",
                            f"--entryPoints.web.address=127.0.0.1:{port}", entry_points={"websecure": "127.0.0.1:0"})
        self.assertEqual(self.public_key(), first)
        self.renewed()
        second = self.public_key()
        self.assertIn("Public-Key: (2048 bit)", self.openssl("x509", "-noout", "-text", text=self.pem()))
        self.renewed()
        self.assertEqual(self.public_key(), second)
        self.wait_until_served(again, "a.test")

    def test_a_certificate_that_was_revoked_is_replaced_and_so_is_its_key(self):
        ca = self.ca()
        dynamic = self.routes("a.test")
        reuse = f"{ACME}.reusePrivateKey=true"
        control = ("--control", str(self.socket))
        process = self.edge_for(ca, dynamic, reuse)
        self.wait_until_served(process, "a.test")
        first, key = self.pem(), self.public_key()
        # A renewal has begun and cannot end: its order is for the key that will not do any more.
        ca.proxy.fault("POST /finalize-order", "reply", count=999, status=500, body="{}")
        self.certs("renew", "a.test", *control)
        process.wait_for_log("a certificate could not be obtained", 60)
        self.settled()
        self.certs("revoke", "a.test", "--reason", "1", *control)
        self.assert_soon(lambda: self.settled().get("failures") == 2, "an attempt that fails", 60)
        self.assertEqual(self.pem(), first)
        again = self.started_again(process, dynamic, ca, reuse)
        self.assert_soon(lambda: self.settled()["state"] == "failing", "a certificate that is wanted", 15)
        status = self.settled()
        self.assertLess(status["nextAttempt"], time.time() + 600, status)
        ca.proxy.heal()
        self.certs("retry", "a.test", *control)
        self.wait_until_renewed(first)
        self.assertNotEqual(self.public_key(), key)
        # From then on it is used again.
        key = self.public_key()
        self.assert_soon(lambda: self.settled()["state"] == "valid", "an end")
        self.renewed()
        self.assertEqual(self.public_key(), key)
        self.wait_until_served(again, "a.test")

    def test_another_kind_counts_at_the_next_renewal(self):
        ca = self.ca()
        dynamic = self.routes("a.test")
        process = self.edge_for(ca, dynamic)
        self.wait_until_served(process, "a.test")
        flags = [flag for flag in self.flags(ca) if "keyType" not in flag]
        port = process.address("web")[1]
        self.assertEqual(process.stop(), 0)
        self.sluice(dynamic, *flags, f"{ACME}.keyType=ec384", f"--entryPoints.web.address=127.0.0.1:{port}",
                    entry_points={"websecure": "127.0.0.1:0"})
        # What is wanted is known by now, and so is what follows from it.
        self.assert_soon(lambda: self.settled()["state"] == "valid", "a certificate that is wanted", 15)
        self.assertGreater(self.settled()["nextAttempt"], time.time() + 3600)
        self.assertEqual(ca.proxy.created.count("POST /order-plz"), 1)
        self.renewed()
        self.assertIn("Public-Key: (384 bit)", self.openssl("x509", "-noout", "-text", text=self.pem()))


class Secrecy(Renewed):
    logins = ("ops:told-84c1f6", "shop:asked-1d93e2")

    def secrets(self) -> set[str]:
        """Pieces of every private key there is on disk, as they would look in a text."""
        pieces = set()
        account = json.loads(self.storage.read_text())["le"]["Account"]["PrivateKey"]
        state = self.storage.with_name("acme.json.le.state").read_text()
        journal = [order["key"] for order in json.loads(state).get("orders", {}).values()]
        keys = [base64.b64decode(one["key"]).decode() for one in self.stored()] + journal
        # The beginning of a key says what it is, the middle which one it is.
        for text in [account, *(re.sub(r"-----[^-]*-----|\s", "", key) for key in keys)]:
            pieces |= {text[start:start + 24] for start in range(60, len(text) - 24, 24)}
        for one in self.stored():
            pieces |= {one["key"][start:start + 24] for start in range(120, len(one["key"]) - 24, 24)}
        return pieces

    def test_a_key_that_was_replaced_is_nowhere_in_memory(self):
        if is_sanitized():
            self.skipTest("a sanitizer brings allocation functions of its own")
        ca = self.ca()
        process = self.edge_for(ca, self.routes("a.test"))
        self.wait_until_served(process, "a.test")
        stored = self.stored()[0]["key"]
        text = re.sub(r"-----[^-]*-----|\s", "", base64.b64decode(stored).decode())
        # As JSON has it, as PEM has it, and the number itself: bytes 7 to 39 of SEC 1's form of a key of P-256.
        number = base64.b64decode(text)[7:39]
        pieces = [stored[120:160].encode(), text[20:44].encode(), number, number[::-1]]

        self.assertTrue(process.in_memory(pieces), "one that is in use can be found")
        self.renewed()
        self.assert_soon(lambda: not process.in_memory(pieces), "no copy of the key that was replaced", 10)

    def test_no_key_is_in_the_log_in_problems_or_in_what_commands_say(self):
        ca = self.ca()
        dynamic = self.routes("a.test", "b.test")
        # One is obtained; the other's order stays open, and its CA answers with what it was sent.
        ca.proxy.fault("POST /finalize-order", "reply", count=99, status=500, after="GET /certZ|POST /certZ",
                       body='{"type":"urn:ietf:params:acme:error:serverInternal","detail":"no"}')
        dynamic["http"]["routers"]["r1"].update(rule="Host(`nobody.test`)", tls={})
        # A hook and a service that nobody answers for.
        process = self.edge_for(ca, dynamic, "--accessLog=true",
                                f"{ACME}.hooks[0].webhook=http://{self.logins[0]}@127.0.0.1:1/told",
                                f"{ACME}.onDemand.ask=http://{self.logins[1]}@127.0.0.1:1/ask")
        self.wait_until_served(process, "a.test")
        process.wait_for_log("a hook failed")
        self.served_names(process, "nobody.test")
        process.wait_for_log("nobody.test")
        process.configure(self.routes("a.test", "b.test"))
        process.wait_for_log("a certificate could not be obtained", 60)
        self.certs("account", "roll-key", "le", "--control", str(self.socket))
        control = ("--control", str(self.socket))
        said = [self.certs("list", *control), self.certs("list", "-o", "json", *control),
                self.certs("show", "a.test", *control), self.certs("show", "b.test", *control)]
        for words in (("get", "all"), ("status",)):
            for form in ((), ("-o", "json")):
                done = subprocess.run([process.command[0], *words, *form, *control], capture_output=True, text=True,
                                      check=False, timeout=60)
                self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
                said.append(done.stdout + done.stderr)
        secrets = self.secrets()
        for login in self.logins:
            secrets |= {login, login.split(":")[1], base64.b64encode(login.encode()).decode()}
        self.assertGreater(len(secrets), 30)
        text = "\n".join([*process.lines, *said])
        self.assertIn("b.test", text)
        self.assertEqual([piece for piece in secrets if piece in text], [])

    @unittest.skipUnless(Path("/proc/sys/kernel/core_pattern").read_text().startswith("core"),
                         "cores are not written into the working directory here")
    def test_a_crash_writes_no_memory_to_the_disk(self):
        hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
        if hard != resource.RLIM_INFINITY:
            self.skipTest("cores are limited here")
        allowed = ("sh", "-c", 'ulimit -c unlimited; exec "$@"', "sh")
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run([*allowed, "sh", "-c", "kill -ABRT $$"], cwd=folder, check=False, timeout=60)
            self.assertTrue(list(Path(folder).glob("core*")), "this machine writes cores at all")
        ca = self.ca()
        # A sanitizer would allow none by itself.
        process = self.edge_for(ca, self.routes("a.test"), prefix=allowed,
                                environment={"ASAN_OPTIONS": "disable_coredump=0"})
        self.wait_until_served(process, "a.test")
        os.kill(process.pid, signal.SIGABRT)
        process.expected_exit = -signal.SIGABRT
        self.assertEqual(process.wait(20), -signal.SIGABRT)
        self.assertEqual(list(process.folder.glob("core*")), [])


if __name__ == "__main__":
    unittest.main()
