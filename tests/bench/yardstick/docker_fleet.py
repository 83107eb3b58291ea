"""docker-fleet: what 200 labelled containers cost, what a burst of starts costs, and how soon each is live.

Sluice talks to the engine through a relay of this page's own, which counts the requests it makes.
"""
from __future__ import annotations

import os
import re
import socket
import tempfile
import threading
import time
from pathlib import Path

from .docker_live import IMAGE, Engine, StartEvents, import_image
from .measure import cpu_seconds, user_memory
from .programs import Sluice, status
from .scenarios import Budget, Result, Settings

FLEET, BURST, ROUTERS, ALONE = 200, 20, 10_000, 20
IDLE_SECONDS = 30
POLL_SECONDS = 0.003
REQUEST_LINE = re.compile(rb"(?:GET|HEAD|POST) \S+ HTTP/1\.1\r\n")


class CountingRelay:
    """A unix socket in front of the engine's; counts the requests and the events that pass."""

    def __init__(self, engine: Engine, folder: Path):
        self.target = engine.host.removeprefix("unix://")
        self.path = folder / "engine.sock"
        self.requests = self.events = 0
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(self.path))
        self.listener.listen(64)
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self) -> None:
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            engine = socket.socket(socket.AF_UNIX)
            engine.connect(self.target)
            threading.Thread(target=self.copy, args=(client, engine, True), daemon=True).start()
            threading.Thread(target=self.copy, args=(engine, client, False), daemon=True).start()

    def copy(self, source: socket.socket, sink: socket.socket, count: bool) -> None:
        try:
            while data := source.recv(1 << 16):
                if count:
                    self.requests += len(REQUEST_LINE.findall(data))
                else:
                    self.events += data.count(b'"timeNano"')
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def stop(self) -> None:
        self.listener.close()


class Fleet:
    """Containers of the bench image, each with a router of its own host; removed at the end."""

    def __init__(self, engine: Engine):
        self.engine = engine
        self.names: list[str] = []

    def create(self, count: int) -> list[str]:
        made = []
        for _ in range(count):
            name = f"sluice-fleet-{os.getpid()}-{len(self.names)}"
            done = self.engine.docker("create", "--name", name, "--label", "traefik.enable=true", "--label",
                                      f"traefik.http.routers.{name}.rule=Host(`{name}.test`)", IMAGE)
            if done.returncode != 0:
                raise RuntimeError(done.stderr.decode())
            self.names.append(name)
            made.append(name)
        return made

    def start(self, names: list[str]) -> None:
        for begin in range(0, len(names), BURST):
            done = self.engine.docker("start", *names[begin:begin + BURST])
            if done.returncode != 0:
                raise RuntimeError(done.stderr.decode())

    def remove(self) -> None:
        for begin in range(0, len(self.names), BURST):
            self.engine.docker("rm", "-f", *self.names[begin:begin + BURST])


def sluice_beside(endpoint: str, dynamic: dict | None = None) -> Sluice:
    return Sluice(dynamic or {}, core=None, workers=os.cpu_count() or 1,
                  flags=(f"--providers.docker.endpoint={endpoint}", "--providers.docker.exposedByDefault=false"))


def wait_until_routed(program: Sluice, host: str) -> None:
    deadline = time.monotonic() + 60
    while status(program.port, host) in (0, 404):
        if time.monotonic() > deadline:
            raise RuntimeError(f"{host} is not routed")
        time.sleep(0.02)


def ask(connection: socket.socket, host: str) -> int:
    """The status of one small reply on a connection that stays open."""
    connection.sendall(f"GET / HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
    reply = b""
    while b"\r\n\r\n" not in reply:
        reply += connection.recv(65536)
    head, _, body = reply.partition(b"\r\n\r\n")
    length = int(re.search(rb"(?i)content-length: *(\d+)", head)[1])
    while len(body) < length:
        body += connection.recv(65536)
    return int(head[9:12])


def live_delays(program: Sluice, fleet: Fleet, events: StartEvents, names: list[str]) -> list[float]:
    """Starts all of them at once; seconds from the engine's time of each start event until the route is live, asked
    for every POLL_SECONDS on connections that the kernel spread over the workers."""
    connections = [socket.create_connection(("127.0.0.1", program.port), 30) for _ in range(8)]
    starting = threading.Thread(target=fleet.start, args=(names,))
    starting.start()
    live: dict[str, float] = {}
    deadline = time.monotonic() + 120
    while len(live) < len(names):
        if time.monotonic() > deadline:
            raise RuntimeError(f"{len(live)} of {len(names)} are live")
        for name in [name for name in names if name not in live and name in events.times]:
            if all(ask(connection, f"{name}.test") != 404 for connection in connections):
                live[name] = time.time()
        time.sleep(POLL_SECONDS)
    starting.join()
    for connection in connections:
        connection.close()
    return sorted(live[name] - events.wait_for(name) for name in names)


def milliseconds(share: float, ordered: list[float]) -> float:
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] * 1000


