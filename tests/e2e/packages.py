"""Container images of Debian packages that are installed on this machine, with all they need: nothing is pulled."""

import functools
import io
import os
import re
import subprocess
import tarfile

from engine import docker, run


def closure(*packages):
    """These packages and all they depend on, as far as they are installed."""
    listed = run("dpkg-query", "-W", "-f", "${binary:Package}\t${Depends}, ${Pre-Depends}\t${Provides}\n")
    needs, providers = {}, {}
    for line in listed.splitlines():
        name, depends, provides = (line + "\t").split("\t")[:3]  # the last line has lost its blanks
        name = name.split(":")[0]
        needs[name] = set(re.findall(r"(?:^|[,|])\s*([^\s,|:(]+)", depends))
        for provided in {name, *re.findall(r"(?:^|,)\s*([^\s,(]+)", provides)}:
            providers.setdefault(provided, set()).add(name)
    known, wanted = set(), set(packages)
    while wanted:
        known |= wanted
        wanted = {found for name in wanted for need in needs.get(name, ()) for found in providers.get(need, ())} - known
    return sorted(known)


def files_of(packages):
    """Their files, by the names they have with the links of /bin and /lib followed."""
    found = set()
    for package in packages:
        listed = subprocess.run(["dpkg", "-L", package], capture_output=True, text=True, check=False).stdout
        for path in listed.splitlines():
            if path.startswith(("/usr/share/doc", "/usr/share/man", "/usr/share/locale")) or path in ("", "/."):
                continue
            folder, name = os.path.split(path)
            real = os.path.join(os.path.realpath(folder), name)
            if os.path.lexists(real):
                found.add(real)
    return sorted(found)


@functools.cache
def package_image(name, *packages):
    """Imports them as an image and returns its name; programs are found by PATH, and run as root."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        files = files_of(closure(*packages))
        for link in ("/bin", "/sbin", "/lib", "/lib64"):
            if os.path.islink(link):
                files.insert(0, link)
        for folder in ("tmp", "run", "var", "var/log", "var/lib", "etc", "root"):
            if f"/{folder}" not in files:
                entry = tarfile.TarInfo(folder)
                entry.type, entry.mode = tarfile.DIRTYPE, 0o755
                tar.addfile(entry)
        for file in dict.fromkeys([*files, "/etc/passwd", "/etc/group"]):
            tar.add(file, file.lstrip("/"), recursive=False)
    done = subprocess.run(["docker", "import", "-c", "ENV PATH=/usr/sbin:/usr/bin:/sbin:/bin", "-", name],
                          input=archive.getvalue(), capture_output=True, check=False)
    if done.returncode != 0:
        raise AssertionError(f"docker import {name}: {done.stderr.decode()}")
    assert docker("image", "inspect", "-f", "{{.Id}}", name)
    return name
