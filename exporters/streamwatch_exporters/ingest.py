"""Ingest servers of every kind, read when a scrape asks: one reading for all scrapers, its deadline, its health.

A kind is one file with its settings and a `Reader`; `ingest_kinds` has one line for each.
"""

import asyncio
import time
from dataclasses import dataclass, field
from typing import Any, Self

from pydantic import Field, SecretStr, model_validator

from streamwatch_exporters.ingest_page import Page, Reader, StreamStat
from streamwatch_exporters.probe import Answer, ProbeFailed, ProbeName, Target
from streamwatch_exporters.recent import Look
from streamwatch_exporters.settings import Id, SecretFile, Settings, one_of
from streamwatch_exporters.watching import Tools

_SHARED = 0.5  # seconds during which one reading serves every scraper


class IngestSettings(Settings):
    """Which stream of which server. The name is the stream key, hence a secret.

    `own_readers` is how many of our own probes play the stream from this server: they are no audience.
    """

    server: Id
    app: str = Field(max_length=64)
    name: SecretStr | None = None
    name_file: SecretFile | None = None
    own_readers: int = Field(0, ge=0, le=100)

    @model_validator(mode="after")
    def _one_name(self) -> Self:
        one_of(self.name, self.name_file, "name")
        return self

    @property
    def key(self) -> tuple[str, str]:
        name = self.name or self.name_file or SecretStr("")
        return self.app, name.get_secret_value()


@dataclass(frozen=True)
class Reading:
    """What one look found: a page, or why there is none."""

    at: float  # steady seconds
    page: Page | None = None
    failure: ProbeFailed | None = None
    seconds: float = 0.0

    def stream(self, settings: IngestSettings) -> StreamStat | None:
        """The facts of a stream; None when there is no page."""
        return None if self.page is None else self.page.stream(*settings.key)


class IngestServer:
    """One server: reads its statistics for whoever asks, at most once at a time."""

    def __init__(self, server: str, kind: ProbeName, settings: Any, reader: Reader, tools: Tools) -> None:
        self.id, self.kind, self.settings = server, kind, settings
        self.target = Target(kind, server=server)
        self.reading: Reading | None = None
        self.streams: dict[str, WatchedStream] = {}
        self._reader, self._tools = reader, tools
        self._flight: asyncio.Task[Reading] | None = None
        tools.health.watch(self.target)

    async def read(self, budget: float) -> Reading:
        """A reading at most half a second old, in at most `budget` seconds. Joins a look under way."""
        if self.reading is not None and self._tools.clock.steady() - self.reading.at < _SHARED:
            return self.reading
        if self._flight is None or self._flight.done():
            self._flight = asyncio.create_task(self._read(min(budget, self.settings.timeout)))
        return await asyncio.shield(self._flight)

    async def close(self) -> None:
        if self._flight is not None:
            self._flight.cancel()
            await asyncio.gather(self._flight, return_exceptions=True)
        self._tools.health.forget(self.target)

    async def _read(self, within: float) -> Reading:
        started = time.monotonic()
        page, failure = None, None
        try:
            async with asyncio.timeout(within):
                page = await self._reader.read(self._tools.session, within)
            self._tools.health.succeeded(self.target)
        except TimeoutError:
            failure = ProbeFailed("timeout", "no complete answer in time")
        except ProbeFailed as failed:
            failure = failed
        except Exception as exc:  # noqa: BLE001 - an old page must never pass for a new one
            # Only its type: the text of an unforeseen error may hold the address.
            failure = ProbeFailed("parse", f"unforeseen {type(exc).__name__}")
        if failure is not None:
            self._tools.health.failed(self.target, failure.reason)
        self.reading = Reading(self._tools.clock.steady(), page, failure, time.monotonic() - started)
        for watched in self.streams.values():
            watched.take(self.reading)
        self._report(self.reading)
        return self.reading

    def _report(self, reading: Reading) -> None:
        at = self._tools.clock.wall()
        self._tools.note(Look(self.target, at, *describe_server(reading), seconds=reading.seconds))
        for name, watched in self.streams.items():
            answer, text = describe_stream(reading, watched.settings)
            target = Target(self.kind, stream=name, server=self.id)
            self._tools.note(Look(target, at, answer, text, reading.seconds))


@dataclass
class WatchedStream:
    """One stream of a server, with the drops of its viewers added up: they leave, a counter must not fall."""

    settings: IngestSettings
    reading: Reading | None = None
    drops: int = 0
    _by_client: dict[str, int] = field(default_factory=dict)

    def take(self, reading: Reading) -> None:
        self.reading = reading
        stat = reading.stream(self.settings)
        if stat is None:
            return
        self.drops += sum(max(0, count - self._by_client.get(client, 0)) for client, count in stat.dropped.items())
        self._by_client = dict(stat.dropped)

    @property
    def stat(self) -> StreamStat | None:
        return self.reading.stream(self.settings) if self.reading else None

    @property
    def dropped(self) -> int | None:
        page = self.reading.page if self.reading else None
        return self.drops if page is not None and page.tells_drops else None

    @property
    def readers(self) -> int | None:
        """Who plays it, without ourselves."""
        if self.stat is None or self.stat.readers is None:
            return None
        return max(0, self.stat.readers - self.settings.own_readers)


def describe_server(reading: Reading) -> tuple[Answer, str]:
    if reading.failure is not None:
        return Answer.CANNOT_TELL, str(reading.failure)
    return Answer.OK, "statistics read"


def describe_stream(reading: Reading, settings: IngestSettings) -> tuple[Answer, str]:
    stat = reading.stream(settings)
    if stat is None:
        return Answer.CANNOT_TELL, str(reading.failure)
    if not stat.publishing:
        return Answer.BAD, "nobody publishes"
    return Answer.OK, "a publisher is connected"
