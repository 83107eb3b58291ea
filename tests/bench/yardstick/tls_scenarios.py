"""The TLS scenarios of tests/bench: ended here, and passed through."""
from __future__ import annotations

import time
from contextlib import ExitStack

from . import measure
from .programs import Backend, Program, Sluice
from .scenarios import PEERS, Budget, Result, Settings, costs_table
from .tls_programs import (NAME, PassHAProxy, PassNginx, TlsHAProxy, TlsNginx, pass_route, tls_load, tls_route)


def wait(program: Program, seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while True:
        try:
            tls_load(program.port, 1, 1)
            return
        except RuntimeError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)


def ended_here(scenario: str, title: str, settings: Settings, requests: int, *flags: str, of_peer: float) -> Result:
    with ExitStack() as stack:
        backend = stack.enter_context(Backend(1024))
        programs: dict[str, Program] = {"nginx": TlsNginx(backend.port), "haproxy": TlsHAProxy(backend.port)}
        if settings.sluice:
            programs["sluice"] = Sluice(tls_route(backend.port))
        for program in programs.values():
            stack.enter_context(program)
            wait(program)
        count = settings.count(requests)
        costs = measure.interleaved(programs, lambda program: tls_load(program.port, 64, count, *flags), settings.rounds)
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
                      "--close", of_peer=0.95)


def tls_resumed(settings: Settings) -> Result:
    return ended_here("tls-resumed", "A resumed handshake and one request per connection", settings, 8_000, "--resume",
                      of_peer=0.95)


def passed_through(settings: Settings, body: int, requests: int, connections: int, *flags: str) -> dict[str, dict]:
    with ExitStack() as stack:
        server = stack.enter_context(TlsNginx(body=body, core=1))
        programs: dict[str, Program] = {"nginx": PassNginx(server.port), "haproxy": PassHAProxy(server.port, False),
                                        "haproxy, splice": PassHAProxy(server.port, True)}
        if settings.sluice:
            programs["sluice"] = Sluice(pass_route(server.port))
        for program in programs.values():
            stack.enter_context(program)
            wait(program)
        count = settings.count(requests) if requests >= 1000 else requests
        return measure.interleaved(programs, lambda program: tls_load(program.port, connections, count, *flags),
                                   settings.rounds)


def pass_connections(settings: Settings) -> Result:
    costs = passed_through(settings, 128, 6_000, 64, "--close")
    rows = [[name, f"{cost['cpu_us']:.1f}", f"{cost['lowest']:.1f} – {cost['highest']:.1f}", f"{1e6 / cost['cpu_us']:,.0f}"]
            for name, cost in costs.items()]
    budgets = []
    if settings.sluice:
        best = min(cost["cpu_us"] for name, cost in costs.items() if name != "sluice")
        budgets.append(Budget("CPU per connection / best peer", costs["sluice"]["cpu_us"] / best, 1.0))
    return Result("pass-connections", "TLS passed through, a connection per request",
                  ["", "CPU µs/connection", "range", "connections per CPU second"], rows, budgets)


def pass_bulk(settings: Settings) -> Result:
    size = 64 * 1024 * 1024
    costs = passed_through(settings, size, 16, 4)
    per_gb = {name: cost["cpu_us"] / 1e6 * 1e9 / size for name, cost in costs.items()}
    rows = [[name, f"{value:.3f}", f"{1e9 / costs[name]['requests_per_second'] / size:.2f}"]
            for name, value in per_gb.items()]
    budgets = []
    if settings.sluice:
        best = min(value for name, value in per_gb.items() if name.startswith("haproxy"))
        budgets.append(Budget("CPU per GB / HAProxy's best mode", per_gb["sluice"] / best, 0.75))
    return Result("pass-bulk", "TLS passed through, replies of 64 MiB over four connections",
                  ["", "CPU s/GB", "seconds/GB"], rows, budgets)


def many_names(settings: Settings) -> Result:
    """10,000 SNI routes beside one: what a passed-through connection costs."""
    with ExitStack() as stack:
        server = stack.enter_context(TlsNginx(body=128, core=1))
        programs = {"1 route": stack.enter_context(Sluice(pass_route(server.port))),
                    "10,000 routes": stack.enter_context(Sluice(pass_route(server.port, 10_000)))}
        for program in programs.values():
            wait(program)
        count = settings.count(4_000)
        costs = measure.interleaved(programs, lambda program: tls_load(program.port, 64, count, "--close"),
                                    settings.rounds)
    ratio = costs["10,000 routes"]["cpu_us"] / costs["1 route"]["cpu_us"]
    return Result("pass-10000-names", f"10,000 names, {NAME} among them, passed through",
                  ["", "CPU µs/connection", "range"],
                  [[name, f"{cost['cpu_us']:.1f}", f"{cost['lowest']:.1f} – {cost['highest']:.1f}"]
                   for name, cost in costs.items()],
                  [Budget("CPU per connection, 10,000 names / 1 name", ratio, 1.1)])


TLS_SCENARIOS = {
    "tls-keep-alive": tls_keep_alive,
    "tls-full": tls_full,
    "tls-resumed": tls_resumed,
    "pass-connections": pass_connections,
    "pass-bulk": pass_bulk,
    "pass-10000-names": many_names,
}
TLS_WITHOUT_PEERS = {"pass-10000-names"}
