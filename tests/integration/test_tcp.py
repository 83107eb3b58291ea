"""TCP routers: TLS passed through by server name, TLS ended in front of a TCP service, and plain TCP."""
import socket
import ssl
import tempfile
import threading
import time
from functools import cached_property

from framework import (Case, Pem, SecureClient, authority, certificate, get, host_router, http, response, serve,
                       servers)
from framework.ports import free_port


class Shared:
    """Made once for all tests."""
    authority = cached_property(lambda self: authority())
    edge = cached_property(lambda self: certificate("*.edge.test", issuer=self.authority))
    vm = cached_property(lambda self: certificate("vm.test", "x.vm.test", "y.vm.test", issuer=self.authority))


SHARED = Shared()


def tcp(routers: dict, services: dict, **more) -> dict:
    return {"tcp": {"routers": routers, "services": services, **more}}


def tcp_servers(*addresses: str, **options) -> dict:
    return {"loadBalancer": {"servers": [{"address": address} for address in addresses], **options}}


class TlsServer:
    """Ends TLS with its own certificate and says who it is to everyone who sends a line."""

    def __init__(self, pem: Pem, says: bytes, protocols: tuple[str, ...] = ()):
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        with tempfile.NamedTemporaryFile("w") as file:
            file.write(pem.certificate + pem.key)
            file.flush()
            self.context.load_cert_chain(file.name)
        if protocols:
            self.context.set_alpn_protocols(list(protocols))
        self.says = says
        self.connections = 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                connected, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(connected,), daemon=True).start()

    def _serve(self, connected: socket.socket) -> None:
        try:
            with self.context.wrap_socket(connected, server_side=True) as session:
                while data := session.recv(65536):
                    session.sendall(self.says + data)
                session.unwrap()
        except OSError:
            pass

    def close(self) -> None:
        self.listener.close()


class TcpCase(Case):
    def setUp(self):
        super().setUp()
        self.authority, self.edge_pem, self.vm_pem = SHARED.authority, SHARED.edge, SHARED.vm

    def secure(self, process, name=None, entry_point: str = "web", **options) -> SecureClient:
        client = SecureClient(process.address(entry_point), name, **options)
        self._clients.append(client)
        return client

    def tls_server(self, says: bytes = b"vm ", **options) -> TlsServer:
        server = TlsServer(self.vm_pem, says, **options)
        self.addCleanup(server.close)
        return server

    def echo(self, says: bytes = b"") -> "object":
        def script(connection):
            while data := connection.socket.recv(65536):
                connection.socket.sendall(says + data)
            connection.socket.shutdown(socket.SHUT_WR)
        upstream = self.upstream(script)
        upstream.address = upstream.url.removeprefix("http://")
        return upstream

    def says(self, client, data: bytes, expected: bytes) -> None:
        client.socket.sendall(data)
        got = b""
        while len(got) < len(expected):
            piece = client.socket.recv(65536)
            self.assertTrue(piece, f"closed after {got!r}")
            got += piece
        self.assertEqual(got, expected)


