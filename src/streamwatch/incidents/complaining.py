"""What viewers write while a stream is interrupted is kept with the interruption: nobody is called for it twice.

Alertmanager is silent about complaints that an interruption explains, and so the receiver is never told of them.
"""

import asyncio
from datetime import datetime, timedelta
from typing import Any

from streamwatch.clock import Clock
from streamwatch.evidence import Evidence
from streamwatch.store import Store

EXPLAINED = ("lag", "video", "audio", "sync", "access")  # categories of which an interruption is a cause
MANY = 5  # people: fewer are no complaint that anybody is called for
EVERY = timedelta(seconds=5)
MOST = 20  # interruptions that are asked for at once

Samples = dict[str, dict[str, Any]]


class Complaining:
    """Asks the chat intake for each stream with an open interruption."""

    def __init__(self, store: Store, evidence: Evidence, clock: Clock) -> None:
        self._store, self._evidence, self._clock = store, evidence, clock
        self._asked_at: datetime | None = None

    async def step(self) -> bool:
        at = self._clock()
        if self._asked_at is not None and abs(at - self._asked_at) < EVERY:
            return False
        self._asked_at = at
        records = await asyncio.to_thread(self._store.journal.incidents, limit=MOST)
        for incident in (record.incident for record in records):
            if incident.procedure == "stream_interruption":
                await self._keep(incident.id, incident.stream, incident.evidence or {})
        return False

    async def _keep(self, incident: int, stream: str, kept: Samples) -> None:
        found = louder(kept, await self._evidence.samples(stream, EXPLAINED))
        if found != kept:
            await asyncio.to_thread(self._store.journal.keep_evidence, incident, found)


def louder(kept: Samples, heard: Samples) -> Samples:
    """Of each category the moment at which most people complained, if they were many."""
    return kept | {
        category: seen
        for category, seen in heard.items()
        if (users := seen.get("users", 0)) >= MANY and users > kept.get(category, {}).get("users", 0)
    }
