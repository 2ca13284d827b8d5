"""A live stream of known segments, and an exporter whose probe `picture` looks at it."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from servers.clips import MOVING, TONE, clip
from servers.exporter import Page, RunningExporter, running_exporter
from servers.hls_origin import HlsOrigin, LivePlaylist, hls_origin
from streamwatch_exporters.picture import PictureFamily
from streamwatch_exporters.picture_workers import Workers
from streamwatch_exporters.probe import REASONS

UP = "streamwatch_probe_up"
FAILURES = "streamwatch_probe_failures_total"
FROZEN, BLACK_NOW, SILENT = "streamwatch_video_frozen", "streamwatch_video_black", "streamwatch_audio_silent"


def watching(origin: HlsOrigin, *paths: str, more: str = "timeout: 30.0") -> str:
    """A streams.yml with one stream for each path, called a, b, c…"""
    lines = [
        f'  - {{id: {id_}, picture: {{url: "{origin.url(path)}", interval: 0.2, {more}}}}}'
        for id_, path in zip("abcdefgh", paths, strict=False)
    ]
    return "streams:\n" + "\n".join(lines)


def failed_with(page: Page, stream: str = "a") -> set[str]:
    return {reason for reason in REASONS if page.value(FAILURES, stream=stream, reason=reason)}


def workers(exporter: RunningExporter) -> Workers:
    family = exporter.exporter.families["picture"]
    assert isinstance(family, PictureFamily)
    return family.workers


class Live:
    """A live stream of segments of two seconds, of which each is what a test says."""

    def __init__(self, origin: HlsOrigin, path: str = "/a.m3u8", name: str = "seg") -> None:
        self._origin, self._path, self._name = origin, path, name
        self._playlist = LivePlaylist(first=-1, listed=1, name=name)
        self._end = 0

    def next(self, video: str = MOVING, audio: str = TONE) -> None:
        self.next_bytes(clip(video, audio, at=2.0 * self._end))

    def next_bytes(self, body: bytes) -> None:
        self._playlist.listed = min(4, self._end + 1)
        self._playlist.first = self._end + 1 - self._playlist.listed
        self._origin.put(f"/{self._name}-{self._end}.ts", body)
        self._origin.put(self._path, self._playlist.text())
        self._end += 1

    @property
    def newest(self) -> str:
        return f"/{self._name}-{self._end - 1}.ts"


@asynccontextmanager
async def live(folder: Path, more: str = "timeout: 30.0") -> AsyncIterator[tuple[Live, RunningExporter, HlsOrigin]]:
    async with hls_origin() as origin:
        stream = Live(origin)
        stream.next()
        async with running_exporter(folder, watching(origin, "/a.m3u8", more=more)) as exporter:
            await exporter.until(lambda page: page.value(UP) is not None)
            yield stream, exporter, origin


def samples(page: Page) -> float:
    return sum(page.values("streamwatch_picture_samples_total"))


async def after_the_next(exporter: RunningExporter, send: Callable[[], None]) -> Page:
    """The page when what *send* made was looked at."""
    before = samples(await exporter.page())
    send()
    return await exporter.until(lambda page: samples(page) > before)


async def eventually(holds: Callable[[], bool], *, within: float = 10.0) -> None:
    deadline = time.monotonic() + within
    while not holds():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)


def runs(pid: int) -> bool:
    """A process that ended and was not yet waited for runs no more."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
