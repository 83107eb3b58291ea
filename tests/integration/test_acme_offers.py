"""What a CA may offer, or ask for, beyond certificates: bindings of accounts, profiles, suggestions when to renew."""
import base64
import hashlib
import hmac
import json
import time
import unittest
from datetime import datetime, timedelta, timezone

from acme_cases import Acme
from framework.pebble import newer_is_there

NEWER = unittest.skipUnless(newer_is_there(), "there is no newer Pebble in build/pebble: see scripts/deps")
ACME = "--certificatesResolvers.le.acme"


class Bindings(Acme):
    kid = "kid-1"
    secret = base64.urlsafe_b64encode(bytes(range(48))).decode().rstrip("=")

    def test_an_account_is_bound_to_the_one_at_the_ca(self):
        ca = self.ca(bindings={self.kid: self.secret})
        process = self.edge_for(ca, self.routes("a.test"), f"{ACME}.eab.kid={self.kid}",
                                f"{ACME}.eab.hmacEncoded={self.secret}")
        self.wait_until_served(process, "a.test")
        [account] = ca.proxy.payloads("POST /sign-me-up")
        binding = account["externalAccountBinding"]
        signed = f"{binding['protected']}.{binding['payload']}".encode()
        mac = hmac.new(bytes(range(48)), signed, hashlib.sha256).digest()
        self.assertEqual(base64.urlsafe_b64encode(mac).decode().rstrip("="), binding["signature"])
        # The account is there now: neither a restart nor a renewal binds another.
        first = self.pem()
        again = self.started_again(process, self.routes("a.test"), ca, f"{ACME}.eab.kid={self.kid}",
                                   f"{ACME}.eab.hmacEncoded={self.secret}")
        self.certs("renew", "a.test", "--control", str(self.socket))
        self.wait_until_renewed(first)
        self.wait_until_served(again, "a.test")
        self.assertEqual(ca.proxy.created.count("POST /sign-me-up"), 1)

    def test_the_key_may_be_written_as_plain_base64(self):
        secret = bytes(range(255, 207, -1))
        ca = self.ca(bindings={self.kid: base64.urlsafe_b64encode(secret).decode().rstrip("=")})
        padded = base64.b64encode(secret).decode()
        self.assertTrue(set("+/") & set(padded))
        process = self.edge_for(ca, self.routes("a.test"), f"{ACME}.eab.kid={self.kid}",
                                f"{ACME}.eab.hmacEncoded={padded}")
        self.wait_until_served(process, "a.test")

    def test_without_a_binding_nothing_is_tried_until_there_is_one(self):
        ca = self.ca(bindings={self.kid: self.secret})
        dynamic = self.routes("a.test")
        process = self.edge_for(ca, dynamic)
        process.wait_for_log("the CA wants an external account binding: set eab.kid", 20)
        status = self.settled()
        self.assertGreater(status["nextAttempt"], time.time() + 9 * 3600)
        self.assertEqual(ca.proxy.payloads("POST /sign-me-up"), [{"onlyReturnExisting": True}])
        self.assertEqual(ca.proxy.count("POST /order-plz"), 0)
        # Half a day is not waited for once it is configured.
        again = self.started_again(process, dynamic, ca, f"{ACME}.eab.kid={self.kid}",
                                   f"{ACME}.eab.hmacEncoded={self.secret}")
        self.wait_until_served(again, "a.test")

    def test_a_wrong_key_is_told_of_in_the_words_of_the_ca(self):
        ca = self.ca(bindings={self.kid: self.secret})
        wrong = base64.urlsafe_b64encode(bytes(48)).decode()
        process = self.edge_for(ca, self.routes("a.test"), f"{ACME}.eab.kid={self.kid}",
                                f"{ACME}.eab.hmacEncoded={wrong}")
        process.wait_for_log("a certificate could not be obtained", 20)
        status = self.settled()
        self.assertIn("unauthorized", status["problem"])
        self.assertNotIn(wrong, "\n".join(process.lines) + json.dumps(status))


