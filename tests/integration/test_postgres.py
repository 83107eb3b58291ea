"""PostgreSQL clients that ask for TLS before they begin it."""
import socket
import ssl
import threading

from framework import Case, authority, certificate, patience, server_context

SSL_REQUEST = b"\0\0\0\x08\x04\xd2\x16\x2f"


class PostgresServer:
    """Speaks TLS after it was asked to (`tls`), or plaintext; answers whatever follows with its name."""

    def __init__(self, says: bytes, tls: ssl.SSLContext | None = None, answer: bytes = b"S"):
        self.says, self.tls, self.answer = says, tls, answer
        self.began: list[bytes] = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                connected, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connected,), daemon=True).start()

    def _serve(self, connected: socket.socket) -> None:
        try:
            with connected:
                if self.tls:
                    self.began.append(connected.recv(8, socket.MSG_WAITALL))
                    connected.sendall(self.answer)
                    if self.answer != b"S":
                        return
                    connected = self.tls.wrap_socket(connected, server_side=True)
                while data := connected.recv(65536):
                    connected.sendall(self.says + data)
        except OSError:
            pass

    def close(self) -> None:
        self.listener.close()


class Postgres(Case):
    def setUp(self):
        super().setUp()
        self.authority = authority()
        self.pem = certificate("db.test", "*.db.test", issuer=self.authority)

    def server(self, *arguments, **options) -> PostgresServer:
        server = PostgresServer(*arguments, **options)
        self.addCleanup(server.close)
        return server

    def start(self, routers: dict, services: dict):
        tcp = {"routers": routers, "services": {name: {"loadBalancer": {"servers": [{"address": address}]}}
                                                for name, address in services.items()}}
        return self.sluice({"tcp": tcp, "tls": {"certificates": [self.pem.inline()]}})

    def connect(self, process) -> socket.socket:
        client = socket.create_connection(process.web, patience(5))
        self.addCleanup(client.close)
        return client

    def psql(self, process, name: str, pieces: tuple[bytes, ...] = (SSL_REQUEST,)) -> ssl.SSLSocket:
        client = self.connect(process)
        for piece in pieces:
            client.sendall(piece)
        self.assertEqual(client.recv(1), b"S")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(cadata=self.authority.certificate)
        return context.wrap_socket(client, server_hostname=name)

    def test_passed_through_and_ended_here_by_name(self):
        passed = self.server(b"passed ", server_context(self.pem))
        plain = self.server(b"plain ")
        process = self.start({"a": {"rule": "HostSNI(`a.db.test`)", "service": "a", "tls": {"passthrough": True}},
                              "b": {"rule": "HostSNI(`b.db.test`)", "service": "b", "tls": {}}},
                             {"a": passed.address, "b": plain.address})
        for name, expected in (("a.db.test", b"passed hello"), ("b.db.test", b"plain hello")):
            session = self.psql(process, name)
            session.sendall(b"hello")
            self.assertEqual(session.recv(100), expected)
        self.assertEqual(passed.began, [SSL_REQUEST])
        session = self.psql(process, "a.db.test", tuple(bytes([byte]) for byte in SSL_REQUEST))
        session.sendall(b"bytewise")
        self.assertEqual(session.recv(100), b"passed bytewise")

    def test_a_name_without_router_is_closed_and_a_server_without_tls_too(self):
        refuses = self.server(b"", server_context(self.pem), answer=b"N")
        process = self.start({"a": {"rule": "HostSNI(`a.db.test`)", "service": "a", "tls": {"passthrough": True}}},
                             {"a": refuses.address})
        for name in ("a.db.test", "other.test"):
            with self.assertRaises((ssl.SSLError, OSError)):
                self.psql(process, name)
        process.wait_for_log("does not speak TLS", 5)

    def test_plaintext_behind_the_question_is_not_taken_for_tls(self):
        process = self.start({"a": {"rule": "HostSNI(`*`)", "service": "a", "tls": {}}}, {"a": "127.0.0.1:9"})
        client = self.connect(process)
        client.sendall(SSL_REQUEST + b"Q\0\0\0\x0bINJECT")
        self.assertEqual(client.recv(100), b"")

    def test_without_tls_routers_the_question_goes_to_the_server(self):
        server = self.server(b"plain ")
        process = self.start({"a": {"rule": "HostSNI(`*`)", "service": "a"}}, {"a": server.address})
        client = self.connect(process)
        client.sendall(SSL_REQUEST)
        self.assertEqual(client.recv(100), b"plain " + SSL_REQUEST)
