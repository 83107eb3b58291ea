"""TLS ends at an entry point: certificates, options, and which router answers."""
import base64
import socket
import ssl
import struct
import subprocess
import tempfile
import time
from functools import cached_property
from pathlib import Path

from framework import (Case, SecureClient, alone, authority, certificate, get, heavy, host_router, http, is_sanitized,
                       patience, response, serve, servers)


class Shared:
    """Made once for all tests."""
    authority = cached_property(lambda self: authority())
    a = cached_property(lambda self: certificate("a.test", issuer=self.authority))
    wild = cached_property(lambda self: certificate("*.test", issuer=self.authority))


SHARED = Shared()


class TlsCase(Case):
    def setUp(self):
        super().setUp()
        self.authority, self.a, self.wild = SHARED.authority, SHARED.a, SHARED.wild

    def secure(self, process, name=None, entry_point: str = "web", **options) -> SecureClient:
        client = SecureClient(process.address(entry_point), name, **options)
        self._clients.append(client)
        return client

    def app(self, *hosts: str, tls: dict | None = None, **more) -> dict:
        """Routers for these hosts, all to one upstream that says its own name."""
        self.backend = self.upstream(serve(response(200, b"app")))
        routers = {host.split(".")[0]: host_router(host, "app", tls={}) for host in hosts}
        return {**http(routers, {"app": servers(self.backend.url)}), "tls": tls or {}, **more}

    def served(self, client, host: str):
        return client.ask(get(host=host))

    def refused(self, process, name=None, **options) -> str:
        """The reason why a handshake fails."""
        try:
            client = self.secure(process, name, **options)
            client.ask(get(host=name or "x"))  # TLS 1.3: a server that wants a certificate says so after the handshake
        except (ssl.SSLError, ConnectionError, EOFError) as failure:
            return str(getattr(failure, "reason", None) or type(failure).__name__)
        self.fail(f"the handshake for {name} succeeded")


