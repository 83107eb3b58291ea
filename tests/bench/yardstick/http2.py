"""HTTP/2 over TLS from clients to a backend of HTTP/1.1: Sluice beside nginx, nghttpx and HAProxy, load by h2load."""
from __future__ import annotations

import re
import socket
import ssl
import subprocess
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from . import measure
from .programs import (OTHER_CORE, PROXY_CORE, Backend, HAProxy, Nginx, Program, Sluice, build, free_port, one_route,
                       pinned, raise_descriptors)
from .scenarios import Budget, Result, Settings

CONNECTIONS, STREAMS = 10, 32
PEERS = ("nginx", "nghttpx", "haproxy")


def certificate(folder: Path) -> tuple[Path, Path]:
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days",
                    "2", "-subj", "/CN=bench.test", "-addext", "subjectAltName=DNS:bench.test", "-keyout",
                    str(folder / "key.pem"), "-out", str(folder / "crt.pem")], check=True, capture_output=True)
    (folder / "both.pem").write_text((folder / "crt.pem").read_text() + (folder / "key.pem").read_text())
    return folder / "crt.pem", folder / "key.pem"


def secure(program: Program) -> ssl.SSLSocket:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_alpn_protocols(["h2"])
    return context.wrap_socket(socket.create_connection(("127.0.0.1", program.port), 30), server_hostname="bench.test")


class Waits:
    """A proxy that answers once it agrees on HTTP/2."""

    def wait_for_h2(self, seconds: float = 60.0) -> None:
        deadline = time.monotonic() + seconds
        while True:
            try:
                with secure(self) as probe:
                    if probe.selected_alpn_protocol() == "h2":
                        return
            except OSError:
                pass
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{self.name} speaks no h2\n{(self.folder / 'stderr').read_text()[-2000:]}")
            time.sleep(0.02)


class SecureNginx(Nginx, Waits):
    def launch(self, command, core, stdout=subprocess.PIPE):
        crt, key = certificate(self.folder)
        file = self.folder / "nginx.conf"
        file.write_text(file.read_text().replace(
            f"listen 127.0.0.1:{self.port} backlog=4096;",
            f"listen 127.0.0.1:{self.port} ssl http2 backlog=4096; ssl_certificate {crt}; ssl_certificate_key {key}; "
            "ssl_protocols TLSv1.2 TLSv1.3; http2_max_concurrent_streams 128;"))
        super().launch(command, core, stdout)


class GrpcNginx(SecureNginx):
    def launch(self, command, core, stdout=subprocess.PIPE):
        file = self.folder / "nginx.conf"
        file.write_text(file.read_text().replace(
            """proxy_pass http://backend; proxy_http_version 1.1; proxy_set_header Connection "";""",
            "grpc_pass grpc://backend;").replace("proxy_set_header", "grpc_set_header"))
        super().launch(command, core, stdout)


class GrpcBackend(Program):
    """Answers every unary call with a message of so many bytes, over h2c."""

    name = "gRPC server"

    def __init__(self, size: int):
        super().__init__()
        self.launch([str(build("grpc_backend", "-lnghttp2")), str(size)], OTHER_CORE)
        self.read_port()


class SecureHAProxy(HAProxy, Waits):
    def launch(self, command, core, stdout=subprocess.PIPE):
        certificate(self.folder)
        file = self.folder / "haproxy.cfg"
        file.write_text(file.read_text().replace(
            f"bind 127.0.0.1:{self.port} backlog 4096",
            f"bind 127.0.0.1:{self.port} ssl crt {self.folder / 'both.pem'} alpn h2,http/1.1 backlog 4096"))
        super().launch(command, core, stdout)


class Nghttpx(Program, Waits):
    """One worker, no access log."""

    name = "nghttpx"

    def __init__(self, backend: int):
        super().__init__()
        self.port = free_port()
        crt, key = certificate(self.folder)
        self.launch(["nghttpx", "--conf=/dev/null", f"--frontend=127.0.0.1,{self.port}", f"--backend=127.0.0.1,{backend}",
                     "--workers=1", "--single-process", "--errorlog-file=/dev/stderr", "--accesslog-file=",
                     "--frontend-http2-max-concurrent-streams=128", str(key), str(crt)], PROXY_CORE)


class SecureSluice(Sluice, Waits):
    def __init__(self, backend: int, core: int | None = PROXY_CORE, scheme: str = "http"):
        folder = Path(tempfile.mkdtemp(prefix="sluice-bench-"))
        crt, key = certificate(folder)
        dynamic = one_route(backend)
        dynamic["http"]["services"]["app"]["loadBalancer"]["servers"][0]["url"] = f"{scheme}://127.0.0.1:{backend}"
        dynamic["http"]["routers"]["web"]["tls"] = {"options": "default"}
        dynamic["tls"] = {"options": {"default": {"minVersion": "VersionTLS12"}},
                          "stores": {"default": {"defaultCertificate": {"certFile": str(crt), "keyFile": str(key)}}}}
        super().__init__(dynamic, core)


