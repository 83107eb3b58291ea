"""Wildcard certificates: proved by a record that Sluice adds at a name server."""
import json
import signal
import subprocess
import threading
import unittest
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from framework import Named, binary, named_is_there
from acme_cases import Acme


class DnsChallenge(Acme):
    def wildcard(self) -> dict:
        return self.routes("www.example.test", domains=[{"main": "example.test", "sans": ["*.example.test"]}])

    def dns_flags(self, ca, provider: str, *more: str) -> list[str]:
        option = "--certificatesResolvers.le.acme.dnsChallenge"
        return [*(flag for flag in self.flags(ca) if "Challenge" not in flag), f"{option}.provider={provider}",
                *(f"{option}.{one}" for one in more)]

    def edge_over_dns(self, ca, provider: str, environment: dict, *more: str, trust: Path | None = None):
        flags = self.dns_flags(ca, provider, *more)
        if trust:
            flags = [flag.replace(str(ca.trust_file), str(trust)) for flag in flags]
        return self.sluice(self.wildcard(), *flags,
                           entry_points={"websecure": "127.0.0.1:0"}, environment=environment)


@unittest.skipUnless(named_is_there(), "the package bind9 is not installed")
class OverBind(DnsChallenge):
    def test_apex_and_wildcard_by_signed_updates(self):
        named = Named("example.test")
        self.addCleanup(named.close)
        ca = self.ca()
        # The name server has another port than 53, so only resolvers can be asked: it is the resolver.
        process = self.edge_over_dns(
            ca, "rfc2136",
            {"RFC2136_NAMESERVER": named.address, "RFC2136_TSIG_FILE": str(named.key_file),
             "RFC2136_POLLING_INTERVAL": "0"},
            f"resolvers={named.address}", "propagation.disableANSChecks=true", "propagation.requireAllRNS=true")
        ca.serve(names=named.address)
        self.wait_until_served(process, "example.test", 30)
        self.assertEqual(self.served_names(process, "www.example.test"), {"example.test", "*.example.test"})
        self.assert_soon(lambda: named.log().count("adding an RR at '_acme-challenge.example.test' TXT") == 2
                         and named.log().count("deleting an RR at _acme-challenge.example.test TXT") == 2,
                         "two values that come and go", 10)

    def test_a_wrong_key_is_told_in_the_status(self):
        named = Named("example.test")
        self.addCleanup(named.close)
        ca = self.ca()
        self.edge_over_dns(ca, "rfc2136",
                           {"RFC2136_NAMESERVER": named.address, "RFC2136_TSIG_KEY": "sluice-key",
                            "RFC2136_TSIG_SECRET": "b3RoZXI=", "RFC2136_TSIG_ALGORITHM": "hmac-sha256"},
                           f"resolvers={named.address}", "propagation.disableANSChecks=true")
        ca.serve(names=named.address)
        self.assert_soon(lambda: any("BADSIG" in json.dumps(one) for one in self.listed()), "the reason", 30)


