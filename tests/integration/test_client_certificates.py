"""passTLSClientCert: servers learn which certificate the client showed."""
import base64
import ssl
import subprocess
import tempfile
from pathlib import Path
from urllib.parse import unquote_plus

from framework import Case, Pem, SecureClient, authority, certificate, get, host_router, http, response, serve, servers
from framework.h2 import H2Client

WHOLE, INFO = "X-Forwarded-Tls-Client-Cert", "X-Forwarded-Tls-Client-Cert-Info"
SUBJECT = "/DC=org/DC=example/C=FR/C=US/ST=Rhône/L=Lyon/O=Cheese/O=Wine/OU=Cellar/serialNumber=77/CN=clerk"


def client_certificate(issuer: Pem) -> Pem:
    with tempfile.TemporaryDirectory() as folder:
        at = Path(folder)
        (at / "ca.crt").write_text(issuer.certificate)
        (at / "ca.key").write_text(issuer.key)
        (at / "ext").write_text("subjectAltName=DNS:clerk.test,email:clerk@test.example,IP:192.0.2.9,IP:2001:db8::9,"
                                "URI:spiffe://test/clerk\nextendedKeyUsage=clientAuth\n")

        def run(*arguments: str) -> None:
            subprocess.run(["openssl", *arguments], check=True, capture_output=True, cwd=folder)

        run("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "key", "-utf8",
            "-subj", SUBJECT, "-out", "csr")
        run("x509", "-req", "-in", "csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-set_serial", "0x1F4", "-days", "2",
            "-extfile", "ext", "-out", "crt")
        return Pem((at / "crt").read_text(), (at / "key").read_text())


def date_of(pem: Pem, which: str) -> int:
    text = subprocess.run(["openssl", "x509", "-noout", f"-{which}"], input=pem.certificate, text=True,
                          capture_output=True, check=True).stdout
    return int(ssl.cert_time_to_seconds(text.split("=", 1)[1].strip()))


class PassTlsClientCert(Case):
    def setUp(self):
        super().setUp()
        self.authority = authority()
        self.own = client_certificate(self.authority)
        self.server_pem = certificate("a.test", issuer=self.authority)

    def start(self, settings: dict, *flags: str):
        self.backend = self.upstream(serve(response(200)))
        dynamic = http({"a": host_router("a.test", "app", tls={}, middlewares=["pass"]),
                        "b": host_router("a.test", "app", middlewares=["pass"])},
                       {"app": servers(self.backend.url)}, middlewares={"pass": {"passTLSClientCert": settings}})
        dynamic["tls"] = {"certificates": [self.server_pem.inline()],
                          "options": {"default": {"clientAuth": {"caFiles": [self.authority.certificate],
                                                                 "clientAuthType": "VerifyClientCertIfGiven"}}}}
        return self.sluice(dynamic, *flags)

    def told(self, process, own: Pem | None, *fields: tuple[str, str]):
        client = SecureClient(process.web, "a.test", own=own)
        self._clients.append(client)
        self.assertEqual(client.ask(get("/", fields, host="a.test")).status, 200)
        return self.backend.requests[-1]

    def test_the_whole_certificate(self):
        process = self.start({"pem": True})
        head = self.told(process, self.own, (WHOLE, "forged"), ("X_Forwarded_Tls_Client_Cert", "forged"))
        der = ssl.PEM_cert_to_DER_cert(self.own.certificate)
        self.assertEqual(head.get(WHOLE).split(",")[0], base64.b64encode(der).decode())
        self.assertNotIn(b"forged", head.raw)
        self.assertIsNone(head.get(INFO))
        head = self.told(process, None, (WHOLE, "forged"))
        self.assertIsNone(head.get(WHOLE))

    def test_over_http2(self):
        process = self.start({"pem": True, "info": {"subject": {"commonName": True}}})
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.set_alpn_protocols(["h2"])
        with tempfile.NamedTemporaryFile("w") as own:
            own.write(self.own.certificate + self.own.key)
            own.flush()
            context.load_cert_chain(own.name)
        client = H2Client(process.address("web"), context=context, name="a.test")
        self._clients.append(client)
        self.assertEqual(client.ask("GET", "/", [(WHOLE.lower(), "forged")], host="a.test").status, 200)
        head = self.backend.requests[-1]
        der = ssl.PEM_cert_to_DER_cert(self.own.certificate)
        self.assertEqual(head.get(WHOLE).split(",")[0], base64.b64encode(der).decode())
        self.assertEqual(unquote_plus(head.get(INFO)), 'Subject="CN=clerk"')
        self.assertNotIn(b"forged", head.raw)

    def test_what_it_says(self):
        name = {key: True for key in ("country", "province", "locality", "organization", "commonName", "serialNumber",
                                      "domainComponent")}
        process = self.start({"info": {"subject": {**name, "organizationalUnit": True}, "issuer": name, "sans": True,
                                       "notBefore": True, "notAfter": True, "serialNumber": True}})
        head = self.told(process, self.own)
        value = head.get(INFO)
        self.assertNotIn(" ", value)
        self.assertNotIn('"', value)
        first = unquote_plus(value).split('",Subject')[0]
        self.assertEqual(first.split(";"), [
            'Subject="DC=org,DC=example,C=FR,C=US,ST=Rhône,L=Lyon,O=Cheese,O=Wine,OU=Cellar,SN=77,CN=clerk"',
            'Issuer="CN=authority of tests"', 'SerialNumber="500"', f'NB="{date_of(self.own, "startdate")}"',
            f'NA="{date_of(self.own, "enddate")}"',
            'SAN="clerk.test,clerk@test.example,192.0.2.9,2001:db8::9,spiffe://test/clerk"'])
        self.assertIsNone(head.get(WHOLE))

    def test_only_what_is_wanted(self):
        process = self.start({"info": {"subject": {"commonName": True}}})
        self.assertEqual(unquote_plus(self.told(process, self.own).get(INFO)).split(",")[0], 'Subject="CN=clerk"')

    def test_a_middleware_that_passes_nothing_is_refused(self):
        process = self.start({"pem": False})
        process.wait_for_log("it needs pem or info", 5)

    def test_what_a_trusted_proxy_says_stays_when_there_is_no_certificate(self):
        process = self.start({"pem": True}, "--entryPoints.web.forwardedHeaders.trustedIPs=127.0.0.1")
        self.assertEqual(self.told(process, None, (WHOLE, "from-the-front")).get(WHOLE), "from-the-front")
        self.assertNotEqual(self.told(process, self.own, (WHOLE, "from-the-front")).get(WHOLE), "from-the-front")
