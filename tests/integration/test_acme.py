"""Certificates obtained from a CA (Pebble), behind a proxy that loses, refuses and delays."""
import base64
import json
import stat
import subprocess
import time
import unittest

from acme_cases import Acme
from framework import SecureClient, alone, authority, certificate, get, heavy


class Obtaining(Acme):
    def test_a_router_with_a_resolver_gets_its_certificate(self):
        ca = self.ca(nonce_reject=20)
        process = self.edge_for(ca, self.routes("a.test"))
        self.wait_until_served(process, "a.test")
        client = SecureClient(process.address("websecure"), "a.test", trust=ca.root())
        client.send(get("/", host="a.test"))
        self.assertEqual(client.reply().status, 200)
        client.close()
        [one] = self.stored()
        self.assertEqual(one["domain"], {"main": "a.test"})
        self.assertIn(b"BEGIN CERTIFICATE", base64.b64decode(one["certificate"]))
        self.assertIn(b"PRIVATE KEY", base64.b64decode(one["key"]))
        self.assertEqual(stat.S_IMODE(self.storage.stat().st_mode), 0o600)
        self.assertEqual(ca.proxy.created.count("POST /order-plz"), 1)
        [status] = self.listed()
        self.assertEqual((status["state"], status["names"]), ("valid", ["a.test"]))
        self.assertIn("a.test", self.certs("list", "--control", str(self.socket)))
        self.assertIn("valid", self.certs("show", "a.test", "--control", str(self.socket)))
        self.certs("show", "b.test", "--control", str(self.socket), status=1)
        self.certs("export", str(self.folder / "out"), "--storage", str(self.storage))
        self.assertIn("BEGIN CERTIFICATE", (self.folder / "out" / "a.test" / "fullchain.pem").read_text())

    def test_a_known_name_never_gets_the_certificate_of_another(self):
        ca = self.ca()
        process = self.edge_for(ca, self.routes("a.test"), serve=False)
        with self.assertRaises(OSError):
            SecureClient(process.address("websecure"), "a.test")
        self.assertNotEqual(self.served_names(process, "stranger.test"), {"a.test"})
        ca.serve(process.address("web")[1])
        self.wait_until_served(process, "a.test", 30)

    @alone
    def test_twenty_names_take_two_seconds(self):
        ca = self.ca()
        process = self.edge_for(ca, self.routes("n0.test", domains=[
            {"main": "n0.test", "sans": [f"n{number}.test" for number in range(1, 20)]}]), serve=False)
        process.wait_for_log("a certificate is to be obtained")
        began = time.monotonic()
        ca.serve(process.address("web")[1])
        self.wait_until_served(process, "n19.test", 30)
        self.assert_within(4.0, began, "20 names, Pebble's own start included")
        self.assertEqual(len(self.served_names(process, "n3.test")), 20)

    def test_two_resolvers_share_a_file(self):
        ca = self.ca()
        second = [flag.replace(".le.", ".other.") for flag in self.flags(ca) if "certificatesResolvers" in flag]
        dynamic = self.routes("a.test", "b.test")
        dynamic["http"]["routers"]["r1"]["tls"] = {"certResolver": "other"}
        process = self.edge_for(ca, dynamic, *second)
        for host in ("a.test", "b.test"):
            self.wait_until_served(process, host)
        stored = json.loads(self.storage.read_text())
        self.assertEqual({name: [one["domain"]["main"] for one in stored[name]["Certificates"]] for name in stored},
                         {"le": ["a.test"], "other": ["b.test"]})

    def test_certificates_that_come_at_once_are_all_kept(self):
        hosts = [f"n{number}.test" for number in range(12)]
        ca = self.ca()
        process = self.edge_for(ca, self.routes(*hosts))
        for host in hosts:
            self.wait_until_served(process, host, 30)
        self.assertEqual({one["domain"]["main"] for one in self.stored()}, set(hosts))
        self.assertEqual(ca.proxy.count("POST /order-plz"), len(hosts))
        for host in hosts:
            self.assertEqual(self.served_names(process, host), {host})

    def test_names_of_negations_and_refused_names_are_not_ordered(self):
        ca = self.ca()
        dynamic = self.routes("a.test")
        dynamic["http"]["routers"]["r0"]["rule"] = "Host(`a.test`) && !Host(`b.test`)"
        dynamic["http"]["routers"]["bad"] = {**dynamic["http"]["routers"]["r0"], "rule": "Host(`c.test`)",
                                             "tls": {"certResolver": "le", "domains": [{"main": "*.c.test"}]}}
        process = self.edge_for(ca, dynamic)
        self.wait_until_served(process, "a.test")
        self.assertEqual(self.served_names(process, "a.test"), {"a.test"})
        process.wait_for_log("a wildcard needs a dnsChallenge")
        self.assertEqual(ca.proxy.count("POST /order-plz"), 1)

    def test_one_account_however_often_it_starts(self):
        ca = self.ca()
        dynamic = self.routes("a.test")
        process = self.edge_for(ca, dynamic)
        self.wait_until_served(process, "a.test")
        port = process.address("web")[1]
        self.assertEqual(process.stop(), 0)
        orders = ca.proxy.count("POST /order-plz")
        dynamic["http"]["routers"]["r1"] = {**dynamic["http"]["routers"]["r0"], "rule": "Host(`b.test`)"}
        again = self.sluice(dynamic, *self.flags(ca), f"--entryPoints.web.address=127.0.0.1:{port}",
                            entry_points={"websecure": "127.0.0.1:0"})
        # What was stored is served from the first moment.
        self.assertEqual(self.served_names(again, "a.test"), {"a.test"})
        self.wait_until_served(again, "b.test")
        self.assertEqual(ca.proxy.count("POST /sign-me-up"), 1)
        self.assertEqual(ca.proxy.count("POST /order-plz"), orders + 1)

    def test_an_account_of_a_ca_that_forgot_it_is_registered_anew(self):
        ca = self.ca()
        process = self.edge_for(ca, self.routes("a.test"))
        self.wait_until_served(process, "a.test")
        ca.proxy.fault("POST /order-plz", "reply", status=400,
                       body='{"type":"urn:ietf:params:acme:error:accountDoesNotExist","detail":"who?"}')
        self.certs("renew", "a.test", "--control", str(self.socket))
        self.assert_soon(lambda: ca.proxy.count("POST /finalize-order") == 2, "a second certificate", 20)
        self.assertEqual(ca.proxy.count("POST /sign-me-up"), 2)


