"""Five hundred requests a second, while everything behind Sluice changes: none of them fails."""

import contextlib
import http.client
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import threading
import time
import unittest

from engine import (BINARY, ROOT, SOCKET, container, docker, fetch, image, labels, needs_engine, run, wait_for_status,
                    wait_until, whoami_image)
from framework import Sluice
from framework.ports import free_port

HOST = "app.localhost"


class Load:
    """Requests at a steady rate on kept connections; every answer but 200 is a failure."""

    THREADS = 10

    def __init__(self, address, per_second=500):
        self.address = address
        self.pause = self.THREADS / per_second
        self.answered = 0
        self.failures = []
        self.names = set()
        self._done = threading.Event()
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._ask, daemon=True) for _ in range(self.THREADS)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._done.set()
        for thread in self._threads:
            thread.join(30)

    def _ask(self):
        connection = http.client.HTTPConnection(*self.address, timeout=30)
        due = time.monotonic()
        while not self._done.is_set():
            try:
                connection.request("GET", "/", headers={"Host": HOST})
                reply = connection.getresponse()
                text = reply.read().decode(errors="replace")
                trouble = "" if reply.status == 200 else f"{reply.status} {text[:80]}"
            except (OSError, http.client.HTTPException) as failure:
                connection.close()
                text, trouble = "", repr(failure)
            with self._lock:
                self.answered += 1
                if trouble:
                    self.failures.append(f"{time.monotonic():.3f} {trouble}")
                self.names.update(line for line in text.splitlines() if line.startswith("Hostname: "))
            due = max(due + self.pause, time.monotonic() - 1)
            time.sleep(max(0.0, due - time.monotonic()))
        connection.close()

    def until_seen(self, count, what):
        """Waits until that many different servers have answered from now on."""
        with self._lock:
            self.names.clear()
        wait_until(lambda: len(self.names) >= count, what, 30)


@needs_engine
class ScaleAndRecreate(unittest.TestCase):
    """examples/scale-and-recreate"""

    def compose(self, *arguments, **options):
        return run("docker-compose", "-p", self.project, "-f", ROOT / "examples" / "scale-and-recreate" / "compose.yaml",
                   "-f", self.only_ours, *arguments, env=self.environment, **options)

    def setUp(self):
        image("sluice:local")
        whoami_image()
        self.port = free_port()
        self.project = f"sluice-e2e-scale-{os.getpid()}"
        self.environment = {**os.environ, "PORT": str(self.port), "DOCKER_GROUP": str(os.stat(SOCKET).st_gid)}
        # Whatever else runs on the engine is none of this test's business.
        override = tempfile.NamedTemporaryFile("w", suffix=".yaml")
        self.addCleanup(override.close)
        self.only_ours = override.name
        example = (ROOT / "examples" / "scale-and-recreate" / "compose.yaml").read_text()
        override.write(example.partition("services:")[0] + "services:\n  sluice:\n    command:\n" + "".join(
            f"{line}\n" for line in example.splitlines() if line.startswith("      - --")) +
            f"      - --providers.docker.constraints=Label(`com.docker.compose.project`,`{self.project}`)\n")
        override.flush()
        self.addCleanup(self.compose, "down", "-v", "-t", "5", check=False)

    def test_no_request_fails(self):
        self.compose("up", "-d", "--scale", "app=2")
        address = ("127.0.0.1", self.port)
        wait_for_status(address, HOST, 200)
        with Load(address) as load:
            load.until_seen(2, "both replicas answer")
            replica = self.compose("ps", "-q", "app").split()[0]
            docker("stop", "-t", "5", replica)
            docker("start", replica)
            load.until_seen(2, "the replica is back")
            # It says that it serves, and does not.
            example = (ROOT / "examples" / "scale-and-recreate" / "compose.yaml").read_text()
            broken = ["--label", f"com.docker.compose.project={self.project}"]
            for key, value in re.findall(r'(?m)^      (traefik\.[\w.]+): "?(.*?)"?$', example):
                broken += ["--label", f"{key}={value}"]
            with container(*broken, "--network", f"{self.project}_default", "whoami:local", "whoami",
                           "--address=:81"):
                time.sleep(2)
            self.compose("up", "-d", "--scale", "app=2", "--force-recreate", "--no-deps", "app")
            load.until_seen(2, "the new replicas answer")
            self.compose("up", "-d", "--scale", "app=4", "--no-recreate")
            load.until_seen(4, "four replicas answer")
            self.compose("up", "-d", "--scale", "app=1", "--no-recreate")
            time.sleep(1)
        self.assertEqual(load.failures, [], self.compose("logs", "--no-color", "sluice", check=False)[-3000:])
        self.assertGreater(load.answered, 1000)


