"""`sluice check`: every seeded mistake of tests/check-corpus is found at its place, and what is right is left alone.

A file of the corpus begins with `# expect: CODE LINE:COLUMN`: where the caret of the message must stand.
"""
import json
import os
import re
import subprocess
import time
import unittest
from pathlib import Path

from framework import binary, is_sanitized

ROOT = Path(__file__).resolve().parents[2]
CORPUS = ROOT / "tests" / "check-corpus"
EXPECTATION = re.compile(r"# expect: (SLU-[A-Z]\d{3}) (\d+):(\d+)$")


def check(*arguments, cwd=None):
    """The exit status and the report."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("TRAEFIK_", "SLUICE_"))}
    done = subprocess.run([binary(), "check", "-o", "json", *map(str, arguments)], capture_output=True, text=True,
                          timeout=60, env=clean, cwd=cwd, check=False)
    return done.returncode, json.loads(done.stdout) if done.stdout else {"problems": [], "stderr": done.stderr}


def told(report):
    return [f"{p['code']} {p['where'].get('line', 0)}:{p['where'].get('column', 0)} {p['what']}"
            for p in report["problems"]]


class Corpus(unittest.TestCase):
    def test_every_seeded_mistake_is_found_at_its_place(self):
        files = sorted(path for path in CORPUS.rglob("*.*") if path.suffix in (".yaml", ".yml", ".toml"))
        self.assertGreaterEqual(len(files), 100)
        for path in files:
            with self.subTest(path=str(path.relative_to(CORPUS))):
                code, line, column = EXPECTATION.match(path.read_text().split("\n", 1)[0]).groups()
                status, report = check(path)
                places = [(p["code"], p["where"].get("file"), p["where"].get("line", 0), p["where"].get("column", 0))
                          for p in report["problems"]]
                self.assertIn((code, str(path), int(line), int(column)), places, "\n".join(told(report)))
                if any(p["code"] == code and p["severity"] == "error" for p in report["problems"]):
                    self.assertEqual(status, 1)

    def test_every_message_says_what_follows_and_what_to_do(self):
        for path in sorted(CORPUS.rglob("*.*")):
            with self.subTest(path=str(path.relative_to(CORPUS))):
                for problem in check(path)[1]["problems"]:
                    if problem["severity"] == "info":
                        continue
                    self.assertTrue(problem["what"] and problem["effect"] and problem["fix"], problem)
