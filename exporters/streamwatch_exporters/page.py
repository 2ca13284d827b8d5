"""The metrics page: the text format 0.0.4, as `generate_latest` writes it, in a small part of its time.

A thousand streams have 80,000 series, and the page is asked for every second. What takes the time is to name them
again and again; so `Gauges`, `Counters` and `Histograms` write each sample as its line at once, and remember how it
begins. They take the place of the library's families; those of the library may stand on the same page.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple, TypeVar

from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector
from prometheus_client.samples import Sample
from prometheus_client.utils import floatToGoString

from streamwatch_exporters.buckets import Buckets

_ROOM = 1000  # targets that a family remembers beside two for each of its lines on the last page
_PLAIN = 1_000_000  # numbers below it are written without an exponent
_SMALL = {float(number): f"{number}.0\n" for number in range(1000)}  # ends of lines: most are one of these

Key = TypeVar("Key", bound=str)
Texts = tuple[str, ...]


Told = list[tuple[Texts, float]]  # values, each with those of its labels


class _Column(NamedTuple):
    """What was last written of many targets at once."""

    told: Told
    targets: list[Texts]
    beginnings: list[str]
    text: str


class _Spread(NamedTuple):
    """A histogram of one target as it was last written. *pieces*: beginnings of lines, each before a free place."""

    bounds: Texts
    pieces: list[str]
    seen: tuple[list[int], float]
    text: str


class _Memory:
    """What a family wrote of each target, by its labels: of one that is gone, nothing stays for long."""

    def __init__(self) -> None:
        self.column = _Column([], [], [], "")
        self.beginnings: dict[Texts, str] = {}
        self.counted: dict[Texts, tuple[Mapping[Any, int], str]] = {}  # the counts and their lines
        self.histograms: dict[Texts, _Spread] = {}

    def forget_what_is_gone(self, lines: int) -> None:
        """To look for each of them would take longer than to begin anew."""
        for known in (self.beginnings, self.counted, self.histograms):
            if len(known) > 2 * lines + _ROOM:
                known.clear()


@cache
def _memory(name: str, names: Texts) -> _Memory:
    """One for each family that the code knows."""
    return _Memory()


class _Written(Metric):
    """A family whose samples are lines of the page from the start."""

    type: str

    def __init__(self, name: str, documentation: str, labels: Sequence[str] = ()) -> None:
        self.name, self.documentation, self.unit = name, documentation, ""
        self.lines: list[str] = []
        self._names = tuple(labels)
        self.memory = _memory(name, self._names)

    @property
    def samples(self) -> list[Sample]:  # type: ignore[override]  # the library's has a place for them
        """The lines read back: for those who ask for a few."""
        text = "".join([*head(self), *self.lines])
        return [sample for family in text_string_to_metric_families(text) for sample in family.samples]


class Gauges(_Written):
    """As `GaugeMetricFamily`."""

    type = "gauge"
    _suffix = ""

    def add_metric(self, labels: Sequence[str], value: float) -> None:
        self.lines.append(self._beginning(tuple(labels)) + (_SMALL.get(value) or _end(value)))

    def add_column(self, told: Told) -> None:
        """The same for many targets: those of the last page, most of which say what they said there."""
        before = self.memory.column
        if told != before.told:
            targets = [labels for labels, _ in told]
            same = targets == before.targets
            beginnings = before.beginnings if same else [self._beginning(labels) for labels in targets]
            lines = zip(beginnings, told, strict=True)
            text = "".join([start + (_SMALL.get(value) or _end(value)) for start, (_, value) in lines])
            before = self.memory.column = _Column(told, before.targets if same else targets, beginnings, text)
        self.lines.append(before.text)

    def _beginning(self, values: Texts) -> str:
        known = self.memory.beginnings.get(values)
        if known is None:
            known = self.memory.beginnings[values] = _series(f"{self.name}{self._suffix}", self._names, values)
        return known


class Counters(Gauges):
    """As `CounterMetricFamily`: the name goes without its `_total`."""

    type = "counter"
    _suffix = "_total"

    def add_counts(self, labels: Sequence[str], counts: Mapping[Key, int]) -> None:
        """A sample for each of *counts*, whose key is the last label. Most of them are 0 for hours."""
        values = tuple(labels)
        known = self.memory.counted.get(values)
        if known is None or known[0] != counts:
            known = self.memory.counted[values] = dict(counts), self._counted(values, counts)
        self.lines.append(known[1])

    def _counted(self, values: Texts, counts: Mapping[Key, int]) -> str:
        name = f"{self.name}_total"
        return "".join(_series(name, self._names, (*values, key)) + _end(n) for key, n in counts.items())


class Histograms(_Written):
    """As `HistogramMetricFamily`."""

    type = "histogram"

    def add_buckets(self, labels: Sequence[str], buckets: Buckets) -> None:
        values, seen = tuple(labels), (buckets.counts(), buckets.sum)
        known = self.memory.histograms.get(values)
        if known is None or known.bounds is not buckets.bounds:
            known = _Spread(buckets.bounds, self._pieces(values, buckets.bounds), ([], 0.0), "")
        if known.seen != seen:
            known = known._replace(seen=seen, text=_filled(known.pieces, *seen))
            self.memory.histograms[values] = known
        self.lines.append(known.text)

    def _pieces(self, values: Texts, bounds: Texts) -> list[str]:
        """A line for each bound, one for all there are, one for their sum: each without its number."""
        beginnings = [_series(f"{self.name}_bucket", (*self._names, "le"), (*values, bound)) for bound in bounds]
        beginnings += [_series(f"{self.name}_{end}", self._names, values) for end in ("count", "sum")]
        return [piece for beginning in beginnings for piece in (beginning, "")]


def _filled(pieces: list[str], counts: list[int], sum_value: float) -> str:
    ends = [_SMALL.get(count) or _end(count) for count in counts]
    filled = pieces.copy()
    filled[1::2] = [*ends, ends[-1], _end(sum_value)]
    return "".join(filled)


def page_of(collectors: Iterable[Collector]) -> bytes:
    """Each family once, whoever gives samples of it."""
    page: dict[str, list[bytes]] = {}
    for collector in collectors:
        for family in collector.collect():
            block = page.get(family.name)
            if block is None:
                block = page[family.name] = ["".join(head(family)).encode()]
            # Apart from the Chinese above it: of plain text, bytes are made at no cost.
            block.append("".join(family.lines if isinstance(family, _Written) else _lines(family)).encode())
            if isinstance(family, _Written):
                family.memory.forget_what_is_gone(block[-1].count(b"\n"))
    return b"".join([part for block in page.values() for part in block])


def head(family: Metric) -> tuple[str, str]:
    name = f"{family.name}_total" if family.type == "counter" else family.name
    text = family.documentation.replace("\\", r"\\").replace("\n", r"\n")
    return f"# HELP {name} {text}\n", f"# TYPE {name} {family.type}\n"


def _lines(family: Metric) -> list[str]:
    """Gauges, counters and histograms of the library whose names need no escaping: ours."""
    return [
        _series(name, tuple(labels), tuple(labels.values())) + _end(value)
        for name, labels, value, *_ in family.samples
    ]


def _series(name: str, names: Texts, values: Texts) -> str:
    """The beginning of a line: labels stand sorted, as the library writes them."""
    told = ",".join(f'{label}="{_escaped(value)}"' for label, value in sorted(zip(names, values, strict=True)))
    return f"{name}{{{told}}} " if told else f"{name} "


def _end(value: float) -> str:
    if -_PLAIN < value < _PLAIN:
        return f"{float(value)!r}\n"
    return f"{floatToGoString(value)}\n"  # type: ignore[no-untyped-call]


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")
