"""When a watcher looks next, and how well it keeps to it."""

import asyncio
from math import ceil

from streamwatch_exporters.clock import Clock
from streamwatch_exporters.probe import Record

OVERRUN = "overrun"
_GRID = 0.05  # seconds


class Pace:
    """Starts looks at intervals measured from start to start (RFC 8216 section 6.3.4), never two at once."""

    def __init__(self, record: Record, clock: Clock) -> None:
        self._record, self._clock = record, clock
        self._due = clock.steady()

    async def wait(self, interval: float) -> None:
        """Sleep until the next look is due. Looks that the last one left no time for are counted and left out."""
        self._due += interval
        late = self._clock.steady() - together(self._due)
        if late > 0:
            self._record.skipped[OVERRUN] = self._record.skipped.get(OVERRUN, 0) + int(late / interval)
            self._due = self._clock.steady()
        start = together(self._due)
        await asyncio.sleep(max(0.0, start - self._clock.steady()))
        self._record.lag = max(0.0, self._clock.steady() - start)


def together(due: float) -> float:
    """When a look that is due at *due* begins: those that begin together cost less than each alone would.

    The process wakes once for all of them. None is early, and at most 50 ms late.
    """
    return ceil(due / _GRID) * _GRID


def reload_after(target_duration: float | None, *, advanced: bool) -> float:
    """Seconds from the start of one load to the next.

    A player waits one target duration after a change and half of one otherwise (section 6.3.4). A watcher that
    should see a stall early looks at least every second, and never more than four times a second.
    """
    target = target_duration or 2.0
    return min(1.0, max(0.25, target if advanced else target / 2))
