"""The file provider and the tools that change files: each change is applied once, whole, and without a failed request."""
import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import unittest
from pathlib import Path

from framework import Case, binary, get, heavy, host_router, http, patience, response, serve, servers
from test_reload import Load

APPLIED = "configuration applied"


def routing(host: str, url: str) -> str:
    return (f"http:\n  routers:\n    app: {{rule: 'Host(`{host}`)', service: app}}\n"
            f"  services:\n    app: {{loadBalancer: {{servers: [{{url: '{url}'}}]}}}}\n")


class Tools(Case):
    def setUp(self):
        super().setUp()
        self.upstream_url = self.upstream(serve(response(200, b"hello"))).url
        self.process = self.sluice({})
        self.folder = self.process.dynamic_folder
        self.file = self.folder / "app.yml"
        self.change(lambda: self.file.write_text(routing("a.test", self.upstream_url)), "a.test")

    def change(self, act, host: str) -> None:
        """`act` makes `host` the only one served, by one application of the configuration."""
        before = len(self.process.log(APPLIED))
        act()
        client = self.client(self.process)
        self.assert_soon(lambda: client.ask(get(host=host)).status == 200, f"{host} is live")
        time.sleep(patience(0.3))  # for an application too many
        self.assertEqual(len(self.process.log(APPLIED)), before + 1)

    def run_there(self, *words: str) -> None:
        subprocess.run(words, cwd=self.folder, check=True, capture_output=True,
                       env={**os.environ, "GIT_AUTHOR_NAME": "x", "GIT_AUTHOR_EMAIL": "x@x", "GIT_COMMITTER_NAME": "x",
                            "GIT_COMMITTER_EMAIL": "x@x", "GIT_CONFIG_GLOBAL": "/dev/null"})

    def prepared(self, host: str) -> str:
        path = self.process.folder / "prepared.yml"
        path.write_text(routing(host, self.upstream_url))
        return str(path)

    def test_sed_in_place(self):
        self.change(lambda: self.run_there("sed", "-i", "s/a.test/b.test/", "app.yml"), "b.test")

    def test_cp_and_mv_over_it(self):
        self.change(lambda: self.run_there("cp", self.prepared("b.test"), "app.yml"), "b.test")
        self.change(lambda: self.run_there("mv", self.prepared("c.test"), "app.yml"), "c.test")

    def test_an_editor_that_renames_the_old_file_away(self):
        def edit():
            os.rename(self.file, self.folder / "app.yml~")
            self.file.write_text(routing("b.test", self.upstream_url))
            os.remove(self.folder / "app.yml~")

        self.change(edit, "b.test")

    def test_rsync(self):
        if not shutil.which("rsync"):
            self.skipTest("no rsync")
        self.change(lambda: self.run_there("rsync", self.prepared("b.test"), "app.yml"), "b.test")

    def test_git_checkout_of_a_branch(self):
        self.run_there("git", "init", "-q", "-b", "old")
        self.run_there("git", "add", "app.yml")
        self.run_there("git", "commit", "-q", "-m", "old")
        self.run_there("git", "checkout", "-q", "-b", "new")
        self.change(lambda: self.file.write_text(routing("b.test", self.upstream_url)), "b.test")
        self.run_there("git", "commit", "-q", "-a", "-m", "new")
        self.change(lambda: self.run_there("git", "checkout", "-q", "old"), "a.test")

    def test_touch_and_comments_are_no_change(self):
        before = len(self.process.log(APPLIED))
        self.run_there("touch", "app.yml")
        self.file.write_text("# a comment\n" + self.file.read_text())
        time.sleep(patience(0.4))
        self.assertEqual(len(self.process.log(APPLIED)), before)
        self.assertEqual(self.client(self.process).ask(get(host="a.test")).status, 200)

    def test_a_file_that_breaks_keeps_its_last_content_and_says_where_it_is_wrong(self):
        self.file.write_text(self.file.read_text() + "  middlewares: [\n")
        self.process.wait_for_log(r"app\.yml:\d+:\d+.*last good content")
        self.assertEqual(self.client(self.process).ask(get(host="a.test")).status, 200)
        (self.folder / "sub").mkdir()
        self.change(lambda: (self.folder / "sub" / "other.json").write_text(
            '{"http":{"routers":{"sub":{"rule":"Host(`sub.test`)","service":"app"}}}}'), "sub.test")

    def test_without_watching_a_signal_reads_the_files(self):
        process = self.sluice({}, "--providers.file.watch=false")
        client = self.client(process)
        (process.dynamic_folder / "app.yml").write_text(routing("late.test", self.upstream_url))
        time.sleep(patience(0.2))
        self.assertEqual(client.ask(get(host="late.test")).status, 404)
        process.process.send_signal(signal.SIGHUP)
        self.assert_soon(lambda: client.ask(get(host="late.test")).status == 200, "the signal reads the files")


class Mounted(Case):
    @unittest.skipUnless(shutil.which("unshare") and not subprocess.run(["unshare", "--mount", "true"],
                                                                        capture_output=True, check=False).returncode,
                         "mounting is not allowed here")
    def test_a_file_that_is_mounted_alone_is_said(self):
        with tempfile.TemporaryDirectory(prefix="sluice-mounted-") as folder:
            file = Path(folder) / "app.yml"
            file.write_text("http: {}\n")
            # In mounts of its own, so that nothing is left behind.
            process = subprocess.Popen(["unshare", "--mount", "sh", "-c", f"mount --bind {file} {file} && exec \"$@\"",
                                        "sh", binary(), "run", "--log.level=WARN", "--controlSocket=none",
                                        "--entryPoints.web.address=127.0.0.1:0", f"--providers.file.filename={file}"],
                                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            kill = threading.Timer(patience(20), process.kill)
            kill.start()
            try:
                said = next((line for line in process.stdout if "mount its directory" in line), "")
                self.assertIn(str(file), said)
            finally:
                kill.cancel()
                process.kill()
                process.wait()
                process.stdout.close()


class Size(Case):
    @heavy
    def test_a_thousand_routers_change_soon_and_nobody_notices(self):
        upstream = self.upstream(serve(response(200, b"hello")))

        def dynamic(turn: int) -> dict:
            routers = {f"r{i}": host_router(f"h{i}-{turn if i % 2 else 0}.test", "app") for i in range(1000)}
            return http({**routers, "web": {"rule": "PathPrefix(`/`)", "service": "app"}},
                        {"app": servers(upstream.url)})

        process = self.sluice(dynamic(0))
        load = Load(self, process, 2)
        took = []
        for turn in range(1, 6):
            began = time.monotonic()
            process.configure(dynamic(turn))
            took.append(time.monotonic() - began)
        load.stop()
        self.assertEqual(load.failures, [])
        # Settling, reading, throttling (100 ms), building; on a busy machine.
        self.assertLess(sorted(took)[2], patience(0.5), took)
