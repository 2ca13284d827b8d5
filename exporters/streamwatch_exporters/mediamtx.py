"""Probe `mediamtx`: the control API of MediaMTX (`api: yes`). `url` is its root, such as http://127.0.0.1:9997

Source: api/openapi.yaml. Names changed over the years and are understood by presence: `online` (before: `ready`),
`inboundBytes` (`bytesReceived`), `outboundBytes` (`bytesSent`), `tracks2` (`tracks`). `available` is no publisher:
a path that is always available shows a replacement. A list is cut into pages of 100 unless one asks for more.
"""

import asyncio
from dataclasses import dataclass, field

import aiohttp

from streamwatch_exporters.fetching import Fetched
from streamwatch_exporters.ingest_json import (
    MAX_STREAMS,
    Entry,
    LoginSettings,
    ask,
    ask_aside,
    entries,
    inner,
    listed,
    moment,
    number,
    since,
    text,
    whole,
)
from streamwatch_exporters.ingest_page import Page, StreamStat, resolution
from streamwatch_exporters.probe import ProbeFailed

_NO_VIEWERS = {"hidden", "hlsMuxer"}  # the server's own; viewers of HLS are each a `hlsSession`
_CONNECTED = ("Conn", "Session")  # a source of these kinds came to the server; others it fetches by itself


class MediaMtxSettings(LoginSettings):
    """A user with the permission `api`."""


@dataclass(frozen=True)
class PathPage:
    """One page of the list of paths."""

    stats: dict[str, StreamStat] = field(repr=False)
    connections: int
    pages: int
    paths_in_all: int | None
    now: float | None  # unix time by the server's clock


class MediaMtx:
    """One MediaMTX. A path is `app/name`; `app` is empty for a path without a slash."""

    def __init__(self, settings: MediaMtxSettings) -> None:
        self._settings = settings

    async def read(self, session: aiohttp.ClientSession, within: float) -> Page:
        pages, info = await asyncio.gather(
            self._pages(session, within),
            # Older versions have no such page.
            ask_aside(session, self._settings.at("/v3/info"), within=within, headers=self._settings.basic),
        )
        return Page(
            {("", name): stat for page in pages for name, stat in page.stats.items()},
            uptime=since(moment(info, "started"), pages[-1].now),
            clients=sum(page.connections for page in pages),
        )

    async def _pages(self, session: aiohttp.ClientSession, within: float) -> list[PathPage]:
        pages: list[PathPage] = []
        while not pages or (len(pages) < pages[-1].pages and pages[-1].stats):
            url = self._settings.at("/v3/paths/list", page=str(len(pages)), itemsPerPage=str(MAX_STREAMS))
            pages.append(await ask(session, url, _page, within=within, headers=self._settings.basic))
            if sum(len(page.stats) for page in pages) > MAX_STREAMS:
                raise ProbeFailed("too_large", f"the server lists more than {MAX_STREAMS} paths")
        if len({page.paths_in_all for page in pages}) > 1:
            # A path that went made others slip from one page to the one before: they are there, but were not seen.
            raise ProbeFailed("protocol", "the list of paths changed while it was read")
        return pages


def _page(answer: Entry, fetched: Fetched) -> PathPage:
    paths = entries(answer, "items")
    now = fetched.server_time
    return PathPage(
        {text(path, "name"): read_path(path, now) for path in paths},
        sum(_connections(path) for path in paths),
        whole(answer, "pageCount") or 1,
        whole(answer, "itemCount"),
        now,
    )


def read_path(path: Entry, now: float | None) -> StreamStat:
    online = path.get("online", path.get("ready")) is True
    tracks = listed(path, "tracks2")
    video = next((track for track in tracks if inner(track, "codecProps").get("width")), {})
    props = inner(video, "codecProps")
    codecs = [text(track, "codec") for track in tracks] or _old_codecs(path)
    return StreamStat(
        publishing=online,
        publish_uptime=since(moment(path, "onlineTime", "readyTime"), now) if online else None,
        readers=len(_viewers(path)),
        received_bytes=number(path, "inboundBytes", "bytesReceived"),
        sent_bytes=number(path, "outboundBytes", "bytesSent"),
        frames_in_error=number(path, "inboundFramesInError"),
        codec=next((codec for codec in codecs if codec in _VIDEO), ""),
        resolution=resolution(number(props, "width"), number(props, "height")),
        audio_codec=next((codec for codec in codecs if codec not in _VIDEO and codec), ""),
    )


_VIDEO = {"AV1", "VP9", "VP8", "H265", "H264", "MPEG-4 Video", "MPEG-1/2 Video", "M-JPEG"}


def _old_codecs(path: Entry) -> list[str]:
    tracks = path.get("tracks")
    return [text({"codec": track}, "codec") for track in tracks] if isinstance(tracks, list) else []


def _viewers(path: Entry) -> list[Entry]:
    return [reader for reader in listed(path, "readers") if text(reader, "type") not in _NO_VIEWERS]


def _connections(path: Entry) -> int:
    return len(_viewers(path)) + text(inner(path, "source"), "type").endswith(_CONNECTED)
