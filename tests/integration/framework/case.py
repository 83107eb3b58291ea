"""The base of every integration test."""
from __future__ import annotations

import os
import time
import unittest
from typing import Callable

from .client import Client
from .config import single
from .process import Sluice, binary, is_sanitized, patience
from .upstream import Script, Upstream


def heavy(test):
    """Marks a test that takes seconds or gigabytes; left out by `run --quick`."""
    return unittest.skipIf(os.environ.get("SLUICE_QUICK"), "heavy: left out by --quick")(test)


def alone(test):
    """Marks a test that asks for so short a time on the clock that others beside it would decide the answer; `run` gives
    it the machine for itself."""
    test.alone = True
    return test


class Case(unittest.TestCase):
    """Owns what a test starts. At the end clients and upstreams go first, so that a drain has nothing to wait for; then
    every process must end by itself, with status 0 and nothing from a sanitizer."""

    maxDiff = None

    def setUp(self) -> None:
        if not binary().exists():
            self.fail(f"{binary()} does not exist; build it or set SLUICE_BINARY")
        self._clients: list[Client] = []
        self._upstreams: list[Upstream] = []
        self._processes: list[Sluice] = []
        self.addCleanup(self._clean_up)

    # Making things

    def upstream(self, script: Script | None = None, **options) -> Upstream:
        upstream = Upstream(script, **options)
        self._upstreams.append(upstream)
        return upstream

    def sluice(self, to: Upstream | str | dict, *flags: str, **options) -> Sluice:
        """A running process. `to`: an upstream or URL that gets every request, or a whole dynamic configuration."""
        dynamic = to if isinstance(to, dict) else single(to if isinstance(to, str) else to.url)
        process = Sluice(dynamic, flags, **options)
        self._processes.append(process)
        return process.start()

    def client(self, process: Sluice, entry_point: str = "web", **options) -> Client:
        client = Client(process.address(entry_point), **options)
        self._clients.append(client)
        return client

    def edge(self, script: Script | None = None, *flags: str, **options) -> tuple[Upstream, Sluice, Client]:
        """The usual three: an upstream with that script, a process in front of it, a client connected to it."""
        upstream = self.upstream(script)
        process = self.sluice(upstream, *flags, **options)
        return upstream, process, self.client(process)

    # Expectations

    def assert_soon(self, condition: Callable[[], bool], what: str, seconds: float = 5.0) -> None:
        deadline = time.monotonic() + patience(seconds)
        while not condition():
            if time.monotonic() > deadline:
                self.fail(f"not within {seconds} s: {what}")
            time.sleep(0.01)

    def assert_within(self, seconds: float, began: float, what: str) -> None:
        took = time.monotonic() - began
        self.assertLess(took, patience(seconds), f"{what} took {took:.2f} s")

    # Ending

    def _clean_up(self) -> None:
        for client in self._clients:
            client.close()
        for upstream in self._upstreams:
            upstream.close()
        problems = []
        for process in self._processes:
            if process.process is None:
                continue
            expected = getattr(process, "expected_exit", 0)
            status = process.stop()
            if status != expected:
                problems.append(f"exit status {status}, not {expected}\n{process.tail()}")
            if trouble := process.trouble():
                problems.append(trouble)
            process.discard()
        for upstream in self._upstreams:
            problems += [f"upstream script: {type(fault).__name__}: {fault}" for fault in upstream.faults]
        if problems:
            self.fail("\n".join(problems))

    @staticmethod
    def slow_build() -> bool:
        return is_sanitized()
