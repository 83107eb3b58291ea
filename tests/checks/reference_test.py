#!/usr/bin/env python3
"""The check of docs/reference finds what is stale, missing and left over."""

import pathlib
import stat
import tempfile
import unittest

import reference


class Reference(unittest.TestCase):
    def test_stale_missing_and_left_over_files_are_named(self):
        with tempfile.TemporaryDirectory() as place:
            binary = pathlib.Path(place, "program")
            binary.write_text('#!/bin/sh\nfor name in same stale missing; do echo new >"$3/$name.md"; done\n')
            binary.chmod(binary.stat().st_mode | stat.S_IXUSR)
            kept = pathlib.Path(place, "kept")
            kept.mkdir()
            for name, text in (("same.md", "new\n"), ("stale.md", "old\n"), ("over.md", "x"), ("README.md", "by hand")):
                (kept / name).write_text(text)
            self.assertEqual(reference.check(binary, kept), ["missing.md", "over.md", "stale.md"])


if __name__ == "__main__":
    unittest.main()
