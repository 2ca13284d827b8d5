"""What people report, mark and keep as evidence. A report begins and ends by the inbox; here it is looked up."""

from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, insert, select, update

from streamwatch.alert import BY_PERSON, DRILL
from streamwatch.incidents.timeline import Row as TimelineRow
from streamwatch.store import tables
from streamwatch.store.database import Database
from streamwatch.store.rows import add_row

_episode, _incident, _file = tables.episode.c, tables.incident.c, tables.evidence_file.c
_LOOKED_BACK = 50  # incidents, for the streams in use


class EvidenceFile(NamedTuple):
    """A file as it lies in the evidence folder. *added_by* is an id of duty.yml."""

    name: str
    path: str
    bytes: int
    sha256: str
    note: str
    added_at: datetime
    added_by: str


class Reports:
    def __init__(self, database: Database) -> None:
        self._database = database

    def incident_of(self, fingerprint: str) -> int | None:
        """The incident that a report opened or joined, once it is folded."""
        query = select(_episode.incident_id).where(_episode.fingerprint == fingerprint)
        with self._database.reading() as connection:
            found: int | None = connection.scalar(query)
            return found

    def firing(self, incident: int) -> list[Row[Any]]:
        """What people reported in it and did not end: fingerprint, starts_at, labels."""
        query = select(_episode.fingerprint, _episode.starts_at, _episode.labels).where(
            _episode.incident_id == incident,
            _episode.status == "firing",
            _episode.fingerprint.startswith(BY_PERSON),
        )
        with self._database.reading() as connection:
            return list(connection.execute(query))

    def drills(self, before: datetime) -> list[Row[Any]]:
        """What people reported as a drill *before* that and did not end: fingerprint, starts_at, labels."""
        live = select(_incident.id).where(
            _incident.drill.is_(True), _incident.resolved_at.is_(None), _incident.opened_at < before
        )
        query = select(_episode.fingerprint, _episode.starts_at, _episode.labels).where(
            _episode.incident_id.in_(live),
            _episode.status == "firing",
            _episode.fingerprint.startswith(BY_PERSON),
            _episode.starts_at < before,
        )
        with self._database.reading() as connection:
            rows: list[Row[Any]] = list(connection.execute(query))
        return [row for row in rows if row.labels.get(DRILL) == DRILL]

    def streams(self) -> list[str]:
        """Those of the latest incidents, the latest first."""
        query = select(_incident.stream).order_by(_incident.id.desc()).limit(_LOOKED_BACK)
        with self._database.reading() as connection:
            return list(dict.fromkeys(connection.scalars(query)))

    def mark(self, incident: int, row: TimelineRow, at: datetime, now: datetime) -> None:
        """Something that was done outside at *at*, and is said now."""
        with self._database.writing() as connection:
            add_row(connection, incident, row, at)
            _at_work(connection, incident, now)

    def keep(self, incident: int, file: EvidenceFile, row: TimelineRow) -> int:
        """On record with its row of the timeline, both or neither."""
        with self._database.writing() as connection:
            values = {"incident_id": incident, **file._asdict()}
            result = connection.execute(insert(tables.evidence_file).values(values))
            add_row(connection, incident, row, file.added_at)
            _at_work(connection, incident, file.added_at)
            return int(result.inserted_primary_key[0])  # type: ignore[index]  # one row, one key

    def file(self, incident: int, file: int) -> Row[Any] | None:
        query = select(tables.evidence_file).where(_file.id == file, _file.incident_id == incident)
        with self._database.reading() as connection:
            return connection.execute(query).one_or_none()


def _at_work(connection: Connection, incident: int, at: datetime) -> None:
    """Whoever marks and keeps is at work: an ack does not run out."""
    taken = (_incident.id == incident) & (_incident.state == "acknowledged")
    connection.execute(update(tables.incident).where(taken).values(progressed_at=at))
