"""Who knows of an incident: pages that call, and pages that tell those who are not called."""

from collections.abc import Collection

from sqlalchemy import Connection, exists, select, update

from streamwatch.message import CALLS, TOLD
from streamwatch.store import tables
from streamwatch.store.rows import this_time

_page, _line = tables.page.c, tables.timeline.c
NEVER_SENT = ("cancelled", "observed")


def knowing(connection: Connection, incident: int) -> set[str]:
    """Everyone who was called for it or told of it, since it was opened last."""
    mine = (_page.incident_id == incident) & _page.kind.in_((*CALLS, TOLD)) & _page.state.not_in(NEVER_SENT)
    return set(connection.scalars(select(_page.person).where(mine, this_time(_page))))


def called(connection: Connection, incident: int) -> list[str]:
    """Whoever was called for it, the first first."""
    mine = (_page.incident_id == incident) & _page.kind.in_(CALLS) & _page.state.not_in(NEVER_SENT)
    rows = connection.scalars(select(_page.person).where(mine, this_time(_page)).order_by(_page.id))
    return list(dict.fromkeys(rows))


def known(connection: Connection, pages: Collection[int]) -> frozenset[int]:
    """Those of *pages* whose reader was called for the incident since, or told of it by an earlier page."""
    other = tables.page.alias().c
    same = (other.incident_id == _page.incident_id) & (other.person == _page.person)
    same &= other.state.in_(("sending", "delivered")) & this_time(other)
    told = (other.kind == TOLD) & (other.id < _page.id)
    query = select(_page.id).where(_page.id.in_(pages), exists().where(same, other.kind.in_(CALLS) | told))
    return frozenset(connection.scalars(query))


def tell_no_more(connection: Connection, incident: int) -> None:
    """It is over: whoever was not told of it yet has nothing to do. One that may have arrived is sent on."""
    unheard = (_page.incident_id == incident) & (_page.kind == TOLD) & (_page.state == "due")
    unheard &= _page.maybe_repeated.is_(False)
    connection.execute(update(tables.page).where(unheard).values(state="cancelled"))


def is_written(connection: Connection, incident: int, kind: str, text_en: str) -> bool:
    """Whether the timeline has that row."""
    same = (_line.incident_id == incident) & (_line.kind == kind) & (_line.text_en == text_en)
    return connection.execute(select(_line.id).where(same).limit(1)).first() is not None
