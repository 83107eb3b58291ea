#!/usr/bin/env python3
"""The documentation check finds every kind of fault, and nothing on a true page."""

import pathlib
import tempfile
import unittest

import docs

TRUE_PAGE = """# A page
See [the other](other.md#what-it-is), [here](#a-page) and [abroad](https://example.org/x).
```sh
scripts/run --once && curl http://127.0.0.1/   # a comment's quote
PORT=1 ../x/scripts/run | sort
```
<!-- file: answer.yml -->
```yaml
answer: 42
```
"""


def faults_of(page):
    with tempfile.TemporaryDirectory() as directory:
        root = pathlib.Path(directory) / "x"
        (root / "scripts").mkdir(parents=True)
        (root / "scripts/run").write_text("#!/bin/sh\n")
        (root / "scripts/run").chmod(0o755)
        (root / "scripts/data").write_text("")
        (root / "answer.yml").write_text("answer: 42\n")
        (root / "other.md").write_text("## What it is?\n")
        (root / "page.md").write_text(page)
        return docs.check(root)


class Docs(unittest.TestCase):
    def fault(self, page, text):
        found = faults_of(page)
        self.assertEqual(len(found), 1, found)
        self.assertIn(text, found[0])

    def test_a_true_page_passes(self):
        self.assertEqual(faults_of(TRUE_PAGE), [])

    def test_a_dead_link_is_found(self):
        self.fault("[x](nowhere.md)", "does not exist")

    def test_a_dead_anchor_is_found(self):
        self.fault("[x](other.md#what-it-was)", "no heading")

    def test_a_command_that_is_missing_or_cannot_run_is_found(self):
        self.fault("```sh\nscripts/walk\n```", "scripts/walk")
        self.fault("```sh\nscripts/data\n```", "scripts/data")

    def test_a_file_quoted_wrongly_is_found(self):
        self.fault("<!-- file: answer.yml -->\n```yaml\nanswer: 43\n```", "differs")


if __name__ == "__main__":
    unittest.main()
