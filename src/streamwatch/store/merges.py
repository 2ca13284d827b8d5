"""What a merge or a split of incidents reads and writes, in the transaction of whoever decides about it."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, delete, func, select, update

from streamwatch.alert import Alert, Severity
from streamwatch.incidents.incident import Merged, Stand, fold_key
from streamwatch.message import CALLS
from streamwatch.store import tables
from streamwatch.store.claims import FOLDING

_episode, _incident, _page = tables.episode.c, tables.incident.c, tables.page.c
FIRING = _episode.status == "firing"
HEADLINE = ("stream", "procedure", "hop", "severity", "role", "alertname",
            "summary_zh", "summary_en", "runbook_step", "category")  # fmt: skip
CLOCK = ("called_at", "steps")
ACK = ("acknowledged_at", "acknowledged_by", "progressed_at")


def alerts_of(connection: Connection, incident: int, *which: ColumnElement[bool]) -> list[Alert]:
    """The alerts of its episodes, or of those *which* are so; the first to begin first."""
    query = select(tables.episode).where(_episode.incident_id == incident, *which).order_by(_episode.starts_at)
    return [
        Alert(row.labels, row.annotations, row.status, row.starts_at, row.ends_at, row.fingerprint)
        for row in connection.execute(query)
    ]


class Merges:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        if connection.dialect.name == "postgresql":  # nothing is folded meanwhile
            connection.execute(select(func.pg_advisory_xact_lock(FOLDING)))

    def stand(self, incident: int) -> Stand | None:
        columns: tuple[Any, ...] = (_incident.id, _incident.state, _incident.severity, _incident.drill)
        columns += (_incident.called_at, _incident.alertname, _incident.acknowledged_by)
        query = select(*columns).where(_incident.id == incident)
        row = self._connection.execute(query.with_for_update()).one_or_none()
        return None if row is None else Stand(*row)

    def firing(self, incident: int) -> list[Alert]:
        """The alerts of its episodes that are not over, the first to begin first."""
        return alerts_of(self._connection, incident, FIRING)

    def merge(self, into: int, other: int, result: Merged) -> None:
        """All that *other* holds, and all that was merged into it, belongs to *into* from now on."""
        these = select(tables.incident).where(_incident.id.in_((into, other)))
        rows = {row.id: row for row in self._connection.execute(these)}
        values = {
            **_of(rows[result.headline], HEADLINE),
            **_of(rows[result.clock], CLOCK),
            **(dict.fromkeys(ACK) if result.ack is None else _of(rows[result.ack], ACK)),
            "state": "open" if result.ack is None else "acknowledged",
            "silenced_until": _both([rows[into].silenced_until, rows[other].silenced_until]),
            "silences": [*(rows[into].silences or ()), *(rows[other].silences or ())] or None,
            "evidence": rows[into].evidence or rows[other].evidence,
        }
        self._set([into], values)
        self._set([other], {"state": "merged", "merged_into": into})
        within = update(tables.incident).where(_incident.merged_into == other)
        self._connection.execute(within.values(merged_into=into))
        self._cancel_what_would_repeat(into, other)
        self._observe_no_more(into, other)
        self._take_ratings(into, other)
        for table in (tables.episode, tables.page):
            moved = update(table).where(table.c.incident_id == other)
            self._connection.execute(moved.values(incident_id=into))

    def move(self, alerts: Iterable[Alert], into: int) -> None:
        for each in alerts:
            mine = (_episode.fingerprint == each.fingerprint) & (_episode.starts_at == each.starts_at)
            self._connection.execute(update(tables.episode).where(mine).values(incident_id=into))

    def hand_over_keys(self, old: int, new: int, keys: Collection[str]) -> None:
        """Alerts of *keys* join *new* from now on, and *old* no more."""
        for key in sorted(keys):
            holder = self._connection.scalar(select(_incident.id).where(_incident.open_key == key))
            if holder == old:
                self._set([old], {"open_key": None})
                self._set([new], {"open_key": key})
            elif holder is not None:
                self._set([holder], {"merged_into": new})

    def name_after(self, incident: int, headline: Mapping[str, object]) -> None:
        self._set([incident], headline)

    def _cancel_what_would_repeat(self, into: int, other: int) -> None:
        """Who is called for the one, or was, and no less urgently, needs no call for the other."""
        states = ("due", "sending", "delivered")
        query = select(_page.id, _page.incident_id, _page.person, _page.severity, _page.state).where(
            _page.incident_id.in_((into, other)), _page.kind.in_(CALLS), _page.state.in_(states)
        )
        kept = sorted(self._connection.execute(query), key=lambda page: (page.severity, page.state == "due"))
        told, repeats = dict[str, tuple[int, Severity]](), list[int]()
        for page in kept:
            first = told.setdefault(page.person, (page.incident_id, page.severity))
            if page.state == "due" and first[0] != page.incident_id:
                repeats.append(page.id)
        self._connection.execute(update(tables.page).where(_page.id.in_(repeats)).values(state="cancelled"))

    def _observe_no_more(self, into: int, other: int) -> None:
        """Where the one called somebody, what the other only observed has been told."""
        held = (_page.incident_id.in_((into, other))) & (_page.state == "observed")
        holders = set(self._connection.scalars(select(_page.incident_id).where(held)))
        if len(holders) == 1:
            self._connection.execute(update(tables.page).where(held).values(state="cancelled"))

    def _take_ratings(self, into: int, other: int) -> None:
        """What people said of either is said of both; of somebody who spoke of both the last word counts."""
        rating = tables.rating.c
        said = select(rating.person, rating.incident_id).where(rating.incident_id.in_((into, other)))
        rows = self._connection.execute(said.order_by(rating.at, rating.incident_id)).all()
        last = {row.person: row.incident_id for row in rows}
        for one in (into, other):
            overruled = [row.person for row in rows if row.incident_id == one != last[row.person]]
            gone = delete(tables.rating).where(rating.incident_id == one, rating.person.in_(overruled))
            self._connection.execute(gone)
        self._connection.execute(update(tables.rating).where(rating.incident_id == other).values(incident_id=into))

    def _set(self, incidents: Collection[int], values: Mapping[str, object]) -> None:
        self._connection.execute(update(tables.incident).where(_incident.id.in_(incidents)).values(values))


def _both(silences: list[datetime | None]) -> datetime | None:
    """What is not silenced is not silenced by a merge."""
    given = [each for each in silences if each is not None]
    return min(given) if len(given) == len(silences) else None


def keys(alerts: Iterable[Alert]) -> set[str]:
    return {fold_key(each) for each in alerts}


def _of(row: Row[Any], names: Iterable[str]) -> dict[str, object]:
    return {name: getattr(row, name) for name in names}
