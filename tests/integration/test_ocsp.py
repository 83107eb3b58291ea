"""OCSP stapling: from a real responder (openssl ocsp), kept fresh, and never at the price of a handshake."""
import socket
import subprocess
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from framework import Case, authority, host_router, http, patience, response, serve, servers


class Responder:
    """Answers questions by the authority's database; `broken` makes it answer 500, `revoke` changes its mind."""

    def __init__(self, folder: Path):
        self.folder, self.broken, self.asked = folder, False, 0
        responder = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                question = self.rfile.read(int(self.headers["Content-Length"]))
                responder.asked += 1
                answer = b"" if responder.broken else responder.answer(question)
                self.send_response(500 if responder.broken else 200)
                self.send_header("Content-Type", "application/ocsp-response")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = "http://127.0.0.1:%d/ocsp" % self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def answer(self, question: bytes) -> bytes:
        (self.folder / "question").write_bytes(question)
        subprocess.run(["openssl", "ocsp", "-index", "index", "-CA", "ca.crt", "-rsigner", "ca.crt", "-rkey", "ca.key",
                        "-reqin", "question", "-respout", "answer", "-ndays", "1", "-resp_no_certs"], check=True,
                       capture_output=True, cwd=self.folder, timeout=60)
        return (self.folder / "answer").read_bytes()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


class Ocsp(Case):
    def setUp(self):
        super().setUp()
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = Path(scratch.name)
        ca = authority()
        (self.folder / "ca.crt").write_text(ca.certificate)
        (self.folder / "ca.key").write_text(ca.key)
        (self.folder / "index").touch()
        self.responder = Responder(self.folder)
        self.addCleanup(self.responder.close)

    def certificate(self, name: str, must_staple: bool = False, responder: str | None = None) -> dict:
        """With the issuer behind it, and known to the responder."""
        extensions = [f"subjectAltName=DNS:{name}", f"authorityInfoAccess=OCSP;URI:{responder or self.responder.url}"]
        extensions += ["tlsfeature=status_request"] if must_staple else []
        (self.folder / "ext").write_text("\n".join(extensions) + "\n")

        def run(*arguments: str) -> None:
            subprocess.run(["openssl", *arguments], check=True, capture_output=True, cwd=self.folder, timeout=60)

        run("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "key", "-subj",
            f"/CN={name}", "-out", "csr")
        serial = "%016X" % int.from_bytes(name.encode()[:7], "big")
        run("x509", "-req", "-in", "csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-set_serial", "0x" + serial, "-days", "2",
            "-extfile", "ext", "-out", "crt")
        with (self.folder / "index").open("a") as index:
            index.write(f"V\t300101000000Z\t\t{serial}\tunknown\t/CN={name}\n")
        chain = (self.folder / "crt").read_text() + (self.folder / "ca.crt").read_text()
        return {"certFile": chain, "keyFile": (self.folder / "key").read_text()}

    def start(self, *certificates: dict, flags: tuple[str, ...] = ("--ocsp=true",), names: tuple[str, ...] = ("a.test",)):
        app = self.upstream(serve(response(200)))
        routers = {name.split(".")[0]: host_router(name, "app", tls={}) for name in names}
        return self.sluice({**http(routers, {"app": servers(app.url)}), "tls": {"certificates": list(certificates)}}, *flags)

    def stapled(self, process, name: str = "a.test", *arguments: str) -> str:
        done = subprocess.run(["openssl", "s_client", "-connect", "%s:%d" % process.web, "-servername", name, "-status",
                               "-CAfile", str(self.folder / "ca.crt"), *arguments], input="", capture_output=True,
                              text=True, timeout=patience(20))
        return done.stdout

    def test_a_response_is_stapled_in_both_versions(self):
        process = self.start(self.certificate("a.test"))
        self.assert_soon(lambda: "Cert Status: good" in self.stapled(process), "the response is stapled", 10)
        for version in ("-tls1_2", "-tls1_3"):
            self.assertIn("Cert Status: good", self.stapled(process, "a.test", version))
        self.assertEqual(self.responder.asked, 1)  # however many handshakes there were

    def test_without_the_option_nobody_is_asked_unless_the_certificate_must_be_stapled(self):
        process = self.start(self.certificate("a.test"), self.certificate("must.test", must_staple=True), flags=(),
                             names=("a.test", "must.test"))
        self.assert_soon(lambda: "Cert Status: good" in self.stapled(process, "must.test"), "the response is stapled", 10)
        self.assertIn("no response sent", self.stapled(process))
        self.assertEqual(self.responder.asked, 1)

    def test_a_responder_that_fails_or_hangs_costs_no_handshake(self):
        self.responder.broken = True
        hanging = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(hanging.close)
        slow = self.certificate("slow.test", responder="http://127.0.0.1:%d/" % hanging.getsockname()[1])
        process = self.start(self.certificate("a.test"), slow, names=("a.test", "slow.test"))
        process.wait_for_log("OCSP response cannot be had.*answered 500", 10)
        for name in ("a.test", "slow.test"):
            began = time.monotonic()
            self.assertIn("no response sent", self.stapled(process, name))
            self.assert_within(2, began, "the handshake")

    def test_a_revoked_certificate_and_a_foreign_answer_are_not_stapled(self):
        revoked = self.certificate("a.test")
        index = self.folder / "index"
        index.write_text("\t".join(["R", "300101000000Z", "240101000000Z", *index.read_text().split("\t")[3:]]))
        process = self.start(revoked)
        process.wait_for_log("OCSP response cannot be had.*has been revoked", 10)
        self.assertIn("no response sent", self.stapled(process))
        other = authority()
        foreign = self.certificate("b.test")
        (self.folder / "ca.crt").write_text(other.certificate)
        (self.folder / "ca.key").write_text(other.key)
        process = self.start(foreign, names=("b.test",))
        process.wait_for_log("OCSP response cannot be had", 10)
        self.assertIn("no response sent", self.stapled(process, "b.test"))

    def test_another_responder_is_asked_when_the_option_says_so(self):
        named = "http://localhost:9/"
        pem = self.certificate("c.test", responder=named)
        process = self.start(pem, flags=(f'--ocsp.responderOverrides.{named}={self.responder.url}',), names=("c.test",))
        self.assert_soon(lambda: "Cert Status: good" in self.stapled(process, "c.test"), "the response is stapled", 10)
