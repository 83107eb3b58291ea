"""The scenarios of tests/bench. Each returns rows for the report and says whether its budget was kept."""
from __future__ import annotations

import random
import re
import resource
import socket
import time
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path

from . import measure
from .programs import (HERE, OUT, PROXY_CORE, Backend, Floor, HAProxy, Nginx, Program, Sluice, load, one_route,
                       raise_descriptors,
                       sluice_binary, status)

PEERS = ("nginx", "haproxy")


@dataclass
class Budget:
    """A promise with a number: `value` must be at most (or, for exact ones, equal to) `limit`."""

    what: str
    value: float
    limit: float
    unit: str = ""

    @property
    def kept(self) -> bool:
        return self.value <= self.limit


@dataclass
class Result:
    scenario: str
    title: str
    columns: list[str]
    rows: list[list]
    budgets: list[Budget] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def to_json(self) -> dict:
        return {**asdict(self), "budgets": [{**asdict(budget), "kept": budget.kept} for budget in self.budgets]}


@dataclass
class Settings:
    rounds: int = 7
    scale: float = 1.0
    sluice: bool = True

    def count(self, requests: int) -> int:
        return max(200, int(requests * self.scale))


def costs_table(scenario: str, title: str, costs: dict[str, dict], budgets: list[Budget]) -> Result:
    floor, peers = costs.get("floor"), [costs[name]["cpu_us"] for name in PEERS if name in costs]
    best = min(peers) if peers else None
    rows = [[name, f"{cost['cpu_us']:.1f}", f"{cost['lowest']:.1f} – {cost['highest']:.1f}",
             f"{cost['cpu_us'] / best:.2f}" if best else "–", f"{cost['cpu_us'] / floor['cpu_us']:.2f}"
             if floor else "–",
             f"{cost['requests_per_second']:,.0f}", f"{cost['p50_us']:.0f} / {cost['p99_us']:.0f}"]
            for name, cost in costs.items()]
    return Result(scenario, title, ["", "CPU µs/request", "range", "× best peer", "× floor", "requests/s",
                                    "p50 / p99 µs"], rows, budgets)


def against_peers(scenario: str, title: str, settings: Settings, body: int, requests: int, *, close: bool,
                  of_peer: float, of_floor: float | None) -> Result:
    with ExitStack() as stack:
        backend = stack.enter_context(Backend(body))
        programs: dict[str, Program] = {
            "floor": Floor(backend.port, close), "nginx": Nginx(backend.port), "haproxy": HAProxy(backend.port)}
        if settings.sluice:
            programs["sluice"] = Sluice(one_route(backend.port))
        for program in programs.values():
            stack.enter_context(program)
            if program.name != "floor":
                program.wait_until_it_answers()
        count = settings.count(requests)
        costs = measure.interleaved(programs, lambda program: load(program.port, 64, count, close=close),
                                    settings.rounds)
    budgets = []
    if settings.sluice:
        ours, best = costs["sluice"]["cpu_us"], min(costs[name]["cpu_us"] for name in PEERS)
        budgets.append(Budget("CPU per request / best peer", ours / best, of_peer))
        if of_floor:
            budgets.append(Budget("CPU per request / floor", ours / costs["floor"]["cpu_us"], of_floor))
    return costs_table(scenario, title, costs, budgets)


def h1_1k(settings: Settings) -> Result:
    return against_peers("h1-1k", "HTTP/1.1 keep-alive, 64 connections, 1 KiB replies", settings, 1024, 120_000,
                         close=False,
                         of_peer=0.85, of_floor=1.2)


def h1_100k(settings: Settings) -> Result:
    return against_peers("h1-100k", "HTTP/1.1 keep-alive, 64 connections, 100 KiB replies", settings, 100 * 1024,
                         40_000,
                         close=False, of_peer=0.80, of_floor=None)


