"""Writing accepted webhooks down, many at a time: who posted them is answered when this returns.

Called from one thread alone.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, insert
from sqlalchemy.exc import DBAPIError

from streamwatch.store.database import Database
from streamwatch.store.tables import inbox, micros

ACCEPT = insert(inbox)
# All rows in one statement and one answer: row by row costs twice the time of both sides.
_TYPES = {"source": "text", "body": "bytea", "received_at": "bigint", "urgent": "int"}
ACCEPT_ON_POSTGRESQL = (
    f"INSERT INTO inbox ({', '.join(_TYPES)}) "  # noqa: S608  # names of ours alone
    f"SELECT * FROM unnest({', '.join(f'%({name})b::{type_}[]' for name, type_ in _TYPES.items())})"
)


class OnSQLite:
    def __init__(self, database: Database) -> None:
        self._database = database

    def commit(self, rows: Sequence[dict[str, Any]]) -> None:
        """Raises `SQLAlchemyError`."""
        with self._database.writing(first=True) as connection:
            connection.execute(ACCEPT, rows)

    def close(self) -> None:
        return None


class OnPostgreSQL:
    """One statement is one transaction: on a connection of its own it costs one question and one answer.

    From the pool it would cost four of each, to know that the server is still there, to begin and to end.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._connection: Connection | None = None

    def commit(self, rows: Sequence[dict[str, Any]]) -> None:
        """Raises `SQLAlchemyError`."""
        columns = {name: [row[name] for row in rows] for name in _TYPES}
        columns["received_at"] = [micros(at) for at in columns["received_at"]]
        if self._connection is not None:
            try:
                self._connection.exec_driver_sql(ACCEPT_ON_POSTGRESQL, columns)
            except DBAPIError as error:
                self.close()
                if not error.connection_invalidated:
                    raise
                # The server was started anew meanwhile. Had it kept them, they are there twice, as repeats.
            else:
                return
        connection = self._database.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        try:
            connection.exec_driver_sql(ACCEPT_ON_POSTGRESQL, columns)
        except BaseException:
            connection.close()
            raise
        self._connection = connection

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
