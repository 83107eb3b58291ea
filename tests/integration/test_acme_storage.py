"""acme.json: written as Traefik does, kept whatever happens, and read from elsewhere."""
import base64
import json
import os
import stat
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

from acme_cases import Acme
from framework import authority, certificate


class Storage(Acme):
    def imported(self, *names: str, mode: int = 0o600) -> None:
        """An acme.json as Traefik leaves it, with a certificate that is good for two months."""
        pem = certificate(*names, issuer=authority(), days=60)
        key = subprocess.run(["openssl", "genrsa", "-traditional", "2048"], check=True, capture_output=True).stdout
        der = subprocess.run(["openssl", "rsa", "-outform", "DER", "-traditional"], input=key, check=True,
                             capture_output=True).stdout

        def encoded(data) -> str:
            return base64.b64encode(data if isinstance(data, bytes) else data.encode()).decode()

        self.storage.write_text(json.dumps({"le": {
            "Account": {"Email": "ops@example.com", "Registration": None, "PrivateKey": encoded(der),
                        "KeyType": "4096"},
            "Certificates": [{"domain": {"main": names[0], **({"sans": list(names[1:])} if names[1:] else {})},
                              "certificate": encoded(pem.certificate), "key": encoded(pem.key), "Store": "default"}]}},
            indent=2))
        self.storage.chmod(mode)

    def test_an_imported_certificate_serves_and_costs_no_order(self):
        self.imported("a.test", "b.test", mode=0o644)
        before = json.loads(self.storage.read_text())
        ca = self.ca()
        process = self.edge_for(ca, self.routes("a.test"))
        self.assertEqual(self.served_names(process, "a.test"), {"a.test", "b.test"})
        self.assert_soon(lambda: [one["state"] for one in self.listed()] == ["valid"], "it is found to be wanted")
        time.sleep(1)
        self.assertEqual(ca.proxy.count("POST"), 0)
        self.assertEqual(json.loads(self.storage.read_text()), before)
        self.assertEqual(stat.S_IMODE(self.storage.stat().st_mode), 0o600)

    def test_a_file_that_cannot_be_understood_is_left_alone(self):
        self.storage.write_text('{"le": {"Account": nul')
        self.storage.chmod(0o600)
        ca = self.ca()
        process = self.edge_for(ca, self.routes("a.test"))
        process.wait_for_log("cannot be understood and is left as it is")
        time.sleep(1)
        self.assertEqual(ca.proxy.count("POST"), 0)
        self.assertEqual(self.storage.read_text(), '{"le": {"Account": nul')
        [status] = self.listed()
        self.assertEqual(status["state"], "blocked")

    def test_a_process_that_was_killed_goes_on_with_its_order(self):
        ca = self.ca()
        # The CA issues, and nobody hears of it.
        ca.proxy.fault("POST /finalize-order", "drop_after")
        ca.proxy.fault("POST /my-order", "drop", count=100, after="POST /finalize-order")
        dynamic = self.routes("a.test")
        process = self.edge_for(ca, dynamic)
        self.assert_soon(lambda: ca.proxy.count("POST /my-order") > 0 and ca.proxy.count("POST /finalize-order") > 0,
                         "finalize", 20)
        again = self.started_again(process, dynamic, ca, kill=True, before=ca.proxy.heal)
        self.wait_until_served(again, "a.test", 20)
        self.assertEqual(ca.proxy.count("POST /order-plz"), 1)
        self.assertEqual(ca.proxy.count("POST /sign-me-up"), 1)

    @unittest.skipUnless(os.geteuid() == 0, "mounts need root")
    def test_a_full_disk_loses_nothing(self):
        small = self.folder / "small"
        small.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(small)], check=True)
        self.addCleanup(subprocess.run, ["umount", "-l", str(small)], check=False)
        self.storage = small / "acme.json"
        self.imported("a.test")
        before = self.storage.read_text()
        (small / "filler").write_bytes(b"x" * (64 * 1024 - self.storage.stat().st_size - 5000))
        with open(small / "rest", "wb") as rest:
            try:
                rest.write(b"x" * 65536)
                rest.flush()
            except OSError:
                pass
        ca = self.ca()
        process = self.edge_for(ca, self.routes("a.test", "b.test"))
        process.wait_for_log("could not be written")
        self.assertEqual(ca.proxy.count("POST /order-plz"), 0)
        self.assertEqual(self.storage.read_text(), before)
        self.assertEqual(self.served_names(process, "a.test"), {"a.test"})

    def on_tmpfs(self, options: str = "size=1m") -> None:
        folder = self.folder / "mounted"
        folder.mkdir()
        self.mounted = str(folder)
        subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", self.mounted], check=True)
        self.addCleanup(subprocess.run, ["umount", "-l", self.mounted], check=False)
        self.storage = folder / "acme.json"

    @unittest.skipUnless(os.geteuid() == 0, "mounts need root")
    def test_nothing_is_ordered_that_could_not_be_written(self):
        self.on_tmpfs()
        self.imported("a.test")
        before = self.storage.read_text()
        subprocess.run(["mount", "-o", "remount,ro", self.mounted], check=True)
        ca = self.ca()
        process = self.edge_for(ca, self.routes("a.test", "b.test"))
        process.wait_for_log("a certificate could not be obtained.*could not be written: open: Read-only", 20)
        self.assertEqual(self.served_names(process, "a.test"), {"a.test"})
        self.assertEqual(ca.proxy.count("POST"), 0)
        self.assertEqual(self.storage.read_text(), before)
        # As soon as it can be, it is.
        subprocess.run(["mount", "-o", "remount,rw", self.mounted], check=True)
        self.certs("renew", "b.test", "--control", str(self.socket))
        self.wait_until_served(process, "b.test")

    @unittest.skipUnless(os.geteuid() == 0, "mounts need root")
    def test_a_storage_that_will_be_gone_some_day_is_warned_of(self):
        self.on_tmpfs()
        ca = self.ca()
        process = self.edge_for(ca, self.routes("a.test"))
        process.wait_for_log(r"acme.storage: .*mounted/acme.json is on tmpfs")
        self.wait_until_served(process, "a.test")

    @unittest.skipUnless(os.geteuid() == 0, "mounts need root")
    def test_so_is_one_on_the_file_system_of_a_container(self):
        with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
            parts = {name: Path(folder) / name for name in ("lower", "upper", "work")}
            for part in parts.values():
                part.mkdir()
            merged = self.folder / "merged"
            merged.mkdir()
            subprocess.run(["mount", "-t", "overlay", "overlay", "-o",
                            f"lowerdir={parts['lower']},upperdir={parts['upper']},workdir={parts['work']}", str(merged)],
                           check=True)
            try:
                self.storage = merged / "acme.json"
                process = self.edge_for(self.ca(), self.routes("a.test"))
                process.wait_for_log(r"acme.storage: .*merged/acme.json is on overlayfs")
                self.assertEqual(process.stop(), 0)
            finally:
                subprocess.run(["umount", "-l", str(merged)], check=False)

    @unittest.skipUnless(os.geteuid() == 0, "mounts need root")
    def test_a_file_that_is_mounted_alone_is_written_in_place(self):
        inner = self.folder / "inner"
        outer = self.folder / "outer.json"
        inner.mkdir()
        self.storage = inner / "acme.json"
        self.imported("a.test")
        outer.write_text(self.storage.read_text())
        outer.chmod(0o600)
        subprocess.run(["mount", "--bind", str(outer), str(self.storage)], check=True)
        self.addCleanup(subprocess.run, ["umount", "-l", str(self.storage)], check=False)
        ca = self.ca()
        process = self.edge_for(ca, self.routes("a.test", "b.test"))
        self.wait_until_served(process, "b.test")
        self.assertEqual(len(self.stored()), 2)
        self.assertEqual(outer.read_text(), self.storage.read_text())

    def test_a_change_by_somebody_else_is_taken_over(self):
        ca = self.ca()
        process = self.edge_for(ca, self.routes("a.test"))
        self.wait_until_served(process, "a.test")
        self.imported("a.test", "z.test")
        self.assert_soon(lambda: self.served_names(process, "a.test") == {"a.test", "z.test"}, "the other one", 10)


if __name__ == "__main__":
    unittest.main()
