"""h2spec, the conformance suite of HTTP/2, against Sluice in plaintext and over TLS. Left out, with a word, where there
is no h2spec: scripts/h2spec builds it to build/h2spec, or SLUICE_H2SPEC names it."""
import os
import re
import shutil
import subprocess
import unittest
from pathlib import Path

from framework import Case, authority, certificate, heavy, http, response, router, serve

BUILT = Path(__file__).resolve().parents[2] / "build" / "h2spec"
H2SPEC = os.environ.get("SLUICE_H2SPEC") or (str(BUILT) if BUILT.exists() else shutil.which("h2spec"))

# What h2spec expects and RFC 9113 does not ask for: the priority tree is gone (§5.3), and frames on a stream that was
# closed long ago may be ignored (§5.1).
EXPECTED = {
    "closed: Sends a DATA frame after sending RST_STREAM frame",
    "closed: Sends a HEADERS frame after sending RST_STREAM frame",
    "closed: Sends a DATA frame",
    "closed: Sends a HEADERS frame",
    "Sends stream identifier that is numerically smaller than previous",
    "Sends PRIORITY frame that depend on itself",
    "Sends a PRIORITY frame with 0x0 stream identifier",
}
# In plaintext, what does not begin with the preface is HTTP/1, and answered as such.
EXPECTED_IN_PLAINTEXT = EXPECTED | {"Sends invalid connection preface"}


@unittest.skipIf(H2SPEC is None, "left out: there is no h2spec (scripts/h2spec builds it)")
class Conformance(Case):
    def failures(self, address, *options: str) -> tuple[set[str], str]:
        done = subprocess.run([H2SPEC, "-h", address[0], "-p", str(address[1]), "-o", "3", *options], timeout=600,
                              capture_output=True, text=True, check=False)
        text = re.sub(r"\x1b\[[0-9;]*m", "", done.stdout)
        found = re.search(r"(\d+) tests, (\d+) passed, (\d+) skipped, (\d+) failed", text)
        self.assertIsNotNone(found, text[-2000:] + done.stderr[-500:])
        self.assertGreater(int(found[1]), 100)
        failed = text.split("Failures:", 1)[1] if "Failures:" in text else ""
        return set(re.findall(r"× (?:\d+: )?(.+)", failed)), failed

    @heavy
    def test_plaintext(self):
        process = self.sluice(self.upstream(serve(response(200, b"x" * 100))))
        failed, text = self.failures(process.address("web"))
        self.assertEqual(failed - EXPECTED_IN_PLAINTEXT, set(), text)

    @heavy
    def test_tls(self):
        pem = certificate("a.test", issuer=authority())
        upstream = self.upstream(serve(response(200, b"x" * 100)))
        dynamic = http({"a": router("PathPrefix(`/`)", "app", tls={})},
                       {"app": {"loadBalancer": {"servers": [{"url": upstream.url}]}}})
        dynamic["tls"] = {"certificates": [pem.inline()], "stores": {"default": {"defaultCertificate": pem.inline()}}}
        failed, text = self.failures(self.sluice(dynamic).address("web"), "-t", "-k")
        self.assertEqual(failed - EXPECTED, set(), text)
