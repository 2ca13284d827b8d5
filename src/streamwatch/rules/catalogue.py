"""Which metrics there are, of what type, and whether they carry a stream: from tables that people read. Pure."""

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from prometheus_client.registry import Collector

COUNTERS = ("counter",)
SUFFIXES = ("_bucket", "_count", "_sum")  # what a histogram or a summary is exported as
OF_PROMETHEUS = {
    "ALERTS": "gauge",
    "ALERTS_FOR_STATE": "gauge",
    "up": "gauge",
    "scrape_duration_seconds": "gauge",
    "scrape_samples_scraped": "gauge",
    "scrape_samples_post_metric_relabeling": "gauge",
    "scrape_series_added": "gauge",
}
EXPORTER, RECEIVER = "streamwatch-exporter", "streamwatch"  # jobs of prometheus.yml
TYPES = ("gauge", "counter", "histogram", "summary")

_ROW = re.compile(r"^\| `([a-zA-Z_:][\w:]*)` \| (\w+)[^|]*\|([^|]*)\|", re.MULTILINE)
_NAME = re.compile(r"""["'](streamwatch_[a-z0-9_]+)["']""")
_BESIDE = re.compile(r"`(probe_\w+)`")  # named in words, below the table
_FAMILY = re.compile(r"^(?:process|python)_\w+")  # of every exporter


@dataclass(frozen=True)
class Metric:
    """*type* is gauge, counter, histogram or summary. *streamless*: it surely has no label `stream`.

    *job* is that of prometheus.yml by which it is scraped.
    """

    type: str
    streamless: bool = False
    job: str = ""


@dataclass(frozen=True)
class Catalogue:
    metrics: Mapping[str, Metric]

    def find(self, name: str) -> Metric | None:
        """Also the series of a histogram, which count up."""
        if name in self.metrics:
            return self.metrics[name]
        for suffix in SUFFIXES:
            whole = self.metrics.get(name.removesuffix(suffix)) if name.endswith(suffix) else None
            if whole and whole.type in ("histogram", "summary"):
                return Metric("counter", whole.streamless, whole.job)
        if _FAMILY.match(name):
            return Metric("counter" if name.endswith("_total") else "gauge", streamless=True)
        return None

    def nearest(self, name: str) -> str | None:
        return next(iter(difflib.get_close_matches(name, self.metrics, 1, cutoff=0.75)), None)


def of_table(text: str) -> dict[str, Metric]:
    """The table of exporters/README.md."""
    rows = {
        name: Metric(kind, "no `stream`" in labels, EXPORTER)
        for name, kind, labels in _ROW.findall(text)
        if kind in TYPES
    }
    return {name: Metric("gauge") for name in _BESIDE.findall(text)} | rows


def of_collectors(collectors: Iterable[Collector]) -> dict[str, Metric]:
    """What a program exports, asked from it."""
    found = {}
    for collector in collectors:
        for family in collector.collect():
            name = f"{family.name}_total" if family.type == "counter" else family.name
            found[name] = Metric(family.type if family.type in TYPES else "gauge", job=RECEIVER)
    return found


def of_source(texts: Iterable[str]) -> dict[str, Metric]:
    """Gauges that code makes when it is asked, by the names in it: whoever makes them needs more than a clone."""
    makers = [text for text in texts if "MetricFamily" in text]
    return {name: Metric("gauge", job=RECEIVER) for text in makers for name in _NAME.findall(text)}


def of_prometheus() -> dict[str, Metric]:
    return {name: Metric(kind) for name, kind in OF_PROMETHEUS.items()}


def of_list(data: Any) -> dict[str, Metric]:
    """config/other_metrics.yml: job → metric → type. Raises ValueError naming what is no type."""
    found: dict[str, Metric] = {}
    for exporter, metrics in (data or {}).items():
        for name, kind in (metrics or {}).items():
            if kind not in TYPES:
                raise ValueError(f"{exporter}.{name}: {kind}")
            found[str(name)] = Metric(str(kind), job=str(exporter))
    return found
