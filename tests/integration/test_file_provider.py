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

from framework import Case, Sluice, alone, binary, get, heavy, host_router, http, patience, response, serve, servers
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

    @alone  # between two steps of it pass less than the 30 ms that the provider waits
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

    @alone  # between two steps of it pass less than the 30 ms that the provider waits
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
        self.process.wait_for_log(APPLIED + ".*problems=1")
        self.assertEqual(self.client(self.process).ask(get(host="a.test")).status, 200)
        (self.folder / "sub").mkdir()
        self.change(lambda: (self.folder / "sub" / "other.json").write_text(
            '{"http":{"routers":{"sub":{"rule":"Host(`sub.test`)","service":"app"}}}}'), "sub.test")

    def test_what_a_template_takes_from_the_environment_is_logged_only_if_that_is_asked_for(self):
        for flag in (False, True):
            process = self.sluice({}, f"--providers.file.debugLogGeneratedTemplate={str(flag).lower()}",
                                  environment={"SLUICE_TEST_HOST": "hunter2.test"})
            text = routing('{{ env "SLUICE_TEST_HOST" }}', self.upstream_url)
            (process.dynamic_folder / "app.yml").write_text(text)
            client = self.client(process)
            self.assert_soon(lambda: client.ask(get(host="hunter2.test")).status == 200, "the template is rendered")
            (process.dynamic_folder / "broken.yml").write_text('http: {{ env "SLUICE_TEST_HOST" }}: [')
            process.wait_for_log("broken.yml")
            self.assertEqual(bool(process.log("template rendered.*hunter2")), flag)

    def test_without_watching_a_signal_reads_the_files(self):
        process = self.sluice({}, "--providers.file.watch=false")
        client = self.client(process)
        (process.dynamic_folder / "app.yml").write_text(routing("late.test", self.upstream_url))
        time.sleep(patience(0.2))
        self.assertEqual(client.ask(get(host="late.test")).status, 404)
        process.process.send_signal(signal.SIGHUP)
        self.assert_soon(lambda: client.ask(get(host="late.test")).status == 200, "the signal reads the files")


def can_run(*words: str) -> bool:
    return bool(shutil.which(words[0])) and subprocess.run(words, capture_output=True, check=False).returncode == 0


# Mounts over the folder "dynamic" a file system that shows what is below it and tells of no change there.
OVERLAY = "mkdir none && mount -t overlay overlay -o lowerdir=$PWD/dynamic:$PWD/none $PWD/dynamic"
IN_OVERLAY = ("unshare", "--mount", "sh", "-c", OVERLAY + ' && exec "$@"', "sh")
CAN_OVERLAY = can_run("unshare", "--mount", "sh", "-c",
                      "mount -t tmpfs t /mnt && cd /mnt && mkdir dynamic && " + OVERLAY)
WITHOUT_WATCHES = ("unshare", "--user", "--map-root-user", "sh", "-c",
                   'echo 1 >/proc/sys/user/max_inotify_watches && exec "$@"', "sh")


class WithoutEvents(Case):
    """Where the kernel does not tell of changes they are found by looking, each in mounts or limits of its own."""

    def followed(self, *flags: str, prefix: tuple[str, ...]):
        """A process that serves a.test from a file, what makes it b.test, and whether that is so."""
        url = self.upstream(serve(response(200, b"hello"))).url
        process = Sluice({}, flags, prefix=prefix)
        self._processes.append(process)
        file = process.dynamic_folder / "app.yml"
        file.write_text(routing("a.test", url))
        process.start()
        client = self.client(process)
        self.assertEqual(client.ask(get(host="a.test")).status, 200)
        # In place: a file system like that may go on to show the old file after one was renamed over it.
        return process, lambda: file.write_text(routing("b.test", url)), \
            lambda: client.ask(get(host="b.test")).status == 200

    @unittest.skipUnless(CAN_OVERLAY, "an overlay cannot be mounted here")
    def test_a_file_system_that_tells_of_no_change(self):
        _, change, changed = self.followed(prefix=IN_OVERLAY)
        _, change_unseen, changed_unseen = self.followed("--providers.file.pollInterval=1h", prefix=IN_OVERLAY)
        change_unseen()
        change()
        self.assert_soon(changed, "b.test is live", 30)  # a look that takes long makes looks rare
        self.assertFalse(changed_unseen())  # there was no event

    @unittest.skipUnless(can_run(*WITHOUT_WATCHES, "true"), "no namespaces for users here")
    def test_no_watches_left(self):
        process, change, changed = self.followed(prefix=WITHOUT_WATCHES)
        change()
        self.assert_soon(changed, "b.test is live", 30)  # a look that takes long makes looks rare
        self.assertEqual(len(process.log("no more file watches")), 1)


@unittest.skipUnless(os.access("/dev/fuse", os.R_OK | os.W_OK), "no /dev/fuse")
@unittest.skipUnless(shutil.which("bindfs"), "no bindfs; scripts/deps installs it")
class OnFuse(Case):
    """A folder in FUSE whose files change on the other side, of which the kernel tells nothing."""

    def mounted(self, *flags: str) -> Sluice:
        """A process that sees its folder of files through another one."""
        here = Path(tempfile.mkdtemp(prefix="sluice-fuse-"))
        process = Sluice({}, [f"--providers.file.directory={here}", *flags])
        self._processes.append(process)
        # It stays in the foreground, and nothing is left when it ends.
        program = subprocess.Popen(["bindfs", "-f", process.dynamic_folder, here], stderr=subprocess.DEVNULL)

        def unmount():
            subprocess.run(["umount", "--lazy", here], capture_output=True, check=False)
            program.wait()
            here.rmdir()

        self.addCleanup(unmount)
        self.assert_soon(lambda: os.path.ismount(here), "it is mounted")
        return process.start()

    def test_what_changes_on_the_other_side_is_noticed(self):
        url = self.upstream(serve(response(200, b"hello"))).url
        process, without = self.mounted("--providers.file.pollInterval=500ms"), \
            self.mounted("--providers.file.pollInterval=1h")
        there = process.dynamic_folder
        client = self.client(process)

        def status(host: str) -> int:
            return client.ask(get(host=host)).status

        for folder in (there, without.dynamic_folder):
            (folder / "app.yml").write_text(routing("a.test", url))
        self.assert_soon(lambda: status("a.test") == 200, "a new file", 10)
        (there / "app.yml").write_text(routing("b.test", url))
        self.assert_soon(lambda: status("b.test") == 200, "a file written in place", 10)
        (there / "draft").write_text(routing("c.test", url))
        (there / "draft").rename(there / "app.yml")
        self.assert_soon(lambda: status("c.test") == 200, "a file renamed over another", 10)
        (there / "deep").mkdir()
        (there / "deep" / "more.yml").write_text(routing("d.test", url).replace("app", "more"))
        self.assert_soon(lambda: status("d.test") == 200, "a file in a new folder", 10)
        (there / "app.yml").unlink()
        self.assert_soon(lambda: status("c.test") == 404, "a file that was removed", 10)
        self.assertEqual(status("d.test"), 200)
        # There was no event: who does not look does not know.
        self.assertEqual(self.client(without).ask(get(host="a.test")).status, 404)


class Mounted(Case):
    @unittest.skipUnless(can_run("unshare", "--mount", "true"), "mounting is not allowed here")
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
    @alone
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
