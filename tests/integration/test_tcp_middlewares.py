"""TCP middlewares, health checks of TCP services, and what a serversTransport says about connecting."""
import socket
import threading
import time

from framework import Case, patience
from framework.ports import free_port


def dynamic(*addresses: str, router: dict | None = None, middlewares: dict | None = None, **options) -> dict:
    tcp = {"routers": {"any": {"rule": "HostSNI(`*`)", "service": "any", "entryPoints": ["tcp"], **(router or {})}},
           "services": {"any": {"loadBalancer": {"servers": [{"address": address} for address in addresses], **options}}}}
    if middlewares is not None:
        tcp["middlewares"] = middlewares
    return {"tcp": tcp}


class TcpCase(Case):
    def echo(self, says: bytes = b""):
        def script(connection):
            while data := connection.socket.recv(65536):
                connection.socket.sendall(says + data)

        upstream = self.upstream(script)
        upstream.address = upstream.url.removeprefix("http://")
        return upstream

    def start(self, configuration, *flags):
        return self.sluice(configuration, *flags, entry_points={"tcp": "127.0.0.1:0"})

    def answers(self, client) -> bytes:
        return client.send(b"!").reader.exactly(1)


class Middlewares(TcpCase):
    def test_ipAllowList_closes_who_is_not_in_it(self):
        upstream = self.echo()
        for name in ("ipAllowList", "ipWhiteList"):
            process = self.start(dynamic(upstream.address, router={"middlewares": ["only"]},
                                         middlewares={"only": {name: {"sourceRange": ["127.0.0.2/31", "10.0.0.0/8"]}}}))
            self.assertEqual(self.answers(self.client(process, "tcp", source="127.0.0.3")), b"!")
            self.assertTrue(self.client(process, "tcp", source="127.0.0.1").is_closed())
            process.wait_for_log("not in ipAllowList", 5)

    def test_inFlightConn_counts_by_address_and_over_a_reload(self):
        upstream = self.echo()
        configuration = dynamic(upstream.address, router={"middlewares": ["few"]},
                                middlewares={"few": {"inFlightConn": {"amount": 2}}})
        process = self.start(configuration)
        first, second = self.client(process, "tcp"), self.client(process, "tcp")
        self.answers(first), self.answers(second)
        self.assertTrue(self.client(process, "tcp").is_closed())
        self.assertEqual(self.answers(self.client(process, "tcp", source="127.0.0.9")), b"!")
        configuration["tcp"]["services"]["other"] = {"loadBalancer": {"servers": [{"address": "127.0.0.1:9"}]}}
        process.configure(configuration)
        self.assertTrue(self.client(process, "tcp").is_closed())
        first.close()

        def free_again() -> bool:
            client = self.client(process, "tcp")
            try:
                return self.answers(client) == b"!"
            except (EOFError, OSError):
                return False

        self.assert_soon(free_again, "the place is free again")
        self.assertEqual(self.answers(second), b"!")

    def test_a_router_never_serves_without_a_middleware_it_names(self):
        upstream = self.echo()
        cases = (({"middlewares": ["gone"]}, {}, "TCP middleware gone@file does not exist"),
                 ({"middlewares": ["bad"]}, {"bad": {"inFlightConn": {"amount": 0}}}, "an amount above 0"),
                 ({"middlewares": ["bad"]}, {"bad": {"ipAllowList": {"sourceRange": ["nowhere"]}}}, "no address or network"),
                 ({"middlewares": ["bad"]}, {"bad": {"ipAllowList": {"sourceRange": ["::/0"]}, "inFlightConn": {"amount": 1}}},
                  "more than one type"))
        for router, middlewares, why in cases:
            with self.subTest(why=why):
                process = self.start(dynamic(upstream.address, router=router, middlewares=middlewares))
                process.wait_for_log(why, 5)
                client = self.client(process, "tcp").send(b"hello\r\n\r\n")
                self.assertNotIn(b"hello", client.rest())
        self.assertEqual(upstream.connections, [])


