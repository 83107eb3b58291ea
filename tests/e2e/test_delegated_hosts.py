"""The examples about hosts behind Sluice with certificates of their own, in containers: nginx, certbot, lego, Pebble and a
second Sluice from this machine's packages."""

import os
import pathlib
import re
import shutil
import ssl
import subprocess
import tempfile
import unittest

from engine import ROOT, SOCKET, fetch, image, needs_engine, run, wait_until
from framework import Pem, SecureClient, authority, certificate, get
from framework.pebble import installed
from framework.ports import free_port
from packages import package_image

TOKEN = "evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA"


@needs_engine
class ComposeCase(unittest.TestCase):
    """A copy of an example, started on free ports."""

    example = ""
    beside = ()  # further compose files of the tests

    def setUp(self):
        image("sluice:delegation")
        image("whoami:delegation", "whoami", "--address=:80")
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sluice-example-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.folder.chmod(0o755)
        shutil.copytree(ROOT / "examples" / self.example, self.folder, dirs_exist_ok=True)
        written = self.folder / "compose.yaml"
        written.write_text(re.sub(r"image: (sluice|whoami):local", r"image: \1:delegation", written.read_text()))
        self.web, self.secure = free_port(), free_port()
        self.ca = self.folder / "test-ca"
        self.ca.mkdir()
        self.environment = {**os.environ, "WEB": f"127.0.0.1:{self.web}", "SECURE": f"127.0.0.1:{self.secure}",
                            "CA_FOLDER": str(self.ca), "DOCKER_GROUP": str(os.stat(SOCKET).st_gid)}
        # Ports of an example may be bound to the loopback address already.
        if "127.0.0.1:${WEB" in (self.folder / "compose.yaml").read_text():
            self.environment.update(WEB=str(self.web), SECURE=str(self.secure))
        self.project = f"sluice-{self.example}-{os.getpid()}"
        self.addCleanup(self.compose, "down", "-v", "-t", "5", check=False)

    def compose(self, *arguments, **options):
        files = [word for file in ("compose.yaml", *self.beside) for word in ("-f", self.folder / file)]
        return run("docker-compose", "-p", self.project, "--project-directory", self.folder, *files, *arguments,
                   env=self.environment, **options)

    def up(self, *services):
        self.compose("up", "-d", *services)

    def inside(self, service, *command, check=True):
        return self.compose("exec", "-T", service, *command, check=check)

    def with_ca(self, *names):
        """Puts the authority beside the example; `names` is what it is called."""
        package_image("pebble:local", "pebble")
        self.ca_authority = authority()
        self.readable(certificate(*names, issuer=self.ca_authority), self.ca, "own")
        (self.ca / "trust.crt").write_text(self.ca_authority.certificate)
        shutil.copy(ROOT / "tests/e2e/acme/pebble.json", self.ca)
        shutil.copy(ROOT / "tests/e2e/acme/compose.yaml", self.folder / "ca.yaml")
        self.beside = ("ca.yaml",)

    @staticmethod
    def readable(pem: Pem, folder, name):
        """Files that the programs of all containers can read, whatever their user."""
        for path in pem.files(folder, name).values():
            os.chmod(path, 0o644)

    def served(self, name, **options):
        """(certificate, body) of one request over TLS; nothing when that does not work."""
        try:
            client = SecureClient(("127.0.0.1", self.secure), name, **options)
        except (OSError, ssl.SSLError):
            return None, b""
        with client.socket:
            try:
                return client.socket.getpeercert(binary_form=True), client.ask(get(host=name)).body
            except (OSError, ssl.SSLError, EOFError):
                return None, b""

    def wait(self, condition, what, seconds=30.0):
        try:
            return wait_until(condition, what, seconds)
        except AssertionError as failure:
            raise AssertionError(f"{failure}\n{self.state()}") from None

    def state(self):
        """What the containers do and say, for a failure."""
        return self.compose("ps", check=False) + "\n" + self.compose("logs", "--no-color", "--tail=60", check=False)


@unittest.skipUnless(installed("nginx"), "nginx is not installed")
class TlsPassthrough(ComposeCase):
    example = "tls-passthrough"

    def test_the_machine_serves_its_own_certificate_and_other_hosts_end_at_sluice(self):
        self.environment["NGINX_IMAGE"] = package_image("nginx:local", "nginx")
        own = certificate("www.vm.example")
        self.readable(own, self.folder / "vm", "own")
        self.up()
        self.wait(lambda: self.served("www.vm.example", trust=own)[1] == b"the machine", "the machine answers")
        self.assertIn(b"Hostname: ", self.served("app.example")[1])
        address = ("127.0.0.1", self.web)
        self.assertEqual(fetch(address, "www.vm.example", f"/.well-known/acme-challenge/{TOKEN}"),
                         (200, "of the machine"))
        self.assertIn(fetch(address, "www.vm.example", "/")[0], (301, 308))


@unittest.skipUnless(installed("nginx", "certbot", "pebble"), "nginx, certbot or Pebble is not installed")
class DelegatedCertbot(ComposeCase):
    example = "delegated-certbot"

    def test_certbot_obtains_and_renews_through_sluice_with_nothing_switched_on(self):
        self.environment["VM_IMAGE"] = package_image("vm:local", "nginx", "certbot", "dash", "coreutils")
        self.with_ca("pebble")
        shutil.copy(self.ca / "trust.crt", self.folder / "vm")
        self.up()
        self.wait(lambda: fetch(("127.0.0.1", self.web), "www.vm.example")[0] in (301, 308), "Sluice redirects")

        def obtain(*more):
            return self.inside("vm", "env", "REQUESTS_CA_BUNDLE=/vm/trust.crt", "certbot", "certonly", "-n",
                               "--agree-tos", "--email", "ops@vm.example", "--server", "https://pebble:14000/dir",
                               "--webroot", "-w", "/vm/site", "-d", "www.vm.example", "--deploy-hook", "/vm/deploy",
                               *more)

        self.wait(lambda: "Up" in self.compose("ps", "pebble"), "the authority runs")
        try:
            obtain()
        except AssertionError as failure:
            self.fail(f"{failure}\n{self.state()}")
        first = self.wait(lambda: self.served("www.vm.example")[1] == b"the machine" and self.served("www.vm.example")[0],
                          "the machine's certificate is served through Sluice")
        obtain("--force-renewal")
        self.wait(lambda: self.served("www.vm.example")[0] not in (None, first), "the renewed one is served")


@unittest.skipUnless(installed("pebble"), "Pebble is not installed")
class DelegatedRouter(ComposeCase):
    example = "delegated-router"

    def test_the_inner_router_obtains_its_certificates_by_both_kinds_of_challenge(self):
        self.with_ca("pebble")
        shutil.copy(self.ca / "trust.crt", self.folder / "inner")
        self.environment["CA_CERTIFICATES"] = "/etc/sluice/trust.crt"
        inner = self.folder / "inner" / "sluice.yml"
        inner.write_text(inner.read_text().replace("https://acme-staging-v02.api.letsencrypt.org/directory",
                                                   "https://pebble:14000/dir"))
        (self.folder / "data").mkdir()
        (self.folder / "data").chmod(0o777)
        self.up()
        for name in ("a.test.example.com", "b.test.example.com"):
            self.wait(lambda name=name: self.obtained(name), f"{name} has its certificate", 60)

    def obtained(self, name):
        """True when `name` is served with a certificate for it that the authority has made."""
        own, body = self.served(name)
        if own is None or b"Hostname: " not in body:
            return False
        text = subprocess.run(["openssl", "x509", "-noout", "-issuer", "-ext", "subjectAltName", "-inform", "DER"],
                              input=own, capture_output=True, check=True, timeout=60).stdout.decode()
        return "Pebble" in text and f"DNS:{name}" in text


@unittest.skipUnless(installed("pebble", "lego"), "Pebble or lego is not installed")
class PrivateCa(ComposeCase):
    example = "private-ca"

    def setUp(self):
        super().setUp()
        self.environment["PEBBLE_IMAGE"] = package_image("pebble:local", "pebble")
        self.lan, self.clients = authority(), authority()
        self.readable(certificate("ca.lan.example", issuer=self.lan), self.folder / "ca", "ca")
        self.readable(certificate("*.lan.example", issuer=self.lan), self.folder / "routes", "lan")
        (self.folder / "routes" / "clients.crt").write_text(self.clients.certificate)
        self.known = certificate("known", issuer=self.clients)
        self.stranger = certificate("stranger", issuer=authority())

    def gets_in(self, name, own=None):
        return b"Hostname: " in self.served(f"{name}.lan.example", trust=self.lan, own=own)[1]

    def test_the_five_ways_to_treat_client_certificates(self):
        self.up()
        self.wait(lambda: self.gets_in("none"), "the app answers")
        for name, without, with_a_strange_one in (("none", True, True), ("request", True, True), ("any", False, True),
                                                  ("given", True, False), ("verified", False, False)):
            with self.subTest(name):
                self.wait(lambda name=name: self.gets_in(name, self.known), f"{name} lets a known client in")
                self.assertEqual(self.gets_in(name), without)
                self.assertEqual(self.gets_in(name, self.stranger), with_a_strange_one)
        # sniStrict: no certificate for the name, no handshake.
        self.assertEqual(self.served("elsewhere.example"), (None, b""))

    def test_the_authority_is_reached_through_sluice_and_asks_through_it(self):
        (self.folder / "lan.crt").write_text(self.lan.certificate)
        (self.folder / "client.yaml").write_text("""
services:
  client:
    image: lego:local
    command: [sleep, infinity]
    environment: { LEGO_CA_CERTIFICATES: /lan.crt }
    volumes: [ "./lan.crt:/lan.crt:ro" ]
    labels:
      traefik.enable: "true"
      traefik.tcp.routers.new.rule: HostSNI(`new.lan.example`)
      traefik.tcp.routers.new.tls.passthrough: "true"
      traefik.tcp.services.new.loadbalancer.server.port: "443"
""")
        self.beside = ("client.yaml",)
        package_image("lego:local", "lego", "coreutils")
        self.up()
        self.wait(lambda: self.served("ca.lan.example", trust=self.lan)[0], "the authority answers through Sluice")
        outcome = self.inside("client", "lego", "--server", "https://ca.lan.example/dir", "--accept-tos", "--email",
                              "a@lan.example", "--path", "/tmp/lego", "--tls", "-d", "new.lan.example", "run", check=False)
        listed = self.inside("client", "ls", "/tmp/lego/certificates", check=False)
        self.assertIn("new.lan.example.crt", listed,
                      f"{outcome}\n{self.state()}")


if __name__ == "__main__":
    unittest.main()
