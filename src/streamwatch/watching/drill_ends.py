"""A drill that people report ends by itself, whatever became of the terminal that began it."""

import asyncio
from datetime import datetime, timedelta

from streamwatch.clock import Clock
from streamwatch.incidents import trigger
from streamwatch.intake.alertmanager import read
from streamwatch.intake.alertmanager_api import webhook
from streamwatch.store import Store

LASTS = timedelta(minutes=5)
EVERY = timedelta(seconds=5)
SOURCE = "drill"  # of the inbox


class DrillEnds:
    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock
        self._last: datetime | None = None

    async def step(self) -> bool:
        """Whether one was ended: its end waits to be folded."""
        at = self._clock()
        if self._last is not None and abs(at - self._last) < EVERY:
            return False
        self._last = at
        left = await asyncio.to_thread(self._store.reports.drills, at - LASTS)
        if not left:
            return False
        ends = [trigger.over(each.labels, each.fingerprint, each.starts_at, None, "", at) for each in left]
        body = webhook(ends)
        await self._store.inbox.accept(SOURCE, body, at, read(body).urgent)
        return True
