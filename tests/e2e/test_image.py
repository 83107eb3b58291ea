"""The Dockerfile builds on Debian 13 and its image is small, unprivileged, read-only and healthy."""

import functools
import json
import os
import pathlib
import socket
import ssl
import subprocess
import tempfile
import unittest

from engine import (ROOT, SOCKET, container, docker, fetch, labels, logs, needs_engine, run, wait_for_status,
                    wait_until)

BASE = "debian:13"
NAME = "sluice:e2e"
LIMIT = 25 * 1000 * 1000  # bytes


def base_is_there():
    return subprocess.run(["docker", "image", "inspect", BASE], capture_output=True, check=False).returncode == 0


def make_base():
    """A Debian 13 under the name the Dockerfile starts from, made by debootstrap: nothing has to be pulled.

    It carries this machine's settings for apt (proxies, clock), as the build runs behind the same network.
    """
    if base_is_there():
        return
    tree = ROOT / "build" / "e2e" / "trixie"
    if not (tree / "etc" / "debian_version").is_file():
        run("rm", "-rf", tree)
        tree.parent.mkdir(parents=True, exist_ok=True)
        draft = tree.with_name("trixie.draft")
        run("rm", "-rf", draft)
        run("debootstrap", "--variant=minbase", "trixie", draft, run("scripts/deps", "--mirror"))
        draft.rename(tree)
    settings = [line for line in run("apt-config", "dump").splitlines()
                if line.startswith(("Acquire::Check", "Acquire::http", "Acquire::https", "Acquire::ForceIPv4"))]
    (tree / "etc" / "apt" / "apt.conf.d" / "99machine").write_text("\n".join(settings) + "\n")
    archive = subprocess.Popen(["tar", "-C", tree, "--numeric-owner", "--exclude=./var/cache/apt/*", "-c", "."],
                               stdout=subprocess.PIPE)
    docker("import", "-", BASE, stdin=archive.stdout)
    if archive.wait() != 0:
        raise AssertionError("tar failed")


@functools.cache
def build():
    make_base()
    proxies = [word for name in ("http_proxy", "https_proxy", "no_proxy") if os.environ.get(name)
               for word in ("--build-arg", name)]
    docker("build", "--network=host", *proxies, "-t", NAME, ".")


@needs_engine
class Image(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        build()

    def inspect(self, what, template):
        return docker("inspect", "-f", template, what)

    def test_the_image_is_small(self):
        self.assertLessEqual(int(self.inspect(NAME, "{{.Size}}")), LIMIT)

    def test_it_runs_unprivileged_and_declares_its_health_check(self):
        configuration = json.loads(self.inspect(NAME, "{{json .Config}}"))
        self.assertEqual(configuration["User"], "65532:65532")
        self.assertEqual(configuration["Entrypoint"], ["/sluice"])
        self.assertEqual(configuration["Healthcheck"]["Test"], ["CMD", "/sluice", "healthcheck"])
        self.assertEqual(configuration["StopSignal"], "SIGTERM")

    def test_every_library_it_needs_is_there_and_nothing_else_is_executable(self):
        with tempfile.TemporaryDirectory() as folder:
            identity = docker("create", NAME)
            self.addCleanup(docker, "rm", identity, check=False)
            export = subprocess.Popen(["docker", "export", identity], stdout=subprocess.PIPE)
            subprocess.run(["tar", "-x", "-C", folder], stdin=export.stdout, check=True)
            self.assertEqual(export.wait(), 0)
            root = pathlib.Path(folder)
            self.assertTrue((root / "etc/ssl/certs/ca-certificates.crt").stat().st_size > 100_000)
            self.assertTrue((root / "usr/share/zoneinfo/Europe/Berlin").is_file())
            # What the engine puts its own files over (etc/hosts, .dockerenv) is empty, and executable for some engines.
            programs = [file.relative_to(root).as_posix() for file in root.rglob("*")
                        if file.is_file() and not file.is_symlink() and os.access(file, os.X_OK)
                        and ".so" not in file.name and file.stat().st_size > 0]
            self.assertEqual(programs, ["sluice"])
        self.assertIn("Version:", docker("run", "--rm", NAME, "version"))

    def test_it_routes_by_labels_on_a_read_only_root_and_is_healthy(self):
        group = str(os.stat(SOCKET).st_gid)
        host = f"image-{os.getpid()}.test"
        proxy = ["--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges", "--group-add", group,
                 "-v", f"{SOCKET}:{SOCKET}:ro", NAME, "--entryPoints.web.address=:8000", "--ping=true",
                 "--entryPoints.secure.address=:8443", "--entryPoints.secure.http.tls=true",
                 "--providers.docker=true", "--providers.docker.exposedByDefault=false"]
        service = [*labels(traefik__enable="true", traefik__http__routers__image__rule=f"Host(`{host}`)"), NAME,
                   "whoami", "--address=:8080"]
        port = labels(traefik__http__services__image__loadbalancer__server__port="8080")
        with container(*proxy) as sluice, container(*port, *service) as whoami:
            address = (self.inspect(sluice, "{{.NetworkSettings.IPAddress}}"), 8000)
            try:
                wait_until(lambda: self.inspect(sluice, "{{.State.Health.Status}}") == "healthy", "healthy", 40)
                wait_until(lambda: self.inspect(whoami, "{{.State.Health.Status}}") == "healthy", "whoami healthy", 40)
                self.assertIn("Hostname: ", wait_for_status(address, host, 200))
            except AssertionError as failure:
                raise AssertionError(f"{failure}\n{logs(sluice)}") from None
            self.assertEqual(fetch(address, "nobody.test")[0], 404)
            with socket.create_connection((address[0], 8443), 10) as raw, \
                    ssl._create_unverified_context().wrap_socket(raw, server_hostname=host) as session:
                session.sendall(f"GET / HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
                self.assertEqual((session.version(), session.recv(12)), ("TLSv1.3", b"HTTP/1.1 200"))
            docker("stop", "-t", "15", sluice)
            self.assertEqual(self.inspect(sluice, "{{.State.ExitCode}}"), "0")


if __name__ == "__main__":
    unittest.main()
