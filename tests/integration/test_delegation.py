"""Hosts behind Sluice that obtain their own certificates, with real clients and a real authority: certbot, lego, nginx,
a second Sluice, Pebble. Nothing is switched on for them."""
import os
import shutil
import socket
import ssl
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

from framework import (Case, SecureClient, binary, certificate, get, host_router, http, patience, response, router, serve,
                       servers)
from framework.pebble import Pebble, installed
from framework.ports import free_port

TOKEN = "evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA"
PATH = f"/.well-known/acme-challenge/{TOKEN}"
REDIRECT = ("--entryPoints.web.http.redirections.entryPoint.to=secure",)


def tcp_servers(*addresses: str) -> dict:
    return {"loadBalancer": {"servers": [{"address": address} for address in addresses]}}


def passthrough(rule: str, service: str, **options) -> dict:
    return {"rule": rule, "service": service, "tls": {"passthrough": True}, "entryPoints": ["secure"], **options}


@unittest.skipUnless(installed("pebble", "pebble-challtestsrv"), "Pebble is not installed")
class DelegationCase(Case):
    def setUp(self):
        super().setUp()
        self.folder = Path(tempfile.mkdtemp(prefix="delegation-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def edge_of(self, dynamic: dict, *flags: str, **options):
        """Sluice with a plaintext and a TLS entry point, and an authority that asks there."""
        process = self.sluice(dynamic, *flags, entry_points={"secure": "127.0.0.1:0"}, **options)
        self.ca = Pebble(process.web[1], process.address("secure")[1]).start()
        self.addCleanup(self.ca.close)
        return process

    def run_client(self, *command: str) -> subprocess.CompletedProcess:
        environment = {**os.environ, "LEGO_CA_CERTIFICATES": str(self.ca.trust), "REQUESTS_CA_BUNDLE": str(self.ca.trust)}
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=patience(90), cwd=self.folder,
                              env=environment)

    def certbot(self, *arguments: str) -> tuple[bool, str]:
        done = self.run_client("certbot", "certonly", "-n", "--agree-tos", "--email", "ops@vm.test", "--server",
                               self.ca.directory, "--config-dir", "certbot", "--work-dir", "work", "--logs-dir", "logs",
                               *arguments)
        return done.returncode == 0, f"{done.stdout}{done.stderr}\n{self.ca.tail()}"

    def lego(self, *arguments: str) -> tuple[bool, str]:
        done = self.run_client("lego", "--server", self.ca.directory, "--accept-tos", "--email", "ops@vm.test", "--path",
                               "lego", *arguments, "run")
        return done.returncode == 0, f"{done.stdout}{done.stderr}\n{self.ca.tail()}"

    def asked(self, *words: str) -> str:
        return subprocess.run([binary(), *words], capture_output=True, text=True, check=False, timeout=60).stdout

    def assert_obtained(self, outcome: tuple[bool, str], process, chain: Path) -> None:
        self.assertTrue(outcome[0], f"{outcome[1]}\n{process.tail(60)}")
        root = self.folder / "root.pem"
        root.write_text(self.ca.root().certificate)
        subprocess.run(["openssl", "verify", "-CAfile", str(root), "-untrusted", str(chain), str(chain)], check=True,
                       capture_output=True, timeout=60)


@unittest.skipUnless(installed("certbot"), "certbot is not installed")
class Certbot(DelegationCase):
    def test_standalone_behind_an_entry_point_that_redirects_everything(self):
        port = free_port()
        vm = http({"vm": host_router("vm.test", "vm", entryPoints=["web"])}, {"vm": servers(f"http://127.0.0.1:{port}")})
        process = self.edge_of(vm, *REDIRECT)
        outcome = self.certbot("--standalone", "--http-01-port", str(port), "--http-01-address", "127.0.0.1", "-d",
                               "vm.test")
        self.assert_obtained(outcome, process, self.folder / "certbot/live/vm.test/fullchain.pem")
        # Everything else of the host is redirected as before.
        reply = self.client(process).ask(get(host="vm.test"))
        self.assertIn(reply.status, (301, 308))

    def test_webroot_of_a_machine_with_nginx_and_a_certificate_of_its_own(self):
        plain, secure = free_port(), free_port()
        old = certificate("vm.test")
        old.files(self.folder, "old")
        (self.folder / "site").mkdir()
        (self.folder / "nginx.conf").write_text(f"""
            daemon off; pid {self.folder}/nginx.pid; error_log {self.folder}/error.log;
            events {{}}
            http {{
              access_log off; client_body_temp_path {self.folder}/t1; proxy_temp_path {self.folder}/t2;
              fastcgi_temp_path {self.folder}/t3; uwsgi_temp_path {self.folder}/t4; scgi_temp_path {self.folder}/t5;
              server {{ listen 127.0.0.1:{plain}; root {self.folder}/site; }}
              server {{ listen 127.0.0.1:{secure} ssl; ssl_certificate {self.folder}/live.crt;
                        ssl_certificate_key {self.folder}/live.key; return 200 "the machine"; }}
            }}""")
        for kind in ("crt", "key"):
            shutil.copy(self.folder / f"old.{kind}", self.folder / f"live.{kind}")
        if os.geteuid() == 0:
            os.chmod(self.folder, 0o755)
        nginx = subprocess.Popen(["nginx", "-c", str(self.folder / "nginx.conf"), "-p", str(self.folder)],
                                 stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(nginx.wait)
        self.addCleanup(nginx.terminate)
        # As users write it: a TCP router for the host, an HTTP router for its challenges, and others ended here.
        app = self.upstream(serve(response(200, b"app")))
        dynamic = http({"vm-acme": router("Host(`vm.test`) && PathPrefix(`/.well-known/acme-challenge/`)", "vm",
                                          entryPoints=["web"]),
                        "app": host_router("app.test", "app", tls={}, entryPoints=["secure"])},
                       {"vm": servers(f"http://127.0.0.1:{plain}"), "app": servers(app.url)})
        dynamic["tcp"] = {"routers": {"vm": passthrough("HostSNI(`vm.test`)", "vm")},
                          "services": {"vm": tcp_servers(f"127.0.0.1:{secure}")}}
        process = self.edge_of(dynamic, *REDIRECT)
        self.assert_soon(lambda: self.speaks(process, "vm.test"), "nginx answers", 10)
        outcome = self.certbot("--webroot", "-w", str(self.folder / "site"), "-d", "vm.test")
        live = self.folder / "certbot/live/vm.test"
        self.assert_obtained(outcome, process, live / "fullchain.pem")
        shutil.copy(live / "fullchain.pem", self.folder / "live.crt")
        shutil.copy(live / "privkey.pem", self.folder / "live.key")
        subprocess.run(["nginx", "-c", str(self.folder / "nginx.conf"), "-p", str(self.folder), "-s", "reload"],
                       check=True, capture_output=True, timeout=30)
        trust = self.ca.root()

        def served() -> bytes:
            try:
                client = SecureClient(process.address("secure"), "vm.test", trust=trust)
            except (OSError, ssl.SSLError):
                return b""
            with client.socket:
                return client.ask(get(host="vm.test")).body

        self.assert_soon(lambda: served() == b"the machine", "the machine's new certificate is served through Sluice")
        other = SecureClient(process.address("secure"), "app.test")
        self._clients.append(other)
        self.assertEqual(other.ask(get(host="app.test")).body, b"app")

    def speaks(self, process, name: str) -> bool:
        try:
            client = SecureClient(process.address("secure"), name)
        except (OSError, ssl.SSLError):
            return False
        client.close()
        return True

    def test_a_delegated_host_whose_router_is_on_another_entry_point(self):
        port = free_port()
        vm = http({"vm": host_router("vm.test", "vm", tls={}, entryPoints=["secure"], middlewares=["login"],
                                     acme={"delegate": ["vm.test", "*.vm.test"]})},
                  {"vm": servers(f"http://127.0.0.1:{port}")},
                  middlewares={"login": {"basicAuth": {"users": [
                      "ann:$2y$04$abcdefghijklmnopqrstuuoD8yw7MmybLKVooaTGGZAt3HXugv2.a"]}}})
        process = self.edge_of(vm, *REDIRECT)
        outcome = self.certbot("--standalone", "--http-01-port", str(port), "--http-01-address", "127.0.0.1", "-d",
                               "vm.test", "-d", "www.vm.test")
        self.assert_obtained(outcome, process, self.folder / "certbot/live/vm.test/fullchain.pem")


@unittest.skipUnless(installed("lego"), "lego is not installed")
class Lego(DelegationCase):
    def test_tls_alpn_through_a_router_that_passes_the_name_on(self):
        port = free_port()
        process = self.edge_of({"tcp": {"routers": {"vm": passthrough("HostSNI(`vm.test`)", "vm")},
                                        "services": {"vm": tcp_servers(f"127.0.0.1:{port}")}}})
        outcome = self.lego("--tls", "--tls.port", f"127.0.0.1:{port}", "-d", "vm.test")
        self.assert_obtained(outcome, process, self.folder / "lego/certificates/vm.test.crt")

    def test_tls_alpn_of_a_delegated_name_that_is_ended_here_otherwise(self):
        port = free_port()
        app = self.upstream(serve(response(200, b"app")))
        dynamic = http({"vm": host_router("vm.test", "app", tls={}, entryPoints=["secure"])}, {"app": servers(app.url)})
        dynamic["tcp"] = {"routers": {"elsewhere": passthrough("HostSNI(`elsewhere.test`)", "vm",
                                                               acme={"delegate": ["vm.test"]})},
                          "services": {"vm": tcp_servers(f"127.0.0.1:{port}")}}
        control = f"{self.folder}/control.sock"
        process = self.edge_of(dynamic, f"--controlSocket={control}")
        outcome = self.lego("--tls", "--tls.port", f"127.0.0.1:{port}", "-d", "vm.test")
        self.assert_obtained(outcome, process, self.folder / "lego/certificates/vm.test.crt")
        # Who may have certificates for which host is there to be seen.
        self.assertIn("TCP router elsewhere@file", self.asked("get", "delegations", "--control", control))
        self.assertRegex(self.asked("status", "--control", control), r"(?m)^delegations +\d")
        told = self.asked("explain", "https://vm.test/", "--control", control)
        self.assertIn("a CA's handshake for vm.test is passed, bytes as they come, to TCP router elsewhere@file", told)
        told = self.asked("explain", "--tcp", "--sni", "app.test", "--control", control)
        self.assertIn("a CA's handshake for app.test is refused", told)
        client = SecureClient(process.address("secure"), "vm.test")
        self._clients.append(client)
        self.assertEqual(client.ask(get(host="vm.test")).body, b"app")

    def test_both_kinds_through_a_second_sluice_behind_wildcards_in_the_old_syntax(self):
        plain, secure = free_port(), free_port()
        inner = self.sluice({**http({"in": host_router("a.test.example.com", "in", entryPoints=["web"])},
                                    {"in": servers(f"http://127.0.0.1:{plain}")}),
                             "tcp": {"routers": {"in": passthrough("HostSNI(`a.test.example.com`)", "in")},
                                     "services": {"in": tcp_servers(f"127.0.0.1:{secure}")}}},
                            *REDIRECT, entry_points={"secure": "127.0.0.1:0"})
        outer = http({"test": router("HostRegexp(`{wildcard:.+}.test.example.com`)", "inner", ruleSyntax="v2",
                                     entryPoints=["web"])}, {"inner": servers("http://%s:%d" % inner.web)})
        outer["tcp"] = {"routers": {"test": passthrough("HostSNI(`*.test.example.com`)", "inner")},
                        "services": {"inner": tcp_servers("%s:%d" % inner.address("secure"))}}
        process = self.edge_of(outer, *REDIRECT)
        for kind, port in (("http", plain), ("tls", secure)):
            outcome = self.lego(f"--{kind}", f"--{kind}.port", f"127.0.0.1:{port}", "-d", "a.test.example.com")
            self.assert_obtained(outcome, process, self.folder / "lego/certificates/a.test.example.com.crt")
            shutil.rmtree(self.folder / "lego")

    def test_an_authority_behind_a_router_that_passes_its_name_on(self):
        port = free_port()
        process = self.edge_of({"tcp": {"routers": {"vm": passthrough("HostSNI(`vm.test`)", "vm")},
                                        "services": {"vm": tcp_servers(f"127.0.0.1:{port}")}}})
        process.configure({"tcp": {"routers": {"vm": passthrough("HostSNI(`vm.test`)", "vm"),
                                               "ca": passthrough("HostSNI(`localhost`)", "ca")},
                                   "services": {"vm": tcp_servers(f"127.0.0.1:{port}"),
                                                "ca": tcp_servers(f"127.0.0.1:{self.ca.port}")}}})
        self.ca.port = process.address("secure")[1]
        outcome = self.lego("--tls", "--tls.port", f"127.0.0.1:{port}", "-d", "vm.test")
        self.assert_obtained(outcome, process, self.folder / "lego/certificates/vm.test.crt")


class Questions(Case):
    """What a CA or a stranger is answered, without any client behind."""

    def test_two_sluices_that_lead_to_each_other_end_the_question(self):
        port = free_port()
        first = self.sluice(f"http://127.0.0.1:{port}")
        second = self.sluice("http://%s:%d" % first.web, f"--entryPoints.web.address=127.0.0.1:{port}")
        reply = self.client(second).ask(get(PATH, host="vm.test"))
        self.assertEqual(reply.status, 508)
        self.assert_soon(lambda: first.log("508") or second.log("508"), "the loop is in a log")

    def test_an_unknown_token_of_a_host_of_ours_is_not_for_its_backend(self):
        app = self.upstream(serve(response(200, b"app")))
        dynamic = http({"app": host_router("app.test", "app", tls={"certResolver": "le"}, entryPoints=["secure"]),
                        "thief": router("Host(`app.test`) && PathPrefix(`/.well-known/acme-challenge/`)", "app",
                                        entryPoints=["web"], priority=1000)},
                       {"app": servers(app.url)})
        resolver = ("--certificatesResolvers.le.acme.httpChallenge.entryPoint=web",
                    "--certificatesResolvers.le.acme.caServer=https://127.0.0.1:1/dir",
                    "--certificatesResolvers.le.acme.email=a@b.test")
        process = self.sluice(dynamic, *resolver, *REDIRECT, entry_points={"secure": "127.0.0.1:0"})
        reply = self.client(process).ask(get(PATH, host="app.test"))
        self.assertEqual((reply.status, reply.body), (404, b""))
        process.wait_for_log("404 for a question of a CA.*app.test.*obtained here")
        passing = self.sluice(dynamic, *resolver, "--entryPoints.web.allowACMEByPass=true",
                              entry_points={"secure": "127.0.0.1:0"})
        self.assertEqual(self.client(passing).ask(get(PATH, host="app.test")).body, b"app")

    def test_a_hello_of_a_ca_for_a_name_of_ours_gets_an_alert_and_no_certificate(self):
        app = self.upstream(serve(response(200, b"app")))
        process = self.sluice(http({"app": host_router("app.test", "app", tls={})}, {"app": servers(app.url)}))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.set_alpn_protocols(["acme-tls/1"])
        began = time.monotonic()
        with self.assertRaises(ssl.SSLError) as refused:
            with socket.create_connection(process.web, patience(5)) as raw:
                context.wrap_socket(raw, server_hostname="app.test")
        self.assertIn("no application protocol", str(refused.exception).lower().replace("_", " "))
        self.assert_within(2, began, "the refusal")
        context.set_alpn_protocols(["acme-tls/1", "http/1.1"])
        with socket.create_connection(process.web, patience(5)) as raw:
            with context.wrap_socket(raw, server_hostname="app.test") as client:
                self.assertEqual(client.selected_alpn_protocol(), "http/1.1")
