"""What well-behaved clients notice of attackers on other connections: Sluice beside nginx and HAProxy."""
from __future__ import annotations

import statistics
import subprocess
from contextlib import ExitStack, contextmanager
from typing import Callable

from .http2 import SecureHAProxy, SecureNginx, SecureSluice, h2load
from .programs import OTHER_CORE, Backend, Program, build, pinned, raise_descriptors
from .scenarios import Budget, Result, Settings
from .tls_programs import tls_load
from .tls_scenarios import ending


@contextmanager
def attack(program: Program, name: str, *kind: str):
    """An attacker on the core of the load, from its first effect on."""
    attacker = subprocess.Popen([*pinned(OTHER_CORE), str(build("attacker", "-lssl", "-lcrypto")), str(program.port),
                                 name, *kind], stdout=subprocess.PIPE, preexec_fn=raise_descriptors)
    try:
        yield attacker
    finally:
        attacker.kill()
        attacker.communicate()


def beside(programs: dict[str, Program], settings: Settings, run: Callable[[Program], float],
           attacked: Callable[[Program], float]) -> dict[str, tuple[float, float]]:
    """Medians of `run` without and with an attack, in turns; the first round warms up."""
    calm: dict[str, list[float]] = {name: [] for name in programs}
    hit: dict[str, list[float]] = {name: [] for name in programs}
    for turn in range(settings.rounds + 1):
        for name, program in programs.items():
            calm[name].append(run(program))
            hit[name].append(attacked(program))
    return {name: (statistics.median(calm[name][1:]), statistics.median(hit[name][1:])) for name in programs}


def handshake_storm(settings: Settings) -> Result:
    count, storm = settings.count(150_000), 2_000

    def p99(program: Program) -> float:
        return tls_load(program.port, 64, count)["p99_us"]

    def p99_in_storm(program: Program) -> float:
        # Not waited for: the storm breaks loose while the established connections are at work.
        with attack(program, "tls.bench.test", "half-open", str(storm)):
            return p99(program)

    with ExitStack() as stack:
        backend = stack.enter_context(Backend(1024))
        programs = ending(backend, settings, stack)
        found = beside(programs, settings, p99, p99_in_storm)
    rows = [[name, f"{calm:,.0f}", f"{hit:,.0f}", f"{hit / calm:.2f}"] for name, (calm, hit) in found.items()]
    budgets = []
    if settings.sluice:
        calm, hit = found["sluice"]
        budgets.append(Budget("p99 in the storm / without", hit / calm, 2.0))
    return Result("handshake-storm", f"{storm:,} half-open handshakes beside 64 connections that are at work",
                  ["", "p99 µs", "p99 µs in the storm", "ratio"], rows, budgets,
                  ["One half of them sent a whole ClientHello, the other a half of one; what is closed is opened again."])


def rapid_reset(settings: Settings) -> Result:
    count = settings.count(60_000)

    def throughput(program: Program) -> float:
        reply = h2load(program, count)
        return reply["requests"] / reply["seconds"]

    def throughput_beside(program: Program) -> float:
        with attack(program, "bench.test", "rapid-reset") as attacker:
            attacker.stdout.readline()
            return throughput(program)

    with ExitStack() as stack:
        backend = stack.enter_context(Backend(1024))
        programs: dict[str, Program] = {"nginx": SecureNginx(backend.port), "haproxy": SecureHAProxy(backend.port)}
        if settings.sluice:
            programs["sluice"] = SecureSluice(backend.port)
        for program in programs.values():
            stack.enter_context(program)
            program.wait_for_h2()
        found = beside(programs, settings, throughput, throughput_beside)
    rows = [[name, f"{calm:,.0f}", f"{hit:,.0f}", f"{100 * (1 - hit / calm):.1f} %"]
            for name, (calm, hit) in found.items()]
    budgets = []
    if settings.sluice:
        calm, hit = found["sluice"]
        budgets.append(Budget("loss of throughput beside a rapid-reset attacker", 100 * (1 - hit / calm), 20.0, "%"))
    return Result("rapid-reset", "A rapid-reset attacker on one connection beside well-behaved clients of HTTP/2",
                  ["", "requests/s", "requests/s beside it", "loss"], rows, budgets,
                  ["The attacker connects again at once whenever its connection was ended."])


SCENARIOS = {"handshake-storm": handshake_storm, "rapid-reset": rapid_reset}
