"""What scanners and the openssl program find at an entry point: every TLS option, as others see it."""
import json
import re
import shutil
import subprocess
import unittest
from functools import cached_property

from framework import Case, authority, certificate, heavy, host_router, http, patience, response, serve, servers

AEAD_12 = {"ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-ECDSA-CHACHA20-POLY1305"}
RSA_12 = {suite.replace("ECDSA", "RSA") for suite in AEAD_12}
SUITES_13 = {"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"}


class Shared:
    """Made once for all tests."""
    authority = cached_property(lambda self: authority())
    pem = cached_property(lambda self: certificate("a.test", "*.a.test", issuer=self.authority))
    rsa = cached_property(lambda self: certificate("a.test", issuer=self.authority, rsa=True))


SHARED = Shared()


class Scanners(Case):
    def setUp(self):
        super().setUp()
        self.pem, self.rsa = SHARED.pem, SHARED.rsa

    def start(self, options: dict[str, dict] | None = None, rsa: bool = False):
        """A host of its own for each set of options; `a.test` has the default ones."""
        app = self.upstream(serve(response(200, b"app")))
        routers = {"a": host_router("a.test", "app", tls={})}
        for name in options or {}:
            routers[name] = host_router(f"{name}.a.test", "app", tls={"options": name})
        certificates = [self.pem.inline()] + ([self.rsa.inline()] if rsa else [])
        return self.sluice({**http(routers, {"app": servers(app.url)}),
                            "tls": {"certificates": certificates, "options": options or {}}})

    def s_client(self, process, *arguments: str, name: str = "a.test") -> str:
        """What `openssl s_client` prints; the handshake may fail."""
        done = subprocess.run(["openssl", "s_client", "-connect", "%s:%d" % process.web, "-servername", name, *arguments],
                              input="", capture_output=True, text=True, timeout=patience(20))
        return done.stdout + done.stderr

    def agreed(self, process, *arguments: str, name: str = "a.test") -> tuple[str, str] | None:
        """(version, suite), or nothing when there was no handshake."""
        found = re.search(r"New, (\S+), Cipher is (\S+)", self.s_client(process, *arguments, name=name))
        return None if not found or found[2] == "(NONE)" else (found[1], found[2])


