"""The control socket, and the commands that ask the running instance through it."""
import json
import os
import socket
import stat
import subprocess
import tempfile
from pathlib import Path

from framework import Case, binary, get, host_router, http, patience, servers


class Control(Case):
    def setUp(self):
        super().setUp()
        self.folder = tempfile.TemporaryDirectory(prefix="sluice-control-")
        self.addCleanup(self.folder.cleanup)
        self.path = Path(self.folder.name) / "run" / "control.sock"

    def running(self, dynamic=None, **options):
        upstream = self.upstream()
        dynamic = dynamic or http({"blog": host_router("blog.test", "app"),
                                   "admin": {"rule": "Host(`blog.test`) && PathPrefix(`/admin`)", "service": "app"},
                                   "lost": host_router("lost.test", "nobody")}, {"app": servers(upstream.url)})
        return self.sluice(dynamic, f"--controlSocket={self.path}", **options)

    def ask(self, *words, status=0):
        done = subprocess.run([binary(), *words, "--control", self.path], capture_output=True, text=True,
                              timeout=patience(20), check=False)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return done.stdout

    def test_the_socket_is_for_its_owner_alone_and_goes_with_the_process(self):
        process = self.running()
        about = self.path.stat()
        self.assertTrue(stat.S_ISSOCK(about.st_mode))
        self.assertEqual(stat.S_IMODE(about.st_mode), 0o600)
        self.assertEqual(process.stop(), 0)
        self.assertFalse(self.path.exists())

    def test_status_says_what_runs(self):
        self.running()
        answer = json.loads(self.ask("status", "-o", "json"))
        self.assertEqual((answer["state"], answer["schema"]), ("ready", "sluice/v1"))
        self.assertIn("web", [one["name"] for one in answer["entryPoints"]])
        self.assertGreaterEqual(answer["errors"], 1)
        self.assertGreater(answer["buildTimeUs"], 0)
        self.assertIn("ready", self.ask("status"))

    def test_get_lists_what_is_in_force(self):
        self.running()
        routers = {one["name"]: one for one in json.loads(self.ask("get", "routers", "-o", "json"))}
        self.assertEqual(routers["blog@file"]["status"], "enabled")
        self.assertEqual(routers["lost@file"]["status"], "disabled")
        services = json.loads(self.ask("get", "services", "app", "-o", "json"))
        self.assertEqual(services[0]["servers"][0]["state"], "ready")
        problems = json.loads(self.ask("get", "problems", "-o", "json"))
        self.assertIn("SLU-B001", [one["code"] for one in problems])
        self.assertIn("blog@file", self.ask("get", "routers"))
        self.assertIn("blog@file", self.ask("get", "all"))
        self.ask("get", "routers", "nothing", status=1)
        self.ask("get", "nonsense", status=2)

    def test_explain_says_what_the_data_plane_does(self):
        process = self.running()
        client = self.client(process)
        for path, taker in (("/", "blog@file"), ("/admin/x", "admin@file")):
            answer = json.loads(self.ask("explain", f"http://blog.test{path}", "--entrypoint", "web", "-o", "json"))
            self.assertEqual(answer["router"], taker)
            self.assertEqual(answer["service"]["servers"][0]["state"], "ready")
            self.assertEqual(client.ask(get(path, host="blog.test")).status, 200)
        answer = json.loads(self.ask("explain", "http://blgo.test/", "--entrypoint", "web", "-o", "json", status=1))
        self.assertEqual(answer["status"], 404)
        self.assertIn("blog@file", answer["nearest"])
        failed = {one["name"]: one["failed"] for one in answer["routers"]}
        self.assertEqual(failed["blog@file"], "Host(`blog.test`)")
        text = self.ask("explain", "POST", "http://blog.test/admin", "-H", "X-A: 1", "--client-ip", "10.0.0.9",
                        "--entrypoint", "web")
        self.assertIn("admin@file", text)
        self.assertIn("from 10.0.0.9", text)
        self.ask("explain", "ftp://blog.test/", status=2)
        self.ask("explain", "http://blog.test/", "--entrypoint", "nowhere", status=1)

    def test_the_file_of_a_dead_process_is_replaced(self):
        self.path.parent.mkdir()
        with socket.socket(socket.AF_UNIX) as dead:
            dead.bind(str(self.path))
        self.running()
        self.ask("status")

    def test_a_living_one_is_not_stolen(self):
        first = self.running()
        second = self.running()
        second.wait_for_log("no control socket")
        self.assertEqual(second.stop(), 0)
        self.assertTrue(self.path.exists(), "the socket belongs to the first")
        self.ask("status")
        self.assertEqual(first.stop(), 0)

    def test_a_file_that_is_no_socket_is_left_alone(self):
        self.path.parent.mkdir()
        self.path.write_text("precious")
        process = self.running()
        process.wait_for_log("no control socket")
        self.assertEqual(self.path.read_text(), "precious")

    def test_a_failing_socket_does_not_stop_the_proxy(self):
        self.path = Path("/proc/nowhere/control.sock")
        process = self.running()
        self.assertEqual(self.client(process).ask(get("/", host="blog.test")).status, 200)

    def test_nobody_to_ask_is_status_3(self):
        self.ask("status", status=3)
        self.ask("explain", "http://a.test/", status=3)

    def test_the_socket_answers_questions_only(self):
        self.running()
        for request, expected in ((b"POST /status HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", b"405"),
                                  (b"GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n", b"404"),
                                  (b"GET /explain?url=a%20b HTTP/1.1\r\nHost: x\r\n\r\n", b"400"),
                                  (b"nonsense\r\n\r\n", b"400")):
            with socket.socket(socket.AF_UNIX) as client:
                client.settimeout(patience(5))
                client.connect(str(self.path))
                client.sendall(request)
                self.assertIn(expected, client.recv(4096).split(b"\r\n")[0])


class Offline(Case):
    def test_explain_reads_files_and_needs_no_process(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "routes.yml"
            path.write_text(json.dumps(http({"blog": host_router("blog.test", "app")},
                                            {"app": servers("http://10.0.0.1:80")})))
            done = subprocess.run([binary(), "explain", "http://blog.test/x", "--from", path, "-o", "json"],
                                  capture_output=True, text=True, timeout=patience(20), check=False,
                                  env={"PATH": os.environ["PATH"]})
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(json.loads(done.stdout)["router"], "blog@file")
