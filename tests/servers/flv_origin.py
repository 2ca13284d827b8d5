"""HTTP-FLV on 127.0.0.1: real bytes of ffmpeg, sent as time goes by; it can stall, cut, hang and jump."""

import asyncio
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web

AUDIO = 8  # kind of a tag
_FILE_HEADER = 13  # bytes, with the size of the tag before the first one
_SOURCE = "-f lavfi -i testsrc2=size=320x180:rate=20 -f lavfi -i sine=frequency=440:sample_rate=44100"
_ENCODER = "-c:v libx264 -preset ultrafast -tune zerolatency -profile:v baseline -g 20 -pix_fmt yuv420p -b:v 100k"


def flv_of_ffmpeg(seconds: int) -> bytes:
    """A real recording: H.264 320x180, 20 frames and one keyframe a second, AAC 44.1 kHz mono."""
    command = ["ffmpeg", "-nostdin", "-loglevel", "error", *_SOURCE.split(), *_ENCODER.split()]
    command += ["-c:a", "aac", "-b:a", "64k", "-t", str(seconds), "-flvflags", "no_duration_filesize"]
    return subprocess.run([*command, "-f", "flv", "-"], check=True, capture_output=True, timeout=60).stdout


def tags_of(flv: bytes) -> Iterator[tuple[int, bytes]]:
    """Timestamp in ms, and the tag with the size that follows it."""
    at = _FILE_HEADER
    while at < len(flv):
        end = at + 11 + int.from_bytes(flv[at + 1 : at + 4]) + 4
        yield int.from_bytes(flv[at + 4 : at + 7]) | flv[at + 7] << 24, flv[at:end]
        at = end


def at_time(tag: bytes, stamp: int) -> bytes:
    """The same tag at another time."""
    stamp %= 2**32
    return tag[:4] + (stamp & 0xFFFFFF).to_bytes(3) + bytes([stamp >> 24]) + tag[8:]


@dataclass
class FlvOrigin:
    """Serves `/live.flv`. What a test sets here holds from the next tag or the next connection on."""

    recording: bytes
    address: str = ""
    connections: int = 0
    open: int = 0
    start: int = 0  # ms, the first timestamp
    shift: int = 0  # ms, added to all timestamps
    audio_ahead: int = 0  # ms, added to those of audio
    silent: set[int] = field(default_factory=set)  # kinds of tags that are left out
    status: int = 200
    header_only: bool = False
    flowing: asyncio.Event = field(default_factory=asyncio.Event)
    cutting: asyncio.Event = field(default_factory=asyncio.Event)
    nobody: asyncio.Event = field(default_factory=asyncio.Event)  # no connection is open
    ending: bool = False

    @property
    def url(self) -> str:
        return self.address + "/live.flv?token=secret-token"

    def stall(self) -> None:
        self.flowing.clear()

    def resume(self) -> None:
        self.flowing.set()

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.connections += 1
        self.open += 1
        self.nobody.clear()
        try:
            return await self._answer(request)
        finally:
            self.open -= 1
            if not self.open:
                self.nobody.set()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(status=self.status, headers={"Content-Type": "video/x-flv"})
        response.enable_chunked_encoding()
        await response.prepare(request)
        await response.write(self.recording[:_FILE_HEADER])
        if self.header_only:
            await asyncio.Event().wait()
        await self._stream(request, response)
        return response

    async def _stream(self, request: web.Request, response: web.StreamResponse) -> None:
        """The recording over and over, in real time, its first second at once as a server with a GOP cache does."""
        loop = asyncio.get_running_loop()
        begin, behind, round_ = loop.time() - 1, 0.0, 0
        tags = list(tags_of(self.recording))
        length = tags[-1][0] + 50
        while True:
            for stamp, tag in tags:
                if round_ and (stamp == 0 or tag[0] == 18):
                    continue  # the metadata and the configurations are sent once
                due = begin + behind + (round_ * length + stamp) / 1000
                await asyncio.sleep(max(0.0, due - loop.time()))
                stalled = loop.time()
                await self.flowing.wait()
                behind += loop.time() - stalled if loop.time() - stalled > 0.01 else 0.0
                if self.cutting.is_set():
                    self.cutting.clear()
                    assert request.transport is not None
                    request.transport.abort()
                    return
                if self.ending:
                    return
                if tag[0] not in self.silent:
                    shift = self.start + self.shift + (self.audio_ahead if tag[0] == AUDIO else 0)
                    await response.write(at_time(tag, shift + round_ * length + stamp))
            round_ += 1


@asynccontextmanager
async def flv_origin(recording: bytes) -> AsyncIterator[FlvOrigin]:
    """An origin on a free port, with a stream that flows."""
    origin = FlvOrigin(recording)
    origin.resume()
    app = web.Application()
    app.router.add_get("/live.flv", origin.answer)
    runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0][:2]
        origin.address = f"http://{host}:{port}"
        yield origin
    finally:
        await runner.cleanup()