class Passthrough(TcpCase):
    def test_tls_is_passed_through_by_name_and_other_names_end_here(self):
        vm = self.tls_server()
        app = self.upstream(serve(response(200, b"app")))
        dynamic = {**http({"app": host_router("app.edge.test", "app", tls={})}, {"app": servers(app.url)}),
                   **tcp({"vm": {"rule": "HostSNI(`vm.test`)", "service": "vm", "tls": {"passthrough": True}}},
                         {"vm": tcp_servers(vm.address)}),
                   "tls": {"certificates": [self.edge_pem.inline()]}}
        process = self.sluice(dynamic)
        client = self.secure(process, "vm.test", trust=self.authority)
        self.assertEqual(client.names(), {"vm.test", "x.vm.test", "y.vm.test"})
        self.says(client, b"hello", b"vm hello")
        here = self.secure(process, "app.edge.test", trust=self.authority)
        self.assertEqual(here.names(), {"*.edge.test"})
        self.assertEqual(here.ask(get(host="app.edge.test")).body, b"app")
        self.assertEqual(self.secure(process, "other.test").ask(get(host="other.test")).status, 404)

    def test_wildcards_and_regular_expressions_take_whole_subdomains(self):
        for rule in ("HostSNI(`*.vm.test`)", "HostSNIRegexp(`^.+\\.vm\\.test$`)"):
            with self.subTest(rule=rule):
                vm = self.tls_server()
                process = self.sluice(tcp({"vm": {"rule": rule, "service": "vm", "tls": {"passthrough": True}}},
                                          {"vm": tcp_servers(vm.address)}))
                for name in ("x.vm.test", "Y.vm.test"):
                    self.says(self.secure(process, name), b"a", b"vm a")
                self.assertEqual(self.secure(process, "vm.test").names(), {"sluice.default"})

    def test_a_host_of_an_https_router_comes_before_a_tcp_router_and_both_before_catch_alls(self):
        vm, rest = self.tls_server(), self.tls_server(b"rest ")
        app = self.upstream(serve(response(200, b"app")))
        passed = {"passthrough": True}
        dynamic = {**http({"app": host_router("x.vm.test", "app", tls={}, priority=1)}, {"app": servers(app.url)}),
                   **tcp({"vm": {"rule": "HostSNI(`x.vm.test`) || HostSNI(`y.vm.test`)", "service": "vm", "tls": passed,
                                 "priority": 1000},
                          "rest": {"rule": "HostSNI(`*`)", "service": "rest", "tls": passed}},
                         {"vm": tcp_servers(vm.address), "rest": tcp_servers(rest.address)})}
        process = self.sluice(dynamic)
        self.assertEqual(self.secure(process, "x.vm.test").ask(get(host="x.vm.test")).body, b"app")
        self.says(self.secure(process, "y.vm.test"), b"a", b"vm a")
        self.says(self.secure(process, "z.test"), b"a", b"rest a")
        self.says(self.secure(process), b"a", b"rest a")
        dynamic["http"]["routers"]["any"] = {"rule": "PathPrefix(`/`)", "service": "app", "tls": {}}
        process.configure(dynamic)
        self.assertEqual(self.secure(process, "z.test").ask(get(host="z.test")).body, b"app")
        self.says(self.secure(process, "y.vm.test"), b"a", b"vm a")

    def test_protocols_and_addresses_of_clients_decide_too(self):
        acme, vm = self.tls_server(b"acme ", protocols=("acme-x",)), self.tls_server()
        passed = {"passthrough": True}
        process = self.sluice(tcp({"a": {"rule": "HostSNI(`vm.test`) && ALPN(`acme-x`)", "service": "a", "tls": passed},
                                   "b": {"rule": "HostSNI(`vm.test`) && ClientIP(`127.0.0.1`)", "service": "b",
                                         "tls": passed, "priority": 1}},
                                  {"a": tcp_servers(acme.address), "b": tcp_servers(vm.address)}))
        self.says(self.secure(process, "vm.test", protocols=("acme-x",)), b"a", b"acme a")
        self.says(self.secure(process, "vm.test"), b"a", b"vm a")

    def test_a_large_transfer_passes_unharmed_both_ways(self):
        vm = self.tls_server(b"")
        process = self.sluice(tcp({"vm": {"rule": "HostSNI(`vm.test`)", "service": "vm", "tls": {"passthrough": True}}},
                                  {"vm": tcp_servers(vm.address)}))
        client = self.secure(process, "vm.test")
        data = bytes(range(256)) * 40_000
        began = time.monotonic()
        client.send_while_reading(data)
        got = client.reader.exactly(len(data))
        self.assert_within(60, began, "ten megabytes")
        self.assertTrue(got == data, "what came back is not what was sent")
        self.assertTrue(client.is_silent())

    def test_a_server_that_is_down_is_passed_over_and_none_left_closes(self):
        vm = self.tls_server()
        dead = f"127.0.0.1:{free_port()}"
        router = {"rule": "HostSNI(`vm.test`)", "service": "vm", "tls": {"passthrough": True}}
        process = self.sluice(tcp({"vm": router}, {"vm": tcp_servers(dead, vm.address)}))
        for _ in range(4):
            self.says(self.secure(process, "vm.test"), b"a", b"vm a")
        process.configure(tcp({"vm": router}, {"vm": tcp_servers(dead)}))
        with self.assertRaises((ssl.SSLError, OSError)):
            self.secure(process, "vm.test")


