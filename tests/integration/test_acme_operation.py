"""What an operator sees of certificates and has done with them: numbers, hooks, commands."""
import http.client
import json
import socket
import subprocess
import threading
import time
import unittest
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from acme_cases import Acme
from framework import SecureClient, patience

TOKEN = "evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA"


class OverSocket(http.client.HTTPConnection):
    def __init__(self, path: Path):
        super().__init__("control", timeout=patience(10))
        self.path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self.path))


class WebService:
    """Keeps what it is asked, and answers with `status`; `hang` holds the answers back."""

    def __init__(self, status: int = 200):
        self.asked: list[str] = []
        self.events: list[dict] = []
        self.status = status
        self.hang = threading.Event()
        service = self

        class Handler(BaseHTTPRequestHandler):
            def answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                service.asked.append(self.path)
                if body:
                    service.events.append(json.loads(body))
                if service.hang.is_set():
                    time.sleep(patience(30))
                text = b"said the service\n"
                self.send_response(service.status_of(self.path))
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            do_GET = do_POST = answer

            def log_message(self, *_) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._server.handle_error = lambda *_: None
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def status_of(self, path: str) -> int:
        return self.status

    def kinds(self) -> list[str]:
        """The events, but for those that depend on what the CA can do."""
        return [one["event"] for one in self.events if one["event"] != "ari-changed"]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class Operation(Acme):
    def service(self, **options) -> WebService:
        service = WebService(**options)
        self.addCleanup(service.close)
        return service

    def command(self, *words: str, status: int = 0) -> str:
        return self.certs(*words, "--control", str(self.socket), status=status)

    def numbers(self) -> dict[str, float]:
        connection = OverSocket(self.socket)
        connection.request("GET", "/metrics")
        reply = connection.getresponse()
        self.assertEqual((reply.status, reply.getheader("Content-Type")),
                         (200, "text/plain; version=0.0.4; charset=utf-8"))
        text = reply.read().decode()
        connection.close()
        return {line.rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1])
                for line in text.splitlines() if not line.startswith("#")}


class Numbers(Operation):
    def test_a_certificate_that_was_obtained(self):
        ca = self.ca()
        process = self.edge_for(ca, self.routes("a.test"))
        self.wait_until_served(process, "a.test")
        of = '{resolver="le",names="a.test"}'
        attempts = 'sluice_acme_attempts_total{resolver="le",result="obtained"}'
        self.assert_soon(lambda: self.numbers().get(attempts) == 1, "a good end")
        self.assert_soon(lambda: self.numbers().get(f"sluice_acme_last_result{of}") == 1, "a good result")
        numbers = self.numbers()
        now = time.time()
        status = self.settled()
        self.assertEqual(numbers[f"sluice_acme_not_after_timestamp_seconds{of}"], status["notAfter"])
        self.assertGreater(numbers[f"sluice_acme_next_renewal_timestamp_seconds{of}"], now + 3600)
        self.assertEqual(numbers[f"sluice_acme_failures{of}"], 0)
        self.assertEqual(numbers[f'sluice_acme_orders_total{{resolver="le",ca="{ca.directory}"}}'], 1)
        self.assertGreaterEqual(numbers['sluice_acme_challenge_answers_total{type="http-01",kind="own"}'], 1)
        # A question that is nobody's, and one for a host that keeps its own certificates.
        client = self.client(process)
        client.send(f"GET /.well-known/acme-challenge/{TOKEN} HTTP/1.1\r\nHost: a.test\r\n\r\n".encode())
        self.assertEqual(client.reply().status, 404)
        self.assertEqual(self.numbers()['sluice_acme_challenge_answers_total{type="http-01",kind="refused"}'], 1)

    def test_what_a_host_behind_is_asked_counts_as_forwarded(self):
        upstream = self.upstream()
        ca = self.ca()
        dynamic = self.routes("a.test")
        dynamic["http"]["routers"]["vm"] = {"rule": "Host(`vm.test`)", "service": "vm"}
        dynamic["http"]["services"]["vm"] = {"loadBalancer": {"servers": [{"url": upstream.url}]}}
        process = self.edge_for(ca, dynamic)
        client = self.client(process)
        client.send(f"GET /.well-known/acme-challenge/{TOKEN} HTTP/1.1\r\nHost: vm.test\r\n\r\n".encode())
        self.assertEqual(client.reply().status, 200)
        self.assertEqual(self.numbers()['sluice_acme_challenge_answers_total{type="http-01",kind="forwarded"}'], 1)

    def test_a_limit_of_the_ca(self):
        ca = self.ca()
        ca.proxy.fault("POST /order-plz", "reply", count=9, status=429,
                       headers={"Retry-After": "300", "Replay-Nonce": "x"},
                       body='{"type":"urn:ietf:params:acme:error:rateLimited","detail":"too many orders"}')
        process = self.edge_for(ca, self.routes("a.test"))
        process.wait_for_log("rateLimited: too many orders")
        blocked = f'sluice_acme_blocked_until_timestamp_seconds{{resolver="le",ca="{ca.directory}"}}'
        self.assert_soon(lambda: self.numbers().get(blocked, 0) > time.time() + 200, "a CA that is left alone")
        numbers = self.numbers()
        of = '{resolver="le",names="a.test"}'
        self.assertEqual(numbers[f"sluice_acme_failures{of}"], 1)
        self.assertEqual(numbers[f"sluice_acme_last_result{of}"], 0)
        self.assertNotIn(f"sluice_acme_not_after_timestamp_seconds{of}", numbers)
        self.assertEqual(numbers['sluice_acme_attempts_total{resolver="le",result="limited"}'], 1)


