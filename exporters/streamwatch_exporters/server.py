"""The exporter's HTTP face. Each handler reads a request and writes an answer; the work is done elsewhere."""

import asyncio
import hmac
import logging
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import TypeVar

from aiohttp import web

from streamwatch_exporters.chat_lines import read_lines
from streamwatch_exporters.commerce_csv import table_values
from streamwatch_exporters.commerce_lines import lines_of
from streamwatch_exporters.complaints import CATEGORIES
from streamwatch_exporters.config import load_config
from streamwatch_exporters.exporter import Exporter
from streamwatch_exporters.mistakes import ConfigMistakes
from streamwatch_exporters.one_shot import MODULES, NotConfigured, shoot
from streamwatch_exporters.posted import Accepted, NotLines, json_values
from streamwatch_exporters.recent_page import recent_page

logger = logging.getLogger(__name__)

_BODY_LIMIT = 1024 * 1024  # bytes
_LINES_AT_ONCE = 300  # between which others get their turn
_MAX_SAMPLES = 50
_JSON = "a JSON object, a JSON array or JSON lines, in UTF-8"
_TABLE = "a table (CSV, in UTF-8 or GBK) whose first line names a column 'order' (订单号) or 'item' (链接号)"
_SHOWN_SAMPLES = 5
_TEXT_FORMAT = "text/plain; version=0.0.4; charset=utf-8"

Line = TypeVar("Line")
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class ExporterServer:
    """The routes of one exporter. `config_path` is what `POST /-/reload` reads again."""

    def __init__(self, exporter: Exporter, config_path: Path) -> None:
        self._exporter, self._config_path = exporter, config_path

    def app(self) -> web.Application:
        app = web.Application(client_max_size=_BODY_LIMIT)
        app.add_routes(
            [
                web.get("/metrics", self.metrics),
                web.get("/", self.recent),
                web.get("/probe", self.probe),
                web.post("/probe", self._with_token(self.probe)),
                web.get("/-/healthy", self.healthy),
                web.get("/-/ready", self.is_ready),
                web.post("/-/reload", self._with_token(self.reload)),
                web.get("/api/v1/chat", self._with_token(self.complaints)),
                web.post("/api/v1/chat/{stream}", self._with_token(self.take_chat)),
                web.post("/api/v1/commerce/{stream}", self._with_token(self.take_commerce)),
                web.get("/api/v1/chat/{stream}/samples", self._with_token(self.samples)),
            ]
        )
        return app

    async def metrics(self, request: web.Request) -> web.Response:
        page = await self._exporter.scrape(_scrape_timeout(request))
        return web.Response(body=page, headers={"Content-Type": _TEXT_FORMAT})

    async def recent(self, _request: web.Request) -> web.Response:
        page = recent_page(self._exporter.recent, self._exporter.clock.wall())
        return web.Response(text=page, content_type="text/html")

    async def probe(self, request: web.Request) -> web.Response:
        module = MODULES.get(request.query.get("module", ""))
        if module is None:
            return _error(400, f"unknown module; known are: {', '.join(MODULES)}")
        if module.does_harm and request.method != "POST":
            return _error(
                405, "it fills the line: POST this with the bearer token of chat.token_file", Allow="POST"
            )
        target = request.query.get("target", "")
        debug = request.query.get("debug") == "true"
        try:
            page = await shoot(self._exporter, module, target, _scrape_timeout(request), debug=debug)
        except NotConfigured:
            return _error(
                400, "target must be the id of a stream or server in streams.yml that this module watches"
            )
        if debug:
            return web.Response(text=page, content_type="text/plain", charset="utf-8")
        return web.Response(body=page.encode(), headers={"Content-Type": _TEXT_FORMAT})

    async def healthy(self, _request: web.Request) -> web.Response:
        return web.Response(text="healthy\n")

    async def is_ready(self, _request: web.Request) -> web.Response:
        ready = self._exporter.ready
        return web.Response(text="ready\n" if ready else "not ready\n", status=200 if ready else 503)

    async def reload(self, _request: web.Request) -> web.Response:
        """A file with mistakes is refused as a whole, and what ran before goes on."""
        try:
            config = await asyncio.to_thread(load_config, self._config_path)
        except ConfigMistakes as exc:
            logger.warning("reload refused, the old configuration stays:\n%s", exc)
            return _error(400, str(exc))
        if config.listen != self._exporter.config.listen:
            logger.warning("listen changed: that takes effect at the next start")
        await self._exporter.apply(config)
        logger.info("reloaded: %d streams, %d servers", len(config.streams), len(config.servers))
        return web.json_response({"streams": len(config.streams), "servers": len(config.servers)})

    async def take_chat(self, request: web.Request) -> web.Response:
        room = self._exporter.rooms.get(request.match_info["stream"])
        if room is None:
            return _error(404, "no stream of this id with a chat section in streams.yml")
        return await _take(request, read_lines, room.take, _JSON)

    async def take_commerce(self, request: web.Request) -> web.Response:
        shop = self._exporter.shops.get(request.match_info["stream"])
        if shop is None:
            return _error(404, "no stream of this id with a commerce section in streams.yml")
        is_table = request.content_type == "text/csv"
        values, expected = (table_values, _TABLE) if is_table else (json_values, _JSON)
        return await _take(request, lambda body: lines_of(values(body)), shop.take, expected)

    async def samples(self, request: web.Request) -> web.Response:
        room = self._exporter.rooms.get(request.match_info["stream"])
        if room is None:
            return _error(404, "no stream of this id with a chat section in streams.yml")
        category = next((c for c in CATEGORIES if c == request.query.get("category")), None)
        limit = request.query.get("limit", "5")
        if category is None or not limit.isascii() or not limit.isdecimal():
            return _error(400, f"category must be one of {', '.join(CATEGORIES)}; limit a number")
        return web.json_response(room.samples(category, min(int(limit[:6]), _MAX_SAMPLES)))

    async def complaints(self, _request: web.Request) -> web.Response:
        """Of every room in one answer, so that whoever watches them all asks once."""
        told = []
        for stream, room in list(self._exporter.rooms.items()):
            told.append({"stream": stream, **room.complaints(_SHOWN_SAMPLES)})
            await asyncio.sleep(0)  # a large room is counted in some thousandths of a second
        return web.json_response({"streams": told})

    def _with_token(self, handler: Handler) -> Handler:
        async def guarded(request: web.Request) -> web.StreamResponse:
            intake = self._exporter.config.chat
            if intake is None:
                return _error(403, "this needs chat.token_file in streams.yml")
            scheme, _, shown = request.headers.get("Authorization", "").partition(" ")
            expected = intake.token_file.get_secret_value().encode()
            # surrogateescape: a header may hold bytes that are no UTF-8
            given = shown.strip().encode(errors="surrogateescape")
            if scheme.lower() != "bearer" or not hmac.compare_digest(given, expected):
                return _error(401, "the bearer token is missing or wrong")
            return await handler(request)

        return guarded


