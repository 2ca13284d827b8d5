"""What somebody was called for, and whether that was of use to them: one word of each person for an incident."""

from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, func, select

from streamwatch.incidents.timeline import Kind
from streamwatch.message import CALLS
from streamwatch.store import tables
from streamwatch.store.database import Database
from streamwatch.store.merged import live
from streamwatch.store.rows import MAKERS

NOT_SENT = ("cancelled", "observed")  # nobody was called by it
_TAKES = (Kind.ACKNOWLEDGED, Kind.TAKEN_OVER)

_incident, _page, _timeline, _rating = tables.incident, tables.page.c, tables.timeline.c, tables.rating
MOST = 200  # incidents of one person


class Rated(StrEnum):
    FIRST = "first"
    CHANGED = "changed"
    NOT_CALLED = "not_called"
    MISSING = "missing"


class Called(NamedTuple):
    """One incident that a person was called for. *taken_at*: when they took it, if it was they who did."""

    incident: Row[Any]
    called_at: datetime
    taken_at: datetime | None
    false_alarm: bool
    rating: Row[Any] | None


class Ratings:
    def __init__(self, database: Database) -> None:
        self._database = database

    def rate(self, incident: int, person: str, useful: bool, why: str, at: datetime) -> Rated:
        """The last word counts. Only who was called can say it."""
        with self._database.writing() as connection:
            incident = live(connection, incident)
            if connection.scalar(select(_incident.c.id).where(_incident.c.id == incident)) is None:
                return Rated.MISSING
            if not _was_called(connection, incident, person):
                return Rated.NOT_CALLED
            said = {"useful": useful, "why": why, "at": at}
            whose = {"incident_id": incident, "person": person}
            known = connection.execute(select(_rating).filter_by(**whose)).first()
            write = MAKERS[connection.dialect.name](_rating).values(**whose, **said)
            keys = ["incident_id", "person"]
            connection.execute(write.on_conflict_do_update(index_elements=keys, set_=said))
        return Rated.FIRST if known is None else Rated.CHANGED

    def rating(self, incident: int, person: str) -> Row[Any] | None:
        with self._database.reading() as connection:
            mine = {"incident_id": live(connection, incident), "person": person}
            return connection.execute(select(_rating).filter_by(**mine)).first()

    def called(self, person: str, since: datetime) -> list[Called]:
        """What *person* was called for since then, the latest first."""
        mine = (_page.person == person) & _page.kind.in_(CALLS) & _page.state.not_in(NOT_SENT)
        mine &= (_page.created_at >= since) & _page.incident_id.is_not(None)
        calls = select(_page.incident_id, func.min(_page.created_at).label("at")).where(mine)
        calls = calls.group_by(_page.incident_id).order_by(func.min(_page.created_at).desc()).limit(MOST)
        with self._database.reading() as connection:
            called = {row.incident_id: row.at for row in connection.execute(calls)}
            query = select(_incident).where(_incident.c.id.in_(called))
            incidents = {row.id: row for row in connection.execute(query)}
            ratings = select(_rating).where(_rating.c.person == person, _rating.c.incident_id.in_(called))
            rated = {row.incident_id: row for row in connection.execute(ratings)}
            taken = _first(connection, called, _TAKES, person)
            false = _first(connection, called, (Kind.FALSE_ALARM,))
        return [
            Called(incidents[each], at, taken.get(each), each in false, rated.get(each))
            for each, at in called.items()
        ]


def _was_called(connection: Connection, incident: int, person: str) -> bool:
    mine = (_page.incident_id == incident) & (_page.person == person)
    mine &= _page.kind.in_(CALLS) & _page.state.not_in(NOT_SENT)
    return connection.execute(select(_page.id).where(mine).limit(1)).first() is not None


def _first(
    connection: Connection, incidents: dict[int, datetime], kinds: tuple[Kind, ...], person: str | None = None
) -> dict[int, datetime]:
    """When a row of one of *kinds* was first written, by incident."""
    mine = _timeline.incident_id.in_(incidents) & _timeline.kind.in_(kinds)
    if person is not None:
        mine &= _timeline.person == person
    query = select(_timeline.incident_id, func.min(_timeline.at).label("at")).where(mine)
    return {row.incident_id: row.at for row in connection.execute(query.group_by(_timeline.incident_id))}