class Certificates(TlsCase):
    def test_a_request_over_tls_reaches_the_router_and_says_so(self):
        process = self.sluice(self.app("a.test", tls={"certificates": [self.a.inline()]}))
        client = self.secure(process, "a.test", trust=self.authority)
        for _ in range(3):
            self.assertEqual(self.served(client, "a.test").body, b"app")
        head = self.backend.connections[0].requests[0]
        self.assertEqual(head.get("X-Forwarded-Proto"), "https")
        self.assertEqual(head.get("X-Forwarded-Port"), "443")
        self.assertEqual(client.socket.version(), "TLSv1.3")

    def test_the_exact_name_comes_before_the_wildcard_and_an_expired_one_is_not_served(self):
        old = certificate("b.test", issuer=self.authority, days=-1)
        pems = [self.wild.inline(), self.a.inline(), old.inline()]
        process = self.sluice(self.app("a.test", "b.test", "c.test", tls={"certificates": pems}))
        self.assertEqual(self.secure(process, "a.test").names(), {"a.test"})
        self.assertEqual(self.secure(process, "A.TEST").names(), {"a.test"})
        self.assertEqual(self.secure(process, "b.test").names(), {"*.test"})
        self.assertEqual(self.secure(process, "c.test").names(), {"*.test"})
        self.assertTrue(any("has expired" in line for line in process.lines))

    def test_the_client_chooses_between_ecdsa_and_rsa(self):
        rsa = certificate("a.test", issuer=self.authority, rsa=True)
        process = self.sluice(self.app("a.test", tls={"certificates": [self.a.inline(), rsa.inline()]}))

        def kind(*suites: str) -> str:
            def choose(context):
                context.maximum_version = ssl.TLSVersion.TLSv1_2
                context.set_ciphers(":".join(suites))
            return self.secure(process, "a.test", trust=self.authority, configure=choose).socket.cipher()[0]

        self.assertIn("ECDSA", kind("ECDHE-ECDSA-AES128-GCM-SHA256"))
        self.assertIn("RSA", kind("ECDHE-RSA-AES128-GCM-SHA256"))

    def test_without_a_certificate_a_default_one_serves(self):
        process = self.sluice(self.app("a.test"))
        for name in ("a.test", "other.test", None):
            client = self.secure(process, name)
            self.assertEqual(client.names(), {"sluice.default"})
        self.assertEqual(self.served(self.secure(process, "a.test"), "a.test").status, 200)
        default = certificate("default.test", issuer=self.authority)
        process.configure(self.app("a.test", tls={"stores": {"default": {"defaultCertificate": default.inline()}}}))
        self.assertEqual(self.secure(process, "a.test").names(), {"default.test"})

    @alone
    def test_a_changed_file_is_served_at_once_and_no_connection_notices(self):
        process = self.sluice({})
        folder = process.folder
        files = self.a.files(folder, "a")
        process.configure(self.app("a.test", tls={"certificates": [files]}))
        before = self.secure(process, "a.test", trust=self.authority)
        self.assertEqual(self.served(before, "a.test").status, 200)
        old = before.socket.getpeercert(binary_form=True)
        renewed = certificate("a.test", issuer=self.authority)
        began = time.monotonic()
        renewed.files(folder, "a")

        def is_new() -> bool:
            client = SecureClient(process.web, "a.test", trust=self.authority)
            try:
                return client.socket.getpeercert(binary_form=True) != old
            finally:
                client.close()

        self.assert_soon(is_new, "the new certificate is served")
        self.assert_within(1.0, began, "the new certificate")
        self.assertEqual(self.served(before, "a.test").status, 200)
        # A half-written pair leaves the last good one in force.
        (folder / "a.key").write_text("-----BEGIN PRIVATE KEY-----\nSECRETSECRET\n-----END PRIVATE KEY-----\n")
        process.wait_for_log("the last good one stays in force", 10)
        self.assertEqual(self.served(self.secure(process, "a.test", trust=self.authority), "a.test").status, 200)
        self.assertFalse(any("SECRETSECRET" in line for line in process.lines))

    def test_the_suites_of_tls_1_3_are_taken_in_the_order_of_go(self):
        process = self.sluice(self.app("a.test", tls={"certificates": [self.a.inline()]}))
        self.assertEqual(self.secure(process, "a.test").socket.cipher()[0], "TLS_AES_128_GCM_SHA256")

    def test_a_key_that_was_replaced_is_nowhere_in_memory(self):
        if is_sanitized():
            self.skipTest("a sanitizer brings allocation functions of its own")
        process = self.sluice({})
        process.configure(self.app("a.test", tls={"certificates": [self.a.files(process.folder, "a")]}))
        client = self.secure(process, "a.test", trust=self.authority)
        self.assertEqual(self.served(client, "a.test").status, 200)
        key = base64.b64decode("".join(self.a.key.splitlines()[1:-1]))
        number = key[key.index(b"\x04\x20") + 2:][:32]  # of P-256, as PKCS#8 has it
        pieces = [*(line.encode() for line in self.a.key.splitlines()[1:-1]), number, number[::-1]]
        self.assertTrue(process.in_memory(pieces), "one that is in use can be found")
        certificate("a.test", issuer=self.authority).files(process.folder, "a")
        client.close()
        self.assert_soon(lambda: not process.in_memory(pieces), "no copy of the key that was replaced", 10)

    def test_a_broken_certificate_is_reported_without_its_key(self):
        other = certificate("x.test")
        broken = {"certFile": self.a.certificate, "keyFile": other.key}
        process = self.sluice(self.app("a.test", tls={"certificates": [broken, {"certFile": "/nowhere/a.crt",
                                                                                "keyFile": "/nowhere/a.key"}]}))
        text = "\n".join(process.lines)
        self.assertIn("the key does not belong to the certificate", text)
        self.assertIn("/nowhere/a.crt cannot be read", text)
        self.assertNotIn(other.key.splitlines()[1], text)
        self.assertEqual(self.secure(process, "a.test").names(), {"sluice.default"})


    def test_hundreds_are_read_at_once_and_a_broken_one_is_left_out_alone(self):
        other = certificate("b.test", issuer=self.authority)
        with tempfile.TemporaryDirectory() as folder:
            pairs = []
            for number in range(500):
                pem = self.a if number < 499 else other
                at = Path(folder) / str(number)
                at.with_suffix(".crt").write_text(pem.certificate)
                at.with_suffix(".key").write_text(pem.key)
                if number == 251:  # EC parameters before the key, as `openssl ecparam -genkey` writes them
                    parameters = subprocess.run(["openssl", "ecparam", "-name", "prime256v1"], check=True, text=True,
                                                capture_output=True).stdout
                    at.with_suffix(".key").write_text(parameters + pem.key)
                if number == 252:
                    at.with_suffix(".key").write_text(other.key)
                pairs.append({"certFile": str(at) + ".crt", "keyFile": str(at) + ".key"})
            process = self.sluice(self.app("a.test", "b.test", tls={"certificates": pairs}))
            for host in ("a.test", "b.test"):
                self.assertEqual(self.served(self.secure(process, host, trust=self.authority), host).body, b"app")
            reported = process.log("does not belong to the certificate")
            self.assertEqual(len(reported), 1, reported)
            self.assertIn("252.crt", reported[0])


