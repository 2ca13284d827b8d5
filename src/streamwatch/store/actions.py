"""What a team means to do before the next session: who, until when, and whether it is done."""

from dataclasses import asdict, dataclass
from datetime import datetime
from enum import Enum, auto
from typing import Any, Literal

from sqlalchemy import Row, insert, select, update

from streamwatch.store import tables
from streamwatch.store.database import Database

_table = tables.action


class Done(Enum):
    NOW = auto()
    ALREADY = auto()
    MISSING = auto()


@dataclass(frozen=True)
class NewAction:
    """*due* is a day, ISO 8601. It came of a session or of an incident, or of neither; *stream* is theirs."""

    text: str
    owner: str
    due: str
    stream: str | None = None
    session: str | None = None
    incident_id: int | None = None


@dataclass(frozen=True)
class WantedActions:
    """*stream*: its own, and those of no stream in particular."""

    state: Literal["open", "done", "all"] = "all"
    stream: str | None = None
    session: str | None = None
    owner: str | None = None
    limit: int = 200


class Actions:
    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, new: NewAction, by: str | None, at: datetime) -> int:
        with self._database.writing() as connection:
            result = connection.execute(insert(_table).values(**asdict(new), added_at=at, added_by=by))
            return int(result.inserted_primary_key[0])  # type: ignore[index]  # one row, one key

    def done(self, action: int, by: str | None, at: datetime) -> Done:
        """The first to say so counts."""
        mine = _table.c.id == action
        with self._database.writing() as connection:
            said = update(_table).where(mine, _table.c.done_at.is_(None)).values(done_at=at, done_by=by)
            if connection.execute(said).rowcount:
                return Done.NOW
            there = connection.scalar(select(_table.c.id).where(mine))
            return Done.MISSING if there is None else Done.ALREADY

    def one(self, action: int) -> Row[Any] | None:
        with self._database.reading() as connection:
            return connection.execute(select(_table).where(_table.c.id == action)).one_or_none()

    def find(self, wanted: WantedActions) -> list[Row[Any]]:
        """Open ones first, by the day they are due; then those done, the last first."""
        query = select(_table)
        if wanted.state != "all":
            is_open = _table.c.done_at.is_(None)
            query = query.where(is_open if wanted.state == "open" else ~is_open)
        if wanted.stream is not None:
            query = query.where((_table.c.stream == wanted.stream) | _table.c.stream.is_(None))
        if wanted.session is not None:
            query = query.where(_table.c.session == wanted.session)
        if wanted.owner is not None:
            query = query.where(_table.c.owner == wanted.owner)
        order = (_table.c.done_at.is_not(None), _table.c.done_at.desc(), _table.c.due, _table.c.id)
        with self._database.reading() as connection:
            return list(connection.execute(query.order_by(*order).limit(wanted.limit)))
