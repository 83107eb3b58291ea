"""How the CA is spoken to: what requests say of us, through which proxy, over how many connections, and how much of an
answer is read."""
import json
import socket
import threading
import unittest

from acme_cases import Acme
from framework import servers, http

ACME = "--certificatesResolvers.le.acme"


class ConnectProxy:
    """An HTTP proxy that knows CONNECT; `asked` is where it was to lead."""

    def __init__(self):
        self.asked: list[str] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._lead, args=(client,), daemon=True).start()

    def _lead(self, client: socket.socket) -> None:
        head = b""
        while b"\r\n\r\n" not in head:
            piece = client.recv(4096)
            if not piece:
                return
            head += piece
        target = head.split()[1].decode()
        self.asked.append(target)
        host, port = target.rsplit(":", 1)
        server = socket.create_connection((host, int(port)))
        client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        ways = [threading.Thread(target=self._copy, args=pair, daemon=True)
                for pair in ((client, server), (server, client))]
        for way in ways:
            way.start()
        for way in ways:
            way.join()
        client.close()
        server.close()

    @staticmethod
    def _copy(source: socket.socket, target: socket.socket) -> None:
        try:
            while piece := source.recv(65536):
                target.sendall(piece)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


class Requests(Acme):
    def test_they_name_us_and_a_language_and_share_connections(self):
        ca = self.ca()
        process = self.edge_for(ca, self.routes("a.test"))
        self.wait_until_served(process, "a.test")
        heads = [{name.lower(): value for name, value in head.items()} for head in ca.proxy.heads]
        self.assertGreaterEqual(len(heads), 8)
        for head in heads:
            self.assertRegex(head["user-agent"], r"^sluice/\d+\.\d+")
            self.assertEqual(head["accept-language"], "en")
        self.assertLessEqual(ca.proxy.connections, 2)

    def started(self, proxy, **variables):
        self.addCleanup(proxy.close)
        ca = self.ca()
        process = self.sluice(self.routes("a.test"), *self.flags(ca), entry_points={"websecure": "127.0.0.1:0"},
                              environment={"HTTPS_PROXY": proxy.url, "NO_PROXY": "", "no_proxy": "", **variables})
        ca.serve(process.address("web")[1])
        self.wait_until_served(process, "a.test")
        return ca

    def test_they_go_through_the_proxy_of_the_environment(self):
        proxy = ConnectProxy()
        ca = self.started(proxy)
        self.assertEqual(set(proxy.asked), {f"localhost:{ca.proxy.port}"})
        self.assertLessEqual(ca.proxy.connections, len(proxy.asked))

    def test_but_not_to_hosts_that_are_excepted(self):
        proxy = ConnectProxy()
        self.started(proxy, NO_PROXY="other.test,localhost")
        self.assertEqual(proxy.asked, [])


class LargeAnswers(Acme):
    def assert_survives(self, match: str, problem: str, **fault) -> None:
        """Answers like that are trouble of the CA: it is asked again a little later, and nothing is ordered twice."""
        ca = self.ca()
        ca.proxy.fault(match, "reply", count=3, status=200, headers={"Replay-Nonce": "x"}, **fault)
        process = self.edge_for(ca, self.routes("a.test"))
        process.wait_for_log("a certificate could not be obtained.*" + problem, 30)
        [status] = self.listed()
        self.assertIn(problem, status["problem"])
        self.certs("renew", "a.test", "--control", str(self.socket))
        self.wait_until_served(process, "a.test", 30)
        self.assertEqual(ca.proxy.created.count("POST /order-plz"), 1)

    def test_an_object_of_more_than_256_kib(self):
        self.assert_survives("POST /order-plz", "the answer is too large",
                             body=json.dumps({"status": "pending", "more": "x" * 256 * 1024}))

    def test_a_chain_of_more_than_a_mebibyte(self):
        self.assert_survives("POST /certZ", "the answer is too large", body="x" * (1024 * 1024 + 1))

    def test_an_object_of_a_hundred_thousand_levels(self):
        deep = '{"status":"pending","error":' + '{"a":' * 20_000 + "1" + "}" * 20_001
        self.assert_survives("POST /order-plz", "nested too deeply", body=deep)

    def test_what_is_large_and_no_larger_is_read(self):
        ca = self.ca()
        ca.proxy.fault("POST /my-order", "patch", count=9, patch={"more": "x" * 250 * 1024, "deep": [[[[[[[[]]]]]]]]})
        process = self.edge_for(ca, self.routes("a.test"))
        self.wait_until_served(process, "a.test")
        self.assertEqual(ca.proxy.created.count("POST /order-plz"), 1)


class OverIpv6(Acme):
    def started(self, address: str, **options):
        upstream = self.upstream()
        dynamic = http({"r": {"rule": "Host(`six.test`)", "service": "app", "entryPoints": ["websecure"],
                              "tls": {"certResolver": "le"}}}, {"app": servers(upstream.url)})
        ca = self.ca()
        # In a mount namespace of its own, where the name has an address of IPv6.
        hosts = self.folder / "hosts"
        hosts.write_text("127.0.0.1 localhost\n::1 six.test\n")
        prefix = ("unshare", "-m", "sh", "-c", f'mount --bind {hosts} /etc/hosts && exec "$@"', "sh")
        process = self.sluice(dynamic, *self.flags(ca, self_check=True), prefix=prefix,
                              entry_points={"web": f"{address}:0", "websecure": "127.0.0.1:0"}, **options)
        ca.serve(process.address("web")[1])
        ca.records("add-aaaa", host="six.test", addresses=["::1"])
        ca.records("clear-a", host="six.test")
        return ca, process

    def test_the_ca_may_ask_over_ipv6(self):
        ca, process = self.started("[::]")
        self.wait_until_served(process, "six.test")
        self.assertEqual(process.log("IPv6 address"), [])
        self.assertEqual(ca.proxy.created.count("POST /order-plz"), 1)

    def test_a_name_with_an_address_where_nobody_listens_is_warned_of(self):
        ca, process = self.started("127.0.0.1")
        process.wait_for_log("a name has an IPv6 address, and its challenge is answered on IPv4 only.*six.test", 20)
        process.wait_for_log("a certificate could not be obtained", 30)


if __name__ == "__main__":
    unittest.main()