class Operating(Acme):
    def test_a_revoked_certificate_is_replaced(self):
        ca = self.ca()
        process = self.edge_for(ca, self.routes("a.test"))
        self.wait_until_served(process, "a.test")
        first = self.stored()[0]["certificate"]
        self.certs("revoke", "a.test", "--reason", "4", "--control", str(self.socket))
        self.assertEqual(ca.proxy.count("POST /revoke-cert"), 1)
        self.assert_soon(lambda: self.stored()[0]["certificate"] != first, "another certificate", 20)
        self.certs("revoke", "b.test", "--control", str(self.socket), status=1)

    def test_an_account_gets_another_key(self):
        ca = self.ca()
        process = self.edge_for(ca, self.routes("a.test"))
        self.wait_until_served(process, "a.test")
        before = json.loads(self.storage.read_text())["le"]["Account"]
        # The CA changes the key, and nobody hears of it.
        ca.proxy.fault("POST /rollover-account-key", "drop_after")
        self.certs("account", "roll-key", "le", "--control", str(self.socket))
        after = json.loads(self.storage.read_text())["le"]["Account"]
        self.assertNotEqual(after["PrivateKey"], before["PrivateKey"])
        self.assertEqual(after["Registration"]["uri"], before["Registration"]["uri"])
        self.certs("renew", "a.test", "--control", str(self.socket))
        self.assert_soon(lambda: ca.proxy.count("POST /finalize-order") == 2, "a certificate with the new key", 20)
        self.certs("account", "roll-key", "nobody", "--control", str(self.socket), status=1)

    def test_a_closed_account_is_not_replaced(self):
        ca = self.ca()
        dynamic = self.routes("a.test")
        process = self.edge_for(ca, dynamic)
        self.wait_until_served(process, "a.test")
        self.certs("account", "close", "le", "--control", str(self.socket))
        self.certs("renew", "a.test", "--control", str(self.socket))
        process.wait_for_log("a certificate could not be obtained", 20)
        self.assertEqual(ca.proxy.count("POST /sign-me-up"), 1)
        self.assertEqual(self.served_names(process, "a.test"), {"a.test"})

    def test_the_next_ca_is_asked_when_the_first_does_not_answer(self):
        silent = self.ca()
        silent.proxy.fault(".", "reply", count=1000, status=500, body="{}")
        silent.proxy.lead_to(1)
        other = self.ca()
        trust = self.folder / "both.pem"
        trust.write_text(silent.trust_file.read_text() + other.trust_file.read_text())
        acme = "--certificatesResolvers.le.acme"
        process = self.edge_for(silent, self.routes("a.test"), f"{acme}.fallback[0].caServer={other.directory}",
                                f"{acme}.caCertificates={trust}", serve=False)
        other.serve(process.address("web")[1])
        process.wait_for_log("a certificate could not be obtained", 20)
        self.certs("renew", "a.test", "--control", str(self.socket))
        self.wait_until_served(process, "a.test", 20)
        [status] = self.listed()
        self.assertEqual(status["ca"], other.directory)

    def test_another_ca_means_another_certificate(self):
        first, second = self.ca(), self.ca()
        dynamic = self.routes("a.test")
        process = self.edge_for(first, dynamic)
        self.wait_until_served(process, "a.test")
        port = process.address("web")[1]
        self.assertEqual(process.stop(), 0)
        second.serve(port)
        again = self.sluice(dynamic, *self.flags(second), f"--entryPoints.web.address=127.0.0.1:{port}",
                            entry_points={"websecure": "127.0.0.1:0"})
        self.assertEqual(self.served_names(again, "a.test"), {"a.test"})
        self.assert_soon(lambda: second.proxy.count("POST /finalize-order") == 1, "an order at the other CA", 20)
        client = SecureClient(again.address("websecure"), "a.test")
        client.close()
        self.assertEqual(len(self.stored()), 1)

    def test_a_name_that_leads_nowhere_costs_no_order(self):
        ca = self.ca()
        process = self.edge_for(ca, self.routes("nowhere.invalid"), self_check=True)
        process.wait_for_log("no order was made: nowhere.invalid does not lead here", 30)
        self.assertEqual(ca.proxy.count("POST /order-plz"), 0)
        self.assertIn("nowhere", self.certs("test", "nowhere.invalid", "--control", str(self.socket), status=1))

    def test_the_variables_of_lego_name_authorities(self):
        ca = self.ca()
        dynamic = self.routes("a.test")
        flags = [flag for flag in self.flags(ca) if "caCertificates" not in flag]
        process = self.sluice(dynamic, *flags, entry_points={"websecure": "127.0.0.1:0"},
                              environment={"LEGO_CA_CERTIFICATES": str(ca.trust_file)})
        ca.serve(process.address("web")[1])
        self.wait_until_served(process, "a.test")

    def test_a_ca_nobody_vouches_for_is_not_spoken_to(self):
        ca = self.ca()
        flags = [flag for flag in self.flags(ca) if "caCertificates" not in flag]
        process = self.sluice(self.routes("a.test"), *flags, entry_points={"websecure": "127.0.0.1:0"})
        ca.serve(process.address("web")[1])
        process.wait_for_log("a certificate could not be obtained", 30)
        self.assertEqual(ca.proxy.calls, [])