class Terminated(TcpCase):
    def test_tls_ends_here_in_front_of_a_plain_server(self):
        upstream = self.echo(b"plain ")
        process = self.sluice({**tcp({"db": {"rule": "HostSNI(`db.edge.test`)", "service": "db", "tls": {}}},
                                     {"db": tcp_servers(upstream.address)}),
                               "tls": {"certificates": [self.edge_pem.inline()]}})
        client = self.secure(process, "db.edge.test", trust=self.authority, protocols=("h2",))
        self.assertEqual(client.socket.selected_alpn_protocol(), "h2")
        self.says(client, b"hello", b"plain hello")
        self.assertEqual(bytes(upstream.connections[0].received[:0]), b"")
        client.socket.unwrap()  # close_notify both ways: an abrupt end would raise

    def test_options_hold_and_missing_ones_close(self):
        upstream = self.echo()
        routers = {"db": {"rule": "HostSNI(`db.edge.test`)", "service": "db", "tls": {"options": "strong"}}}
        dynamic = {**tcp(routers, {"db": tcp_servers(upstream.address)}),
                   "tls": {"certificates": [self.edge_pem.inline()], "options": {"strong": {"minVersion": "VersionTLS13"}}}}
        process = self.sluice(dynamic)
        self.assertEqual(self.secure(process, "db.edge.test").socket.version(), "TLSv1.3")

        def old(context):
            context.maximum_version = ssl.TLSVersion.TLSv1_2

        with self.assertRaises(ssl.SSLError):
            self.secure(process, "db.edge.test", configure=old)
        del dynamic["tls"]["options"]
        process.configure(dynamic)
        with self.assertRaises((ssl.SSLError, OSError)):
            self.secure(process, "db.edge.test")

    def test_tls_towards_the_server(self):
        vm = self.tls_server()

        def dynamic(**transport) -> dict:
            service = {"loadBalancer": {"servers": [{"address": vm.address, "tls": True}], "serversTransport": "to-vm"}}
            return tcp({"vm": {"rule": "HostSNI(`*`)", "service": "vm"}}, {"vm": service},
                       serversTransports={"to-vm": {"tls": transport}})

        process = self.sluice(dynamic(serverName="vm.test", rootCAs=[self.authority.certificate]),
                              entry_points={"db": "127.0.0.1:0"})
        client = self.client(process, "db")
        self.says(client, b"a", b"vm a")
        process.configure(dynamic(serverName="other.test", rootCAs=[self.authority.certificate]))
        self.assertTrue(self.client(process, "db").send(b"a").is_closed())
        process.wait_for_log("hostname mismatch", 5)
        process.configure(dynamic(insecureSkipVerify=True))
        self.says(self.client(process, "db"), b"a", b"vm a")