class UnknownProfile(Acme):
    def patched(self):
        """A CA that has profiles, whatever Pebble knows of them."""
        ca = self.ca()
        ca.proxy.fault("GET /dir", "patch", count=9, patch={"meta": {"profiles": {"classic": "90 d", "short": "6 d"}}})
        return ca

    def test_a_profile_that_the_ca_does_not_have_is_not_ordered(self):
        ca = self.patched()
        dynamic = self.routes("a.test")
        process = self.edge_for(ca, dynamic, f"{ACME}.profile=shorter")
        process.wait_for_log("the CA has no profile shorter; it has: classic short", 20)
        status = self.settled()
        self.assertGreater(status["nextAttempt"], time.time() + 9 * 3600)
        self.assertEqual(ca.proxy.count("POST /order-plz"), 0)
        again = self.started_again(process, dynamic, ca, f"{ACME}.profile=short")
        self.wait_until_served(again, "a.test")
        self.assertEqual([order["profile"] for order in ca.proxy.payloads("POST /order-plz")], ["short"])
        # A renewal is for the same one.
        first = self.pem()
        self.certs("renew", "a.test", "--control", str(self.socket))
        self.wait_until_renewed(first)
        self.assertEqual([order["profile"] for order in ca.proxy.payloads("POST /order-plz")], ["short", "short"])

    def test_one_that_is_not_mandatory_is_gone_without(self):
        ca = self.patched()
        process = self.edge_for(ca, self.routes("a.test"), f"{ACME}.profile=shorter", f"{ACME}.profileMandatory=false")
        self.wait_until_served(process, "a.test")
        process.wait_for_log("the CA has no profile shorter; it has: classic short; it was ordered without one")
        self.assertEqual(["profile" in order for order in ca.proxy.payloads("POST /order-plz")], [False])

    def test_a_ca_without_profiles_is_not_asked_for_one(self):
        ca = self.ca()
        process = self.edge_for(ca, self.routes("a.test"), f"{ACME}.profile=short")
        process.wait_for_log("the CA has no profile short; it has: none", 20)
        self.assertEqual(ca.proxy.count("POST /order-plz"), 0)


@NEWER
class Profiles(Acme):
    def test_the_certificate_is_of_the_profile_and_so_is_the_next(self):
        ca = self.ca(newer=True, profiles={"classic": 90 * 86400, "short": 6 * 86400})
        process = self.edge_for(ca, self.routes("a.test"), f"{ACME}.profile=short")
        self.wait_until_served(process, "a.test")
        self.assertAlmostEqual(self.lifetime(), 6 * 86400, delta=2)
        first = self.pem()
        self.certs("renew", "a.test", "--control", str(self.socket))
        self.wait_until_renewed(first)
        self.assertAlmostEqual(self.lifetime(), 6 * 86400, delta=2)

    def test_a_change_of_the_profile_counts_at_the_next_renewal(self):
        ca = self.ca(newer=True, profiles={"classic": 90 * 86400, "short": 6 * 86400})
        dynamic = self.routes("a.test")
        process = self.edge_for(ca, dynamic, f"{ACME}.profile=classic")
        self.wait_until_served(process, "a.test")
        self.assertAlmostEqual(self.lifetime(), 90 * 86400, delta=2)
        first = self.pem()
        again = self.started_again(process, dynamic, ca, f"{ACME}.profile=short")
        self.assertEqual(self.pem(), first)
        self.certs("renew", "a.test", "--control", str(self.socket))
        self.wait_until_renewed(first)
        self.assertAlmostEqual(self.lifetime(), 6 * 86400, delta=2)
        self.wait_until_served(again, "a.test")


