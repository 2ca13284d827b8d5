"""What came of a try, written down in one transaction for all pages that it carried."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import count

from sqlalchemy import Connection, select, true, update

from streamwatch.delivering.retry import Again
from streamwatch.incidents.timeline import Kind, tell
from streamwatch.incidents.timeline import Row as TimelineRow
from streamwatch.language import Text
from streamwatch.store import tables
from streamwatch.store.database import Database
from streamwatch.store.outbox import Page
from streamwatch.store.rows import Call, add_page, add_row, add_rows

_page = tables.page


@dataclass(frozen=True)
class Instead:
    """Who is called for *incident* because a page does not reach its person; nobody when *people* is empty.

    *spared* are contacts of each that must not be used; never all of them.
    """

    incident: int
    people: Sequence[str]
    reason: Text
    spared: Mapping[str, Sequence[int]] = field(default_factory=dict)


@dataclass(frozen=True)
class Failed:
    """A try that was not answered with yes."""

    attempt: int
    outcome: str
    text: str
    at: datetime
    closed_until: datetime | None = None


class Outcomes:
    def __init__(self, database: Database) -> None:
        self._database = database

    def delivered(
        self,
        pages: Sequence[Page],
        attempt: int,
        provider_id: str | None,
        row: TimelineRow,
        at: datetime,
        *,
        told_over: Collection[int],
    ) -> None:
        """*told_over*: incidents of which was said already that all is over, so that nobody says it again."""
        with self._database.writing() as connection:
            _close(connection, attempt, "delivered", None, at)
            _set(
                connection,
                pages,
                {"state": "delivered", "delivered_at": at, "provider_id": provider_id, "error": None},
            )
            add_rows(connection, [page.incident_id for page in pages], row, at)
            said = [page.incident_id for page in pages if page.kind != "over" and page.incident_id in told_over]
            if said:
                waiting = (_page.c.kind == "over") & (_page.c.state == "due") & _page.c.incident_id.in_(said)
                mine = waiting & (_page.c.person == pages[0].person)
                connection.execute(update(_page).where(mine).values(state="cancelled"))

    def again(
        self, pages: Sequence[Page], failed: Failed, move: Again, row: TimelineRow, instead: Mapping[int, Instead]
    ) -> None:
        """Not delivered: all of them are due again together, at the moment and over the contact that *move* says.

        *instead* names, by page, who is called as well.
        """
        repeated = failed.outcome == "unknown"
        with self._database.writing() as connection:
            _close(connection, failed.attempt, failed.outcome, failed.text, failed.at, failed.closed_until)
            values = {
                "state": "due",
                "due_at": move.at,
                "contact": move.contact,
                "tries": move.tries,
                "since": move.since,
                "refused": sorted(pages[0].refused),
                "error": failed.text,
            }
            _set(connection, pages, values | ({"maybe_repeated": True} if repeated else {}))
            add_rows(connection, [page.incident_id for page in pages], row, failed.at)
            for page in pages:
                call_instead(connection, page, instead.get(page.id), failed.at)

    def dead(
        self, pages: Sequence[Page], failed: Failed | None, text: str, at: datetime, instead: Mapping[int, Instead]
    ) -> None:
        """No contact takes them: others are called. Who never heard the start is not told the end."""
        with self._database.writing() as connection:
            if failed is not None:
                _close(connection, failed.attempt, failed.outcome, failed.text, failed.at, failed.closed_until)
            _set(connection, pages, {"state": "dead", "error": text, "refused": sorted(pages[0].refused)})
            for page in [_as_filed(connection, each) for each in pages]:
                add_row(connection, page.incident_id, tell(Kind.DEAD, person=page.person, why=text), at)
                call_instead(connection, page, instead.get(page.id), at)
                if page.kind != "over" and page.incident_id is not None and not _heard(connection, page):
                    self._cancel_end(connection, page, at)

    def _cancel_end(self, connection: Connection, page: Page, at: datetime) -> None:
        over = (_page.c.incident_id == page.incident_id) & (_page.c.person == page.person)
        over &= (_page.c.kind == "over") & (_page.c.state == "due")
        if connection.execute(update(_page).where(over).values(state="cancelled")).rowcount:
            add_row(connection, page.incident_id, tell(Kind.CANCELLED, person=page.person), at)

    def postpone(
        self, pages: Sequence[Page], until: datetime, at: datetime, instead: Mapping[int, Instead]
    ) -> None:
        """Not tried: their channel may not be used before *until*."""
        with self._database.writing() as connection:
            _set(connection, pages, {"state": "due", "due_at": until})
            for page in pages:
                call_instead(connection, page, instead.get(page.id), at)

    def turn(self, pages: Sequence[Page], contact: int, at: datetime) -> None:
        """Not tried: due at once over that contact."""
        with self._database.writing() as connection:
            move = {"state": "due", "due_at": at, "contact": contact, "tries": 0, "since": None}
            _set(connection, pages, move)

    def replay(self, at: datetime, page: int | None = None) -> int:
        """Dead pages are due again from their first contact on, or the one that is named; how many."""
        dead = (_page.c.state == "dead") & (true() if page is None else _page.c.id == page)
        with self._database.writing() as connection:
            rows = connection.execute(select(_page).where(dead).with_for_update()).all()
            for row in rows:
                add_row(connection, row.incident_id, tell(Kind.REPLAYED, person=row.person), at)
            anew = {"state": "due", "due_at": at, "contact": 0, "tries": 0, "since": None, "refused": []}
            ids = [row.id for row in rows]
            connection.execute(update(_page).where(_page.c.id.in_(ids)).values({**anew, "error": None}))
        return len(rows)

    def not_repeated(self, pages: Sequence[Page], at: datetime) -> None:
        """They may have arrived and nobody waits for them any more: taken as heard, so that the end is told."""
        with self._database.writing() as connection:
            _set(connection, pages, {"state": "delivered", "delivered_at": at})
            for page in pages:
                add_row(connection, page.incident_id, tell(Kind.NOT_REPEATED, person=page.person), at)

    def overtaken(self, pages: Sequence[Page], at: datetime, kind: Kind = Kind.OVERTAKEN) -> None:
        """What would be wrong to say by now: an "over" while a later incident of the same kind is open."""
        with self._database.writing() as connection:
            _set(connection, pages, {"state": "cancelled"})
            for page in pages:
                add_row(connection, page.incident_id, tell(kind, person=page.person), at)


def call_instead(connection: Connection, page: Page, instead: Instead | None, at: datetime) -> None:
    """In the transaction that gives the page up: a crash between the two would leave nobody called."""
    if instead is None:
        return
    call = Call(page.kind, page.severity, page.occasion)
    called = list[str]()
    for person in instead.people:
        spared = instead.spared.get(person, ())
        contact = next(number for number in count() if number not in spared)
        if add_page(connection, instead.incident, person, call, instead.reason, at, contact, spared=spared):
            called.append(person)
    if called:
        row = tell(Kind.MOVED_ON, person=page.person, others=", ".join(called))
    elif not _said(connection, instead.incident, page.person, Kind.NOBODY_ELSE):
        row = tell(Kind.NOBODY_ELSE, person=page.person)
    else:
        return
    add_row(connection, instead.incident, row, at)


def _as_filed(connection: Connection, page: Page) -> Page:
    """Its incident may have been merged since it was leased."""
    filed = connection.scalar(select(_page.c.incident_id).where(_page.c.id == page.id))
    return replace(page, incident_id=filed)


def _set(connection: Connection, pages: Sequence[Page], values: Mapping[str, object]) -> None:
    """Also ends their lease."""
    mine = _page.c.id.in_([page.id for page in pages])
    connection.execute(update(_page).where(mine).values({**values, "leased_until": None}))


def _close(
    connection: Connection,
    attempt: int,
    outcome: str,
    text: str | None,
    at: datetime,
    closed_until: datetime | None = None,
) -> None:
    connection.execute(
        update(tables.attempt)
        .where(tables.attempt.c.id == attempt)
        .values(ended_at=at, outcome=outcome, detail=text, closed_until=closed_until)
    )


def _said(connection: Connection, incident: int, person: str, kind: Kind) -> bool:
    row = tables.timeline.c
    query = select(row.id).where(row.incident_id == incident, row.person == person, row.kind == kind)
    return connection.execute(query.limit(1)).first() is not None


def _heard(connection: Connection, page: Page) -> bool:
    """Whether another page of this incident reached the same person."""
    query = select(_page.c.id).where(
        _page.c.incident_id == page.incident_id, _page.c.person == page.person, _page.c.state == "delivered"
    )
    return connection.execute(query.limit(1)).first() is not None
