"""What people say about duty on the fly: overrides, sessions that begin and end, incidents that change hands."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection, delete, insert, or_, select, update

from streamwatch.duty import Actual, Override
from streamwatch.incidents.timeline import Kind, tell
from streamwatch.store import tables
from streamwatch.store.acks import Ack
from streamwatch.store.database import Database
from streamwatch.store.merged import live
from streamwatch.store.rows import add_row


@dataclass(frozen=True)
class Said:
    """Everything that is in force or ahead, the latest last."""

    overrides: tuple[Override, ...] = ()
    actual: dict[str, Actual] = field(default_factory=dict)  # by the id of the session


class DutyLog:
    """Nothing is ever forgotten here: what was withdrawn is marked so."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def said(self, since: datetime) -> Said:
        """Without overrides that ended before *since*, and without those that were withdrawn."""
        table = tables.duty_override
        query = select(table).where(table.c.ends_at > since, table.c.withdrawn_at.is_(None)).order_by(table.c.id)
        with self._database.reading() as connection:
            overrides = tuple(
                Override(
                    row.role, row.person, row.starts_at, row.ends_at, row.stream, row.reason, row.made_by, row.id
                )
                for row in connection.execute(query)
            )
            times = connection.execute(select(tables.session_time)).all()
        return Said(overrides, {row.session: Actual(row.started_at, row.ended_at) for row in times})

    def override(self, overrides: Sequence[Override], at: datetime) -> list[int]:
        """Keep all of them or none; their ids."""
        with self._database.writing() as connection:
            return [_keep(connection, each, at) for each in overrides]

    def withdraw(self, override: int, by: str | None, at: datetime) -> bool:
        """Whether it was in force."""
        table = tables.duty_override
        with self._database.writing() as connection:
            withdrawn = (
                update(table)
                .where(table.c.id == override, table.c.withdrawn_at.is_(None))
                .values(withdrawn_at=at, withdrawn_by=by)
            )
            return connection.execute(withdrawn).rowcount > 0

    def session_time(self, session: str, actual: Actual, by: str | None, at: datetime) -> None:
        """When it began and ended, as it is known now."""
        table = tables.session_time
        with self._database.writing() as connection:
            connection.execute(delete(table).where(table.c.session == session))
            connection.execute(
                insert(table).values(
                    session=session, started_at=actual.started, ended_at=actual.ended, said_by=by, said_at=at
                )
            )

    def take_over(self, incident: int, by: str, at: datetime) -> Ack:
        """*by* has the incident from now on, whoever had it before. When it was first taken stays on record."""
        table = tables.incident
        with self._database.writing() as connection:
            incident = live(connection, incident)
            found = select(table.c.state, table.c.acknowledged_by).where(table.c.id == incident)
            row = connection.execute(found.with_for_update()).one_or_none()
            if row is None:
                return Ack.MISSING
            if row.state == "resolved":
                return Ack.OVER
            if row.acknowledged_by == by:
                return Ack.ALREADY
            values = {"acknowledged_by": by, "progressed_at": at}
            told = tell(Kind.TAKEN_OVER, person=by, others=row.acknowledged_by)
            if row.state == "open":
                values |= {"state": "acknowledged", "acknowledged_at": at}
                told = tell(Kind.ACKNOWLEDGED, person=by)
            still = (table.c.id == incident, or_(table.c.state == "open", table.c.state == "acknowledged"))
            connection.execute(update(table).where(*still).values(values))
            add_row(connection, incident, told, at)
            return Ack.DONE


def _keep(connection: Connection, override: Override, at: datetime) -> int:
    result = connection.execute(
        insert(tables.duty_override).values(
            role=override.role,
            person=override.person,
            stream=override.stream,
            starts_at=override.start,
            ends_at=override.end,
            reason=override.reason,
            made_by=override.by,
            made_at=at,
        )
    )
    return int(result.inserted_primary_key[0])  # type: ignore[index]  # one row, one key
