"""Module `throughput` of `/probe`: how much the line takes, in the few seconds in which somebody asks for it.

It fills the line, so a stream on the same line suffers: it is asked for before a broadcast, by a person, and never
on a schedule. An `http` address is downloaded, an `rtmp` address is published to, under a name of its own.
"""

import time
from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

import aiohttp
from pydantic import Field
from yarl import URL

from streamwatch_exporters.fetching import open_endless, translated_errors
from streamwatch_exporters.probe import ProbeFailed
from streamwatch_exporters.rtmp_address import bare_name, split_url
from streamwatch_exporters.settings import NOT_READ, Addressed, http_url
from streamwatch_exporters.throughput_rtmp import Measured, upload

_TO_BEGIN = 5.0  # seconds to connect and be let in
_TO_END = 10.0  # seconds until what was sent has arrived
_LEAST_SECONDS, _LEAST_BYTES = 1.0, 8 * 1024 * 1024
"""A file that comes in less, and has fewer bytes, tells of round trips and of how TCP begins, not of the line."""


class ThroughputSettings(Addressed):
    """What to download (`http`, `https`) or where to publish to (`rtmp`), for how many seconds."""

    seconds: float = Field(5.0, ge=1, le=30)

    def check_address(self) -> None:
        if self.uploads:
            split_url(self.secret_url)
        elif self.secret_url.get_secret_value() != NOT_READ:
            http_url(self.secret_url)

    @property
    def uploads(self) -> bool:
        return self.secret_url.get_secret_value().startswith("rtmp:")

    def publishes_to(self, names: Collection[str]) -> bool:
        """Whether it would publish under one of *names*, whatever parameters follow."""
        return self.uploads and bare_name(split_url(self.secret_url).name) in set(map(bare_name, names))

    @property
    def longest(self) -> float:
        """Seconds that a test may take in all."""
        return _TO_BEGIN + self.seconds + _TO_END


@dataclass(frozen=True)
class Throughput:
    """What was measured."""

    direction: Literal["download", "upload"]
    measured: Measured


async def measure(session: aiohttp.ClientSession, settings: ThroughputSettings) -> Throughput:
    """Fill the line for `settings.seconds`. Raises `ProbeFailed`; the caller keeps the deadline."""
    if settings.uploads:
        address = split_url(settings.secret_url)
        return Throughput("upload", await upload(address, settings.seconds, to_begin=_TO_BEGIN))
    return Throughput("download", await _download(session, http_url(settings.secret_url), settings.seconds))


async def _download(session: aiohttp.ClientSession, url: URL, seconds: float) -> Measured:
    """Over and over while there is time, which begins with the first answer; what came is thrown away."""
    size, spent = 0, 0.0
    ends: float | None = None
    while ends is None or time.monotonic() < ends:
        async with open_endless(session, url, within=_TO_BEGIN, as_sent=True) as body:
            ends = ends or time.monotonic() + seconds
            came = await _drink(body, ends)
        size, spent = size + came.bytes, spent + came.seconds
        if came.seconds < _LEAST_SECONDS and came.bytes < _LEAST_BYTES and time.monotonic() < ends:
            raise ProbeFailed("protocol", "the file is too small to measure with: some ten megabytes are needed")
    return Measured(size, spent)


async def _drink(body: aiohttp.StreamReader, ends: float) -> Measured:
    """One body, or as much of it as comes until *ends*. The time to ask for it tells nothing of the width."""
    size, started = 0, time.monotonic()
    with translated_errors():
        while time.monotonic() < ends and (piece := await body.readany()):
            size += len(piece)
    return Measured(size, time.monotonic() - started)
