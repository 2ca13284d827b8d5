"""Acks are leases: they run out unless somebody shows that work goes on; then the incident calls again."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import select, update

from streamwatch.alert import Severity
from streamwatch.language import Text
from streamwatch.store import tables
from streamwatch.store.database import Database
from streamwatch.store.merged import live
from streamwatch.store.rows import Call, add_page, add_row
from streamwatch.timeline import Kind, tell

_table = tables.incident
_TAKEN = (_table.c.state == "acknowledged") & _table.c.silenced_until.is_(None)


class Lapsed(NamedTuple):
    """An incident whose ack ran out, and whose it was."""

    id: int
    severity: Severity
    person: str
    acknowledged_at: datetime
    progressed_at: datetime | None

    @property
    def since(self) -> datetime:
        """When work was last seen: somebody who took over counts from then."""
        return max(self.acknowledged_at, self.progressed_at or self.acknowledged_at)


class Acks:
    def __init__(self, database: Database) -> None:
        self._database = database

    def lapsed(self, leases: Mapping[Severity, timedelta], at: datetime) -> list[Lapsed]:
        """Those of which nothing was heard for longer than the lease of their severity."""
        seen = (_table.c.acknowledged_at, _table.c.progressed_at)
        query = select(_table.c.id, _table.c.severity, _table.c.acknowledged_by, *seen)
        with self._database.reading() as connection:
            taken = [Lapsed(*row) for row in connection.execute(query.where(_TAKEN))]
        return [each for each in taken if each.severity in leases and at - each.since >= leases[each.severity]]

    def lapse(self, ack: Lapsed, reason: Text, at: datetime) -> bool:
        """Call its owner again, and everybody after them as if it had just opened. False: somebody was at work."""
        mine = (_table.c.id == ack.id) & (_table.c.state == "acknowledged")
        mine &= _table.c.acknowledged_at == ack.acknowledged_at
        mine &= _table.c.progressed_at.is_not_distinct_from(ack.progressed_at)
        anew = {"state": "open", "acknowledged_at": None, "acknowledged_by": None, "progressed_at": None}
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
