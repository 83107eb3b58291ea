"""An engine that is reached through ssh: Debian's sshd and ssh, a real engine, and Docker's own program on its side."""

import contextlib
import os
import pathlib
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

from engine import container, docker, fetch, labels, needs_engine, run, wait_for_status, wait_until, whoami_image
from framework import Sluice, patience
from framework.ports import free_port

SSHD = shutil.which("sshd") or "/usr/sbin/sshd"
HOME = pwd.getpwuid(os.getuid()).pw_dir  # where ssh looks, whatever HOME says
CAN_MOUNT = subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False).returncode == 0


def children(pid: int) -> list[int]:
    """Those that run, and not what they leave behind for a moment."""
    found = []
    for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            state, parent = stat.read_text().rpartition(")")[2].split()[:2]
            if int(parent) == pid and state not in "ZX":
                found.append(int(stat.parent.name))
    return found


def lives(pid: int) -> bool:
    with contextlib.suppress(OSError):
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    return False


class Host:
    """The far side: an sshd at a port of loopback, where one key may log in."""

    def __init__(self, folder: pathlib.Path):
        self.folder = folder
        self.port = free_port()
        self.process = None
        for name in ("host", "user", "stranger"):
            run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / name)
        shutil.copy(folder / "user.pub", folder / "authorized")
        os.makedirs("/run/sshd", exist_ok=True)  # where it separates its privileges
        (folder / "sshd_config").write_text(
            f"ListenAddress 127.0.0.1:{self.port}\nHostKey {folder}/host\nPidFile none\nUsePAM no\nStrictModes no\n"
            f"AuthorizedKeysFile {folder}/authorized\nPasswordAuthentication no\nKbdInteractiveAuthentication no\n"
            "PermitRootLogin prohibit-password\nPrintMotd no\n")

    def start(self) -> None:
        with (self.folder / "sshd.log").open("ab") as log:
            self.process = subprocess.Popen([SSHD, "-D", "-e", "-f", self.folder / "sshd_config"], stderr=log)
        listening = f"0100007F:{self.port:04X} 00000000:0000 0A"
        wait_until(lambda: listening in pathlib.Path("/proc/net/tcp").read_text() or self.process.poll() is not None,
                   "sshd listens")
        assert self.process.poll() is None, (self.folder / "sshd.log").read_text()

    def stop(self) -> None:
        """As when the machine goes: with all its connections."""
        for pid in children(self.process.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.kill()
        self.process.wait()

    def known(self, key: str = "host") -> str:
        kind, data = (self.folder / f"{key}.pub").read_text().split()[:2]
        return f"[127.0.0.1]:{self.port} {kind} {data}\n"


@needs_engine
@unittest.skipUnless(os.path.exists(SSHD), "no sshd; scripts/deps installs openssh-server")
@unittest.skipUnless(CAN_MOUNT, "a home of its own cannot be mounted here")
class Ssh(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.image = whoami_image()

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sluice-ssh-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.far = Host(self.folder)
        self.far.start()
        self.addCleanup(lambda: self.far.stop())

    def sluice(self, endpoint: str = "ssh://far", *, key: str = "user", known: str = "host") -> Sluice:
        """Runs with a ~/.ssh of its own, by which the host `far` is the one of the test."""
        home = pathlib.Path(tempfile.mkdtemp(prefix="home-", dir=self.folder))
        ssh = home / ".ssh"
        ssh.mkdir(mode=0o700)
        (ssh / "known_hosts").write_text(self.far.known(known))
        (ssh / "config").write_text(f"Host far\nHostName 127.0.0.1\nPort {self.far.port}\n"
                                    f"Host *\nIdentityFile {self.folder}/{key}\nIdentitiesOnly yes\n")
        sluice = Sluice(flags=[f"--providers.docker.endpoint={endpoint}", "--providers.docker.routeGraceTime=0s",
                               "--providers.docker.exposedByDefault=false"],
                        prefix=("unshare", "--mount", "sh", "-c", f"mount --bind {home} {HOME} && exec \"$@\"", "sh"))
        self.addCleanup(sluice.discard)
        return sluice.start()

    @contextlib.contextmanager
    def served(self, name: str):
        host = f"{name}-{os.getpid()}.test"
        rule = labels(traefik__enable="true", **{f"traefik__http__routers__{name}{os.getpid()}__rule": f"Host(`{host}`)"})
        with container(*rule, "--expose", "80", self.image) as identity:
            yield identity, host

    def test_labels_are_found_and_events_are_followed(self):
        with self.served("before") as (_, before):
            sluice = self.sluice()
            wait_for_status(sluice.web, before, 200)
            with self.served("later") as (identity, later):
                began = time.monotonic()
                wait_for_status(sluice.web, later, 200)
                docker("stop", "-t", "5", identity)
                wait_for_status(sluice.web, later, 404)
                self.assertLess(time.monotonic() - began, patience(5))  # by events, and not by the next list
                docker("start", identity)
                wait_for_status(sluice.web, later, 200)
            wait_for_status(sluice.web, later, 404)
            self.assertEqual(fetch(sluice.web, before)[0], 200)
            self.assertEqual(sluice.log("Provider error"), [])
            programs = children(sluice.pid)
            self.assertGreater(len(programs), 0)
            for pid in programs:
                self.assertEqual(pathlib.Path(f"/proc/{pid}/comm").read_text().strip(), "ssh")
                for descriptor in pathlib.Path(f"/proc/{pid}/fd").iterdir():
                    # The control socket, listeners, files: nothing but what it was given and made itself.
                    self.assertNotRegex(os.readlink(descriptor), "eventpoll|inotify|eventfd|/dynamic|sluice-test")
            self.assertEqual(sluice.stop(), 0, sluice.tail())
            self.assertEqual([pid for pid in programs if lives(pid)], [])
            self.assertEqual(sluice.trouble(), "")

    def test_user_port_and_the_path_of_a_socket(self):
        with self.served("spelled") as (_, host):
            user = pwd.getpwuid(os.getuid()).pw_name
            sluice = self.sluice(f"ssh://{user}@127.0.0.1:{self.far.port}/var/run/docker.sock")
            wait_for_status(sluice.web, host, 200)

    def test_a_host_that_was_away_is_found_again(self):
        with self.served("kept") as (_, kept):
            sluice = self.sluice()
            wait_for_status(sluice.web, kept, 200)
            self.far.stop()
            said = sluice.wait_for_log("Provider error.*Connection refused")
            self.assertRegex(said, "retrying in")
            with self.served("meanwhile") as (_, meanwhile):
                self.assertEqual(fetch(sluice.web, kept)[0], 200)
                self.assertEqual(fetch(sluice.web, meanwhile)[0], 404)
                self.far.start()
                wait_for_status(sluice.web, meanwhile, 200, seconds=patience(20))
                self.assertEqual(fetch(sluice.web, kept)[0], 200)
            wait_for_status(sluice.web, meanwhile, 404)

    def test_what_ssh_says_is_in_the_log_with_how_to_try_it(self):
        for options, words in (({"key": "stranger"}, r"Permission denied \(publickey\)"),
                               ({"known": "stranger"}, "Host key verification failed"),
                               ({"endpoint": "ssh://far/nonexistent.sock"}, "nonexistent.sock")):
            with self.subTest(words):
                sluice = self.sluice(**options)
                said = sluice.wait_for_log("Provider error")
                self.assertRegex(said, words)
                self.assertIn("ssh -T -o BatchMode=yes -o ConnectTimeout=8 -- far docker", said)
                self.assertIn(options.get("endpoint", "ssh://far"), said)
                time.sleep(1)
                self.assertEqual(len(sluice.log("Provider error")), 1)  # once, however often it is tried
                self.assertEqual(sluice.stop(), 0)

    def test_sluice_killed_leaves_no_ssh_behind(self):
        with self.served("killed") as (_, host):
            sluice = self.sluice()
            wait_for_status(sluice.web, host, 200)
            programs = children(sluice.pid)
            self.assertGreater(len(programs), 0)
            sluice.process.kill()
            sluice.process.wait()
            wait_until(lambda: not any(lives(pid) for pid in programs), "no ssh runs")
            wait_until(lambda: not children(self.far.process.pid), "nobody is logged in")


if __name__ == "__main__":
    unittest.main()
