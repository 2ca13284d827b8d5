"""What people and programs read: incidents, their timeline, what waits; and the acks that come back."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Row, func, insert, select, update

from streamwatch.alert import Severity
from streamwatch.message import Earlier
from streamwatch.metrics import Standing
from streamwatch.store import presses, tables
from streamwatch.store.database import Database
from streamwatch.store.inbox import TROUBLED, WAITING
from streamwatch.store.merged import live
from streamwatch.store.presses import Heard
from streamwatch.store.rows import CALLS, CANARY, add_row, add_rows
from streamwatch.store.threads import earlier
from streamwatch.timeline import acknowledged

OPEN = ("open", "acknowledged")
WATCHDOG = "Watchdog"
_CALLS = (tables.incident.c.state == "open") & tables.incident.c.silenced_until.is_(None)


class Record(NamedTuple):
    """One incident with everything that belongs to it."""

    incident: Row[Any]
    episodes: list[Row[Any]]
    pages: list[Row[Any]]
    timeline: list[Row[Any]]
    files: Sequence[Row[Any]] = ()  # kept as evidence


@dataclass(frozen=True)
class Firing:
    """An episode on record as firing."""

    fingerprint: str
    starts_at: datetime
    labels: dict[str, str] = field(compare=False)


class Heartbeat(NamedTuple):
    """When the Watchdog was last heard, and whether it was told to be over since."""

    seen_at: datetime
    silent: bool


@dataclass(frozen=True)
class Unacknowledged:
    """An open incident, since when it calls, which steps of its escalation were taken, and who was told."""

    id: int
    stream: str
    role: str
    severity: Severity
    called_at: datetime
    steps: tuple[int, ...]
    told: frozenset[str]


class Ack(StrEnum):
    DONE = "done"
    ALREADY = "already"  # somebody else was first
    OVER = "over"
    MISSING = "missing"


class Journal:
    def __init__(self, database: Database) -> None:
        self._database = database

    def incidents(
        self,
        states: tuple[str, ...] = OPEN,
        stream: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int = 100,
    ) -> list[Record]:
        """Newest first; *since* and *until* bound when they opened."""
        table = tables.incident
        query = select(table).where(table.c.state.in_(states))
        if stream is not None:
            query = query.where(table.c.stream == stream)
        if since is not None:
            query = query.where(table.c.opened_at >= since)
        if until is not None:
            query = query.where(table.c.opened_at < until)
        with self._database.reading() as connection:
            rows = connection.execute(query.order_by(table.c.id.desc()).limit(limit)).all()
            return [_record(connection, row) for row in rows]

    def incident(self, incident: int) -> Record | None:
        with self._database.reading() as connection:
            row = connection.execute(select(tables.incident).where(tables.incident.c.id == incident)).one_or_none()
            return None if row is None else _record(connection, row)

    def live(self, incident: int) -> int:
        """The incident that *incident* is part of by now; itself, unless it was merged."""
        with self._database.reading() as connection:
            return live(connection, incident)

    def earlier(self, incident: int, channel: str) -> tuple[Earlier, ...]:
        """The pages of *incident* that went out over *channel*, to whomever, oldest first."""
        with self._database.reading() as connection:
            return earlier(connection, incident, channel)

    def headline(self, incident: int) -> Row[Any] | None:
        """The incident alone."""
        with self._database.reading() as connection:
            query = select(tables.incident).where(tables.incident.c.id == incident)
            return connection.execute(query).one_or_none()

    def headlines(self, incidents: Collection[int]) -> list[Row[Any]]:
        """The incidents alone, oldest first."""
        table = tables.incident
        with self._database.reading() as connection:
            return list(connection.execute(select(table).where(table.c.id.in_(incidents)).order_by(table.c.id)))

    def called_for(self, person: str, until: datetime) -> list[Row[Any]]:
        """The incidents that are not over and for which *person* was called until then; most urgent first."""
        table, page = tables.incident, tables.page.c
        mine = select(page.incident_id).where(page.person == person, page.created_at <= until)
        wanted = table.c.state.in_(OPEN) & table.c.id.in_(mine.where(page.kind.in_(CALLS)))
        with self._database.reading() as connection:
            return list(connection.execute(select(table).where(wanted).order_by(table.c.severity, table.c.id)))

    def taken(self, incidents: Collection[int]) -> frozenset[int]:
        """Those of them that somebody has acknowledged."""
        table = tables.incident.c
        with self._database.reading() as connection:
            mine = select(table.id).where(table.id.in_(incidents), table.state == "acknowledged")
            return frozenset(connection.scalars(mine))

    def open_again(self, incidents: Collection[int]) -> frozenset[int]:
        """Those of which a later incident of the same stream and procedure is open."""
        mine, later = tables.incident, tables.incident.alias()
        same = (later.c.stream == mine.c.stream) & (later.c.procedure == mine.c.procedure)
        query = select(mine.c.id).join(later, same & (later.c.id > mine.c.id) & later.c.state.in_(OPEN))
        with self._database.reading() as connection:
            return frozenset(connection.scalars(query.where(mine.c.id.in_(incidents))))

    def categories(self, incident: int) -> list[str]:
        """Complaint categories of its alerts that fire now."""
        query = select(tables.episode.c.labels).where(
            tables.episode.c.incident_id == incident, tables.episode.c.status == "firing"
        )
        with self._database.reading() as connection:
            found = [labels.get("category") for labels in connection.scalars(query)]
        return sorted({category for category in found if category})

    def watchdog(self) -> Heartbeat | None:
        """None when it was never heard."""
        return self.heard(WATCHDOG)

    def heard(self, name: str) -> Heartbeat | None:
        """The same of any alert that calls nobody."""
        table = tables.heartbeat.c
        with self._database.reading() as connection:
            row = connection.execute(select(table.seen_at, table.silent).where(table.name == name)).one_or_none()
            return row and Heartbeat(row.seen_at, row.silent)

    def canary_delivered(self) -> datetime | None:
        """When the daily test page arrived last."""
        page = tables.page.c
        mine = (page.kind == "test") & page.occasion.startswith(CANARY) & (page.state == "delivered")
        with self._database.reading() as connection:
            arrived: datetime | None = connection.scalar(select(func.max(page.delivered_at)).where(mine))
            return arrived

    def firing_since(self, fingerprint: str) -> datetime | None:
        """The start of the series' episode that fires, if one does."""
        table = tables.episode.c
        query = select(func.max(table.starts_at)).where(table.fingerprint == fingerprint, table.status == "firing")
        with self._database.reading() as connection:
            started: datetime | None = connection.scalar(query)
            return started

    def firing(self) -> list[Firing]:
        """Every episode that is not over."""
        table = tables.episode.c
        query = select(table.fingerprint, table.starts_at, table.labels).where(table.status == "firing")
        with self._database.reading() as connection:
            return [Firing(row.fingerprint, row.starts_at, row.labels) for row in connection.execute(query)]

    def acknowledge(self, incident: int, by: str, at: datetime, heard: Heard | None = None) -> Ack:
        """Take the incident. The database decides who was first. A press that was heard before changes nothing."""
        with self._database.writing() as connection:
            if heard and (known := presses.begin(connection, heard, by, at)) is not None:
                return Ack(known)
            outcome = _acknowledge(connection, live(connection, incident), by, at, heard and heard.channel)
            if heard:
                presses.end(connection, heard, outcome)
            return outcome

    def acknowledge_all(self, incidents: Collection[int], by: str, at: datetime, heard: Heard | None = None) -> int:
        """Take those of them that nobody has taken; how many."""
        with self._database.writing() as connection:
            if heard and (known := presses.begin(connection, heard, by, at)) is not None:
                return int(known)
            taken = _acknowledge_all(connection, incidents, by, at, heard and heard.channel)
            if heard:
                presses.end(connection, heard, str(taken))
            return taken

    def just_taken(self, incidents: Collection[int], by: str, at: datetime) -> list[int]:
        """Those of them that *by* took at that moment."""
        table = tables.incident.c
        query = select(table.id).where(table.id.in_(incidents), table.acknowledged_by == by)
        with self._database.reading() as connection:
            return list(connection.scalars(query.where(table.acknowledged_at == at).order_by(table.id)))

    def unacknowledged(self) -> list[Unacknowledged]:
        table, page = tables.incident.c, tables.page.c
        with self._database.reading() as connection:
            rows = connection.execute(select(tables.incident).where(_CALLS)).all()
            told: dict[int, set[str]] = {row.id: set() for row in rows}
            # Whoever was told before it called anew (it became more urgent, an ack ran out) may be called again.
            lately = (page.incident_id == table.id) & (page.created_at >= table.called_at)
            calls = select(page.incident_id, page.person).join_from(tables.page, tables.incident, lately)
            calls = calls.where(_CALLS, page.state != "cancelled")
            for call in connection.execute(calls.distinct()):
                told.setdefault(call.incident_id, set()).add(call.person)
        return [
            Unacknowledged(
                row.id, row.stream, row.role, row.severity, row.called_at, tuple(row.steps), frozenset(told[row.id])
            )
            for row in rows
        ]

    def keep_evidence(self, incident: int, evidence: dict[str, Any]) -> None:
        with self._database.writing() as connection:
            connection.execute(
                update(tables.incident).where(tables.incident.c.id == incident).values(evidence=evidence)
            )

    def begin_drill(self, stream: str, fault: str, at: datetime, ends_at: datetime) -> int:
        """Incidents of *stream* that open until *ends_at* are drills."""
        with self._database.writing() as connection:
            result = connection.execute(
                insert(tables.drill).values(stream=stream, fault=fault, started_at=at, ends_at=ends_at)
            )
            return int(result.inserted_primary_key[0])  # type: ignore[index]  # one row, one key

    def end_drill(self, drill: int, at: datetime) -> bool:
        with self._database.writing() as connection:
            ended = update(tables.drill).where(tables.drill.c.id == drill).values(ends_at=at)
            return connection.execute(ended).rowcount > 0

    def dead_pages(self, limit: int = 200) -> list[Row[Any]]:
        """Newest first."""
        page = tables.page
        with self._database.reading() as connection:
            dead = select(page).where(page.c.state == "dead").order_by(page.c.id.desc()).limit(limit)
            return list(connection.execute(dead))

    def page(self, page: int) -> Row[Any] | None:
        with self._database.reading() as connection:
            return connection.execute(select(tables.page).where(tables.page.c.id == page)).one_or_none()

    def last_tries(self, channels: Sequence[str]) -> list[tuple[str, Row[Any] | None, Row[Any] | None]]:
        """Of each channel the last try that was delivered, and the last that was not."""
        tried = tables.attempt.c
        good = tried.outcome == "delivered"
        with self._database.reading() as connection:

            def last(channel: str, outcome: ColumnElement[bool]) -> Any:
                query = select(tried.ended_at, tried.outcome, tried.detail).where(tried.channel == channel, outcome)
                return connection.execute(query.order_by(tried.started_at.desc()).limit(1)).first()

            return [(channel, last(channel, good), last(channel, ~good)) for channel in channels]

    def standing(self, held: Collection[str] = ()) -> Standing:
        """One look at everything that can pile up. The oldest is looked for elsewhere than with people who are
        *held*: they had many messages, and what waits for them does so by intent. So do notes.
        """
        incident, page = tables.incident.c, tables.page.c
        with self._database.reading() as connection:
            opened = select(incident.stream, incident.severity, func.count()).where(incident.state.in_(OPEN))
            due = page.state.in_(("due", "sending"))
            dead = (
                select(func.count())
                .select_from(tables.page.join(tables.incident))
                .where(page.state == "dead", incident.state.in_(OPEN))
            )
            beats = connection.execute(select(tables.heartbeat)).all()
            return Standing(
                {
                    (row[0], row[1]): row[2]
                    for row in connection.execute(opened.group_by(incident.stream, incident.severity))
                },
                int(connection.scalar(WAITING) or 0),
                int(connection.scalar(TROUBLED) or 0),
                int(connection.scalar(select(func.count()).where(due)) or 0),
                connection.scalar(
                    select(func.min(page.created_at)).where(due, page.severity != "P3", page.person.not_in(held))
                ),
                int(connection.scalar(dead) or 0),
                {row.name: row.seen_at for row in beats},
            )


