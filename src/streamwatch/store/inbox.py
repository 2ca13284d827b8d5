"""Accepting alerts: what was answered with 2xx is on the disk. It does not think about what they mean.

Many webhooks share one commit: while one commit is on its way to the disk the next ones gather behind it, so a
storm costs as many disk flushes as the disk can do, and each sender waits for at most two of them.
"""

import asyncio
from datetime import datetime
from time import monotonic
from typing import Any, NamedTuple

from sqlalchemy import delete, func, select

from streamwatch.errors import NotStored
from streamwatch.store.accepting import accepting
from streamwatch.store.database import Database
from streamwatch.store.tables import inbox

# Both keep to the index of what is not folded: the inbox grows by thousands a day, and is counted all the time.
_COUNT = select(func.count()).select_from(inbox).where(inbox.c.folded_at.is_(None))
WAITING = _COUNT.where(inbox.c.trouble.is_(None))
TROUBLED = _COUNT.where(inbox.c.trouble.is_not(None))


BYTES, ROWS = 1024 * 1024, 500  # of webhooks in one commit
SLOW = 5.0  # seconds without an answer of the database
LATELY = (
    30.0  # seconds in which a failure counts: who is not ready may be sent nothing, and could never show better
)


class _Waiting(NamedTuple):
    row: dict[str, Any]
    stored: "asyncio.Future[None]"


class _Failure(NamedTuple):
    why: str
    at: float


class Inbox:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._accepting = accepting(database)
        self._waiting: list[_Waiting] = []
        self._writer: asyncio.Task[None] | None = None
        self._asked_at: float | None = None  # when the commit began that is not answered
        self._failure: _Failure | None = None  # of the last one

    async def accept(self, source: str, body: bytes, at: datetime, urgent: int = 0) -> None:
        """Return when *body* is durable. Raises `NotStored` when it is not. *urgent* of its alerts go first."""
        stored: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        row: dict[str, Any] = {"source": source, "body": body, "received_at": at, "urgent": urgent}
        self._waiting.append(_Waiting(row, stored))
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write())
        await stored

    def forget(self, before: datetime, limit: int) -> int:
        """Webhooks folded *before* that, of the *limit* oldest; how many. What nobody could fold stays."""
        oldest = select(inbox.c.id).where(inbox.c.trouble.is_(None)).order_by(inbox.c.id).limit(limit)
        with self._database.writing() as connection:
            old = inbox.c.id.in_(oldest) & (inbox.c.folded_at < before)
            return connection.execute(delete(inbox).where(old)).rowcount

    async def _write(self) -> None:
        while self._waiting:
            batch = self._next()
            failure: Exception | None = None
            self._asked_at = monotonic()
            try:
                await self._accepting.commit([waiting.row for waiting in batch])
            except Exception as error:  # noqa: BLE001 - whatever it is, nobody may be left waiting for an answer
                failure = error
                # They would each wait as long to hear the same.
                batch, self._waiting = batch + self._waiting, []
                self._failure = _Failure(type(error).__name__, monotonic())
            else:
                self._failure = None
            self._asked_at = None
            for waiting in batch:
                if waiting.stored.cancelled():
                    continue  # the sender hung up; it will post again, and that is a duplicate
                if failure is None:
                    waiting.stored.set_result(None)
                else:
                    waiting.stored.set_exception(NotStored(f"{NotStored.__doc__} ({type(failure).__name__})"))

    def _next(self) -> list[_Waiting]:
        """What goes into the next commit: not more than others can wait for meanwhile."""
        size, count = 0, 0
        for waiting in self._waiting[:ROWS]:
            size += len(waiting.row["body"])
            if count and size > BYTES:
                break
            count += 1
        batch, self._waiting = self._waiting[:count], self._waiting[count:]
        return batch

    def trouble(self) -> str | None:
        """Why it does not take what is posted, if it does not."""
        if self._asked_at is not None and monotonic() - self._asked_at > SLOW:
            return "the database does not answer the intake"
        if self._failure is not None and monotonic() - self._failure.at < LATELY:
            return f"the intake fails: {self._failure.why}"
        return None

    def close(self) -> None:
        self._accepting.close()

    def waiting(self) -> int:
        """How many accepted webhooks are not folded yet."""
        with self._database.reading() as connection:
            return int(connection.scalar(WAITING) or 0)

    def troubled(self) -> int:
        """How many could not be folded and wait for a person."""
        with self._database.reading() as connection:
            return int(connection.scalar(TROUBLED) or 0)
