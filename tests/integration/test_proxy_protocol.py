"""PROXY protocol: headers believed, ignored and refused on entry points, and sent to servers."""
import socket
import ssl
import struct
import time

from framework import Case, all_hosts, get, host_router, http, response, serve, servers

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
SOURCE, DESTINATION = ("198.51.100.7", 40001), ("192.0.2.1", 443)


def v1(source=SOURCE, destination=DESTINATION, family="TCP4") -> bytes:
    return f"PROXY {family} {source[0]} {destination[0]} {source[1]} {destination[1]}\r\n".encode()


def v2(source=SOURCE, destination=DESTINATION, family=socket.AF_INET, command=0x21, extensions=b"") -> bytes:
    addresses = (socket.inet_pton(family, source[0]) + socket.inet_pton(family, destination[0]) +
                 struct.pack("!HH", source[1], destination[1])) + extensions
    return SIGNATURE + bytes([command, 0x11 if family == socket.AF_INET else 0x21]) + struct.pack(
        "!H", len(addresses)) + addresses


def parsed(header: bytes) -> tuple:
    """The addresses of a header that a server received, and what came behind it."""
    if header.startswith(b"PROXY "):
        line, rest = header.split(b"\r\n", 1)
        _, family, source, destination, source_port, destination_port = line.decode().split(" ")
        return family, source, int(source_port), destination, int(destination_port), rest
    assert header.startswith(SIGNATURE), header
    command, family, length = struct.unpack("!BBH", header[12:16])
    assert command == 0x21 and family == 0x11 and length == 12, header
    source, destination, source_port, destination_port = struct.unpack("!4s4sHH", header[16:28])
    return ("TCP4", socket.inet_ntoa(source), source_port, socket.inet_ntoa(destination), destination_port, header[28:])


TRUSTED = "--entryPoints.web.proxyProtocol.trustedIPs=127.0.0.1"


class Incoming(Case):
    def seen(self, upstream) -> str:
        return upstream.requests[-1].get("X-Real-Ip")

    def test_a_header_of_a_trusted_peer_gives_the_request_its_client(self):
        upstream, process, _ = self.edge(None, TRUSTED)
        for header, client in ((v1(), SOURCE[0]), (v2(), SOURCE[0]),
                               (v1(("2001:db8::7", 1), ("2001:db8::1", 2), "TCP6"), "2001:db8::7"),
                               (v2(("2001:db8::7", 1), ("2001:db8::1", 2), socket.AF_INET6), "2001:db8::7"),
                               (v2(extensions=b"\x04\x00\x03abc"), SOURCE[0]),
                               (b"PROXY UNKNOWN\r\n", "127.0.0.1"), (v2(command=0x20), "127.0.0.1"), (b"", "127.0.0.1")):
            with self.subTest(header=header):
                connected = self.client(process)
                self.assertEqual(connected.ask(header + get()).status, 200)
                self.assertEqual(self.seen(upstream), client)
                self.assertEqual(connected.ask(get()).status, 200)  # the header counts for the whole connection
                self.assertEqual(self.seen(upstream), client)

    def test_a_header_may_come_byte_by_byte(self):
        upstream, process, _ = self.edge(None, TRUSTED)
        for header in (v1(), v2()):
            connected = self.client(process)
            connected.send_bytewise(header, 0.001)
            self.assertEqual(connected.ask(get()).status, 200)
            self.assertEqual(self.seen(upstream), SOURCE[0])

    def test_a_header_of_anybody_else_has_no_effect(self):
        upstream, process, _ = self.edge(None, "--entryPoints.web.proxyProtocol.trustedIPs=192.0.2.0/24")
        for header in (v1(), v2(), b""):
            self.assertEqual(self.client(process).ask(header + get()).status, 200)
            self.assertEqual(self.seen(upstream), "127.0.0.1")

    def test_without_the_option_a_header_is_no_request(self):
        _, process, connected = self.edge(None)
        self.assertEqual(connected.ask(v1() + get()).status, 400)

    def test_insecure_believes_everybody(self):
        upstream, process, connected = self.edge(None, "--entryPoints.web.proxyProtocol.insecure=true")
        self.assertEqual(connected.ask(v2() + get()).status, 200)
        self.assertEqual(self.seen(upstream), SOURCE[0])

    def test_a_malformed_header_closes_with_a_reason(self):
        upstream, process, _ = self.edge(None, TRUSTED)
        for header, why in ((b"PROXY TCP4 1.2.3.4 5.6.7.8 1\r\n", "two addresses and two ports"),
                            (b"PROXY TCP4 " + b"1" * 200, "107 bytes"),
                            (SIGNATURE + b"\x31\x11\0\x0c" + b"x" * 12, "LOCAL and PROXY"),
                            (v2(extensions=b"\x04\x00\x09abc"), "over the end"),
                            (SIGNATURE + b"\x21\x11\xff\xff", "too long")):
            with self.subTest(why=why):
                self.assertTrue(self.client(process).send(header).is_closed())
                process.wait_for_log(why, 5)
        self.assertEqual(upstream.requests, [])
        connected = self.client(process)
        connected.send(b"PROXY TCP4 1.2").end()
        self.assertTrue(connected.is_closed())
        process.wait_for_log("ended inside the header", 5)

    def test_a_header_that_does_not_end_is_not_waited_for(self):
        _, process, _ = self.edge(None, TRUSTED, "--entryPoints.web.transport.respondingTimeouts.readTimeout=400ms")
        connected = self.client(process)
        began = time.monotonic()
        connected.send(b"PROXY TCP4 ")
        self.assertTrue(connected.is_closed())
        self.assert_within(2, began, "the end")
        process.wait_for_log("did not come to its end in time", 5)

    def test_tls_behind_a_header(self):
        upstream = self.upstream(serve(response(200, b"app")))
        process = self.sluice(http({"app": host_router("a.test", "app", tls={})}, {"app": servers(upstream.url)}), TRUSTED)
        for header in (v1(), v2()):
            raw = socket.create_connection(process.web)
            raw.sendall(header)
            tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE
            with tls.wrap_socket(raw, server_hostname="a.test") as session:
                session.sendall(get(host="a.test"))
                self.assertTrue(session.recv(4096).startswith(b"HTTP/1.1 200"))
            self.assertEqual(self.seen(upstream), SOURCE[0])

    def test_rules_see_the_address_of_the_header(self):
        upstream = self.upstream(serve(response(200, b"app")))
        process = self.sluice(http({"a": {"rule": f"ClientIP(`{SOURCE[0]}`)", "service": "app"}},
                                   {"app": servers(upstream.url)}), TRUSTED)
        self.assertEqual(self.client(process).ask(v1() + get()).status, 200)
        self.assertEqual(self.client(process).ask(get()).status, 404)

    def test_a_server_first_protocol_waits_for_the_header_of_a_trusted_peer_only(self):
        def greet(connection):
            connection.send(b"220 ready\r\n")
            connection.hold()

        upstream = self.upstream(greet)
        dynamic = {"tcp": {"routers": {"any": {"rule": "HostSNI(`*`)", "service": "any", "entryPoints": ["tcp"]}},
                           "services": {"any": {"loadBalancer": {
                               "servers": [{"address": upstream.url.removeprefix("http://")}]}}}}}
        for trusted in ("127.0.0.1", "192.0.2.1"):
            process = self.sluice(dynamic, f"--entryPoints.tcp.proxyProtocol.trustedIPs={trusted}",
                                  entry_points={"tcp": "127.0.0.1:0"})
            connected = self.client(process, "tcp")
            if trusted == "127.0.0.1":
                self.assertTrue(connected.is_silent())
                connected.send(v2())
            self.assertEqual(connected.reader.until(b"\r\n"), b"220 ready\r\n")


