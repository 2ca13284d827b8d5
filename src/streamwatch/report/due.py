"""Which sessions are over and have no review yet. Pure."""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

from streamwatch.duty import Session

SETTLES = timedelta(seconds=60)  # after the end: the last samples are scraped and judged
MADE_UP = timedelta(days=7)  # what ended while nobody ran is made up for so long


def due(
    sessions: Iterable[Session], at: datetime, written: Collection[tuple[str, datetime]]
) -> list[tuple[Session, datetime]]:
    """With their ends, actual or planned; the first to end first. *written* are those that have theirs.

    An end that is told afterwards makes another review: what people wrote into the first stays.
    """
    found: dict[tuple[str, datetime], Session] = {}
    for session in sessions:
        ended = session.air.end
        if SETTLES <= at - ended < MADE_UP and (session.id, ended) not in written:
            found.setdefault((session.id, ended), session)
    return [(session, ended) for (_, ended), session in sorted(found.items(), key=lambda each: each[0][::-1])]