def _acknowledge(connection: Connection, incident: int, by: str, at: datetime, over: str | None) -> Ack:
    table = tables.incident
    taken = {"state": "acknowledged", "acknowledged_at": at, "acknowledged_by": by}
    free = (table.c.id == incident) & (table.c.state == "open")
    if connection.execute(update(table).where(free).values(taken)).rowcount:
        add_row(connection, incident, acknowledged(by, over), at)
        return Ack.DONE
    mine = (table.c.id == incident) & (table.c.state == "acknowledged") & (table.c.acknowledged_by == by)
    connection.execute(update(table).where(mine).values(progressed_at=at))  # "I am still at it"
    state = connection.scalar(select(table.c.state).where(table.c.id == incident))
    return {None: Ack.MISSING, "acknowledged": Ack.ALREADY}.get(state, Ack.OVER)


def _acknowledge_all(
    connection: Connection, incidents: Collection[int], by: str, at: datetime, over: str | None
) -> int:
    table = tables.incident
    open_ones = table.c.id.in_(incidents) & (table.c.state == "open")
    ids = list(connection.scalars(select(table.c.id).where(open_ones).with_for_update()))
    if ids:
        taken = {"state": "acknowledged", "acknowledged_at": at, "acknowledged_by": by}
        connection.execute(update(table).where(table.c.id.in_(ids)).values(taken))
        add_rows(connection, ids, acknowledged(by, over), at)
    return len(ids)


def _record(connection: Connection, incident: Row[Any]) -> Record:
    def mine(table: Any, order: Any) -> list[Row[Any]]:
        return list(connection.execute(select(table).where(table.c.incident_id == incident.id).order_by(order)))

    return Record(
        incident,
        mine(tables.episode, tables.episode.c.starts_at),
        mine(tables.page, tables.page.c.id),
        mine(tables.timeline, tables.timeline.c.id),
        mine(tables.evidence_file, tables.evidence_file.c.id),
    )
