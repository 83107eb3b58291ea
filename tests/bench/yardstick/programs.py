"""Everything that runs during a measurement: the proxies, the backend, the load. All on loopback, all bounded."""
from __future__ import annotations

import json
import os
import re
import resource
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent
ROOT = HERE.parents[1]
OUT = ROOT / "build" / "bench"
PROXY_CORE, OTHER_CORE = 0, 1
DESCRIPTORS = 1 << 17


def sluice_binary() -> Path:
    return Path(os.environ.get("SLUICE_BINARY", ROOT / "build" / "release" / "sluice")).resolve()


def build(name: str, *flags: str) -> Path:
    """Compiles tests/bench/NAME.cpp when it is newer than its program."""
    source, program = HERE / f"{name}.cpp", OUT / (name + ("-static" if "-static" in flags else ""))
    libraries = [flag for flag in flags if flag.startswith("-l")]
    flags = tuple(flag for flag in flags if flag not in libraries)
    OUT.mkdir(parents=True, exist_ok=True)
    newest = max(file.stat().st_mtime for file in (source, *HERE.glob("*.h")))
    if not program.exists() or program.stat().st_mtime < newest:
        subprocess.run(["g++", "-std=c++20", "-O2", "-Wall", "-Wextra", *flags, str(source), "-o", str(program),
                        *libraries], check=True)
    return program


def pinned(core: int | None) -> list[str]:
    return ["taskset", "-c", str(core)] if core is not None and (os.cpu_count() or 1) > 1 else []


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def raise_descriptors() -> None:
    """As many as this machine allows, up to DESCRIPTORS."""
    for limit in (DESCRIPTORS, resource.getrlimit(resource.RLIMIT_NOFILE)[1]):
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
            return
        except (ValueError, OSError):
            continue


class Program:
    """A child process with a folder of its own. `port` is where it listens."""

    name = "program"

    def __init__(self) -> None:
        self.port = 0
        self.process: subprocess.Popen | None = None
        self.folder = Path(tempfile.mkdtemp(prefix="sluice-bench-"))

    def launch(self, command: list[str], core: int | None, stdout=subprocess.PIPE) -> None:
        log = open(self.folder / "stderr", "wb")
        self.process = subprocess.Popen(pinned(core) + command, stdout=stdout, stderr=log, cwd=self.folder,
                                        preexec_fn=raise_descriptors)
        log.close()

    def read_port(self) -> None:
        line = self.process.stdout.readline().decode()
        self.port = int(line.split()[1])

    def wait_until_it_answers(self, host: str = "bench.test", path: str = "/", seconds: float = 60.0) -> None:
        deadline = time.monotonic() + seconds
        while status(self.port, host, path) != 200:
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{self.name} does not answer\n{(self.folder / 'stderr').read_text()[-2000:]}")
            time.sleep(0.005)

    @property
    def pid(self) -> int:
        return self.process.pid

    def stop(self) -> None:
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        if self.process and self.process.stdout:
            self.process.stdout.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


def status(port: int, host: str, path: str = "/") -> int:
    """The status of one request on a connection of its own; 0 when there was none."""
    try:
        with socket.create_connection(("127.0.0.1", port), 30) as probe:
            probe.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
            return int(probe.recv(4096)[9:12] or 0)
    except (OSError, ValueError):
        return 0


class Backend(Program):
    name = "backend"

    def __init__(self, body_bytes: int, core: int | None = OTHER_CORE):
        super().__init__()
        self.launch([str(build("backend")), str(body_bytes)], core)
        self.read_port()


class Floor(Program):
    """The relay that parses nothing."""

    name = "floor"

    def __init__(self, backend: int, close: bool = False):
        super().__init__()
        self.launch([str(build("floor_relay")), str(backend), *(["--close"] if close else [])], PROXY_CORE)
        self.read_port()


class Nginx(Program):
    """One worker, upstream keep-alive, no access log, buffers that hold a 100 KiB reply without a file."""

    name = "nginx"

    def __init__(self, backend: int, core: int | None = PROXY_CORE, prefix: tuple[str, ...] = (),
                 single_process: bool = False, http: str = "", main: str = ""):
        super().__init__()
        self.port = free_port()
        os.chmod(self.folder, 0o755)
        (self.folder / "nginx.conf").write_text(f"""
{main}
daemon off; {'master_process off;' if single_process else ''} worker_processes 1; pid {self.folder}/pid;
error_log {self.folder}/error.log;
events {{ worker_connections 30000; multi_accept on; }}
http {{
  {http}
  access_log off; keepalive_requests 1000000000; keepalive_timeout 600s; server_tokens off; tcp_nodelay on;
  client_body_temp_path {self.folder}/t1; proxy_temp_path {self.folder}/t2; fastcgi_temp_path {self.folder}/t3;
  uwsgi_temp_path {self.folder}/t4; scgi_temp_path {self.folder}/t5;
  upstream backend {{ server 127.0.0.1:{backend}; keepalive 1000; keepalive_requests 1000000000; }}
  server {{
    listen 127.0.0.1:{self.port} backlog=4096;
    location / {{
      proxy_pass http://backend; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_buffer_size 64k; proxy_buffers 4 64k; proxy_busy_buffers_size 128k;
      proxy_set_header Host $http_host; proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_set_header X-Real-Ip $remote_addr; proxy_set_header X-Forwarded-Proto $scheme;
      proxy_set_header X-Forwarded-Host $http_host; proxy_set_header X-Forwarded-Port $server_port;
      proxy_set_header X-Forwarded-Server $hostname;
    }}
  }}
}}
""")
        self.launch([*prefix, "nginx", "-p", str(self.folder), "-c", str(self.folder / "nginx.conf"),
                     "-e", str(self.folder / "error.log")], core)


