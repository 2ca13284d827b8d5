"""Which sessions have their review. A row comes before its files, so that what a crash left is known as ours."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, insert, select, update

from streamwatch.store import tables
from streamwatch.store.database import Database

_table = tables.review
_LONGEST = 255  # characters: no file system takes a longer name, and each dot of it may end a stem


class Reviews:
    def __init__(self, database: Database) -> None:
        self._database = database

    def written(self, since: datetime) -> frozenset[tuple[str, datetime]]:
        """Session and end of all that are whole, of ends since then."""
        query = select(_table.c.session, _table.c.ended_at).where(
            _table.c.ended_at >= since, _table.c.written_at.is_not(None)
        )
        with self._database.reading() as connection:
            return frozenset((row.session, row.ended_at) for row in connection.execute(query))

    def begun(self, session: str, ended_at: datetime) -> Row[Any] | None:
        """The row, whole or not."""
        query = select(_table).where(_table.c.session == session, _table.c.ended_at == ended_at)
        with self._database.reading() as connection:
            return connection.execute(query).one_or_none()

    def stems(self, begins: str) -> frozenset[str]:
        """Those in use that begin so."""
        query = select(_table.c.stem).where(_table.c.stem.startswith(begins, autoescape=True))
        with self._database.reading() as connection:
            return frozenset(connection.scalars(query))

    def begin(self, session: str, ended_at: datetime, stream: str, stem: str, at: datetime) -> None:
        with self._database.writing() as connection:
            connection.execute(
                insert(_table).values(session=session, ended_at=ended_at, stream=stream, stem=stem, begun_at=at)
            )

    def done(
        self, session: str, ended_at: datetime, files: Sequence[str], numbers: Mapping[str, Any], at: datetime
    ) -> None:
        """All its files are on the disk."""
        mine = (_table.c.session == session) & (_table.c.ended_at == ended_at)
        with self._database.writing() as connection:
            whole = {"written_at": at, "files": list(files), "numbers": dict(numbers)}
            connection.execute(update(_table).where(mine).values(**whole))

    def of_file(self, name: str) -> Row[Any] | None:
        """The review of which *name* is a file."""
        if len(name) > _LONGEST or "\0" in name:
            return None
        stems = [name[:at] for at, letter in enumerate(name) if letter == "."]
        with self._database.reading() as connection:
            rows = connection.execute(
                select(_table).where(_table.c.stem.in_(stems), _table.c.written_at.is_not(None))
            )
            return next((row for row in rows if name in row.files), None)

    def past(
        self, limit: int, stream: str | None = None, before: datetime | None = None, session: str | None = None
    ) -> list[Row[Any]]:
        """Whole ones, the last to end first; *before* bounds the end."""
        query = select(_table).where(_table.c.written_at.is_not(None))
        if stream is not None:
            query = query.where(_table.c.stream == stream)
        if before is not None:
            query = query.where(_table.c.ended_at < before)
        if session is not None:
            query = query.where(_table.c.session == session)
        with self._database.reading() as connection:
            return list(connection.execute(query.order_by(_table.c.ended_at.desc(), _table.c.session).limit(limit)))
