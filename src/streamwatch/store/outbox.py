"""Pages on their way: what waits, leasing it, writing down each try before it is made.

A try without an outcome is one whose answer was never seen. Its pages go out again, marked "may repeat". One try
may carry many pages of one person: they ride with the first of them.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    case,
    exists,
    func,
    insert,
    or_,
    select,
    true,
    update,
)

from streamwatch.alert import Severity
from streamwatch.incidents.timeline import Kind, tell
from streamwatch.language import Text
from streamwatch.message import TOLD
from streamwatch.store import tables
from streamwatch.store.acks import Unacknowledged
from streamwatch.store.database import Database
from streamwatch.store.rows import CANARY, STEP, Call, add_page, add_row, page_key

_page, _attempt = tables.page, tables.attempt
_EARLIER = _page.alias()
# "Over" waits for the page before it.
_BLOCKED = exists().where(
    _EARLIER.c.incident_id == _page.c.incident_id,
    _EARLIER.c.person == _page.c.person,
    _EARLIER.c.id < _page.c.id,
    _EARLIER.c.state.in_(("due", "sending")),
)
# The most urgent first; what calls nobody is never urgent.
_CALLS_FIRST = case((_page.c.kind.in_((TOLD, "over")), 1), else_=0)
# Tests and drills are timed by whoever made them: each goes by itself, and counts for nobody's peace. A note of no
# incident is not among those that a digest lists.
_ALONE = or_(
    _page.c.kind.in_(("test", "note")),
    exists().where(tables.incident.c.id == _page.c.incident_id, tables.incident.c.drill.is_(True)),
)
_CARRIED = or_(_attempt.c.page_id == _page.c.id, _attempt.c.id == _page.c.carried_by)


@dataclass(frozen=True)
class Page:
    """One leased page."""

    id: int
    incident_id: int | None
    person: str
    kind: str
    severity: Severity
    occasion: str
    reason: Text
    created_at: datetime
    leased_until: datetime
    contact: int
    tries: int
    since: datetime | None
    refused: frozenset[int]
    attempts: int
    maybe_repeated: bool


class Waiting(NamedTuple):
    """How many pages of one sort are due for a person over one of their contacts."""

    person: str
    contact: int
    severity: Severity
    kind: str
    alone: bool
    pages: int


class Lately(NamedTuple):
    """One message of the recent past: a restart must break neither a rate limit nor a person's peace."""

    channel: str
    at: datetime
    closed_until: datetime | None
    arrived: bool  # or may have
    person: str
    severity: Severity
    kind: str
    alone: bool


