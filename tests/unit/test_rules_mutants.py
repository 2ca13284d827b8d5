"""How `mutate_rules.py` makes a rule wrong, and which tests it asks."""

import pytest

from mutate_rules import changes, is_wanted, longer_and_shorter, mutants_of
from streamwatch.rules.graph import Graph
from streamwatch.rules.parsing import parse
from streamwatch.rules.trials import only


@pytest.mark.parametrize(
    ("expr", "wrong"),
    [
        ("a > 20", ["a >= 20", "a <= 20", "a > 22", "a > 18"]),
        ("a == 0", ["a != 0", "a == 1"]),
        ("a == 1", ["a != 1", "a == 2"]),
        ("a and b", ["a or b", "a unless b"]),
        ("a unless b", ["a and b", "a or b"]),
        ("vector(1)", []),
        ("rate(a[5m])", []),
    ],
)
def test_each_place_is_made_wrong_by_itself(expr: str, wrong: list[str]) -> None:
    """Thresholds, comparisons and set operators; ranges and constants are left alone."""
    assert [expr[:start] + new + expr[end:] for start, end, new in changes(parse(expr), expr)] == wrong


def test_waits_become_longer_and_shorter() -> None:
    """By a second, or by a tenth of a long one."""
    assert [list(longer_and_shorter(held)) for held in (1, 6, 120)] == [["2s"], ["7s", "5s"], ["132s", "108s"]]


def test_a_mutant_is_read_by_its_place() -> None:
    """What was there and what is there now, with a little around it; only those that were asked for."""
    rule = {"alert": "Thing", "expr": "max by (stream) (a) > 20 and b", "for": "6s"}
    mutants = list(mutants_of("demo", 0, rule))
    assert [str(each) for each in mutants][:2] == [
        "demo/Thing: max by (stream) (a) > 20 [and → or] b",
        "demo/Thing: max by (stream) (a) > 20 [and → unless] b",
    ]
    assert [each.after for each in mutants if each.key == "for"] == ["7s", "5s"]
    assert [
        is_wanted(mutants[0], *each) for each in ((["Other"], None), (["Thing"], ["→ or"]), (None, ["elsewhere"]))
    ] == [
        False,
        True,
        False,
    ]


def test_a_rule_needs_what_it_reads() -> None:
    """Recorded metrics, alerts by name or pattern, and what a label asks for; a change is noticed above it."""
    graph = Graph([
        {"record": "a:b", "expr": "x"},
        {"record": "c:d", "expr": "a:b > 1"},
        {"alert": "One", "expr": "c:d or ALERTS{alertname=~'Tw.'}"},
        {"alert": "Two", "expr": "y", "labels": {"severity": "{{ query `e:f` }}"}},
        {"record": "e:f", "expr": "z"},
    ])  # fmt: skip
    assert graph.needed({"One"}) == {"One", "c:d", "a:b", "Two", "e:f"}
    assert graph.that_read("a:b") == {"a:b", "c:d", "One"}
    assert graph.that_read("e:f") == {"e:f", "Two", "One"}


def test_only_expectations_of_the_rule_are_asked() -> None:
    """A test without any is no test of it."""
    test = {"alert_rule_test": [{"alertname": "One"}, {"alertname": "Two"}], "name": "n"}
    assert only(test, {"One"}) == {"name": "n", "alert_rule_test": [{"alertname": "One"}], "promql_expr_test": []}
    assert only(test, {"Three"}) is None
