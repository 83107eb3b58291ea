"""The Docker provider over TCP and TLS, and what clients see while containers come and go."""
import atexit
import json
import shutil
import socket
import ssl
import subprocess
import tempfile
import time
import unittest
from functools import lru_cache
from pathlib import Path

from framework import Case, binary, get, patience, response, serve
from framework.engine import Engine


def labels(name: str, port: int, **more: str) -> dict[str, str]:
    return {f"traefik.http.routers.{name}.rule": f"Host(`{name}.test`)",
            f"traefik.http.services.{name}.loadbalancer.server.port": str(port), **more}


class Docker(Case):
    def engine(self, **options) -> Engine:
        engine = Engine(**options)
        self.addCleanup(engine.close)
        return engine

    def in_front_of(self, engine: Engine, *flags: str, **options):
        return self.sluice({}, f"--providers.docker.endpoint={engine.endpoint}", *flags, **options)

    def port_of(self, upstream) -> int:
        return int(upstream.url.rsplit(":", 1)[1])

    def wait_for(self, process, host: str, status: int, seconds: float = 5.0):
        client = self.client(process)
        last = []

        def answered():
            last[:] = [client.ask(get(host=host))]
            return last[0].status == status

        self.assert_soon(answered, f"{host} answers {status}", seconds)
        return last[0]


class Life(Docker):
    def test_a_container_is_served_and_its_host_is_missed_for_a_moment_when_it_ends(self):
        engine, upstream = self.engine(), self.upstream(serve(response(200, b"hello")))
        engine.put("web", labels("web", self.port_of(upstream)))
        process = self.in_front_of(engine, "--providers.docker.routeGraceTime=1s")
        self.assertEqual(self.wait_for(process, "web.test", 200).body, b"hello")
        engine.remove("web")
        engine.tell("die", "web")
        engine.tell("destroy", "web")
        reply = self.wait_for(process, "web.test", 503)
        self.assertTrue(reply.get("Retry-After"))
        began = time.monotonic()
        self.wait_for(process, "web.test", 404)
        self.assertGreater(time.monotonic() - began, 0.3)

    def test_a_request_may_wait_for_a_container_that_is_recreated(self):
        engine, upstream = self.engine(), self.upstream(serve(response(200, b"hello")))
        parking = {"traefik.http.services.web.loadbalancer.parkingtime": "20s"}
        engine.put("web", labels("web", self.port_of(upstream), **parking))
        process = self.in_front_of(engine)
        self.wait_for(process, "web.test", 200)
        applied = len(process.log("configuration applied"))
        engine.remove("web")
        engine.tell("destroy", "web")
        self.assert_soon(lambda: len(process.log("configuration applied")) > applied, "the end of the container")
        waiting = [self.client(process) for _ in range(20)]
        for client in waiting:
            client.send(get(host="web.test"))
        gone = self.client(process)
        gone.send(get(host="web.test"))
        gone.close()
        time.sleep(0.2)
        self.assertEqual(len(upstream.requests), 1)
        engine.put("again", labels("web", self.port_of(upstream), **parking))
        engine.tell("start", "again")
        for client in waiting:
            self.assertEqual(client.reply().body, b"hello")
        self.assertEqual(waiting[0].ask(get(host="web.test")).body, b"hello")

    def test_a_held_route_gives_way_to_every_other(self):
        engine = self.engine()
        old, new = self.upstream(serve(response(200, b"old"))), self.upstream(serve(response(200, b"new")))
        engine.put("one", {**labels("app", self.port_of(old)), "traefik.http.routers.app.rule":
                           "Host(`app.test`) && PathPrefix(`/`)"})
        process = self.in_front_of(engine)
        self.assertEqual(self.wait_for(process, "app.test", 200).body, b"old")
        engine.remove("one")
        engine.tell("destroy", "one")
        self.wait_for(process, "app.test", 503)
        engine.put("two", labels("zzz", self.port_of(new), **{"traefik.http.routers.zzz.rule": "Host(`app.test`)"}))
        engine.tell("start", "two")
        self.assertEqual(self.wait_for(process, "app.test", 200).body, b"new")

    def test_a_container_told_to_stop_gets_no_new_request_and_ends_those_it_has(self):
        def slow_once(connection):
            connection.read_request()
            if connection.index > 0:
                return connection.send(response(200, b"first", [("Connection", "close")]))
            connection.owner.wait(lambda: connection.owner.go_on)
            connection.send(response(200, b"finished"))
            connection.hold()

        engine, first = self.engine(), self.upstream(slow_once)
        second = self.upstream(serve(response(200, b"second")))
        first.go_on = False
        engine.put("web-1", labels("web", self.port_of(first)))
        process = self.in_front_of(engine)
        # Without a request: the first server keeps the first one waiting.
        process.wait_for_log(r"configuration applied.*routers=[2-9]")
        waiting = self.client(process)
        waiting.send(get(host="web.test"))
        self.assertTrue(first.wait_for_requests(1))
        engine.put("web-2", {**labels("web", self.port_of(second)),
                             "traefik.http.services.web.loadbalancer.server.port": str(self.port_of(second))})
        engine.tell("start", "web-2")
        client = self.client(process)
        self.assert_soon(lambda: client.ask(get(host="web.test")).body == b"second", "the second serves")
        engine.tell("kill", "web-1", signal="15")
        in_a_row = []

        def only_the_second():
            in_a_row.append(client.ask(get(host="web.test")).body)
            return in_a_row[-10:] == [b"second"] * 10

        self.assert_soon(only_the_second, "the first gets no more requests")
        first.go_on = True
        first.changed()
        self.assertEqual(waiting.reply().body, b"finished")


