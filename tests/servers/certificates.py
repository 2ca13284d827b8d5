"""Certificates made by openssl for servers of a test: an authority, and what it signed."""

import ssl
import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Certificate:
    """Files in PEM: the key, and the chain as a server sends it."""

    key: Path
    chain: Path

    @property
    def expires(self) -> float:
        """Unix time, as openssl reads it from the first certificate of the chain."""
        said = _openssl("x509", "-in", self.chain, "-noout", "-enddate").strip()
        return ssl.cert_time_to_seconds(said.removeprefix("notAfter="))

    def der(self) -> bytes:
        return ssl.PEM_cert_to_DER_cert(self.chain.read_text())

    def server_context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.chain, self.key)
        return context


class Authority:
    """Signs certificates. `file` is what a client trusts it by."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(exist_ok=True)
        own = self.self_signed("authority", days=4000)
        self.file, self._key = own.chain, own.key

    def self_signed(self, name: str, days: int = 30) -> Certificate:
        """A certificate that nobody but its owner vouches for."""
        found = self._files(name)
        request = ["req", "-x509", *_NEW_KEY, "-keyout", found.key, "-out", found.chain, "-subj", f"/CN={name}"]
        _openssl(*request, "-days", str(days), "-addext", f"subjectAltName=DNS:{name}")
        return found

    def sign(self, name: str, days: int = 30) -> Certificate:
        """A certificate for *name*; with -1 *days* it expired yesterday."""
        found = self._files(f"{name}{days}")
        request, extension = found.key.with_suffix(".csr"), found.key.with_suffix(".ext")
        extension.write_text(f"subjectAltName=DNS:{name}\n")
        _openssl("req", *_NEW_KEY, "-keyout", found.key, "-out", request, "-subj", f"/CN={name}")
        signing = ["x509", "-req", "-in", request, "-CA", self.file, "-CAkey", self._key, "-CAcreateserial"]
        _openssl(*signing, "-days", str(days), "-extfile", extension, "-out", found.chain)
        return found

    def _files(self, name: str) -> Certificate:
        return Certificate(self._folder / f"{name}.key", self._folder / f"{name}.pem")


_NEW_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")


def _openssl(*arguments: str | Path) -> str:
    done = subprocess.run(["openssl", *map(str, arguments)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout
