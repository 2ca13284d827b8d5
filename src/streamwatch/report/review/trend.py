"""Whether it becomes better: figures over sessions of one stream, the last against those before. Pure."""

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import median
from typing import Any, Literal, NamedTuple

from streamwatch.alert import SEVERITIES
from streamwatch.language import Text

Direction = Literal["better", "worse", "same"]
SAME = 0.1  # of the usual: less is chance
LAST = 5  # sessions, with which a review compares


class Figure(NamedTuple):
    """*better*: whether more of it is; None where neither is."""

    key: str
    name: Text
    unit: Literal["count", "seconds"]
    better: Literal["more", "less"] | None


FIGURES = (
    Figure("viewers_peak", Text("最高在线", "Peak viewers"), "count", "more"),
    Figure("viewers_average", Text("平均在线", "Average viewers"), "count", "more"),
    Figure("interrupted_seconds", Text("中断", "Interrupted"), "seconds", "less"),
    *(
        Figure(f"incidents_{severity}", Text(f"{severity} 事件", f"{severity} incidents"), "count", "less")
        for severity in SEVERITIES
    ),
    Figure("complaints", Text("抱怨次数（约）", "Complaints (about)"), "count", "less"),
    Figure("seconds_to_page", Text("送达用时（中位数）", "Paged after (median)"), "seconds", "less"),
    Figure("seconds_to_ack", Text("认领用时（中位数）", "Taken after (median)"), "seconds", "less"),
    Figure("seconds_to_over", Text("恢复用时（中位数）", "Over after (median)"), "seconds", "less"),
    Figure("drills", Text("演练次数", "Drills"), "count", None),
    Figure("drills_right", Text("其中通过", "Drills passed"), "count", None),
    Figure("actions_open", Text("未完成的改进项", "Action items open"), "count", "less"),
    Figure("actions_done", Text("已完成的改进项", "Action items done"), "count", None),
)


@dataclass(frozen=True)
class Point:
    """One session; None, or no value at all, is not known."""

    session: str
    ended_at: datetime
    values: Mapping[str, float | None]


@dataclass(frozen=True)
class Line:
    """*usual* is the median of all but the last; *direction* is None where there is nothing to compare."""

    figure: Figure
    values: tuple[float | None, ...]
    usual: float | None
    direction: Direction | None


@dataclass(frozen=True)
class Trend:
    points: tuple[Point, ...]  # the first to end first
    lines: tuple[Line, ...]


def point(told: Mapping[str, Any]) -> Point:
    """*told* is a review of the API's. Raises `KeyError`, `TypeError` or `ValueError` when it is none."""
    return Point(told["session"], datetime.fromisoformat(told["ended_at"]), flat(told["numbers"]))


def flat(numbers: Mapping[str, Any]) -> dict[str, float | None]:
    """The incidents by severity as figures of their own."""
    incidents = {f"incidents_{severity}": count for severity, count in numbers["incidents"].items()}
    return {key: value for key, value in numbers.items() if key != "incidents"} | incidents


def last(points: Iterable[Point], count: int) -> list[Point]:
    """The *count* that ended last, the first to end first; a session whose end was told twice counts once."""
    found: dict[str, Point] = {}
    for each in sorted(points, key=lambda each: each.ended_at):
        found[each.session] = each
    return sorted(found.values(), key=lambda each: each.ended_at)[-count:]


def trend(points: Sequence[Point], asked: Container[str] | None = None) -> Trend:
    """Of the figures that are *asked*, else of all; one that no session has is left out."""
    lines = (_line(figure, points) for figure in FIGURES if asked is None or figure.key in asked)
    return Trend(tuple(points), tuple(line for line in lines if any(each is not None for each in line.values)))


def _line(figure: Figure, points: Sequence[Point]) -> Line:
    values = tuple(each.values.get(figure.key) for each in points)
    before = [each for each in values[:-1] if each is not None]
    usual = median(before) if before else None
    return Line(figure, values, usual, _direction(figure, usual, values[-1] if values else None))


def _direction(figure: Figure, usual: float | None, now: float | None) -> Direction | None:
    if usual is None or now is None or figure.better is None:
        return None
    if abs(now - usual) <= SAME * abs(usual):
        return "same"
    return "better" if (now > usual) == (figure.better == "more") else "worse"
