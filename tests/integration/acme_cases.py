"""What the tests of certificates by ACME stand on: a CA (Pebble) behind a proxy, Sluice, and looks at what it does."""
import base64
import json
import signal
import ssl
import subprocess
import tempfile
import unittest
from pathlib import Path

from framework import Case, CertificateAuthority, SecureClient, Sluice, binary, http, patience, servers
from framework.pebble import installed

@unittest.skipUnless(installed("pebble", "pebble-challtestsrv"), "Pebble is not installed")
class Acme(Case):
    challenge = "http"

    def setUp(self):
        # Before the base's own: what is cleaned up last, when no process writes there any more.
        folder = tempfile.TemporaryDirectory(prefix="sluice-acme-")
        self.addCleanup(folder.cleanup)
        super().setUp()
        self.folder = Path(folder.name)
        self.storage = self.folder / "acme.json"
        self.socket = self.folder / "control.sock"

    # Making things

    def ca(self, **options) -> CertificateAuthority:
        ca = CertificateAuthority(**options)
        self.addCleanup(ca.close)
        return ca

    def flags(self, ca, *more: str, key_type: str = "EC256", self_check: bool = False) -> list[str]:
        acme = "--certificatesResolvers.le.acme"
        challenge = {"http": f"{acme}.httpChallenge.entryPoint=web", "tls": f"{acme}.tlsChallenge=true"}
        return [f"{acme}.caServer={ca.directory}", f"{acme}.caCertificates={ca.trust_file}",
                f"{acme}.storage={self.storage}", f"{acme}.email=ops@example.com", f"{acme}.keyType={key_type}",
                f"{acme}.selfCheck={'true' if self_check else 'false'}", challenge[self.challenge],
                f"--controlSocket={self.socket}", *more]

    def routes(self, *hosts: str, **tls) -> dict:
        upstream = self.upstream()
        routers = {f"r{number}": {"rule": f"Host(`{host}`)", "service": "app", "entryPoints": ["websecure"],
                                  "tls": {"certResolver": "le", **tls}} for number, host in enumerate(hosts)}
        return http(routers, {"app": servers(upstream.url)})

    def edge_for(self, ca, dynamic, *more: str, serve: bool = True, key_type: str = "EC256", self_check: bool = False,
                 **options) -> Sluice:
        process = self.sluice(dynamic, *self.flags(ca, *more, key_type=key_type, self_check=self_check),
                              entry_points={"websecure": "127.0.0.1:0"}, **options)
        if serve:
            ca.serve(process.address("web")[1], process.address("websecure")[1])
        return process

    def started_again(self, process, dynamic, ca, *more: str, kill: bool = False, before=None,
                      **options) -> Sluice:
        """Another process in its place, at the same port. `before` it starts this is called."""
        port = process.address("web")[1]
        if kill:
            process.process.send_signal(signal.SIGKILL)
            process.process.wait()
            process.expected_exit = -signal.SIGKILL
        else:
            self.assertEqual(process.stop(), 0)
        if before:
            before()
        return self.sluice(dynamic, *self.flags(ca, *more), f"--entryPoints.web.address=127.0.0.1:{port}",
                           entry_points={"websecure": "127.0.0.1:0"}, **options)

    # Looking

    def stored(self) -> list[dict]:
        try:
            document = json.loads(self.storage.read_text() or "{}")
        except (OSError, ValueError):
            return []
        return (document.get("le") or {}).get("Certificates") or []

    def pem(self, member: str = "certificate") -> str:
        """Of the only certificate that is stored, or its `key`."""
        [one] = self.stored()
        return base64.b64decode(one[member]).decode()

    def openssl(self, *words: str, text: str) -> str:
        return subprocess.run(["openssl", *words], input=text, check=True, capture_output=True, text=True,
                              timeout=60).stdout

    def public_key(self) -> str:
        return self.openssl("x509", "-noout", "-pubkey", text=self.pem())

    def lifetime(self) -> float:
        """Seconds of the stored certificate."""
        dates = dict(line.split("=") for line in
                     self.openssl("x509", "-noout", "-startdate", "-enddate", text=self.pem()).splitlines())
        return ssl.cert_time_to_seconds(dates["notAfter"]) - ssl.cert_time_to_seconds(dates["notBefore"])

    def wait_until_renewed(self, first: str, seconds: float = 20) -> None:
        state = self.storage.with_name("acme.json.le.state")
        try:
            self.assert_soon(lambda: self.stored() and self.pem() != first, "another certificate", seconds)
        except AssertionError as late:
            raise AssertionError(f"{late}\n{state.read_text() if state.exists() else 'no state'}") from None

    def served_names(self, process, name: str) -> set[str]:
        try:
            client = SecureClient(process.address("websecure"), name)
        except OSError:
            return set()
        names = client.names()
        client.close()
        return names

    def wait_until_served(self, process, name: str, seconds: float = 15) -> None:
        self.assert_soon(lambda: name in self.served_names(process, name), f"a certificate for {name}", seconds)

    def certs(self, *words: str, status: int = 0) -> str:
        done = subprocess.run([binary(), "certs", *words], capture_output=True, text=True, timeout=patience(20),
                              check=False)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return done.stdout

    def listed(self) -> list[dict]:
        return json.loads(self.certs("list", "-o", "json", "--control", str(self.socket)))

    def settled(self) -> dict:
        """The only certificate, once nothing is being done about it."""
        self.assert_soon(lambda: all("doing" not in one for one in self.listed()), "an end of the attempt", 15)
        [status] = self.listed()
        return status
