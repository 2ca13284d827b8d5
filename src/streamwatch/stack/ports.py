"""The ports of the parts: free ones or the documented ones, and who holds one that is taken."""

import random
import socket
from collections.abc import Mapping
from pathlib import Path

from streamwatch.errors import CommandFailed
from streamwatch.language import Text, reader_language

DEFAULTS: Mapping[str, int] = {
    "rtmp": 1935,
    "http": 8080,
    "receiver": 8780,
    "phone": 8781,
    "prometheus": 9090,
    "alertmanager": 9093,
    "exporter": 9780,
}

Ports = Mapping[str, int]

_QUIET_PORTS = range(10_000, 20_000)


def choose(free: bool) -> Ports:
    """Raises `CommandFailed` naming every port that is taken, who holds it, and the cure."""
    if free:
        return _free()
    taken = [name for name, port in DEFAULTS.items() if _is_taken(port)]
    if taken:
        raise CommandFailed("\n".join(_sentence(name, DEFAULTS[name]) for name in taken))
    return DEFAULTS


def _free() -> Ports:
    """Below those that the kernel hands out itself: a client of somebody else takes none before its part listens.

    Source: ip(7), ip_local_port_range begins at 32768.
    """
    candidates = (port for port in random.sample(_QUIET_PORTS, len(_QUIET_PORTS)) if not _is_taken(port))
    return dict(zip(DEFAULTS, candidates, strict=False))


def _is_taken(port: int) -> bool:
    with socket.socket() as attempt:
        attempt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            attempt.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False


def _sentence(name: str, port: int) -> str:
    holder = _holder(port)
    by = Text(f"（{holder}）", f" by {holder}") if holder else Text("", "")
    text = Text(
        f"端口 {port}（{name}）已被占用{by.zh}。请先停掉它，或用 streamwatch up --ports free。",
        f"port {port} ({name}) is in use{by.en}. Stop that first, or run 'streamwatch up --ports free'.",
    )
    return text.read_in(reader_language())


def _holder(port: int) -> str | None:
    """Name and pid of the process that listens on *port*, if we may know. Source: proc(5)."""
    inodes = set()
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        if fields[3] == "0A" and int(fields[1].rpartition(":")[2], 16) == port:
            inodes.add(f"socket:[{fields[9]}]")
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if any(str(link.readlink()) in inodes for link in (process / "fd").iterdir()):
                return f"{(process / 'comm').read_text().strip()}, pid {process.name}"
        except OSError:
            continue  # it ended meanwhile, or is somebody else's
    return None
