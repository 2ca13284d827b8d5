"""The families that write their lines at once say what the library's say."""

from collections.abc import Iterator

import pytest
from prometheus_client import CollectorRegistry, Metric, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily

from streamwatch_exporters import page
from streamwatch_exporters.buckets import CONNECTING, Buckets
from streamwatch_exporters.page import Counters, Gauges, Histograms, page_of

VALUES = (
    0,
    1,
    0.1,
    -3,
    999,
    1000,
    999_999.5,
    1_000_000,
    1795452087.269189,
    1e-9,
    1e300,
    float("inf"),
    float("-inf"),
)


def _gauge(family: type[Gauges] | type[GaugeMetricFamily]) -> Metric:
    gauge = family("a_ratio", "A ratio.\nOf two lines \\ 比值", labels=["stream", "host"])
    for number, value in enumerate(VALUES):
        gauge.add_metric([f"room-{number}", 'quo"ted\\ line\nend 中文'], value)
    return gauge


def _counter(family: type[Counters] | type[CounterMetricFamily]) -> Metric:
    counter = family("seen", "Seen. 次数", labels=["stream", "kind"])
    for kind, count in {"one": 0, "two": 12}.items():
        counter.add_metric(["demo", kind], count)
    return counter


def _histogram(family: type[Histograms] | type[HistogramMetricFamily]) -> Metric:
    took, histogram = Buckets(CONNECTING), family("took_seconds", "Took. 耗时", labels=["stream", "kind"])
    for seconds in (0.0009, 0.001, 0.3, 11):
        took.observe(seconds)
    for stream in ("a", "100 %s"):
        if isinstance(histogram, Histograms):
            histogram.add_buckets([stream, "media"], took)
        else:
            histogram.add_metric([stream, "media"], took.cumulative(), took.sum)
    return histogram


class Telling:
    def __init__(self, *families: Metric) -> None:
        self._families = families

    def collect(self) -> Iterator[Metric]:
        yield from self._families


def test_each_line_is_the_librarys() -> None:
    """Labels that need escaping, numbers of every size, buckets; in any order of the lines of a histogram."""
    registry = CollectorRegistry()
    theirs = _gauge(GaugeMetricFamily), _counter(CounterMetricFamily), _histogram(HistogramMetricFamily)
    registry.register(Telling(*theirs))  # type: ignore[arg-type]
    ours = page_of([Telling(_gauge(Gauges), _counter(Counters), _histogram(Histograms))])  # type: ignore[list-item]
    assert sorted(ours.splitlines()) == sorted(generate_latest(registry).splitlines())


def test_counts_are_written_anew_when_one_changes() -> None:
    """What was remembered of the same target is not told again."""
    counts = {"dns": 0, "tls": 0}
    for seen in (0, 1, 1, 2):
        counts["tls"] = seen
        family = Counters("failures", "Failures.", labels=["stream", "reason"])
        family.add_counts(["demo"], counts)
        family.add_counts(["other"], {"dns": 5})
        assert "".join(family.lines).splitlines() == [
            'failures_total{reason="dns",stream="demo"} 0.0',
            f'failures_total{{reason="tls",stream="demo"}} {seen}.0',
            'failures_total{reason="dns",stream="other"} 5.0',
        ]


def test_a_column_is_written_anew_when_one_of_it_changes() -> None:
    """A value, a target that came, one that went, and the same targets in another order."""
    for told in (
        {"a": 1.0, "b": 2.0},
        {"a": 1.0, "b": 2.5},
        {"b": 2.5},
        {"b": 2.5, "c": 0.0},
        {"c": 0.0, "b": 2.5},
    ):
        family = Gauges("column_ratio", "Ratio.", labels=["stream"])
        family.add_column([((stream,), value) for stream, value in told.items()])
        assert "".join(family.lines).splitlines() == [
            f'column_ratio{{stream="{stream}"}} {value}' for stream, value in told.items()
        ]


def test_a_histogram_is_written_anew_when_something_was_observed() -> None:
    """Also where the bounds of a target are others than before."""
    for bounds, told in ((CONNECTING, "13.0"), ((1.0,), "1.0")):
        took, family = Buckets(bounds), Histograms("waited_seconds", "Waited.", labels=["stream"])
        for _ in range(int(float(told))):
            took.observe(0.5)
        family.add_buckets(["demo"], took)
        (lines,) = family.lines
        assert lines.count("\n") == len(bounds) + 3
        assert f'waited_seconds_count{{stream="demo"}} {told}\n' in lines


def test_what_is_gone_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many targets came and went; what is on the page stays remembered."""
    monkeypatch.setattr(page, "_ROOM", 10)
    for number in range(1000):
        labels = (f"room-{number}",)
        gauge, seen = (
            Gauges("worth", "Worth.", labels=["stream"]),
            Counters("seen", "Seen.", labels=["stream", "kind"]),
        )
        took = Histograms("took", "Took.", labels=["stream"])
        gauge.add_column([(labels, 1.0)])
        seen.add_counts(labels, {"one": 0, "two": 1})
        took.add_buckets(labels, Buckets((1.0,)))
        page_of([Telling(gauge, seen, took)])  # type: ignore[list-item]
        memories = gauge.memory.beginnings, seen.memory.counted, took.memory.histograms
        assert max(map(len, memories)) <= 2 * 4 + 10


def test_samples_can_be_read_back() -> None:
    """For those who go by the library's families."""
    (sample,) = (each for each in _counter(Counters).samples if each.labels["kind"] == "two")
    assert (sample.name, sample.labels, sample.value) == ("seen_total", {"stream": "demo", "kind": "two"}, 12)
