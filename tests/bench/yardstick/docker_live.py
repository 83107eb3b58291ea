"""docker-live: how long after a container's start event its route is live in every worker.

Uses the engine that answers; where none does and we are root, one is started for the scenario and stopped after it.
The image is a static program imported from a tar archive, so nothing is pulled.
"""
from __future__ import annotations

import io
import json
import os
import select
import shutil
import socket
import subprocess
import tarfile
import tempfile
import threading
import time
from pathlib import Path

from .programs import Sluice, build
from .scenarios import Budget, Result, Settings

IMAGE = "sluice-bench-backend"
WATCHERS = 24  # connections that poll; the kernel spreads them over the workers


class Unavailable(Exception):
    """Something a scenario needs is not here: an engine, a program."""


class Engine:
    """The engine that already answers, or one of our own on a socket of its own."""

    def __init__(self) -> None:
        self.host = os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock")
        self.daemon: subprocess.Popen | None = None
        self.folder: Path | None = None
        if self.answers():
            return
        if os.geteuid() != 0 or not shutil.which("dockerd"):
            raise Unavailable("no container engine answers")
        self.folder = Path(tempfile.mkdtemp(prefix="sluice-engine-"))
        self.host = f"unix://{self.folder}/docker.sock"
        with open(self.folder / "log", "wb") as log:
            self.daemon = subprocess.Popen(
                ["dockerd", "--host", self.host, "--data-root", str(self.folder / "data"), "--exec-root",
                 str(self.folder / "exec"),
                 "--pidfile", str(self.folder / "pid")], stdout=log, stderr=log)
        deadline = time.monotonic() + 60
        while not self.answers():
            if self.daemon.poll() is not None or time.monotonic() > deadline:
                tail = (self.folder / "log").read_text()[-500:]
                self.stop()
                raise Unavailable(f"the engine did not start: {tail}")
            time.sleep(0.1)

    def docker(self, *arguments: str, **options) -> subprocess.CompletedProcess:
        return subprocess.run(["docker", "-H", self.host, *arguments], capture_output=True, timeout=60, **options)

    def answers(self) -> bool:
        try:
            return self.docker("version").returncode == 0
        except OSError:
            return False

    def stop(self) -> None:
        if self.daemon and self.daemon.poll() is None:
            self.daemon.terminate()
            try:
                self.daemon.wait(30)
            except subprocess.TimeoutExpired:
                self.daemon.kill()
                self.daemon.wait()
        if self.folder:
            shutil.rmtree(self.folder, ignore_errors=True)


class StartEvents(threading.Thread):
    """Follows the engine's event stream and notes the engine's own time of each start event, in seconds."""

    def __init__(self, engine: Engine):
        super().__init__(daemon=True)
        self.times: dict[str, float] = {}
        self.process = subprocess.Popen(["docker", "-H", engine.host, "events", "--filter", "event=start", "--format",
                                         "{{json .}}"],
                                        stdout=subprocess.PIPE, text=True)
        self.start()

    def run(self) -> None:
        for line in self.process.stdout:
            event = json.loads(line)
            self.times[event["Actor"]["Attributes"]["name"]] = event["timeNano"] / 1e9

    def wait_for(self, name: str) -> float:
        deadline = time.monotonic() + 10
        while name not in self.times:
            if time.monotonic() > deadline:
                raise RuntimeError(f"no start event for {name}")
            time.sleep(0.002)
        return self.times[name]

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait()


def import_image(engine: Engine) -> None:
    program = build("backend", "-static")
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        tar.add(program, "backend")
    done = engine.docker("import", "--change", 'ENTRYPOINT ["/backend", "64", "8000"]', "--change", "EXPOSE 8000", "-",
                         IMAGE,
                         input=archive.getvalue())
    if done.returncode != 0:
        raise RuntimeError(done.stderr.decode())


def live_times(watchers: list[socket.socket], host: str, stop_at: float) -> list[float]:
    """Asks for the host on all connections over and over; when each stopped answering 404, by the wall clock."""
    message = f"GET / HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()
    found: dict[socket.socket, float] = {}
    pending = {}
    for watcher in watchers:
        watcher.sendall(message)
        pending[watcher] = b""
    while len(found) < len(watchers):
        if time.time() > stop_at:
            raise RuntimeError(f"{host} is live on {len(found)} of {len(watchers)} connections")
        for watcher in select.select(list(pending), [], [], 0.5)[0]:
            pending[watcher] += watcher.recv(65536)
            if b"\r\n\r\n" not in pending[watcher]:
                continue
            head, _, body = pending[watcher].partition(b"\r\n\r\n")
            length = next(int(line.split(b":")[1]) for line in head.split(b"\r\n")
                          if line.lower().startswith(b"content-length"))
            if len(body) < length:
                continue
            if head[9:12] == b"404":
                pending[watcher] = b""
                watcher.sendall(message)
            else:
                found[watcher] = time.time()
                del pending[watcher]
    return list(found.values())


def docker_live(settings: Settings) -> Result:
    engine = Engine()
    started: list[str] = []
    delays: list[float] = []
    try:
        import_image(engine)
        events = StartEvents(engine)
        workers = os.cpu_count() or 1
        with Sluice({}, core=None, workers=workers,
                    flags=(f"--providers.docker.endpoint={engine.host}",
                           "--providers.docker.exposedByDefault=false")) as program:
            watchers = [socket.create_connection(("127.0.0.1", program.port), 30) for _ in range(WATCHERS)]
            count = max(5, int(50 * min(1.0, settings.scale)))
            for i in range(count + 2):
                name = f"sluice-bench-{os.getpid()}-{i}"
                made = engine.docker("create", "--name", name, "--label", "traefik.enable=true",
                                     "--label", f"traefik.http.routers.{name}.rule=Host(`{name}.test`)", IMAGE)
                if made.returncode != 0:
                    raise RuntimeError(made.stderr.decode())
                started.append(name)
                begin = threading.Thread(target=engine.docker, args=("start", name))
                begin.start()
                times = live_times(watchers, f"{name}.test", time.time() + 20)
                begin.join()
                if i >= 2:  # two to warm up
                    delays.append(max(times) - events.wait_for(name))
                engine.docker("rm", "-f", name)
                started.remove(name)
        events.stop()
    finally:
        for name in started:
            engine.docker("rm", "-f", name)
        engine.docker("rmi", IMAGE)
        engine.stop()
    delays.sort()
    at = {name: delays[min(len(delays) - 1, int(share * len(delays)))] * 1000 for name,
          share in (("p50", 0.5), ("p90", 0.9), ("p99", 0.99))}
    return Result("docker-live",
                  f"Container start event until its route is live in every one of {workers} workers, {count} starts",
                  ["", "ms"], [[name, f"{value:.1f}"] for name, value in at.items()] + [["worst",
                                                                                         f"{delays[-1] * 1000:.1f}"]],
                  [Budget("p99 from start event to route live", at["p99"], 25.0, "ms")],
                  [f"From the engine's own time of the event until {WATCHERS} connections, spread over the "
                   "workers by the kernel, have stopped answering 404."])
