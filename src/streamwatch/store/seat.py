"""Several receivers on one database share the intake; one of them, who holds the seat, does the rest.

Delivering, escalating and comparing go by limits and moments that only one may count. The seat is an advisory lock
of PostgreSQL: it is free as soon as its holder's connection is gone. SQLite has one receiver, who always holds it.
"""

from contextlib import suppress

from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError

from streamwatch.store.database import Database

SEAT = 0x5357_0001  # a number of ours among the advisory locks of this database


class Seat:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._connection: Connection | None = None
        self._held = False

    def hold(self) -> bool:
        """Whether it is ours now; takes it when it is free. Raises when the database is gone: then it is lost."""
        if self._database.one_process:
            return True
        try:
            return self._ask()
        except SQLAlchemyError:
            self.leave()
            raise

    def _ask(self) -> bool:
        if self._connection is None:
            self._connection = self._database.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        if self._held:
            self._connection.execute(text("SELECT 1"))  # the lock lives as long as this connection
        else:
            take = text("SELECT pg_try_advisory_lock(:seat)")
            self._held = bool(self._connection.scalar(take, {"seat": SEAT}))
        return self._held

    def leave(self) -> None:
        """Let the next one have it."""
        connection, self._connection, self._held = self._connection, None, False
        if connection is not None:
            with suppress(SQLAlchemyError):  # then it is free already
                connection.execute(text("SELECT pg_advisory_unlock_all()"))
            connection.invalidate()
            connection.close()
