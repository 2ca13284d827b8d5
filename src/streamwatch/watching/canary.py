"""A page each day that means nothing, through the whole chain: what is broken between shows is found between shows.

At its time the receiver says `streamwatch_canary_due 1`. Prometheus scrapes that and judges it, Alertmanager tells
the alert `Canary`, and when it is heard the page goes out as all others do. That it did not arrive is told by
`CanaryMissing`.
"""

import asyncio
from collections.abc import Callable, Iterable
from datetime import datetime, time, timedelta, tzinfo
from typing import NamedTuple

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from streamwatch.clock import Clock
from streamwatch.language import Text
from streamwatch.store import Store

ALERT = "Canary"
DUE_FOR = timedelta(minutes=5)  # in which a scrape, a judgement and a webhook surely find their time
REASON = Text("每日试呼：从监控到手机，全程畅通", "the daily test: the way from Prometheus to this phone is open")


class Song(NamedTuple):
    """Who is called, and when, by the wall clock of *zone*."""

    person: str
    at: time
    zone: tzinfo

    def last(self, at: datetime) -> datetime:
        """When it was due last."""
        today = at.astimezone(self.zone).date()
        moments = [datetime.combine(today - timedelta(days=day), self.at, self.zone) for day in (0, 1)]
        return next(moment for each in moments if (moment := each.astimezone(at.tzinfo)) <= at)


class Canary:
    """*song* is None when duty.yml names nobody."""

    def __init__(self, store: Store, song: Callable[[], Song | None], clock: Clock) -> None:
        self._store, self._song, self._clock = store, song, clock

    async def step(self) -> bool:
        """Make the page of today when its alert was heard; whether one was made. Nobody gets two."""
        song = self._song()
        if song is None:
            return False
        at = self._clock()
        due = song.last(at)
        if at - due > DUE_FOR:
            return False
        heard = await asyncio.to_thread(self._store.journal.heard, ALERT)
        if heard is None or heard.seen_at < due:
            return False
        return await asyncio.to_thread(self._store.outbox.canary, song.person, due, REASON, at)


class CanaryCollector(Collector):
    """Nothing is said when nobody is named. Before the first page arrived, the receiver's start stands for it."""

    def __init__(self, store: Store, song: Callable[[], Song | None], clock: Clock) -> None:
        self._store, self._song, self._clock = store, song, clock
        self._began = clock()

    def describe(self) -> Iterable[Metric]:
        return []

    def collect(self) -> Iterable[Metric]:
        song, at = self._song(), self._clock()
        if song is None:
            return
        due = at - song.last(at) < DUE_FOR
        yield GaugeMetricFamily("streamwatch_canary_due", "1 while the daily test page is due.", float(due))
        delivered = self._store.journal.canary_delivered() or self._began
        yield GaugeMetricFamily(
            "streamwatch_canary_last_delivered_timestamp_seconds",
            "When the daily test page arrived last.",
            delivered.timestamp(),
        )