class Outgoing(Case):
    def tcp(self, upstream, transport: dict | None = None, **service) -> dict:
        balancer = {"servers": [{"address": upstream.url.removeprefix("http://")}], **service}
        if transport is not None:
            balancer["serversTransport"] = "t"
        tcp = {"routers": {"any": {"rule": "HostSNI(`*`)", "service": "any", "entryPoints": ["tcp"]}},
               "services": {"any": {"loadBalancer": balancer}}}
        if transport is not None:
            tcp["serversTransports"] = {"t": transport}
        return {"tcp": tcp}

    def received(self, dynamic_of, *flags) -> tuple:
        upstream = self.upstream(lambda connection: connection.hold())
        process = self.sluice(dynamic_of(upstream), *flags, entry_points={"tcp": "127.0.0.1:0"})
        connected = self.client(process, "tcp")
        if flags:
            connected.send(v1())
        connected.send(b"hello")
        self.assert_soon(lambda: bytes(upstream.received).endswith(b"hello"), "the data arrives")
        self.client_port = connected.socket.getsockname()[1]
        self.entry_port = process.address("tcp")[1]
        return parsed(bytes(upstream.received))

    def test_each_way_to_ask_for_a_header(self):
        for dynamic_of in (lambda to: self.tcp(to, {"proxyProtocol": {"version": 1}}),
                           lambda to: self.tcp(to, {"proxyProtocol": {"version": 2}}),
                           lambda to: self.tcp(to, {"proxyProtocol": {}}),
                           lambda to: self.tcp(to, proxyProtocol={"version": 1}),
                           lambda to: self.tcp(to, proxyProtocol={"version": 2})):
            family, source, source_port, destination, destination_port, rest = self.received(dynamic_of)
            self.assertEqual((family, source, source_port), ("TCP4", "127.0.0.1", self.client_port))
            self.assertEqual((destination, destination_port), ("127.0.0.1", self.entry_port))
            self.assertEqual(rest, b"hello")

    def test_what_came_in_goes_out(self):
        _, source, source_port, destination, destination_port, rest = self.received(
            lambda to: self.tcp(to, {"proxyProtocol": {"version": 2}}), "--entryPoints.tcp.proxyProtocol.insecure=true")
        self.assertEqual((source, source_port), SOURCE)
        self.assertEqual((destination, destination_port), DESTINATION)
        self.assertEqual(rest, b"hello")

    def test_another_version_is_refused(self):
        upstream = self.upstream()
        process = self.sluice({**http({"a": all_hosts("app")}, {"app": servers(upstream.url)}),
                               **self.tcp(upstream, {"proxyProtocol": {"version": 3}})},
                              entry_points={"tcp": "127.0.0.1:0"})
        process.wait_for_log("there is no version 3 of the PROXY protocol", 5)
