"""What the echoes of one host add up to: how many, how many lost, how long, how steady. Pure."""

from collections import deque

from streamwatch_exporters.buckets import Buckets

BOUNDS = tuple(5e-05 * 2**n for n in range(20))
"""Seconds. Those of smokeping_prober, so that its dashboards work unchanged."""

_WINDOW = 60.0  # seconds over which jitter is taken
_MOST = 300  # differences kept
_SILENT_AFTER = 3  # a single lost echo is loss, which is counted; so many in a row are silence


class Echoes:
    """The echoes of one host since it is watched."""

    def __init__(self) -> None:
        self.requests = 0  # sent; the number of one is how many there were with it
        self.lost = 0
        self.times = Buckets(BOUNDS)
        self._lost_in_a_row = 0
        self._last: tuple[int, float] | None = None  # number and seconds of the newest one that was answered
        self._differences: deque[tuple[float, float]] = deque(maxlen=_MOST)  # when, and |Δ| in seconds

    @property
    def silent(self) -> bool:
        return self._lost_in_a_row >= _SILENT_AFTER

    def answered(self, number: int, seconds: float, now: float) -> None:
        """Only neighbours are compared: across a loss, the difference would be made of two moments far apart."""
        self.times.observe(seconds)
        self._lost_in_a_row = 0
        if self._last is not None and self._last[0] == number - 1:
            self._differences.append((now, abs(seconds - self._last[1])))
        if self._last is None or self._last[0] < number:
            self._last = (number, seconds)

    def unanswered(self) -> None:
        self.lost += 1
        self._lost_in_a_row += 1

    def moved(self) -> None:
        """The name leads to another address now: its times are not compared with those of the old one."""
        self._last = None
        self._differences.clear()

    def jitter(self, now: float) -> float | None:
        """Mean difference of neighbours within the window; None when none is known or nobody answers now."""
        recent = [difference for at, difference in list(self._differences) if at > now - _WINDOW]
        return sum(recent) / len(recent) if recent and not self.silent else None
