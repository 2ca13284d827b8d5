"""What an ingest server says, in one shape for all kinds, in base units. None is "the server does not say"."""

from dataclasses import dataclass, field
from typing import Protocol

import aiohttp


@dataclass(frozen=True)
class StreamStat:
    """One stream of one application."""

    publishing: bool
    publish_uptime: float | None = None  # seconds
    readers: int | None = None  # without the publisher, relays and recorders
    received_bytes: float | None = None
    sent_bytes: float | None = None
    video_frames: float | None = None
    frames_in_error: float | None = None
    dropped: dict[str, int] = field(default_factory=dict)  # frames, by id of the client
    av_offset: float | None = None  # seconds
    codec: str = ""
    resolution: str = ""
    audio_codec: str = ""


@dataclass(frozen=True)
class Page:
    """One reading of a server. The keys of `streams` are (application, stream key): they must not be shown.

    A server that knows paths instead of applications has the key ("", path).
    """

    streams: dict[tuple[str, str], StreamStat] = field(repr=False)
    uptime: float | None = None  # seconds
    clients: int | None = None  # connections, publishers included
    pid: int | None = None
    tells_drops: bool = False

    def stream(self, app: str, name: str) -> StreamStat:
        """The facts of a stream; not listed means nobody publishes it."""
        found = self.streams.get((app, name)) or self.streams.get(("", f"{app}/{name}"))
        return found or StreamStat(publishing=False)


class Reader(Protocol):
    """Reads one server, one kind in one file. Made anew when its settings change."""

    async def read(self, session: aiohttp.ClientSession, within: float) -> Page:
        """Ask and understand. Raises `ProbeFailed`; the caller keeps the deadline over all requests together."""


def resolution(width: float | None, height: float | None) -> str:
    return f"{int(width)}x{int(height)}" if width and height else ""
