"""Writing accepted webhooks down, many at a time: who posted them is answered when this returns."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Protocol

from sqlalchemy import insert

from streamwatch.store.database import Database
from streamwatch.store.tables import inbox, micros

if TYPE_CHECKING:
    from psycopg import AsyncConnection

Rows = Sequence[dict[str, Any]]

ACCEPT = insert(inbox)
# All rows in one statement and one answer: row by row costs twice the time of both sides.
_TYPES = {"source": "text", "body": "bytea", "received_at": "bigint", "urgent": "int"}
ACCEPT_ON_POSTGRESQL = (
    f"INSERT INTO inbox ({', '.join(_TYPES)}) "  # noqa: S608  # names of ours alone
    f"SELECT * FROM unnest({', '.join(f'%({name})b::{type_}[]' for name, type_ in _TYPES.items())})"
)


class Accepting(Protocol):
    """`commit` returns when *rows* are durable, and raises whatever the database has against it."""

    async def commit(self, rows: Rows) -> None: ...

    def close(self) -> None: ...


def accepting(database: Database) -> Accepting:
    return OnSQLite(database) if database.one_process else OnPostgreSQL(database)


class OnSQLite:
    def __init__(self, database: Database) -> None:
        self._database = database
        # A thread of its own: in a storm all others wait for their turn with the database.
        self._thread = ThreadPoolExecutor(1, "intake")

    async def commit(self, rows: Rows) -> None:
        await asyncio.get_running_loop().run_in_executor(self._thread, self._commit, rows)

    def _commit(self, rows: Rows) -> None:
        with self._database.writing(first=True) as connection:
            connection.execute(ACCEPT, rows)

    def close(self) -> None:
        self._thread.shutdown()


class OnPostgreSQL:
    """One statement is one transaction, on a connection of its own and without a thread: one question, one answer.

    From the pool it would be four of each, to know that the server is still there, to begin and to end; and each
    answer would wake a thread that first has to wait for its turn.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._connection: AsyncConnection[Any] | None = None

    async def commit(self, rows: Rows) -> None:
        columns: dict[str, list[Any]] = {name: [row[name] for row in rows] for name in _TYPES}
        columns["received_at"] = [micros(at) for at in columns["received_at"]]
        if self._connection is not None:
            try:
                await self._connection.execute(ACCEPT_ON_POSTGRESQL, columns)
            except Exception:
                if not self._connection.broken:
                    raise
                # The server was started anew meanwhile. Had it kept them, they are there twice, as repeats.
                self.close()
            else:
                return
        self._connection = await self._connected()
        await self._connection.execute(ACCEPT_ON_POSTGRESQL, columns)

    async def _connected(self) -> "AsyncConnection[Any]":
        from psycopg import AsyncConnection

        words, options = self._database.reached_by()
        return await AsyncConnection.connect(*words, **options, autocommit=True)

    def close(self) -> None:
        if self._connection is not None:
            self._connection.pgconn.finish()
            self._connection = None
