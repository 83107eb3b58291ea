"""What middlewares cost: a chain of small ones, compressing beside nginx, many rate-limited sources, forwardAuth."""
from __future__ import annotations

import contextlib
import random
import socket
import statistics
import threading
from contextlib import ExitStack
from pathlib import Path

from . import measure
from .programs import OUT, Backend, Nginx, Sluice, load, one_route
from .scenarios import Budget, Result, Settings

MEGABYTE = 1_000_000
BROTLI_MODULES = Path("/usr/lib/nginx/modules")
# The levels of middleware/encoders.cpp.
LEVELS = {"gzip": 6, "br": 6}


def with_middlewares(backend: int, middlewares: dict, **more) -> dict:
    dynamic = one_route(backend)
    dynamic["http"]["routers"]["web"]["middlewares"] = list(middlewares)
    dynamic["http"]["middlewares"] = middlewares
    for section, objects in more.items():
        dynamic["http"][section].update(objects)
    return dynamic


def cpu_table(costs: dict[str, dict]) -> list[list]:
    return [[name, f"{cost['cpu_us']:.2f}", f"{cost['lowest']:.2f} – {cost['highest']:.2f}"]
            for name, cost in costs.items()]


def chain(settings: Settings) -> Result:
    small = {"strip": {"stripPrefix": {"prefixes": ["/app"]}},
             "fields": {"headers": {"customRequestHeaders": {"X-One": "1"}, "customResponseHeaders": {"X-Two": "2"}}},
             "allow": {"ipAllowList": {"sourceRange": ["127.0.0.0/8", "10.0.0.0/8"]}},
             "limit": {"rateLimit": {"average": 100_000_000, "burst": 100_000_000}}}
    targets = OUT / "chain"
    with ExitStack() as stack:
        backend = stack.enter_context(Backend(1024))
        targets.write_text("bench.test /app/x\n")
        programs = {"without": stack.enter_context(Sluice(one_route(backend.port))),
                    "stripPrefix, headers, ipAllowList, rateLimit":
                        stack.enter_context(Sluice(with_middlewares(backend.port, small)))}
        for program in programs.values():
            program.wait_until_it_answers(path="/app/x")
        count = settings.count(120_000)
        costs = measure.interleaved(programs, lambda program: load(program.port, 64, count, targets=targets),
                                    settings.rounds)
    bare, full = (cost["cpu_us"] for cost in costs.values())
    return Result("middleware-chain", "A chain of four small middlewares", ["", "CPU µs/request", "range"],
                  cpu_table(costs), [Budget("CPU added per request", full - bare, 0.5, "µs")])


def forward_auth(settings: Settings) -> Result:
    with ExitStack() as stack:
        backend = stack.enter_context(Backend(1024))
        auth = stack.enter_context(Backend(0))
        plain = stack.enter_context(Sluice(one_route(backend.port)))
        asked = stack.enter_context(Sluice(one_route(auth.port)))
        guarded = stack.enter_context(Sluice(with_middlewares(
            backend.port, {"auth": {"forwardAuth": {"address": f"http://127.0.0.1:{auth.port}/"}}})))
        programs = {"the request alone": plain, "the question alone": asked, "the request behind forwardAuth": guarded}
        for program in programs.values():
            program.wait_until_it_answers()
        count = settings.count(80_000)
        costs = measure.interleaved(programs, lambda program: load(program.port, 64, count), settings.rounds)
    request, question, both = (cost["cpu_us"] for cost in costs.values())
    return Result("forward-auth", "forwardAuth beside the same two requests made plainly",
                  ["", "CPU µs/request", "range"], cpu_table(costs),
                  [Budget("CPU of forwardAuth / the two requests", both / (request + question), 1.1)])


def rate_limit_sources(settings: Settings) -> Result:
    sources = 100_000
    lines = [f"s{i}.bench.test /" for i in range(sources)]
    random.Random(1).shuffle(lines)
    targets = OUT / "rate-limit-sources"
    targets.write_text("\n".join(lines) + "\n")
    # Slow enough that no bucket is full again before the last one is made.
    limit = {"limit": {"rateLimit": {"average": 1, "period": "1m", "burst": 100,
                                     "sourceCriterion": {"requestHost": True}}}}
    with Backend(64) as backend, Sluice(with_middlewares(backend.port, limit)) as program:
        program.wait_until_it_answers()
        warm = OUT / "rate-limit-warm"
        warm.write_text("".join(f"w{i}.bench.test /\n" for i in range(2000)))
        load(program.port, 64, 2000, targets=warm)  # pools and connections are there afterwards
        before = measure.user_memory(program.pid)
        load(program.port, 64, sources, targets=targets)
        after = measure.user_memory(program.pid)
    grown = (after - before) / (1 << 20)
    return Result("rate-limit-sources", "100,000 rate-limited sources", ["", "MiB"],
                  [["user memory before", f"{before / (1 << 20):.1f}"], ["grown by", f"{grown:.1f}"]],
                  [Budget("user memory for 100,000 sources", grown, 16, "MiB")])


