"""acme: certificates from a real CA (Pebble): how soon they are there, what they cost while nothing happens, and what
obtaining them does to the requests of others."""
from __future__ import annotations

import base64
import json
import os
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path

from . import measure
from .docker_live import Unavailable
from .programs import OTHER_CORE, PROXY_CORE, ROOT, Backend, Sluice, load, one_route
from .scenarios import Budget, Result, Settings

sys.path.append(str(ROOT / "tests" / "integration"))
from framework.acme import CertificateAuthority  # noqa: E402
from framework.pebble import Pebble, installed  # noqa: E402

NAMES, STORED, ISSUED, CHANGES = 20, 1000, 200, 200
ACME = "--certificatesResolvers.le.acme"


def lasting_port() -> int:
    """One that the kernel does not give to somebody's connection before we listen there."""
    for port in random.sample(range(20_000, 32_000), 100):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue
    raise RuntimeError("no port is free")


def flags(folder: Path, port: int, directory: str, trust: Path) -> tuple[str, ...]:
    return (f"{ACME}.caServer={directory}", f"{ACME}.caCertificates={trust}", f"{ACME}.storage={folder}/acme.json",
            f"{ACME}.keyType=EC256", f"{ACME}.selfCheck=false", f"{ACME}.httpChallenge.entryPoint=challenge",
            f"--entryPoints.challenge.address=127.0.0.1:{port}", "--entryPoints.secure.address=127.0.0.1:0")


def routes(backend: int, hosts: list[str]) -> dict:
    """The route of the load, and a router with a certificate for each of the hosts."""
    dynamic = one_route(backend)
    dynamic["http"]["routers"]["web"]["entryPoints"] = ["web"]
    for host in hosts:
        dynamic["http"]["routers"][host] = {"rule": f"Host(`{host}`)", "service": "app", "entryPoints": ["secure"],
                                            "tls": {"certResolver": "le"}}
    return dynamic


