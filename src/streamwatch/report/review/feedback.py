"""What viewers complained about: counts from the chat, and the samples that incidents keep as evidence. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from streamwatch.report.review.handling import Handling
from streamwatch.report.review.measured import COMPLAINTS, USERS, Measured
from streamwatch.report.series import Series
from streamwatch.vocabulary import CATEGORIES, place


class Category(NamedTuple):
    """*complaints*: one for each sender and minute. *users*: the most in one minute. None: not known."""

    category: str
    complaints: float | None
    users: float | None


class Sample(NamedTuple):
    category: str
    text: str
    incident: str


@dataclass(frozen=True)
class Feedback:
    """Of one stream. *known*: the share of the time on air in which its chat was read, 0 to 1; 0 is not known."""

    stream: str
    known: float
    categories: tuple[Category, ...]
    samples: tuple[Sample, ...]


def feedback(stream: str, handlings: Sequence[Handling], measured: Measured, rows: Sequence[int]) -> Feedback:
    """*handlings* are the incidents of *stream* without drills, *rows* the time on air. The loudest comes first."""
    counted = {name: sum(each) for name, each in _on_air(measured, COMPLAINTS, rows).items()}
    users = {name: max(each) for name, each in _on_air(measured, USERS, rows).items()}
    every = [Category(name, counted.get(name), users.get(name)) for name in {*counted, *users}]
    heard = [each for each in every if round(each.complaints or 0) or each.users]
    heard.sort(key=lambda each: (-(each.complaints or 0), -(each.users or 0), each.category))
    return Feedback(stream, _known(measured, rows), tuple(heard), tuple(dict.fromkeys(_samples(handlings))))


def _on_air(measured: Measured, series: Series, rows: Sequence[int]) -> dict[str, list[float]]:
    """By category the values in *rows*; without those that have none."""
    found = {
        category: [value for row in rows if (value := column.values[row]) is not None]
        for category, column in measured.by_category(series).items()
    }
    return {category: values for category, values in found.items() if values}


def _known(measured: Measured, rows: Sequence[int]) -> float:
    counted = [*measured.by_category(COMPLAINTS).values(), *measured.by_category(USERS).values()]
    heard = sum(any(column.values[row] is not None for column in counted) for row in rows)
    return heard / len(rows) if rows else 0.0


def _samples(handlings: Iterable[Handling]) -> Iterable[Sample]:
    for each in handlings:
        for category in sorted(each.complaints, key=_place):
            for text in each.complaints[category].get("samples", ()):
                yield Sample(category, str(text), each.number)


def _place(category: str) -> tuple[int, str]:
    return place(CATEGORIES, category), category