class PrivateEngine:
    """An engine of our own that can be restarted; its containers live on meanwhile (live-restore)."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        # A bridge of its own: with none it would take away the one of the engine that is there already.
        self.bridge = f"sluice{os.getpid() % 100000}"
        run("ip", "link", "add", "name", self.bridge, "type", "bridge")
        run("ip", "address", "add", "198.18.213.1/24", "dev", self.bridge)
        self.endpoint = f"unix://{self.folder}/docker.sock"
        self.process = None
        self.start()

    def start(self):
        log = (self.folder / "log").open("ab")
        self.process = subprocess.Popen(
            ["dockerd", "--live-restore", f"--bridge={self.bridge}", "--iptables=false", "--ip-masq=false",
             "--storage-driver=vfs", f"--data-root={self.folder}/data", f"--exec-root={self.folder}/exec",
             f"--pidfile={self.folder}/pid", f"--host={self.endpoint}"], stdout=log, stderr=log)
        log.close()
        wait_until(self.answers, "the engine answers", 60)

    def answers(self):
        if self.process.poll() is not None:
            raise AssertionError((self.folder / "log").read_text()[-2000:])
        return subprocess.run(["docker", "-H", self.endpoint, "info"], capture_output=True, check=False).returncode == 0

    def docker(self, *arguments, **options):
        return docker("-H", self.endpoint, *arguments, **options)

    def stop(self):
        self.process.terminate()
        self.process.wait(60)

    def discard(self):
        self.end()
        run("ip", "link", "delete", self.bridge, check=False)

    def end(self):
        with contextlib.suppress(AssertionError):
            for identity in self.docker("ps", "-aq", check=False).split():
                self.docker("rm", "-f", identity, check=False)
        self.stop()
        # With live-restore it leaves its containerd, and only that, behind.
        for found in (self.folder / "exec").rglob("containerd.pid"):
            with contextlib.suppress(OSError, ValueError):
                os.kill(int(found.read_text()), 15)


@unittest.skipUnless(os.geteuid() == 0 and shutil.which("dockerd"), "starting an engine needs root and dockerd")
class EngineRestart(unittest.TestCase):
    def test_no_request_fails_while_the_engine_restarts(self):
        folder = tempfile.mkdtemp(prefix="sluice-engine-", dir="/tmp")
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        engine = PrivateEngine(folder)
        self.addCleanup(engine.discard)
        run("scripts/image", "whoami:local", "whoami", "--address=:80",
            env={**os.environ, "SLUICE": str(BINARY), "DOCKER_HOST": engine.endpoint})
        ports = [free_port(), free_port()]
        for port in ports:
            engine.docker("run", "-d", "--network", "host", "--name", f"app-{port}", *labels(
                traefik__http__routers__app__rule=f"Host(`{HOST}`)"),
                "--label", f"traefik.http.services.app.loadbalancer.server.port={port}", "whoami:local", "whoami",
                f"--address=127.0.0.1:{port}", f"--name={port}")
        sluice = Sluice(flags=("--providers.docker=true", f"--providers.docker.endpoint={engine.endpoint}"), workers=1)
        self.addCleanup(sluice.discard)
        sluice.start()
        wait_for_status(sluice.web, HOST, 200)
        with Load(sluice.web) as load:
            time.sleep(1)
            engine.stop()
            time.sleep(1)
            self.assertEqual(fetch(sluice.web, HOST)[0], 200)
            engine.start()
            sluice.wait_for_log("(?i)docker", 20)
            time.sleep(2)
        self.assertEqual(load.failures, [], sluice.tail())
        self.assertGreater(load.answered, 500)


if __name__ == "__main__":
    unittest.main()