@NEWER
class Suggestions(Acme):
    def state(self) -> dict:
        return json.loads(self.storage.with_name("acme.json.le.state").read_text())

    def suggested(self) -> dict:
        [one] = self.state()["certificates"].values()
        return one

    def ask_again(self) -> None:
        """As if the time had come to ask the CA again."""
        state = self.state()
        for one in state["certificates"].values():
            one["askNext"] = 0
        self.storage.with_name("acme.json.le.state").write_text(json.dumps(state))

    def window(self, begins: timedelta, ends: timedelta) -> dict:
        now = datetime.now(timezone.utc)
        return {"suggestedWindow": {"start": (now + begins).strftime("%Y-%m-%dT%H:%M:%SZ"),
                                    "end": (now + ends).strftime("%Y-%m-%dT%H:%M:%SZ")},
                "explanationURL": "https://ca.test/why"}

    def obtained(self):
        ca = self.ca(newer=True)
        process = self.edge_for(ca, self.routes("a.test"))
        self.wait_until_served(process, "a.test")
        self.assert_soon(lambda: self.state()["certificates"] and self.suggested()["chosen"] > 0, "a suggestion", 15)
        return ca, process

    def test_the_ca_is_asked_when_and_its_answer_is_kept(self):
        ca, process = self.obtained()
        self.assertEqual(ca.proxy.count("GET /draft-ietf-acme-ari|GET .*renewal"), 1)
        one = self.suggested()
        self.assertTrue(one["windowStart"] <= one["chosen"] <= one["windowEnd"], one)
        self.assertTrue(time.time() + 59 <= one["askNext"] <= time.time() + 12 * 3600 + 1, one)
        status = self.settled()
        self.assertEqual((status["suggestedFrom"], status["nextAttempt"]), (one["windowStart"], one["chosen"]))
        # Neither the moment nor the time to ask again changes with a restart.
        again = self.started_again(process, self.routes("a.test"), ca)
        self.wait_until_served(again, "a.test")
        # The CA is asked about one after the other: when it has been about another, this one's turn has been.
        again.configure(self.routes("a.test", "b.test"))
        self.assert_soon(lambda: [known["chosen"] > 0 for known in self.state()["certificates"].values()] == [True] * 2,
                         "a suggestion for another", 30)
        self.assertIn(one, self.state()["certificates"].values())
        self.assertEqual(ca.proxy.count("GET .*renewal"), 2)

    def test_a_window_that_has_passed_renews_and_says_what_is_replaced(self):
        ca, process = self.obtained()
        first = self.pem()
        ca.suggest(first, self.window(timedelta(hours=-2), timedelta(hours=-1)))
        again = self.started_again(process, self.routes("a.test"), ca, before=self.ask_again)
        again.wait_for_log("the CA wants a certificate renewed now.*https://ca.test/why", 20)
        self.wait_until_renewed(first, 60)
        orders = ca.proxy.payloads("POST /order-plz")
        self.assertEqual(["replaces" in order for order in orders], [False, True])
        self.assertEqual(ca.proxy.created.count("POST /order-plz"), 2)

    def test_another_window_is_another_moment(self):
        ca, process = self.obtained()
        first = self.pem()
        ca.suggest(first, self.window(timedelta(days=20), timedelta(days=21)))
        self.started_again(process, self.routes("a.test"), ca, before=self.ask_again)
        self.assert_soon(lambda: time.time() + 19 * 86400 < self.suggested()["chosen"] < time.time() + 22 * 86400,
                         "a moment of the other window", 15)
        self.assertEqual(self.pem(), first)

    def test_a_ca_that_has_seen_it_replaced_issues_all_the_same(self):
        ca, process = self.obtained()
        first = self.pem()
        dynamic = self.routes("a.test")
        state = self.storage.with_name("acme.json.le.state")
        kept = {path: path.read_bytes() for path in (self.storage, state)}
        self.certs("renew", "a.test", "--control", str(self.socket))
        self.wait_until_renewed(first)
        # A backup is put back: the CA knows that what is in it was replaced.
        again = self.started_again(process, dynamic, ca,
                                   before=lambda: [path.write_bytes(text) for path, text in kept.items()])
        self.assertEqual(self.pem(), first)
        self.certs("renew", "a.test", "--control", str(self.socket))
        self.wait_until_renewed(first)
        self.wait_until_served(again, "a.test")
        orders = ca.proxy.payloads("POST /order-plz")
        self.assertEqual(["replaces" in order for order in orders], [False, True, True, False])
        self.assertEqual(ca.proxy.created.count("POST /order-plz"), 3)

    def test_answers_that_make_no_sense_change_nothing(self):
        ca, process = self.obtained()
        before = self.suggested()
        first = self.pem()
        ca.proxy.fault("GET .*renewal", "reply", count=9, status=200,
                       body='{"suggestedWindow":{"start":"2026-02-01T00:00:00Z","end":"2026-01-01T00:00:00Z"}}')
        again = self.started_again(process, self.routes("a.test"), ca, before=self.ask_again)
        self.assert_soon(lambda: self.suggested()["askNext"] > 0, "it was asked", 15)
        after = self.suggested()
        self.assertEqual((after["chosen"], after["windowStart"]), (before["chosen"], before["windowStart"]))
        self.wait_until_served(again, "a.test")
        self.assertEqual(self.pem(), first)


if __name__ == "__main__":
    unittest.main()