class Plain(TcpCase):
    def plain(self, *upstreams, **options) -> dict:
        return tcp({"any": {"rule": "HostSNI(`*`)", "service": "any", "entryPoints": ["tcp"]}},
                   {"any": tcp_servers(*(upstream.address for upstream in upstreams), **options)})

    def start(self, dynamic):
        return self.sluice(dynamic, entry_points={"tcp": "127.0.0.1:0"})

    def test_every_connection_of_the_entry_point_goes_to_the_service(self):
        process = self.start(self.plain(self.echo(b"one ")))
        client = self.client(process, "tcp")
        self.says(client, b"GET / HTTP/1.1\r\n", b"one GET / HTTP/1.1\r\n")
        self.says(self.client(process, "tcp"), b"\x16\x03\x01", b"one \x16\x03\x01")

    def test_a_server_may_speak_first(self):
        def greet(connection):
            connection.send(b"220 ready\r\n")
            connection.hold()

        upstream = self.upstream(greet)
        upstream.address = upstream.url.removeprefix("http://")
        process = self.start(self.plain(upstream))
        client = self.client(process, "tcp")
        self.assertEqual(client.reader.until(b"\r\n"), b"220 ready\r\n")

    def test_the_end_of_one_direction_leaves_the_other_open(self):
        def late(connection):
            got = b""
            while data := connection.socket.recv(65536):
                got += data
            time.sleep(0.3)
            connection.socket.sendall(b"you said " + got)

        upstream = self.upstream(late)
        upstream.address = upstream.url.removeprefix("http://")
        process = self.start(self.plain(upstream))
        client = self.client(process, "tcp")
        client.send(b"that").end()
        self.assertEqual(client.rest(), b"you said that")

    def test_terminationDelay_bounds_the_other_direction(self):
        def never(connection):
            while connection.socket.recv(65536):
                pass
            time.sleep(1)

        upstream = self.upstream(never)
        upstream.address = upstream.url.removeprefix("http://")
        dynamic = self.plain(upstream, serversTransport="short")
        dynamic["tcp"]["serversTransports"] = {"short": {"terminationDelay": "200ms"}}
        process = self.start(dynamic)
        client = self.client(process, "tcp")
        began = time.monotonic()
        client.send(b"that").end()
        self.assertEqual(client.rest(), b"")
        self.assertGreater(time.monotonic() - began, 0.15)
        self.assert_within(2, began, "the end")

    def test_dialKeepAlive_says_when_a_silent_server_is_probed(self):
        upstream = self.echo()
        dynamic = self.plain(upstream, serversTransport="probing")
        dynamic["tcp"]["serversTransports"] = {"probing": {"dialKeepAlive": "2s"}}
        process = self.start(dynamic)
        self.says(self.client(process, "tcp"), b"a", b"a")
        self.assertEqual(upstream.probes(), [""], "most connections are over before the first interval is")
        self.assert_soon(lambda: any(upstream.probes()), "the first interval has passed")
        dynamic["tcp"]["serversTransports"]["probing"]["dialKeepAlive"] = "-2s"
        process.configure(dynamic)
        self.says(self.client(process, "tcp"), b"a", b"a")
        time.sleep(2.2)
        self.assertEqual(sorted(map(bool, upstream.probes())), [False, True])

    def test_connections_take_turns_by_weight(self):
        counts = {b"a": 0, b"b": 0}
        a, b = self.echo(b"a"), self.echo(b"b")
        dynamic = tcp({"any": {"rule": "HostSNI(`*`)", "service": "both", "entryPoints": ["tcp"]}},
                      {"a": tcp_servers(a.address), "b": tcp_servers(b.address),
                       "both": {"weighted": {"services": [{"name": "a", "weight": 3}, {"name": "b", "weight": 1}]}}})
        process = self.start(dynamic)
        for _ in range(16):
            client = self.client(process, "tcp")
            client.send(b"!")
            counts[client.reader.exactly(2)[:1]] += 1
            client.close()
        self.assertEqual(counts, {b"a": 12, b"b": 4})

    def test_http_is_served_beside_tls_routers_and_an_sni_rule_without_tls_is_refused(self):
        vm = self.tls_server()
        app = self.upstream(serve(response(200, b"app")))
        process = self.sluice({**http({"app": host_router("app.test", "app")}, {"app": servers(app.url)}),
                               **tcp({"vm": {"rule": "HostSNI(`vm.test`)", "service": "vm", "tls": {"passthrough": True}},
                                      "bad": {"rule": "HostSNI(`bad.test`)", "service": "vm"},
                                      "guarded": {"rule": "HostSNI(`*`)", "service": "vm", "middlewares": ["x"]}},
                                     {"vm": tcp_servers(vm.address)})})
        self.assertEqual(self.client(process).ask(get(host="app.test")).body, b"app")
        text = "\n".join(process.lines)
        self.assertIn("TCP router bad@file names a host in", text)
        self.assertIn("TCP middleware x@file does not exist", text)
