"""UDP routers: sessions by client address, services, reloads and drains."""
import os
import socket
import threading
import time

from framework import Case, patience
from framework.ports import free_port


class UdpServer:
    """Answers every datagram with its name and what it was sent; remembers the addresses it was asked from."""

    def __init__(self, says: bytes = b"", silent: bool = False, times: int = 1):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self.socket.getsockname()[1]
        self.says, self.silent, self.times = says, silent, times
        self.askers: list = []
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                data, asker = self.socket.recvfrom(65536)
            except OSError:
                return
            self.askers.append(asker)
            for _ in range(0 if self.silent else self.times):
                self.socket.sendto(self.says + data, asker)

    def say(self, data: bytes, to) -> None:
        self.socket.sendto(data, to)

    def close(self) -> None:
        self.socket.close()


def udp(*addresses: str, **more) -> dict:
    return {"udp": {"routers": {"any": {"service": "any", "entryPoints": ["dns"]}},
                    "services": {"any": {"loadBalancer": {"servers": [{"address": one} for one in addresses]}}, **more}}}


class UdpCase(Case):
    def server(self, *arguments, **options) -> UdpServer:
        server = UdpServer(*arguments, **options)
        self.addCleanup(server.close)
        return server

    def start(self, dynamic, *flags, address: str = "127.0.0.1:0/udp", **options):
        return self.sluice(dynamic, *flags, entry_points={"dns": address}, **options)

    def asker(self, process, host: str | None = None) -> socket.socket:
        address = process.address("dns")
        client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        client.settimeout(patience(5))
        client.connect((host or address[0], address[1]))
        self.addCleanup(client.close)
        return client

    def ask(self, client, data: bytes = b"?") -> bytes:
        client.send(data)
        return client.recv(65536)

    def silent(self, client, seconds: float = 0.3) -> bool:
        client.settimeout(seconds)
        try:
            client.recv(65536)
            return False
        except (TimeoutError, ConnectionRefusedError):
            return True
        finally:
            client.settimeout(patience(5))


class Sessions(UdpCase):
    def test_a_session_has_one_server_and_one_source(self):
        a, b = self.server(b"a"), self.server(b"b")
        process = self.start(udp(a.address, b.address))
        clients = [self.asker(process) for _ in range(4)]
        first = [self.ask(client) for client in clients]
        self.assertEqual(sorted(first), [b"a?", b"a?", b"b?", b"b?"])
        for _ in range(3):
            self.assertEqual([self.ask(client) for client in clients], first)
        self.assertEqual(len(set(a.askers)), 2)

    def test_datagrams_of_every_size_and_in_bursts(self):
        server = self.server()
        process = self.start(udp(server.address))
        client = self.asker(process)
        for size in (0, 1, 1472, 9000, 65000):
            data = os.urandom(size)
            self.assertEqual(self.ask(client, data), data)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        for i in range(100):
            client.send(b"%d" % i)
        self.assertEqual([client.recv(100) for _ in range(100)], [b"%d" % i for i in range(100)])

    def test_several_answers_to_one_question_and_an_answer_from_the_address_that_was_asked(self):
        server = self.server(times=3)
        process = self.start(udp(server.address), address="0.0.0.0:0/udp")
        client = self.asker(process, "127.0.0.5")  # connected: takes answers of no other address
        client.send(b"x")
        self.assertEqual([client.recv(10) for _ in range(3)], [b"x"] * 3)

    def test_a_silent_session_ends_and_a_busy_one_does_not(self):
        server = self.server()
        process = self.start(udp(server.address), "--entryPoints.dns.udp.timeout=500ms")
        client = self.asker(process)
        self.ask(client)
        began = time.monotonic()
        while time.monotonic() - began < 1.2:
            self.ask(client)
            time.sleep(0.05)
        self.assertEqual(len(set(server.askers)), 1)
        descriptors = process.descriptors()
        self.assert_soon(lambda: process.descriptors() < descriptors, "the session's socket is closed")
        self.ask(client)
        self.assertEqual(len(set(server.askers)), 2)

    def test_a_server_that_refuses_loses_its_session_and_it_is_logged(self):
        dead = f"127.0.0.1:{free_port()}"
        well = self.server(b"well")
        process = self.start(udp(dead, well.address))
        client = self.asker(process)
        answers = []
        for _ in range(3):
            client.send(b"?")
            client.settimeout(0.3)
            try:
                answers.append(client.recv(100))
            except TimeoutError:
                pass
        self.assertIn(b"well?", answers)
        process.wait_for_log("a UDP server cannot be reached", 5)

    def test_a_server_by_name(self):
        server = self.server()
        process = self.start(udp("localhost:" + server.address.rsplit(":", 1)[1]))
        client = self.asker(process)
        for i in range(3):  # sent while the name is looked up
            client.send(b"%d" % i)
        self.assertEqual([client.recv(10) for _ in range(3)], [b"0", b"1", b"2"])

    def test_many_clients_over_several_workers(self):
        server = self.server()
        process = self.start(udp(server.address), workers=2)
        clients = [self.asker(process) for _ in range(50)]
        for client in clients:
            client.send(b"!")
        self.assertEqual([client.recv(10) for client in clients], [b"!"] * 50)


