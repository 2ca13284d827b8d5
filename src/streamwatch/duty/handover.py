"""When a role last changed hands, and between whom. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from streamwatch.duty.book import DutyBook
from streamwatch.duty.shifts import shifts

LOOKED_BACK = timedelta(days=8)  # a week's turn and a day
MOMENT = timedelta(seconds=1)


@dataclass(frozen=True)
class HandOver:
    """*leaving* had *role* of *stream* before *since*, *coming* has it now. Without *since* it was longer ago."""

    role: str
    stream: str
    since: datetime | None
    leaving: tuple[str, ...]
    coming: tuple[str, ...]


def handover(book: DutyBook, role: str, stream: str, at: datetime) -> HandOver:
    """The last hand-over up to *at*: a shift that goes on with the same people is none."""
    past = shifts(book, role, stream, at - LOOKED_BACK, at + MOMENT)
    coming = past[-1].duty.call
    since = past[-1].start
    for shift in reversed(past):
        if shift.duty.call != coming:
            return HandOver(role, stream, since, shift.duty.call, coming)
        since = shift.start
    return HandOver(role, stream, None, (), coming)
