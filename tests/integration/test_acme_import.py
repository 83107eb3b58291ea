"""Certificates out of the stores of other clients, and out of ours into files."""
import base64
import json
import unittest

from acme_cases import Acme
from framework import authority, certificate


class Import(Acme):
    def setUp(self):
        super().setUp()
        self.issuer = authority()

    def made(self, name, days=60):
        pem = certificate(name, issuer=self.issuer, days=days)
        return pem.certificate, pem.key

    def lego(self, name):
        folder = self.folder / "lego" / "certificates"
        folder.mkdir(parents=True)
        own, key = self.made(name)
        (folder / f"{name}.crt").write_text(own + self.issuer.certificate)
        (folder / f"{name}.issuer.crt").write_text(self.issuer.certificate)
        (folder / f"{name}.key").write_text(key)
        (folder / f"{name}.json").write_text(json.dumps({"domain": name}))
        return folder.parent

    def certbot(self, name):
        archive, live = (self.folder / "letsencrypt" / part / name for part in ("archive", "live"))
        archive.mkdir(parents=True)
        live.mkdir(parents=True)
        for number, days in ((1, 20), (2, 60)):
            own, key = self.made(name, days)
            for part, text in (("cert", own), ("chain", self.issuer.certificate), ("privkey", key),
                               ("fullchain", own + self.issuer.certificate)):
                (archive / f"{part}{number}.pem").write_text(text)
                (live / f"{part}.pem").unlink(missing_ok=True)
                (live / f"{part}.pem").symlink_to(f"../../archive/{name}/{part}{number}.pem")
        return archive.parent.parent

    def caddy(self, name):
        folder = self.folder / "caddy" / "certificates" / "acme-v02.api.letsencrypt.org-directory" / name
        folder.mkdir(parents=True)
        own, key = self.made(name)
        (folder / f"{name}.crt").write_text(own)
        (folder / f"{name}.key").write_text(key)
        return self.folder / "caddy"

    def traefik(self, name):
        own, key = (base64.b64encode(text.encode()).decode() for text in self.made(name))
        file = self.folder / "v1.json"
        file.write_text(json.dumps({"Account": None, "HTTPChallenges": {}, "Certificates": [
            {"Domain": {"Main": name, "SANs": None}, "Certificate": own, "Key": key}]}))
        return file

    def imported(self, source, status=0):
        return self.certs("import", str(source), "le", "--storage", str(self.storage), status=status).split()

    def test_what_other_clients_obtained_serves_and_costs_no_order(self):
        sources = {"lego.test": self.lego("lego.test"), "certbot.test": self.certbot("certbot.test"),
                   "caddy.test": self.caddy("caddy.test"), "v1.test": self.traefik("v1.test")}
        for name, source in sources.items():
            self.assertEqual(self.imported(source), [name])
        self.imported(sources["lego.test"], status=1)  # it is there
        stored = {one["domain"]["main"]: base64.b64decode(one["certificate"]).decode() for one in self.stored()}
        newest = (self.folder / "letsencrypt/live/certbot.test/cert.pem").read_text()
        self.assertIn(newest.strip(), stored["certbot.test"])
        ca = self.ca()
        process = self.edge_for(ca, self.routes(*sources))
        for name in sources:
            self.wait_until_served(process, name)
        self.assert_soon(lambda: {one["state"] for one in self.listed()} == {"valid"}, "all are valid")
        self.assertEqual(ca.proxy.count("POST"), 0)

    def test_what_cannot_serve_is_left_where_it_is(self):
        folder = self.folder / "other"
        folder.mkdir()
        (folder / "a.crt").write_text(self.made("a.test")[0])
        (folder / "a.key").write_text(self.made("a.test")[1])  # of another certificate
        old = certificate("old.test", issuer=self.issuer, days=-1)
        (folder / "old.crt").write_text(old.certificate)
        (folder / "old.key").write_text(old.key)
        self.imported(folder, status=1)
        self.assertFalse(self.storage.exists())

    def test_an_export_is_replaced_as_a_whole(self):
        out = self.folder / "out"
        pairs = set()
        for days in (20, 60):
            source = self.folder / f"of-{days}"
            source.mkdir()
            own, key = self.made("a.test", days)
            (source / "a.crt").write_text(own)
            (source / "a.key").write_text(key)
            self.imported(source)
            self.certs("export", str(out), "--storage", str(self.storage))
            self.assertEqual((out / "a.test" / "fullchain.pem").read_text().strip(), own.strip())
            self.assertIn("PRIVATE KEY", (out / "a.test" / "privkey.pem").read_text())
            self.assertTrue((out / "a.test").is_symlink())
            pairs.add((out / "a.test").resolve())
        self.assertEqual(len(pairs), 2)
        # What was there before is gone.
        self.assertEqual(len(list(out.iterdir())), 2)


if __name__ == "__main__":
    unittest.main()
