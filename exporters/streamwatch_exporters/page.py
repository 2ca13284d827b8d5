"""The metrics page: the text format 0.0.4, as `generate_latest` writes it, in a small part of its time.

A thousand streams have 80,000 series, and the page is asked for every second. What takes the time is to name them
again and again; so `Gauges`, `Counters` and `Histograms` write each sample as its line at once, and remember how it
begins. They take the place of the library's families; those of the library may stand on the same page.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import TypeVar

from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector
from prometheus_client.samples import Sample
from prometheus_client.utils import floatToGoString

_ROOM = 10_000  # beginnings of lines that are remembered beside two for each line of the last page
_SMALL = {float(number): f"{number}.0" for number in range(1000)}  # most values are one of these

Key = TypeVar("Key", bound=str)


class _Written(Metric):
    """A family whose samples are lines of the page from the start."""

    type: str

    def __init__(self, name: str, documentation: str, labels: Sequence[str] = ()) -> None:
        self.name, self.documentation, self.unit = name, documentation, ""
        self.lines: list[str] = []
        self._names = tuple(labels)

    @property
    def samples(self) -> list[Sample]:  # type: ignore[override]  # the library's has a place for them
        """The lines read back: for those who ask for a few."""
        text = "".join([*head(self), *self.lines])
        return [sample for family in text_string_to_metric_families(text) for sample in family.samples]


class Gauges(_Written):
    """As `GaugeMetricFamily`."""

    type = "gauge"

    def add_metric(self, labels: Sequence[str], value: float) -> None:
        self.lines.append(f"{_series(self.name, self._names, tuple(labels))}{_number(value)}\n")


class Counters(_Written):
    """As `CounterMetricFamily`: the name goes without its `_total`."""

    type = "counter"

    def add_metric(self, labels: Sequence[str], value: float) -> None:
        self.lines.append(f"{_series(f'{self.name}_total', self._names, tuple(labels))}{_number(value)}\n")

    def add_counts(self, labels: Sequence[str], counts: Mapping[Key, int]) -> None:
        """A sample for each of *counts*, whose key is the last label. Most of them are 0 for hours."""
        self.lines.append(
            _counted(f"{self.name}_total", self._names, tuple(labels), tuple(counts), tuple(counts.values()))
        )


class Histograms(_Written):
    """As `HistogramMetricFamily`."""

    type = "histogram"

    def add_metric(self, labels: Sequence[str], buckets: Iterable[tuple[str, float]], sum_value: float) -> None:
        counted = list(buckets)
        values = tuple(labels)
        beginnings = _buckets(self.name, self._names, values, tuple([bound for bound, _ in counted]))
        self.lines += [f"{start}{_number(n)}\n" for start, (_, n) in zip(beginnings, counted, strict=True)]
        self.lines.append(f"{_series(f'{self.name}_count', self._names, values)}{_number(counted[-1][1])}\n")
        self.lines.append(f"{_series(f'{self.name}_sum', self._names, values)}{_number(sum_value)}\n")


def page_of(collectors: Iterable[Collector]) -> bytes:
    """Each family once, whoever gives samples of it."""
    page: dict[str, list[str]] = {}
    for collector in collectors:
        for family in collector.collect():
            block = page.get(family.name)
            if block is None:
                block = page[family.name] = list(head(family))
            block += family.lines if isinstance(family, _Written) else _lines(family)
    text = "".join(["".join(block) for block in page.values()])
    _forget_what_is_gone(text.count("\n"))
    return text.encode()


def head(family: Metric) -> tuple[str, str]:
    name = f"{family.name}_total" if family.type == "counter" else family.name
    text = family.documentation.replace("\\", r"\\").replace("\n", r"\n")
    return f"# HELP {name} {text}\n", f"# TYPE {name} {family.type}\n"


def _lines(family: Metric) -> list[str]:
    """Gauges, counters and histograms of the library whose names need no escaping: ours."""
    return [
        f"{_series(name, tuple(labels), tuple(labels.values()))}{_number(value)}\n"
        for name, labels, value, *_ in family.samples
    ]


Texts = tuple[str, ...]


@cache
def _series(name: str, names: Texts, values: Texts) -> str:
    """The beginning of a line: labels stand sorted, as the library writes them."""
    told = ",".join(f'{label}="{_escaped(value)}"' for label, value in sorted(zip(names, values, strict=True)))
    return f"{name}{{{told}}} " if told else f"{name} "


@cache
def _buckets(name: str, names: Texts, values: Texts, bounds: Texts) -> Texts:
    return tuple(_series(f"{name}_bucket", (*names, "le"), (*values, bound)) for bound in bounds)


@cache
def _counted(name: str, names: Texts, values: Texts, keys: Texts, counts: tuple[int, ...]) -> str:
    lines = zip(keys, counts, strict=True)
    return "".join([f"{_series(name, names, (*values, key))}{_number(count)}\n" for key, count in lines])


def _forget_what_is_gone(lines: int) -> None:
    """Of targets that were removed, and counts that were passed, nothing stays for long.

    To look for each of them would take longer than to begin anew.
    """
    for remembered in (_series, _buckets, _counted):
        if remembered.cache_info().currsize > 2 * lines + _ROOM:
            remembered.cache_clear()


def _number(value: float) -> str:
    known = _SMALL.get(value)
    if known is not None:
        return known
    if -1e6 < value < 1e6:
        return repr(float(value))
    return str(floatToGoString(value))  # type: ignore[no-untyped-call]


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")
