"""Proxies before the socket of a real engine. examples/socket-hardening: its allow-lists let Sluice work and refuse
everything else. And proxies that are set up badly: what Sluice makes of them."""

import contextlib
import http.client
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import time
import unittest

from engine import (BINARY, ROOT, SOCKET, container, docker, fetch, image, labels, needs_engine, run, wait_for_status,
                    wait_until, whoami_image)
from framework import Sluice
from framework.ports import free_port

EXAMPLE = ROOT / "examples" / "socket-hardening"
NGINX = "user root;\npid {at}/pid;\nevents {{}}\nhttp {{\naccess_log off;\n{temporary}\nserver {{\n" \
        "listen 127.0.0.1:{port};\nlocation / {{\nproxy_pass http://unix:{socket}:;\n{more}\n" \
        "}}\n{beside}\n}}\n}}\n"


class Proxy:
    """A proxy that runs before the engine's socket, at a port of its own."""

    def __init__(self, *command, port: int, environment: dict | None = None):
        self.port = port
        self.endpoint = f"tcp://127.0.0.1:{port}"
        self.process = subprocess.Popen(command, env={**os.environ, **(environment or {})}, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)
        wait_until(lambda: self.ask("GET", "/_ping") == 200, "the proxy answers")

    def ask(self, method: str, path: str) -> int:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request(method, path)
            return connection.getresponse().status
        except OSError:
            return 0
        finally:
            connection.close()

    def close(self) -> None:
        self.process.terminate()
        self.process.wait()


def haproxy_of_the_example(_folder: str) -> Proxy:
    port = free_port()
    return Proxy("haproxy", "-db", "-f", EXAMPLE / "haproxy.cfg", port=port,
                 environment={"LISTEN": f"127.0.0.1:{port}", "DOCKER_SOCKET": SOCKET})


def engine_proxy(_folder: str, *flags: str) -> Proxy:
    port = free_port()
    return Proxy(BINARY, "engine-proxy", f"--address=127.0.0.1:{port}", f"--socket={SOCKET}", *flags, port=port)


def run_nginx(folder: str, port: int, text: str) -> Proxy:
    path = pathlib.Path(folder) / "nginx.conf"
    path.write_text(text)
    return Proxy("nginx", "-g", "daemon off;", "-e", f"{folder}/error.log", "-c", path, port=port)


def nginx_of_the_example(folder: str) -> Proxy:
    port = free_port()
    text = (EXAMPLE / "nginx.conf").read_text()
    for written, used in (("listen 2375", f"listen 127.0.0.1:{port}"), (" /tmp/", f" {folder}/"),
                          ("/var/run/docker.sock", SOCKET)):
        assert written in text, written
        text = text.replace(written, used)
    return run_nginx(folder, port, text)


