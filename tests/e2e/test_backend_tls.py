"""examples/end-to-end-tls: TLS to a real nginx with a self-signed certificate that rotates."""

import os
import pathlib
import shutil
import ssl
import tempfile
import threading
import time
import unittest

from engine import ROOT, image, needs_engine, run, wait_until
from framework import Pem, SecureClient, certificate, get
from framework.ports import free_port
from packages import package_image


def backend_certificate(name="backend.example"):
    return certificate(name, uri="spiffe://example/backend")


@needs_engine
@unittest.skipUnless(shutil.which("nginx"), "nginx is not installed")
class EndToEndTls(unittest.TestCase):
    def setUp(self):
        image("sluice:local")
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sluice-example-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.folder.chmod(0o755)
        shutil.copytree(ROOT / "examples" / "end-to-end-tls", self.folder, dirs_exist_ok=True)
        self.certs = self.folder / "certs"
        self.certs.mkdir()
        self.port = free_port()
        self.environment = {**os.environ, "SECURE": str(self.port), "NGINX_IMAGE": package_image("nginx:local", "nginx")}
        self.project = f"sluice-e2e-tls-{os.getpid()}"
        self.old, self.edge = backend_certificate(), certificate("edge")
        self.put("backend", self.old)
        self.put("edge", self.edge)
        self.trust(self.old)
        self.write("edge-ca.crt", self.edge.certificate)
        self.addCleanup(self.compose, "down", "-v", "-t", "5", check=False)
        self.compose("up", "-d")
        self.wait(lambda: self.ask("app.example")[0] == 200, "the app answers")

    def compose(self, *arguments, **options):
        return run("docker-compose", "-p", self.project, "--project-directory", self.folder, "-f",
                   self.folder / "compose.yaml", *arguments, env=self.environment, **options)

    def write(self, name, text):
        draft = self.certs / f".{name}"
        draft.write_text(text)
        draft.chmod(0o644)
        draft.rename(self.certs / name)

    def put(self, name, pem: Pem):
        self.write(f"{name}.key", pem.key)
        self.write(f"{name}.crt", pem.certificate)

    def trust(self, *pems: Pem):
        self.write("backend-ca.crt", "".join(pem.certificate for pem in pems))

    def reload_backend(self):
        self.compose("exec", "-T", "backend", "nginx", "-s", "reload")

    def ask(self, host):
        try:
            client = SecureClient(("127.0.0.1", self.port), host)
        except (OSError, ssl.SSLError) as failure:
            return 0, str(failure)
        with client.socket:
            try:
                reply = client.ask(get(host=host))
                return reply.status, reply.body.decode()
            except (OSError, EOFError) as failure:
                return 0, str(failure)

    def wait(self, condition, what, seconds=20.0):
        try:
            return wait_until(condition, what, seconds)
        except AssertionError as failure:
            raise AssertionError(f"{failure}\n{self.logs()}") from None

    def logs(self):
        return self.compose("logs", "--no-color", "--tail=60", "sluice", check=False)

    def test_every_way_to_verify_the_server(self):
        self.assertEqual(self.ask("app.example"), (200, "backend asked as backend.example by CN=edge"))
        self.assertEqual(self.ask("backend.example"), (200, "backend asked as backend.example by CN=edge"))
        self.assertEqual(self.ask("uri.example"), (200, "backend asked as backend by CN=edge"))
        self.assertEqual(self.ask("blind.example"), (200, "backend asked as backend by CN=edge"))

    def test_a_rotation_loses_no_request_and_is_live_within_a_second(self):
        failures, count, stop = [], [0], threading.Event()

        def keep_asking():
            client = SecureClient(("127.0.0.1", self.port), "app.example")
            with client.socket:
                while not stop.is_set():
                    reply = client.ask(get(host="app.example"))
                    count[0] += 1
                    if reply.status != 200:
                        failures.append(reply.status)

        asking = threading.Thread(target=keep_asking)
        asking.start()
        new = backend_certificate()
        self.trust(self.old, new)
        time.sleep(1)
        self.put("backend", new)
        self.reload_backend()
        time.sleep(1)
        self.trust(new)
        time.sleep(1)
        stop.set()
        asking.join()
        self.assertEqual(failures, [])
        self.assertGreater(count[0], 100)
        self.assertEqual(self.ask("app.example")[0], 200)

    def test_what_is_wrong_with_the_certificate_is_in_the_log_line(self):
        began = time.monotonic()
        self.trust(backend_certificate("other.example"))
        self.wait(lambda: self.ask("app.example")[0] == 502, "a server that is not trusted is a 502")
        self.assertLess(time.monotonic() - began, 2)
        self.assertIn("self-signed certificate", self.logs())
        self.assertEqual(self.ask("blind.example")[0], 200)

        wrong = certificate("other.example")
        self.trust(self.old, wrong)
        self.put("backend", wrong)
        self.reload_backend()
        self.wait(lambda: "hostname mismatch" in (self.ask("app.example"), self.logs())[1], "the name is named")
        self.wait(lambda: "has no name that" in (self.ask("uri.example"), self.logs())[1], "the URI is named")

    def test_our_own_certificate_rotates_too(self):
        new = certificate("edge-2")
        self.put("edge", new)
        self.write("edge-ca.crt", new.certificate)
        self.reload_backend()
        self.wait(lambda: self.ask("app.example") == (200, "backend asked as backend.example by CN=edge-2"),
                  "the new certificate is shown")


if __name__ == "__main__":
    unittest.main()
