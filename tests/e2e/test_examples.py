"""Every example does what its README says."""

import base64
import http.server
import os
import pathlib
import re
import shutil
import socket
import subprocess
import tempfile
import threading
import time
import unittest

from engine import BINARY, ROOT, SOCKET, image, needs_engine, run, wait_for_status, wait_until, whoami_image
from framework.ports import free_port

EXAMPLES = ROOT / "examples"


@needs_engine
class Whoami(unittest.TestCase):
    """examples/whoami: a compose file with labels."""

    def compose(self, *arguments, **options):
        return run("docker-compose", "-p", self.project, "-f", EXAMPLES / "whoami" / "compose.yaml", *arguments,
                   env=self.environment, **options)

    def setUp(self):
        image("sluice:local")
        whoami_image()
        self.port = free_port()
        self.project = f"sluice-e2e-{os.getpid()}"
        self.environment = {**os.environ, "PORT": str(self.port), "DOCKER_GROUP": str(os.stat(SOCKET).st_gid)}
        self.addCleanup(self.compose, "down", "-v", "-t", "5", check=False)

    def test_the_labelled_service_is_served(self):
        self.compose("up", "-d")
        address = ("127.0.0.1", self.port)
        try:
            body = wait_for_status(address, "whoami.localhost", 200)
        except AssertionError as failure:
            raise AssertionError(f"{failure}\n{self.compose('logs', '--no-color', check=False)}") from None
        self.assertRegex(body, r"(?m)^Hostname: ")
        self.assertRegex(body, r"(?m)^X-Forwarded-Host: whoami\.localhost")
        wait_for_status(address, "nobody.localhost", 404)

    def test_more_replicas_share_the_requests(self):
        self.compose("up", "-d", "--scale", "whoami=3")
        address = ("127.0.0.1", self.port)
        wait_for_status(address, "whoami.localhost", 200)
        names = set()
        for _ in range(200):
            names.update(re.findall(r"(?m)^Hostname: (.*)$", wait_for_status(address, "whoami.localhost", 200)))
            if len(names) == 3:
                break
        self.assertEqual(len(names), 3)

    def test_the_file_is_short(self):
        self.assertLessEqual(len((EXAMPLES / "whoami" / "compose.yaml").read_text().splitlines()), 40)


class ExampleOfFiles(unittest.TestCase):
    """An example that needs no engine, on free ports instead of the written ones."""

    example = ""

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sluice-example-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        shutil.copytree(EXAMPLES / self.example, self.folder, dirs_exist_ok=True)
        self.ports = {written: free_port() for written in ("8000", "8001", "9000", "9001", "9002")}
        for file in self.folder.rglob("*.yml"):
            text = file.read_text()
            for written, free in self.ports.items():
                text = text.replace(f"127.0.0.1:{written}", f"127.0.0.1:{free}")
            file.write_text(text)

    def start(self, *arguments, **environment):
        log = tempfile.TemporaryFile()
        process = subprocess.Popen([BINARY, *arguments], cwd=self.folder, stdout=log, stderr=log,
                                   env={**os.environ, **environment})

        def stop():
            process.terminate()
            process.wait(20)
            log.close()

        self.addCleanup(stop)
        return process

    @staticmethod
    def wait_for_port(port):
        """Until somebody listens there."""
        deadline = time.monotonic() + 20
        while True:
            try:
                return socket.create_connection(("127.0.0.1", port), 1).close()
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)

    def ask(self, host, *fields):
        """The status and the whole reply of one request."""
        with socket.create_connection(("127.0.0.1", self.ports["8000"]), 10) as client:
            head = "".join(f"{field}\r\n" for field in (f"Host: {host}", "Connection: close", *fields))
            client.sendall(f"GET / HTTP/1.1\r\n{head}\r\n".encode())
            reply = b"".join(iter(lambda: client.recv(65536), b"")).decode()
        return int(reply.split(" ", 2)[1]), reply


class FileProvider(ExampleOfFiles):
    """examples/file-provider: a service that is not a container."""

    example = "file-provider"

    def test_the_route_leads_to_the_service_and_an_edit_is_live_at_once(self):
        self.start("whoami", f"--address=127.0.0.1:{self.ports['9000']}", "--name=printer")
        self.start("whoami", f"--address=127.0.0.1:{self.ports['9001']}", "--name=new-printer")
        self.start("run", "--configFile=sluice.yml")
        address = ("127.0.0.1", self.ports["8000"])
        self.assertIn("Name: printer", wait_for_status(address, "printer.localhost", 200))

        routes = self.folder / "routes" / "printer.yml"
        routes.write_text(routes.read_text().replace("printer.localhost", "drucker.localhost")
                          .replace(str(self.ports["9000"]), str(self.ports["9001"])))
        self.assertIn("Name: new-printer", wait_for_status(address, "drucker.localhost", 200))
        wait_for_status(address, "printer.localhost", 404)


