"""Expressions are taken apart as Prometheus does it, and each part knows where it stands."""

import pytest

from streamwatch.rules.parsing import PromqlError, parse, seconds
from streamwatch.rules.promql import Aggregate, Binary, Call, Node, Selector, Subquery, walk


def grouped(node: Node, text: str) -> str:
    """With brackets around each operation."""
    if isinstance(node, Binary):
        return f"({grouped(node.left, text)} {node.op} {grouped(node.right, text)})"
    return text[node.start : node.end]


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("a + b * c", "(a + (b * c))"),
        ("a * b + c", "((a * b) + c)"),
        ("2 ^ 3 ^ 2", "(2 ^ (3 ^ 2))"),
        ("a - b - c", "((a - b) - c)"),
        ("a or b and c", "(a or (b and c))"),
        ("a and b unless c", "((a and b) unless c)"),
        ("a > 1 and b < 2", "((a > 1) and (b < 2))"),
        ("a == bool 0 or b", "((a == 0) or b)"),
        ("a AND b OR c", "((a and b) or c)"),
        ("a / on (x) group_left (y) b > 1", "((a / b) > 1)"),
        ("-1 ^ 2 + 3", "(-1 ^ 2 + 3)"),
    ],
)
def test_operators_bind_as_in_prometheus(text: str, meant: str) -> None:
    """prometheus.io, Operators: binary operator precedence; only ^ groups from the right."""
    assert grouped(parse(text), text) == meant


@pytest.mark.parametrize(
    "text",
    [
        'sum by (stream) (rate(x_total{a="b", c=~"d|e"}[5m] offset 1m)) > 0.05',
        "sum(x) without (host, instance)",
        "max_over_time(rate(x[30s])[10m:1s])",
        "last_over_time(x[10m:] @ end())",
        "x @ 1609746000 offset -5m",
        'label_replace(up{job="a"}, "host", "$1", "server", "(.+)")',
        "count_values without (a) ('v', x)",
        "quantile(0.9, x) or topk by (a) (3, x)",
        "x:y:rate5m{} == 0x1F",
        '{__name__="x", a!~"b"}',
        "vector(1) # a comment",
        "sum(sum)",
        "Inf > NaN",
        "time() - x < 1h30m",
        "a % -b atan2 c",
        "a != ignoring (x) b",
    ],
)
def test_what_prometheus_takes_is_taken(text: str) -> None:
    """Every node lies within the one above it."""
    for node, above in walk(parse(text)):
        assert 0 <= node.start < node.end <= len(text)
        assert all(outer.start <= node.start and node.end <= outer.end for outer in above)


@pytest.mark.parametrize(
    ("text", "at"),
    [("a +", 2), ("sum by (a (x)", 10), ("rate(x[5m]))", 11), ("a b", 2), ("x{a=1}", 4), ("? > 1", 0),
     ("(a)[5m]", 3), ("", 0), ("sum()", 0), ("{a}", 2)],
)  # fmt: skip
def test_what_is_no_expression_is_named_with_its_place(text: str, at: int) -> None:
    """The offset of what is not expected; at the end that of the last character."""
    with pytest.raises(PromqlError) as error:
        parse(text)
    assert error.value.at == at


def test_the_parts_of_an_expression_are_known() -> None:
    """Labels that are kept, matchers, ranges, the operator's own place."""
    text = 'max by (stream) (rate(x_total{probe="hls"}[1m30s])) >= 2'
    tree = parse(text)
    assert isinstance(tree, Binary)
    assert text[tree.op_start :].startswith(">=")
    assert isinstance(tree.left, Aggregate)
    assert (tree.left.labels, tree.left.without) == (("stream",), False)
    assert isinstance(tree.left.expr, Call)
    metric = tree.left.expr.arguments[0]
    assert isinstance(metric, Selector)
    assert (metric.name, metric.equal("probe"), metric.equal("stream"), metric.range) == (
        "x_total",
        "hls",
        None,
        90,
    )


def test_a_subquery_is_not_a_range() -> None:
    """Its step may be left out."""
    over, stepped = parse("x[5m:]"), parse("x[5m:10s]")
    assert isinstance(over, Subquery)
    assert isinstance(stepped, Subquery)
    assert (over.range, over.step, stepped.step) == (300, None, 10)


@pytest.mark.parametrize(("text", "value"), [("6s", 6), ("1m30s", 90), ("2d", 172_800), ("500ms", 0.5)])
def test_durations_are_seconds(text: str, value: float) -> None:
    """prometheus.io, Basics: time durations."""
    assert seconds(text) == value


def test_what_is_no_duration_is_refused() -> None:
    """A number without a unit as well."""
    with pytest.raises(ValueError, match="10"):
        seconds("10")
