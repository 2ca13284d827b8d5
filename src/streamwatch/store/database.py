"""Opening the database: what makes a commit durable, and who may write."""

import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.exc import SQLAlchemyError

from streamwatch.errors import CommandFailed
from streamwatch.store import schema
from streamwatch.store.refusals import address, no_driver, refusal
from streamwatch.store.turns import Turns

FULL, NORMAL = "synchronous=FULL", "synchronous=NORMAL"
# A server that vanishes is noticed while it is asked, and while it is waited for.
KEPT_ALIVE = {"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3, "tcp_user_timeout": 10_000}
POSTGRESQL = {"connect_timeout": 5, "options": "-c synchronous_commit=on", **KEPT_ALIVE}
BUSY_TIMEOUT = 5.0  # seconds a writer waits for the one before it


class Database:
    """One database. `writing` is a transaction, `reading` sees what is committed."""

    def __init__(self, url: str) -> None:
        self._lock: int | None = None
        self._turns = Turns()
        given = address(url)
        self.engine = _sqlite(given) if given.get_backend_name() == "sqlite" else _postgresql(given)

    @property
    def one_process(self) -> bool:
        """Whether only this process can be at work on it, so that every lease from before is dead."""
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def writing(self, *, first: bool = False, durable: bool = True) -> Iterator[Connection]:
        """*first*: before all that waits. For the intake alone, which writes for everyone who posts meanwhile.

        Not *durable*: on the disk with the next one that is. For what a power cut may undo, as it is done again.
        """
        engine = self.engine if durable else self.engine.execution_options(durable=False)
        with self._turn(first), engine.begin() as connection:
            if not durable and not self.one_process:
                connection.exec_driver_sql("SET LOCAL synchronous_commit TO off")
            yield connection

    def reached_by(self) -> tuple[Sequence[Any], dict[str, Any]]:
        """Words and options for the driver of PostgreSQL, as each connection of the pool has them."""
        words, options = self.engine.dialect.create_connect_args(self.engine.url)
        return words, {**options, **POSTGRESQL}

    def _turn(self, first: bool) -> AbstractContextManager[None]:
        """SQLite has one writer at a time; PostgreSQL keeps its own order."""
        return self._turns.turn(first=first) if self.one_process else nullcontext()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        with self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            yield connection

    def prepare(self) -> None:
        """Take the database for this process and bring its schema to this version."""
        try:
            if self.one_process:
                self._lock = _take(Path(str(self.engine.url.database) + ".lock"))
            schema.bring_up(self.engine)
        except (SQLAlchemyError, OSError) as error:
            raise refusal(self.engine.url, error) from error

    def close(self) -> None:
        self.engine.dispose()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


def _sqlite(url: URL) -> Engine:
    # Bound values stay out of errors: they are labels, and what viewers wrote.
    engine = create_engine(
        url, hide_parameters=True, connect_args={"timeout": BUSY_TIMEOUT, "check_same_thread": False}
    )

    @event.listens_for(engine, "connect")
    def _durable(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves
        cursor = connection.cursor()
        # FULL: a commit is on the disk before it is answered for, also when the power goes.
        for pragma in ("journal_mode=WAL", FULL, "foreign_keys=ON"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _immediate(connection: Connection) -> None:
        if connection.get_execution_options().get("isolation_level") == "AUTOCOMMIT":
            return  # a reader, which must not wait for writers
        level = FULL if connection.get_execution_options().get("durable", True) else NORMAL
        connection.connection.cursor().execute(f"PRAGMA {level}")
        # Taking the write lock at once waits for its turn; taking it later could only fail.
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def _postgresql(given: URL) -> Engine:
    """A commit is on the disk before it is answered for, whatever the server's default; a dead one is noticed."""
    if given.drivername == "postgresql":
        given = given.set(drivername="postgresql+psycopg")
    try:
        return create_engine(given, hide_parameters=True, pool_pre_ping=True, connect_args=POSTGRESQL)
    except ModuleNotFoundError:
        raise no_driver() from None


def _take(path: Path) -> int:
    """Held as long as the process lives: two receivers on one SQLite file would page twice."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        raise CommandFailed(
            (
                f"另一个接收端正在用这个数据库（{path.name} 已锁）；请先停掉它",
                f"another receiver already works on this database ({path.name} is locked). Stop it first.",
            )
        ) from error
    return descriptor
