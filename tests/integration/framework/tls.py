"""Certificates made with the openssl program, and a client that speaks TLS."""
from __future__ import annotations

import os
import select
import socket
import ssl
import subprocess
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from .client import Client
from .process import patience
from .wire import Reader


@dataclass
class Pem:
    certificate: str
    key: str

    def files(self, folder: Path, name: str) -> dict:
        """Written below `folder`, as the configuration names them; each replaced atomically."""
        named = {}
        for option, suffix, text in (("certFile", "crt", self.certificate), ("keyFile", "key", self.key)):
            path = folder / f"{name}.{suffix}"
            draft = folder / f".{name}.{suffix}"
            draft.write_text(text)
            draft.rename(path)
            named[option] = str(path)
        return named

    def inline(self) -> dict:
        return {"certFile": self.certificate, "keyFile": self.key}


def _openssl(*arguments: str) -> None:
    subprocess.run(["openssl", *arguments], check=True, capture_output=True, timeout=60)


def certificate(*names: str, issuer: Pem | None = None, days: int = 2, rsa: bool = False, authority: bool = False,
                uri: str = "") -> Pem:
    """For these DNS names (or addresses); signed by `issuer` or by itself. Negative days: it expired so long ago."""
    with tempfile.TemporaryDirectory() as folder:
        at = Path(folder)
        kind = ("rsa:2048",) if rsa else ("ec", "-pkeyopt", "ec_paramgen_curve:P-256")
        alternatives = [f"{'IP' if name.replace('.', '').isdigit() else 'DNS'}:{name}" for name in names]
        alternatives += [f"URI:{uri}"] if uri else []
        extensions = ["-addext", "basicConstraints=critical,CA:TRUE" if authority else "basicConstraints=CA:FALSE"]
        if alternatives:
            extensions += ["-addext", "subjectAltName=" + ",".join(alternatives)]
        subject = f"/CN={'authority of tests' if authority else names[0] if names else 'nobody'}"
        made = ["-newkey", *kind, "-nodes", "-keyout", str(at / "key"), "-subj", subject]
        dates = ["-days", str(days)]
        if issuer is None:
            if days < 0:
                raise ValueError("an expired certificate needs an issuer")
            _openssl("req", "-x509", *made, *extensions, *dates, "-out", str(at / "crt"))
        else:
            (at / "ca.crt").write_text(issuer.certificate)
            (at / "ca.key").write_text(issuer.key)
            _openssl("req", "-new", *made, *extensions, "-out", str(at / "csr"))
            (at / "database").touch()
            (at / "serial").write_text("%032x" % int.from_bytes(os.urandom(8), "big"))
            (at / "ca.cnf").write_text("[ca]\ndefault_ca=ca_default\n[ca_default]\ndatabase=database\nserial=serial\n"
                                       "new_certs_dir=.\ndefault_md=sha256\npolicy=any\ncopy_extensions=copy\n"
                                       "unique_subject=no\n[any]\ncommonName=supplied\n")
            dates = (["-startdate", "20200101000000Z", "-enddate", "20200201000000Z"] if days < 0
                     else ["-days", str(days)])
            subprocess.run(["openssl", "ca", "-batch", "-config", "ca.cnf", "-cert", "ca.crt", "-keyfile", "ca.key",
                            "-in", "csr", "-out", "crt", "-notext", *dates], check=True, capture_output=True,
                           cwd=folder, timeout=60)
        return Pem((at / "crt").read_text(), (at / "key").read_text())


def authority() -> Pem:
    return certificate(authority=True)


def server_context(pem: Pem, *, clients: Pem | None = None, protocols: tuple[str, ...] = ()) -> ssl.SSLContext:
    """For a server with this certificate. `clients`: the authority that must have signed the client's."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.NamedTemporaryFile("w") as file:
        file.write(pem.certificate + pem.key)
        file.flush()
        context.load_cert_chain(file.name)
    if clients:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(cadata=clients.certificate)
    if protocols:
        context.set_alpn_protocols(list(protocols))
    return context


class SecureClient(Client):
    """A client over TLS. `trust`: the authority that must have signed the server's certificate; None accepts any."""

    def __init__(self, address: tuple[str, int], name: str | None = None, *, trust: Pem | None = None,
                 protocols: tuple[str, ...] = (), own: Pem | None = None, session: ssl.SSLSession | None = None,
                 context: ssl.SSLContext | None = None, configure=None):
        if context is None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname = trust is not None
            context.verify_mode = ssl.CERT_REQUIRED if trust else ssl.CERT_NONE
            if trust:
                context.load_verify_locations(cadata=trust.certificate)
            if protocols:
                context.set_alpn_protocols(list(protocols))
            if configure:  # first: it may decide which certificate of its own the client accepts
                configure(context)
            if own:
                with tempfile.NamedTemporaryFile("w") as file:
                    file.write(own.certificate + own.key)
                    file.flush()
                    context.load_cert_chain(file.name)
        self.context = context
        raw = socket.create_connection(address, patience(10))
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            self.socket = context.wrap_socket(raw, server_hostname=name, session=session)
        except BaseException:
            raw.close()
            raise
        self.reader = Reader(self._receive)

    def send_while_reading(self, message: bytes) -> None:
        """Sends what the other end answers meanwhile, in one thread: a TLS session takes no two at a time."""
        rest = memoryview(message)
        self.socket.setblocking(False)
        deadline = time.monotonic() + patience(30)
        while rest:
            if time.monotonic() > deadline:
                raise TimeoutError("the message was not taken")
            select.select([self.socket], [self.socket], [], 1)
            with suppress(ssl.SSLWantReadError, ssl.SSLWantWriteError):
                rest = rest[self.socket.send(rest[:65536]):]
            with suppress(ssl.SSLWantReadError, ssl.SSLWantWriteError):
                self.reader.fill()
        self.socket.settimeout(patience(10))

    def names(self) -> set[str]:
        """The DNS names of the server's certificate."""
        der = self.socket.getpeercert(binary_form=True)
        pem = ssl.DER_cert_to_PEM_cert(der)
        text = subprocess.run(["openssl", "x509", "-noout", "-ext", "subjectAltName"], input=pem, text=True,
                              capture_output=True, check=True, timeout=60).stdout
        return {part.strip()[4:] for part in text.replace("\n", ",").split(",") if part.strip().startswith("DNS:")}

    def close(self) -> None:
        self.socket.close()