class NumbersOverTls(Operation):
    challenge = "tls"

    def test_the_answer_to_a_ca_is_counted(self):
        ca = self.ca()
        process = self.edge_for(ca, self.routes("a.test"))
        self.wait_until_served(process, "a.test")
        self.assertGreaterEqual(self.numbers()['sluice_acme_challenge_answers_total{type="tls-alpn-01",kind="own"}'], 1)


class Hooks(Operation):
    hook = "--certificatesResolvers.le.acme.hooks"

    def script(self, text: str) -> Path:
        path = self.folder / "hook.sh"
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)
        return path

    def test_a_program_and_a_web_service_hear_of_a_certificate(self):
        service = self.service()
        log = self.folder / "log"
        script = self.script(f'echo "$1 $SLUICE_EVENT $SLUICE_RESOLVER $SLUICE_NAMES $SLUICE_NOT_AFTER" >> {log}')
        ca = self.ca()
        process = self.edge_for(ca, self.routes("a.test"), f"{self.hook}[0].exec={script},word",
                                f"{self.hook}[1].webhook={service.url}/told")
        self.wait_until_served(process, "a.test")
        self.assert_soon(lambda: service.kinds() == ["obtaining", "obtained"], "two events")
        obtained = service.events[1]
        status = self.settled()
        self.assertEqual((obtained["resolver"], obtained["names"], obtained["ca"]), ("le", ["a.test"], ca.directory))
        self.assertEqual((obtained["notAfter"], obtained["serial"]), (status["notAfter"], status["serial"]))
        self.assert_soon(lambda: log.exists() and len(log.read_text().splitlines()) == 2, "two runs")
        self.assertEqual(log.read_text().splitlines(),
                         ["word obtaining le a.test ", f"word obtained le a.test {status['notAfter']}"])
        self.command("revoke", "a.test")
        self.assert_soon(lambda: service.kinds()[2:] == ["revoked", "obtaining", "obtained"], "a revocation", 20)

    def test_a_program_may_forbid_an_order(self):
        script = self.script("test -e forbidden && echo it is holiday && exit 77")
        forbidden = self.folder / "forbidden"
        forbidden.touch()
        script.write_text(script.read_text().replace("-e forbidden", f"-e {forbidden}"))
        ca = self.ca()
        process = self.edge_for(ca, self.routes("a.test"), f"{self.hook}[0].exec={script}",
                                f"{self.hook}[0].events=obtaining")
        process.wait_for_log("forbids it: it is holiday", 20)
        self.assertEqual(ca.proxy.count("POST /order-plz"), 0)
        status = self.settled()
        self.assertIn("it is holiday", status["problem"])
        forbidden.unlink()
        self.command("retry", "a.test")
        self.wait_until_served(process, "a.test")

    def test_a_web_service_may_forbid_an_order(self):
        service = self.service(status=403)
        ca = self.ca()
        process = self.edge_for(ca, self.routes("a.test"), f"{self.hook}[0].webhook={service.url}")
        process.wait_for_log("forbids it: said the service", 20)
        self.assertEqual(ca.proxy.count("POST /order-plz"), 0)
        self.assert_soon(lambda: service.kinds() == ["obtaining", "failed"], "a failure")
        self.assertIn("said the service", service.events[1]["problem"])

    def test_hooks_that_hang_or_fail_stop_nothing(self):
        service = self.service()
        service.hang.set()
        ca = self.ca()
        script = self.script("exec sleep 1000")
        process = self.edge_for(ca, self.routes("a.test"), f"{self.hook}[0].webhook={service.url}",
                                f"{self.hook}[0].timeout=1s", f"{self.hook}[1].exec={script}",
                                f"{self.hook}[1].timeout=1s", f"{self.hook}[2].exec=/nowhere")
        self.wait_until_served(process, "a.test", 20)
        self.assertTrue(process.log("a hook failed, which changes nothing else"))

    def test_an_end_that_comes_near_is_told(self):
        service = self.service()
        ca = self.ca(validity=20)
        process = self.edge_for(ca, self.routes("a.test"), f"{self.hook}[0].webhook={service.url}",
                                f"{self.hook}[0].events=expiring,failed")
        self.wait_until_served(process, "a.test")
        ca.proxy.fault("POST /order-plz", "reply", count=10_000, status=500, body="{}")

        def told() -> bool:
            self.command("renew", "a.test")
            time.sleep(0.5)
            return "expiring" in service.kinds()

        self.assert_soon(told, "an end that is near", 60)
        self.assertIn("failed", service.kinds())

    def test_another_time_that_the_ca_suggests_is_told(self):
        service = self.service()
        ca = self.ca()
        base = ca.directory.removesuffix("/dir")

        def suggest(days: int) -> int:
            """The beginning of the time."""
            start = int(time.time()) // 86400 * 86400 + days * 86400
            times = [time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(start + day * 86400)) for day in (0, 2)]
            ca.proxy.heal()
            ca.proxy.fault("GET /dir", "reply", count=1000, status=200, body=json.dumps({
                "newNonce": f"{base}/nonce-plz", "newAccount": f"{base}/sign-me-up", "newOrder": f"{base}/order-plz",
                "revokeCert": f"{base}/revoke-cert", "keyChange": f"{base}/rollover-account-key",
                "renewalInfo": f"{base}/suggest"}))
            ca.proxy.fault("GET /suggest/", "reply", count=1000, status=200, body=json.dumps(
                {"suggestedWindow": {"start": times[0], "end": times[1]}, "explanationURL": "https://ca.test/why"}))
            return start

        begins = suggest(40)
        flags = [f"{self.hook}[0].webhook={service.url}", f"{self.hook}[0].events=ari-changed"]
        process = self.edge_for(ca, self.routes("a.test"), *flags)
        self.wait_until_served(process, "a.test")
        start = 'sluice_acme_window_start_timestamp_seconds{resolver="le",names="a.test"}'
        self.assert_soon(lambda: self.numbers().get(start) == begins, "a first suggestion", 20)
        self.assertEqual(process.stop(), 0)
        self.assertEqual(service.events, [])
        begins = suggest(20)
        state = self.folder / "acme.json.le.state"
        known = json.loads(state.read_text())
        for one in known["certificates"].values():
            one["askNext"] = 1
        state.write_text(json.dumps(known))
        self.sluice(self.routes("a.test"), *self.flags(ca, *flags), entry_points={"websecure": "127.0.0.1:0"})
        self.assert_soon(lambda: service.events, "another suggestion", 20)
        [event] = service.events
        self.assertEqual((event["names"], event["windowStart"], event["explanation"]),
                         (["a.test"], begins, "https://ca.test/why"))

    def test_a_hook_that_cannot_be_one_is_an_error_of_its_resolver(self):
        process = self.sluice(self.routes("a.test"), *self.flags(self.ca()), f"{self.hook}[0].events=obtained",
                              entry_points={"websecure": "127.0.0.1:0"})
        process.wait_for_log("a hook needs either exec or a webhook")