def h2load(program: Program, requests: int, *more: str) -> dict:
    """Exactly that many requests over TLS 1.3 with AES-128-GCM; raises when one of them failed."""
    done = subprocess.run([*pinned(OTHER_CORE), "h2load", f"-n{requests}", f"-c{CONNECTIONS}", f"-m{STREAMS}", "-t1",
                           f"https://bench.test:{program.port}/", f"--connect-to=127.0.0.1:{program.port}",
                           "--tls13-ciphers=TLS_AES_128_GCM_SHA256", "--groups=X25519", *more],
                          capture_output=True, text=True, timeout=900, preexec_fn=raise_descriptors)
    text = done.stdout
    if "Cipher: TLS_AES_128_GCM_SHA256" not in text:
        raise RuntimeError(f"{program.name} speaks something else: {text[-1500:]} {done.stderr[-500:]}")
    good = re.search(r"(\d+) succeeded, (\d+) failed, (\d+) errored", text)
    time_taken = re.search(r"finished in ([\d.]+)(ms|s|us),", text)
    middle = re.search(r"time for request: +\S+ +(\S+) +(\S+)", text)
    if not good or int(good[1]) != requests or not time_taken:
        raise RuntimeError(f"h2load of {program.name} failed: {text[-1500:]} {done.stderr[-500:]}")
    seconds = float(time_taken[1]) * {"s": 1, "ms": 1e-3, "us": 1e-6}[time_taken[2]]

    def micros(value: str) -> float:
        found = re.fullmatch(r"([\d.]+)(us|ms|s)", value)
        return float(found[1]) * {"us": 1, "ms": 1e3, "s": 1e6}[found[2]]

    return {"requests": requests, "seconds": seconds, "p50_us": micros(middle[2]), "p99_us": micros(middle[1])}


def against_peers(scenario: str, title: str, settings: Settings, body: int, requests: int, of_peer: float) -> Result:
    with ExitStack() as stack:
        backend = stack.enter_context(Backend(body))
        programs: dict[str, Program] = {"nginx": SecureNginx(backend.port), "nghttpx": Nghttpx(backend.port),
                                        "haproxy": SecureHAProxy(backend.port)}
        if settings.sluice:
            programs["sluice"] = SecureSluice(backend.port)
        costs = in_turns(stack, programs, settings, requests)
    return table(scenario, title, costs, of_peer)


def in_turns(stack: ExitStack, programs: dict[str, Program], settings: Settings, requests: int, *more: str) -> dict:
    for program in programs.values():
        stack.enter_context(program)
        program.wait_for_h2()
    count = settings.count(requests)
    return measure.interleaved(programs, lambda program: h2load(program, count, *more), settings.rounds)


def table(scenario: str, title: str, costs: dict[str, dict], of_peer: float) -> Result:
    best = min(costs[name]["cpu_us"] for name in PEERS if name in costs)
    rows = [[name, f"{cost['cpu_us']:.1f}", f"{cost['lowest']:.1f} – {cost['highest']:.1f}",
             f"{cost['cpu_us'] / best:.2f}", f"{cost['requests_per_second']:,.0f}",
             f"{cost['p50_us']:.0f} / {cost['p99_us']:.0f}"] for name, cost in costs.items()]
    budgets = []
    if "sluice" in costs:
        budgets.append(Budget("CPU per request / best peer", costs["sluice"]["cpu_us"] / best, of_peer))
    return Result(scenario, title, ["", "CPU µs/request", "range", "× best peer", "requests/s", "mean / max µs"], rows,
                  budgets)


def h2_1k(settings: Settings) -> Result:
    return against_peers("h2-1k", f"HTTP/2 over TLS, {CONNECTIONS} connections × {STREAMS} streams, 1 KiB replies",
                         settings, 1024, 100_000, 0.90)


def h2_100k(settings: Settings) -> Result:
    return against_peers("h2-100k", f"HTTP/2 over TLS, {CONNECTIONS} connections × {STREAMS} streams, 100 KiB replies",
                         settings, 100 * 1024, 20_000, 1.0)


def grpc_unary(settings: Settings) -> Result:
    """Unary calls, h2 over TLS to h2c: a message of 100 bytes each way, the status in trailers."""
    with ExitStack() as stack:
        backend = stack.enter_context(GrpcBackend(100))
        programs: dict[str, Program] = {"nginx": GrpcNginx(backend.port)}
        if settings.sluice:
            programs["sluice"] = SecureSluice(backend.port, scheme="h2c")
        call = backend.folder / "call"
        call.write_bytes(b"\0\0\0\0\x64" + b"x" * 100)
        costs = in_turns(stack, programs, settings, 60_000, f"--data={call}", "--header=content-type: application/grpc",
                         "--header=te: trailers")
    return table("grpc-unary", f"gRPC unary calls, {CONNECTIONS} connections × {STREAMS} streams, HTTP/2 to HTTP/2",
                 costs, 0.90)


def h2_idle(settings: Settings) -> Result:
    """Memory of connections that have had one answer each and are open."""
    count = max(200, int(2000 * min(1.0, settings.scale)))
    rows, budgets = [], []
    with Backend(1024) as backend, SecureSluice(backend.port, None) as program:
        program.wait_for_h2()

        def hold(number: int) -> list[ssl.SSLSocket]:
            held = []
            for _ in range(number):
                connection = secure(program)
                # Preface, SETTINGS, and a request from HPACK's static table.
                connection.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0\0\0\x0f\1\5\0\0\0\1\x82\x87\x84"
                                   b"\x41\x0abench.test")
                data = b""
                while b"x" * 100 not in data and len(data) < 1024:
                    data += connection.recv(65536)
                held.append(connection)
            return held

        warm = hold(50)
        before = measure.user_memory(program.pid)
        held = hold(count)
        each = (measure.user_memory(program.pid) - before) / count
        for connection in held + warm:
            connection.close()
        rows.append(["sluice", f"{each:,.0f}", f"{count:,}"])
        budgets.append(Budget("user memory per idle connection", each, 44 * 1024, "bytes"))
    return Result("h2-idle", f"{count:,} idle connections of HTTP/2 over TLS", ["", "bytes of user memory each", "opened"],
                  rows, budgets)


SCENARIOS = {"h2-1k": h2_1k, "h2-100k": h2_100k, "h2-idle": h2_idle, "grpc-unary": grpc_unary}