ANN = "Authorization: Basic " + base64.b64encode(b"ann:test").decode()
EVE = "Authorization: Basic " + base64.b64encode(b"ann:guess").decode()


class BasicAuth(ExampleOfFiles):
    example = "basic-auth"

    def test_who_knows_the_password_gets_in_and_the_service_learns_the_name(self):
        self.start("whoami", f"--address=127.0.0.1:{self.ports['9000']}")
        self.start("run", "--configFile=sluice.yml")
        wait_for_status(("127.0.0.1", self.ports["8000"]), "private.localhost", 401)
        self.assertEqual(self.ask("private.localhost", EVE)[0], 401)
        status, reply = self.ask("private.localhost", ANN, "X-User: root")
        self.assertEqual(status, 200)
        self.assertIn("X-User: ann", reply)
        self.assertNotIn("root", reply)
        self.assertNotIn("Basic", reply)


class RateLimit(ExampleOfFiles):
    example = "rate-limit"

    def test_ten_requests_pass_and_the_count_goes_on_over_an_edit_elsewhere(self):
        self.start("whoami", f"--address=127.0.0.1:{self.ports['9000']}")
        self.start("run", "--configFile=sluice.yml")
        wait_for_status(("127.0.0.1", self.ports["8000"]), "limited.localhost", 200)
        statuses = [self.ask("limited.localhost")[0] for _ in range(12)]
        self.assertLessEqual(statuses.count(200), 10)
        status, reply = self.ask("limited.localhost")
        self.assertEqual(status, 429)
        self.assertRegex(reply, r"(?m)^Retry-After: \d+")
        (self.folder / "routes" / "other.yml").write_text(
            "http: {routers: {other: {rule: 'Host(`other.localhost`)', service: noop@internal}}}")
        wait_for_status(("127.0.0.1", self.ports["8000"]), "other.localhost", 418)
        self.assertEqual(self.ask("limited.localhost")[0], 429)


class ForwardAuth(ExampleOfFiles):
    example = "forward-auth"

    def test_the_login_decides_about_the_app(self):
        self.start("whoami", f"--address=127.0.0.1:{self.ports['9000']}", "--name=app")
        self.start("whoami", f"--address=127.0.0.1:{self.ports['9001']}", "--name=login")
        self.start("run", "--configFile=sluice.yml")
        wait_for_status(("127.0.0.1", self.ports["8000"]), "app.localhost", 401)
        status, reply = self.ask("app.localhost")
        self.assertEqual(status, 401)
        self.assertIn("WWW-Authenticate: Basic", reply)
        self.assertEqual(self.ask("app.localhost", EVE)[0], 401)
        status, reply = self.ask("app.localhost", ANN)
        self.assertEqual(status, 200)
        self.assertIn("Name: app", reply)


class Grpc(ExampleOfFiles):
    example = "grpc"

    def test_the_client_hears_what_it_says(self):
        python = "/usr/bin/python3"  # the one Debian's grpcio is for
        if subprocess.run([python, "-c", "import grpc"], capture_output=True, check=False).returncode != 0:
            self.skipTest("left out: python3-grpcio is not installed")
        server = subprocess.Popen([python, "server.py", f"127.0.0.1:{self.ports['9000']}"], cwd=self.folder)
        self.addCleanup(lambda: (server.terminate(), server.wait(20)))
        self.start("run", "--configFile=sluice.yml")
        wait_for_status(("127.0.0.1", self.ports["8000"]), "nobody.localhost", 404)
        self.wait_for_port(self.ports["9000"])
        heard = subprocess.run([python, "client.py", f"127.0.0.1:{self.ports['8000']}"], cwd=self.folder, timeout=60,
                               capture_output=True, text=True, check=False)
        self.assertEqual(heard.stdout, "you said hello\nyou said one\nyou said two\n", heard.stderr)


