"""What viewers complained about: counts from the chat, and the samples that incidents keep as evidence. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from streamwatch.report.review.handling import Handling
from streamwatch.report.review.measured import COMPLAINTS, Measured
from streamwatch.report.series import SERIES
from streamwatch.vocabulary import CATEGORIES

_USERS = next(series for series in SERIES if series.key == "complaining_users")


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
    """Of one stream. *known*: its chat was read at all, so that no complaint means none."""

    stream: str
    known: bool
    categories: tuple[Category, ...]
    samples: tuple[Sample, ...]


def feedback(stream: str, handlings: Sequence[Handling], measured: Measured) -> Feedback:
    """*handlings* are the incidents of *stream* without drills. The category with most complaints comes first."""
    counted = {name: sum(each.known) for name, each in measured.by_category(COMPLAINTS).items()}
    users = {name: each.max for name, each in measured.by_category(_USERS).items()}
    every = [Category(name, counted.get(name), users.get(name)) for name in {*counted, *users}]
    heard = [each for each in every if round(each.complaints or 0) or each.users]
    heard.sort(key=lambda each: (-(each.complaints or 0), -(each.users or 0), each.category))
    return Feedback(stream, bool(every), tuple(heard), tuple(dict.fromkeys(_samples(handlings))))


def _samples(handlings: Iterable[Handling]) -> Iterable[Sample]:
    for each in handlings:
        for category in sorted(each.complaints, key=_place):
            for text in each.complaints[category].get("samples", ()):
                yield Sample(category, str(text), each.number)


def _place(category: str) -> tuple[int, str]:
    known = list(CATEGORIES)
    return (known.index(category) if category in known else len(known)), category
