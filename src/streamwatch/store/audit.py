"""Who did what, when and from where: rows are added and read, never changed. The database sees to it as well."""

import logging
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Row, insert, select
from sqlalchemy.exc import SQLAlchemyError

from streamwatch.store import tables
from streamwatch.store.database import Database

log = logging.getLogger(__name__)

_table = tables.audit


class Act(StrEnum):
    LOGIN = "login"
    LOGIN_FAILED = "login_failed"
    LOGIN_HELD_UP = "login_held_up"  # too many failures: from now on for a while none is tried
    LOGOUT = "logout"
    REPORT = "report"
    ACK = "ack"
    TAKE_OVER = "take_over"
    NOTE = "note"
    CLOSE = "close"
    MARK = "mark"
    MERGE = "merge"
    SPLIT = "split"
    REOPEN = "reopen"
    SILENCE = "silence"
    UNSILENCE = "unsilence"
    EVIDENCE = "evidence"
    EVIDENCE_READ = "evidence_read"
    RATE = "rate"
    COMPLAINT_TAKE = "complaint_take"
    COMPLAINT_ANSWER = "complaint_answer"
    OVERRIDE = "override"
    OVERRIDE_WITHDRAWN = "override_withdrawn"
    SESSION_START = "session_start"
    SESSION_END = "session_end"
    ACTION = "action"
    ACTION_DONE = "action_done"
    TEST_PAGE = "test_page"
    DRILL_START = "drill_start"
    DRILL_END = "drill_end"
    REPLAY = "replay"
    RELOAD = "reload"


@dataclass(frozen=True)
class Deed:
    """One row. *name* is what was shown (an account, a token's name), *person* in whose name it was done."""

    at: datetime
    act: Act
    how: str
    name: str | None = None
    person: str | None = None
    incident_id: int | None = None
    what: str = ""
    address: str = ""


@dataclass(frozen=True)
class Wanted:
    """Which rows; *person* finds both who acted and in whose name."""

    since: datetime | None = None
    until: datetime | None = None
    act: str | None = None
    person: str | None = None
    incident: int | None = None
    before: int | None = None  # the id of a row: those that are older
    limit: int = 100


class Audit:
    def __init__(self, database: Database) -> None:
        self._database = database

    def try_to_add(self, deeds: Sequence[Deed]) -> bool:
        """After the deed: it stays done also when this cannot be written."""
        try:
            self.add(deeds)
        except (SQLAlchemyError, OSError) as error:
            log.error("the audit log did not take '%s' (%s)", deeds[0].act, type(error).__name__)  # noqa: TRY400
            return False
        return True

    def add(self, deeds: Sequence[Deed]) -> None:
        if not deeds:
            return
        with self._database.writing() as connection:
            connection.execute(insert(_table), [asdict(deed) for deed in deeds])

    def read(self, wanted: Wanted) -> Sequence[Row[Any]]:
        """Newest first."""
        query = select(_table).order_by(_table.c.id.desc()).limit(wanted.limit)
        for condition in _conditions(wanted):
            query = query.where(condition)
        with self._database.reading() as connection:
            return connection.execute(query).all()


def _conditions(wanted: Wanted) -> list[Any]:
    found = []
    if wanted.since is not None:
        found.append(_table.c.at >= wanted.since)
    if wanted.until is not None:
        found.append(_table.c.at < wanted.until)
    if wanted.act is not None:
        found.append(_table.c.act == wanted.act)
    if wanted.person is not None:
        found.append((_table.c.person == wanted.person) | (_table.c.name == wanted.person))
    if wanted.incident is not None:
        found.append(_table.c.incident_id == wanted.incident)
    if wanted.before is not None:
        found.append(_table.c.id < wanted.before)
    return found
