#!/usr/bin/env python3
"""The include check finds every kind of violation, and nothing in a tree that keeps the rules."""

import pathlib
import tempfile
import unittest

import include_table

GOOD = {
    "lib/base/text.h": "#include <string_view>\n#include <fmt/format.h>\n",
    "lib/base/README.md": "# base\n",
    "lib/async/loop.cpp": '#include "base/text.h"\n#include <uv.h>\n',
    "lib/async/task.h": "#pragma once\n",
    "lib/async/README.md": "# async\n",
    "lib/http/h1.cpp": '#include <llhttp.h>\n#include "async/task.h"\n',
    "lib/http/README.md": "# http\n",
    "providers/labels.h": "#pragma once\n",
    "providers/file/watch.cpp": '#include "base/text.h"\n#include "providers/labels.h"\n',
    "providers/docker/events.h": "#include <sys/types.h>\n",
    "providers/README.md": "# providers\n",
}


def problems_with(extra):
    with tempfile.TemporaryDirectory() as directory:
        root = pathlib.Path(directory)
        for name, text in {**GOOD, **extra}.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text)
        return include_table.check(root)


class IncludeTable(unittest.TestCase):
    def refused(self, name, text, what):
        found = problems_with({name: text})
        self.assertEqual(len(found), 1, found)
        self.assertIn(what, found[0])

    def test_a_tree_that_keeps_the_rules_passes(self):
        self.assertEqual(problems_with({}), [])

    def test_an_upward_include_is_refused(self):
        self.refused("lib/base/ip.h", '#include "async/task.h"\n', "must not include")

    def test_an_include_across_a_row_is_refused(self):
        self.refused("lib/http/a.h", '#include "providers/labels.h"\n', "must not include")

    def test_the_codecs_do_not_know_the_loop(self):
        self.refused("lib/http/a.cpp", '#include "async/loop.cpp"\n', "must not know")

    def test_a_third_party_header_outside_its_room_is_refused(self):
        self.refused("lib/base/a.cpp", "#include <uv.h>\n", "belongs to")

    def test_an_unknown_third_party_header_is_refused(self):
        self.refused("lib/base/a.cpp", "#include <boost/asio.hpp>\n", "no owner")

    def test_a_second_file_with_llhttp_is_refused(self):
        self.refused("lib/http/h2.cpp", "#include <llhttp.h>\n", "one .cpp alone")

    def test_an_include_relative_to_the_file_is_refused(self):
        self.refused("lib/base/a.cpp", '#include "text.h"\n', "is not a file")

    def test_a_provider_that_knows_another_is_refused(self):
        self.refused("providers/file/a.cpp", '#include "providers/docker/events.h"\n', "another one")

    def test_a_long_file_is_refused(self):
        self.refused("lib/base/long.cpp", "\n" * 501, "501 lines")

    def test_a_room_without_a_readme_is_refused(self):
        self.refused("lib/net/a.h", "#pragma once\n", "no README.md")


if __name__ == "__main__":
    unittest.main()
