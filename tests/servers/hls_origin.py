"""A real HTTP origin on 127.0.0.1 whose answers a test sets and changes while a watcher looks."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email.utils import formatdate

from aiohttp import web

from servers.web_origin import listening


@dataclass
class Reply:
    """What the origin answers at one path. `hang` answers nothing until the client leaves."""

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    hang: bool = False
    endless: bool = False


@dataclass
class LivePlaylist:
    """A sliding media playlist that advances when told."""

    first: int = 0
    listed: int = 4
    duration: float = 2.0
    target: int = 2
    name: str = "seg"

    def advance(self, segments: int = 1) -> None:
        self.first += segments

    def text(self) -> str:
        head = (
            f"#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-MEDIA-SEQUENCE:{self.first}\n#EXT-X-TARGETDURATION:{self.target}\n"
        )
        numbers = range(self.first, self.first + self.listed)
        return head + "".join(f"#EXTINF:{self.duration:.3f},\n{self.name}-{i}.ts\n" for i in numbers)


class HlsOrigin:
    """The origin. `seen` counts requests by path; its clock is `clock_ahead` seconds ahead."""

    def __init__(self) -> None:
        self.clock_ahead = 0.0
        self.replies: dict[str, Reply] = {}
        self.seen: dict[str, int] = {}
        self.headers_seen: dict[str, Mapping[str, str]] = {}
        self.address = ""

    def url(self, path: str) -> str:
        return self.address + path

    def put(self, path: str, body: str | bytes, *, status: int = 200, **headers: str) -> None:
        content = body.encode() if isinstance(body, str) else body
        self.replies[path] = Reply(
            content, status, {name.replace("_", "-"): value for name, value in headers.items()}
        )

    def redirect(self, path: str, to: str) -> None:
        self.replies[path] = Reply(status=302, headers={"Location": to})

    def hang(self, path: str) -> None:
        self.replies[path] = Reply(hang=True)

    def pour(self, path: str) -> None:
        """Answer a body that never ends."""
        self.replies[path] = Reply(endless=True)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        path = request.path
        self.seen[path] = self.seen.get(path, 0) + 1
        self.headers_seen[path] = request.headers
        reply = self.replies.get(path)
        if reply is None:
            return web.Response(status=404)
        if reply.hang:
            await asyncio.Event().wait()
        if reply.endless:
            return await _pour(request)
        date = {"Date": formatdate(time.time() + self.clock_ahead, usegmt=True)}
        return web.Response(body=reply.body, status=reply.status, headers=date | dict(reply.headers))


async def _pour(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    while True:
        await response.write(b"#EXTM3U\n" * 8192)


@asynccontextmanager
async def hls_origin() -> AsyncIterator[HlsOrigin]:
    """An origin on a free port."""
    origin = HlsOrigin()
    async with listening(origin.answer) as origin.address:
        yield origin


async def looks(origin: HlsOrigin, path: str, count: int = 2) -> None:
    """Return after so many more requests of a path."""
    until = origin.seen.get(path, 0) + count
    deadline = time.monotonic() + 10
    while origin.seen.get(path, 0) < until:
        assert time.monotonic() < deadline, f"nobody looks at {path}"
        await asyncio.sleep(0.02)
