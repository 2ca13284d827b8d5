"""Which streams have others on duty at a moment than the rest, as during a session with its own list. Pure."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from streamwatch.duty.book import DutyBook
from streamwatch.duty.doubts import streams
from streamwatch.duty.resolve import Duty, running_session, who
from streamwatch.duty.session import Session


class Own(NamedTuple):
    """What is decided for *stream* otherwise than for all others. *session*: the one that is in force there."""

    stream: str
    session: Session | None
    duty: tuple[tuple[str, Duty], ...]  # by role


def own_duty(book: DutyBook, roles: Sequence[str], at: datetime, severity: str | None = None) -> Iterator[Own]:
    common = {role: who(book, role, "", at, severity) for role in roles}
    for stream in streams(book)[1:]:
        here = ((role, who(book, role, stream, at, severity)) for role in roles)
        if differs := tuple((role, duty) for role, duty in here if duty != common[role]):
            yield Own(stream, running_session(book, stream, at), differs)
