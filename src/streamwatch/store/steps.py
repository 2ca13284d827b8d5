"""The clock was set: what waits for an instant waits as long as it would have, and what was heard stays as old."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, func, select, type_coerce, update

from streamwatch.store import tables
from streamwatch.store.database import Database

LAST = 100  # webhooks
LOOKED_BACK = timedelta(hours=1)  # tries older than this bind nobody
_page, _attempt, _incident, _heartbeat = tables.page.c, tables.attempt.c, tables.incident.c, tables.heartbeat.c


class Steps:
    def __init__(self, database: Database) -> None:
        self._database = database

    def ahead(self, at: datetime) -> timedelta:
        """How far the newest record lies in the future: the clock was set back while nobody ran."""
        # Of the inbox, which is large and has no index of its times, those that came last.
        inbox = tables.inbox.c
        last = inbox.id > select(func.max(inbox.id)).scalar_subquery() - LAST
        newest = (
            select(func.max(inbox.received_at)).where(last),
            select(func.max(_attempt.started_at)),
            select(func.max(_page.created_at)),
        )
        with self._database.reading() as connection:
            found = [moment for query in newest if (moment := connection.scalar(query)) is not None]
        return max([moment - at for moment in found], default=timedelta(0))

    def move(self, by: timedelta, at: datetime) -> None:
        """The clock reads *by* more than it would have, and *at* now. What is past stays as it was written."""
        micros = by // timedelta(microseconds=1)
        open_ones = _incident.state.in_(("open", "acknowledged"))
        # Notes are sent at a time of day, which the new clock knows better.
        changes: list[tuple[Any, ColumnElement[bool]]] = [
            (_page.due_at, _page.state.in_(("due", "sending")) & (_page.severity != "P3")),
            (_page.leased_until, _page.state == "sending"),
            (_page.created_at, _page.incident_id.in_(select(_incident.id).where(open_ones))),
            (_incident.called_at, open_ones),
            (_incident.acknowledged_at, open_ones),
            (_incident.progressed_at, open_ones),
            (_heartbeat.seen_at, _heartbeat.name.is_not(None)),
            (_attempt.started_at, _attempt.started_at >= at - by - LOOKED_BACK),
            (_attempt.closed_until, _attempt.closed_until > at - by),
        ]
        with self._database.writing() as connection:
            for column, where in changes:
                moved = type_coerce(column, BigInteger) + micros
                connection.execute(update(column.table).where(where).values({column.name: moved}))
