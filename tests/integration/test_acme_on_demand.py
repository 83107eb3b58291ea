"""Certificates that a client's handshake begins."""
import json
import re
import threading
import time
import unittest

from framework import SecureClient, heavy
from test_acme_operation import Operation, WebService


class Askable(WebService):
    """Allows names that begin with "shop"."""

    def status_of(self, path: str) -> int:
        return 200 if re.search(r"domain=shop\d*\.test", path) else 404


class OnDemand(Operation):
    demand = "--certificatesResolvers.le.acme.onDemand"

    def started(self, ca, *more: str, serve: bool = True):
        upstream = self.upstream()
        dynamic = {"http": {"routers": {"all": {"rule": "HostRegexp(`.+`)", "service": "app", "tls": {},
                                                "entryPoints": ["websecure"]}},
                            "services": {"app": {"loadBalancer": {"servers": [{"url": upstream.url}]}}}}}
        return self.edge_for(ca, dynamic, *more, serve=serve)

    def test_the_first_handshake_for_an_allowed_name_waits_for_its_certificate(self):
        service = Askable()
        self.addCleanup(service.close)
        ca = self.ca()
        process = self.started(ca, f"{self.demand}.ask={service.url}/ask")
        self.assertEqual(self.served_names(process, "shop.test"), {"shop.test"})
        self.assertEqual(service.asked, ["/ask?domain=shop.test&client=127.0.0.1"])
        self.assertEqual(self.served_names(process, "shop.test"), {"shop.test"})
        self.assertEqual(ca.proxy.count("POST /order-plz"), 1)
        # A name that is not allowed is a stranger's, as everywhere.
        self.assertNotIn("other.test", self.served_names(process, "other.test"))
        self.assertEqual(ca.proxy.count("POST /order-plz"), 1)
        status = self.settled()
        self.assertEqual((status["state"], status["routers"]), ("valid", ["(on demand)"]))

    def test_many_handshakes_at_once_share_one_order(self):
        ca = self.ca()
        process = self.started(ca, f"{self.demand}.allow=*.shops.test")
        found: list[set[str]] = []
        threads = [threading.Thread(target=lambda: found.append(self.served_names(process, "a.shops.test")))
                   for _ in range(30)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(found, [{"a.shops.test"}] * 30)
        self.assertEqual(ca.proxy.count("POST /order-plz"), 1)

    def test_a_name_stays_wanted_after_a_restart(self):
        ca = self.ca()
        process = self.started(ca, f"{self.demand}.allow=*.shops.test")
        self.assertEqual(self.served_names(process, "a.shops.test"), {"a.shops.test"})
        port = process.address("web")[1]
        self.assertEqual(process.stop(), 0)
        again = self.started(ca, f"{self.demand}.allow=*.shops.test", f"--entryPoints.web.address=127.0.0.1:{port}",
                             serve=False)
        self.assertEqual(self.served_names(again, "a.shops.test"), {"a.shops.test"})
        self.assert_soon(lambda: [one["state"] for one in self.listed()] == ["valid"], "a name that is wanted")
        self.assertEqual(ca.proxy.count("POST /order-plz"), 1)

    def test_a_certificate_that_cannot_be_renewed_serves_on_when_it_has_expired(self):
        ca = self.ca(validity=16)
        process = self.started(ca, f"{self.demand}.allow=*.shops.test")
        self.assertEqual(self.served_names(process, "a.shops.test"), {"a.shops.test"})
        ca.proxy.fault("POST /order-plz", "reply", count=10_000, status=500, body="{}")
        end = max(one["notAfter"] for one in self.listed())
        self.assert_soon(lambda: time.time() > end + 1, "the end of the certificate", 60)
        began = time.monotonic()
        self.assertEqual(self.served_names(process, "a.shops.test"), {"a.shops.test"})
        self.assert_within(5, began, "a handshake that waits for nothing")
        self.assertEqual([one["notAfter"] for one in self.listed()], [end])

    def test_a_name_that_cannot_be_proved_is_not_ordered_again_and_again(self):
        ca = self.ca()
        process = self.started(ca, f"{self.demand}.allow=*.shops.test", serve=False)
        ca.serve(1, 1)  # nobody answers where the CA looks
        for _ in range(5):
            self.assertNotIn("a.shops.test", self.served_names(process, "a.shops.test"))
        process.wait_for_log("a certificate could not be obtained", 20)
        for _ in range(20):
            self.assertNotIn("a.shops.test", self.served_names(process, "a.shops.test"))
        self.assertEqual(ca.proxy.count("POST /order-plz"), 1)

    def state(self) -> dict:
        return json.loads(self.storage.with_name("acme.json.le.state").read_text())

    def test_a_name_that_was_given_up_is_not_wanted_after_a_restart(self):
        ca = self.ca()
        process = self.started(ca, f"{self.demand}.allow=*.shops.test", serve=False)
        ca.serve(1, 1)  # nobody answers where the CA looks
        self.assertNotIn("a.shops.test", self.served_names(process, "a.shops.test"))
        process.wait_for_log("a certificate could not be obtained", 20)
        self.assert_soon(lambda: self.listed() == [], "it is given up")
        self.assertEqual(process.stop(), 0)
        self.assertIn("a.shops.test", self.state()["ledger"])
        self.assertNotIn("demanded", self.state())

    def test_a_name_of_an_earlier_process_is_asked_about_again(self):
        service = Askable()
        self.addCleanup(service.close)
        self.storage.with_name("acme.json.le.state").write_text(json.dumps(
            {"version": 1, "demanded": ["shop.test", "gone.test"]}))
        ca = self.ca()
        process = self.started(ca, f"{self.demand}.ask={service.url}/ask")
        self.wait_until_served(process, "shop.test", 20)
        process.wait_for_log("it may have no certificate any more", 20)
        self.assertEqual(sorted(service.asked), ["/ask?domain=gone.test", "/ask?domain=shop.test"])
        self.assert_soon(lambda: [one["name"] for one in self.listed()] == ["shop.test"], "the other one is forgotten")
        self.assertEqual(ca.proxy.count("POST /order-plz"), 1)

    def test_a_name_keeps_one_certificate_when_the_other_of_its_pair_cannot_be_had(self):
        ca = self.ca()
        ca.proxy.fault("POST /order-plz", "reply", count=99, status=400, after="POST /certZ",
                       body='{"type":"urn:ietf:params:acme:error:rejectedIdentifier","detail":"not twice"}')
        process = self.started(ca, f"{self.demand}.allow=*.shops.test",
                               "--certificatesResolvers.le.acme.secondKeyType=RSA2048")
        self.assertEqual(self.served_names(process, "a.shops.test"), {"a.shops.test"})
        process.wait_for_log("not twice", 20)
        self.assert_soon(lambda: all("doing" not in one for one in self.listed()), "an end of the attempt", 15)
        self.assertEqual(sorted(one["state"] for one in self.listed()), ["failing", "valid"])
        self.assertEqual(self.served_names(process, "a.shops.test"), {"a.shops.test"})

    def test_without_rules_it_is_an_error(self):
        ca = self.ca()
        process = self.started(ca, f"{self.demand}.limit=5", serve=False)
        process.wait_for_log("onDemand allows every name of the world")
        self.assertNotIn("shop.test", self.served_names(process, "shop.test"))

    @heavy
    def test_ten_thousand_random_names_cost_no_order(self):
        service = Askable()
        self.addCleanup(service.close)
        ca = self.ca()
        process = self.started(ca, f"{self.demand}.ask={service.url}/ask")
        began = time.monotonic()
        served = []

        def knock(first: int) -> None:
            for number in range(first, 10_000, 8):
                SecureClient(process.address("websecure"), f"n{number}.test").close()
                served.append(number)

        threads = [threading.Thread(target=knock, args=(first,)) for first in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assert_within(120, began, "10,000 handshakes")
        self.assertEqual(len(served), 10_000)
        self.assertEqual(ca.proxy.count("POST /order-plz"), 0)
        # One client: it is asked about ten names an hour, whatever it says.
        self.assertEqual(len(service.asked), 10)
        self.assertEqual(self.stored(), [])


if __name__ == "__main__":
    unittest.main()
