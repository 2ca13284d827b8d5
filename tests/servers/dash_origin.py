"""A real encoder that writes MPEG-DASH, and an origin on 127.0.0.1 that serves its folder and can fail."""

import asyncio
import signal
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from aiohttp import web

from servers.web_origin import listening

MANIFEST = "/live.mpd"
HIGH, LOW, SOUND = "320x180@200000", "160x90@100000", "audio@64000"
_SOURCE = "-re -f lavfi -i testsrc2=size=320x180:rate=15 -f lavfi -i sine=frequency=440:sample_rate=44100"
_ENCODER = (
    "-map 0:v -map 0:v -map 1:a -c:v libx264 -preset ultrafast -tune zerolatency -g 15 -keyint_min 15"
    " -sc_threshold 0 -pix_fmt yuv420p -b:v:0 200k -b:v:1 100k -s:v:1 160x90 -c:a aac -b:a 64k"
)


class Packager:
    """ffmpeg's dash muxer: segments of one second, five of them listed."""

    def __init__(self, folder: Path, *options: str) -> None:
        muxer = ["-f", "dash", "-seg_duration", "1", "-window_size", "5", "-extra_window_size", "5"]
        sets = ["-adaptation_sets", "id=0,streams=v id=1,streams=a"]
        command = ["ffmpeg", "-nostdin", "-loglevel", "error", *_SOURCE.split(), *_ENCODER.split()]
        self._process = subprocess.Popen(
            [*command, *muxer, *sets, *options, str(folder / "live.mpd")],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def freeze(self) -> None:
        """Hang: the manifest stays as it is."""
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._process.send_signal(signal.SIGCONT)

    def end(self) -> None:
        """An orderly end: the manifest becomes static."""
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(10)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait(10)


@contextmanager
def packaging(folder: Path, *options: str) -> Iterator[Packager]:
    """A packager that runs within the block."""
    packager = Packager(folder, *options)
    try:
        yield packager
    finally:
        packager.kill()


@dataclass
class LiveManifest:
    """A manifest with a timeline that advances when told; its presentation began a thousand seconds ago.

    `ends` is where each representation ends, in segments of `duration` seconds.
    """

    ends: dict[str, int] = field(default_factory=lambda: {"low": 490, "high": 490})
    listed: int = 5
    duration: int = 2
    began: float = field(default_factory=lambda: time.time() - 1000)
    published: float = field(default_factory=time.time)
    more: str = ""
    attributes: str = 'timeShiftBufferDepth="PT10S" minimumUpdatePeriod="PT0.5S"'

    def advance(self, *names: str) -> None:
        """Those named, or all of them."""
        for name in names or tuple(self.ends):
            self.ends[name] += 1
        self.published += 1

    def text(self) -> str:
        head = (
            f'<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="dynamic" {self.attributes} '
            f'availabilityStartTime="{_told(self.began)}" publishTime="{_told(self.published)}">{self.more}'
        )
        body = "".join(self._representation(name, end) for name, end in self.ends.items())
        period = f'<Period id="p0" start="PT0S"><AdaptationSet contentType="video">{body}</AdaptationSet></Period>'
        return f"{head}{period}</MPD>"

    def _representation(self, name: str, end: int) -> str:
        first = end - self.listed
        timeline = f'<S t="{first * self.duration}" d="{self.duration}" r="{self.listed - 1}"/>'
        size = {"low": 'width="640" height="360" bandwidth="800000"'}.get(
            name, 'width="1280" height="720" bandwidth="2500000"'
        )
        return (
            f'<Representation id="{name}" {size}><SegmentTemplate media="$RepresentationID$-$Number$.m4s" '
            f'startNumber="{first}"><SegmentTimeline>{timeline}</SegmentTimeline></SegmentTemplate></Representation>'
        )


def _told(unix: float) -> str:
    return datetime.fromtimestamp(unix, UTC).isoformat()


class DashOrigin:
    """Serves a folder, but what a test put in its place. `slow` holds each byte back by so many seconds."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.address = ""
        self.seen: dict[str, int] = {}
        self.replies: dict[str, Callable[[web.Request], web.StreamResponse]] = {}
        self.missing = ""  # a part of the names of segments that are not there
        self.slow = ""  # the same of segments that come slower than they play
        self.segment: bytes | None = None  # for every segment that the folder has not

    def url(self, path: str = MANIFEST) -> str:
        return self.address + path

    def put(self, path: str, body: str | bytes, *, kind: str = "application/dash+xml", **headers: str) -> None:
        content = body.encode() if isinstance(body, str) else body
        told = {"Content-Type": kind} | {name.replace("_", "-"): value for name, value in headers.items()}
        self.replies[path] = lambda _request: web.Response(body=content, headers=told)

    def fail(self, path: str, status: int, **headers: str) -> None:
        self.replies[path] = lambda _request: web.Response(status=status, headers=headers)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        path = request.path
        self.seen[path] = self.seen.get(path, 0) + 1
        if path in self.replies:
            return self.replies[path](request)
        file = self.folder / path[1:]
        if self.missing and self.missing in path:
            return web.Response(status=404)
        if file.suffix != ".mpd" and not file.is_file() and self.segment is not None:
            return web.Response(body=self.segment)
        try:
            body = file.read_bytes()
        except OSError:
            return web.Response(status=404)
        if file.suffix == ".mpd":
            return web.Response(body=body, content_type="application/dash+xml")
        if self.slow and self.slow in path:
            return await _slowly(request, body)
        return web.Response(body=body)


async def _slowly(request: web.Request, body: bytes) -> web.StreamResponse:
    """In a second and a half: segments last one."""
    response = web.StreamResponse(headers={"Content-Length": str(len(body))})
    await response.prepare(request)
    step = len(body) // 15 + 1
    for at in range(0, len(body), step):
        await response.write(body[at : at + step])
        await asyncio.sleep(0.1)
    return response


@asynccontextmanager
async def dash_origin(folder: Path) -> AsyncIterator[DashOrigin]:
    """An origin on a free port, with a folder of its own below *folder*."""
    content = folder / "dash"
    content.mkdir()
    origin = DashOrigin(content)
    async with listening(origin.answer) as origin.address:
        yield origin
