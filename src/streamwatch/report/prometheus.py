"""Range queries to Prometheus' HTTP API (prometheus.io, HTTP API: query_range, label values)."""

import math
from collections.abc import Callable, Mapping

from streamwatch.report.table import Track
from streamwatch.report.window import Window
from streamwatch.watching.prometheus_api import TIMEOUT, PrometheusApi, Words

WORDS = Words(
    silent="Prometheus at {place} does not answer ({why}). Start it, "
    "or name another with --prometheus or prometheus.url in duty.yml.",
    strange="what answers at {place} is not Prometheus (HTTP {code}); "
    "check --prometheus or prometheus.url in duty.yml.",
    refused="Prometheus at {place} refused a query ({said}); a shorter time or a longer --step asks less of it.",
)


class Prometheus(PrometheusApi):
    """What it recorded."""

    def __init__(self, address: str, timeout: float = TIMEOUT) -> None:
        """*timeout*: seconds for one question."""
        super().__init__(address, WORDS, timeout)

    def range(self, promql: str, window: Window, tick: Callable[[], None]) -> list[Track]:
        """What *promql* answers at the end of each step. *tick* is called after each query."""
        found: dict[tuple[tuple[str, str], ...], dict[int, float]] = {}
        for start, end in window.queries():
            asked = {"query": promql, "start": start, "end": end, "step": window.step}
            for series in self.data("POST", "query_range", data=asked)["result"]:
                labels = tuple(sorted(series["metric"].items()))
                found.setdefault(labels, {}).update(_values(series["values"], window))
            tick()
        return [Track(dict(labels), values) for labels, values in found.items()]

    def streams(self, window: Window) -> list[str]:
        """Every `stream` that has a sample in the window."""
        asked = {"start": int(window.start.timestamp()), "end": int(window.end.timestamp())}
        return [str(each) for each in self.data("GET", "label/stream/values", params=asked) if each]


def _values(pairs: list[tuple[float, str]], window: Window) -> Mapping[int, float]:
    """Prometheus writes numbers as strings; NaN and infinities are no data."""
    found: dict[int, float] = {}
    for instant, text in pairs:
        row, value = window.row_at(float(instant)), float(text)
        if row is not None and math.isfinite(value):
            found[row] = value
    return found
