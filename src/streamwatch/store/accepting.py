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

ANSWERS_WITHIN = 10.0  # seconds for a database: who posts would rather know, and post again

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
        values: dict[str, list[Any]] = {name: [row[name] for row in rows] for name in _TYPES}
        values["received_at"] = [micros(at) for at in values["received_at"]]
        end = asyncio.get_running_loop().time() + ANSWERS_WITHIN
        if self._connection is not None and await self._told(self._connection, values, end):
            return
        # The server was started anew meanwhile. Had it kept them, they are there twice, as repeats.
        self._connection = await asyncio.wait_for(self._connected(), ANSWERS_WITHIN)
        if not await self._told(self._connection, values, end):
            raise ConnectionResetError

    async def _told(self, connection: "AsyncConnection[Any]", values: dict[str, list[Any]], end: float) -> bool:
        """Whether it keeps them. False: the connection is dead, and a new one may do.

        After any failure it is given up, as only a new one is known to be as one should be. A server that does not
        answer is given up by closing the socket: to ask it to give up would take as long again.
        """
        loop = asyncio.get_running_loop()
        late = loop.call_at(end, connection.pgconn.finish)
        try:
            await connection.execute(ACCEPT_ON_POSTGRESQL, values)
        except BaseException as error:
            is_dead = connection.broken and isinstance(error, Exception) and loop.time() < end
            connection.pgconn.finish()
            self._connection = None
            if not is_dead:
                raise
            return False
        finally:
            late.cancel()
        return True

    async def _connected(self) -> "AsyncConnection[Any]":
        """A pooler between us and the server knows nothing of statements that were prepared: there are none."""
        from psycopg import AsyncConnection

        words, options = self._database.reached_by()
        return await AsyncConnection.connect(*words, **options, autocommit=True, prepare_threshold=None)

    def close(self) -> None:
        if self._connection is not None:
            self._connection.pgconn.finish()
            self._connection = None
