"""What came back over a channel: each press counts once, however often its service tells of it.

A press and how far its service was read are written in the transaction of what the press did, or not at all.
"""

from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, delete, select, update

from streamwatch.store import tables
from streamwatch.store.database import Database
from streamwatch.store.rows import MAKERS

KEPT = timedelta(days=30)  # no service tells of a press that late

_press, _place = tables.press, tables.listened
_NEW = {
    name: maker(_press).on_conflict_do_nothing(index_elements=["channel", "id"]).returning(_press.c.id)
    for name, maker in MAKERS.items()
}


class Heard(NamedTuple):
    """A press as it came: over which channel, and the service's own name for it."""

    channel: str
    id: str
    place: str | None = None  # from where to go on reading once it is done


class Presses:
    def __init__(self, database: Database) -> None:
        self._database = database

    def place(self, channel: str) -> tuple[str, datetime] | None:
        """How far *channel* was read, and when that was written."""
        with self._database.reading() as connection:
            query = select(_place.c.place, _place.c.at).where(_place.c.channel == channel)
            row = connection.execute(query).one_or_none()
            return row and (row.place, row.at)

    def pass_by(self, channel: str, place: str, at: datetime) -> None:
        """What stood before *place* did nothing."""
        with self._database.writing() as connection:
            read_on(connection, channel, place, at)


def begin(connection: Connection, heard: Heard, person: str, at: datetime) -> str | None:
    """None when this press is new; else what came of it. A second one at this moment waits for the first."""
    values = {"channel": heard.channel, "id": heard.id, "person": person, "at": at, "outcome": ""}
    new = connection.execute(_NEW[connection.dialect.name], values).first() is not None
    if heard.place is not None:
        read_on(connection, heard.channel, heard.place, at)
    if not new:
        found: str | None = connection.scalar(select(_press.c.outcome).where(_mine(heard)))
        return found
    connection.execute(delete(_press).where(_press.c.at < at - KEPT))
    return None


def end(connection: Connection, heard: Heard, outcome: str) -> None:
    connection.execute(update(_press).where(_mine(heard)).values(outcome=outcome))


def read_on(connection: Connection, channel: str, place: str, at: datetime) -> None:
    insert = MAKERS[connection.dialect.name](_place).values(channel=channel, place=place, at=at)
    connection.execute(insert.on_conflict_do_update(index_elements=["channel"], set_={"place": place, "at": at}))


def _mine(heard: Heard) -> ColumnElement[bool]:
    return (_press.c.channel == heard.channel) & (_press.c.id == heard.id)