# Compressing


def page(size: int) -> bytes:
    """Text with the redundancy of a page: words of a small vocabulary between tags."""
    rng = random.Random(7)
    words = ["".join(rng.choices("etaoinshrdlu", k=rng.randint(2, 9))) for _ in range(3000)]
    out, length = [], 0
    while length < size:
        line = f"<p class=\"{rng.choice(words)}\">" + " ".join(rng.choices(words, k=12)) + "</p>\n"
        out.append(line)
        length += len(line)
    return "".join(out).encode()[:size]


class Pages:
    """A server of one large text, on threads of this process."""

    def __init__(self, body: bytes):
        self.reply = (b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n" % len(body)) + body
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                connected, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connected,), daemon=True).start()

    def _serve(self, connected: socket.socket) -> None:
        received = b""
        with connected, contextlib.suppress(ConnectionError):  # who only wants the head closes early
            while data := connected.recv(65536):
                received += data
                while b"\r\n\r\n" in received:
                    _, _, received = received.partition(b"\r\n\r\n")
                    connected.sendall(self.reply)

    def __enter__(self) -> "Pages":
        return self

    def __exit__(self, *_) -> None:
        self.listener.close()


def fetch_encoded(port: int, encoding: str, count: int) -> int:
    """That many answers, a connection each; the encoded bytes of one of them."""
    size = 0
    for _ in range(count):
        with socket.create_connection(("127.0.0.1", port), 60) as client:
            client.sendall(f"GET / HTTP/1.1\r\nHost: bench.test\r\nAccept-Encoding: {encoding}\r\n"
                           "Connection: close\r\n\r\n".encode())
            size, head = 0, b""
            while data := client.recv(1 << 18):
                size += len(data)
                head = head or data
            if f"content-encoding: {encoding}".encode() not in head.lower():
                raise RuntimeError(f"not encoded: {head[:300]!r}")
    return size


def nginx_with(encoding: str, backend: int) -> Nginx | None:
    level = LEVELS[encoding]
    if encoding == "gzip":
        return Nginx(backend, http=f"gzip on; gzip_comp_level {level}; gzip_proxied any; gzip_types text/html;")
    module = BROTLI_MODULES / "ngx_http_brotli_filter_module.so"
    if not module.exists():
        return None
    return Nginx(backend, http=f"brotli on; brotli_comp_level {level}; brotli_types text/html;",
                 main=f"load_module {module};")


def compress(settings: Settings) -> Result:
    body = page(4 * MEGABYTE)
    count = max(4, int(20 * settings.scale))
    rows, budgets, notes = [], [], []
    for encoding in LEVELS:
        with ExitStack() as stack:
            pages = stack.enter_context(Pages(body))
            programs = {"sluice": Sluice(with_middlewares(pages.port, {"small": {"compress": {
                "encodings": [encoding]}}}))}
            peer = nginx_with(encoding, pages.port)
            if peer is None:
                notes.append(f"nginx has no module for {encoding} here (libnginx-mod-http-brotli-filter).")
            else:
                programs["nginx"] = peer
            costs: dict[str, list[float]] = {name: [] for name in programs}
            sizes: dict[str, int] = {}
            for program in programs.values():
                stack.enter_context(program)
                program.wait_until_it_answers()
            for turn in range(settings.rounds + 1):
                for name, program in programs.items():
                    before = measure.cpu_seconds(program.pid)
                    sizes[name] = fetch_encoded(program.port, encoding, count)
                    if turn:
                        spent = measure.cpu_seconds(program.pid) - before
                        costs[name].append(spent * 1000 / (count * len(body) / MEGABYTE))
            for name, each in costs.items():
                rows.append([f"{name}, {encoding} at level {LEVELS[encoding]}", f"{statistics.median(each):.2f}",
                             f"{sizes[name] / len(body):.3f}"])
            if peer is not None:
                ratio = statistics.median(costs["sluice"]) / statistics.median(costs["nginx"])
                budgets.append(Budget(f"CPU per MB of {encoding} / nginx", ratio, 1.0))
    return Result("compress", "Compressing pages of 4 MB", ["", "CPU ms/MB", "encoded / plain"], rows, budgets, notes)


SCENARIOS = {"middleware-chain": chain, "forward-auth": forward_auth, "rate-limit-sources": rate_limit_sources,
             "compress": compress}
