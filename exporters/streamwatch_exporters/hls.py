"""Probe `hls`: what a player meets at the address of a stream. The watcher built on it is in `hls_watcher`."""

import asyncio
from dataclasses import dataclass
from typing import Self

import aiohttp
from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from streamwatch_exporters.fetching import through
from streamwatch_exporters.hls_identity import SINGLE, Listed, PlaylistId, listed_playlists
from streamwatch_exporters.hls_playlist import MediaPlaylist
from streamwatch_exporters.playlist_loading import load, load_media, resolve
from streamwatch_exporters.probe import Answer, ProbeFailed
from streamwatch_exporters.settings import Addressed, Id, http_url
from streamwatch_exporters.watching import OneLook


class HlsCopy(Addressed):
    """The same stream at another network; `id` becomes the label `cdn`."""

    id: Id


class HlsSettings(Addressed):
    """The stream as viewers get it, and its copies. `timeout` is seconds."""

    segments: bool = True
    timeout: float = Field(3.0, gt=0, le=30)
    also: tuple[HlsCopy, ...] = ()

    @model_validator(mode="after")
    def _different_ids(self) -> Self:
        if len({copy.id for copy in self.also}) < len(self.also):
            raise PydanticCustomError("same_ids", "ids must differ")
        return self


@dataclass(frozen=True)
class Check:
    """What one look without memory found: each playlist, or why it could not be read."""

    found: dict[PlaylistId, MediaPlaylist | ProbeFailed]

    @property
    def failures(self) -> list[tuple[PlaylistId, ProbeFailed]]:
        return [(id_, found) for id_, found in self.found.items() if isinstance(found, ProbeFailed)]


async def check_once(session: aiohttp.ClientSession, settings: HlsSettings) -> Check:
    """Read the playlist and everything it lists, once. Raises `ProbeFailed` when the first one cannot be read."""
    loaded = await load(through(session), http_url(settings.secret_url), settings.timeout)
    if isinstance(loaded.playlist, MediaPlaylist):
        return Check({SINGLE: loaded.playlist})

    master = loaded.playlist

    async def look(listed: Listed) -> MediaPlaylist | ProbeFailed:
        try:
            url = resolve(loaded.url, listed.uri)
            playlist, _ = await load_media(through(session), url, settings.timeout, imported=master.variables)
        except ProbeFailed as failure:
            return failure
        except Exception as exc:  # noqa: BLE001 - of an address that a stranger wrote; the others still answer
            return ProbeFailed("protocol", f"unforeseen {type(exc).__name__}")
        return playlist

    listed = listed_playlists(master)
    found = await asyncio.gather(*(look(each) for each in listed))
    return Check(dict(zip((each.id for each in listed), found, strict=True)))


async def look_once(session: aiohttp.ClientSession, settings: HlsSettings) -> OneLook:
    """The same for `/probe`, with a few values of each playlist and a line of log."""
    check = await check_once(session, settings)
    log = tuple(f"{id_.variant or id_.rendition}: {_told(found)}" for id_, found in check.found.items())
    return OneLook(_answer(check), log, tuple(_metrics(check)))


def _answer(check: Check) -> Answer:
    if len(check.failures) == len(check.found):
        return Answer.CANNOT_TELL
    ended = any(isinstance(found, MediaPlaylist) and found.ended for found in check.found.values())
    return Answer.BAD if check.failures or ended else Answer.OK


def _told(found: MediaPlaylist | ProbeFailed) -> str:
    if isinstance(found, ProbeFailed):
        return str(found)
    return f"{len(found.segments)} segments from {found.media_sequence}, ended: {found.ended}"


def _metrics(check: Check) -> list[Metric]:
    sequence = _gauge("media_sequence", "EXT-X-MEDIA-SEQUENCE. 首个切片序号")
    segments = _gauge("segments", "Segments listed. 列出的切片数")
    duration = _gauge("playlist_duration_seconds", "Sum of EXTINF. 列出的总时长")
    for id_, found in check.found.items():
        if isinstance(found, MediaPlaylist):
            sequence.add_metric([id_.variant, id_.rendition], found.media_sequence)
            segments.add_metric([id_.variant, id_.rendition], len(found.segments))
            duration.add_metric([id_.variant, id_.rendition], found.duration)
    return [sequence, segments, duration]


def _gauge(name: str, text: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"streamwatch_hls_{name}", text, labels=["variant", "rendition"])
