"""forwardAuth over TLS: whom it trusts with the decision, and who it says it is."""
import ssl
import tempfile
from functools import cached_property
from pathlib import Path

from framework import Case, all_hosts, authority, certificate, get, http, response, serve, server_context, servers


class Shared:
    """Made once for all tests."""
    authority = cached_property(lambda self: authority())
    auth = cached_property(lambda self: certificate("127.0.0.1", issuer=self.authority))
    ours = cached_property(lambda self: certificate("sluice.test", issuer=self.authority))


SHARED = Shared()


class ForwardAuthOverTls(Case):
    def setUp(self):
        super().setUp()
        folder = tempfile.TemporaryDirectory(prefix="sluice-auth-")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        (self.folder / "ca.crt").write_text(SHARED.authority.certificate)
        self.app = self.upstream(serve(response(200, b"app")))

    def auth_server(self, **options):
        context = server_context(SHARED.auth, **options)
        script = serve(response(200, b"", [("X-User", "ann")]))

        def secured(connection):
            try:
                connection.socket = context.wrap_socket(connection.socket, server_side=True)
            except (ssl.SSLError, OSError):
                return
            script(connection)

        upstream = self.upstream(secured)
        upstream.url = upstream.url.replace("http://", "https://")
        return upstream

    def guarded(self, auth, **tls):
        options = {"address": f"{auth.url}/verify", "authResponseHeaders": ["X-User"], **({"tls": tls} if tls else {})}
        process = self.sluice(http({"web": all_hosts("app", middlewares=["auth"])}, {"app": servers(self.app.url)},
                                   middlewares={"auth": {"forwardAuth": options}}))
        return process, self.client(process)

    def test_with_its_authority_it_is_asked_on_one_connection(self):
        auth = self.auth_server()
        _, client = self.guarded(auth, ca=str(self.folder / "ca.crt"))
        for _ in range(5):
            self.assertEqual(client.ask(get()).body, b"app")
        self.assertEqual((len(auth.requests), len(auth.connections)), (5, 1))
        self.assertEqual({head.get("X-User") for head in self.app.requests}, {"ann"})

    def test_one_that_cannot_be_verified_lets_nobody_pass(self):
        auth = self.auth_server()
        process, client = self.guarded(auth)
        self.assertEqual(client.ask(get()).status, 500)
        process.wait_for_log("certificate")
        self.assertEqual((auth.requests, self.app.requests), ([], []))

    def test_insecure_skip_verify_is_obeyed_and_warned_of(self):
        process, client = self.guarded(self.auth_server(), insecureSkipVerify=True)
        self.assertEqual(client.ask(get()).body, b"app")
        process.wait_for_log("middleware auth@file accepts any certificate")

    def test_a_client_certificate_is_shown(self):
        files = SHARED.ours.files(self.folder, "ours")
        auth = self.auth_server(clients=SHARED.authority)
        _, client = self.guarded(auth, ca=SHARED.authority.certificate, cert=files["certFile"], key=files["keyFile"])
        self.assertEqual(client.ask(get()).body, b"app")
        _, client = self.guarded(auth, ca=SHARED.authority.certificate)
        self.assertEqual(client.ask(get()).status, 500)

    def test_files_that_cannot_be_used_take_the_router_down(self):
        process, client = self.guarded(self.auth_server(), ca=str(self.folder / "missing.crt"))
        self.assertEqual(client.ask(get()).status, 404)
        process.wait_for_log("middleware auth@file: rootCAs")
        self.assertEqual(self.app.requests, [])

    def test_a_new_authority_file_is_noticed(self):
        other = authority()
        (self.folder / "ca.crt").write_text(other.certificate)
        auth = self.auth_server()
        process, client = self.guarded(auth, ca=str(self.folder / "ca.crt"))
        self.assertEqual(client.ask(get()).status, 500)
        draft = self.folder / "draft"
        draft.write_text(SHARED.authority.certificate)
        draft.rename(self.folder / "ca.crt")
        self.assert_soon(lambda: self.client(process).ask(get()).status == 200, "the new file is in force")


if __name__ == "__main__":
    import unittest
    unittest.main()
