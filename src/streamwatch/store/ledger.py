"""Episodes, incidents and their pages, for one transaction. It decides nothing: that is for the pure modules."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from itertools import chain
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, bindparam, func, insert, or_, select, text, update
from sqlalchemy.sql.selectable import TextualSelect

from streamwatch.alert import BY_PERSON, Alert, Episode, Severity
from streamwatch.incidents.adoption import Subject
from streamwatch.incidents.incident import LIVE, Known, fold_key
from streamwatch.incidents.timeline import Row as TimelineRow
from streamwatch.language import Text
from streamwatch.message import CALLS, TOLD, clean
from streamwatch.store import tables, told
from streamwatch.store.observed import subject
from streamwatch.store.rows import MAKERS, NOTE, Call, add_page, noted

# Statements are made once: to make one costs more than to run it, and a storm runs them by the thousand.
_episode, _incident = tables.episode.c, tables.incident.c
_FRESH = ("incident_id", "status", "severity", "changed_at", "ends_at")


def _upsert_episode(maker: Any) -> Any:
    statement = maker(tables.episode)
    new = {name: statement.excluded[name] for name in _FRESH}
    return statement.on_conflict_do_update(index_elements=["fingerprint", "starts_at"], set_=new)


BEGIN = {name: _upsert_episode(maker) for name, maker in MAKERS.items()}
OPEN = insert(tables.incident)
SEEN_AGAIN = (
    update(tables.episode)
    .where(_episode.fingerprint == bindparam("print"), _episode.starts_at == bindparam("start"))
    .values(seen=_episode.seen + bindparam("times"))
)
# All of them in one statement: one by one they cost as much as all else that folding does.
SEEN_AGAIN_ON_POSTGRESQL = (
    "UPDATE episode SET seen = seen + told.times "
    "FROM unnest(%(prints)b::text[], %(starts)b::bigint[], %(times)b::int[]) AS told (print, start, times) "
    "WHERE fingerprint = told.print AND starts_at = told.start"
)
END = (
    update(tables.episode)
    .where(_episode.fingerprint == bindparam("print"), _episode.starts_at == bindparam("start"))
    .values(status="resolved", changed_at=bindparam("at"), ends_at=bindparam("end"), seen=_episode.seen + 1)
)
OTHER_FIRING = select(_episode.fingerprint, _episode.starts_at, _episode.severity, _episode.incident_id).where(
    _episode.fingerprint == bindparam("print"),
    _episode.starts_at != bindparam("start"),
    _episode.status == "firing",
)
FIRING = (
    select(_episode.severity)
    .distinct()
    .where(_episode.incident_id == bindparam("incident"), _episode.status == "firing")
)
REPORTED_AT = select(func.max(_episode.starts_at)).where(
    _episode.incident_id == bindparam("incident"),
    _episode.status == "firing",
    _episode.fingerprint.startswith(BY_PERSON),
)
ROLE = select(_incident.role).where(_incident.id == bindparam("incident"))
OPEN_INCIDENT = select(func.coalesce(_incident.merged_into, _incident.id)).where(
    _incident.open_key == bindparam("key")
)

IN_ONE_QUERY = 100  # episodes
BOUND = [f"{name}{number}" for number in range(IN_ONE_QUERY) for name in "ps"]


def _known(size: int) -> TextualSelect:
    """What is on record of *size* episodes. As SQL: to put such a list together costs more than to look."""
    names = ("fingerprint", "starts_at", "status", "changed_at", "incident_id")
    values = ", ".join(f"(:p{number}, :s{number})" for number in range(size))
    query = text(
        f"SELECT {', '.join(names)} FROM episode WHERE (fingerprint, starts_at) IN (VALUES {values})"  # noqa: S608
    )
    starts = (bindparam(f"s{number}", type_=tables.Instant) for number in range(size))
    return query.bindparams(*starts).columns(*(_episode[name] for name in names))


KNOWN = {size: _known(size) for size in (1, 10, IN_ONE_QUERY)}  # what is fewer is filled up with its last one


class OtherFiring(NamedTuple):
    """An episode of a series that fires, how urgent it is, and its incident."""

    episode: Episode
    severity: Severity
    incident: int | None


class Heard(NamedTuple):
    """Somebody who was told of an incident, and over which of their contacts."""

    person: str
    contact: int


class Ledger:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._notes: list[dict[str, object]] = []
        self._drills: list[Row[Any]] | None = None

    def flush(self) -> None:
        """Write the rows of the timeline that were noted, all at once."""
        if self._notes:
            self._connection.execute(NOTE, self._notes)
            self._notes = []

    # -- episodes

    def known(self, episodes: Collection[Episode]) -> dict[Episode, Known]:
        """What is on record of these episodes."""
        found, wanted = dict[Episode, Known](), list(episodes)
        for first in range(0, len(wanted), IN_ONE_QUERY):
            some = wanted[first : first + IN_ONE_QUERY]
            size = next(each for each in KNOWN if each >= len(some))
            filled = some + some[-1:] * (size - len(some))
            values = dict(zip(BOUND, chain.from_iterable(filled), strict=False))
            for fingerprint, starts_at, *known in self._connection.execute(KNOWN[size], values):
                found[Episode(fingerprint, starts_at)] = Known(*known)
        return found

    def begin(self, alert: Alert, incident: int | None, at: datetime) -> None:
        """Record an episode: new, or true again after its end."""
        values = {
            "fingerprint": alert.fingerprint,
            "starts_at": alert.starts_at,
            "incident_id": incident,
            "status": alert.status,
            "severity": alert.severity,
            "changed_at": at,
            "ends_at": alert.ends_at,
            "labels": dict(alert.labels),
            "annotations": dict(alert.annotations),
            "seen": 1,
        }
        self._connection.execute(BEGIN[self._connection.dialect.name], values)

    def seen_again(self, repeats: Mapping[Episode, int]) -> None:
        """Count what was told again."""
        if not repeats:
            return
        if self._connection.dialect.name == "postgresql":
            columns = {
                "prints": [each.fingerprint for each in repeats],
                "starts": [tables.micros(each.starts_at) for each in repeats],
                "times": list(repeats.values()),
            }
            self._connection.exec_driver_sql(SEEN_AGAIN_ON_POSTGRESQL, columns)
            return
        rows = [{"print": each.fingerprint, "start": each.starts_at, "times": n} for each, n in repeats.items()]
        self._connection.execute(SEEN_AGAIN, rows)

    def end(self, episode: Episode, at: datetime, ends_at: datetime | None) -> None:
        which = {"print": episode.fingerprint, "start": episode.starts_at}
        self._connection.execute(END, {**which, "at": at, "end": ends_at or at})

    def other_firing(self, alert: Alert) -> list[OtherFiring]:
        """Other episodes of the same series that are on record as firing."""
        rows = self._connection.execute(OTHER_FIRING, {"print": alert.fingerprint, "start": alert.starts_at})
        return [OtherFiring(Episode(row.fingerprint, row.starts_at), row.severity, row.incident_id) for row in rows]

    def firing(self, incident: int) -> list[Severity]:
        """The severities that fire in an incident at this moment, each once."""
        return list(self._connection.scalars(FIRING, {"incident": incident}))

    def reported_at(self, incident: int) -> datetime | None:
        """When a person last reported what is not over yet."""
        found: datetime | None = self._connection.scalar(REPORTED_AT, {"incident": incident})
        return found

    # -- incidents

    def role(self, incident: int) -> str:
        """Whose work its heading is."""
        found: str = self._connection.execute(ROLE, {"incident": incident}).scalar_one()
        return found

    def called(self, incident: int) -> set[str]:
        """Everyone who was called for it, whether or not the page has arrived."""
        mine = (tables.page.c.incident_id == incident) & tables.page.c.kind.in_(CALLS)
        return set(self._connection.scalars(select(tables.page.c.person).where(mine)))

    def knowing(self, incident: int) -> set[str]:
        """Everyone who was called for it or told of it, since it was opened last."""
        return told.knowing(self._connection, incident)

    def open_incident(self, alert: Alert) -> int | None:
        found: int | None = self._connection.scalar(OPEN_INCIDENT, {"key": fold_key(alert)})
        return found

    def live(self, incidents: Collection[int | None]) -> int | None:
        """The first of them that is not over."""
        if not incidents:
            return None
        query = select(func.min(_incident.id)).where(_incident.id.in_(incidents), _incident.state.in_(LIVE))
        found: int | None = self._connection.scalar(query)
        return found

    def open(self, alert: Alert, role: str, drill: bool, at: datetime, *, key: str | None = None) -> int:
        """Alerts of that *key*, else none, join it from now on."""
        values = {
            "open_key": key,
            "state": "open",
            "drill": drill,
            "opened_at": at,
            "called_at": at,
            "steps": [],
            **headline(alert, role),
        }
        result = self._connection.execute(OPEN, values)
        opened: int = result.inserted_primary_key[0]  # type: ignore[index]  # an insert of one row has one
        return opened

    def raise_severity(self, incident: int, alert: Alert, role: str, at: datetime) -> None:
        """The more urgent alert names the incident now, and an ack given before does not hold for it."""
        self._connection.execute(
            update(tables.incident)
            .where(tables.incident.c.id == incident)
            .values(state="open", acknowledged_at=None, acknowledged_by=None, called_at=at, steps=[])
            .values(silenced_until=None)
            .values(**headline(alert, role))
        )

    def unsilence(self, incident: int, until: datetime | None, at: datetime) -> bool:
        """The silence that held *until* then is over; it calls as if it had just opened, and an ack begins anew."""
        mine = (_incident.id == incident) & _incident.state.in_(LIVE) & (_incident.silenced_until == until)
        anew: dict[str, object] = {
            "silenced_until": None,
            "silences": None,
            "called_at": at,
            "steps": [],
            "progressed_at": at,
        }
        return self._connection.execute(update(tables.incident).where(mine).values(anew)).rowcount > 0

    def resolve(self, incident: int, at: datetime) -> list[Heard]:
        """End the incident; the answer is who heard of it and must hear that it is over."""
        over = {"open_key": None, "resolved_at": at}
        self._connection.execute(
            update(tables.incident).where(_incident.id == incident).values(state="resolved", **over)
        )
        self._connection.execute(update(tables.incident).where(_incident.merged_into == incident).values(over))
        all_of_it = select(_incident.id).where(or_(_incident.id == incident, _incident.merged_into == incident))
        # A page still on its way will say by itself that all is over already.
        heard = (
            select(tables.page.c.person, func.max(tables.page.c.contact).label("contact"))
            .where(tables.page.c.incident_id.in_(all_of_it), tables.page.c.kind.in_((*CALLS, TOLD)))
            .where(tables.page.c.state.in_(("delivered", "sending")))
            .group_by(tables.page.c.person)
        )
        told.tell_no_more(self._connection, incident)
        return [Heard(row.person, row.contact) for row in self._connection.execute(heard)]

    def drill_running(self, stream: str, at: datetime) -> bool:
        if self._drills is None:
            drill = tables.drill.c
            running = select(drill.stream).where(drill.started_at <= at, drill.ends_at > at)
            self._drills = list(self._connection.execute(running))
        return any(row.stream == stream for row in self._drills)

    # -- pages and rows

    def call(
        self,
        incident: int,
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
        """One page. False when this person was called for this occasion before."""
        page = (incident, person, call, reason, at, contact, due_at)
        return add_page(self._connection, *page, observed=observed, spared=spared)

    def call_anew(self, incident: int, called_at: datetime, at: datetime) -> bool:
        """What was only observed is to be called for, as if it had just opened; False when that has changed."""
        mine = (_incident.id == incident) & (_incident.state == "open") & (_incident.called_at == called_at)
        anew = update(tables.incident).where(mine, _incident.silenced_until.is_(None))
        if not self._connection.execute(anew.values(called_at=at, steps=[])).rowcount:
            return False
        self.drop_observed(incident)
        return True

    def drop_observed(self, incident: int) -> None:
        """A call goes out: what was held back before it would only say the same."""
        held = (tables.page.c.incident_id == incident) & (tables.page.c.state == "observed")
        self._connection.execute(update(tables.page).where(held).values(state="cancelled"))

    def subject(self, incident: int) -> Subject:
        return subject(self._connection, incident)

    def withdraw(self, incident: int, kinds: Collection[str] | None = None) -> None:
        """Pages of this incident, or those of *kinds*, that were not sent yet go out no more."""
        waiting = (tables.page.c.incident_id == incident) & (tables.page.c.state == "due")
        if kinds is not None:
            waiting &= tables.page.c.kind.in_(kinds)
        self._connection.execute(update(tables.page).where(waiting).values(state="cancelled", leased_until=None))

    def note(self, incident: int | None, row: TimelineRow, at: datetime) -> None:
        self._notes.append(noted(incident, row, at))

    def note_once(self, incident: int, row: TimelineRow, at: datetime) -> None:
        """Unless it stands there already."""
        new = any((each["incident_id"], each["text_en"]) == (incident, row.text.en) for each in self._notes)
        if not new and not told.is_written(self._connection, incident, row.kind, row.text.en):
            self.note(incident, row, at)

    def heartbeat(self, name: str, at: datetime) -> None:
        values = {"seen_at": at, "silent": False}
        maker = MAKERS[self._connection.dialect.name]
        statement = maker(tables.heartbeat).values(name=clean(name, 80), **values)
        self._connection.execute(statement.on_conflict_do_update(index_elements=["name"], set_=values))

    def silence(self, name: str) -> None:
        """It was told to be over. When it was last heard stays on record."""
        table = tables.heartbeat
        self._connection.execute(update(table).where(table.c.name == clean(name, 80)).values(silent=True))


def headline(alert: Alert, role: str) -> dict[str, object]:
    """What an incident is called after its most urgent alert."""
    return {
        "stream": clean(alert.stream),
        "procedure": clean(alert.procedure),
        "hop": clean(alert.hop),
        "severity": alert.severity,
        "role": role,
        "alertname": clean(alert.name),
        "summary_zh": clean(alert.annotations.get("summary_zh") or alert.annotations.get("summary") or alert.name),
        "summary_en": clean(alert.annotations.get("summary_en") or alert.annotations.get("summary") or alert.name),
        "runbook_step": clean(alert.annotations.get("runbook_step", ""), 80),
        "category": clean(alert.labels.get("category", ""), 40),
    }