class Outbox:
    def __init__(self, database: Database) -> None:
        self._database = database

    def reclaim(self, at: datetime, *, all_leases: bool = False, keep: Collection[int] = ()) -> int:
        """Pages whose sender died are due again; how many of them may already have been delivered.

        *keep* are in the hands of this very process: the clock may have been set, their answers will be seen.
        """
        lost = _page.c.state == "sending"
        if not all_leases:
            lost &= (_page.c.leased_until < at) & _page.c.id.not_in(keep)
            with self._database.reading() as connection:
                if connection.execute(select(_page.c.id).where(lost).limit(1)).first() is None:
                    return 0  # the usual answer costs no write lock
        return self._release(lost, at)

    def take_over(self, at: datetime) -> int:
        """What a receiver that is gone had leased and never tried: nobody has to wait for those leases."""
        unanswered = exists().where(_CARRIED, _attempt.c.outcome.is_(None))
        return self._release((_page.c.state == "sending") & ~unanswered, at)

    def _release(self, lost: ColumnElement[bool], at: datetime) -> int:
        with self._database.writing() as connection:
            unanswered = exists().where(_CARRIED, _attempt.c.outcome.is_(None))
            repeat = update(_page).where(lost & unanswered).values(maybe_repeated=True)
            repeated = connection.execute(repeat).rowcount
            if repeated:
                self._close_unanswered(connection, lost, at)
            free = {"state": "due", "due_at": at, "leased_until": None, "carried_by": None}
            connection.execute(update(_page).where(lost).values(free))
        return repeated

    def _close_unanswered(self, connection: Connection, lost: ColumnElement[bool], at: datetime) -> None:
        """The timeline says so, and the try is closed, so that it is counted once."""
        rows = connection.execute(
            select(_attempt.c.id, _attempt.c.channel, _page.c.incident_id, _page.c.person)
            .join(_page, _CARRIED)
            .where(lost, _attempt.c.outcome.is_(None))
        ).all()
        ids = {row.id for row in rows}
        connection.execute(update(_attempt).where(_attempt.c.id.in_(ids)).values(outcome="unknown", ended_at=at))
        for row in rows:
            add_row(connection, row.incident_id, tell(Kind.UNKNOWN, person=row.person, channel=row.channel), at)

    def waiting(self, at: datetime) -> list[Waiting]:
        """What is due, the most urgent first."""
        sort = (_page.c.person, _page.c.contact, _page.c.severity, _page.c.kind, _ALONE.label("alone"))
        query = select(*sort, func.count()).where(_due(at)).group_by(*sort)
        with self._database.reading() as connection:
            rows = connection.execute(query.order_by(_CALLS_FIRST, _page.c.severity, func.min(_page.c.id))).all()
        return [Waiting(*row) for row in rows]

    def lease_due(
        self, at: datetime, lease: timedelta, limit: int, where: ColumnElement[bool] | None = None
    ) -> list[Page]:
        """The most urgent pages that are due, of all of them or of those *where* it holds."""
        return self.lease_each(at, lease, [(limit, true() if where is None else where)])[0]

    def lease_each(
        self, at: datetime, lease: timedelta, wanted: Sequence[tuple[int, ColumnElement[bool]]]
    ) -> list[list[Page]]:
        """The same for each that is *wanted*: how many at most, and of which. One transaction for all of them."""
        with self._database.writing() as connection:
            leased = [_lease(connection, at, limit, where) for limit, where in wanted]
            if ids := [row.id for rows in leased for row in rows]:
                claim = update(_page).where(_page.c.id.in_(ids))
                connection.execute(claim.values(state="sending", leased_until=at + lease))
        return [[_from(row, at + lease) for row in rows] for rows in leased]

    def begin(
        self, page: Page, channel: str, at: datetime, lease: timedelta, riders: Sequence[Page] = ()
    ) -> int | None:
        """Write down that a try begins, and renew the lease; the answer names the try.

        None when the lease was lost meanwhile: somebody else has a page of these, and it is theirs to send.
        """
        with self._database.writing() as connection:
            given = connection.execute(insert(_attempt).values(page_id=page.id, channel=channel, started_at=at))
            attempt = int(given.inserted_primary_key[0])  # type: ignore[index]  # one row, one key
            ids = [each.id for each in (page, *riders)]
            mine = _page.c.id.in_(ids) & (_page.c.state == "sending") & (_page.c.leased_until == page.leased_until)
            held = connection.execute(
                update(_page)
                .where(mine)
                .values(
                    attempts=_page.c.attempts + 1,
                    tries=page.tries + 1,
                    since=page.since or at,
                    refused=sorted(page.refused),
                    contact=page.contact,
                    channel=channel,
                    leased_until=at + lease,
                    carried_by=attempt,
                )
            ).rowcount
            if held < len(ids):
                connection.rollback()
                return None
            return attempt

    def escalate(
        self,
        incident: Unacknowledged,
        step: int,
        people: Sequence[str],
        reason: Text,
        at: datetime,
        kind: Kind = Kind.ESCALATED,
        *,
        observed: bool = False,
    ) -> bool:
        """Take a step of the escalation, unless somebody acknowledged meanwhile; whether anybody was called.

        *observed*: it is recorded whom it would have called.
        """
        table = tables.incident
        since = incident.called_at.isoformat()
        mine = (table.c.id == incident.id) & (table.c.state == "open") & (table.c.called_at == incident.called_at)
        with self._database.writing() as connection:
            steps = connection.scalar(select(table.c.steps).where(mine).with_for_update())
            if steps is None or step in steps:
                return False  # acknowledged, over, or taken by another receiver
            connection.execute(update(table).where(mine).values(steps=[*steps, step]))
            call = Call("firing", incident.severity, f"{STEP}{step}:{since}")
            called = [
                each
                for each in people
                if add_page(connection, incident.id, each, call, reason, at, observed=observed)
            ]
            if called:
                add_row(connection, incident.id, tell(kind, others=", ".join(called), why=reason), at)
            return bool(called)

    def told(self, page: Page) -> frozenset[str]:
        """Everyone who has a page of the same occasion."""
        with self._database.reading() as connection:
            same = (_page.c.incident_id == page.incident_id) & (_page.c.occasion == page.occasion)
            return frozenset(connection.scalars(select(_page.c.person).where(same)))

    def test(self, person: str, reason: Text, at: datetime) -> int:
        """A page that means nothing, by the same way as all others; its id."""
        call = Call("test", "P3", f"test:{at.isoformat()}")
        with self._database.writing() as connection:
            add_page(connection, None, person, call, reason, at)
            mine = (_page.c.person == person) & (_page.c.occasion == call.occasion)
            return int(connection.scalar(select(_page.c.id).where(mine)) or 0)

    def canary(self, person: str, due: datetime, reason: Text, at: datetime) -> bool:
        """The daily test page that was *due*; False when there is one."""
        call = Call("test", "P3", f"{CANARY}{due.isoformat()}")
        with self._database.writing() as connection:
            return add_page(connection, None, person, call, reason, at)

    def note(
        self, occasion: str, people: Sequence[str], everyone: Collection[str], reason: Text, at: datetime
    ) -> bool:
        """A note of no incident to *people*, unless somebody of *everyone* has it; whether it is new."""
        call = Call("note", "P3", occasion)
        keys = [page_key(None, person, occasion) for person in everyone]
        with self._database.writing() as connection:
            if connection.execute(select(_page.c.id).where(_page.c.key.in_(keys)).limit(1)).first() is not None:
                return False
            told = [person for person in people if add_page(connection, None, person, call, reason, at)]
            return bool(told)

    def recent(self, since: datetime, at: datetime) -> list[Lately]:
        """What was sent since then, and every penalty that still holds."""
        tried = _attempt.c
        arrived = or_(tried.outcome.is_(None), tried.outcome.in_(("delivered", "unknown")))
        query = (
            select(tried.channel, tried.started_at, tried.closed_until, arrived, _page.c.person)
            .add_columns(_page.c.severity, _page.c.kind, _ALONE)
            .join(_page, _page.c.id == tried.page_id)
            .where(or_(tried.started_at >= since, tried.closed_until > at))
        )
        with self._database.reading() as connection:
            return [Lately(*row) for row in connection.execute(query.order_by(tried.started_at))]


