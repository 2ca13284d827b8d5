"""Notices that the way of the alerts is closed: without Prometheus or Alertmanager nobody else could say so.

The Watchdog is an alert that fires always. When it is silent the receiver makes an alert of its own, which goes the
way of all others from the inbox on.
"""

import asyncio
from collections.abc import Callable
from datetime import timedelta

import httpx

from streamwatch.alert import fingerprint_of, urgent
from streamwatch.clock import Clock
from streamwatch.intake import alertmanager_api as api
from streamwatch.intake.alertmanager import read
from streamwatch.store import Store

SILENT_FOR = timedelta(seconds=60)  # it is repeated every ten
PATIENCE = 1.0  # seconds for Prometheus to say that it lives

LABELS = {
    "alertname": "WatchdogSilent",
    "stream": "all",
    "hop": "monitoring",
    "procedure": "monitoring",
    "severity": "P0",  # while it lasts, no alert of any stream could be told
    "role": "tech",
}
ANNOTATIONS = {
    "summary_zh": "告警通路中断，收不到任何告警",
    "summary_en": "the way of the alerts is closed",
    "runbook_step": "way-closed",
}
FINGERPRINT = fingerprint_of(LABELS)


class Watchdog:
    """*prometheus* is its address of this moment, None when duty.yml names none."""

    def __init__(
        self, store: Store, http: httpx.AsyncClient, prometheus: Callable[[], str | None], clock: Clock
    ) -> None:
        self._store = store
        self._http = http
        self._prometheus = prometheus
        self._clock = clock
        self._began = clock()  # what was not heard while we did not run is not silence

    def clock_was_set(self, by: timedelta) -> None:
        """What was not heard before we ran stays as old."""
        self._began += by

    async def step(self) -> bool:
        """Begin or end the alert about it; whether anything was told to the inbox."""
        at, heard = self._clock(), await asyncio.to_thread(self._store.journal.watchdog)
        if heard is None:
            return False  # it was never confirmed: the console says so
        open_since = await asyncio.to_thread(self._store.journal.firing_since, FINGERPRINT)
        # Only a beat ends it: that we began anew is none.
        since = max(heard.seen_at, self._began) if open_since is None else heard.seen_at
        silent = heard.silent or at - since > SILENT_FOR
        if silent == (open_since is not None):
            return False
        if open_since is None:
            times = {"status": "firing", "startsAt": heard.seen_at.isoformat()}
        else:
            times = {"status": "resolved", "startsAt": open_since.isoformat(), "endsAt": at.isoformat()}
        alert = {"labels": LABELS, "annotations": ANNOTATIONS, "fingerprint": FINGERPRINT, **times}
        await self._store.inbox.accept("watchdog", body := api.webhook([alert]), at, urgent(read(body)))
        return True

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
