"""What the tests of certificates by ACME stand on: a CA (Pebble) behind a proxy, Sluice, and looks at what it does."""
import json
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

    def edge_for(self, ca, dynamic, *more: str, serve: bool = True, **options) -> Sluice:
        process = self.sluice(dynamic, *self.flags(ca, *more, **options),
                              entry_points={"websecure": "127.0.0.1:0"})
        if serve:
            ca.serve(process.address("web")[1], process.address("websecure")[1])
        return process

    # Looking

    def stored(self) -> list[dict]:
        try:
            document = json.loads(self.storage.read_text() or "{}")
        except (OSError, ValueError):
            return []
        return (document.get("le") or {}).get("Certificates") or []

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
