"""Sessions of the console. What the cookie holds is kept nowhere: who reads the database cannot come in by it."""

import secrets
from datetime import datetime, timedelta
from hashlib import sha256
from typing import NamedTuple

from sqlalchemy import delete, insert, select, update

from streamwatch.store import tables
from streamwatch.store.database import Database

_table = tables.console_session
REMEMBERED = timedelta(days=90)
"""So long after its start a session that was not ended is still good for the emergency pages."""


class Session(NamedTuple):
    account: str
    live: bool  # else it ran out, without being ended


def proof(hashed: str) -> str:
    """Changes with the passphrase, and tells nothing of it."""
    return sha256(hashed.encode()).hexdigest()


class Sessions:
    def __init__(self, database: Database) -> None:
        self._database = database

    def begin(self, account: str, hashed: str, at: datetime, lasts: timedelta) -> str:
        """What the cookie is to hold: 256 bits that nobody can guess."""
        token = secrets.token_urlsafe(32)
        whose = {"key": _key(token), "account": account, "proof": proof(hashed)}
        with self._database.writing() as connection:
            connection.execute(delete(_table).where(_table.c.started_at < at - REMEMBERED))
            connection.execute(insert(_table).values(**whose, started_at=at, ends_at=at + lasts))
        return token

    def find(self, token: str, hashes: dict[str, str], at: datetime) -> Session | None:
        """Whose it is. None: never begun, ended, forgotten, or of an account or a passphrase that is no more."""
        query = select(_table).where(_table.c.key == _key(token), _table.c.left_at.is_(None))
        with self._database.reading() as connection:
            row = connection.execute(query).one_or_none()
        if row is None or at - row.started_at >= REMEMBERED:
            return None
        hashed = hashes.get(row.account)
        if hashed is None or proof(hashed) != row.proof:
            return None
        return Session(row.account, at < row.ends_at)

    def end(self, token: str, at: datetime) -> bool:
        """Whether it was there to be ended."""
        mine = (_table.c.key == _key(token)) & _table.c.left_at.is_(None)
        with self._database.writing() as connection:
            return connection.execute(update(_table).where(mine).values(left_at=at)).rowcount > 0


def _key(token: str) -> str:
    return sha256(token.encode()).hexdigest()
