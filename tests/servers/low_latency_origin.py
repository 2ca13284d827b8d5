"""A low-latency HLS origin on 127.0.0.1: a part every quarter of a second, and reloads treated as it likes."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Literal

from aiohttp import web

Treats = Literal["holds back", "ignores", "never answers"]
PART, PARTS = 0.25, 4  # seconds, and parts of a segment


class LowLatencyOrigin:
    """The origin. `treats` is what it does with a reload that asks for a part to come; `asked` counts these."""

    def __init__(self, treats: Treats) -> None:
        self.treats = treats
        self.asked = 0
        self.address = ""
        self._started = time.monotonic() - 6 * PARTS * PART

    @property
    def parts(self) -> int:
        """Made so far."""
        return int((time.monotonic() - self._started) / PART)

    def text(self) -> str:
        segment, part = divmod(self.parts, PARTS)
        first = segment - 4
        lines = [
            "#EXTM3U",
            "#EXT-X-TARGETDURATION:1",
            f"#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK={3 * PART}",
            f"#EXT-X-PART-INF:PART-TARGET={PART}",
            f"#EXT-X-MEDIA-SEQUENCE:{first}",
        ]
        for number in range(first, segment):
            lines += _parts(number, PARTS if number > segment - 3 else 0)
            lines += ["#EXTINF:1.0,", f"s{number}.mp4"]
        lines += _parts(segment, part)
        return "\n".join([*lines, f'#EXT-X-PRELOAD-HINT:TYPE=PART,URI="s{segment}.{part}.mp4"', ""])

    async def answer(self, request: web.Request) -> web.Response:
        if "_HLS_msn" in request.query:
            self.asked += 1
            if self.treats == "never answers":
                await asyncio.Event().wait()
            if self.treats == "holds back":
                due = int(request.query["_HLS_msn"]) * PARTS + int(request.query["_HLS_part"]) + 1
                await asyncio.sleep(max(0.0, self._started + due * PART + 0.01 - time.monotonic()))
        return web.Response(text=self.text(), content_type="application/vnd.apple.mpegurl")


def _parts(segment: int, count: int) -> list[str]:
    return [f'#EXT-X-PART:DURATION={PART},URI="s{segment}.{i}.mp4"' for i in range(count)]


@asynccontextmanager
async def low_latency_origin(treats: Treats = "holds back") -> AsyncIterator[LowLatencyOrigin]:
    """An origin on a free port; its playlist is at `address`."""
    origin = LowLatencyOrigin(treats)
    app = web.Application()
    app.router.add_get("/live.m3u8", origin.answer)
    runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    origin.address = f"http://{host}:{port}/live.m3u8"
    try:
        yield origin
    finally:
        await runner.cleanup()
