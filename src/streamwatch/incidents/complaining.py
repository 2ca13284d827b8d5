"""What viewers write: kept with the interruption that explains it, and put in the queue of those who answer.

Alertmanager is silent about complaints that an interruption explains, and so the receiver is never told of them:
nobody is called for it twice. Who answers viewers wants to see them all the same.
"""

import asyncio
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from streamwatch.clock import Clock
from streamwatch.evidence import Evidence
from streamwatch.incidents.waves import MANY, Interruption, Key, Spike, moves, rooms_of
from streamwatch.store import Store

EXPLAINED = ("lag", "video", "audio", "sync", "access")  # categories of which an interruption is a cause
EVERY = timedelta(seconds=5)
MOST = 20  # interruptions that are asked for at once

Samples = dict[str, dict[str, Any]]


class Complaining:
    """Asks the chat intake, for each stream with an open interruption and for the queue."""

    def __init__(self, store: Store, evidence: Evidence, clock: Clock) -> None:
        self._store, self._evidence, self._clock = store, evidence, clock
        self._asked_at: datetime | None = None

    async def step(self) -> bool:
        at = self._clock()
        if self._asked_at is not None and abs(at - self._asked_at) < EVERY:
            return False
        self._asked_at = at
        interruptions = await asyncio.to_thread(self._store.complaints.interruptions)
        for each in interruptions[:MOST]:
            await self._keep(each.incident, each.stream, each.evidence)
        rooms = rooms_of(await self._evidence.rooms())
        live = await asyncio.to_thread(self._store.complaints.live)
        firing = await asyncio.to_thread(self._store.complaints.firing)
        if found := moves(live, rooms, explained(interruptions) | firing, at):
            await asyncio.to_thread(self._store.complaints.go_on, found, at)
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


def explained(interruptions: Iterable[Interruption]) -> dict[Key, Spike]:
    """The newest interruption of each stream, for each category that it is a cause of."""
    found: dict[Key, Spike] = {}
    for each in interruptions:
        for category in EXPLAINED:
            found.setdefault(Key(each.stream, category), Spike(each.incident, each.drill, False))
    return found