class Routers(TlsCase):
    def test_routers_with_tls_answer_tls_only_and_others_plaintext_only(self):
        dynamic = self.app("a.test", tls={"certificates": [self.wild.inline()]})
        dynamic["http"]["routers"]["plain"] = host_router("plain.test", "app")
        process = self.sluice(dynamic)
        self.assertEqual(self.client(process).ask(get(host="plain.test")).status, 200)
        self.assertEqual(self.client(process).ask(get(host="a.test")).status, 404)
        self.assertEqual(self.served(self.secure(process, "a.test"), "a.test").status, 200)
        self.assertEqual(self.served(self.secure(process, "plain.test"), "plain.test").status, 404)

    def test_an_entry_point_with_tls_makes_its_routers_tls_only(self):
        self.backend = self.upstream(serve(response(200, b"app")))
        dynamic = http({"a": host_router("a.test", "app")}, {"app": servers(self.backend.url)})
        dynamic["tls"] = {"certificates": [self.a.inline()]}
        process = self.sluice(dynamic, "--entryPoints.secure.http.tls=true", entry_points={"secure": "127.0.0.1:0"})
        secure = self.secure(process, "a.test", "secure", trust=self.authority)
        self.assertEqual(self.served(secure, "a.test").status, 200)
        self.assertEqual(self.client(process, "secure").ask(get(host="a.test")).status, 404)
        self.assertEqual(self.client(process).ask(get(host="a.test")).status, 200)

    def test_a_hello_in_many_segments_and_records_is_one(self):
        process = self.sluice(self.app("a.test", tls={"certificates": [self.a.inline()]}))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(cadata=self.authority.certificate)
        for records in (False, True):
            incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
            session = context.wrap_bio(incoming, outgoing, server_hostname="a.test")
            raw = socket.create_connection(process.web, patience(10))
            self.addCleanup(raw.close)
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self.assertRaises(ssl.SSLWantReadError):
                session.do_handshake()
            hello = outgoing.read()
            if records:
                body = hello[5:]
                pieces = [body[at:at + 40] for at in range(0, len(body), 40)]
                hello = b"".join(b"\x16\x03\x01" + struct.pack(">H", len(piece)) + piece for piece in pieces)
            for at in range(0, len(hello), 7):
                raw.sendall(hello[at:at + 7])
                if at % 70 == 0:
                    time.sleep(0.001)
            while True:
                try:
                    session.do_handshake()
                    break
                except ssl.SSLWantReadError:
                    raw.sendall(outgoing.read())
                    data = raw.recv(65536)
                    self.assertTrue(data, "the server closed")
                    incoming.write(data)
            self.assertEqual(session.version(), "TLSv1.3")

    def test_a_broken_hello_is_closed_and_never_answered_with_the_default(self):
        process = self.sluice(self.app("a.test"))
        for bad in (b"\x16\x03\x01\x00\x05\x02\x00\x00\x01\x00", b"\x16\x02\x00\x00\x00", b"\x16\x03\x01\xff\xff" + b"x" * 20,
                    b"\x16\x03\x01\x00\x04\x01\xff\xff\xff"):
            client = self.client(process)
            client.send(bad)
            self.assertTrue(client.is_closed())

    @heavy
    def test_a_slow_handshake_ends_after_ten_seconds(self):
        process = self.sluice(self.app("a.test"))
        clients = [self.client(process) for _ in range(3)]
        clients[0].send(b"\x16")
        clients[1].send(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")
        began = time.monotonic()
        for client in clients:
            self.assertTrue(client.is_closed(13))
        self.assertGreater(time.monotonic() - began, 8)

    def test_an_end_of_the_connection_is_orderly(self):
        process = self.sluice(self.app("a.test"))
        client = self.secure(process, "a.test")
        reply = client.ask(get(host="a.test", fields=[("Connection", "close")]))
        self.assertEqual(reply.status, 200)
        self.assertEqual(client.socket.recv(10), b"")  # close_notify: an abrupt end would raise

    def test_large_bodies_pass_both_ways(self):
        size = 3_000_000

        def echo(connection):
            while True:
                head = connection.read_request()
                if head is None:
                    return
                connection.send(response(200, head.body))

        self.backend = self.upstream(echo, record=1000)
        dynamic = http({"a": host_router("a.test", "app", tls={})}, {"app": servers(self.backend.url)})
        process = self.sluice(dynamic)
        client = self.secure(process, "a.test")
        body = bytes(range(256)) * (size // 256)
        head = f"POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: {len(body)}\r\n\r\n".encode()
        client.send_while_reading(head + body)
        self.assertEqual(client.reply().body, body)


class Options(TlsCase):
    def options(self, **options) -> dict:
        """a.test with the options `special`, b.test with the default ones."""
        dynamic = self.app("a.test", "b.test", tls={"certificates": [self.wild.inline()],
                                                    "options": {"special": options}})
        dynamic["http"]["routers"]["a"]["tls"] = {"options": "special"}
        return dynamic

    def test_versions_and_suites_are_those_of_the_name(self):
        process = self.sluice(self.options(minVersion="VersionTLS13"))

        def tls12(context):
            context.maximum_version = ssl.TLSVersion.TLSv1_2

        self.assertEqual(self.secure(process, "b.test", configure=tls12).socket.version(), "TLSv1.2")
        self.assertEqual(self.refused(process, "a.test", configure=tls12), "TLSV1_ALERT_PROTOCOL_VERSION")
        self.assertEqual(self.secure(process, "a.test").socket.version(), "TLSv1.3")
        process.configure(self.options(maxVersion="VersionTLS12",
                                       cipherSuites=["TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"],
                                       curvePreferences=["CurveP384"]))
        cipher = self.secure(process, "a.test").socket.cipher()
        self.assertEqual(cipher[:2], ("ECDHE-ECDSA-AES256-GCM-SHA384", "TLSv1.2"))

    def test_strict_names_are_refused_when_they_have_no_certificate(self):
        dynamic = self.options(sniStrict=True)
        dynamic["tls"]["certificates"] = [certificate("b.test", issuer=self.authority).inline()]
        process = self.sluice(dynamic)
        self.assertEqual(self.refused(process, "a.test"), "TLSV1_UNRECOGNIZED_NAME")
        self.assertEqual(self.served(self.secure(process, "b.test", trust=self.authority), "b.test").status, 200)

    def test_protocols(self):
        process = self.sluice(self.options())
        client = self.secure(process, "a.test", protocols=("h2", "http/1.1"))
        self.assertEqual(client.socket.selected_alpn_protocol(), "h2")
        self.assertTrue(self.refused(process, "a.test", protocols=("spdy/3",)))
        process.wait_for_log("TLS connection refused.*serverName=a.test", 5)

    def test_client_certificates(self):
        good = certificate("client", issuer=self.authority)
        foreign = certificate("client", issuer=authority())
        process = self.sluice(self.options(clientAuth={"caFiles": [self.authority.certificate]}))
        self.assertEqual(self.served(self.secure(process, "a.test", own=good), "a.test").status, 200)
        self.assertIn("CERTIFICATE_REQUIRED", self.refused(process, "a.test"))
        self.assertIn("UNKNOWN_CA", self.refused(process, "a.test", own=foreign))
        self.assertEqual(self.served(self.secure(process, "b.test"), "b.test").status, 200)
        process.configure(self.options(clientAuth={"clientAuthType": "RequireAnyClientCert"}))
        self.assertEqual(self.served(self.secure(process, "a.test", own=foreign), "a.test").status, 200)
        self.assertIn("CERTIFICATE_REQUIRED", self.refused(process, "a.test"))

    def test_another_host_with_other_options_is_misdirected(self):
        good = certificate("client", issuer=self.authority)
        dynamic = self.options(clientAuth={"caFiles": [self.authority.certificate]})
        dynamic["http"]["routers"]["c"] = host_router("c.test", "app", tls={})
        process = self.sluice(dynamic)
        for host in ("a.test", "A.TEST.", "a.test:443"):
            self.assertEqual(self.served(self.secure(process, "b.test"), host).status, 421, host)
        self.assertEqual(self.served(self.secure(process), "a.test").status, 421)
        self.assertEqual(self.served(self.secure(process, "a.test", own=good), "b.test").status, 421)
        self.assertEqual(self.served(self.secure(process, "b.test"), "c.test").status, 200)
        self.assertEqual(self.served(self.secure(process, "a.test.", own=good), "a.test").status, 200)

    def test_missing_and_broken_options_close_their_hosts_and_no_others(self):
        for broken in ({}, {"special": {"cipherSuites": ["nonsense"]}}, {"special": {"clientAuth": {"caFiles": ["/no"]}}},
                       {"special": {"clientAuth": {"clientAuthType": "VerifyClientCertIfGiven"}}}):
            with self.subTest(broken=broken):
                dynamic = self.options()
                dynamic["tls"]["options"] = broken
                process = self.sluice(dynamic)
                self.assertTrue(self.refused(process, "a.test"))
                self.assertEqual(self.served(self.secure(process, "b.test"), "b.test").status, 200)
                self.assertEqual(self.served(self.secure(process, "b.test"), "a.test").status, 421)

    def test_sessions_resume_with_any_worker_but_not_when_switched_off_or_with_client_certificates(self):
        def resumes(version) -> bool:
            def choose(context):
                context.maximum_version = version
            first = self.secure(process, "a.test", configure=choose, own=own)
            self.served(first, "a.test")
            session, context = first.socket.session, first.context
            first.close()
            return self.secure(process, "a.test", session=session, context=context).socket.session_reused

        own = None
        process = self.sluice(self.options(), workers=2)
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            self.assertTrue(all(resumes(version) for _ in range(8)), version)
        process.configure(self.options(disableSessionTickets=True))
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            self.assertFalse(resumes(version), version)
        own = certificate("client", issuer=self.authority)
        process.configure(self.options(clientAuth={"caFiles": [self.authority.certificate]}))
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            self.assertFalse(resumes(version), version)

    def test_renegotiation_is_refused(self):
        process = self.sluice(self.options(maxVersion="VersionTLS12"))
        host, port = process.web
        run = subprocess.run(["openssl", "s_client", "-connect", f"{host}:{port}", "-servername", "a.test", "-tls1_2"],
                             input="R\n", text=True, capture_output=True, timeout=30)
        self.assertNotIn("verify return", run.stderr.partition("RENEGOTIATING")[2])
        self.assertIn("renegotiation", (run.stdout + run.stderr).lower())
