"""A BIND name server: primary for one zone, on a free port, which takes changes signed with its key."""
from __future__ import annotations

import base64
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from .ports import free_port
from .process import patience

PROGRAM = "/usr/sbin/named"


def named_is_there() -> bool:
    return os.access(PROGRAM, os.X_OK)


class Named:
    """`records`: lines of the zone file beside SOA, NS and the wildcard address 127.0.0.1."""

    def __init__(self, zone: str, records: str = "", listen: str = "127.0.0.1"):
        self.zone = zone
        self.listen = listen
        self.folder = Path(tempfile.mkdtemp(prefix="sluice-named-"))
        self.key_file = self.folder / "sluice.key"
        secret = base64.b64encode(os.urandom(32)).decode()
        self.key_file.write_text(f'key "sluice-key" {{\n\talgorithm hmac-sha256;\n\tsecret "{secret}";\n}};\n')
        (self.folder / "zone").write_text("$TTL 60\n@ IN SOA ns1 hostmaster 1 60 60 3600 60\n@ IN NS ns1\n"
                                          f"ns1 IN A 127.0.0.1\n* IN A 127.0.0.1\n{records}")
        for _ in range(5):
            if self._start():
                return
        raise AssertionError("named does not start:\n" + (self.folder / "log").read_text())

    def _start(self) -> bool:
        self.port = free_port(self.listen)
        self.address = f"{self.listen}:{self.port}"
        (self.folder / "named.conf").write_text(
            f'options {{ directory "{self.folder}"; listen-on port {self.port} {{ {self.listen}; }}; listen-on-v6 {{ none; }};'
            f' pid-file none; session-keyfile "{self.folder}/session.key"; recursion no; dnssec-validation no;'
            f' allow-query {{ any; }}; }};\n'
            f'controls {{ }};\ninclude "{self.key_file}";\n'
            f'zone "{self.zone}" {{ type primary; file "zone"; update-policy {{ grant sluice-key zonesub TXT; }}; }};\n')
        with open(self.folder / "log", "ab") as log:
            self.process = subprocess.Popen([PROGRAM, "-g", "-n", "1", "-c", str(self.folder / "named.conf")], stdout=log,
                                            stderr=log)
        deadline = time.monotonic() + patience(10)
        while time.monotonic() < deadline and self.process.poll() is None:
            if b"running" in (self.folder / "log").read_bytes():
                return True
            time.sleep(0.02)
        self.close_process()
        return False

    def log(self) -> str:
        return (self.folder / "log").read_text(errors="replace")

    def close_process(self) -> None:
        self.process.terminate()
        self.process.wait(10)

    def close(self) -> None:
        self.close_process()
        shutil.rmtree(self.folder, ignore_errors=True)
