#!/usr/bin/env python3
"""Checks the sources against the room table of docs/architecture.md.

A room may include itself and rooms of lower rows; a third-party header stays in the rooms that own it; a file has at
most 500 lines; every room says in a README.md what it is. Prints one line per violation and fails when there is one.

    tests/checks/include_table.py [ROOT]
"""

import pathlib
import re
import sys

# Bottom to top. A room may include rooms of lower rows.
ROWS = [
    ["lib/base"],
    ["lib/async", "lib/observe"],
    ["lib/http", "lib/net", "lib/tls", "lib/config"],
    ["lib/route", "lib/rest"],
    ["lib/proxy"],
    ["lib/server"],
    ["lib/control"],
    ["providers", "acme", "middleware", "lib/api"],
    ["cmd"],
]
ROW_OF = {room: row for row, rooms in enumerate(ROWS) for room in rooms}

# Inside one row only this: the TLS stream is a net::Stream.
SAME_ROW = {("lib/tls", "lib/net")}

# What a room must not know although the rows would let it.
FORBIDDEN = {
    "lib/http": r"async/(?!task\.h|frames\.h)|observe/|sys/socket\.h|netinet/|sys/epoll\.h|unistd\.h",
    "lib/proxy": r"nlohmann/",
    "lib/config": r"async/|sys/socket\.h|netinet/|thread|mutex|atomic|pthread\.h",
}

# Third-party headers and the rooms that own them. fmt is part of base's own interface, so all may use it.
OWNERS = {
    r"fmt/": set(ROW_OF),
    r"uv\.h": {"lib/async", "lib/net"},
    r"spdlog/": {"lib/observe"},
    r"openssl/": {"lib/tls", "acme"},
    r"llhttp\.h": {"lib/http"},
    r"nghttp2/": {"lib/http"},
    r"toml\+\+/|toml\.hpp": {"lib/config"},
    r"yaml\.h": {"lib/config"},
    r"nlohmann/": {"lib/config", "lib/api", "providers", "acme", "cmd"},
    r"re2/": {"lib/config", "lib/route", "middleware"},
    r"curl/": {"lib/rest"},
    r"zlib\.h|brotli/|zstd\.h": {"middleware"},
}
# These have one .cpp that includes them, and no header.
ONE_FILE = [r"llhttp\.h", r"nghttp2/"]

# Standard and system headers: no slash and no extension (<vector>), C headers, the kernel's and the C library's.
SYSTEM = re.compile(
    r"[a-z_0-9]+$|(sys|netinet|arpa|linux|net|bits)/[a-z_0-9/]+\.h$"
    r"|(unistd|fcntl|signal|poll|netdb|pthread|sched|getopt|dirent|ifaddrs|crypt|errno|spawn|syslog|pwd|grp|time|dlfcn"
    r"|stdio|stdlib|string|limits|malloc|execinfo|cxxabi|ucontext|immintrin|emmintrin|x86intrin)\.h$"
)
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
MAX_LINES = 500
MAX_README_LINES = 60


def room_of(path):
    """The room a path below the root or below lib/ belongs to, or None."""
    parts = path.split("/")
    for candidate in ("/".join(parts[:2]), "lib/" + parts[0], parts[0]):
        if candidate in ROW_OF and candidate != path:
            return candidate
    return None


def includes(file):
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
        if match := INCLUDE.match(line):
            yield number, match[1] == '"', match[2]


def check_own(root, room, where, target):
    other = room_of(target)
    if other is None or not any((root / base / target).is_file() for base in ("lib", ".")):
        return f'{where}: "{target}" is not a file named from lib/ or from the root'
    if other == room:
        # Providers do not know each other: one folder each, what they share lies above the folders.
        mine, theirs = where.split("/")[1:-1], target.split("/")[1:-1]
        if room == "providers" and theirs and mine != theirs:
            return f'{where}: a provider includes another one\'s "{target}"'
        return None
    if ROW_OF[other] >= ROW_OF[room] and (room, other) not in SAME_ROW:
        return f'{where}: {room} (row {ROW_OF[room]}) must not include "{target}" (row {ROW_OF[other]})'
    return None


def check_foreign(room, where, target, seen):
    for pattern, rooms in OWNERS.items():
        if re.match(f"(?:{pattern})", target):
            if room not in rooms:
                return f"{where}: <{target}> belongs to {', '.join(sorted(rooms))}"
            if pattern in ONE_FILE:
                seen.setdefault(pattern, set()).add(where.split(":")[0])
            return None
    return None if SYSTEM.match(target) else f"{where}: <{target}> has no owner in the table"


def check_file(root, file, room, seen):
    name = file.relative_to(root).as_posix()
    for number, quoted, target in includes(file):
        where = f"{name}:{number}"
        if room in FORBIDDEN and re.match(f"(?:{FORBIDDEN[room]})", target):
            yield f"{where}: {room} must not know {target}"
        elif found := check_own(root, room, where, target) if quoted else check_foreign(room, where, target, seen):
            yield found


def check_sizes(root):
    places = sorted({room.split("/")[0] for room in ROW_OF} | {"tests", "scripts"})
    for place in places:
        for file in sorted((root / place).rglob("*")):
            if file.suffix in (".h", ".cpp", ".py", ".sh") and "corpus" not in file.parts:
                lines = file.read_bytes().count(b"\n")
                if lines > MAX_LINES:
                    yield f"{file.relative_to(root)}: {lines} lines, more than {MAX_LINES}"


def check(root):
    problems, seen = [], {}
    for room in ROW_OF:
        files = sorted(file for file in (root / room).rglob("*") if file.suffix in (".h", ".cpp"))
        for file in files:
            problems += check_file(root, file, room, seen)
        readme = root / room / "README.md"
        if files and not readme.is_file():
            problems.append(f"{room}: no README.md")
        elif files and readme.read_text(encoding="utf-8").count("\n") > MAX_README_LINES:
            problems.append(f"{room}/README.md: longer than a screen ({MAX_README_LINES} lines)")
    for pattern, files in seen.items():
        if len(files) > 1 or any(not name.endswith(".cpp") for name in files):
            problems.append(f"{pattern} is for one .cpp alone: {', '.join(sorted(files))}")
    return problems + list(check_sizes(root))


if __name__ == "__main__":
    found = check(pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve())
    print("\n".join(found) if found else "every include, file size and README is as the room table says")
    sys.exit(bool(found))