def nginx(folder: str, more: str = "", beside: str = "") -> Proxy:
    """Everything is allowed; `more` is about how."""
    port = free_port()
    temporary = "".join(f"{kind}_temp_path {folder}/{kind};\n"
                        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    return run_nginx(folder, port, NGINX.format(at=folder, port=port, socket=SOCKET, temporary=temporary, more=more,
                                                beside=beside))


@needs_engine
class ProxyCase(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.image = whoami_image()

    def start(self, make, *options, **named) -> Proxy:
        folder = tempfile.mkdtemp(prefix="sluice-proxy-")
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        proxy = make(folder, *options, **named)
        self.addCleanup(proxy.close)
        return proxy

    def sluice(self, proxy: Proxy, *flags: str) -> Sluice:
        sluice = Sluice(flags=[f"--providers.docker.endpoint={proxy.endpoint}", "--providers.docker.routeGraceTime=0s",
                               "--providers.docker.exposedByDefault=false", *flags])
        self.addCleanup(sluice.discard)
        return sluice.start()

    @contextlib.contextmanager
    def served(self, name: str):
        """A container for the host `name`; yields its id and the host."""
        host = f"{name}-{os.getpid()}.test"
        router = f"traefik__http__routers__{name}{os.getpid()}"
        rule = labels(traefik__enable="true", **{f"{router}__rule": f"Host(`{host}`)"})
        with container(*rule, "--expose", "80", self.image) as identity:
            yield identity, host


class SocketHardening(ProxyCase):
    PROXIES = [("haproxy", haproxy_of_the_example), ("nginx", nginx_of_the_example), (str(BINARY), engine_proxy)]

    def proxies(self):
        for program, make in self.PROXIES:
            with self.subTest(program):
                if not shutil.which(program):
                    self.skipTest(f"{program} is not installed")
                yield self.start(make)

    def test_only_the_four_reading_calls_pass(self):
        for proxy in self.proxies():
            with container(self.image) as identity:
                for path in ("/_ping", "/version", "/v1.41/version", "/containers/json",
                             "/v1.41/containers/json?all=1"):
                    self.assertEqual(proxy.ask("GET", path), 200, path)
                one = f"/v1.41/containers/{identity}"
                refused = [f"{one}/json", f"{one}/logs?stdout=1", f"{one}/export",
                           f"{one}/archive?path=/etc/passwd", f"{one}/top", f"{one}/stats?stream=0", f"{one}/attach/ws",
                           "/images/json", "/info", "/secrets",
                           "/v1.41/containers/json/../" + identity + "/json", "//containers/json", "/containers%2fjson",
                           f"/_ping/../containers/{identity}/json", "/v1.41/../containers/json", "/events/x", "/"]
                for path in refused:
                    self.assertIn(proxy.ask("GET", path), (400, 403), path)
                for method in ("POST", "PUT", "DELETE", "OPTIONS", "PATCH"):
                    self.assertEqual(proxy.ask(method, "/containers/json"), 403, method)
                self.assertEqual(proxy.ask("POST", f"{one}/attach?stream=1"), 403)

    def test_sluice_needs_no_more(self):
        for proxy in self.proxies():
            sluice = self.sluice(proxy, "--providers.docker.inspect=never")
            with self.served("hardened") as (identity, host):
                began = time.monotonic()
                wait_for_status(sluice.web, host, 200)
                self.assertLess(time.monotonic() - began, 5)  # by its event, and not by the list of every minute
                docker("stop", "-t", "5", identity)
                wait_for_status(sluice.web, host, 404)
                docker("start", identity)
                wait_for_status(sluice.web, host, 200)
            wait_for_status(sluice.web, host, 404)
            self.assertEqual(sluice.log("refuses|Provider error|proxy before"), [])

    def test_more_can_be_allowed(self):
        proxy = self.start(engine_proxy, "--inspect")
        with container(self.image) as identity:
            self.assertEqual(proxy.ask("GET", f"/v1.41/containers/{identity}/json"), 200)
            self.assertEqual(proxy.ask("GET", f"/v1.41/containers/{identity}/logs?stdout=1"), 403)
        self.assertEqual(proxy.ask("GET", "/services"), 403)
        sluice = self.sluice(proxy)
        with self.served("described") as (_, host):
            wait_for_status(sluice.web, host, 200)
        self.assertIn(self.start(engine_proxy, "--swarm").ask("GET", "/services"), (200, 503))  # 503: it is no manager

    def test_the_compose_file_serves_without_the_socket(self):
        image("sluice:local")
        port = free_port()
        command = ("docker-compose", "-p", f"sluice-hardened-{os.getpid()}", "-f", EXAMPLE / "compose.yaml")
        environment = {**os.environ, "PORT": str(port), "DOCKER_GROUP": str(os.stat(SOCKET).st_gid)}
        self.addCleanup(run, *command, "down", "-v", "-t", "5", env=environment, check=False)
        run(*command, "up", "-d", env=environment)
        wait_for_status(("127.0.0.1", port), "whoami.localhost", 200)
        run(*command, "stop", "-t", "5", "whoami", env=environment)
        wait_for_status(("127.0.0.1", port), "whoami.localhost", 404, seconds=60)


@unittest.skipUnless(shutil.which("nginx"), "nginx is not installed")
class Misconfigured(ProxyCase):
    def test_one_that_holds_events_back_is_named_and_listed_more_often(self):
        # As nginx does by itself.
        sluice = self.sluice(self.start(nginx))
        with self.served("held") as (_, host):
            wait_for_status(sluice.web, host, 200, seconds=15)
        wait_for_status(sluice.web, host, 404, seconds=30)  # an empty list is looked at twice
        self.assertEqual(len(sluice.log("holds its events back.*buffering")), 1)

    def test_one_that_refuses_events_is_named_and_listed_more_often(self):
        sluice = self.sluice(self.start(nginx, beside="location ~ /events { return 403; }"))
        wait_until(lambda: sluice.log("refuses /events"), "it is said")
        with self.served("refused") as (_, host):
            wait_for_status(sluice.web, host, 200, seconds=15)
        wait_for_status(sluice.web, host, 404, seconds=30)
        self.assertEqual((len(sluice.log("refuses /events")), sluice.log("Provider error")), (1, []))

    def test_one_that_ends_silent_streams_costs_no_request_and_no_container(self):
        sluice = self.sluice(self.start(nginx, "proxy_buffering off;\nproxy_read_timeout 6s;"))
        with self.served("kept") as (_, host):
            wait_for_status(sluice.web, host, 200)
            ends = time.monotonic() + 20
            while time.monotonic() < ends:
                self.assertEqual(fetch(sluice.web, host)[0], 200)
                time.sleep(0.05)
            # Three streams later changes are still noticed at once, and the log has one line.
            with self.served("later") as (_, later):
                wait_for_status(sluice.web, later, 200, seconds=3)
        said = sluice.log("Provider error")
        self.assertEqual(len(said), 1, said)
        self.assertTrue(re.search("ends silent streams", said[0]), said)


if __name__ == "__main__":
    unittest.main()
