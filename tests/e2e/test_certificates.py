"""The examples that obtain certificates for services of their own, with Pebble in place of Let's Encrypt."""

import socket
import ssl
import unittest

from engine import BINARY, run, wait_until
from framework import patience
from framework.pebble import Pebble, installed
from framework.ports import free_port
from test_delegated_hosts import ComposeCase
from test_examples import ExampleOfFiles

STAGING = "https://acme-staging-v02.api.letsencrypt.org/directory"


@unittest.skipUnless(installed("pebble"), "Pebble is not installed")
class LetsEncryptStaging(ComposeCase):
    example = "letsencrypt-staging"

    def test_a_labelled_container_gets_its_certificate(self):
        self.with_ca("pebble")
        written = self.folder / "compose.yaml"
        self.assertLessEqual(len(written.read_text().splitlines()), 15)
        text = written.read_text()
        for old, new in ((STAGING, "https://pebble:14000/dir"),
                         ('"80:80", "443:443"', f'"127.0.0.1:{self.web}:80", "127.0.0.1:{self.secure}:443"')):
            self.assertIn(old, text)
            text = text.replace(old, new)
        written.write_text(text)
        (self.folder / "trust.yaml").write_text("""
services:
  sluice:
    environment: { LEGO_CA_CERTIFICATES: /trust.crt }
    volumes: [ "${CA_FOLDER}/trust.crt:/trust.crt:ro" ]
""")
        self.beside += ("trust.yaml",)
        self.environment["HOST"] = "app.example.com"
        self.up()
        self.wait(lambda: self.served("app.example.com")[0], "a certificate is served", 90)
        own, body = self.served("app.example.com")
        self.assertIn(b"Hostname: ", body)
        self.assertIn(b"Pebble", own)
        # As the README says.
        listed = self.inside("sluice", "/sluice", "certs", "list")
        self.assertRegex(listed, r"(?m)^app\.example\.com +valid +le ")


@unittest.skipUnless(installed("pebble", "pebble-challtestsrv"), "Pebble is not installed")
class TlsAlpnOnly(ExampleOfFiles):
    example = "tls-alpn-only"

    def test_port_443_alone_is_enough(self):
        secure = free_port()
        ca = Pebble(1, secure)  # nothing answers over HTTP
        self.addCleanup(ca.close)
        ca.start()
        written = self.folder / "sluice.yml"
        text = written.read_text()
        for old, new in ((STAGING, ca.directory), ("0.0.0.0:443", f"127.0.0.1:{secure}")):
            self.assertIn(old, text)
            text = text.replace(old, new)
        control = self.folder / "control.sock"
        written.write_text(f"{text}\ncontrolSocket: {control}\n")
        self.start("whoami", f"--address=127.0.0.1:{self.ports['9000']}", "--name=app")
        self.start("run", "--configFile=sluice.yml", LEGO_CA_CERTIFICATES=str(ca.trust))
        context = ssl.create_default_context(cadata=ca.root().certificate)
        reply = ""

        def answered():
            nonlocal reply
            try:
                with socket.create_connection(("127.0.0.1", secure), 10) as raw:
                    with context.wrap_socket(raw, server_hostname="app.example.com") as client:
                        client.sendall(b"GET / HTTP/1.1\r\nHost: app.example.com\r\nConnection: close\r\n\r\n")
                        reply = b"".join(iter(lambda: client.recv(65536), b"")).decode()
            except OSError:
                return False
            return "Name: app" in reply

        wait_until(answered, f"app.example.com answers with a certificate of the CA\n{ca.tail()}", patience(60))
        self.assertIn(" 200 ", reply.splitlines()[0])
        listed = run(BINARY, "certs", "list", "--control", control)
        self.assertRegex(listed, r"(?m)^app\.example\.com +valid +le ")


if __name__ == "__main__":
    unittest.main()
