"""The programs of the TLS scenarios: TLS 1.3, X25519, AES-128-GCM, one ECDSA P-256 certificate, one ticket each."""
from __future__ import annotations

import json
import os
import shutil
import ssl
import subprocess
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

from .programs import OTHER_CORE, OUT, PROXY_CORE, Program, build, free_port, pinned, raise_descriptors

NAME = "tls.bench.test"


@lru_cache
def certificate() -> tuple[Path, Path]:
    """(chain, key); a third file has both, as HAProxy wants them."""
    OUT.mkdir(parents=True, exist_ok=True)
    chain, key = OUT / "tls.crt", OUT / "tls.key"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days",
                    "2", "-subj", f"/CN={NAME}", "-addext", f"subjectAltName=DNS:{NAME},DNS:*.{NAME}", "-keyout",
                    str(key), "-out", str(chain)], check=True, capture_output=True)
    (OUT / "tls.pem").write_text(chain.read_text() + key.read_text())
    for file in (chain, key, OUT / "tls.pem"):
        os.chmod(file, 0o644)
    return chain, key


class TlsNginx(Program):
    """As Nginx, behind TLS; `body` instead of `backend`: it answers itself, with so many bytes."""

    name = "nginx"

    def __init__(self, backend: int = 0, body: int | None = None, core: int | None = PROXY_CORE):
        super().__init__()
        chain, key = certificate()
        self.port = free_port()
        os.chmod(self.folder, 0o755)
        if body is None:
            location = """proxy_pass http://backend; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_set_header Host $http_host; proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_set_header X-Real-Ip $remote_addr; proxy_set_header X-Forwarded-Proto $scheme;
      proxy_set_header X-Forwarded-Host $http_host; proxy_set_header X-Forwarded-Port $server_port;
      proxy_set_header X-Forwarded-Server $hostname;"""
            upstream = f"upstream backend {{ server 127.0.0.1:{backend}; keepalive 1000; keepalive_requests 1000000000; }}"
        else:
            (self.folder / "body").write_bytes(b"x" * body)
            location, upstream = f"root {self.folder}; try_files /body =404;", ""
        (self.folder / "nginx.conf").write_text(f"""
daemon off; worker_processes 1; pid {self.folder}/pid; error_log {self.folder}/error.log;
events {{ worker_connections 30000; multi_accept on; }}
http {{
  access_log off; keepalive_requests 1000000000; keepalive_timeout 600s; server_tokens off; tcp_nodelay on;
  client_body_temp_path {self.folder}/t1; proxy_temp_path {self.folder}/t2; fastcgi_temp_path {self.folder}/t3;
  uwsgi_temp_path {self.folder}/t4; scgi_temp_path {self.folder}/t5;
  {upstream}
  server {{
    listen 127.0.0.1:{self.port} ssl backlog=4096;
    ssl_certificate {chain}; ssl_certificate_key {key}; ssl_protocols TLSv1.3; ssl_ecdh_curve X25519;
    ssl_conf_command Ciphersuites TLS_AES_128_GCM_SHA256; ssl_conf_command NumTickets 1;
    location / {{ {location} }}
  }}
}}
""")
        self.launch(["nginx", "-p", str(self.folder), "-c", str(self.folder / "nginx.conf"), "-e",
                     str(self.folder / "error.log")], core)


class TlsHAProxy(Program):
    name = "haproxy"

    def __init__(self, backend: int, core: int | None = PROXY_CORE):
        super().__init__()
        certificate()
        self.port = free_port()
        (self.folder / "haproxy.cfg").write_text(f"""
global
  nbthread 1
  maxconn 7500
  ssl-default-bind-curves X25519
  ssl-default-bind-ciphersuites TLS_AES_128_GCM_SHA256
defaults
  mode http
  timeout client 600s
  timeout server 600s
  timeout connect 5s
  option http-keep-alive
  http-reuse always
frontend web
  bind 127.0.0.1:{self.port} backlog 4096 ssl crt {OUT / "tls.pem"} ssl-min-ver TLSv1.3
  option forwardfor
  http-request set-header X-Real-Ip %[src]
  http-request set-header X-Forwarded-Proto https
  http-request set-header X-Forwarded-Host %[req.hdr(host)]
  http-request set-header X-Forwarded-Port %[dst_port]
  http-request set-header X-Forwarded-Server bench
  default_backend backend
backend backend
  server one 127.0.0.1:{backend} pool-max-conn 1000
""")
        self.launch(["haproxy", "-db", "-f", str(self.folder / "haproxy.cfg")], core)


