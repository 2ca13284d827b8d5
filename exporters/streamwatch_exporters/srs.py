"""Probe `srs`: the HTTP API of SRS (`http_api {enabled on;}`). `url` is its root, such as http://127.0.0.1:1985

Source: srs_app_statistic.cpp. What misleads there: `live_ms` is the server's clock and no uptime, `clients` counts
the publisher, a stream whose publisher left stays listed, errors come as `code` with HTTP 200, `vhost` is an id,
and a list is cut to `count` entries, where less than 10 is taken for 10.
"""

import asyncio
from dataclasses import dataclass, field

import aiohttp
from pydantic import Field

from streamwatch_exporters.fetching import Fetched
from streamwatch_exporters.ingest_json import (
    MAX_STREAMS,
    Entry,
    LoginSettings,
    ask,
    ask_aside,
    entries,
    inner,
    number,
    text,
    whole,
)
from streamwatch_exporters.ingest_page import Page, StreamStat, resolution
from streamwatch_exporters.probe import ProbeFailed

_SMALLEST_PAGE = 10  # no page is cut shorter than this


class SrsSettings(LoginSettings):
    """`vhost` picks one when several have streams of the same name."""

    vhost: str | None = Field(None, min_length=1, max_length=253)


@dataclass(frozen=True)
class Listed:
    """One entry of the list of streams."""

    vhost: str  # an id
    key: tuple[str, str] = field(repr=False)
    stat: StreamStat


class Srs:
    """One SRS."""

    def __init__(self, settings: SrsSettings) -> None:
        self._settings = settings

    async def read(self, session: aiohttp.ClientSession, within: float) -> Page:
        listed, summary, vhost = await asyncio.gather(
            self._listed(session, within),
            ask_aside(
                session,
                self._settings.at("/api/v1/summaries"),
                within=within,
                headers=self._settings.basic,
            ),
            self._vhost(session, within),
        )
        streams: dict[tuple[str, str], StreamStat] = {}
        for each in listed:
            if vhost in (None, each.vhost) and (each.key not in streams or each.stat.publishing):
                streams[each.key] = each.stat
        data = inner(summary, "data")
        return Page(
            streams,
            uptime=number(inner(data, "self"), "srs_uptime"),
            clients=whole(inner(data, "system"), "conn_srs"),
            pid=whole(inner(data, "self"), "pid"),
        )

    async def _listed(self, session: aiohttp.ClientSession, within: float) -> list[Listed]:
        """Every stream once, whatever length of page the server keeps to."""
        found: dict[str, Listed] = {}
        start = 0
        while True:
            url = self._settings.at("/api/v1/streams/", start=str(start), count=str(MAX_STREAMS))
            page = await ask(session, url, _streams, within=within, headers=self._settings.basic)
            known = len(found)
            found |= page
            start += len(page)
            if len(page) < _SMALLEST_PAGE or len(found) == known:
                return list(found.values())
            if len(found) > MAX_STREAMS:
                raise ProbeFailed("too_large", f"the server lists more than {MAX_STREAMS} streams")

    async def _vhost(self, session: aiohttp.ClientSession, within: float) -> str | None:
        """The id that stands for the vhost in the list of streams; None when any will do."""
        name = self._settings.vhost
        if name is None:
            return None
        url = self._settings.at("/api/v1/vhosts/", count=str(MAX_STREAMS))
        vhosts = await ask(session, url, _vhosts, within=within, headers=self._settings.basic)
        return next((text(vhost, "id") for vhost in vhosts if text(vhost, "name") == name), "")


def _streams(answer: Entry, _: Fetched) -> dict[str, Listed]:
    _require_success(answer)
    return {
        text(entry, "id"): Listed(
            text(entry, "vhost"), (text(entry, "app"), text(entry, "name")), read_stream(entry)
        )
        for entry in entries(answer, "streams")
    }


def _vhosts(answer: Entry, _: Fetched) -> list[Entry]:
    _require_success(answer)
    return entries(answer, "vhosts")


def _require_success(answer: Entry) -> None:
    code = whole(answer, "code")
    if code is None:
        raise ProbeFailed("parse", "the answer is JSON, but not that of SRS")
    if code != 0:
        raise ProbeFailed("protocol", f"SRS answered with error code {code}")


def read_stream(entry: Entry) -> StreamStat:
    publishing = inner(entry, "publish").get("active") is True
    clients = whole(entry, "clients")
    video = inner(entry, "video")
    return StreamStat(
        publishing=publishing,
        readers=None if clients is None else max(0, clients - publishing),
        received_bytes=number(entry, "recv_bytes"),
        sent_bytes=number(entry, "send_bytes"),
        video_frames=number(entry, "frames"),
        codec=text(video, "codec"),
        resolution=resolution(number(video, "width"), number(video, "height")),
        audio_codec=text(inner(entry, "audio"), "codec"),
    )
