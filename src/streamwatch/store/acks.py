"""Who takes an incident: the database decides who was first.

Acks are leases: they run out unless somebody shows that work goes on; then the incident calls again.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import Connection, select, update

from streamwatch.alert import Severity
from streamwatch.incidents.adoption import Subject
from streamwatch.incidents.timeline import Kind, acknowledged, tell
from streamwatch.language import Text
from streamwatch.message import CALLS
from streamwatch.store import presses, tables
from streamwatch.store.database import Database
from streamwatch.store.merged import live
from streamwatch.store.merges import ACK
from streamwatch.store.observed import ASKED_FOR
from streamwatch.store.presses import Heard
from streamwatch.store.rows import Call, add_page, add_row, add_rows

_table = tables.incident
_CALLS = (_table.c.state == "open") & _table.c.silenced_until.is_(None)
_TAKEN = (_table.c.state == "acknowledged") & _table.c.silenced_until.is_(None)


class Lapsed(NamedTuple):
    """An incident whose ack ran out, and whose it was."""

    id: int
    severity: Severity
    person: str
    acknowledged_at: datetime
    progressed_at: datetime | None
    procedure: str
    asked_for: bool

    @property
    def subject(self) -> Subject:
        return Subject(self.procedure, self.asked_for)

    @property
    def since(self) -> datetime:
        """When work was last seen: somebody who took over counts from then."""
        return max(self.acknowledged_at, self.progressed_at or self.acknowledged_at)


class Calls(NamedTuple):
    """An open incident that nobody has taken, since when it calls, and which steps of its escalation were taken."""

    id: int
    severity: Severity
    called_at: datetime
    steps: Sequence[int]


@dataclass(frozen=True)
class Unacknowledged:
    """The same, with whom it may call: *told* were called already."""

    id: int
    stream: str
    role: str
    severity: Severity
    called_at: datetime
    steps: Sequence[int]
    told: frozenset[str]
    subject: Subject


class Ack(StrEnum):
    DONE = "done"
    ALREADY = "already"  # somebody else was first
    OVER = "over"
    MISSING = "missing"


class Acks:
    def __init__(self, database: Database) -> None:
        self._database = database

    def acknowledge(self, incident: int, by: str, at: datetime, heard: Heard | None = None) -> Ack:
        """Take the incident. The database decides who was first. A press that was heard before changes nothing."""
        with self._database.writing() as connection:
            if heard and (known := presses.begin(connection, heard, by, at)) is not None:
                return Ack(known)
            outcome = _acknowledge(connection, live(connection, incident), by, at, heard and heard.channel)
            if heard:
                presses.end(connection, heard, outcome)
            return outcome

    def acknowledge_all(self, incidents: Collection[int], by: str, at: datetime, heard: Heard | None = None) -> int:
        """Take those of them that nobody has taken; how many."""
        with self._database.writing() as connection:
            if heard and (known := presses.begin(connection, heard, by, at)) is not None:
                return int(known)
            taken = _acknowledge_all(connection, incidents, by, at, heard and heard.channel)
            if heard:
                presses.end(connection, heard, str(taken))
            return taken

    def just_taken(self, incidents: Collection[int], by: str, at: datetime) -> list[int]:
        """Those of them that *by* took at that moment."""
        table = tables.incident.c
        query = select(table.id).where(table.id.in_(incidents), table.acknowledged_by == by)
        with self._database.reading() as connection:
            return list(connection.scalars(query.where(table.acknowledged_at == at).order_by(table.id)))

    def calling(self) -> list[Calls]:
        """All that nobody has taken: in a storm hundreds, and read each second."""
        table = tables.incident.c
        query = select(table.id, table.severity, table.called_at, table.steps).where(_CALLS).order_by(table.id)
        with self._database.reading() as connection:
            return [Calls(*row) for row in connection.execute(query)]

    def unacknowledged(self, incidents: Collection[int]) -> list[Unacknowledged]:
        """Those of them that still are."""
        table, page = tables.incident.c, tables.page.c
        mine = _CALLS & table.id.in_(incidents)
        told_of = (
            table.id,
            table.stream,
            table.role,
            table.severity,
            table.called_at,
            table.steps,
            table.procedure,
        )
        with self._database.reading() as connection:
            query = select(*told_of, ASKED_FOR.label("asked_for")).where(mine)
            rows = connection.execute(query.order_by(table.id)).all()
            told: dict[int, set[str]] = {row.id: set() for row in rows}
            # Whoever was told before it called anew (it became more urgent, an ack ran out) may be called again.
            lately = (page.incident_id == table.id) & (page.created_at >= table.called_at)
            calls = select(page.incident_id, page.person).join_from(tables.page, tables.incident, lately)
            calls = calls.where(mine, page.state != "cancelled", page.kind.in_(CALLS))
            for call in connection.execute(calls.distinct()):
                told.setdefault(call.incident_id, set()).add(call.person)
        return [
            Unacknowledged(
                row.id,
                row.stream,
                row.role,
                row.severity,
                row.called_at,
                row.steps,
                frozenset(told[row.id]),
                Subject(row.procedure, row.asked_for),
            )
            for row in rows
        ]

    def lapsed(self, leases: Mapping[Severity, timedelta], at: datetime) -> list[Lapsed]:
        """Those of which nothing was heard for longer than the lease of their severity."""
        columns: tuple[Any, ...] = (_table.c.id, _table.c.severity, _table.c.acknowledged_by)
        columns += (_table.c.acknowledged_at, _table.c.progressed_at, _table.c.procedure, ASKED_FOR)
        with self._database.reading() as connection:
            taken = [Lapsed(*row) for row in connection.execute(select(*columns).where(_TAKEN))]
        return [each for each in taken if each.severity in leases and at - each.since >= leases[each.severity]]

    def lapse(self, ack: Lapsed, reason: Text, at: datetime) -> bool:
        """Call its owner again, and everybody after them as if it had just opened. False: somebody was at work."""
        mine = (_table.c.id == ack.id) & (_table.c.state == "acknowledged")
        mine &= _table.c.acknowledged_at == ack.acknowledged_at
        mine &= _table.c.progressed_at.is_not_distinct_from(ack.progressed_at)
        anew = {"state": "open", **dict.fromkeys(ACK)}
        with self._database.writing() as connection:
            if not connection.execute(update(_table).where(mine).values(**anew, called_at=at, steps=[])).rowcount:
                return False
            add_row(connection, ack.id, tell(Kind.LAPSED, person=ack.person, why=reason), at)
            call = Call("firing", ack.severity, f"lapsed:{at.isoformat()}")
            add_page(connection, ack.id, ack.person, call, reason, at)
        return True

    def note(self, incident: int, person: str, text: str, at: datetime) -> bool:
        """A line of the timeline; of an incident that is taken it keeps the ack alive. False: no such incident."""
        with self._database.writing() as connection:
            incident = live(connection, incident)
            if connection.scalar(select(_table.c.id).where(_table.c.id == incident)) is None:
                return False
            taken = (_table.c.id == incident) & (_table.c.state == "acknowledged")
            connection.execute(update(_table).where(taken).values(progressed_at=at))
            add_row(connection, incident, tell(Kind.NOTED, person=person, what=text), at)
        return True


def _acknowledge(connection: Connection, incident: int, by: str, at: datetime, over: str | None) -> Ack:
    table = tables.incident
    taken = {"state": "acknowledged", "acknowledged_at": at, "acknowledged_by": by}
    free = (table.c.id == incident) & (table.c.state == "open")
    if connection.execute(update(table).where(free).values(taken)).rowcount:
        add_row(connection, incident, acknowledged(by, over), at)
        return Ack.DONE
    mine = (table.c.id == incident) & (table.c.state == "acknowledged") & (table.c.acknowledged_by == by)
    connection.execute(update(table).where(mine).values(progressed_at=at))  # "I am still at it"
    state = connection.scalar(select(table.c.state).where(table.c.id == incident))
    return {None: Ack.MISSING, "acknowledged": Ack.ALREADY}.get(state, Ack.OVER)


def _acknowledge_all(
    connection: Connection, incidents: Collection[int], by: str, at: datetime, over: str | None
) -> int:
    table = tables.incident
    open_ones = table.c.id.in_(incidents) & (table.c.state == "open")
    ids = list(connection.scalars(select(table.c.id).where(open_ones).with_for_update()))
    if ids:
        taken = {"state": "acknowledged", "acknowledged_at": at, "acknowledged_by": by}
        connection.execute(update(table).where(table.c.id.in_(ids)).values(taken))
        add_rows(connection, ids, acknowledged(by, over), at)
    return len(ids)