@contextmanager
def edge(backend: int, hosts: list[str], ca=None, certificates: list[dict] | None = None, beside_load: bool = False):
    """(Sluice, its folder) with a Pebble of its own. `beside_load`: it runs when nobody else wants to."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sluice-bench-")))
        port = lasting_port()
        if ca is None:
            ca = Pebble(port, 1)
            stack.callback(ca.close)
            ca.start()
            for process in ca.processes if beside_load else ():
                os.sched_setscheduler(process.pid, os.SCHED_IDLE, os.sched_param(0))
        if certificates:
            (folder / "acme.json").write_text(json.dumps({"le": {"Account": None, "Certificates": certificates}}))
            (folder / "acme.json").chmod(0o600)
        trust = ca.trust if isinstance(ca, Pebble) else ca.trust_file
        program = stack.enter_context(Sluice(routes(backend, hosts), flags=flags(folder, port, ca.directory, trust)))
        yield program, folder


def obtained(folder: Path) -> list[dict]:
    """The certificates in the storage."""
    try:
        document = json.loads((folder / "acme.json").read_text() or "{}")
    except (OSError, ValueError):
        return []
    return (document.get("le") or {}).get("Certificates") or []


def wait(condition, what: str, program: Sluice, seconds: float = 300.0) -> float:
    """Seconds until it was true."""
    began = time.monotonic()
    while not condition():
        if time.monotonic() - began > seconds:
            raise RuntimeError(f"{what}: not within {seconds:.0f} s\n{program.log()[-3000:]}")
        time.sleep(0.005)
    return time.monotonic() - began


def twenty_names(backend: int, rounds: int) -> tuple[float, float]:
    """Median seconds from the change of a file to the storage: 20 names in one certificate, and in one each. The
    account is new each time."""
    together, apart = [], []
    hosts = [f"n{number}.test" for number in range(NAMES)]
    for _ in range(rounds):
        with edge(backend, []) as (program, folder):
            dynamic = routes(backend, hosts[:1])
            dynamic["http"]["routers"][hosts[0]]["rule"] = " || ".join(f"Host(`{host}`)" for host in hosts)
            program.write(dynamic)
            together.append(wait(lambda: len(obtained(folder)) == 1, "a certificate for 20 names", program))
        with edge(backend, []) as (program, folder):
            program.write(routes(backend, hosts))
            apart.append(wait(lambda: len(obtained(folder)) == NAMES, "20 certificates", program))
    return statistics.median(together), statistics.median(apart)


def stored_certificates(folder: Path, hosts: list[str]) -> list[dict]:
    """Good for two months, with one key: what counts is their number."""
    key = folder / "key.pem"
    subprocess.run(["openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", str(key)], check=True)
    made = []
    for host in hosts:
        text = subprocess.run(["openssl", "req", "-x509", "-key", str(key), "-days", "60", "-subj", "/CN=x", "-addext",
                               f"subjectAltName=DNS:{host}"], check=True, capture_output=True).stdout
        made.append({"domain": {"main": host}, "certificate": base64.b64encode(text).decode(),
                     "key": base64.b64encode(key.read_bytes()).decode(), "Store": "default"})
    return made


def idle(backend: int, seconds: int) -> tuple[float, float]:
    """Percent of a core over `seconds`, and the milliseconds of the half second that cost most: a renewal check is made
    every minute at least."""
    hosts = [f"h{number}.test" for number in range(STORED)]
    with tempfile.TemporaryDirectory(prefix="sluice-bench-") as folder:
        certificates = stored_certificates(Path(folder), hosts)
    with edge(backend, hosts, certificates=certificates) as (program, _):
        program.wait_until_it_answers()
        time.sleep(5)  # the start is over
        began, first = time.monotonic(), measure.cpu_seconds(program.pid)
        last, most = first, 0.0
        while time.monotonic() - began < seconds:
            time.sleep(0.5)
            now = measure.cpu_seconds(program.pid)
            last, most = now, max(most, now - last)
        return (last - first) / (time.monotonic() - began) * 100, most * 1000


def busiest_thread(program: Sluice, run) -> int:
    def spent() -> dict[int, int]:
        tasks = Path(f"/proc/{program.pid}/task")
        return {int(task.name): int((task / "schedstat").read_text().split()[0]) for task in tasks.iterdir()}

    before = spent()
    run()
    after = spent()
    return max(after, key=lambda thread: after[thread] - before.get(thread, 0))


def in_real_time(*processes: int) -> None:
    """Nothing else that this machine does keeps these from running: it is not what is measured."""
    for process in processes:
        os.sched_setscheduler(process, os.SCHED_FIFO, os.sched_param(1))


def issuing(backend: Backend, settings: Settings, apart: bool) -> dict[str, list[dict]]:
    """Load before, while and after 200 certificates are obtained. A part lasts longer than the ten seconds in which the
    client spends its budget of orders, so that each has its share of them. `apart`: the worker has a core, and what
    obtains certificates is on the other, with the load and the CA; else all threads of Sluice share one core."""
    parts: dict[str, list[dict]] = {"before": [], "meanwhile": [], "after": []}
    connections = 2  # no core is busy all the time
    with edge(backend.port, [], beside_load=True) as (program, folder):
        program.wait_until_it_answers()

        def ask(count: int) -> dict:
            return load(program.port, connections, count)

        worker = busiest_thread(program, lambda: ask(20_000))
        try:
            if apart:
                for task in Path(f"/proc/{program.pid}/task").iterdir():
                    os.sched_setaffinity(int(task.name), {PROXY_CORE if int(task.name) == worker else OTHER_CORE})
                in_real_time(worker, backend.pid, 0)
            trial = ask(20_000)
            count = max(1000, int(12 * settings.scale * trial["requests"] / trial["seconds"]))
            parts["before"] += [ask(count) for _ in range(3)]
            program.write(routes(backend.port, [f"i{number}.test" for number in range(ISSUED)]))
            while len(obtained(folder)) < ISSUED:
                part = ask(count)
                if len(obtained(folder)) < ISSUED:  # else the last one saw too little of it
                    parts["meanwhile"].append(part)
            parts["after"] += [ask(count) for _ in range(3)]
        finally:
            os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
    return parts


def p99_of(parts: dict[str, list[dict]]) -> tuple[dict[str, float], float]:
    """Medians of the p99 of each kind of part, and by how many percent it moved."""
    p99 = {name: statistics.median(part["p99_us"] for part in some) for name, some in parts.items()}
    return p99, (p99["meanwhile"] / statistics.mean((p99["before"], p99["after"])) - 1) * 100


def orders_of_a_failing_name(backend: int) -> int:
    """Orders after 200 changes of the configuration, while the CA finds nobody at the name."""
    ca = CertificateAuthority()
    try:
        ca.serve(1, 1)
        with edge(backend, ["failing.test"], ca) as (program, _):
            wait(lambda: "could not be obtained" in program.log(), "the name fails", program)
            for number in range(CHANGES):
                dynamic = routes(backend, ["failing.test"])
                dynamic["http"]["routers"]["web"]["rule"] = f"Host(`c{number}.test`)"
                program.write(dynamic)
                time.sleep(0.02)
            time.sleep(2)
            return ca.proxy.count("POST /order-plz")
    finally:
        ca.close()


def acme(settings: Settings) -> Result:
    if not installed("pebble", "pebble-challtestsrv"):
        raise Unavailable("pebble is not installed")
    with Backend(1024) as backend:
        together, apart = twenty_names(backend.port, 3)
        share, check = idle(backend.port, 70)
        p99, moved = p99_of(issuing(backend, settings, apart=True))
        p99_shared, _ = p99_of(issuing(backend, settings, apart=False))
        orders = orders_of_a_failing_name(backend.port)
    rows = [["20 names in one certificate, s", f"{together:.2f}"], ["20 certificates, s", f"{apart:.2f}"],
            [f"CPU while idle with {STORED:,} certificates, %", f"{share:.2f}"],
            ["the half second of it that cost most, ms of CPU", f"{check:.1f}"],
            ["p99 before / while / after obtaining, worker on a core of its own, µs",
             " / ".join(f"{value:.0f}" for value in p99.values())],
            ["the same with all threads on one core, µs", " / ".join(f"{value:.0f}" for value in p99_shared.values())],
            [f"orders after {CHANGES} changes while a name fails", str(orders)]]
    return Result("acme", "Certificates from Pebble", ["", ""], rows,
                  [Budget("20 names in one certificate", together, 2, "s"), Budget("20 certificates", apart, 2, "s"),
                   Budget(f"CPU while idle with {STORED:,} certificates", share, 0.5, "%"),
                   Budget("a renewal check costs at most", check, 50, "ms"),
                   Budget(f"p99 moved by obtaining {ISSUED} certificates", moved, 5, "%"),
                   Budget("orders of a name that fails", orders, 1)],
                  ["From the write of the file to the storage; a new account each, EC256 keys, Pebble without its delays.",
                   "The load is 2 connections that ask all the time; Pebble runs beside it only when nobody else wants to. "
                   f"{ISSUED} certificates take a minute because of the client's own limit of 30 orders in 10 s. For the "
                   "first row of p99 worker, backend and load run in real time: what else the machine does is left out."])


SCENARIOS = {"acme": acme}
