"""What was told long ago is forgotten: webhooks after two weeks, incidents after the team's own `retention`.

Disks are finite, and what is kept of people is not kept for ever. The audit log stays: nobody can delete it.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

from streamwatch.clock import Clock
from streamwatch.evidence_folder import EvidenceFolder
from streamwatch.store import Store

KEPT = timedelta(days=14)  # for whoever wants to see what exactly was posted
EVERY = timedelta(seconds=10)
AT_ONCE = 500  # webhooks, some thousandths of a second in which others wait
INCIDENTS_AT_ONCE = 20


class Tidying:
    """*retention* is how long an incident is kept after its end; None: for ever."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        retention: Callable[[], timedelta | None] = lambda: None,
        folder: Callable[[], EvidenceFolder | None] = lambda: None,
    ) -> None:
        self._store, self._clock = store, clock
        self._retention, self._folder = retention, folder
        self._last: datetime | None = None

    async def step(self) -> bool:
        """A few at a time, never all that gathered in a month."""
        at = self._clock()
        if self._last is None or abs(at - self._last) >= EVERY:
            self._last = at
            await asyncio.to_thread(self._store.inbox.forget, at - KEPT, AT_ONCE)
            if kept := self._retention():
                await asyncio.to_thread(self._forget, at - kept)
        return False

    def _forget(self, before: datetime) -> None:
        """Files first: a record of a file that is gone is looked at again, a file without a record never."""
        if old := self._store.retention.old(before, INCIDENTS_AT_ONCE):
            if (folder := self._folder()) is not None:
                for path in self._store.retention.files(old):
                    folder.forget(path)
            self._store.retention.forget(old)
        self._store.retention.forget_loose(before, AT_ONCE)