def tls_route(backend: int) -> dict:
    chain, key = certificate()
    routers = {"tls": {"rule": f"Host(`{NAME}`)", "service": "app", "tls": {}}}
    return {"http": {"routers": routers, "services": {
        "app": {"loadBalancer": {"servers": [{"url": f"http://127.0.0.1:{backend}"}]}}}},
        "tls": {"certificates": [{"certFile": str(chain), "keyFile": str(key)}]}}


@lru_cache
def certificates(count: int) -> Path:
    """A folder with that many certificates: I.crt and I.key for hI.NAME."""
    folder = OUT / f"certificates-{count}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    subprocess.run([str(build("certificates", "-lcrypto")), str(folder), str(count), NAME], check=True)
    return folder


def names_route(backend: int, names: int) -> dict:
    """So many hosts, each with a router and a certificate of its own."""
    folder = certificates(names)
    dynamic = tls_route(backend)
    dynamic["http"]["routers"] = {f"host-{i}": {"rule": f"Host(`h{i}.{NAME}`)", "service": "app", "tls": {}}
                                  for i in range(names)}
    dynamic["tls"]["certificates"] = [{"certFile": str(folder / f"{i}.crt"), "keyFile": str(folder / f"{i}.key")}
                                      for i in range(names)]
    return dynamic


# Passed through: the server on the other core ends TLS, or only looks as if: who passes TLS through sees the hello.


@lru_cache
def hello() -> Path:
    """A file with a ClientHello for NAME."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    sent = ssl.MemoryBIO()
    with suppress(ssl.SSLWantReadError):
        context.wrap_bio(ssl.MemoryBIO(), sent, server_hostname=NAME).do_handshake()
    file = OUT / "hello"
    file.write_bytes(sent.read())
    return file


class PassNginx(Program):
    name = "nginx"

    def __init__(self, server: int, core: int | None = PROXY_CORE):
        super().__init__()
        self.port = free_port()
        os.chmod(self.folder, 0o755)
        module = Path("/usr/lib/nginx/modules/ngx_stream_module.so")
        (self.folder / "nginx.conf").write_text(f"""
{f"load_module {module};" if module.exists() else ""}
daemon off; worker_processes 1; pid {self.folder}/pid; error_log {self.folder}/error.log;
events {{ worker_connections 30000; multi_accept on; }}
stream {{
  map $ssl_preread_server_name $to {{ {NAME} 127.0.0.1:{server}; }}
  server {{ listen 127.0.0.1:{self.port} backlog=4096; ssl_preread on; proxy_pass $to; tcp_nodelay on; }}
}}
""")
        self.launch(["nginx", "-p", str(self.folder), "-c", str(self.folder / "nginx.conf"), "-e",
                     str(self.folder / "error.log")], core)


class PassHAProxy(Program):
    def __init__(self, server: int, splice: bool, core: int | None = PROXY_CORE):
        super().__init__()
        self.name = "haproxy, splice" if splice else "haproxy"
        self.port = free_port()
        (self.folder / "haproxy.cfg").write_text(f"""
global
  nbthread 1
  maxconn 7500
defaults
  mode tcp
  timeout client 600s
  timeout server 600s
  timeout connect 5s
  {"option splice-response" if splice else ""}
frontend tls
  bind 127.0.0.1:{self.port} backlog 4096
  tcp-request inspect-delay 5s
  tcp-request content accept if {{ req.ssl_hello_type 1 }}
  use_backend server if {{ req.ssl_sni -i {NAME} }}
backend server
  server one 127.0.0.1:{server}
""")
        self.launch(["haproxy", "-db", "-f", str(self.folder / "haproxy.cfg")], core)


def pass_route(server: int, names: int = 0) -> dict:
    passed = {"passthrough": True}
    routers = {f"sni-{i}": {"rule": f"HostSNI(`h{i}.{NAME}`)", "service": "server", "tls": passed}
               for i in range(names)}
    routers["tls"] = {"rule": f"HostSNI(`{NAME}`)", "service": "server", "tls": passed}
    return {"tcp": {"routers": routers, "services": {
        "server": {"loadBalancer": {"servers": [{"address": f"127.0.0.1:{server}"}]}}}}}


def tls_load(port: int, connections: int, requests: int, *flags: str, core: int | None = OTHER_CORE) -> dict:
    """Exactly that many checked requests over TLS; raises when one of them failed."""
    command = [*pinned(core), str(build("tls_load", "-lssl", "-lcrypto")), str(port), str(connections), str(requests), NAME]
    done = subprocess.run([*command, *flags], capture_output=True, text=True, timeout=900, preexec_fn=raise_descriptors)
    if done.returncode != 0:
        raise RuntimeError(f"tls_load failed: {done.stdout} {done.stderr}")
    return json.loads(done.stdout)


__all__ = ["NAME", "hello", "PassHAProxy", "PassNginx", "TlsHAProxy", "TlsNginx", "names_route", "pass_route", "tls_load",
           "tls_route"]