class Connections(Docker):
    def test_the_engine_is_asked_by_name_and_version_and_nothing_else(self):
        engine, upstream = self.engine(), self.upstream()
        engine.put("web", labels("web", self.port_of(upstream)))
        process = self.in_front_of(engine)
        self.wait_for(process, "web.test", 200)
        self.assertEqual(len(engine.hosts), 1)
        self.assertRegex(engine.agents.pop(), r"^sluice/\d")
        for path in engine.requests:
            self.assertRegex(path, r"^/_ping$|^/v1\.41/(containers/json\?all=1$|events\?|containers/web/json$)")

    def test_what_the_provider_has_done_is_in_the_status(self):
        engine, upstream = self.engine(), self.upstream()
        engine.put("web", labels("web", self.port_of(upstream)))
        folder = Path(tempfile.mkdtemp(prefix="sluice-control-"))
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        process = self.in_front_of(engine, f"--controlSocket={folder}/control.sock")
        self.wait_for(process, "web.test", 200)
        engine.tell("update", "web")

        def stats() -> dict:
            said = subprocess.run([binary(), "status", "-o", "json", "--control", folder / "control.sock"],
                                  capture_output=True, check=True, timeout=patience(20))
            return json.loads(said.stdout)["providerStats"]["docker"]

        self.assert_soon(lambda: stats()["requests"].get("/containers/{id}/json") == 2, "the event is followed")
        said = stats()
        self.assertEqual([said[name] for name in ("events", "ignored", "lost", "resyncs", "reconnects")],
                         [1, 0, 0, 1, 0])
        self.assertLess(said["lastEventAgeMs"], patience(60) * 1000)
        self.assertEqual(said["requests"]["/events"], 1)
        text = subprocess.run([binary(), "status", "--control", folder / "control.sock"], capture_output=True,
                              text=True, check=True, timeout=patience(20)).stdout
        self.assertIn("docker: 1 events", text)

    def test_basic_authentication(self):
        engine, upstream = self.engine(credentials=("user", "secret-word")), self.upstream()
        engine.put("web", labels("web", self.port_of(upstream)))
        process = self.in_front_of(engine, "--providers.docker.username=user",
                                   "--providers.docker.password=secret-word")
        self.wait_for(process, "web.test", 200)
        self.assertEqual(process.log("secret-word"), [])

    def test_wrong_credentials_are_said(self):
        engine = self.engine(credentials=("user", "right"))
        process = self.in_front_of(engine, "--providers.docker.username=user", "--providers.docker.password=wrong")
        process.wait_for_log("Provider error.*refuses")

    def test_a_socket_nobody_listens_on_is_said_with_what_helps(self):
        folder = Path(tempfile.mkdtemp(prefix="sluice-engine-"))
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        process = self.sluice({}, f"--providers.docker.endpoint=unix://{folder}/docker.sock")
        process.wait_for_log("is the engine running, is its socket mounted")
        # What a container keeps that mounted the file of an engine that was restarted.
        with socket.socket(socket.AF_UNIX) as gone:
            gone.bind(str(folder / "docker.sock"))
        process.wait_for_log("mount the socket's directory, not the file")

    def test_variables_of_docker_go_before_the_options(self):
        engine, upstream = self.engine(), self.upstream()
        engine.put("web", labels("web", self.port_of(upstream)))
        process = self.sluice({}, "--providers.docker.endpoint=unix:///none.sock",
                              environment={"DOCKER_HOST": engine.endpoint})
        self.wait_for(process, "web.test", 200)


