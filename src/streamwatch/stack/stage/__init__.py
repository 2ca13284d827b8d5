"""The stage: what drills need beside the demo. It is set when a drill begins and struck when all is quiet again.

It has an ingest server, an encoder for each of its streams, and an exporter of its own, so that a fault meets one
stream and nothing else. What it publishes was encoded before: a stream costs next to nothing.
"""

import socket
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

WAY = "127.0.0.77"  # the way up of the stream whose packets get lost: a loopback address of its own
PORTS = ("rtmp", "http", "exporter", "tls", "node", "obs")


@dataclass
class Stage:
    """Absolute folders, ports of its own, and *acts*: which fault is played on which stream."""

    folder: Path
    secrets: Path
    ports: dict[str, int] = field(default_factory=lambda: dict(_free_ports()))
    acts: dict[str, str] = field(default_factory=dict)  # fault → stream

    @property
    def hls(self) -> Path:
        return self.folder / "hls"

    @property
    def clips(self) -> Path:
        return self.folder / "clips"

    @property
    def disk(self) -> Path:
        return self.folder / "disk"

    @property
    def obs_password(self) -> str:
        return (self.secrets / "obs_password").read_text()

    @property
    def streams(self) -> list[str]:
        """Those that are published here."""
        return [stream for stream in self.acts.values() if stream not in ("demo", "all")]

    def switch(self, kind: str, name: str) -> Path:
        """The file that makes the stage's nginx answer otherwise, while it is there."""
        return self.folder / kind / name

    def make(self) -> None:
        for name in ("hls", "clips", "disk", "missing", "slow", "stalled", "nginx", "run", "studio"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)


def _free_ports() -> Iterator[tuple[str, int]]:
    """All are held until every one is known, so that none is given twice."""
    with ExitStack() as held:
        for name in PORTS:
            each = held.enter_context(socket.socket())
            each.bind(("127.0.0.1", 0))
            yield name, each.getsockname()[1]