class WebSocket(ExampleOfFiles):
    example = "websocket"

    def test_the_server_says_everything_back(self):
        server = subprocess.Popen(["python3", "server.py", f"127.0.0.1:{self.ports['9000']}"], cwd=self.folder)
        self.addCleanup(lambda: (server.terminate(), server.wait(20)))
        self.start("run", "--configFile=sluice.yml")
        wait_for_status(("127.0.0.1", self.ports["8000"]), "nobody.localhost", 404)
        self.wait_for_port(self.ports["9000"])
        with socket.create_connection(("127.0.0.1", self.ports["8000"]), 10) as client:
            client.sendall(b"GET / HTTP/1.1\r\nHost: chat.localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                           b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
            stream = client.makefile("rb")
            head = b"".join(iter(stream.readline, b"\r\n"))
            self.assertIn(b"101 Switching Protocols", head)
            self.assertIn(b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", head)
            client.sendall(b"\x81\x85\x01\x02\x03\x04" + bytes(a ^ b for a, b in zip(b"hello", b"\1\2\3\4\1")))
            self.assertEqual(stream.read(7), b"\x81\x05hello")


class Recorder:
    """A server that counts its requests."""

    def __init__(self, port):
        self.requests = 0
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):  # noqa: N802: the name that http.server calls
                outer.requests += 1
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Canary(ExampleOfFiles):
    example = "canary"

    def name(self, *fields):
        status, reply = self.ask("app.localhost", *fields)
        self.assertEqual(status, 200)
        cookie = re.search(r"(?m)^Set-Cookie: (version=\w+)", reply)
        return re.search(r"(?m)^Name: (\w+)", reply)[1], cookie and cookie[1]

    def test_one_in_ten_gets_the_canary_and_stays_and_one_in_ten_is_copied(self):
        self.start("whoami", f"--address=127.0.0.1:{self.ports['9000']}", "--name=stable")
        self.start("whoami", f"--address=127.0.0.1:{self.ports['9001']}", "--name=canary")
        following = Recorder(self.ports["9002"])
        self.addCleanup(following.close)
        self.start("run", "--configFile=sluice.yml", "--workers=1")
        wait_for_status(("127.0.0.1", self.ports["8000"]), "app.localhost", 200)
        wait_until(lambda: following.requests > 0, "the first request is copied")
        seen = following.requests
        names = [self.name() for _ in range(100)]
        self.assertIn(sum(name == "canary" for name, _ in names), (9, 10, 11))
        wait_until(lambda: following.requests >= seen + 10, "every tenth request is copied")
        self.assertEqual(following.requests, seen + 10)
        cookies = dict(names)
        for version, cookie in cookies.items():
            for _ in range(15):
                self.assertEqual(self.name(f"Cookie: {cookie}"), (version, None))
        routes = self.folder / "routes" / "app.yml"
        routes.write_text(routes.read_text().replace("weight: 1", "weight: 0"))
        wait_until(lambda: self.name(f"Cookie: {cookies['canary']}")[0] == "stable", "the canary is taken back")


class BlueGreen(ExampleOfFiles):
    example = "blue-green"

    def test_a_switch_loses_no_request_and_the_other_one_takes_over(self):
        blue = self.start("whoami", f"--address=127.0.0.1:{self.ports['9000']}", "--name=blue")
        green = self.start("whoami", f"--address=127.0.0.1:{self.ports['9001']}", "--name=green")
        self.start("run", "--configFile=sluice.yml")
        address = ("127.0.0.1", self.ports["8000"])
        self.assertIn("Name: blue", wait_for_status(address, "app.localhost", 200))
        failures, done = [], threading.Event()

        def ask_on():
            while not done.is_set():
                status, reply = self.ask("app.localhost")
                if status != 200:
                    failures.append(reply)

        asking = [threading.Thread(target=ask_on) for _ in range(4)]
        for thread in asking:
            thread.start()
        try:
            routes = self.folder / "routes" / "app.yml"
            text = routes.read_text()
            for live, other in (("green", "blue"), ("blue", "green"), ("green", "blue")):
                routes.write_text(text.replace("service: blue", f"service: {live}")
                                  .replace("fallback: green", f"fallback: {other}"))
                wait_until(lambda live=live: f"Name: {live}" in self.ask("app.localhost")[1], f"{live} is live")
            green.terminate()
            green.wait(20)
            wait_until(lambda: "Name: blue" in self.ask("app.localhost")[1], "blue takes over")
        finally:
            done.set()
            for thread in asking:
                thread.join()
        self.assertEqual(failures, [])
        blue.terminate()
        blue.wait(20)
        wait_for_status(address, "app.localhost", 503)


if __name__ == "__main__":
    unittest.main()
