"""The APIs of SRS, MediaMTX and ZLMediaKit on 127.0.0.1: their paging, logins and envelopes around test data."""

import json
from base64 import b64encode
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from aiohttp import web

DATA = Path(__file__).parents[1] / "data" / "ingest"
USERNAME, PASSWORD, SECRET = "robot-1", "pass-hidden1", "secret-hidden2"
_BASIC = "Basic " + b64encode(f"{USERNAME}:{PASSWORD}".encode()).decode()


def data(name: str) -> Any:
    return json.loads((DATA / f"{name}.json").read_text())


class IngestApis:
    """All three at one address. `srs`, `mediamtx`, `zlmediakit` are what they know; `cap` shortens every page."""

    def __init__(self) -> None:
        self.srs = data("srs")
        self.mediamtx = data("mediamtx")
        self.zlmediakit = data("zlmediakit")
        self.srs_code = 0
        self.cap = 1_000_000
        self.started: str | None = "2026-11-22T09:00:00Z"  # None: a MediaMTX without that page
        self.now = "Sun, 22 Nov 2026 12:00:00 GMT"
        self.seen: list[str] = []  # addresses, with their queries
        self.address = ""
        self.after_a_page: Callable[[], None] = lambda: None  # what happens between two pages of a list

    async def streams_of_srs(self, request: web.Request) -> web.Response:
        start = max(0, int(request.query.get("start", "0")))
        count = min(self.cap, max(10, int(request.query.get("count", "0"))))
        return self._srs({"streams": self.srs["streams"][start : start + count]})

    async def vhosts_of_srs(self, _: web.Request) -> web.Response:
        return self._srs({"vhosts": self.srs["vhosts"]})

    async def summaries_of_srs(self, _: web.Request) -> web.Response:
        return self._srs({"data": self.srs["summaries"]})

    def _srs(self, body: dict[str, Any]) -> web.Response:
        if self.srs_code:
            return web.json_response({"code": self.srs_code})
        return web.json_response({"code": 0, "server": "vid-s", "service": "x", "pid": "4242", **body})

    async def paths_of_mediamtx(self, request: web.Request) -> web.Response:
        size = min(self.cap, int(request.query.get("itemsPerPage", "100")))
        first = int(request.query.get("page", "0")) * size
        pages = -(-len(self.mediamtx) // size)
        body = {"itemCount": len(self.mediamtx), "pageCount": pages, "items": self.mediamtx[first : first + size]}
        self.after_a_page()
        return web.json_response(body, headers={"Date": self.now})

    async def info_of_mediamtx(self, _: web.Request) -> web.Response:
        if self.started is None:
            return web.Response(status=404)
        return web.json_response({"version": "v1.17.0", "started": self.started})

    async def media_of_zlmediakit(self, request: web.Request) -> web.Response:
        asked = {**request.query, **(await request.post())}
        if asked.get("secret") != SECRET:
            return web.json_response({"code": -100, "msg": f"Incorrect secret {asked.get('secret')}"})
        media = [each for each in self.zlmediakit if asked.get("vhost") in (None, each["vhost"])]
        return web.json_response({"code": 0, "data": media} if media else {"code": 0})

    @web.middleware
    async def _enter(self, request: web.Request, handler: Any) -> web.StreamResponse:
        self.seen.append(str(request.rel_url))
        if not request.path.startswith("/index/") and request.headers.get("Authorization") != _BASIC:
            return web.Response(status=401)
        answer: web.StreamResponse = await handler(request)
        return answer

    def app(self) -> web.Application:
        app = web.Application(middlewares=[self._enter])
        app.router.add_get("/api/v1/streams/", self.streams_of_srs)
        app.router.add_get("/api/v1/vhosts/", self.vhosts_of_srs)
        app.router.add_get("/api/v1/summaries", self.summaries_of_srs)
        app.router.add_get("/v3/paths/list", self.paths_of_mediamtx)
        app.router.add_get("/v3/info", self.info_of_mediamtx)
        app.router.add_route("*", "/index/api/getMediaList", self.media_of_zlmediakit)
        return app


@asynccontextmanager
async def ingest_apis() -> AsyncIterator[IngestApis]:
    """The three on a free port."""
    apis = IngestApis()
    runner = web.AppRunner(apis.app(), access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    apis.address = f"http://{host}:{port}"
    try:
        yield apis
    finally:
        await runner.cleanup()
