#!/usr/bin/env python3
"""Checks that docs/reference is what the program would write. Prints each stale file and fails when there is one.

    tests/checks/reference.py BINARY [DIRECTORY]
"""

import pathlib
import subprocess
import sys
import tempfile


def check(binary, directory):
    """The names of files that are missing, stale, or of no command any more."""
    with tempfile.TemporaryDirectory() as fresh:
        subprocess.run([binary, "reference", "all", fresh], check=True)
        written = {path.name: path.read_bytes() for path in pathlib.Path(fresh).iterdir()}
    kept = {path.name: path.read_bytes() for path in pathlib.Path(directory).iterdir() if path.name != "README.md"}
    return sorted(name for name in written.keys() | kept.keys() if written.get(name) != kept.get(name))


if __name__ == "__main__":
    where = sys.argv[2] if len(sys.argv) > 2 else "docs/reference"
    stale = check(sys.argv[1], where)
    for name in stale:
        print(f"{where}/{name} is stale: run `sluice reference all {where}`")
    if not stale:
        print("docs/reference is what the program says")
    sys.exit(bool(stale))
