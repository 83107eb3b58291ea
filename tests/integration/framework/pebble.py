"""A certificate authority that speaks ACME: Debian's Pebble, with a name server that leads every name to one address."""
from __future__ import annotations

import json
import os
import re
import shutil
import ssl
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path

from .ports import free_port
from .process import patience
from .tls import Pem, authority, certificate


# What scripts/deps fetched beside the one of the system: it has renewal information and profiles.
NEWER = Path(__file__).resolve().parents[3] / "build" / "pebble" / "usr" / "bin"


def newer_is_there() -> bool:
    return (NEWER / "pebble").exists()


def installed(*programs: str) -> bool:
    return all(shutil.which(program) for program in programs)


class Pebble:
    """Runs from `start` to `close`. It asks for HTTP challenges on `http_port` and for TLS challenges on `tls_port`, of
    127.0.0.1 for every name. Its API is at `directory`; whoever uses it must trust the file `trust`. `trusted` signs the
    certificate of the API, `nonce_reject` is how many nonces in a hundred it refuses. `names`: another name server to
    ask, "127.0.0.1:5353"; its own is at `resolver`. `listen`: the address of the API. `newer`: the program in NEWER, whose
    certificates live as long as those of their profile in `profiles` do. `bindings`: key identifiers and their keys, one
    of which an account must be bound to."""

    def __init__(self, http_port: int, tls_port: int, *, validity: int = 90 * 24 * 3600, trusted: Pem | None = None,
                 nonce_reject: int = 0, names: str | None = None, listen: str = "127.0.0.1", newer: bool = False,
                 profiles: dict[str, int] | None = None, bindings: dict[str, str] | None = None):
        self._program = str(NEWER / "pebble") if newer else "pebble"
        self.folder = Path(tempfile.mkdtemp(prefix="pebble-"))
        self.port, self.management, self._dns, self._dns_management = (free_port() for _ in range(4))
        self.resolver = f"127.0.0.1:{self._dns}"
        self._names = names or self.resolver
        self.processes: list[subprocess.Popen] = []
        self.authority = trusted or authority()
        self._nonce_reject = nonce_reject
        self.host = "localhost" if listen == "127.0.0.1" else listen
        own = certificate("localhost", listen, issuer=self.authority)
        own.files(self.folder, "own")
        self.trust = self.folder / "trust.crt"
        self.trust.write_text(self.authority.certificate)
        (self.folder / "pebble.json").write_text(json.dumps({"pebble": {
            "listenAddress": f"{listen}:{self.port}", "managementListenAddress": f"127.0.0.1:{self.management}",
            "certificate": str(self.folder / "own.crt"), "privateKey": str(self.folder / "own.key"),
            "httpPort": http_port, "tlsPort": tls_port, "ocspResponderURL": "",
            "externalAccountBindingRequired": bool(bindings), "externalAccountMACKeys": bindings or {},
            "profiles": {name: {"description": f"{seconds} s", "validityPeriod": seconds}
                         for name, seconds in (profiles or {"default": validity}).items()},
            "certificateValidityPeriod": validity}}))
        self.log = self.folder / "log"

    @property
    def directory(self) -> str:
        return f"https://{self.host}:{self.port}/dir"

    def start(self) -> "Pebble":
        names = ["pebble-challtestsrv", "-defaultIPv4", "127.0.0.1", "-defaultIPv6", "", "-http01", "", "-https01", "",
                 "-tlsalpn01", "", "-management", f"127.0.0.1:{self._dns_management}"]
        known = subprocess.run([names[0], "-h"], capture_output=True, text=True, check=False).stderr
        names += ["-dns01" if "-dns01" in known else "-dnsserver", f"127.0.0.1:{self._dns}"]
        if "-doh" in known:
            names += ["-doh", ""]
        self._run(names)
        self._run([self._program, "-config", str(self.folder / "pebble.json"), "-dnsserver", self._names],
                  PEBBLE_VA_NOSLEEP="1", PEBBLE_WFE_NONCEREJECT=str(self._nonce_reject), PEBBLE_AUTHZREUSE="0")
        deadline = time.monotonic() + patience(15)
        while True:
            try:
                self.get(self.directory)
                return self
            except OSError:
                if time.monotonic() > deadline or any(process.poll() is not None for process in self.processes):
                    said = self.tail()
                    self.close()
                    raise AssertionError(f"Pebble does not answer\n{said}") from None
                time.sleep(0.02)

    def _run(self, command: list[str], **environment: str) -> None:
        with self.log.open("ab") as log:
            self.processes.append(subprocess.Popen(command, stdout=log, stderr=log, cwd=self.folder,
                                                    env={**os.environ, **environment}))

    def records(self, change: str, **body: str | list[str]) -> None:
        """Changes what its own name server says: `set-txt` with host and value, `set-cname` with host and target."""
        request = urllib.request.Request(f"http://127.0.0.1:{self._dns_management}/{change}", json.dumps(body).encode())
        urllib.request.urlopen(request, timeout=patience(5)).close()

    def suggest(self, certificate: str, answer: dict) -> None:
        """What it says about the renewal of this certificate from now on."""
        context = ssl.create_default_context(cafile=str(self.trust))
        body = json.dumps({"Certificate": certificate, "ARIResponse": json.dumps(answer)}).encode()
        urllib.request.urlopen(f"https://localhost:{self.management}/set-renewal-info/", body, timeout=patience(5),
                               context=context).close()

    def get(self, url: str) -> bytes:
        context = ssl.create_default_context(cafile=str(self.trust))
        with urllib.request.urlopen(url, timeout=patience(5), context=context) as reply:
            return reply.read()

    def root(self) -> Pem:
        """What it signs with; another one at each start."""
        return Pem(self.get(f"https://localhost:{self.management}/roots/0").decode(), "")

    def questions(self) -> int:
        """How many validations it has tried."""
        return len(re.findall(r"Attempting to validate", self.log.read_text()))

    def tail(self, count: int = 30) -> str:
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        return "\n".join(["-- last lines of Pebble:", *lines[-count:]])

    def close(self) -> None:
        for process in self.processes:
            process.terminate()
            process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)
