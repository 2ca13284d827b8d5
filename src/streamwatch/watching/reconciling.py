"""Compares what is on record with what Alertmanager holds, and tells the inbox what was missed.

An end that was never told (a restart in the middle of an incident) would leave the incident open, and the next
alert would join it and wake nobody. An alert whose webhook was lost would wake nobody either.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

import httpx

from streamwatch.alert import BY_RECEIVER, is_reported
from streamwatch.clock import Clock
from streamwatch.intake import alertmanager_api as api
from streamwatch.intake.alertmanager import read
from streamwatch.store import Store
from streamwatch.store.journal import WATCHDOG, Firing

log = logging.getLogger(__name__)

EVERY = timedelta(seconds=15)
# Prometheus tells a restarted Alertmanager again within its resend delay, a minute unless it is set.
MISSING_FOR = timedelta(seconds=75)
# The Watchdog is repeated every 5 s: heard this lately, the way is open and silence means something.
WAY_IS_OPEN = timedelta(seconds=60)
UNTOLD_FOR = timedelta(seconds=30)
PORTION = 200  # alerts in one webhook


class Reconciling:
    """One look every fifteen seconds. Without an address in duty.yml there is nothing to compare with."""

    def __init__(
        self,
        store: Store,
        http: httpx.AsyncClient,
        url: Callable[[], str | None],
        clock: Clock,
        receiver: Callable[[], str] = lambda: "streamwatch",
    ) -> None:
        self._store = store
        self._http = http
        self._url = url
        self._receiver = receiver
        self._clock = clock
        self._looked_at: datetime | None = None
        self._missing: dict[Firing, datetime] = {}

    def clock_was_set(self, by: timedelta) -> None:
        """What was missing stays missing for as long."""
        self._looked_at = self._looked_at and self._looked_at + by
        self._missing = {each: since + by for each, since in self._missing.items()}

    async def step(self) -> bool:
        """Whether anything was told to the inbox."""
        at, url = self._clock(), self._url()
        if url is None or (self._looked_at is not None and at - self._looked_at < EVERY):
            return False
        self._looked_at = at
        watchdog = await asyncio.to_thread(self._store.journal.watchdog)
        if watchdog is None or watchdog.silent or at - watchdog.seen_at > WAY_IS_OPEN:
            self._missing.clear()
            return False
        try:
            held = await api.alerts(self._http, url)
        except api.NoAnswer:
            self._missing.clear()
            return False
        return await self._tell(held, at)

    async def _tell(self, held: Mapping[str, Mapping[str, Any]], at: datetime) -> bool:
        firing = await asyncio.to_thread(self._store.journal.firing)
        over = self._over(firing, held, at)
        webhooks = await asyncio.to_thread(_webhooks, over, firing, held, self._receiver(), at)
        for body in webhooks:
            alerts = await asyncio.to_thread(read, body)
            await self._store.inbox.accept("reconciling", body, at, alerts.urgent)
        return bool(webhooks)

    def _over(self, firing: list[Firing], held: Mapping[str, Mapping[str, Any]], at: datetime) -> list[Firing]:
        """Those on record as firing that Alertmanager has not held for long enough.

        Without the Watchdog in its list it is not the one that our alerts come from, and its silence means nothing.
        """
        if not any(api.name(each) == WATCHDOG for each in held.values()):
            self._missing.clear()
            return []
        gone = [each for each in firing if each.fingerprint not in held and not _is_ours(each)]
        self._missing = {each: self._missing.get(each, at) for each in gone}
        return [each for each, since in self._missing.items() if at - since >= MISSING_FOR]


def _is_ours(firing: Firing) -> bool:
    """What a person reported, or the receiver noticed, is not Alertmanager's to know, and theirs to end."""
    return is_reported(firing.fingerprint) or firing.labels.get("alertname") == BY_RECEIVER


def _webhooks(
    over: list[Firing], firing: list[Firing], held: Mapping[str, Mapping[str, Any]], receiver: str, at: datetime
) -> list[bytes]:
    """What was not told, in portions of which none is long in the making, here and where they are folded."""
    news = [api.as_resolved(each.labels, each.fingerprint, each.starts_at, at) for each in over]
    news += [api.as_firing(each) for each in untold(firing, held, receiver, at)]
    if news:
        log.warning("reconciling with Alertmanager: %d alerts were not told", len(news))
    return [api.webhook(news[first : first + PORTION]) for first in range(0, len(news), PORTION)]


def untold(
    firing: list[Firing], held: Mapping[str, Mapping[str, Any]], receiver: str, at: datetime
) -> list[Mapping[str, Any]]:
    """Those Alertmanager would have told *receiver* some time ago, and that are not on record."""
    known = {each.fingerprint for each in firing}
    return [
        each
        for fingerprint, each in held.items()
        if fingerprint not in known
        and api.is_active(each)
        and receiver in api.receivers(each)
        and each["labels"].get("severity") != "none"
        and at - datetime.fromisoformat(each["startsAt"]) > UNTOLD_FOR
    ]
