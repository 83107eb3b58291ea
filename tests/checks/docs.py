#!/usr/bin/env python3
"""Checks the pages a reader starts from: links and commands lead somewhere, quoted files are quoted as they are.

For every *.md outside the corpora:
  * a relative link names a file of the tree, and its #anchor a heading of that file;
  * in a ```sh block, a command with a slash names an executable of the tree (build/ is what the build makes);
  * a fenced block after `<!-- file: PATH -->` is that file, to the letter.
Prints one line per fault and fails when there is one.

    tests/checks/docs.py [ROOT]
"""

import os
import pathlib
import re
import shlex
import sys

LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```(\w*)$")
QUOTED = re.compile(r"^<!-- file: (\S+) -->$")
SKIP = {"build", "corpus", "node_modules", ".git"}


def pages(root):
    for page in sorted(root.rglob("*.md")):
        if not SKIP & set(page.relative_to(root).parts):
            yield page


def blocks(lines):
    """(first line, language, name of the quoted file or None, text) of every fenced block."""
    quoted, opened = None, None
    body = []
    for number, line in enumerate(lines, 1):
        fence = FENCE.match(line)
        if opened is None and fence:
            opened, body = (number, fence[1]), []
        elif opened and line == "```":
            yield *opened, quoted, body
            opened, quoted = None, None
        elif opened:
            body.append(line)
        elif line:
            match = QUOTED.match(line)
            quoted = match[1] if match else None


def anchor(heading):
    """The name a heading is linked by: lower case, punctuation dropped, blanks as dashes."""
    return re.sub(r"[^\w\- ]", "", heading.strip("# \n").lower()).replace(" ", "-")


def prose(lines):
    inside = False
    for number, line in enumerate(lines, 1):
        if line.startswith("```"):
            inside = not inside
        elif not inside:
            yield number, line


def check_links(page, lines):
    for number, line in prose(lines):
        for link in LINK.findall(line):
            if re.match(r"[a-z]+:", link):
                continue
            path, _, fragment = link.partition("#")
            target = page.parent / path if path else page
            if not target.exists():
                yield f"{number}: {link} does not exist"
            elif fragment and target.suffix == ".md":
                headings = [text for _, text in prose(target.read_text().splitlines()) if text.startswith("#")]
                if fragment not in map(anchor, headings):
                    yield f"{number}: {path or page.name} has no heading #{fragment}"


def commands(line):
    """The words of each simple command of a line of shell; nothing for a line that does not end by itself."""
    lexer = shlex.shlex(line.rstrip("\\"), posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    words = []
    try:
        for word in lexer:
            if set(word) <= set("();<>|&"):
                yield words
                words = []
            else:
                words.append(word)
    except ValueError:
        return
    yield words


def check_commands(root, page, number, body):
    for offset, line in enumerate(body, 1):
        for words in commands(line):
            while words and ("=" in words[0] or words[0] in ("sudo", "export", "exec", "python3")):
                words.pop(0)
            if not words or "/" not in words[0] or words[0].startswith(("/", "http")) or "build/" in words[0]:
                continue
            program = next((base / words[0] for base in (page.parent, root) if (base / words[0]).exists()), None)
            if program is None or not (os.access(program, os.X_OK) or program.suffix == ".py"):
                yield f"{number + offset}: {words[0]} is no program of the tree"


def check(root):
    faults = []
    for page in pages(root):
        lines = page.read_text(encoding="utf-8").splitlines()
        found = list(check_links(page, lines))
        for number, language, quoted, body in blocks(lines):
            if quoted and not (root / quoted).is_file():
                found.append(f"{number}: {quoted} does not exist")
            elif quoted and (root / quoted).read_text().splitlines() != body:
                found.append(f"{number}: differs from {quoted}")
            if language == "sh":
                found += check_commands(root, page, number, body)
        faults += [f"{page.relative_to(root)}:{text}" for text in found]
    return faults


if __name__ == "__main__":
    found_faults = check(pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve())
    print("\n".join(found_faults) if found_faults else "every link, command and quoted file is as the pages say")
    sys.exit(bool(found_faults))
