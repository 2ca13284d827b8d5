"""Webhooks folded long ago are forgotten: incidents and timelines keep what they said, and disks are finite."""

import asyncio
from datetime import datetime, timedelta

from streamwatch.clock import Clock
from streamwatch.store import Store

KEPT = timedelta(days=14)  # for whoever wants to see what exactly was posted
EVERY = timedelta(seconds=10)
AT_ONCE = 500  # webhooks, some thousandths of a second in which others wait


class Tidying:
    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock
        self._last: datetime | None = None

    async def step(self) -> bool:
        """A few at a time, never all that gathered in a month."""
        at = self._clock()
        if self._last is None or abs(at - self._last) >= EVERY:
            self._last = at
            await asyncio.to_thread(self._store.inbox.forget, at - KEPT, AT_ONCE)
        return False
