"""Problems by class: how many incidents of each procedure at each hop, by severity. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from streamwatch.report.review.handling import Handling
from streamwatch.report.review.result import by_severity
from streamwatch.vocabulary import HOPS, PROCEDURES, place


@dataclass(frozen=True)
class Class:
    procedure: str
    hop: str
    counts: dict[str, int]  # by severity, each of them, P0 first

    @property
    def total(self) -> int:
        return sum(self.counts.values())


def classes(handlings: Sequence[Handling]) -> tuple[Class, ...]:
    """In the order of the vocabulary, which is that of the signal's way; what it does not list comes last."""
    found = {(each.procedure, each.hop) for each in handlings}
    return tuple(
        Class(
            procedure,
            hop,
            by_severity(each for each in handlings if (each.procedure, each.hop) == (procedure, hop)),
        )
        for procedure, hop in sorted(found, key=_place)
    )


def _place(each: tuple[str, str]) -> tuple[int, int, str, str]:
    procedure, hop = each
    return place(PROCEDURES, procedure), place(HOPS, hop), procedure, hop
