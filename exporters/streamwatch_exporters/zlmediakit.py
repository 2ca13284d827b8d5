"""Probe `zlmediakit`: the HTTP API of ZLMediaKit. `url` is its root, such as http://127.0.0.1:80

Source: server/WebApi.cpp. What misleads there: one publish is listed once for each schema that it can be played by,
and `totalReaderCount` in each entry is already that of all schemas; errors come as `code` with HTTP 200; there is
no `data` at all when nobody publishes. The secret goes in the body of a POST, where no access log keeps it.
"""

from itertools import groupby
from typing import Self

import aiohttp
from pydantic import Field, SecretStr, model_validator

from streamwatch_exporters.fetching import Fetched
from streamwatch_exporters.ingest_json import (
    MAX_STREAMS,
    Entry,
    ServerSettings,
    ask,
    entries,
    listed,
    number,
    text,
    whole,
)
from streamwatch_exporters.ingest_page import Page, StreamStat, resolution
from streamwatch_exporters.probe import ProbeFailed
from streamwatch_exporters.settings import SecretFile, one_of

_AUTH_FAILED = -100
_VIDEO, _AUDIO = 0, 1
_SCHEMAS = ("rtmp", "rtsp", "fmp4", "ts")  # whose bytes are counted when that of the publisher is not listed


class ZLMediaKitSettings(ServerSettings):
    """`secret` is `api.secret` of its config.ini; `vhost` picks one when several have streams of the same name."""

    secret: SecretStr | None = None
    secret_file: SecretFile | None = None
    vhost: str | None = Field(None, min_length=1, max_length=253)

    @model_validator(mode="after")
    def _one_secret(self) -> Self:
        one_of(self.secret, self.secret_file, "secret")
        return self

    @property
    def form(self) -> dict[str, str]:
        secret = self.secret or self.secret_file or SecretStr("")
        vhost = {} if self.vhost is None else {"vhost": self.vhost}
        return {"secret": secret.get_secret_value(), **vhost}


class ZLMediaKit:
    """One ZLMediaKit. It does not say how long it has been running."""

    def __init__(self, settings: ZLMediaKitSettings) -> None:
        self._settings = settings

    async def read(self, session: aiohttp.ClientSession, within: float) -> Page:
        url = self._settings.at("/index/api/getMediaList")
        return await ask(session, url, _page, within=within, form=self._settings.form)


def _page(answer: Entry, _: Fetched) -> Page:
    code = whole(answer, "code")
    if code is None:
        raise ProbeFailed("parse", "the answer is JSON, but not that of ZLMediaKit")
    if code == _AUTH_FAILED:
        raise ProbeFailed("auth", "ZLMediaKit does not accept the secret, or not from this address")
    if code != 0:
        raise ProbeFailed("protocol", f"ZLMediaKit answered with error code {code}")
    media = [] if answer.get("data") is None else entries(answer, "data")
    if len(media) > MAX_STREAMS:
        raise ProbeFailed("too_large", f"the server lists more than {MAX_STREAMS} streams")
    by_key = groupby(sorted(media, key=_key), key=_key)
    return Page({key: read_stream(list(schemas)) for key, schemas in by_key})


def _key(entry: Entry) -> tuple[str, str]:
    return text(entry, "app"), text(entry, "stream")


def read_stream(schemas: list[Entry]) -> StreamStat:
    """One stream, of its entries for each schema."""
    alive = [seconds for entry in schemas if (seconds := number(entry, "aliveSecond")) is not None]
    readers = [count for entry in schemas if (count := whole(entry, "totalReaderCount")) is not None]
    tracks = next(filter(None, (listed(entry, "tracks") for entry in schemas)), [])
    video = next((track for track in tracks if whole(track, "codec_type") == _VIDEO), {})
    audio = next((track for track in tracks if whole(track, "codec_type") == _AUDIO), {})
    return StreamStat(
        publishing=True,
        publish_uptime=max(alive, default=None),
        readers=max(readers, default=None),
        received_bytes=number(_published(schemas), "totalBytes"),
        codec=text(video, "codec_id_name"),
        resolution=resolution(number(video, "width"), number(video, "height")),
        audio_codec=text(audio, "codec_id_name"),
    )


def _published(schemas: list[Entry]) -> Entry:
    """The entry whose bytes are nearest to what the publisher sends: always the same one of the same stream."""
    by_schema = {text(entry, "schema"): entry for entry in schemas}
    own = text(schemas[0], "originTypeStr").partition("_")[0]
    return next((by_schema[schema] for schema in (own, *_SCHEMAS) if schema in by_schema), schemas[0])