def _lease(connection: Connection, at: datetime, limit: int, where: ColumnElement[bool]) -> Sequence[Row[Any]]:
    """Another receiver may be about to lease the same: it is left what it has locked."""
    query = select(_page).where(_due(at) & where).order_by(_CALLS_FIRST, _page.c.severity, _page.c.id).limit(limit)
    return connection.execute(query.with_for_update(skip_locked=True, of=_page)).all()


def of_person(person: str, contact: int, *, alone: bool | None = False) -> ColumnElement[bool]:
    """Pages for *person* over that contact: those that go *alone*, the others, or (None) all of them."""
    mine = (_page.c.person == person) & (_page.c.contact == contact)
    return mine if alone is None else mine & (_ALONE if alone else ~_ALONE)


def _due(at: datetime) -> ColumnElement[bool]:
    return (_page.c.state == "due") & (_page.c.due_at <= at) & ((_page.c.kind != "over") | ~_BLOCKED)


def _from(row: Row[Any], leased_until: datetime) -> Page:
    return Page(
        id=row.id,
        incident_id=row.incident_id,
        person=row.person,
        kind=row.kind,
        severity=row.severity,
        occasion=row.occasion,
        leased_until=leased_until,
        reason=Text(row.reason_zh, row.reason_en),
        created_at=row.created_at,
        contact=row.contact,
        tries=row.tries,
        since=row.since,
        refused=frozenset(row.refused),
        attempts=row.attempts,
        maybe_repeated=row.maybe_repeated,
    )
