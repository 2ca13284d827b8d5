"""What the running Prometheus says of its rules (prometheus.io, HTTP API: rules, query, query_range)."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from streamwatch.language import Text
from streamwatch.rules.explaining import Labels
from streamwatch.watching.prometheus_api import PrometheusApi, Words

POINTS = 10_000  # Prometheus answers with 11,000 of a series at most
WORDS = Words(
    silent=Text(
        "{place} 的 Prometheus 没有应答（{why}）。请先启动它，或用 --prometheus 指定别的。",
        "Prometheus at {place} does not answer ({why}). Start it, or name another with --prometheus.",
    ),
    strange=Text(
        "{place} 上的不是 Prometheus（HTTP {code}），检查 duty.yml 的 prometheus.url",
        "what answers at {place} is not Prometheus (HTTP {code}); check prometheus.url in duty.yml",
    ),
    refused=Text("{place} 的 Prometheus 拒绝了：{said}", "Prometheus at {place} refused: {said}"),
)


@dataclass(frozen=True)
class Loaded:
    """An alert as Prometheus runs it; times in seconds."""

    name: str
    promql: str
    file: str
    hold: float
    keep: float
    interval: float
    state: str  # inactive, pending, firing
    active: tuple[tuple[Labels, str, str], ...]  # labels, state, since
    error: str


@dataclass(frozen=True)
class Series:
    labels: Labels
    value: float


class RunningPrometheus(PrometheusApi):
    """What it runs, and what it answers."""

    def __init__(self, address: str) -> None:
        super().__init__(address, WORDS)

    def alerts(self) -> Iterator[Loaded]:
        for group in self.data("GET", "rules", params={"type": "alert"})["groups"]:
            for rule in group["rules"]:
                yield _loaded(group, rule)

    def now(self, promql: str, at: datetime | None) -> list[Series]:
        """What it answers at one instant, by default now."""
        data = self.data("POST", "query", data={"query": promql} | ({"time": at.timestamp()} if at else {}))
        if data["resultType"] in ("scalar", "string"):
            return [Series((), _number(data["result"][1]))]
        return [Series(_labels(each["metric"]), _number(each["value"][1])) for each in data["result"]]

    def seen(
        self, promql: str, start: float, end: float, step: float, tick: Callable[[int, int], None]
    ) -> dict[Labels, list[float]]:
        """The instants at which each series had a value. *tick* hears how many questions of how many are done."""
        found: dict[Labels, list[float]] = {}
        chunks = list(_chunks(start, end, step))
        for done, (begin, last) in enumerate(chunks, start=1):
            asked = {"query": promql, "start": begin, "end": last, "step": step}
            for series in self.data("POST", "query_range", data=asked)["result"]:
                found.setdefault(_labels(series["metric"]), []).extend(float(at) for at, _ in series["values"])
            tick(done, len(chunks))
        return found


def _loaded(group: dict[str, Any], rule: dict[str, Any]) -> Loaded:
    active = [
        (_labels(each["labels"]), str(each["state"]), str(each["activeAt"])) for each in rule.get("alerts", ())
    ]
    return Loaded(
        rule["name"],
        rule["query"],
        group["file"],
        float(rule.get("duration", 0)),
        float(rule.get("keepFiringFor", 0)),
        float(group["interval"]),
        rule["state"],
        tuple(sorted(active)),
        rule.get("lastError", ""),
    )


def _chunks(start: float, end: float, step: float) -> Iterator[tuple[float, float]]:
    """Both ends of each are asked for; none is asked for twice."""
    while start <= end:
        last = min(end, start + (POINTS - 1) * step)
        yield start, last
        start = last + step


def _labels(metric: dict[str, str]) -> Labels:
    return tuple(sorted(metric.items()))


def _number(text: str) -> float:
    """Prometheus writes numbers as strings, also NaN and infinities."""
    return float(text)