def conn_per_request(settings: Settings) -> Result:
    return against_peers("conn-per-request", "One connection per request, 64 at a time, 1 KiB replies", settings, 1024,
                         40_000,
                         close=True, of_peer=1.0, of_floor=None)


# Many routes


def host_routes(backend: int, count: int) -> dict:
    dynamic = one_route(backend)
    dynamic["http"]["routers"] = {f"host-{i}": {"rule": f"Host(`h{i}.bench.test`)", "service": "app"}
                                  for i in range(count)}
    return dynamic


def path_routes(backend: int, count: int) -> dict:
    dynamic = one_route(backend)
    dynamic["http"]["routers"] = {f"path-{i}": {"rule": f"Host(`bench.test`) && PathPrefix(`/app-{i}/`)",
                                                "service": "app"}
                                  for i in range(count)}
    return dynamic


def targets(name: str, lines: list[str]) -> Path:
    random.Random(1).shuffle(lines)
    file = OUT / name
    file.write_text("\n".join(lines) + "\n")
    return file


def routes(scenario: str, title: str, settings: Settings, make, ask: list[str], single: str) -> Result:
    with ExitStack() as stack:
        backend = stack.enter_context(Backend(1024))
        one = stack.enter_context(Sluice(make(backend.port, 1)))
        many = stack.enter_context(Sluice(make(backend.port, 10_000)))
        last_host, last_path = ask[-1].split()
        one_host, one_path = single.split()
        one.wait_until_it_answers(one_host, one_path)
        many.wait_until_it_answers(last_host, last_path)
        asked = {one: targets("one-route", [single]), many: targets(scenario, list(ask))}
        count = settings.count(100_000)
        costs = measure.interleaved({"1 route": one, "10,000 routes": many},
                                    lambda program: load(program.port, 64, count, targets=asked[program]),
                                    settings.rounds)
    ratio = costs["10,000 routes"]["cpu_us"] / costs["1 route"]["cpu_us"]
    rows = [[name, f"{cost['cpu_us']:.1f}", f"{cost['lowest']:.1f} – {cost['highest']:.1f}",
             f"{cost['p50_us']:.0f} / {cost['p99_us']:.0f}"]
            for name, cost in costs.items()]
    return Result(scenario, title, ["", "CPU µs/request", "range", "p50 / p99 µs"], rows,
                  [Budget("CPU per request, 10,000 routes / 1 route", ratio, 1.1)])


def routes_10000_hosts(settings: Settings) -> Result:
    return routes("routes-10000-hosts", "10,000 host routes, asked at random", settings, host_routes,
                  [f"h{i}.bench.test /" for i in range(10_000)], "h0.bench.test /")


def routes_10000_paths(settings: Settings) -> Result:
    return routes("routes-10000-paths", "10,000 path routes on one host, asked at random", settings, path_routes,
                  [f"bench.test /app-{i}/x" for i in range(10_000)], "bench.test /app-0/x")


