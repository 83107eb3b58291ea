"""`sluice check`: every seeded mistake of tests/check-corpus is found at its place, and what is right is left alone.

A file of the corpus begins with `# expect: CODE LINE:COLUMN`: where the caret of the message must stand.
"""
import json
import os
import re
import resource
import subprocess
import tempfile
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
        files = sorted(path for path in CORPUS.rglob("*.*") if path.parent.name != "clean")
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

    def test_what_is_right_is_left_alone(self):
        for path in sorted((CORPUS / "clean").iterdir()):
            with self.subTest(path=path.name):
                status, report = check("--strict", path)
                self.assertEqual([text for text, problem in zip(told(report), report["problems"], strict=True)
                                  if problem["severity"] != "info" and problem["code"] != "SLU-C006"], [])

    def test_every_message_says_what_follows_and_what_to_do(self):
        for path in sorted(CORPUS.rglob("*.*")):
            with self.subTest(path=str(path.relative_to(CORPUS))):
                for problem in check(path)[1]["problems"]:
                    if problem["severity"] == "info":
                        continue
                    self.assertTrue(problem["what"] and problem["effect"] and problem["fix"], problem)


class Commands(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="sluice-check-")
        self.addCleanup(self.folder.cleanup)
        self.place = Path(self.folder.name)

    def write(self, name, text):
        path = self.place / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def test_the_exit_status_tells_clean_from_wrong_from_unreadable(self):
        good = self.write("good.yml", "http:\n  routers: {}\n")
        warned = self.write("warned.yml", "http:\n  middlewares:\n    m:\n      redirectScheme: {scheme: https}\n")
        wrong = self.write("wrong.yml", "http:\n  rooters: {}\n")
        self.assertEqual(check(good)[0], 0)
        self.assertEqual(check(warned)[0], 0)
        self.assertEqual(check("--strict", warned)[0], 1)
        self.assertEqual(check(wrong)[0], 1)
        self.assertEqual(check(self.place / "missing.yml")[0], 2)
        self.assertEqual(check("-o", "poem", good)[0], 2)
        self.assertEqual(check(cwd=self.place)[0], 2, "nothing to check")

    def test_all_that_is_given_is_one_configuration(self):
        static = self.write("traefik.yml", "entryPoints:\n  web:\n    address: :80\nproviders:\n  docker: {}\n  file:\n"
                                           "    directory: /etc/traefik/dynamic\n")
        self.write("dynamic/auth.yml", "http:\n  middlewares:\n    auth:\n      redirectScheme: {scheme: https}\n")
        compose = self.write("compose.yaml", "services:\n  app:\n    image: app\n    expose: [80]\n    labels:\n"
                                             "      traefik.http.routers.app.rule: Host(`a.example`)\n"
                                             "      traefik.http.routers.app.middlewares: auht@file\n")
        self.assertEqual(check(compose)[0], 0, "taken to exist: no file was given")
        status, report = check(static, self.place / "dynamic", compose)
        self.assertEqual(status, 1)
        problem = next(p for p in report["problems"] if p["code"] == "SLU-B001")
        self.assertEqual(problem["fix"], "did you mean auth@file?")
        self.assertEqual((problem["where"]["line"], problem["where"]["column"]), (7, 45))

    def test_a_routers_own_files_are_found_through_its_mounts(self):
        self.write("edge/traefik.yml", "entryPoints:\n  web:\n    adress: :80\n")
        compose = self.write("compose.yaml", "services:\n  edge:\n    image: traefik:v3\n    volumes:\n"
                                             "      - ./edge:/etc/traefik:ro\n")
        status, report = check(compose)
        self.assertEqual(status, 1)
        problem = next(p for p in report["problems"] if p["code"] == "SLU-C001")
        self.assertEqual((problem["where"]["file"], problem["where"]["line"]), (str(self.place / "edge/traefik.yml"), 3))

    def test_without_sources_it_reads_what_run_would_read(self):
        self.write("traefik.yml", "entryPoints:\n  web:\n    address: :80\nproviders:\n  file:\n    directory: d\n")
        self.write("d/a.yml", "http:\n  routers:\n    a:\n      rule: Hots(`a`)\n      service: b\n")
        status, report = check(cwd=self.place)
        self.assertEqual(status, 1)
        self.assertIn("SLU-B002", [p["code"] for p in report["problems"]])

    def test_sarif_names_rule_file_and_region(self):
        path = self.write("wrong.yml", "http:\n  rooters: {}\n")
        done = subprocess.run([binary(), "check", "-o", "sarif", path], capture_output=True, text=True, check=False)
        run = json.loads(done.stdout)["runs"][0]
        self.assertEqual(run["tool"]["driver"]["rules"], [{"id": "SLU-C001"}])
        location = run["results"][0]["locations"][0]["physicalLocation"]
        self.assertEqual(location, {"artifactLocation": {"uri": str(path)}, "region": {"startLine": 2, "startColumn": 3}})

    def test_the_text_shows_the_line_and_a_caret(self):
        path = self.write("wrong.yml", "http:\n  rooters: {}\n")
        done = subprocess.run([binary(), "check", path], capture_output=True, text=True, check=False)
        self.assertIn("     2 |   rooters: {}\n       |   ^^^^^^^\n", done.stdout)
        self.assertIn("fix: did you mean routers?", done.stdout)

    def test_a_thousand_routers_take_less_than_a_tenth_of_a_second(self):
        lines = ["http:", "  routers:"]
        for i in range(1000):
            lines += [f"    r{i}:", f"      rule: Host(`h{i}.example`) && PathPrefix(`/p`)", f"      service: s{i}"]
        lines.append("  services:")
        for i in range(1000):
            lines += [f"    s{i}:", "      loadBalancer:", "        servers:", f"          - url: http://10.0.0.{i % 250}"]
        path = self.write("many.yml", "\n".join(lines) + "\n")
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        status, report = check(path)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        self.assertEqual((status, report["routers"]), (0, 1000))
        # Processor time: the machine may be busy with something else.
        took = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        if not is_sanitized():
            self.assertLess(took, 0.1)
