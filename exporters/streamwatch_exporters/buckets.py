"""A histogram of one target: counts that go when the target goes."""

from bisect import bisect_left
from collections.abc import Sequence
from functools import cache
from itertools import accumulate

from prometheus_client.utils import floatToGoString

CONNECTING = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Seconds, for what takes one or a few journeys to a server and back."""

FETCHING = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Seconds, for a playlist or a segment."""


class Buckets:
    """How often a value fell at or below each of *bounds*, and the sum of all values."""

    def __init__(self, bounds: Sequence[float]) -> None:
        self._bounds = bounds
        self.bounds = _told(tuple(bounds))
        self._counts = [0] * (len(bounds) + 1)
        self.sum = 0.0

    def observe(self, value: float) -> None:
        self._counts[bisect_left(self._bounds, value)] += 1
        self.sum += value

    def counts(self) -> list[int]:
        """At or below each of `bounds`."""
        return list(accumulate(self._counts))

    def cumulative(self) -> list[tuple[str, float]]:
        """As `HistogramMetricFamily.add_metric` takes them."""
        return list(zip(self.bounds, map(float, self.counts()), strict=True))


@cache
def _told(bounds: tuple[float, ...]) -> tuple[str, ...]:
    """As the page writes them: the same object for all that have the same bounds."""
    return tuple(str(floatToGoString(bound)) for bound in (*bounds, float("inf")))  # type: ignore[no-untyped-call]