class Commands(Operation):
    def test_a_failure_is_tried_again_when_told(self):
        ca = self.ca()
        ca.proxy.fault("POST /order-plz", "reply", status=400,
                       body='{"type":"urn:ietf:params:acme:error:rejectedIdentifier","detail":"not this one"}')
        process = self.edge_for(ca, self.routes("a.test", "b.test"))
        process.wait_for_log("not this one", 20)
        self.assert_soon(lambda: len(self.stored()) == 1, "the other one", 20)
        self.command("retry", self.stored()[0]["domain"]["main"], status=1)
        self.command("retry")
        self.assert_soon(lambda: len(self.stored()) == 2, "both", 20)
        self.command("retry", status=1)
        self.assertEqual(ca.proxy.count("POST /order-plz"), 3)

    def test_what_is_paused_is_not_ordered_not_even_after_a_restart(self):
        ca = self.ca()
        dynamic = self.routes("a.test", "b.test")
        process = self.edge_for(ca, dynamic, serve=False)
        process.wait_for_log("a certificate is to be obtained")
        port = process.address("web")[1]
        self.command("pause", "a.test")
        self.command("pause", "nobody.test", status=1)
        self.assertEqual(process.stop(), 0)
        ca.serve(port)
        again = self.sluice(dynamic, *self.flags(ca), f"--entryPoints.web.address=127.0.0.1:{port}",
                            entry_points={"websecure": "127.0.0.1:0"})
        self.wait_until_served(again, "b.test")
        states = {one["name"]: one for one in self.listed()}
        self.assertEqual(states["a.test"]["state"], "paused")
        self.assertNotIn("nextAttempt", states["a.test"])
        self.assertIn("an operator has paused it", self.command("list"))
        self.assertEqual(self.served_names(again, "a.test"), set())
        self.command("resume", "a.test")
        self.wait_until_served(again, "a.test")

    def test_a_pause_is_for_a_name_whatever_else_comes_to_its_certificate(self):
        ca = self.ca()
        ca.proxy.fault("POST /order-plz", "reply", status=400,
                       body='{"type":"urn:ietf:params:acme:error:rejectedIdentifier","detail":"not this one"}')
        dynamic = self.routes("a.test")
        process = self.edge_for(ca, dynamic)
        process.wait_for_log("not this one", 20)
        self.settled()
        self.command("pause", "a.test")
        self.command("retry", status=1)
        dynamic["http"]["routers"]["r0"]["rule"] = "Host(`a.test`) || Host(`b.test`)"
        process.configure(dynamic)
        self.assert_soon(lambda: self.listed()[0]["names"] == ["a.test", "b.test"], "another certificate")
        status = self.settled()
        self.assertEqual((status["state"], status["because"]), ("paused", "an operator has paused it"))
        self.assertEqual(ca.proxy.count("POST /order-plz"), 1)
        self.command("resume", "b.test")
        self.wait_until_served(process, "b.test")

    def test_all_are_paused_and_resumed(self):
        ca = self.ca()
        process = self.edge_for(ca, self.routes("a.test"))
        self.wait_until_served(process, "a.test")
        self.command("pause")
        dynamic = self.routes("a.test", "b.test")
        process.configure(dynamic)
        self.assert_soon(lambda: len(self.listed()) == 2, "a second name")
        self.assertEqual({one["name"]: (one["state"], one["because"]) for one in self.listed()},
                         {"a.test": ("valid, paused", "an operator has paused it"),
                          "b.test": ("paused", "an operator has paused it")})
        self.assertEqual(ca.proxy.count("POST /order-plz"), 1)
        self.command("resume", "b.test", status=1)
        self.command("resume")
        self.wait_until_served(process, "b.test")

    def test_a_dry_run_leaves_everything_as_it_is(self):
        ca, staging = self.ca(), self.ca()
        trust = self.folder / "both.pem"
        trust.write_text(ca.trust_file.read_text() + staging.trust_file.read_text())
        process = self.edge_for(ca, self.routes("a.test"), f"--certificatesResolvers.le.acme.caCertificates={trust}")
        self.wait_until_served(process, "a.test")
        staging.serve(process.address("web")[1], process.address("websecure")[1])
        before = self.stored()
        self.assertIn("obtained, and thrown away", self.command("dry-run", "a.test", "--ca", staging.directory))
        self.assertEqual(staging.proxy.count("POST /finalize-order"), 1)
        self.assertEqual(self.stored(), before)
        self.assertEqual(self.listed()[0]["state"], "valid")
        # The account is kept; a second try opens no other.
        staging.proxy.fault("POST /order-plz", "reply", status=400,
                            body='{"type":"urn:ietf:params:acme:error:rejectedIdentifier","detail":"not this one"}')
        self.assertIn("not this one", self.command("dry-run", "a.test", "--ca", staging.directory, status=1))
        self.assertEqual(staging.proxy.count("POST /sign-me-up"), 1)
        self.assertEqual((self.listed()[0]["state"], ca.proxy.count("POST /order-plz")), ("valid", 1))
        # Where it would count, and where nobody knows a place to try.
        self.command("dry-run", "a.test", "--ca", ca.directory, status=1)
        self.assertIn("--ca", self.command("dry-run", "a.test", status=1))
        self.command("dry-run", "nobody.test", "--ca", staging.directory, status=1)