class ObtainingOverTls(Acme):
    challenge = "tls"

    def test_a_certificate_by_tls_alpn(self):
        ca = self.ca()
        process = self.edge_for(ca, self.routes("a.test"))
        self.wait_until_served(process, "a.test")


class Trouble(Acme):
    def test_lost_and_refused_answers_cost_no_second_order(self):
        ca = self.ca()
        ca.proxy.fault("POST /finalize-order", "drop_after")
        ca.proxy.fault("POST /authZ", "reply", status=503, body="busy")
        ca.proxy.fault("HEAD /nonce", "drop")
        process = self.edge_for(ca, self.routes("a.test"))
        self.wait_until_served(process, "a.test", 30)
        self.assertEqual(ca.proxy.count("POST /order-plz"), 1)
        # libcurl repeats what it sent on a connection that was kept, and the CA then wants another nonce.
        self.assertLessEqual(ca.proxy.count("POST /finalize-order"), 3)

    def test_a_limit_is_kept_to_and_shown(self):
        ca = self.ca()
        ca.proxy.fault("POST /order-plz", "reply", count=9, status=429, headers={"Retry-After": "5", "Replay-Nonce": "x"},
                       body='{"type":"urn:ietf:params:acme:error:rateLimited","detail":"too many orders"}')
        process = self.edge_for(ca, self.routes("a.test"))
        process.wait_for_log("rateLimited: too many orders")
        self.assert_soon(lambda: self.listed()[0]["state"] == "failing", "the state that the log tells of")
        [status] = self.listed()
        self.assertIn("too many orders", status["document"])
        self.assertGreater(status["nextAttempt"], time.time() + 3)
        self.assertEqual(ca.proxy.count("POST /order-plz"), 1)

    def test_two_hundred_changes_while_a_name_fails_make_one_order(self):
        ca = self.ca()
        dynamic = self.routes("a.test")
        # Nobody answers where the CA looks.
        process = self.edge_for(ca, dynamic, serve=False)
        ca.serve(1, 1)
        process.wait_for_log("a certificate could not be obtained", 30)
        for number in range(200):
            dynamic["http"]["routers"]["other"] = {"rule": f"Host(`o{number}.test`)", "service": "app"}
            process.configure(dynamic) if number % 50 == 49 else process.write_text(json.dumps(dynamic))
        [status] = [one for one in self.listed() if one["name"] == "a.test"]
        self.assertEqual(status["state"], "failing")
        self.assertLessEqual(ca.proxy.count("POST /order-plz"), 1)

    def test_a_certificate_that_is_not_ours_is_not_used(self):
        ca = self.ca()
        wrong = certificate("a.test").certificate
        ca.proxy.fault("POST /certZ", "reply", status=200, headers={"Replay-Nonce": "x"}, body=wrong)
        process = self.edge_for(ca, self.routes("a.test"))
        process.wait_for_log("it is for another key", 20)
        self.assertEqual(self.stored(), [])


