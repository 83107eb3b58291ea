"""Wildcard certificates: proved by a record that Sluice adds at a name server."""
import json
import threading
import unittest
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from framework import Named, named_is_there
from acme_cases import Acme


class DnsChallenge(Acme):
    def wildcard(self) -> dict:
        return self.routes("www.example.test", domains=[{"main": "example.test", "sans": ["*.example.test"]}])

    def dns_flags(self, ca, provider: str, *more: str) -> list[str]:
        option = "--certificatesResolvers.le.acme.dnsChallenge"
        return [*(flag for flag in self.flags(ca) if "Challenge" not in flag), f"{option}.provider={provider}",
                *(f"{option}.{one}" for one in more)]

    def edge_over_dns(self, ca, provider: str, environment: dict, *more: str):
        return self.sluice(self.wildcard(), *self.dns_flags(ca, provider, *more),
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


class OverHttp(DnsChallenge):
    def test_apex_and_wildcard_by_an_http_server_that_follows_a_cname(self):
        ca = self.ca()
        seen = []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                seen.append((self.path, body["fqdn"]))
                if self.path == "/present":
                    ca.records("set-txt", host=body["fqdn"], value=body["value"])
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_):
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        ca.serve()
        ca.records("set-cname", host="_acme-challenge.example.test.", target="there.example.test.")
        process = self.edge_over_dns(ca, "httpreq",
                                     {"HTTPREQ_ENDPOINT": f"http://127.0.0.1:{server.server_address[1]}"},
                                     f"resolvers={ca.resolver}", "propagation.disableChecks=true")
        self.wait_until_served(process, "example.test", 30)
        self.assertEqual(self.served_names(process, "www.example.test"), {"example.test", "*.example.test"})
        self.assert_soon(lambda: len(seen) == 4, "two records that come and go", 10)
        self.assertEqual({fqdn for _, fqdn in seen}, {"there.example.test."})


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