class OpenSsl(Scanners):
    def test_versions(self):
        process = self.start({"old": {"minVersion": "VersionTLS10", "cipherSuites": ["TLS_RSA_WITH_AES_128_CBC_SHA",
                                                                                    "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA"]},
                              "new": {"minVersion": "VersionTLS13"}, "twelve": {"maxVersion": "VersionTLS12"}})
        matrix = {"a": {"-tls1_2", "-tls1_3"}, "old": {"-tls1", "-tls1_1", "-tls1_2", "-tls1_3"}, "new": {"-tls1_3"},
                  "twelve": {"-tls1_2"}}
        for host, spoken in matrix.items():
            name = "a.test" if host == "a" else f"{host}.a.test"
            for version in ("-tls1", "-tls1_1", "-tls1_2", "-tls1_3"):
                with self.subTest(host=host, version=version):
                    found = self.agreed(process, version, "-cipher", "ALL:@SECLEVEL=0", name=name)
                    self.assertEqual(found is not None, version in spoken)

    def test_suites(self):
        wanted = {"TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"}
        process = self.start({"few": {"cipherSuites": sorted(wanted)},
                              "cbc": {"cipherSuites": ["TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA"]}})
        for suite in sorted(AEAD_12) + ["ECDHE-ECDSA-AES128-SHA", "ECDHE-ECDSA-AES256-SHA384", "AES128-SHA",
                                        "DHE-RSA-AES128-GCM-SHA256"]:
            with self.subTest(suite=suite):
                def spoken(host: str) -> bool:
                    name = "a.test" if host == "a" else f"{host}.a.test"
                    return self.agreed(process, "-tls1_2", "-cipher", f"{suite}:@SECLEVEL=0", name=name) is not None

                self.assertEqual(spoken("a"), suite in AEAD_12)
                self.assertEqual(spoken("few"), suite in {"ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-ECDSA-CHACHA20-POLY1305"})
                self.assertEqual(spoken("cbc"), suite == "ECDHE-ECDSA-AES128-SHA")
        for suite in sorted(SUITES_13):
            self.assertEqual(self.agreed(process, "-tls1_3", "-ciphersuites", suite), ("TLSv1.3", suite))

    def test_a_client_that_prefers_chacha_gets_it_and_others_do_not(self):
        process = self.start()
        first = "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-ECDSA-AES128-GCM-SHA256"
        self.assertIn("CHACHA20", self.agreed(process, "-tls1_2", "-cipher", first)[1])
        last = "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-CHACHA20-POLY1305"
        self.assertIn("AES128-GCM", self.agreed(process, "-tls1_2", "-cipher", last)[1])

    def test_groups(self):
        process = self.start({"p384": {"curvePreferences": ["CurveP384"]}})
        for group in ("X25519", "P-256", "P-384", "P-521"):
            with self.subTest(group=group):
                self.assertEqual(self.agreed(process, "-groups", group) is not None, group != "P-521")
                self.assertEqual(self.agreed(process, "-groups", group, name="p384.a.test") is not None, group == "P-384")

    def test_protocols_above(self):
        process = self.start({"none": {"alpnProtocols": ["http/1.1"]}})
        self.assertIn("ALPN protocol: http/1.1", self.s_client(process, "-alpn", "http/1.1"))
        self.assertIn("no application protocol", self.s_client(process, "-alpn", "gopher"))
        self.assertIn("ALPN protocol: http/1.1", self.s_client(process, "-alpn", "gopher,http/1.1", name="none.a.test"))

    def test_certificates_of_both_kinds(self):
        process = self.start(rsa=True)
        for suites, expected in ((AEAD_12, "ECDSA"), (RSA_12, "RSA")):
            self.assertIn(expected, self.agreed(process, "-tls1_2", "-cipher", ":".join(sorted(suites)))[1])

    def test_no_compression_no_renegotiation_no_early_data(self):
        process = self.start()
        text = self.s_client(process, "-tls1_2")
        self.assertIn("Compression: NONE", text)
        self.assertIn("Secure Renegotiation IS supported", text)
        self.assertNotRegex(self.s_client(process, "-tls1_3"), r"Max Early Data: [1-9]")

    def test_strict_names_and_tickets(self):
        process = self.start({"strict": {"sniStrict": True}, "fresh": {"disableSessionTickets": True}})
        self.assertIsNotNone(self.agreed(process, name="strict.a.test"))
        self.assertIn("TLS session ticket", self.s_client(process, "-tls1_2"))
        self.assertNotIn("TLS session ticket", self.s_client(process, "-tls1_2", name="fresh.a.test"))


@unittest.skipUnless(shutil.which("sslscan"), "sslscan is not installed")
class SslScan(Scanners):
    def scan(self, process, name: str) -> str:
        done = subprocess.run(["sslscan", "--no-colour", "--no-heartbleed", f"--sni-name={name}", "%s:%d" % process.web],
                              capture_output=True, text=True, timeout=patience(60))
        return done.stdout

    def test_three_suites_of_tls_1_2_for_each_kind_of_key_and_three_of_tls_1_3(self):
        process = self.start(rsa=True)
        text = self.scan(process, "a.test")
        spoken = dict.fromkeys(re.findall(r"(?:Preferred|Accepted)\s+(TLSv1\.\d)\s+\d+ bits\s+(\S+)", text))
        self.assertEqual({suite for version, suite in spoken if version == "TLSv1.3"}, SUITES_13)
        self.assertEqual({suite for version, suite in spoken if version == "TLSv1.2"}, AEAD_12 | RSA_12)
        for version in ("SSLv2", "SSLv3", "TLSv1.0", "TLSv1.1"):
            self.assertRegex(text, rf"{version}\s+disabled")
        self.assertRegex(text, r"(?i)session renegotiation not supported|Secure session renegotiation supported")


@unittest.skipUnless(shutil.which("testssl"), "testssl.sh is not installed")
class TestSsl(Scanners):
    @heavy
    def test_nothing_above_a_remark(self):
        process = self.start()
        report = process.folder / "testssl.json"
        # What it says about the certificate is about the certificate of a test.
        subprocess.run(["testssl", "--quiet", "--color", "0", "--warnings", "off", "-p", "-f", "-R", "-Z", "-W", "-L", "--sneaky",
                        "--jsonfile", str(report), "127.0.0.1:%d" % process.web[1]],
                       capture_output=True, text=True, timeout=patience(300))
        findings = json.loads(report.read_text())
        self.assertGreater(len(findings), 20)
        bad = [entry for entry in findings if entry["severity"] in ("LOW", "MEDIUM", "HIGH", "CRITICAL", "FATAL")]
        self.assertEqual(bad, [])
