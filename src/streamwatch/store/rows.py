"""Writes one page, and rows of the timeline, inside the transaction of whoever needs them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, insert
from sqlalchemy.dialects import postgresql, sqlite

from streamwatch.alert import Severity
from streamwatch.incidents.timeline import Row as TimelineRow
from streamwatch.language import Text
from streamwatch.store import tables

MAKERS: dict[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}
NOTE = insert(tables.timeline)
# The answer is the row: how many rows an insert made is not told by every driver.
CALL = {
    name: maker(tables.page).on_conflict_do_nothing(index_elements=["key"]).returning(tables.page.c.id)
    for name, maker in MAKERS.items()
}


CANARY = "canary:"
"""How the occasion of the daily test page begins."""
STEP = "step "
"""How the occasion of a call begins that came because nobody took the first."""


class Call(NamedTuple):
    """Why people are called. Nobody is called twice for one *occasion* of an incident."""

    kind: str
    severity: Severity
    occasion: str


def page_key(incident: int | None, person: str, occasion: str) -> str:
    return f"{incident or 'test'}:{person}:{occasion}"


def add_page(
    connection: Connection,
    incident: int | None,
    person: str,
    call: Call,
    reason: Text,
    at: datetime,
    contact: int = 0,
    due_at: datetime | None = None,
    *,
    observed: bool = False,
    spared: Sequence[int] = (),
) -> bool:
    """False when *person* has a page of this occasion. It goes out *due_at*, else at once.

    *observed*: it is recorded and does not go out. *spared* are contacts that it must not use.
    """
    values: dict[str, object] = {
        "key": page_key(incident, person, call.occasion),
        "incident_id": incident,
        "person": person,
        "kind": call.kind,
        "severity": call.severity,
        "occasion": call.occasion,
        "reason_zh": reason.zh,
        "reason_en": reason.en,
        "state": "observed" if observed else "due",
        "created_at": at,
        "due_at": due_at or at,
        "contact": contact,
        "tries": 0,
        "refused": list(spared),
        "attempts": 0,
        "maybe_repeated": False,
    }
    return connection.execute(CALL[connection.dialect.name], values).first() is not None


_BEFORE = ":before "


def bygone(at: datetime) -> ColumnElement[str]:
    """The key of a page of an incident that is opened again *at*: the same may be said once more."""
    return tables.page.c.key.concat(f"{_BEFORE}{at.isoformat()}")


def this_time(page: Any) -> ColumnElement[bool]:
    """Whether *page* (columns) was made since its incident was opened last."""
    made: ColumnElement[bool] = page.key.not_like(f"%{_BEFORE}%")
    return made


def add_row(connection: Connection, incident: int | None, row: TimelineRow, at: datetime) -> None:
    connection.execute(NOTE, noted(incident, row, at))


def add_rows(connection: Connection, incidents: Sequence[int | None], row: TimelineRow, at: datetime) -> None:
    """The same row for each of them."""
    connection.execute(NOTE, [noted(incident, row, at) for incident in incidents])


def noted(incident: int | None, row: TimelineRow, at: datetime) -> dict[str, object]:
    """One row as it is stored."""
    return {
        "incident_id": incident,
        "at": at,
        "kind": row.kind,
        "person": row.person,
        "channel": row.channel,
        "text_zh": row.text.zh,
        "text_en": row.text.en,
    }
