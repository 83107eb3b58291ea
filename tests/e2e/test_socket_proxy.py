"""examples/socket-hardening: the allow-list lets Sluice work and refuses everything else."""

import http.client
import os
import shutil
import subprocess
import unittest

from engine import ROOT, SOCKET, container, docker, labels, needs_engine, wait_for_status, wait_until, whoami_image
from framework import Sluice
from test_examples import free_port


@needs_engine
@unittest.skipUnless(shutil.which("haproxy"), "no haproxy")
class SocketHardening(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.image = whoami_image()
        cls.port = free_port()
        environment = {**os.environ, "LISTEN": f"127.0.0.1:{cls.port}", "DOCKER_SOCKET": SOCKET}
        cls.proxy = subprocess.Popen(["haproxy", "-db", "-f", ROOT / "examples" / "socket-hardening" / "haproxy.cfg"],
                                     env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        cls.addClassCleanup(cls.proxy.wait)
        cls.addClassCleanup(cls.proxy.terminate)
        wait_until(lambda: cls.ask("GET", "/_ping") == 200, "the proxy answers")

    @classmethod
    def ask(cls, method, path):
        connection = http.client.HTTPConnection("127.0.0.1", cls.port, timeout=5)
        try:
            connection.request(method, path)
            return connection.getresponse().status
        except OSError:
            return 0
        finally:
            connection.close()

    def test_only_the_four_reading_calls_pass(self):
        with container(self.image) as identity:
            for path in ("/_ping", "/version", "/v1.41/version", "/containers/json", "/v1.41/containers/json?all=1"):
                self.assertEqual(self.ask("GET", path), 200, path)
            one = f"/v1.41/containers/{identity}"
            refused = [f"{one}/json", f"{one}/logs?stdout=1", f"{one}/export", f"{one}/archive?path=/etc/passwd",
                       f"{one}/top", f"{one}/stats?stream=0", f"{one}/attach/ws", "/images/json", "/info", "/secrets",
                       "/v1.41/containers/json/../" + identity + "/json", "//containers/json", "/containers%2fjson",
                       f"/_ping/../containers/{identity}/json", "/v1.41/../containers/json", "/"]
            for path in refused:
                self.assertEqual(self.ask("GET", path), 403, path)
            for method in ("POST", "PUT", "DELETE", "OPTIONS", "PATCH"):
                self.assertEqual(self.ask(method, "/containers/json"), 403, method)

    def test_sluice_needs_no_more(self):
        host = f"hardened-{os.getpid()}.test"
        flags = [f"--providers.docker.endpoint=tcp://127.0.0.1:{self.port}", "--providers.docker.inspect=never",
                 "--providers.docker.exposedByDefault=false", "--providers.docker.routeGraceTime=0s"]
        sluice = Sluice(flags=flags)
        self.addCleanup(sluice.discard)
        sluice.start()
        rule = labels(traefik__enable="true", **{f"traefik__http__routers__h{os.getpid()}__rule": f"Host(`{host}`)"})
        with container(*rule, "--expose", "80", self.image) as identity:
            wait_for_status(sluice.web, host, 200)
            docker("stop", "-t", "5", identity)
            wait_for_status(sluice.web, host, 404)
            docker("start", identity)
            wait_for_status(sluice.web, host, 200)
        wait_for_status(sluice.web, host, 404)
        self.assertEqual(sluice.log("refuses"), [])


if __name__ == "__main__":
    unittest.main()
