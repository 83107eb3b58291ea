#!/usr/bin/env python3
"""tests/integration/run ends whatever a test does, and says which test it was."""

import pathlib
import subprocess
import sys
import tempfile
import time
import unittest

RUN = pathlib.Path(__file__).resolve().parents[1] / "integration" / "run"

TESTS = """
import os, pathlib, signal, subprocess, time, unittest

NOTES = pathlib.Path(__file__).parent

class Some(unittest.TestCase):
    def test_alone(self):
        self.assertTrue((NOTES / "last").exists())

    test_alone.alone = True

    def test_blocks(self):
        child = subprocess.Popen(["sleep", "600"])
        (NOTES / "child").write_text(str(child.pid))
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGALRM])
        while True:
            time.sleep(0.1)

    def test_catches_what_it_can(self):
        while True:
            try:
                time.sleep(600)
            except Exception:
                pass

    def test_ends_its_process(self):
        os._exit(3)

    def test_fails_beside_others(self):
        with (NOTES / "tries").open("a") as tries:
            tries.write("x")
        self.assertEqual((NOTES / "tries").read_text(), "xx")

    def test_first(self):
        pass

    def test_is_skipped(self):
        self.skipTest("for no reason")

    def test_last(self):
        (NOTES / "last").touch()

    def test_stops(self):
        os.kill(os.getpid(), signal.SIGSTOP)
"""


def is_gone(pid: str) -> bool:
    try:
        return pathlib.Path("/proc", pid, "stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    except OSError:
        return True


class Run(unittest.TestCase):
    def run_tests(self, *arguments: str) -> tuple[int, str, pathlib.Path]:
        place = tempfile.TemporaryDirectory()
        self.addCleanup(place.cleanup)
        folder = pathlib.Path(place.name)
        (folder / "test_fake.py").write_text(TESTS)
        done = subprocess.run([sys.executable, RUN, "--folder", folder, "--timeout", "1", *arguments],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60, check=False)
        return done.returncode, done.stdout, folder

    def test_a_test_that_cannot_be_interrupted_fails_alone_and_the_others_are_run(self):
        began = time.monotonic()
        status, said, folder = self.run_tests("--jobs", "2", "/bin/true")
        self.assertLess(time.monotonic() - began, 30)
        self.assertEqual((status, said.splitlines()[-1]), (1, "4 passed, 4 failed, 1 skipped, 1 of them only alone"), said)
        for name in ("blocks", "catches_what_it_can", "ends_its_process", "stops"):
            self.assertIn(f"FAIL test_fake.Some.test_{name} ", said)
        # Where it was when it had to be ended, and what the exception said of the one it reached.
        self.assertIn("Timeout (0:00:01.2", said)
        self.assertIn("in test_blocks", said)
        self.assertIn("TookTooLong: the test did not end", said)
        self.assertIn("(exit status 3)", said)
        self.assertIn("(exit status -9)", said)
        again = [line for line in said.splitlines() if line.startswith("again")]
        self.assertEqual(again, ["again test_fake.Some.test_catches_what_it_can",
                                 "again test_fake.Some.test_fails_beside_others"])
        self.assertTrue(is_gone((folder / "child").read_text()), "what the test had started runs on")

    def test_the_first_failure_may_be_the_last(self):
        status, said, folder = self.run_tests("--failfast", "/bin/true")
        self.assertEqual((status, said.splitlines()[-1]), (1, "0 passed, 1 failed"), said)
        self.assertFalse((folder / "last").exists())


if __name__ == "__main__":
    unittest.main()
