"""A real Docker engine for the end-to-end tests: images of our own binary, containers, compose projects."""

import contextlib
import functools
import http.client
import os
import pathlib
import subprocess
import sys
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "tests" / "integration"))
BINARY = pathlib.Path(os.environ.get("SLUICE_BINARY", ROOT / "build" / "release" / "sluice"))
SOCKET = "/var/run/docker.sock"


def run(*command, check=True, **options):
    """What the command printed. A failure carries both of its streams."""
    words = [str(word) for word in command]
    done = subprocess.run(words, capture_output=True, text=True, check=False, cwd=ROOT, **options)
    if check and done.returncode != 0:
        raise AssertionError(f"{' '.join(words)}: exit {done.returncode}\n{done.stdout[-4000:]}{done.stderr[-4000:]}")
    return done.stdout.strip()


def docker(*arguments, **options):
    return run("docker", *arguments, **options)


def logs(name):
    """What a container has written, to either stream."""
    return subprocess.run(["docker", "logs", name], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          check=False).stdout


@functools.cache
def engine_answers():
    return subprocess.run(["docker", "info"], capture_output=True, check=False).returncode == 0


needs_engine = unittest.skipUnless(engine_answers(), "no Docker engine answers")


@functools.cache
def image(name, *command):
    """Imports the built binary as an image and returns its name."""
    run("scripts/image", name, *command, env={**os.environ, "SLUICE": str(BINARY)})
    return name


def whoami_image():
    return image("whoami:local", "whoami", "--address=:80")


@contextlib.contextmanager
def container(*arguments, name=None):
    """A running container, removed at the end; yields its id."""
    extra = ["--name", name] if name else []
    identity = docker("run", "-d", *extra, *arguments)
    try:
        yield identity
    finally:
        docker("rm", "-f", identity, check=False)


def labels(**values):
    """--label arguments; a double underscore in a keyword stands for a dot: traefik__enable='true'."""
    return [word for key, value in values.items() for word in ("--label", f"{key.replace('__', '.')}={value}")]


def fetch(address, host, path="/", timeout=5.0):
    """(status, body) of one GET; (0, reason) when nothing answers."""
    connection = http.client.HTTPConnection(*address, timeout=timeout)
    try:
        connection.request("GET", path, headers={"Host": host})
        reply = connection.getresponse()
        return reply.status, reply.read().decode(errors="replace")
    except (OSError, http.client.HTTPException) as failure:
        return 0, str(failure)
    finally:
        connection.close()


def wait_until(condition, what, seconds=20.0):
    """Repeats `condition` until it is true; what it last returned."""
    deadline = time.monotonic() + seconds
    while not (last := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"within {seconds} s: {what}")
        time.sleep(0.02)
    return last


def wait_for_status(address, host, status, path="/", seconds=20.0):
    """Waits for an answer with this status and returns its body."""
    last = None

    def answered():
        nonlocal last
        last = fetch(address, host, path)
        return last[0] == status

    try:
        wait_until(answered, f"{host}{path} answers {status}", seconds)
    except AssertionError as failure:
        raise AssertionError(f"{failure}; last: {last}") from None
    return last[1]
