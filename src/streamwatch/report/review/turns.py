"""Whose a moment is where sessions of one stream follow one another: each belongs to one alone. Pure.

People are at their places from an hour before a session to half an hour after it: two that follow closely overlap.
Told twice, one incident would make the later session worse than it was.
"""

from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise

from streamwatch.duty import Session
from streamwatch.duty.session import utc


def whose(sessions: Sequence[Session], at: datetime) -> Session | None:
    """*sessions* are of one stream. On air goes before what is prepared, and that before what is just over.

    What no session is there for belongs to the next one: it may be open still when that begins.
    """
    moment = utc(at)
    there = [each for each in _in_order(sessions) if each.presence.holds(moment)]
    if on_air := [each for each in there if each.air.holds(moment)]:
        return on_air[-1]  # one that nobody ended is over when the next begins
    if ahead := [each for each in there if moment < each.air.start]:
        return ahead[0]
    if there:
        return max(there, key=lambda each: each.air.end)
    return min(
        (each for each in sessions if each.presence.start > moment),
        key=lambda each: each.presence.start,
        default=None,
    )


def turn(session: Session, beside: Sequence[Session]) -> tuple[datetime, datetime]:
    """From its first moment to its last, in UTC; *beside* are the other sessions of its stream."""
    presence = session.presence
    close = [each for each in beside if each.presence.start < presence.end and each.presence.end > presence.start]
    if not close:
        return presence.start, presence.end
    every = (session, *close)
    borders = sorted({at for each in every for window in (each.presence, each.air)
                      for at in (window.start, window.end)
                      if presence.start <= at <= presence.end})  # fmt: skip
    mine = [
        (start, end)
        for start, end in pairwise(borders)
        if (found := whose(every, start)) is not None and found.id == session.id
    ]
    return (mine[0][0], mine[-1][1]) if mine else (presence.start, presence.end)


def _in_order(sessions: Sequence[Session]) -> list[Session]:
    return sorted(sessions, key=lambda each: (each.air.start, each.air.end, each.id))
