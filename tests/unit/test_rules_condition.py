"""A condition of `rules new --expr`: what it measures, and the values on both sides of its limit."""

import pytest

from streamwatch.errors import CommandFailed
from streamwatch.rules.condition import DEFAULT, condition_of


@pytest.mark.parametrize(
    ("expr", "good", "bad"),
    [
        ("a > 20", "20", "22"),
        ("a >= 20", "18", "20"),
        ("a < 20", "20", "18"),
        ("a <= 20", "22", "20"),
        ("a == 5", "6", "5"),
        ("a != 5", "5", "6"),
        ("a > 0", "0", "1"),
        ("a > 0.2", "0.2", "0.22"),
        ("a < -10", "-10", "-11"),
        (DEFAULT, "1", "0"),
    ],
)
def test_the_values_are_those_beside_the_limit(expr: str, good: str, bad: str) -> None:
    """A limit that is changed by a tenth, or a comparison that is turned, makes the test fail."""
    condition = condition_of(expr)
    assert (condition.good, condition.bad) == (good, bad)


@pytest.mark.parametrize(
    ("expr", "measured", "labels"),
    [
        ("a > 5", "max by (stream) (a)", {"stream": "demo"}),
        ("a < 5", "min by (stream) (a)", {"stream": "demo"}),
        ("(sum by (host) (a)) > (5)", "sum by (host) (a)", {"host": "example"}),
        ('max by (stream) (a{b="c"}) > 5', 'max by (stream) (a{b="c"})', {"stream": "demo", "b": "c"}),
        ('a{b=~"c|d", b!="c"} > 5', 'max by (stream) (a{b=~"c|d", b!="c"})', {"stream": "demo", "b": "d"}),
        ('a{stream!=""} > 5', 'max by (stream) (a{stream!=""})', {"stream": "demo"}),
        ("max(a) by (stream) > 5", "max by (stream) (a)", {"stream": "demo"}),
        ("stream:a:rate5s > 5", "max by (stream) (stream:a:rate5s)", {"stream": "demo"}),
    ],
)
def test_what_is_measured_keeps_its_labels(expr: str, measured: str, labels: dict[str, str]) -> None:
    """Of a metric alone the worst one of a stream counts; the series of the test is one that is meant."""
    condition = condition_of(expr)
    assert (condition.measured, condition.labels) == (measured, labels)


@pytest.mark.parametrize(
    "expr",
    ["a", "a > b", "rate(a[5s]) > 1", "max(a) > 1", "count by (stream) (a) > 1", "a > bool 1", "a offset 5m > 1",
     "max without (b) (a) > 1", '{b="c"} > 1', "a > NaN", "a > 1 and b > 1", "", "a >"],
)  # fmt: skip
def test_what_needs_a_test_of_its_own_is_refused(expr: str) -> None:
    """With the shape that is taken."""
    with pytest.raises(CommandFailed, match="--expr"):
        condition_of(expr)
