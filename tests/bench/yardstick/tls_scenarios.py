"""The TLS scenarios of tests/bench: ended here, and passed through."""
from __future__ import annotations

import socket
import ssl
import time
from contextlib import ExitStack

from . import measure
from .programs import Backend, Program, Sluice, load, raise_descriptors
from .scenarios import PEERS, Budget, Result, Settings, costs_table
from .tls_programs import (NAME, PassHAProxy, PassNginx, TlsHAProxy, TlsNginx, hello, names_route, pass_route,
                           tls_load, tls_route)


def wait(program: Program, seconds: float = 60.0, names: int = 0) -> None:
    deadline = time.monotonic() + seconds
    while True:
        try:
            tls_load(program.port, 1, 1, "--names", str(names))
            return
        except RuntimeError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)


def ending(backend: Backend, settings: Settings, stack: ExitStack) -> dict[str, Program]:
    """Those that end TLS in front of a plain backend, once they answer."""
    programs: dict[str, Program] = {"nginx": TlsNginx(backend.port), "haproxy": TlsHAProxy(backend.port)}
    if settings.sluice:
        programs["sluice"] = Sluice(tls_route(backend.port))
    for program in programs.values():
        stack.enter_context(program)
        wait(program)
    return programs


def ended_here(scenario: str, title: str, settings: Settings, requests: int, *flags: str, of_peer: float,
               turns: int = 1) -> Result:
    """`turns`: how many a round is cut into. The speed of a machine drifts within seconds, and what takes its turn soon
    after the others meets the same speed."""
    with ExitStack() as stack:
        backend = stack.enter_context(Backend(1024))
        programs = ending(backend, settings, stack)
        count = settings.count(requests // turns)
        costs = measure.interleaved(programs, lambda program: tls_load(program.port, 64, count, *flags),
                                    settings.rounds * turns)
    budgets = []
    if settings.sluice:
        best = min(costs[name]["cpu_us"] for name in PEERS)
        budgets.append(Budget("CPU per request / best peer", costs["sluice"]["cpu_us"] / best, of_peer))
    return costs_table(scenario, title, costs, budgets)


def tls_keep_alive(settings: Settings) -> Result:
    return ended_here("tls-keep-alive", "HTTP/1.1 over TLS 1.3 keep-alive, 64 connections, 1 KiB replies", settings,
                      100_000, of_peer=0.90)


def tls_full(settings: Settings) -> Result:
    return ended_here("tls-full", "A full handshake (ECDSA P-256) and one request per connection", settings, 8_000,
                      "--close", of_peer=0.95, turns=4)


def tls_resumed(settings: Settings) -> Result:
    return ended_here("tls-resumed", "A resumed handshake and one request per connection", settings, 8_000, "--resume",
                      of_peer=0.95, turns=4)


def passing(server: Program, settings: Settings) -> dict[str, Program]:
    programs: dict[str, Program] = {"nginx": PassNginx(server.port), "haproxy": PassHAProxy(server.port, False),
                                    "haproxy, splice": PassHAProxy(server.port, True)}
    if settings.sluice:
        programs["sluice"] = Sluice(pass_route(server.port))
    return programs


def pass_connections(settings: Settings) -> Result:
    with ExitStack() as stack:
        server = stack.enter_context(TlsNginx(body=128, core=1))
        programs = passing(server, settings)
        for program in programs.values():
            stack.enter_context(program)
            wait(program)
        turns = 4  # as in `ended_here`
        count = settings.count(6_000 // turns)
        costs = measure.interleaved(programs, lambda program: tls_load(program.port, 64, count, "--close"),
                                    settings.rounds * turns)
    rows = [[name, f"{cost['cpu_us']:.1f}", f"{cost['lowest']:.1f} – {cost['highest']:.1f}", f"{1e6 / cost['cpu_us']:,.0f}"]
            for name, cost in costs.items()]
    budgets, notes = [], []
    if settings.sluice:
        ours = costs["sluice"]["cpu_us"]
        haproxy = min(cost["cpu_us"] for name, cost in costs.items() if name.startswith("haproxy"))
        budgets.append(Budget("CPU per connection / best peer", ours / min(haproxy, costs["nginx"]["cpu_us"]), 1.0))
        notes.append(f"Beside HAProxy's best mode: {ours / haproxy:.2f}. nginx closes both sides when the server closes; here "
                     "each side ends by itself.")
    return Result("pass-connections", "TLS passed through, a connection per request",
                  ["", "CPU µs/connection", "range", "connections per CPU second"], rows, budgets, notes)


def pass_bulk(settings: Settings) -> Result:
    """The server writes plain bytes behind the hello: with TLS it would be slower than all that are measured."""
    size = 64 * 1024 * 1024
    with ExitStack() as stack:
        server = stack.enter_context(Backend(size))
        programs = passing(server, settings)
        for program in programs.values():
            stack.enter_context(program)
        time.sleep(1)  # nginx and HAProxy listen a moment after their start
        turns = 4  # as in `ended_here`
        costs = measure.interleaved(programs, lambda program: load(program.port, 4, 32 // turns, first=hello()),
                                    settings.rounds * turns)
    per_gb = {name: cost["cpu_us"] / 1e6 * 1e9 / size for name, cost in costs.items()}
    rows = [[name, f"{value:.3f}", f"{1e9 / costs[name]['requests_per_second'] / size:.2f}"]
            for name, value in per_gb.items()]
    budgets = []
    if settings.sluice:
        best = min(value for name, value in per_gb.items() if name.startswith("haproxy"))
        budgets.append(Budget("CPU per GB / HAProxy's best mode", per_gb["sluice"] / best, 0.75))
    return Result("pass-bulk", "TLS passed through, replies of 64 MiB over four connections",
                  ["", "CPU s/GB", "seconds/GB"], rows, budgets)


MANY = 10_000


def one_beside_many(scenario: str, title: str, settings: Settings, programs: dict[str, Program],
                    requests: int) -> Result:
    """A connection for each request; those to the second program ask for all its names at random."""
    count = settings.count(requests)
    costs = measure.interleaved(programs, lambda program: tls_load(
        program.port, 64, count, "--close", "--names", str(MANY if program is programs[f"{MANY:,} names"] else 1)),
                                settings.rounds)
    ratio = costs[f"{MANY:,} names"]["cpu_us"] / costs["1 name"]["cpu_us"]
    return Result(scenario, title, ["", "CPU µs/connection", "range"],
                  [[name, f"{cost['cpu_us']:.1f}", f"{cost['lowest']:.1f} – {cost['highest']:.1f}"]
                   for name, cost in costs.items()],
                  [Budget(f"CPU per connection, {MANY:,} names / 1 name", ratio, 1.1)])


def pass_10000_names(settings: Settings) -> Result:
    with ExitStack() as stack:
        server = stack.enter_context(TlsNginx(body=128, core=1))
        programs = {"1 name": stack.enter_context(Sluice(pass_route(server.port, 1))),
                    f"{MANY:,} names": stack.enter_context(Sluice(pass_route(server.port, MANY)))}
        for program in programs.values():
            wait(program)
        return one_beside_many("pass-10000-names", f"{MANY:,} names passed through, asked for at random", settings,
                               programs, 4_000)


def tls_10000_names(settings: Settings) -> Result:
    """As many hosts with a certificate each: what a handshake costs, and how long the start takes."""
    with ExitStack() as stack:
        backend = stack.enter_context(Backend(1024))
        many = names_route(backend.port, MANY)
        starts = []
        for _ in range(3):
            began = time.monotonic()
            with Sluice(many, core=None) as program:
                wait(program, names=MANY)
                starts.append(time.monotonic() - began)
        programs = {"1 name": stack.enter_context(Sluice(names_route(backend.port, 1))),
                    f"{MANY:,} names": stack.enter_context(Sluice(many))}
        for name, program in programs.items():
            wait(program, names=1 if name == "1 name" else MANY)
        result = one_beside_many("tls-10000-names", f"{MANY:,} hosts with a certificate each, asked for at random",
                                 settings, programs, 6_000)
    result.budgets.append(Budget(f"seconds from start until live with {MANY:,} routers and certificates",
                                 sorted(starts)[1], 2.0, "s"))
    result.notes.append("The start is the process's, until it has answered on one of the names.")
    return result


def hold_secure(port: int, count: int) -> list[ssl.SSLSocket]:
    """That many connections over TLS, each of which has had one answer."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    held = []
    for _ in range(count):
        connection = context.wrap_socket(socket.create_connection(("127.0.0.1", port), 30), server_hostname=NAME)
        connection.sendall(f"GET / HTTP/1.1\r\nHost: {NAME}\r\n\r\n".encode())
        data = b""
        while not data.endswith(b"x" * 1024):
            more = connection.recv(65536)
            if not more:
                raise RuntimeError(f"an idle connection was answered {data[:100]!r}")
            data += more
        held.append(connection)
    return held


def tls_idle(settings: Settings) -> Result:
    raise_descriptors()
    count = max(200, int(2000 * min(1.0, settings.scale)))
    rows, budgets = [], []
    with Backend(1024) as backend:
        makers = {"nginx": lambda: TlsNginx(backend.port, core=None), "haproxy": lambda: TlsHAProxy(backend.port, None)}
        if settings.sluice:
            makers["sluice"] = lambda: Sluice(tls_route(backend.port), core=None)
        for name, make in makers.items():
            with make() as program:
                wait(program)
                warm = hold_secure(program.port, 100)
                before = measure.user_memory(program.pid)
                held = hold_secure(program.port, count)
                each = (measure.user_memory(program.pid) - before) / count
                for connection in held + warm:
                    connection.close()
            rows.append([name, f"{each:,.0f}", f"{count:,}"])
            if name == "sluice":
                budgets.append(Budget("user memory per idle connection", each, 16 * 1024, "bytes"))
    return Result("tls-idle", f"{count:,} idle connections of HTTP/1.1 over TLS, each after one request",
                  ["", "bytes of user memory each", "opened"], rows, budgets,
                  ["Anonymous memory of the process tree; socket buffers and other kernel memory are not counted."])


TLS_SCENARIOS = {
    "tls-keep-alive": tls_keep_alive,
    "tls-full": tls_full,
    "tls-resumed": tls_resumed,
    "tls-idle": tls_idle,
    "tls-10000-names": tls_10000_names,
    "pass-connections": pass_connections,
    "pass-bulk": pass_bulk,
    "pass-10000-names": pass_10000_names,
}
TLS_WITHOUT_PEERS = {"tls-10000-names", "pass-10000-names"}
