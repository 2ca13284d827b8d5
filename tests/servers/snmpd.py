"""A real Net-SNMP agent in a folder of its own. What it says of UPS and interfaces is what the test wrote last."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from servers import snmp_table
from servers.free_port import free_port

COMMUNITY, USER, PASSWORD, PRIVATE = "community-of-the-test", "carol", "password-of-carol", "privacy-of-carol"
PARTS = {
    "interfaces": "1.3.6.1.2.1.2.2.1",
    "names": "1.3.6.1.2.1.31.1.1.1",
    "ups": "1.3.6.1.2.1.33.1",
    "device": "1.3.6.1.4.1.99999",
}
"""Parts of the tree, and the OID that each begins with."""


class Snmpd:
    """One agent on 127.0.0.1. Not a manager of traps; it changes nothing outside its folder."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        self.address = f"127.0.0.1:{self.port}"
        for name in PARTS:
            self.serve(name, {})
        self._process: subprocess.Popen[bytes] | None = None

    def serve(self, part: str, rows: Mapping[str, tuple[str, object]]) -> None:
        """From the next request on, that part holds these: `{"2.1.0": ("integer", 2)}`."""
        lines = [f"{PARTS[part]}.{oid} {kind} {value}\n" for oid, (kind, value) in rows.items()]
        new = self.folder / f"{part}.new"
        new.write_text("".join(lines))
        new.rename(self.folder / f"{part}.table")

    def start(self) -> None:
        """Start, and return when it answers."""
        if not (self.folder / "snmpd.conf").exists():
            (self.folder / "snmpd.conf").write_text(self._config())
        command = ["/usr/sbin/snmpd", "-f"]
        command += ["-Lf", str(self.folder / "log"), "-I", "-ifTable,ifXTable"]
        environment = {**os.environ, "MIBS": "", "SNMPCONFPATH": str(self.folder)}
        environment["SNMP_PERSISTENT_DIR"] = str(self.folder / "state")
        self._process = subprocess.Popen(command, env=environment, cwd=self.folder)
        deadline = time.monotonic() + 10
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError((self.folder / "log").read_text()[:2000])

    def stop(self, *, hard: bool = False) -> None:
        if self._process is not None:
            self._process.kill() if hard else self._process.terminate()
            self._process.wait(10)
            self._process = None

    def pause(self, *, paused: bool) -> None:
        """It hears, and does not answer."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP if paused else signal.SIGCONT)

    def become_another(self) -> None:
        """As when the device is replaced: another SNMP engine with the same users."""
        for path in (self.folder / "state").glob("*.conf"):
            path.unlink()

    def _config(self) -> str:
        script = Path(snmp_table.__file__)
        lines = [
            f"agentaddress udp:{self.address}",
            f"rocommunity {COMMUNITY} 127.0.0.1",
            f'createUser {USER} SHA-256 "{PASSWORD}" AES "{PRIVATE}"',
            f"rouser {USER} priv",
        ]
        lines += [
            f"pass_persist .{oid} {sys.executable} {script} {self.folder / name}.table"
            for name, oid in PARTS.items()
        ]
        return "\n".join(lines) + "\n"

    def _answers(self) -> bool:
        """One GET of sysUpTime in bytes: the check owes nothing to the library under test."""
        community = COMMUNITY.encode()
        binding = bytes.fromhex("300e 300c 0608 2b06010201010300 0500")
        pdu = bytes.fromhex("020101 020100 020100") + binding
        body = b"\x02\x01\x01\x04" + bytes([len(community)]) + community + b"\xa0" + bytes([len(pdu)]) + pdu
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.settimeout(0.1)
            sock.sendto(b"0" + bytes([len(body)]) + body, ("127.0.0.1", self.port))
            try:
                return bool(sock.recv(1500))
            except OSError:
                return False


@contextmanager
def snmpd(folder: Path) -> Iterator[Snmpd]:
    """A running agent, ended with the block."""
    folder.mkdir()
    server = Snmpd(folder)
    server.start()
    try:
        yield server
    finally:
        server.stop(hard=True)