class Services(UdpCase):
    def test_sessions_take_turns_by_weight(self):
        a, b = self.server(b"a"), self.server(b"b")
        dynamic = udp(a.address)
        services = dynamic["udp"]["services"]
        services["a"], services["b"] = services["any"], {"loadBalancer": {"servers": [{"address": b.address}]}}
        services["any"] = {"weighted": {"services": [{"name": "a", "weight": 3}, {"name": "b", "weight": 1}]}}
        process = self.start(dynamic)
        self.assertEqual(sorted(self.ask(self.asker(process))[:1] for _ in range(8)), [b"a"] * 6 + [b"b"] * 2)

    def test_what_is_wrong_is_reported(self):
        server = self.server()
        dynamic = udp(server.address, "nonsense")
        routers = dynamic["udp"]["routers"]
        routers["twice"] = {"service": "any", "entryPoints": ["dns"]}
        routers["lost"] = {"service": "nobody", "entryPoints": ["dns"]}
        routers["tcp"] = {"service": "any", "entryPoints": ["web"]}
        dynamic["http"] = {"routers": {"h": {"rule": "Path(`/`)", "service": "s", "entryPoints": ["dns"]}},
                           "services": {"s": {"loadBalancer": {"servers": [{"url": "http://127.0.0.1:9"}]}}}}
        process = self.start(dynamic)
        for line in ("server nonsense of UDP service any@file", "UDP routers any@file and twice@file are both on",
                     "UDP service nobody@file does not exist", "router tcp@file is to be on entry point web.*a TCP one",
                     "router h@file is to be on entry point dns.*a UDP one"):
            process.wait_for_log(line, 5)
        self.assertEqual(self.ask(self.asker(process)), b"?")

    def test_without_a_router_nobody_answers(self):
        process = self.start({})
        client = self.asker(process)
        client.send(b"?")
        self.assertTrue(self.silent(client))


class Changes(UdpCase):
    def test_a_reload_keeps_sessions_and_a_server_that_goes_loses_its_own(self):
        a, b = self.server(b"a"), self.server(b"b")
        process = self.start(udp(a.address, b.address))
        clients = [self.asker(process) for _ in range(4)]
        first = [self.ask(client) for client in clients]
        asked = list(a.askers)
        process.configure(udp(a.address, b.address, other={"loadBalancer": {"servers": [{"address": "127.0.0.1:9"}]}}))
        self.assertEqual([self.ask(client) for client in clients], first)
        process.configure(udp(a.address))
        self.assertEqual([self.ask(client) for client in clients], [b"a?"] * 4)
        self.assertEqual(set(a.askers[:2]), set(asked))
        process.configure({})
        for client in clients:
            client.send(b"?")
            self.assertTrue(self.silent(client, 0.1))

    def test_a_drain_lets_sessions_end(self):
        server = self.server()
        process = self.start(udp(server.address), "--entryPoints.dns.udp.timeout=600ms",
                             "--entryPoints.dns.transport.lifeCycle.graceTimeOut=10s")
        client, late = self.asker(process), self.asker(process)
        self.ask(client)
        process.process.terminate()
        process.wait_for_log("draining", 5)
        time.sleep(0.1)
        self.assertEqual(self.ask(client, b"still"), b"still")
        late.send(b"new")
        self.assertTrue(self.silent(late, 0.2))
        began = time.monotonic()
        self.assertEqual(process.wait(10), 0)
        self.assert_within(4, began, "the end")
