"""The stage's TLS server, and its two certificates: one that is good, and one that expires in five days."""

import subprocess

from streamwatch.errors import CommandFailed
from streamwatch.stack.first_start import find_binary
from streamwatch.stack.stage import Stage

NAME = "drill.test"
_DAYS = {"good": 300, "expiring": 5}


def certify(stage: Stage) -> None:
    """Both, signed by themselves, in one file of authorities. Blocks."""
    for name, days in _DAYS.items():
        request = f"req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days {days} -subj /CN={NAME}"
        files = ["-keyout", str(stage.folder / f"{name}.key"), "-out", str(stage.folder / f"{name}.pem")]
        extension = ["-addext", f"subjectAltName=DNS:{NAME}"]
        command = [find_binary("openssl", "openssl"), *request.split(), *files, *extension]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise CommandFailed(f"openssl could not make a certificate: {done.stderr.strip()}")
    both = "".join((stage.folder / f"{name}.pem").read_text() for name in _DAYS)
    (stage.folder / "authorities.pem").write_text(both)


def tls_server(stage: Stage, certificate: str = "good") -> list[str]:
    """The command that serves it."""
    key, chain = stage.folder / f"{certificate}.key", stage.folder / f"{certificate}.pem"
    port = f"127.0.0.1:{stage.ports['tls']}"
    return [find_binary("openssl", "openssl"), "s_server", "-accept", port, "-key", str(key), "-cert", str(chain),
            "-www", "-quiet"]  # fmt: skip
