"""examples/wildcard-dns, with Pebble in place of Let's Encrypt and a BIND of the test's as the zone's name server."""

import os
import pathlib
import shutil
import socket
import ssl
import tempfile
import time
import unittest

from engine import ROOT, SOCKET, docker, image, needs_engine, run, whoami_image
from framework import Named, named_is_there, patience
from framework.pebble import Pebble, installed
from framework.ports import free_port


@needs_engine
@unittest.skipUnless(named_is_there() and installed("pebble", "pebble-challtestsrv"), "no bind9 or no pebble")
class WildcardDns(unittest.TestCase):
    def setUp(self):
        image("sluice:local")
        whoami_image()
        # An address of the host's that containers reach.
        network = f"sluice-e2e-dns-{os.getpid()}"
        docker("network", "create", network)
        self.addCleanup(docker, "network", "rm", network, check=False)
        host = docker("network", "inspect", network, "-f", "{{(index .IPAM.Config 0).Gateway}}")
        self.named = Named("example.test", listen=host)
        self.addCleanup(self.named.close)
        self.ca = Pebble(1, 1, names=self.named.address, listen=host)
        self.addCleanup(self.ca.close)
        self.ca.start()
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sluice-example-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.folder.chmod(0o755)
        for name, file in (("sluice.key", self.named.key_file), ("ca.pem", self.ca.trust)):
            (self.folder / name).write_bytes(file.read_bytes())
            (self.folder / name).chmod(0o644)
        self.write_compose()
        self.port = free_port()
        self.project = network
        self.environment = {**os.environ, "PORT": str(self.port), "DOCKER_GROUP": str(os.stat(SOCKET).st_gid),
                            "DOMAIN": "example.test", "EMAIL": "ops@example.test", "CA_SERVER": self.ca.directory,
                            "NAMESERVER": self.named.address}
        self.addCleanup(self.compose, "down", "-v", "-t", "5", check=False)

    def write_compose(self):
        """The example, and what only a test needs: whom to trust, and a name server that has another port than 53."""
        text = (ROOT / "examples" / "wildcard-dns" / "compose.yaml").read_text()
        option = "      - --certificatesResolvers.le.acme.dnsChallenge."
        for after, more in (
                (option + "provider=rfc2136\n",
                 f"{option}resolvers={self.named.address}\n{option}propagation.disableANSChecks=true\n"
                 f"{option}propagation.requireAllRNS=true\n"),
                ("      RFC2136_TSIG_FILE: /run/secrets/tsig\n", "      LEGO_CA_CERTIFICATES: /ca.pem\n"),
                ("      - certificates:/data\n", "      - ./ca.pem:/ca.pem:ro\n")):
            self.assertIn(after, text)
            text = text.replace(after, after + more)
        (self.folder / "compose.yaml").write_text(text)

    def compose(self, *arguments, **options):
        return run("docker-compose", "-p", self.project, "-f", self.folder / "compose.yaml", *arguments,
                   env=self.environment, **options)

    def ask(self):
        """The names of the certificate and the reply; nothing before there is one."""
        context = ssl.create_default_context(cadata=self.ca.root().certificate)
        with socket.create_connection(("127.0.0.1", self.port), 10) as raw:
            with context.wrap_socket(raw, server_hostname="whoami.example.test") as client:
                names = {value for _, value in client.getpeercert()["subjectAltName"]}
                client.sendall(b"GET / HTTP/1.1\r\nHost: whoami.example.test\r\nConnection: close\r\n\r\n")
                return names, b"".join(iter(lambda: client.recv(65536), b"")).decode()

    def test_the_container_is_served_with_the_wildcard_certificate(self):
        self.compose("up", "-d")
        deadline = time.monotonic() + patience(60)
        while True:
            try:
                names, reply = self.ask()
                break
            except OSError as error:
                if time.monotonic() > deadline:
                    raise AssertionError(f"{error}\n{self.compose('logs', '--no-color', check=False)}\n"
                                         f"{self.named.log()}") from None
                time.sleep(0.2)
        self.assertEqual(names, {"*.example.test"})
        self.assertIn("200", reply.splitlines()[0])
        self.assertIn("Host: whoami.example.test", reply)


if __name__ == "__main__":
    unittest.main()