@lru_cache
def certificates() -> Path:
    """A folder with an authority (ca.pem) and the certificates and keys of a server and a client of 127.0.0.1."""
    held = tempfile.TemporaryDirectory()
    atexit.register(held.cleanup)
    folder = Path(held.name)

    def openssl(*words: str) -> None:
        subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)

    def make(name: str, *more: str) -> None:
        openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", f"{name}.key",
                "-subj", f"/CN={name}", *more, "-out", f"{name}.pem")

    make("ca", "-x509", "-days", "2")
    (folder / "extra").write_text("subjectAltName=IP:127.0.0.1\n")
    for name in ("server", "client"):
        make(name)
        openssl("x509", "-req", "-in", f"{name}.pem", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
                "-days", "2", "-extfile", "extra", "-out", f"{name}.crt")
    for name, source in {"cert.pem": "client.crt", "key.pem": "client.key"}.items():
        shutil.copy(folder / source, folder / name)
    return folder


@unittest.skipUnless(shutil.which("openssl"), "no openssl to make certificates with")
class Tls(Docker):
    def setUp(self):
        super().setUp()
        self.folder = certificates()

    def secured(self) -> Engine:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.folder / "server.crt", self.folder / "server.key")
        context.load_verify_locations(self.folder / "ca.pem")
        context.verify_mode = ssl.CERT_REQUIRED
        engine = self.engine(tls=context)
        upstream = self.upstream()
        engine.put("web", labels("web", self.port_of(upstream)))
        return engine

    def flags(self, **files: str) -> list[str]:
        return [f"--providers.docker.tls.{option}={self.folder / name}" for option, name in files.items()]

    def test_both_sides_show_certificates(self):
        process = self.in_front_of(self.secured(), *self.flags(ca="ca.pem", cert="client.crt", key="client.key"))
        self.wait_for(process, "web.test", 200)

    def test_certificates_may_be_given_as_text(self):
        given = {"ca": "ca.pem", "cert": "client.crt", "key": "client.key"}
        texts = [f"--providers.docker.tls.{option}={(self.folder / name).read_text()}" for option, name in given.items()]
        process = self.in_front_of(self.secured(), *texts)
        self.wait_for(process, "web.test", 200)

    def test_an_engine_of_another_authority_is_refused_unless_that_is_switched_off(self):
        engine = self.secured()
        own = self.flags(cert="client.crt", key="client.key")
        process = self.in_front_of(engine, *own)
        process.wait_for_log("Provider error.*certificate")
        self.assertEqual(engine.requests, [])
        process = self.in_front_of(engine, *own, "--providers.docker.tls.insecureSkipVerify=true")
        self.wait_for(process, "web.test", 200)

    def test_the_variables_of_docker(self):
        engine = self.secured()
        process = self.sluice({}, "--providers.docker=true",
                              environment={"DOCKER_HOST": engine.endpoint, "DOCKER_TLS_VERIFY": "1",
                                           "DOCKER_CERT_PATH": str(self.folder)})
        self.wait_for(process, "web.test", 200)
