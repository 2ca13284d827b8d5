"""What an expression is made of, and when its alert would have fired."""

import io

import pytest

from streamwatch.cli.rules_explain import LOOKING
from streamwatch.cli.waiting import Waiting
from streamwatch.rules.explaining import Firing, firings, parts
from streamwatch.rules.parsing import parse


def every_second(*spans: tuple[int, int]) -> list[float]:
    """From the first to the last instant of each span, both with it."""
    return [float(at) for first, last in spans for at in range(first, last + 1)]


def test_an_expression_is_shown_down_to_its_metrics() -> None:
    """Each part once, numbers left out, on one line; brackets and functions over a single metric stay whole."""
    text = "(max by (stream) (up == 0)\n  and on (stream) rate(x[5s]) < 3) unless rate(x[5s])"
    assert [(each.depth, each.promql) for each in parts(parse(text), text)] == [
        (0, "(max by (stream) (up == 0) and on (stream) rate(x[5s]) < 3) unless rate(x[5s])"),
        (1, "max by (stream) (up == 0) and on (stream) rate(x[5s]) < 3"),
        (2, "max by (stream) (up == 0)"),
        (3, "up"),
        (2, "rate(x[5s]) < 3"),
        (3, "rate(x[5s])"),
    ]


@pytest.mark.parametrize(
    ("spans", "fired"),
    [
        ([(10, 15)], []),
        ([(10, 16)], [Firing(16, 17)]),
        ([(10, 30)], [Firing(16, 31)]),
        ([(10, 14), (16, 20)], []),
        ([(10, 20), (30, 40)], [Firing(16, 21), Firing(36, 41)]),
        ([(90, 100)], [Firing(96, None)]),
        ([], []),
    ],
)
def test_for_is_waited_out_without_a_gap(spans: list[tuple[int, int]], fired: list[Firing]) -> None:
    """Six seconds, second by second, up to 100: six and not five, from the first instant of each time."""
    assert firings(every_second(*spans), until=100, step=1, hold=6, keep=0) == fired


@pytest.mark.parametrize(
    ("spans", "fired"),
    [
        ([(10, 20)], [Firing(16, 31)]),
        ([(10, 20), (25, 30)], [Firing(16, 41)]),
        ([(10, 20), (30, 30)], [Firing(16, 41)]),
        ([(10, 20), (31, 31)], [Firing(16, 31)]),
        ([(10, 95)], [Firing(16, None)]),
    ],
)
def test_keep_firing_for_bridges_gaps(spans: list[tuple[int, int]], fired: list[Firing]) -> None:
    """Ten seconds after the first instant without a value, unless it comes back; an end not seen is none."""
    assert firings(every_second(*spans), until=100, step=1, hold=6, keep=10) == fired


def test_who_waits_is_told_after_two_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    """In place, and the line ends when it is done; a quick answer says nothing."""
    monkeypatch.setenv("STREAMWATCH_LANG", "en")
    now, out = [0.0], io.StringIO()
    waiting = Waiting(out, lambda: now[0], LOOKING)
    for done, at in ((1, 1.9), (2, 2.1), (3, 2.2)):
        now[0] = at
        waiting.tick(done, 4)
    waiting.end()
    assert out.getvalue() == "\rlooking back on the last day: 2/4\rlooking back on the last day: 3/4\n"

    quick = io.StringIO()
    waiting = Waiting(quick, lambda: 0.0, LOOKING)
    waiting.tick(1, 2)
    waiting.end()
    assert quick.getvalue() == ""
