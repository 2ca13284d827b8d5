"""Pages that were decided and kept from going out, because a procedure is only observed, or tells only once."""

from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, exists, or_, select

from streamwatch.alert import BY_PERSON, BY_RECEIVER, Severity
from streamwatch.incidents.adoption import Subject
from streamwatch.message import CALLS
from streamwatch.store import tables
from streamwatch.store.database import Database
from streamwatch.store.rows import STEP

_incident, _page, _episode = tables.incident.c, tables.page.c, tables.episode.c
_OPEN = (_incident.state == "open") & _incident.silenced_until.is_(None)
_LATER = tables.page.alias().c
# What was held back before a call that went out was told by that; a step of the escalation calls others, not them.
_TOLD = exists().where(
    _LATER.incident_id == _page.incident_id,
    _LATER.id > _page.id,
    _LATER.kind.in_(CALLS),
    ~_LATER.occasion.startswith(STEP),
    _LATER.state.not_in(("observed", "cancelled")),
)
_HELD = (_page.incident_id == _incident.id) & (_page.state == "observed") & ~_TOLD
ASKED_FOR: ColumnElement[bool] = or_(
    _incident.drill,
    exists().where(
        _episode.incident_id == _incident.id,
        _episode.status == "firing",
        or_(_episode.fingerprint.startswith(BY_PERSON), _episode.labels["alertname"].as_string() == BY_RECEIVER),
    ),
)


class Observed(NamedTuple):
    """An incident that nobody has taken, of which pages were held back. *is_first*: not only later ones."""

    id: int
    stream: str
    role: str
    severity: Severity
    called_at: datetime
    is_first: bool
    procedure: str
    asked_for: bool

    @property
    def subject(self) -> Subject:
        return Subject(self.procedure, self.asked_for)


class ObservedPages:
    def __init__(self, database: Database) -> None:
        self._database = database

    def open(self) -> list[Observed]:
        first = exists().where(_HELD, ~_page.occasion.startswith(STEP))
        columns: tuple[Any, ...] = (_incident.id, _incident.stream, _incident.role, _incident.severity)
        columns += (_incident.called_at, first, _incident.procedure, ASKED_FOR)
        with self._database.reading() as connection:
            rows = connection.execute(select(*columns).where(_OPEN, exists().where(_HELD))).all()
        return [Observed(*row) for row in rows]

    def subject(self, incident: int) -> Subject:
        with self._database.reading() as connection:
            return subject(connection, incident)


def subject(connection: Connection, incident: int) -> Subject:
    query = select(_incident.procedure, ASKED_FOR).where(_incident.id == incident)
    return Subject(*connection.execute(query).one())
