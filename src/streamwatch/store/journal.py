"""What people and programs read: incidents, their timeline, their pages."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Row, func, select, update

from streamwatch.message import CALLS, Earlier
from streamwatch.store import tables, told
from streamwatch.store.database import Database
from streamwatch.store.merged import live
from streamwatch.store.rows import CANARY
from streamwatch.store.threads import earlier

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
    ratings: Sequence[Row[Any]] = ()  # by those who were called


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
        calls = mine.where(page.kind.in_(CALLS), page.state != "observed")
        wanted = table.c.state.in_(OPEN) & table.c.id.in_(calls)
        with self._database.reading() as connection:
            return list(connection.execute(select(table).where(wanted).order_by(table.c.severity, table.c.id)))

    def taken(self, incidents: Collection[int]) -> frozenset[int]:
        """Those of them that somebody has acknowledged."""
        table = tables.incident.c
        with self._database.reading() as connection:
            mine = select(table.id).where(table.id.in_(incidents), table.state == "acknowledged")
            return frozenset(connection.scalars(mine))

    def open_again(self, incidents: Collection[int]) -> frozenset[int]:
        """Those that are open again, or of which a later incident of the same stream and procedure is."""
        mine, later = tables.incident, tables.incident.alias()
        same = (later.c.stream == mine.c.stream) & (later.c.procedure == mine.c.procedure)
        query = select(mine.c.id).join(later, same & (later.c.id >= mine.c.id) & later.c.state.in_(OPEN))
        with self._database.reading() as connection:
            return frozenset(connection.scalars(query.where(mine.c.id.in_(incidents))))

    def known(self, pages: Collection[int]) -> frozenset[int]:
        """Those of *pages* whose reader was called for the incident since, or told of it by an earlier page."""
        with self._database.reading() as connection:
            return told.known(connection, pages)

    def called(self, incident: int) -> list[str]:
        """Whoever was called for it, the first first."""
        with self._database.reading() as connection:
            return told.called(connection, incident)

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

    def keep_evidence(self, incident: int, evidence: dict[str, Any]) -> None:
        with self._database.writing() as connection:
            connection.execute(
                update(tables.incident).where(tables.incident.c.id == incident).values(evidence=evidence)
            )

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


def _record(connection: Connection, incident: Row[Any]) -> Record:
    def mine(table: Any, order: Any) -> list[Row[Any]]:
        return list(connection.execute(select(table).where(table.c.incident_id == incident.id).order_by(order)))

    return Record(
        incident,
        mine(tables.episode, tables.episode.c.starts_at),
        mine(tables.page, tables.page.c.id),
        mine(tables.timeline, tables.timeline.c.id),
        mine(tables.evidence_file, tables.evidence_file.c.id),
        mine(tables.rating, tables.rating.c.at),
    )