class HAProxy(Program):
    """One thread, http-reuse always, splice automatic, no log."""

    name = "haproxy"
    most = 7500  # connections; HAProxy wants two descriptors and a share of a pipe for each, and checks at start

    def __init__(self, backend: int, core: int | None = PROXY_CORE, prefix: tuple[str, ...] = ()):
        super().__init__()
        self.port = free_port()
        (self.folder / "haproxy.cfg").write_text(f"""
global
  nbthread 1
  maxconn {self.most}
defaults
  mode http
  timeout client 600s
  timeout server 600s
  timeout connect 5s
  timeout http-keep-alive 600s
  option http-keep-alive
  option splice-auto
  http-reuse always
frontend web
  bind 127.0.0.1:{self.port} backlog 4096
  option forwardfor
  http-request set-header X-Real-Ip %[src]
  http-request set-header X-Forwarded-Proto http
  http-request set-header X-Forwarded-Host %[req.hdr(host)]
  http-request set-header X-Forwarded-Port %[dst_port]
  http-request set-header X-Forwarded-Server bench
  default_backend backend
backend backend
  server one 127.0.0.1:{backend} pool-max-conn 1000
""")
        self.launch([*prefix, "haproxy", "-db", "-f", str(self.folder / "haproxy.cfg")], core)


class Sluice(Program):
    """The binary under test, one worker unless said, configured by a file."""

    name = "sluice"

    def __init__(self, dynamic: dict, core: int | None = PROXY_CORE, *, workers: int = 1, prefix: tuple[str, ...] = (),
                 flags: tuple[str, ...] = (), seconds: float = 120.0):
        super().__init__()
        self.dynamic_folder = self.folder / "dynamic"
        self.dynamic_folder.mkdir()
        self.write(dynamic)
        output = open(self.folder / "stdout", "wb")
        self.launch([*prefix, str(sluice_binary()), "run", "--entryPoints.web.address=127.0.0.1:0",
                     f"--providers.file.directory={self.dynamic_folder}", "--log.level=INFO", f"--workers={workers}",
                     "--serversTransport.maxIdleConnsPerHost=1000",
                     *flags],
                    core, stdout=output)
        output.close()
        deadline = time.monotonic() + seconds
        while not self.port:
            text = self.log()
            if found := re.search(r"entryPoint=\"?web\b.*address=\"?127\.0\.0\.1:([1-9]\d*)", text):
                self.port = int(found[1])
            elif self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"sluice did not start\n{text[-3000:]}")
            else:
                time.sleep(0.002)

    def log(self) -> str:
        return "".join((self.folder / name).read_text(errors="replace") for name in ("stdout", "stderr"))

    def write(self, dynamic: dict) -> None:
        """Replaces the configuration atomically."""
        self.draft(dynamic).rename(self.dynamic_folder / "dynamic.yml")

    def draft(self, dynamic: dict) -> Path:
        """The file as it will be, beside the watched folder."""
        file = self.folder / "draft"
        file.write_text("".join(yaml_lines(dynamic)) or "{}\n")
        return file


def yaml_lines(value: dict, indent: int = 0):
    """Block-style YAML as people write it, for the shapes a dynamic configuration has."""
    for key, entry in value.items():
        if isinstance(entry, dict) and entry:
            yield f"{' ' * indent}{key}:\n"
            yield from yaml_lines(entry, indent + 2)
        elif isinstance(entry, list):
            yield f"{' ' * indent}{key}:\n"
            for item in entry:
                yield f"{' ' * (indent + 2)}- {json.dumps(item)}\n"
        else:
            yield f"{' ' * indent}{key}: {json.dumps(entry)}\n"


def one_route(backend: int) -> dict:
    return {"http": {"routers": {"web": {"rule": "PathPrefix(`/`)", "service": "app"}},
                     "services": {"app": {"loadBalancer": {"servers": [{"url": f"http://127.0.0.1:{backend}"}]}}}}}


def load(port: int, connections: int, requests: int, *, close: bool = False, targets: Path | None = None,
         first: Path | None = None, core: int | None = OTHER_CORE) -> dict:
    """Exactly that many checked requests; raises when one of them failed."""
    command = [*pinned(core), str(build("load")), str(port), str(connections), str(requests)]
    command += ["--close"] if close else []
    command += ["--targets", str(targets)] if targets else []
    command += ["--first", str(first)] if first else []
    done = subprocess.run(command, capture_output=True, text=True, timeout=900, preexec_fn=raise_descriptors)
    if done.returncode != 0:
        raise RuntimeError(f"load failed: {done.stdout} {done.stderr}")
    return json.loads(done.stdout)
