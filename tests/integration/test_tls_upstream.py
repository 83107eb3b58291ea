"""TLS towards HTTP servers: whom we trust, how we prove who we are, and which connections are used again."""
import ssl
import time
from functools import cached_property

from framework import (Case, alone, authority, certificate, get, host_router, http, response, serve, server_context)


class Shared:
    """Made once for all tests."""
    authority = cached_property(lambda self: authority())
    app = cached_property(lambda self: certificate("app.test", "other.test", issuer=self.authority,
                                                   uri="spiffe://test/app"))


SHARED = Shared()


class TlsUpstreams(Case):
    def setUp(self):
        super().setUp()
        self.authority, self.pem = SHARED.authority, SHARED.app

    def secure_upstream(self, pem=None, **options):
        """Says which name was asked for."""
        context = server_context(pem or self.pem, **options)
        names = {}
        context.sni_callback = lambda session, name, _: names.update({session: name})
        script = serve(response(200, b"app"))

        def secured(connection):
            try:
                connection.socket = context.wrap_socket(connection.socket, server_side=True)
            except (ssl.SSLError, OSError):
                return
            connection.name = next(iter(names.values()), None)
            names.clear()
            script(connection)

        upstream = self.upstream(secured)
        upstream.url = upstream.url.replace("http://", "https://")
        return upstream

    def through(self, upstream, **transport) -> dict:
        service = {"loadBalancer": {"servers": [{"url": upstream.url}], "serversTransport": "secure"}}
        return http({"app": host_router("app.test", "app"), "other": host_router("other.test", "app"),
                     "foreign": host_router("foreign.test", "app")},
                    {"app": service}, serversTransports={"secure": transport})

    def ask(self, process, host: str = "app.test"):
        return self.client(process).ask(get(host=host))

    def fails(self, process, why: str, host: str = "app.test") -> None:
        self.assertEqual(self.ask(process, host).status, 502)
        process.wait_for_log(why, 5)

    def test_the_name_is_the_host_of_the_request_and_connections_are_used_again_for_it_only(self):
        upstream = self.secure_upstream()
        process = self.sluice(self.through(upstream, rootCAs=[self.authority.certificate]))
        for host in ("app.test", "app.test", "other.test", "app.test", "other.test"):
            self.assertEqual(self.ask(process, host).body, b"app")
        self.assertEqual([connection.name for connection in upstream.connections], ["app.test", "other.test"])
        self.fails(process, "hostname mismatch", "foreign.test")

    def test_serverName_replaces_the_name_and_shares_connections(self):
        upstream = self.secure_upstream()
        process = self.sluice(self.through(upstream, rootCAs=[self.authority.certificate], serverName="app.test"))
        for host in ("app.test", "foreign.test", "other.test"):
            self.assertEqual(self.ask(process, host).body, b"app")
        self.assertEqual([connection.name for connection in upstream.connections], ["app.test"])

    def test_what_is_wrong_with_a_certificate_is_said(self):
        for pem, transport, why in ((self.pem, {}, "unable to get local issuer certificate"),
                                    (certificate("app.test"), {"rootCAs": [self.authority.certificate]},
                                     "self-signed certificate"),
                                    (certificate("app.test", issuer=self.authority, days=-1),
                                     {"rootCAs": [self.authority.certificate]}, "certificate has expired"),
                                    (self.pem, {"rootCAs": [self.authority.certificate], "serverName": "x.test"},
                                     "hostname mismatch")):
            with self.subTest(why=why):
                process = self.sluice(self.through(self.secure_upstream(pem), **transport))
                self.fails(process, why)

    def test_insecureSkipVerify_and_a_pinned_certificate(self):
        own = certificate("app.test")
        upstream = self.secure_upstream(own)
        process = self.sluice(self.through(upstream, insecureSkipVerify=True))
        self.assertEqual(self.ask(process, "foreign.test").body, b"app")
        self.assertTrue(any("accepts any certificate" in line for line in process.lines))
        process.configure(self.through(upstream, rootCAs=[own.certificate]))
        self.assertEqual(self.ask(process).body, b"app")

    def test_peerCertURI(self):
        upstream = self.secure_upstream()
        roots = [self.authority.certificate]
        process = self.sluice(self.through(upstream, rootCAs=roots, peerCertURI="spiffe://test/app"))
        self.assertEqual(self.ask(process, "foreign.test").body, b"app")
        process.configure(self.through(upstream, rootCAs=roots, peerCertURI="spiffe://test/other"))
        self.fails(process, "has no name that peerCertSANs or peerCertURI asks for")

    def test_a_certificate_of_our_own(self):
        clients = authority()
        upstream = self.secure_upstream(clients=clients)
        roots = [self.authority.certificate]
        process = self.sluice(self.through(upstream, rootCAs=roots,
                                           certificates=[certificate("edge", issuer=clients).inline()]))
        self.assertEqual(self.ask(process).body, b"app")
        process.configure(self.through(upstream, rootCAs=roots))
        self.assertEqual(self.ask(process).status, 502)

    @alone
    def test_rotated_roots_are_live_without_a_reload(self):
        old, new = authority(), authority()
        upstream = self.secure_upstream()
        process = self.sluice({})
        roots = process.folder / "roots.pem"
        roots.write_text(old.certificate)
        process.configure(self.through(upstream, rootCAs=[str(roots)]))
        self.fails(process, "unable to get local issuer certificate")
        began = time.monotonic()
        draft = process.folder / "draft.pem"
        draft.write_text(new.certificate + self.authority.certificate)
        draft.rename(roots)
        self.assert_soon(lambda: self.ask(process).status == 200, "the new roots are trusted")
        self.assert_within(1.0, began, "the new roots")
        roots.write_text("no PEM")
        process.wait_for_log("what its files said last stays in force", 10)
        self.assertEqual(self.ask(process).status, 200)

    def test_missing_roots_and_transports_take_the_server_out(self):
        upstream = self.secure_upstream()
        dynamic = self.through(upstream, rootCAs=["/nowhere/roots.pem"])
        process = self.sluice(dynamic)
        self.assertEqual(self.ask(process).status, 503)
        self.assertTrue(any("/nowhere/roots.pem cannot be read" in line for line in process.lines))
        del dynamic["http"]["serversTransports"]
        process.configure(dynamic)
        self.assertEqual(self.ask(process).status, 503)
        self.assertEqual(upstream.connections, [])

    def test_static_settings_are_those_of_services_without_a_transport(self):
        upstream = self.secure_upstream()
        dynamic = self.through(upstream)
        del dynamic["http"]["services"]["app"]["loadBalancer"]["serversTransport"]
        process = self.sluice(dynamic, "--serversTransport.insecureSkipVerify=true")
        self.assertEqual(self.ask(process).body, b"app")
        process = self.sluice(dynamic)
        self.fails(process, "unable to get local issuer certificate")
