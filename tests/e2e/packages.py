"""Container images of Debian packages that are installed on this machine, with all they need: nothing is pulled."""

import functools
import io
import os
import subprocess
import tarfile

from engine import docker, run


def closure(*packages):
    """These packages and all they depend on, as far as they are installed."""
    listed = run("apt-cache", "depends", "--recurse", "--no-recommends", "--no-suggests", "--no-conflicts", "--no-breaks",
                 "--no-replaces", "--no-enhances", "--installed", *packages)
    return sorted({line.split(":")[0] for line in listed.splitlines() if line and line[0] not in " <"})


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
        for link in ("bin", "sbin", "lib", "lib64"):
            if os.path.islink(f"/{link}"):
                tar.add(f"/{link}", link)
        for folder in ("tmp", "run", "var", "var/log", "var/lib", "etc", "root"):
            entry = tarfile.TarInfo(folder)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o755
            tar.addfile(entry)
        for file in ("/etc/passwd", "/etc/group"):
            tar.add(file, file.lstrip("/"))
        for file in files_of(closure(*packages)):
            tar.add(file, file.lstrip("/"), recursive=False)
    done = subprocess.run(["docker", "import", "-c", "ENV PATH=/usr/sbin:/usr/bin:/sbin:/bin", "-", name],
                          input=archive.getvalue(), capture_output=True, check=False)
    if done.returncode != 0:
        raise AssertionError(f"docker import {name}: {done.stderr.decode()}")
    assert docker("image", "inspect", "-f", "{{.Id}}", name)
    return name
