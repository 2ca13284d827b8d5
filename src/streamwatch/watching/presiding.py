"""Before each step of a loop: whether this receiver does the work, and whether the clock was set meanwhile."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import timedelta

from streamwatch.clock import Clock
from streamwatch.delivering.delivery import Delivery
from streamwatch.store import Store
from streamwatch.watching.stepping import STEP, Stepping, since_boot

log = logging.getLogger(__name__)

Moved = Callable[[timedelta], None]


class Presiding:
    """*moved* are told by how much the clock was set."""

    def __init__(
        self,
        store: Store,
        delivery: Delivery,
        moved: Sequence[Moved],
        clock: Clock,
        steady: Callable[[], float] = since_boot,
    ) -> None:
        self._store = store
        self._delivery = delivery
        self._moved = moved
        self._clock = clock
        self._stepping = Stepping(clock, steady)
        self._seated = False
        self._one_at_a_time = asyncio.Lock()

    async def ready(self) -> bool:
        """False while another receiver on the same database delivers, escalates and compares."""
        async with self._one_at_a_time:
            step = self._stepping.look()
            seated, self._seated = self._seated, False
            if not await asyncio.to_thread(self._store.seat.hold):
                return False
            if not seated:
                await self._sit_down()
            elif step is not None:
                await self._clock_was_set(step)
            self._seated = True
        return True

    async def _sit_down(self) -> None:
        at = self._clock()
        if not self._store.database.one_process:
            await asyncio.to_thread(self._store.outbox.take_over, at)
        ahead = await asyncio.to_thread(self._store.steps.ahead, at)
        if ahead >= STEP:
            await self._clock_was_set(-ahead)
        else:
            await self._delivery.remember()

    async def _clock_was_set(self, by: timedelta) -> None:
        """Else retries would wait for an hour that comes twice, or all of a night's steps be due at once."""
        log.warning("the clock was set by %.0f s: what waits is moved along", by.total_seconds())
        await asyncio.to_thread(self._store.steps.move, by, self._clock())
        for moved in self._moved:
            moved(by)
        await self._delivery.remember()