def many_routers() -> dict:
    routers = {f"r{i}": {"rule": f"Host(`h{i}.test`)", "service": "app"} for i in range(ROUTERS)}
    return {"http": {"routers": routers, "services": {"app": {"loadBalancer": {"passHostHeader": True}}}}}


def docker_fleet(settings: Settings) -> Result:
    engine = Engine()
    fleet = Fleet(engine)
    folder = Path(tempfile.mkdtemp(prefix="sluice-fleet-"))
    relay = CountingRelay(engine, folder)
    through_relay = f"unix://{relay.path}"
    try:
        import_image(engine)
        events = StartEvents(engine)
        with sluice_beside(through_relay) as program:
            time.sleep(3)
            empty = user_memory(program.pid)
        fleet.start(fleet.create(max(BURST, int(FLEET * min(1.0, settings.scale)))))
        size = len(fleet.names)
        with sluice_beside(through_relay) as program:
            wait_until_routed(program, f"{fleet.names[-1]}.test")
            time.sleep(3)
            memory = user_memory(program.pid) - empty
            busy = cpu_seconds(program.pid)
            time.sleep(IDLE_SECONDS)
            idle = (cpu_seconds(program.pid) - busy) / IDLE_SECONDS * 100
            burst = fleet.create(BURST)
            time.sleep(1)
            asked, told, busy = relay.requests, relay.events, cpu_seconds(program.pid)
            delays = live_delays(program, fleet, events, burst)
            time.sleep(1)
            asked, told = relay.requests - asked, relay.events - told
            busy = cpu_seconds(program.pid) - busy
        with sluice_beside(engine.host, many_routers()) as program:
            wait_until_routed(program, f"h{ROUTERS - 1}.test")
            alone = sorted(live_delays(program, fleet, events, [name])[0] for name in fleet.create(ALONE))
        events.stop()
    finally:
        fleet.remove()
        engine.docker("rmi", IMAGE)
        engine.stop()
        relay.stop()
        relay.path.unlink(missing_ok=True)
        folder.rmdir()
    rows = [[f"user memory with {size} containers, above an engine without any", f"{memory / 2**20:.1f} MiB"],
            [f"CPU while nothing happens for {IDLE_SECONDS} s", f"{idle:.2f} %"],
            [f"requests to the engine, events of it, for {BURST} starts at once", f"{asked}, {told}"],
            [f"CPU for {BURST} starts at once, our own requests to it included", f"{busy * 1000:.0f} ms"],
            [f"{BURST} starts at once: event until live, p50 / p99",
             f"{milliseconds(0.5, delays):.0f} / {milliseconds(0.99, delays):.0f} ms"],
            [f"one start beside {ROUTERS:,} routers: event until live, p50 / worst of {ALONE}",
             f"{milliseconds(0.5, alone):.0f} / {milliseconds(1, alone):.0f} ms"]]
    return Result("docker-fleet", f"{size} containers", ["", ""], rows,
                  [Budget("user memory above an empty engine", memory / 2**20, 8.0, "MiB"),
                   Budget("CPU while idle", round(idle, 2), 0.2, "%"),
                   Budget("requests to the engine, a burst of starts", asked, told + 1),
                   Budget("p99 from start event to route live, a burst", milliseconds(0.99, delays), 50.0, "ms"),
                   Budget("median from start event to route live, beside many routers", milliseconds(0.5, alone), 25.0,
                          "ms")],
                  ["The engine's own time of the event is compared with the same clock. A hundred requests a second "
                   "ask whether the routes are live meanwhile, and the engine starts containers on the same cores."])
