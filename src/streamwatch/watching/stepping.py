"""Notices that the clock was set, by comparing it with one that nobody can set."""

import time
from collections.abc import Callable
from datetime import timedelta

from streamwatch.clock import Clock

STEP = timedelta(seconds=5)  # less is a clock that is being corrected, and does no harm


def since_boot() -> float:
    """Seconds, also of the time the machine slept."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class Stepping:
    def __init__(self, clock: Clock, steady: Callable[[], float] = since_boot) -> None:
        self._clock = clock
        self._steady = steady
        self._seen = clock(), steady()

    def look(self) -> timedelta | None:
        """By how much the clock was set since the last look, if it was."""
        (before, then), (at, now) = self._seen, (self._clock(), self._steady())
        self._seen = at, now
        step = at - before - timedelta(seconds=now - then)
        return step if abs(step) >= STEP else None