def load_10000(settings: Settings) -> Result:
    changes, starts, bare = [], [], []
    with Backend(1024) as backend:
        for _ in range(max(3, settings.rounds)):
            dynamic = host_routes(backend.port, 10_000)
            with Sluice(host_routes(backend.port, 1), core=None) as program:
                program.wait_until_it_answers("h0.bench.test")
                draft = program.draft(dynamic)
                began = time.monotonic()
                draft.rename(program.dynamic_folder / "dynamic.yml")
                while status(program.port, "h9999.bench.test") != 200:
                    time.sleep(0.002)
                changes.append(time.monotonic() - began)
            began = time.monotonic()
            with Sluice(dynamic, core=None) as program:
                program.wait_until_it_answers("h9999.bench.test")
                starts.append(time.monotonic() - began)
            began = time.monotonic()
            with Sluice(one_route(backend.port), core=None) as program:
                program.wait_until_it_answers()
                bare.append(time.monotonic() - began)
    middle = {name: sorted(values)[len(values) // 2] for name, values in
              (("a change of the file until the last of 10,000 routers is live", changes),
               ("start of the process until the last of 10,000 routers is live", starts),
               ("the same with one router", bare))}
    return Result("load-10000", "Loading 10,000 routers", ["", "seconds (median)"],
                  [[name, f"{value:.3f}"] for name, value in middle.items()],
                  [Budget("seconds from the change of the file until live", list(middle.values())[0], 0.5, "s"),
                   Budget("seconds from start until live, beyond one router",
                          list(middle.values())[1] - list(middle.values())[2], 0.5, "s")],
                  ["The time includes the 30 ms for which a change settles, and reading and parsing 0.8 MB of YAML."])


# Idle connections


def hold_idle(port: int, count: int) -> list[socket.socket]:
    """That many connections, each of which has had one answer; from several source addresses, for their ports."""
    message = b"GET / HTTP/1.1\r\nHost: bench.test\r\n\r\n"
    held = []
    for i in range(count):
        connection = socket.socket()
        connection.bind((f"127.0.{1 + i // 5000}.1", 0))
        connection.connect(("127.0.0.1", port))
        connection.sendall(message)
        held.append(connection)
        if len(held) % 50 == 0:
            for waiting in held[-50:]:
                drain(waiting)
    for waiting in held[len(held) - len(held) % 50:]:
        drain(waiting)
    return held


def drain(connection: socket.socket) -> None:
    connection.settimeout(30)
    data = connection.recv(65536)
    head_end = data.find(b"\r\n\r\n")
    length = re.search(rb"(?i)content-length: (\d+)", data)
    if not data.startswith(b"HTTP/1.1 200") or head_end < 0 or not length:
        raise RuntimeError(f"an idle connection was answered {data[:100]!r}")
    left = int(length[1]) - (len(data) - head_end - 4)
    while left > 0:
        left -= len(connection.recv(65536))


def idle_20000(settings: Settings) -> Result:
    raise_descriptors()
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    wanted = max(1000, int(20_000 * min(1.0, settings.scale)))
    count = min(wanted, limit - 600)
    rows, ours = [], None
    with Backend(1024) as backend:
        makers = {"nginx": lambda: Nginx(backend.port, core=None), "haproxy": lambda: HAProxy(backend.port, core=None)}
        if settings.sluice:
            makers["sluice"] = lambda: Sluice(one_route(backend.port), core=None)
        for name, make in makers.items():
            with make() as program:
                program.wait_until_it_answers()
                warm = hold_idle(program.port, 200)
                before = measure.user_memory(program.pid)
                holds = min(count, getattr(program, "most", count + len(warm)) - len(warm))
                held = hold_idle(program.port, holds)
                after = measure.user_memory(program.pid)
                alive = sum(is_open(connection) for connection in held)
                for connection in held + warm:
                    connection.close()
                each = (after - before) / holds
                rows.append([name, f"{each:,.0f}", f"{holds:,}", f"{alive:,}"])
                if name == "sluice":
                    ours = Budget("user memory per idle connection", each, 1536, "bytes")
                    missing = Budget("connections that were closed", count - alive, 0)
    return Result("idle-20000", f"{count:,} idle connections, each after one request",
                  ["", "bytes of user memory each", "opened", "still open"], rows,
                  [ours, missing] if ours else [],
                  [f"This machine allows a process {limit:,} descriptors." if count < wanted else "",
                   "Anonymous memory of the process tree; socket buffers and other kernel memory are not counted.",
                   "nginx reserves its connection table at start; that is not in its figure."])


def is_open(connection: socket.socket) -> bool:
    connection.setblocking(False)
    try:
        return connection.recv(1) != b""
    except BlockingIOError:
        return True
    except OSError:
        return False


# Instructions and system calls


def instructions(settings: Settings) -> Result:
    return measure_instructions(settings, settings.count(4000), ("nginx", "haproxy"))


def measure_instructions(settings: Settings, requests: int, peers: tuple[str, ...] = ()) -> Result:
    rows, budgets = [], []
    with Backend(1024, core=None) as backend:
        makers = {"nginx": lambda prefix: Nginx(backend.port, None, prefix, single_process=True),
                  "haproxy": lambda prefix: HAProxy(backend.port, None, prefix)}
        makers = {name: makers[name] for name in peers}
        if settings.sluice:
            makers["sluice"] = lambda prefix: Sluice(one_route(backend.port), None, prefix=prefix)

        for name, make in makers.items():
            with make(measure.CALLGRIND) as program:
                program.wait_until_it_answers(seconds=300)
                each, allocations = measure.instructions_per_request(
                    program, lambda count: load(program.port, 64, count, core=None), requests)
            asked = sum(allocations.get(call, 0.0) for call in allocations if call != "free")
            rows.append([name, f"{each:,.0f}", f"{asked:.2f}"])
            if name == "sluice":
                budgets = [Budget("user-space instructions per request (goal)", each, 12_000),
                           Budget("user-space instructions per request (gate)", each, 13_200),
                           Budget("heap allocations per request (0 but for noise)", round(asked, 2), 0.05)]
    return Result("instructions", "User-space instructions per keep-alive request (callgrind, 64 connections, 1 KiB)",
                  ["", "instructions", "heap allocations"], rows, budgets,
                  [f"The difference between {requests:,} and {2 * requests:,} requests of a warm process, divided by "
                   f"{requests:,}; opening and closing the connections cancels out."])


DATA = {"read", "readv", "recvfrom", "recvmsg", "write", "writev", "sendto", "sendmsg", "splice", "sendfile"}
TIMERS = {"timerfd_settime", "timer_settime", "setitimer", "clock_nanosleep", "nanosleep"}


def syscalls(settings: Settings) -> Result:
    count = settings.count(20_000)
    rows, budgets = [], []
    with Backend(1024) as backend:
        makers = {"nginx": lambda: Nginx(backend.port), "haproxy": lambda: HAProxy(backend.port)}
        if settings.sluice:
            makers["sluice"] = lambda: Sluice(one_route(backend.port))
        for name, make in makers.items():
            with make() as program:
                program.wait_until_it_answers()
                load(program.port, 64, 2000)
                few = measure.system_calls(program, lambda: load(program.port, 64, count))
                many = measure.system_calls(program, lambda: load(program.port, 64, 2 * count))
            calls = {call: (many[call] - few[call]) / count for call in many if many[call] - few[call] > count * 0.002}
            data = sum(each for call, each in calls.items() if call in DATA)
            others = ", ".join(f"{call} {each:.2f}" for call, each in sorted(calls.items(), key=lambda item: -item[1]))
            rows.append([name, f"{data:.2f}", f"{calls.get('epoll_ctl', 0):.2f}", others])
            if name == "sluice":
                budgets = [Budget("data system calls per request", round(data, 2), 4.0),
                           Budget("epoll_ctl per request", round(calls.get("epoll_ctl", 0.0), 2), 0.0),
                           Budget("timer calls per request", round(sum(calls.get(call, 0.0) for call in TIMERS), 2),
                                  0.0)]
    return Result("syscalls", "System calls per keep-alive request (64 connections, 1 KiB)",
                  ["", "data", "epoll_ctl", "all, per request"], rows, budgets,
                  ["Counted by strace between two runs of which one is twice as long, so that connecting cancels out."])


SCENARIOS = {
    "h1-1k": h1_1k,
    "h1-100k": h1_100k,
    "conn-per-request": conn_per_request,
    "routes-10000-hosts": routes_10000_hosts,
    "routes-10000-paths": routes_10000_paths,
    "load-10000": load_10000,
    "idle-20000": idle_20000,
    "instructions": instructions,
    "syscalls": syscalls,
}
WITHOUT_PEERS = {"routes-10000-hosts", "routes-10000-paths", "load-10000"}

__all__ = ["HERE", "PROXY_CORE", "SCENARIOS", "Result", "Settings", "sluice_binary"]