class Provider:
    """Adds records to the name server of `ca` for those who ask over HTTP; `seen` is what was asked: path, record and
    value. It refuses what is in `refused`."""

    def __init__(self, ca):
        self.seen: list[tuple[str, str, str]] = []
        self.refused: set[str] = set()
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                provider.seen.append((self.path, body["fqdn"], body["value"]))
                if self.path == "/present":
                    ca.records("set-txt", host=body["fqdn"], value=body["value"])
                self.send_response(403 if self.path in provider.refused else 204)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.environment = {"HTTPREQ_ENDPOINT": f"http://127.0.0.1:{self._server.server_address[1]}"}
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def values(self, path: str) -> list[str]:
        return [value for asked, _, value in list(self.seen) if asked == path]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class OverHttp(DnsChallenge):
    quick = "propagation.disableChecks=true"

    def served(self):
        ca = self.ca()
        provider = Provider(ca)
        self.addCleanup(provider.close)
        ca.serve()
        return ca, provider

    def test_apex_and_wildcard_by_an_http_server_that_follows_a_cname(self):
        ca, provider = self.served()
        ca.records("set-cname", host="_acme-challenge.example.test.", target="there.example.test.")
        process = self.edge_over_dns(ca, "httpreq", provider.environment, f"resolvers={ca.resolver}", self.quick)
        self.wait_until_served(process, "example.test", 30)
        self.assertEqual(self.served_names(process, "www.example.test"), {"example.test", "*.example.test"})
        self.assert_soon(lambda: len(provider.seen) == 4, "two records that come and go", 10)
        self.assertEqual({fqdn for _, fqdn, _ in provider.seen}, {"there.example.test."})

    def test_a_cname_is_not_followed_where_that_is_not_wanted(self):
        ca, provider = self.served()
        ca.records("set-cname", host="_acme-challenge.example.test.", target="there.example.test.")
        process = self.edge_over_dns(ca, "httpreq", {**provider.environment, "LEGO_DISABLE_CNAME_SUPPORT": "true"},
                                     f"resolvers={ca.resolver}", self.quick)
        self.assert_soon(lambda: provider.values("/cleanup"), "an attempt", 30)
        self.assertEqual({fqdn for _, fqdn, _ in provider.seen}, {"_acme-challenge.example.test."})
        self.assertEqual(process.stop(), 0)

    def journal(self) -> list[dict]:
        return json.loads(self.storage.with_name("acme.json.le.state").read_text()).get("records", [])

    def started_over(self, ca, provider, dynamic: dict):
        return self.sluice(dynamic, *self.dns_flags(ca, "httpreq", f"resolvers={ca.resolver}", self.quick),
                           entry_points={"websecure": "127.0.0.1:0"}, environment=provider.environment)

    def killed_with_records(self):
        """A process that is gone while its records stand."""
        ca, provider = self.served()
        ca.proxy.fault("POST /chalZ", "drop", count=100)
        process = self.edge_over_dns(ca, "httpreq", provider.environment, f"resolvers={ca.resolver}", self.quick)
        self.assert_soon(lambda: ca.proxy.count("POST /chalZ") > 0 and len(provider.values("/present")) == 2,
                         "both records", 30)
        process.process.send_signal(signal.SIGKILL)
        process.process.wait()
        process.expected_exit = -signal.SIGKILL
        ca.proxy.heal()
        self.assertEqual(provider.values("/cleanup"), [])
        self.assertEqual(len(self.journal()), 2)
        return ca, provider

    def test_records_that_a_crash_left_are_removed_at_the_next_start(self):
        ca, provider = self.killed_with_records()
        # Nothing wants that certificate any more.
        process = self.started_over(ca, provider, {})
        process.wait_for_log("a TXT record that was left behind was removed", 20)
        self.assert_soon(lambda: sorted(provider.values("/cleanup")) == sorted(provider.values("/present")),
                         "the values that were added, each alone", 20)
        self.assert_soon(lambda: self.journal() == [], "nothing is left to do", 10)

    def test_records_of_an_order_that_is_gone_on_with_stay_until_it_ends(self):
        ca, provider = self.killed_with_records()
        process = self.started_over(ca, provider, self.wildcard())
        self.wait_until_served(process, "example.test", 30)
        self.assertEqual(ca.proxy.created.count("POST /order-plz"), 1)
        self.assert_soon(lambda: set(provider.values("/cleanup")) == set(provider.values("/present")),
                         "all values are removed", 20)
        self.assertEqual(len(set(provider.values("/present"))), 2)
        self.assert_soon(lambda: self.journal() == [], "nothing is left to do", 10)

    def test_what_the_provider_will_not_remove_is_tried_again_at_the_next_start(self):
        ca, provider = self.served()
        provider.refused = {"/cleanup"}
        process = self.edge_over_dns(ca, "httpreq", provider.environment, f"resolvers={ca.resolver}", self.quick)
        self.wait_until_served(process, "example.test", 30)
        process.wait_for_log("a TXT record could not be removed", 20)
        self.assertEqual(process.stop(), 0)
        self.assertEqual(len(self.journal()), 2)
        provider.refused = set()
        before = len(provider.values("/cleanup"))
        self.started_over(ca, provider, self.wildcard())
        self.assert_soon(lambda: sorted(provider.values("/cleanup")[before:]) == sorted(provider.values("/present")),
                         "both are removed", 20)
        self.assert_soon(lambda: self.journal() == [], "nothing is left to do", 10)

    def test_the_records_of_a_dry_run_that_nobody_waits_for_any_more_are_removed(self):
        ca, provider = self.served()
        ca.proxy.fault("POST /order-plz", "reply", count=9, status=500, body="{}")
        staging = self.ca()
        staging.serve(names=ca.resolver)
        staging.proxy.fault("POST /chalZ", "drop", count=100)
        trust = self.folder / "both.pem"
        trust.write_text(ca.trust_file.read_text() + staging.trust_file.read_text())
        process = self.edge_over_dns(ca, "httpreq", provider.environment, f"resolvers={ca.resolver}", self.quick,
                                     trust=trust)
        process.wait_for_log("a certificate could not be obtained", 30)
        self.settled()
        self.assertEqual(provider.seen, [])
        trying = subprocess.Popen([binary(), "certs", "dry-run", "example.test", "--ca", staging.directory, "--control",
                                   str(self.socket)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(trying.wait)
        self.addCleanup(trying.kill)
        self.assert_soon(lambda: len(provider.values("/present")) == 2, "both records", 30)
        trying.terminate()
        self.assert_soon(lambda: sorted(provider.values("/cleanup")) == sorted(provider.values("/present")),
                         "both are removed", 20)
        self.assert_soon(lambda: self.journal() == [], "nothing is left to do", 10)
        self.assertEqual(process.stop(), 0)


class Misconfigured(DnsChallenge):
    def test_an_unknown_provider_stops_its_resolver_and_nothing_else(self):
        ca = self.ca()
        process = self.edge_over_dns(ca, "cloudfare", {})
        process.wait_for_log("did you mean cloudflare")
        client = self.client(process)
        client.send(b"GET / HTTP/1.1\r\nHost: nobody.test\r\n\r\n")
        self.assertEqual(client.reply().status, 404)


if __name__ == "__main__":
    unittest.main()
