"""Which incidents are silenced, until when, and by which silences of Alertmanager."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import select, update

from streamwatch.alert import BY_PERSON, Severity
from streamwatch.incidents.incident import LIVE
from streamwatch.incidents.timeline import Row
from streamwatch.store import tables
from streamwatch.store.database import Database
from streamwatch.store.merged import live
from streamwatch.store.rows import add_row

_incident, _episode = tables.incident.c, tables.episode.c


class Silenced(NamedTuple):
    """A live incident that is, or was, silenced."""

    id: int
    state: str
    severity: Severity
    role: str
    stream: str
    silenced_until: datetime | None
    silences: Sequence[str] | None  # their ids there


class Silences:
    def __init__(self, database: Database) -> None:
        self._database = database

    def find(self, incident: int) -> Silenced | None:
        """Where it goes on, if it was merged."""
        with self._database.reading() as connection:
            query = select(*_COLUMNS).where(_incident.id == live(connection, incident))
            row = connection.execute(query).one_or_none()
        return None if row is None else Silenced(*row)

    def labels(self, incident: int) -> list[dict[str, str]]:
        """Of each alert of Alertmanager's that fires in it; what people reported is not among them."""
        mine = (_episode.incident_id == incident) & (_episode.status == "firing")
        query = select(_episode.labels).where(mine, _episode.fingerprint.not_like(f"{BY_PERSON}%"))
        with self._database.reading() as connection:
            return list(connection.scalars(query))

    def begin(self, incident: int, ids: Sequence[str], until: datetime, row: Row, at: datetime) -> bool:
        """False: it is over meanwhile."""
        mine = (_incident.id == incident) & _incident.state.in_(LIVE)
        values = {"silenced_until": until, "silences": list(ids)}
        with self._database.writing() as connection:
            if not connection.execute(update(tables.incident).where(mine).values(values)).rowcount:
                return False
            add_row(connection, incident, row, at)
        return True

    def over(self, at: datetime) -> list[Silenced]:
        """Live incidents whose silence has run out."""
        ended = _incident.state.in_(LIVE) & (_incident.silenced_until <= at)
        with self._database.reading() as connection:
            return [Silenced(*row) for row in connection.execute(select(*_COLUMNS).where(ended))]


_COLUMNS = (_incident.id, _incident.state, _incident.severity, _incident.role, _incident.stream,
            _incident.silenced_until, _incident.silences)  # fmt: skip
