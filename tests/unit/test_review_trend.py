"""Figures over sessions: which sessions, what is usual, and whether the last one was better."""

from datetime import timedelta
from typing import Any

import pytest

from servers.told_incident import EIGHT, SHANGHAI, at
from streamwatch.report.review.document import trend_document
from streamwatch.report.review.reader import Reader
from streamwatch.report.review.told_trend import told_comparison, told_trend
from streamwatch.report.review.trend import FIGURES, Point, flat, last, point, trend

DAY = timedelta(days=1)


def session(number: int, **values: float | None) -> Point:
    return Point(f"s{number}", EIGHT + number * DAY, values)


def directions(*values: float | None, key: str = "interrupted_seconds") -> Any:
    (line,) = trend([session(number, **{key: value}) for number, value in enumerate(values)]).lines
    return line.usual, line.direction


@pytest.mark.parametrize(
    ("values", "usual", "direction"),
    [
        ((10, 100, 90, 40), 90, "better"),
        ((10, 12, 14), 11, "worse"),
        ((100, 109), 100, "same"),
        ((100, 111), 100, "worse"),
        ((0, 0), 0, "same"),
        ((0, 1), 0, "worse"),
        ((None, 50, None, 20), 50, "better"),
        ((50, None), 50, None),
        ((None, 50), None, None),
    ],
)
def test_the_last_against_the_median_of_those_before(
    values: tuple[float | None, ...], usual: float | None, direction: str | None
) -> None:
    """Within a tenth is chance; where one side is not known nothing is said."""
    assert directions(*values) == (usual, direction)


def test_more_viewers_are_better_and_drills_are_neither() -> None:
    """As each figure says."""
    assert directions(100, 200, key="viewers_peak") == (100, "better")
    assert directions(200, 100, key="viewers_average") == (200, "worse")
    assert directions(1, 5, key="drills") == (1, None)


def test_only_what_is_asked() -> None:
    """A figure that is not known of a session by itself is no line of its review."""
    points = [session(1, drills=2, complaints=1), session(2, complaints=1)]
    assert [line.figure.key for line in trend(points, {"complaints", "viewers_peak"}).lines] == ["complaints"]


def test_the_last_sessions_each_once() -> None:
    """One whose end was told twice counts with the later; the first to end comes first."""
    again = Point("s1", EIGHT + 3 * DAY, {"complaints": 1})
    found = last([again, session(2), session(0), session(1)], 2)
    assert [(each.session, each.values) for each in found] == [("s2", {}), ("s1", {"complaints": 1})]


def test_as_it_is_kept() -> None:
    """The incidents become a figure for each severity; every figure that is kept is told."""
    kept = {"viewers_peak": 9, "complaints": None, "incidents": {"P0": 1, "P1": 0, "P2": 0, "P3": 2}}
    read = point({"session": "a", "ended_at": at(0), "numbers": kept})
    assert read.values == {
        "viewers_peak": 9, "complaints": None,
        "incidents_P0": 1, "incidents_P1": 0, "incidents_P2": 0, "incidents_P3": 2,
    }  # fmt: skip
    assert set(flat(kept)) <= {figure.key for figure in FIGURES}


SHORT = [session(1, viewers_peak=1000, interrupted_seconds=90, complaints=None),
         session(2, viewers_peak=1500, interrupted_seconds=90, complaints=4)]  # fmt: skip


@pytest.mark.parametrize(
    ("language", "lines"),
    [
        ("zh", ["| 最高在线 | 1,000 | 1,500 | 变好 |", "| 中断 | 1 分 30 秒 | 1 分 30 秒 | 持平 |",
                "| 抱怨次数（约） | 不详 | 4 | — |"]),
        ("en", ["| Peak viewers | 1,000 | 1,500 | better |", "| Interrupted | 1 min 30 s | 1 min 30 s | same |",
                "| Complaints (about) | not known | 4 | — |"]),
    ],
)  # fmt: skip
def test_in_words(language: str, lines: list[str]) -> None:
    """A column for each session, and a word for the direction."""
    reader = Reader("zh" if language == "zh" else "en", SHANGHAI)
    table = "\n\n".join(told_trend("demo", trend(SHORT), reader)).splitlines()
    assert [line for line in table if line.startswith("| ")][2:] == lines
    assert "s1 2026-11-23 20:00" in "".join(table)
    beside = "\n\n".join(told_comparison(trend(SHORT), reader)).splitlines()
    assert len([line for line in beside if line.startswith("| ")]) == 5


def test_nothing_to_compare_is_said() -> None:
    """A first session, and none at all."""
    reader = Reader("en", SHANGHAI)
    assert [*told_comparison(trend(SHORT[:1]), reader)] == ["No session before it to compare with."]
    assert "No session yet" in [*told_trend("demo", trend([]), reader)][1]


def test_as_programs_read_it() -> None:
    """Values in the order of the sessions."""
    told = trend_document(trend(SHORT), SHANGHAI)
    assert [each["session"] for each in told["sessions"]] == ["s1", "s2"]
    assert told["figures"][0] == {
        "figure": "viewers_peak", "values": [1000, 1500], "usual": 1000, "direction": "better",
    }  # fmt: skip
