"""Notices that the way of the alerts is closed: without Prometheus or Alertmanager nobody else could say so.

The Watchdog is an alert that fires always. When it is silent the receiver makes an alert of its own, which goes the
way of all others from the inbox on. When one of the two is dead, it makes the same alert sooner: however it is
noticed, and in whatever order, it is one trouble.
"""

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

import httpx

from streamwatch.alert import BY_RECEIVER, fingerprint_of
from streamwatch.clock import Clock
from streamwatch.intake import alertmanager_api as api
from streamwatch.intake.alertmanager import read
from streamwatch.store import Store
from streamwatch.store.journal import Heartbeat
from streamwatch.watching.liveness import Peer, Sights, back, gone, missed

SILENT_FOR = timedelta(seconds=60)  # it is repeated every five
PATIENCE = 1.0  # seconds for Prometheus to say that it lives

LABELS = {
    "alertname": BY_RECEIVER,
    "stream": "all",
    "hop": "monitoring",
    "procedure": "monitoring",
    "severity": "P0",  # while it lasts, no alert of any stream could be told
    "role": "tech",
}
FINGERPRINT = fingerprint_of(LABELS)


def _words(zh: str, en: str, step: str) -> Mapping[str, str]:
    return {"summary_zh": zh, "summary_en": en, "runbook_step": step}


CLOSED = _words("告警通路中断，收不到任何告警", "the way of the alerts is closed", "way-closed")
# Where both are missed, the step is that for whatever has closed the way.
MISSED: Mapping[tuple[Peer, ...], Mapping[str, str]] = {
    (Peer.PROMETHEUS,): _words(
        "Prometheus 没有应答，收不到任何告警", "Prometheus is gone, no alert can come", "prometheus-gone"
    ),
    (Peer.ALERTMANAGER,): _words(
        "Alertmanager 没有应答，收不到任何告警", "Alertmanager is gone, no alert can come", "alertmanager-gone"
    ),
    (Peer.PROMETHEUS, Peer.ALERTMANAGER): _words(
        "Prometheus 和 Alertmanager 都没有应答", "Prometheus and Alertmanager are gone", "way-closed"
    ),
}


def _nothing() -> Sights:
    return {}


class Watchdog:
    """*prometheus* is its address of this moment, None when duty.yml names none; *sights*: what looks came to."""

    def __init__(
        self,
        store: Store,
        http: httpx.AsyncClient,
        prometheus: Callable[[], str | None],
        clock: Clock,
        sights: Callable[[], Sights] = _nothing,
    ) -> None:
        self._store = store
        self._http = http
        self._prometheus = prometheus
        self._clock = clock
        self._sights = sights
        self._began = clock()  # what was not heard while we did not run is not silence

    def clock_was_set(self, by: timedelta) -> None:
        """What was not heard before we ran stays as old."""
        self._began += by

    async def step(self) -> bool:
        """Begin or end the alert about it; whether anything was told to the inbox."""
        at, heard = self._clock(), await asyncio.to_thread(self._store.journal.watchdog)
        open_since = await asyncio.to_thread(self._store.journal.firing_since, FINGERPRINT)
        sights, beat = self._sights(), heard and heard.seen_at
        dead, silent = gone(sights, beat, at), self._is_silent(heard, at, is_open=open_since is not None)
        if open_since is None:
            # The same each time we look, until it is folded.
            began = min((since for each in dead if (since := sights[each].missed_since)), default=beat)
            if began is None or not (dead or silent):
                return False
            alert = _firing(MISSED.get(missed(sights, at), CLOSED), began)
        else:
            if dead or silent or not back(sights, beat, at):
                return False
            alert = api.as_resolved(LABELS, FINGERPRINT, open_since, at)
        await self._store.inbox.accept("watchdog", body := api.webhook([alert]), at, read(body).urgent)
        return True

    def _is_silent(self, heard: Heartbeat | None, at: datetime, *, is_open: bool) -> bool:
        """Not of a Watchdog that was never heard: the console says that the way was never confirmed."""
        if heard is None:
            return False
        # Only a beat ends it: that we began anew is none.
        since = heard.seen_at if is_open else max(heard.seen_at, self._began)
        return heard.silent or at - since > SILENT_FOR

    async def way_is_open(self) -> bool:
        """Whether an end that was told just now is an end, and not the silence of a Prometheus that died."""
        heard = await asyncio.to_thread(self._store.journal.watchdog)
        if heard is not None and (heard.silent or self._clock() - heard.seen_at > SILENT_FOR):
            return False
        url = self._prometheus()
        return url is None or await self._answers(f"{url.rstrip('/')}/-/ready")

    async def _answers(self, url: str) -> bool:
        try:
            async with asyncio.timeout(PATIENCE):
                return (await self._http.get(url)).is_success
        except (httpx.HTTPError, TimeoutError):
            return False


def _firing(words: Mapping[str, str], since: datetime) -> dict[str, object]:
    return {
        "labels": LABELS,
        "annotations": words,
        "fingerprint": FINGERPRINT,
        "status": "firing",
        "startsAt": since.isoformat(),
    }
