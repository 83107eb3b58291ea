"""The real binary as a child process: on ports of the kernel's choice, configured by files, watched to its end."""
from __future__ import annotations

import contextlib
import json
import os
import re
import resource
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from functools import lru_cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
TROUBLE = re.compile(r"(ERROR|WARNING|SUMMARY): \w*Sanitizer|runtime error:|broken invariant|Check failed",
                     re.IGNORECASE)


def binary() -> Path:
    return Path(os.environ.get("SLUICE_BINARY", ROOT / "build" / "release" / "sluice")).resolve()


@lru_cache
def is_sanitized() -> bool:
    """True for a build with ASan, UBSan or TSan: slower, larger, and talkative when something is wrong."""
    data = binary().read_bytes() if binary().exists() else b""
    return b"__asan_init" in data or b"__tsan_init" in data or b"__ubsan_handle" in data


def patience(seconds: float) -> float:
    """A bound on waiting for something that should happen at once; longer where everything is slower."""
    return seconds * (4 if is_sanitized() else 1)


class Sluice:
    """One process. `start` returns when every entry point accepts and the configuration is live in every worker.

    Each configuration carries a marker router on an entry point of its own, `probe`, that leads to a listener in this
    process; a configuration is live when its marker answers. So nothing ever sleeps for a guessed time.
    """

    def __init__(self, dynamic: dict | None = None, flags: list[str] | tuple = (), *, entry_points: dict | None = None,
                 workers: int = 1, level: str = "DEBUG", environment: dict | None = None,
                 descriptors: int | None = None,
                 prefix: tuple[str, ...] = (), program: Path | None = None):
        self.folder = Path(tempfile.mkdtemp(prefix="sluice-test-"))
        self.dynamic_folder = self.folder / "dynamic"
        self.dynamic_folder.mkdir()
        self.workers = workers
        self.lines: list[str] = []
        self.addresses: dict[str, tuple[str, int]] = {}
        self.process: subprocess.Popen | None = None
        self._news = threading.Condition()
        self._readers: list[threading.Thread] = []
        self._generation = 0
        self._dynamic = dynamic or {}
        self._beacon = Beacon()
        self._entry_points = {"web": "127.0.0.1:0", **(entry_points or {}), "probe": "127.0.0.1:0"}
        self._limit = descriptors
        self._environment = {**os.environ, **(environment or {})}
        self._environment.setdefault("ASAN_OPTIONS", "detect_leaks=1:abort_on_error=0:exitcode=99")
        self._environment.setdefault("UBSAN_OPTIONS", "print_stacktrace=1:halt_on_error=0")
        self._environment.setdefault("TSAN_OPTIONS", "halt_on_error=0:exitcode=66")
        defaults = [f"--entryPoints.{name}.address={address}" for name, address in self._entry_points.items()]
        defaults += [f"--entryPoints.{name}.transport.lifeCycle.graceTimeOut=2s" for name in self._entry_points]
        # Routers that name no entry point are not for the probe: they would see its questions.
        defaults += [f"--entryPoints.{name}.asDefault=true" for name in self._entry_points if name != "probe"]
        defaults += [f"--providers.file.directory={self.dynamic_folder}", f"--log.level={level}",
                     f"--workers={workers}"]
        given = {flag.split("=")[0].lower() for flag in flags}
        defaults = [flag for flag in defaults if flag.split("=")[0].lower() not in given]
        self.command = [*prefix, str(program or binary()), "run", *defaults, *flags]

    # Life

    def start(self) -> "Sluice":
        self._write(self._dynamic)
        limit = self._limit

        def lower_limit() -> None:
            if limit:
                resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))

        self.process = subprocess.Popen(self.command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                        errors="replace", cwd=self.folder, env=self._environment,
                                        preexec_fn=lower_limit)
        for stream in (self.process.stdout, self.process.stderr):
            reader = threading.Thread(target=self._read, args=(stream,), daemon=True)
            reader.start()
            self._readers.append(reader)
        for name in self._entry_points:
            line = self.wait_for_log(rf"entryPoint=\"?{re.escape(name)}\"?\s.*address=\"?[^\s\"]+:[1-9]\d*|"
                                     rf"address=\"?[^\s\"]+:[1-9]\d*.*entryPoint=\"?{re.escape(name)}\b", 20)
            address = re.search(r"address=\"?([^\s\"]+):(\d+)", line)
            self.addresses[name] = (address[1].strip("[]"), int(address[2]))
        self.wait_until_live()
        return self

    def stop(self) -> int:
        """SIGTERM, then the exit status. A process that does not end is killed and reported as -9."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.wait(15)

    def wait(self, seconds: float) -> int:
        try:
            self.process.wait(patience(seconds))
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        for reader in self._readers:
            reader.join(5)
        return self.process.returncode

    def discard(self) -> None:
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        for stream in (self.process.stdout, self.process.stderr) if self.process else ():
            stream.close()
        self._beacon.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def trouble(self) -> str:
        """What a sanitizer or a broken invariant wrote, or nothing."""
        for at, line in enumerate(self.lines):
            if TROUBLE.search(line):
                return "\n".join(self.lines[max(0, at - 2):at + 60])
        return ""

    @property
    def pid(self) -> int:
        return self.process.pid

    # Where it listens

    @property
    def web(self) -> tuple[str, int]:
        return self.addresses["web"]

    def address(self, entry_point: str) -> tuple[str, int]:
        return self.addresses[entry_point]

    # Configuration

    def configure(self, dynamic: dict) -> None:
        """Replaces the whole dynamic configuration, atomically, and returns when it is live."""
        self._write(dynamic)
        self.wait_until_live()

    def write_text(self, text: str, name: str = "dynamic.yml") -> None:
        """Replaces one file atomically and does not wait."""
        draft = self.folder / "draft"
        draft.write_text(text)
        draft.rename(self.dynamic_folder / name)

    def _write(self, dynamic: dict) -> None:
        self._generation += 1
        self._dynamic = dynamic
        name = f"marker-{self._generation}"
        rule = f"Path(`/{name}`)"
        marked = {key: dict(value) for key, value in dynamic.items()}
        section = marked.setdefault("http", {})
        section["routers"] = {**section.get("routers", {}),
                              name: {"rule": rule, "service": "beacon", "entryPoints": ["probe"], "priority": 1 << 40}}
        section["services"] = {**section.get("services", {}),
                               "beacon": {"loadBalancer": {"servers": [{"url": self._beacon.url}]}}}
        self.write_text(json.dumps(marked, indent=1))

    def wait_until_live(self, seconds: float = 10.0) -> None:
        wanted = 1 if self.workers == 1 else 8 * self.workers
        deadline = time.monotonic() + patience(seconds)
        hits = 0
        while hits < wanted:
            if self._marker_answers():
                hits += 1
                continue
            hits = 0
            if self.process.poll() is not None:
                raise AssertionError(f"the process ended with {self.process.returncode}\n{self.tail()}")
            if time.monotonic() > deadline:
                raise AssertionError(f"configuration {self._generation} did not become live\n{self.tail()}")
            time.sleep(0.005)

    def _marker_answers(self) -> bool:
        try:
            with socket.create_connection(self.addresses["probe"], patience(5)) as probe:
                probe.sendall(f"GET /marker-{self._generation} HTTP/1.1\r\nHost: probe\r\nConnection: close\r\n\r\n"
                              .encode())
                return probe.recv(4096).startswith(b"HTTP/1.1 204")
        except OSError:
            return False

    # The log

    def _read(self, stream) -> None:
        for line in stream:
            with self._news:
                self.lines.append(line.rstrip("\n"))
                self._news.notify_all()
        with self._news:
            self._news.notify_all()

    def wait_for_log(self, pattern: str, seconds: float = 10.0) -> str:
        """The first line that matches, which may be an old one."""
        expression = re.compile(pattern)
        deadline = time.monotonic() + patience(seconds)
        seen = 0
        with self._news:
            while True:
                for line in self.lines[seen:]:
                    if expression.search(line):
                        return line
                seen = len(self.lines)
                left = deadline - time.monotonic()
                ended = self.process.poll() is not None and not any(reader.is_alive() for reader in self._readers)
                if left <= 0 or ended:
                    raise AssertionError(f"no log line matches {pattern!r}\n{self.tail()}")
                self._news.wait(min(left, 0.2))

    def log(self, pattern: str) -> list[str]:
        expression = re.compile(pattern)
        return [line for line in self.lines if expression.search(line)]

    def tail(self, count: int = 25) -> str:
        return "\n".join(["-- last lines of the log:", *self.lines[-count:]])

    # What it uses

    def status(self, key: str) -> int:
        """A number of /proc/PID/status, such as VmRSS or VmHWM, in KiB."""
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith(key + ":"):
                return int(line.split()[1])
        raise KeyError(key)

    def in_memory(self, pieces: list[bytes]) -> list[bytes]:
        """Those that are somewhere in what the process may write to. The huge mappings are a sanitizer's books."""
        found: set[bytes] = set()
        with open(f"/proc/{self.pid}/maps", encoding="ascii") as maps, \
                open(f"/proc/{self.pid}/mem", "rb", buffering=0) as memory:
            for line in maps:
                span, rights, *_ = line.split()
                begin, end = (int(address, 16) for address in span.split("-"))
                if not rights.startswith("rw") or end - begin > 1 << 30:
                    continue
                with contextlib.suppress(OSError):  # gone since
                    memory.seek(begin)
                    data = memory.read(end - begin)
                    found.update(piece for piece in pieces if piece in data)
        return [piece for piece in pieces if piece in found]

    def cpu_seconds(self) -> float:
        fields = Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def descriptors(self) -> int:
        return len(os.listdir(f"/proc/{self.pid}/fd"))


class Beacon:
    """Answers 204 to everything and closes; what the marker routers lead to."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connected, _ = self._listener.accept()
            except OSError:
                return
            with connected:
                connected.settimeout(5)
                try:
                    if connected.recv(4096):
                        connected.sendall(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
                except OSError:
                    pass

    def close(self) -> None:
        try:
            self._listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._listener.close()