class Partial(Acme):
    def started(self, *more):
        """Two names in one certificate, of which the CA finds only one."""
        ca = self.ca()
        process = self.edge_for(ca, self.routes("a.test", domains=[{"main": "a.test", "sans": ["b.test"]}]), *more,
                                serve=False)
        ca.serve(process.address("web")[1], addresses={"b.test": "127.0.0.9"})
        return ca, process

    def test_the_names_that_are_proved_get_a_certificate_when_that_is_wanted(self):
        ca, process = self.started("--certificatesResolvers.le.acme.partial=true")
        self.wait_until_served(process, "a.test", 60)
        self.assertEqual(self.served_names(process, "a.test"), {"a.test"})
        self.assertEqual(ca.proxy.count("POST /order-plz"), 2)
        [status] = [one for one in self.listed() if one["state"] != "unused"]
        self.assertEqual(status["names"], ["a.test", "b.test"])
        self.assertIn("b.test", status["problem"])
        self.assertGreater(status["nextAttempt"], time.time())

    def test_else_there_is_none_without_all_names(self):
        ca, process = self.started()
        process.wait_for_log("a certificate could not be obtained", 60)
        time.sleep(1)
        self.assertEqual(self.stored(), [])
        self.assertEqual(ca.proxy.count("POST /order-plz"), 1)


class Renewal(Acme):
    def test_a_certificate_is_renewed_in_time_and_the_old_one_serves_meanwhile(self):
        ca = self.ca(validity=20)
        process = self.edge_for(ca, self.routes("a.test"))
        self.wait_until_served(process, "a.test")
        first = self.stored()[0]["certificate"]
        ca.proxy.fault("POST /order-plz", "drop", count=1)
        self.assert_soon(lambda: self.stored() and self.stored()[0]["certificate"] != first, "a renewed one", 25)
        self.assertEqual(len(self.stored()), 1)
        self.wait_until_served(process, "a.test")

    def test_one_that_cannot_be_renewed_is_told_of_before_it_ends(self):
        ca = self.ca(validity=24)
        process = self.edge_for(ca, self.routes("a.test"))
        self.wait_until_served(process, "a.test")
        ca.proxy.fault("POST /order-plz", "reply", count=10_000, status=500, body="{}")

        def told(what):
            # Whatever happens, the resolver looks at what it has; without it once a minute.
            self.certs("renew", "a.test", "--control", str(self.socket))
            time.sleep(0.5)
            return bool(process.log(what))

        self.assert_soon(lambda: told("is near its end and was not renewed"), "the end is near", 60)
        self.assert_soon(lambda: told("a certificate has expired"), "the end", 60)
        self.assertEqual(self.served_names(process, "a.test"), {"a.test"})


@heavy
class Many(Acme):
    def test_a_thousand_certificates_cost_nothing_while_nothing_happens(self):
        names = [f"h{number}.test" for number in range(1000)]
        issuer = authority()
        pem = certificate(*names[:1], issuer=issuer, days=60)
        texts = self.certificates(names, pem)
        self.storage.write_text(json.dumps({"le": {"Account": None, "Certificates": [
            {"domain": {"main": name}, "certificate": base64.b64encode(text.encode()).decode(),
             "key": base64.b64encode(pem.key.encode()).decode(), "Store": "default"}
            for name, text in zip(names, texts)]}}))
        self.storage.chmod(0o600)
        ca = self.ca()
        process = self.edge_for(ca, self.routes(*names))
        self.assertEqual(self.served_names(process, "h999.test"), {"h999.test"})
        time.sleep(2)
        before, began = process.cpu_seconds(), time.monotonic()
        time.sleep(8)
        share = (process.cpu_seconds() - before) / (time.monotonic() - began)
        self.assertLess(share, 0.005, "CPU of an idle process")
        self.assertEqual(ca.proxy.count("POST /order-plz"), 0)

    def certificates(self, names: list[str], pem) -> list[str]:
        """Self-signed ones with one key: what counts is their number."""
        key = self.folder / "key.pem"
        key.write_text(pem.key)
        made = []
        for name in names:
            done = subprocess.run(["openssl", "req", "-x509", "-key", str(key), "-days", "60", "-subj", "/CN=x", "-addext",
                                   f"subjectAltName=DNS:{name}"], check=True, capture_output=True, text=True, timeout=60)
            made.append(done.stdout)
        return made


if __name__ == "__main__":
    unittest.main()
