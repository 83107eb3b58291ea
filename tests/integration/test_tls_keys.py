"""Keys and signatures of every kind the library takes: as a server's certificate, and as what clients are verified by."""
import ssl
import subprocess
import tempfile
from functools import cached_property
from pathlib import Path

from framework import Case, Pem, SecureClient, certificate, get, host_router, http, response, serve, servers

# What `openssl genpkey` is told for each kind.
KINDS = {
    "rsa": ("RSA", "-pkeyopt", "rsa_keygen_bits:2048"),
    "rsa-pss": ("RSA-PSS", "-pkeyopt", "rsa_keygen_bits:2048"),
    "p256": ("EC", "-pkeyopt", "ec_paramgen_curve:P-256"),
    "p384": ("EC", "-pkeyopt", "ec_paramgen_curve:P-384"),
    "p521": ("EC", "-pkeyopt", "ec_paramgen_curve:P-521"),
    "ed25519": ("ED25519",),
    "ed448": ("ED448",),
}
DIGESTS = ("sha1", "sha224", "sha256", "sha384", "sha512", "sha512-256", "sha3-256", "sha3-512")
ENCRYPTED = (("-aes256",), ("-traditional", "-aes256"), ("-traditional", "-des3"), ("-traditional", "-camellia128"))


def openssl(*arguments: str, text: str = "") -> str:
    return subprocess.run(["openssl", *arguments], input=text, text=True, capture_output=True, check=True,
                          timeout=60).stdout


def signed_by_itself(name: str, key: str, *, digest: str = "", authority: bool = False) -> str:
    with tempfile.NamedTemporaryFile("w") as file:
        file.write(key)
        file.flush()
        extension = "basicConstraints=critical,CA:TRUE" if authority else f"subjectAltName=DNS:{name}"
        return openssl("req", "-x509", "-key", file.name, "-subj", f"/CN={name}", "-days", "2",
                       "-addext", extension, *(["-" + digest] if digest else []))


def refuses_nothing(context: ssl.SSLContext) -> None:
    context.set_ciphers("ALL:@SECLEVEL=0")


class Keys(Case):
    keys = cached_property(lambda self: {kind: openssl("genpkey", "-algorithm", *words) for kind, words in KINDS.items()})

    def served(self, certificates: dict[str, Pem], **more) -> object:
        upstream = self.upstream(serve(response(200, b"app")))
        routers = {f"r{at}": host_router(name, "app", tls={"options": name} if name in more.get("options", {}) else {})
                   for at, name in enumerate(certificates)}
        return self.sluice({**http(routers, {"app": servers(upstream.url)}),
                            "tls": {"certificates": [pem.inline() for pem in certificates.values()], **more}})

    def answered(self, process, name: str, **options) -> SecureClient:
        client = SecureClient(process.web, name, configure=refuses_nothing, **options)
        self._clients.append(client)
        self.assertEqual(client.ask(get(host=name)).body, b"app")
        return client

    def test_each_kind_in_each_form_serves(self):
        forms = {f"{kind}.test": key for kind, key in self.keys.items()}
        for kind in ("rsa", "p256", "p384", "p521"):  # the formats of PKCS #1 and SEC 1
            forms[f"old-{kind}.test"] = openssl("pkey", "-traditional", text=self.keys[kind])
        certificates = {name: Pem(signed_by_itself(name, key), key) for name, key in forms.items()}
        process = self.served(certificates)
        for name, pem in certificates.items():
            with self.subTest(name=name):
                trusted = self.answered(process, name)
                self.assertEqual(trusted.socket.getpeercert(binary_form=True), ssl.PEM_cert_to_DER_cert(pem.certificate))

    def test_an_encrypted_key_is_called_one(self):
        pem = certificate("plain.test")
        keys = [openssl("pkey", *how, "-passout", "pass:secret", text=self.keys["rsa"]) for how in ENCRYPTED]
        process = self.sluice({"tls": {"certificates": [{"certFile": pem.certificate, "keyFile": key} for key in keys]}})
        said = process.log("the key is encrypted, and there is nobody to ask for its passphrase")
        self.assertEqual(len(said), len(keys), process.tail())

    def test_clients_are_verified_by_each_kind_of_signature(self):
        authorities = {f"{kind}.test": (key, "") for kind, key in self.keys.items()}
        authorities |= {f"{digest}.test": (self.keys["rsa"], digest) for digest in DIGESTS}
        with tempfile.TemporaryDirectory() as folder:
            at = Path(folder)
            clients, options = {}, {}
            for name, (key, digest) in authorities.items():
                root = signed_by_itself(name, key, digest=digest, authority=True)
                (at / "ca.key").write_text(key)
                (at / "ca.crt").write_text(root)
                (at / "own.key").write_text(self.keys["p256"])
                request = openssl("req", "-new", "-key", str(at / "own.key"), "-subj", "/CN=client")
                own = openssl("x509", "-req", "-CA", str(at / "ca.crt"), "-CAkey", str(at / "ca.key"), "-days", "2",
                              "-CAcreateserial", *(["-" + digest] if digest else []), text=request)
                clients[name] = Pem(own, self.keys["p256"])
                options[name] = {"clientAuth": {"caFiles": [root], "clientAuthType": "RequireAndVerifyClientCert"}}
        process = self.served({name: certificate(name) for name in authorities}, options=options)
        for name, own in clients.items():
            with self.subTest(name=name):
                if name in ("sha1.test", "sha512-256.test"):  # the library's security level; Go takes neither
                    with self.assertRaises(OSError):
                        self.answered(process, name, own=own)
                    continue
                self.answered(process, name, own=own)
        stranger = clients["p256.test"]
        with self.assertRaises(OSError):
            self.answered(process, "p384.test", own=stranger)