class Pairs(Operation):
    def kinds(self) -> list[str]:
        found = []
        for one in self.stored():
            text = subprocess.run(["openssl", "x509", "-noout", "-text"], input=self.pem(one), capture_output=True,
                                  check=True).stdout
            found.append("RSA" if b"rsaEncryption" in text else "EC")
        return sorted(found)

    def pem(self, one: dict) -> bytes:
        import base64
        return base64.b64decode(one["certificate"])

    def test_both_kinds_of_keys_are_served_for_a_name(self):
        ca = self.ca()
        process = self.edge_for(ca, self.routes("a.test"), "--certificatesResolvers.le.acme.secondKeyType=RSA2048")
        self.assert_soon(lambda: self.kinds() == ["EC", "RSA"], "a pair", 30)
        self.assertEqual([one["domain"]["main"] for one in self.stored()], ["a.test", "a.test"])
        self.assertEqual(ca.proxy.count("POST /order-plz"), 2)
        for offer, kind in (("ECDHE-RSA-AES128-GCM-SHA256", "RSA"), ("ECDHE-ECDSA-AES128-GCM-SHA256", "EC")):
            self.assert_soon(lambda: self.chosen(process, offer) == kind, f"{kind} for who wants it")
        self.assertEqual({one["key"] for one in self.listed()}, {"EC", "RSA"})
        # Each is renewed for itself, and nothing is ordered twice.
        self.command("renew", "a.test")
        self.assert_soon(lambda: ca.proxy.count("POST /finalize-order") == 4, "both anew", 30)
        self.assert_soon(lambda: all(one["state"] == "valid" for one in self.listed()), "both stored")
        self.assertEqual(self.kinds(), ["EC", "RSA"])
        self.command("export", str(self.folder / "out"), "--storage", str(self.storage))
        self.assertEqual(len(list((self.folder / "out").glob("a.test*/privkey.pem"))), 2)

    def test_one_pair_is_revoked_and_no_other_that_has_the_name(self):
        ca = self.ca()
        dynamic = self.routes("a.test", "b.test")
        for number, other in enumerate(("b.test", "c.test")):
            dynamic["http"]["routers"][f"r{number}"]["rule"] = f"Host(`a.test`) || Host(`{other}`)"
        process = self.edge_for(ca, dynamic, "--certificatesResolvers.le.acme.secondKeyType=RSA2048")
        self.assert_soon(lambda: self.kinds() == ["EC", "EC", "RSA", "RSA"], "two pairs", 60)
        self.wait_until_served(process, "c.test")
        self.command("revoke", "a.test")
        self.assertEqual(ca.proxy.count("POST /revoke-cert"), 2)
        self.assert_soon(lambda: ca.proxy.count("POST /finalize-order") == 6, "the pair anew", 60)
        self.assert_soon(lambda: [one["state"] for one in self.listed()] == ["valid"] * 4, "all are good", 20)
        self.assertEqual(self.kinds(), ["EC", "EC", "RSA", "RSA"])

    def chosen(self, process, cipher: str) -> str:
        def configure(context) -> None:
            context.maximum_version = context.minimum_version = 0x0303
            context.set_ciphers(cipher)
        client = SecureClient(process.address("websecure"), "a.test", configure=configure)
        der = client.socket.getpeercert(binary_form=True)
        client.close()
        text = subprocess.run(["openssl", "x509", "-inform", "DER", "-noout", "-text"], input=der, capture_output=True,
                              check=True).stdout
        return "RSA" if b"rsaEncryption" in text else "EC"


if __name__ == "__main__":
    unittest.main()