class Health(TcpCase):
    def test_a_server_that_fails_its_check_gets_no_connections_until_it_answers_again(self):
        answer = {"text": b"+PONG\r\n"}

        def script(connection):
            while data := connection.socket.recv(65536):
                connection.socket.sendall(answer["text"] if data == b"PING\r\n" else b"sick" + data)

        sick, well = self.upstream(script), self.echo(b"well")
        address = sick.url.removeprefix("http://")
        check = {"send": "PING\r\n", "expect": "+PONG", "interval": "100ms", "timeout": "2s"}
        configuration = dynamic(address, router=None)
        services = configuration["tcp"]["services"]
        services["checked"] = {"loadBalancer": {"servers": [{"address": address}], "healthCheck": check}}
        services["well"] = {"loadBalancer": {"servers": [{"address": well.address}]}}
        services["any"] = {"weighted": {"services": [{"name": "checked"}, {"name": "well"}], "healthCheck": {}}}
        process = self.start(configuration)

        def tally() -> set:
            said = set()
            for _ in range(4):
                client = self.client(process, "tcp")
                said.add(client.send(b"!").reader.exactly(5))
                client.close()
            return said

        self.assertEqual(tally(), {b"sick!", b"well!"})
        answer["text"] = b"-ERR\r\n"
        process.wait_for_log("failed its health check.*not the expected one", 5)
        self.assertEqual(tally(), {b"well!"})
        configuration["tcp"]["services"]["other"] = {"loadBalancer": {"servers": [{"address": "127.0.0.1:9"}]}}
        process.configure(configuration)  # an unrelated change marks nobody up
        self.assertEqual(tally(), {b"well!"})
        answer["text"] = b"+PONG\r\n"
        process.wait_for_log("is healthy again", 5)
        self.assertEqual(tally(), {b"sick!", b"well!"})

    def test_a_check_without_words_connects_and_one_server_of_several_is_left_out(self):
        upstream = self.echo()
        dead = f"127.0.0.1:{free_port()}"
        process = self.start(dynamic(dead, upstream.address, healthCheck={"interval": "100ms", "timeout": "1s"}))
        process.wait_for_log("failed its health check", 5)
        for _ in range(4):
            self.assertEqual(self.answers(self.client(process, "tcp")), b"!")
        self.assertFalse(process.log("a TCP server cannot be reached"))

    def test_a_check_that_makes_no_sense_is_reported_and_its_servers_serve(self):
        upstream = self.echo()
        process = self.start(dynamic(upstream.address, healthCheck={"interval": "0s"}))
        process.wait_for_log("healthCheck of TCP service any@file", 5)
        self.assertEqual(self.answers(self.client(process, "tcp")), b"!")


class Transports(TcpCase):
    def full_server(self) -> str:
        """A listener whose queue is full does not answer a SYN."""
        full = socket.socket()
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        self.addCleanup(full.close)
        for _ in range(4):
            one = socket.socket()
            one.setblocking(False)
            one.connect_ex(full.getsockname())
            self.addCleanup(one.close)
        time.sleep(0.1)
        return "127.0.0.1:%d" % full.getsockname()[1]

    def test_dialTimeout_bounds_a_server_that_does_not_answer(self):
        configuration = dynamic(self.full_server(), serversTransport="quick")
        configuration["tcp"]["serversTransports"] = {"quick": {"dialTimeout": "300ms"}}
        process = self.start(configuration)
        began = time.monotonic()
        self.assertTrue(self.client(process, "tcp").is_closed(10))
        self.assertLess(time.monotonic() - began, patience(2))
        process.wait_for_log("a TCP server cannot be reached.*timed out", 5)

    def test_the_static_tcpServersTransport_is_the_default_one(self):
        process = self.start(dynamic(self.full_server()), "--tcpServersTransport.dialTimeout=300ms")
        began = time.monotonic()
        self.assertTrue(self.client(process, "tcp").is_closed(10))
        self.assertLess(time.monotonic() - began, patience(2))

    def test_terminationDelay_of_a_service_is_in_milliseconds(self):
        def never(connection):
            while connection.socket.recv(65536):
                pass
            threading.Event().wait(2)

        upstream = self.upstream(never)
        process = self.start(dynamic(upstream.url.removeprefix("http://"), terminationDelay=200))
        client = self.client(process, "tcp")
        began = time.monotonic()
        client.send(b"that").end()
        self.assertEqual(client.rest(), b"")
        self.assertGreater(time.monotonic() - began, 0.15)
        self.assert_within(1.5, began, "the end")
