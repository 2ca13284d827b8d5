"""Tells a watcher elsewhere that we live: when this machine dies, nobody here can say so.

The protocol is that of Healthchecks: a POST to the address is a sign of life, one to `/fail` says what is wrong. A
sign that does not come is noticed there.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import httpx
from prometheus_client import CollectorRegistry, Counter

from streamwatch.clock import Clock

log = logging.getLogger(__name__)

PATIENCE = 10.0  # seconds
LONGEST = 1000  # characters of what is wrong

Where = tuple[str, timedelta]
"""The address, which is a secret, and how often."""


class LifeSign:
    """*where* is None when duty.yml names none; *troubles* says why an alert could not become a page just now."""

    def __init__(
        self,
        http: httpx.AsyncClient,
        where: Callable[[], Where | None],
        troubles: Callable[[], Sequence[str]],
        clock: Clock,
        registry: CollectorRegistry,
    ) -> None:
        self._http, self._where, self._troubles, self._clock = http, where, troubles, clock
        self._last: datetime | None = None
        self._silent = False
        self._signs = Counter(
            "streamwatch_life_signs", "Signs of life to the watcher elsewhere.", ["result"], registry=registry
        )
        for result in ("taken", "refused"):
            self._signs.labels(result)

    async def step(self) -> bool:
        """Give a sign when one is due. That it is not taken is told once, by its kind alone."""
        where, at = self._where(), self._clock()
        if where is None or (self._last is not None and abs(at - self._last) < where[1]):
            return False
        self._last = at
        troubles = await asyncio.to_thread(self._troubles)  # the database is asked, and may take its time
        address = where[0].rstrip("/") + ("/fail" if troubles else "")
        failure = await self._tell(address, "; ".join(troubles)[:LONGEST])
        self._signs.labels("refused" if failure else "taken").inc()
        if failure and not self._silent:
            log.warning("the watcher elsewhere did not take the sign of life (%s); trying on", failure)
        self._silent = bool(failure)
        return False

    async def _tell(self, address: str, text: str) -> str | None:
        try:
            answer = await self._http.post(address, content=text.encode(), timeout=PATIENCE)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return type(error).__name__
        return None if answer.is_success else f"status {answer.status_code}"