async def _take(
    request: web.Request,
    read: Callable[[bytes], Iterator[Line]],
    take: Callable[[list[Line]], Accepted],
    expected: str,
) -> web.Response:
    """What became of the lines of a body; a body that has none is told what is *expected*."""
    try:
        outcome = await _in_turns(read(await request.read()), take)
    except web.HTTPRequestEntityTooLarge:
        return _error(413, f"the body is larger than {_BODY_LIMIT} bytes: post fewer lines at a time")
    except NotLines:
        return _error(400, f"the body must be {expected}")
    return web.json_response(outcome, status=202)


async def _in_turns(lines: Iterator[Line], take: Callable[[list[Line]], Accepted]) -> dict[str, int]:
    """Count a large body in parts, so that the event loop is never held up for long."""
    total = asdict(take([]))
    while part := list(islice(lines, _LINES_AT_ONCE)):
        for key, count in asdict(take(part)).items():
            total[key] += count
        await asyncio.sleep(0)
    return total


def _scrape_timeout(request: web.Request) -> float | None:
    try:
        seconds = float(request.headers["X-Prometheus-Scrape-Timeout-Seconds"])
    except (KeyError, ValueError):
        return None
    return seconds if 0 < seconds < 3600 else None


def _error(status: int, text: str, **headers: str) -> web.Response:
    return web.json_response({"error": text}, status=status, headers=headers)
