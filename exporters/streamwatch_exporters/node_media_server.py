"""Probe `node_media_server`: the API of Node-Media-Server 2 and 4, told apart by asking. `url` is its HTTP port.

Source: src/api of both. Version 2 lists sessions by application and stream (Basic auth, `auth: {api: true}`).
Version 4 needs `auth.jwt` with users. Since 4.3 it keeps a publisher who left for 30 s, in case he comes back, and
says so in `status`. A recorder is one of its subscribers, which 4.2 does not tell: there it counts as own reader.
"""

import asyncio
from typing import Any

import aiohttp

from streamwatch_exporters.fetching import Fetched
from streamwatch_exporters.ingest_json import (
    Entry,
    LoginSettings,
    ask,
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
from streamwatch_exporters.node_media_server_login import Login
from streamwatch_exporters.probe import ProbeFailed, Reason

_NOT_THERE: tuple[Reason, ...] = ("http_4xx", "auth", "parse", "protocol")
_CODECS = {"avc1": "H264", "hvc1": "H265", "hev1": "H265", "av01": "AV1", "vp09": "VP9", "mp4a": "AAC"}
_VIDEO_IDS = {2: "H263", 7: "H264", 12: "H265", 13: "AV1"}
_AUDIO_IDS = {2: "MP3", 10: "AAC", 13: "Opus"}

Streams = dict[tuple[str, str], StreamStat]


class NodeMediaServerSettings(LoginSettings):
    """`username` and `password` are those of the API."""


class NodeMediaServer:
    """One server. Its version is found out at the first look, and anew after a look that failed."""

    def __init__(self, settings: NodeMediaServerSettings) -> None:
        self._settings = settings
        self._login = Login(settings)
        self._is_version_4: bool | None = None

    async def read(self, session: aiohttp.ClientSession, within: float) -> Page:
        if self._is_version_4 is None:
            self._is_version_4 = await self._ask_version(session, within)
        try:
            return await (self._read_4 if self._is_version_4 else self._read_2)(session, within)
        except ProbeFailed:
            self._is_version_4 = None
            raise

    async def _ask_version(self, session: aiohttp.ClientSession, within: float) -> bool:
        """Version 4 tells anybody that it is well; version 2 has no such page."""
        try:
            return await ask(session, self._settings.at("/api/v1/health"), _success, within=within)
        except ProbeFailed as failure:
            if failure.reason in _NOT_THERE:
                return False
            raise

    async def _read_2(self, session: aiohttp.ClientSession, within: float) -> Page:
        basic = self._settings.basic
        streams, server = await asyncio.gather(
            ask(session, self._settings.at("/api/streams"), read_streams_2, within=within, headers=basic),
            ask(session, self._settings.at("/api/server"), _server_2, within=within, headers=basic),
        )
        uptime = number(inner(server, "nodejs"), "uptime")
        return Page(streams, uptime=uptime, clients=whole(inner(server, "clients"), "active"))

    async def _read_4(self, session: aiohttp.ClientSession, within: float) -> Page:
        try:
            return await self._read_4_as(await self._login.headers(session, within), session, within)
        except ProbeFailed as failure:
            if failure.reason != "auth":
                raise
        self._login.forget()
        return await self._read_4_as(await self._login.headers(session, within), session, within)

    async def _read_4_as(self, headers: dict[str, str], session: aiohttp.ClientSession, within: float) -> Page:
        streams, stats = await asyncio.gather(
            ask(session, self._settings.at("/api/v1/streams"), read_streams_4, within=within, headers=headers),
            ask(session, self._settings.at("/api/v1/stats"), _data, within=within, headers=headers),
        )
        server = inner(stats, "server")
        return Page(
            streams,
            uptime=number(server, "uptime"),
            clients=whole(inner(stats, "sessions"), "total"),
            pid=whole(server, "pid"),
        )


def _success(answer: Entry, _: Fetched) -> bool:
    return answer.get("success") is True


def _data(answer: Entry, _: Fetched) -> Entry:
    if answer.get("success") is not True:
        raise ProbeFailed("protocol", "Node-Media-Server did not do what it was asked")
    return inner(answer, "data")


def _server_2(answer: Entry, _: Fetched) -> Entry:
    """Without streams the other page is an empty object, as that of many a server: this one makes sure."""
    if not inner(answer, "nodejs"):
        raise ProbeFailed("parse", "the answer is JSON, but not that of Node-Media-Server")
    return answer


def read_streams_2(answer: Entry, fetched: Fetched) -> Streams:
    return {
        (app, name): _stream_2(inner(answer, app, name), fetched.server_time)
        for app in answer
        for name in inner(answer, app)
    }


def _stream_2(entry: Entry, now: float | None) -> StreamStat:
    if not isinstance(entry.get("subscribers"), list):
        raise ProbeFailed("parse", "the answer is JSON, but not that of Node-Media-Server")
    publisher = inner(entry, "publisher")
    video = inner(publisher, "video")
    return StreamStat(
        publishing=bool(publisher),
        publish_uptime=since(moment(publisher, "connectCreated"), now),
        readers=len(listed(entry, "subscribers")),
        received_bytes=number(publisher, "bytes"),
        codec=text(video, "codec"),
        resolution=resolution(number(video, "width"), number(video, "height")),
        audio_codec=text(inner(publisher, "audio"), "codec"),
    )


def read_streams_4(answer: Entry, fetched: Fetched) -> Streams:
    streams = entries(_data(answer, fetched), "streams")
    return {(text(entry, "app"), text(entry, "name")): _stream_4(entry, fetched.server_time) for entry in streams}


def _stream_4(entry: Entry, now: float | None) -> StreamStat:
    publisher = inner(entry, "publisher")
    publishing = bool(publisher) and entry.get("status", "publishing") == "publishing"
    created = number(publisher, "createTime")  # milliseconds
    subscribers = whole(entry, "subscribers")
    return StreamStat(
        publishing=publishing,
        publish_uptime=since(created / 1000, now) if publishing and created else None,
        readers=None if subscribers is None else max(0, subscribers - (entry.get("recording") is True)),
        received_bytes=number(publisher, "inBytes"),
        codec=_codec(publisher.get("videoCodec"), _VIDEO_IDS),
        resolution=resolution(number(publisher, "videoWidth"), number(publisher, "videoHeight")),
        audio_codec=_codec(publisher.get("audioCodec"), _AUDIO_IDS),
    )


def _codec(declared: Any, ids: dict[int, str]) -> str:
    """A codec as publishers write it into their metadata: an id of FLV, a FourCC, or that as a number."""
    if isinstance(declared, str):
        return _CODECS.get(declared.lower(), "")
    value = whole({"id": declared}, "id")
    if value is None or not 0 <= value < 2**32:
        return ""
    return ids.get(value) or _CODECS.get(value.to_bytes(4).decode("latin-1"), "")
