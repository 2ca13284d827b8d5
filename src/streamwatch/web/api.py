"""The API for programs: incidents, acks, duty, status. Every call needs a bearer token.

A refusal is worded in both languages (`Text`); `pages.show_error` answers in the one that Accept-Language asks for.
"""

import asyncio
from datetime import datetime
from typing import Annotated, Any, Literal, get_args

from fastapi import APIRouter, Depends, HTTPException, Query
from pydantic import AwareDatetime, BaseModel, Field

from streamwatch.duty import NEVER_EMPTY, ROLES, held_roles, own_duty, who
from streamwatch.duty_document import own_document, role_document
from streamwatch.language import Text
from streamwatch.store.acks import Ack
from streamwatch.store.audit import Act
from streamwatch.web import presenting
from streamwatch.web.acting import Deeds
from streamwatch.web.parts import Parts, RowId, Wired
from streamwatch.web.security import bearer

ASKED_FOR = Text("有人要求发出的测试", "somebody asked for this test")

router = APIRouter(prefix="/api/v1", dependencies=[Depends(bearer)], tags=["incidents"])

State = Literal["open", "acknowledged", "resolved", "merged"]
LISTED = ("open", "acknowledged", "resolved")  # what is listed when nobody says which
Name = Annotated[str, Field(min_length=1, max_length=80)]


class AckBody(BaseModel):
    by: Name


class TestBody(BaseModel):
    person: Name


@router.get("/incidents")
def incidents(
    parts: Wired,
    state: Annotated[str, Query(description="states with commas between: open,acknowledged,resolved")] = "",
    stream: str | None = None,
    since: AwareDatetime | None = None,
    until: AwareDatetime | None = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> dict[str, Any]:
    """Newest first. *since* and *until* bound when an incident opened."""
    states = tuple(part for part in state.split(",") if part) or LISTED
    unknown = set(states) - set(get_args(State))
    if unknown:
        raise refused(422, "state 可用 open、acknowledged、resolved、merged，之间用半角逗号",
                       "state takes open, acknowledged, resolved and merged, with commas between")  # fmt: skip
    records = parts.store.journal.incidents(states, stream, since, until, limit)
    return {"incidents": [presenting.incident(record, parts.config()) for record in records]}


@router.get("/incidents/{incident}")
def incident(parts: Wired, incident: RowId) -> dict[str, Any]:
    """One incident with its alerts, pages and timeline."""
    record = parts.store.journal.incident(incident)
    if record is None:
        raise no_incident(incident)
    return presenting.incident(record, parts.config())


@router.post("/incidents/{incident}/ack")
def acknowledge(parts: Wired, deeds: Deeds, incident: RowId, body: AckBody) -> dict[str, Any]:
    """Take an incident. Taking one that is taken already changes nothing: `acknowledged_by` says whose it is,
    `by` who asked, `changed` whether this call took it.
    """
    person = the_person(parts, body.by)
    outcome = parts.store.acks.acknowledge(incident, person, parts.clock())
    if outcome is Ack.MISSING:
        raise no_incident(incident)
    if outcome is Ack.OVER:
        raise over_already(incident)
    if outcome is Ack.DONE:
        deeds.did(Act.ACK, person, incident)
    return _found(parts, parts.store.journal.live(incident)) | {"by": person, "changed": outcome is Ack.DONE}


@router.get("/duty", tags=["duty"])
def duty(
    parts: Wired, at: AwareDatetime | None = None, stream: str = "", role: str | None = None
) -> dict[str, Any]:
    """Who is called for each role of *stream* at *at*, and why. Without *stream*: of all that have no duty of their
    own; `streams` names those that have.
    """
    moment = at or parts.clock()
    if role is not None and role not in ROLES:
        known = " ".join(ROLES)
        raise refused(422, f"没有岗位“{role}”；岗位有：{known}", f"there is no role '{role}'; roles are: {known}")
    return {
        "at": presenting.moment(moment, parts.config().zone),
        "duty": duty_list(parts, stream, moment, role),
        "streams": [] if stream else own_lists(parts, moment, role),
    }


def duty_list(parts: Parts, stream: str, at: datetime, role: str | None = None) -> list[dict[str, Any]]:
    """Without *role*, the roles that somebody holds by a list, or that must never be empty."""
    book = parts.config().book
    elsewhere = {each for session in book.sessions if session.stream != stream for each in session.duty}
    here = {each for session in book.sessions if session.stream == stream for each in session.duty}
    listed = {*book.default, *NEVER_EMPTY, *(rotation.role for rotation in book.rotations)}
    held = [each for each in held_roles(book) if each not in elsewhere - here - listed]
    roles = [role] if role else held
    return [role_document(book, each, who(book, each, stream, at)) for each in roles]


def own_lists(parts: Parts, at: datetime, role: str | None = None) -> list[dict[str, Any]]:
    """Streams where somebody else is on duty than by the common list, as during a session with its own."""
    book = parts.config().book
    roles = [role] if role else held_roles(book)
    return [own_document(book, each, at) for each in own_duty(book, roles, at)]


@router.post("/test-pages", tags=["duty"], status_code=202)
async def test_page(parts: Wired, deeds: Deeds, body: TestBody) -> dict[str, Any]:
    """A page that means nothing, through the whole delivery. Ask /pages/{id} what came of it."""
    person = the_person(parts, body.person)
    page = await asyncio.to_thread(parts.store.outbox.test, person, ASKED_FOR, parts.clock())
    parts.pages_came()
    await deeds.soon(Act.TEST_PAGE, person)
    return {"id": str(page)}


@router.get("/pages/{page}", tags=["duty"])
def one_page(parts: Wired, page: RowId) -> dict[str, Any]:
    row = parts.store.journal.page(page)
    if row is None:
        raise refused(404, f"没有呼叫 {page}", f"there is no page {page}")
    return presenting.page(row, parts.config())


@router.get("/status", tags=["status"])
async def status(parts: Wired) -> dict[str, Any]:
    """What waits where, when the Watchdog was heard last, and how each channel did."""
    standing = await asyncio.to_thread(parts.store.standing)
    config = parts.config()
    return {
        "watchdog_last_seen": presenting.moment(standing.heartbeats.get("Watchdog"), config.zone),
        "incidents_open": sum(standing.incidents_open.values()),
        "inbox_waiting": standing.inbox_waiting,
        "inbox_troubled": standing.inbox_troubled,
        "outbox_due": standing.outbox_due,
        "outbox_oldest": presenting.moment(standing.outbox_oldest, config.zone),
        "pages_undeliverable": standing.pages_dead,
        "channels": await asyncio.to_thread(presenting.channels, parts.store.journal, config),
        "troubles": parts.troubles(),
        "warnings": [each.en for each in parts.warnings()],
        "warnings_zh": [each.zh for each in parts.warnings()],
    }


def no_incident(incident: int) -> HTTPException:
    return refused(404, f"没有事件 #{incident}", f"there is no incident #{incident}")


def over_already(incident: int) -> HTTPException:
    return refused(409, f"事件 #{incident} 已经结束，不需要认领", f"incident #{incident} is over already")


def refused(status: int, zh: str, en: str) -> HTTPException:
    return HTTPException(status, Text(zh, en))


def the_person(parts: Parts, given: str) -> str:
    """The id of whom *given* means: an id or a name, in any case, as people type at night."""
    people = parts.config().book.people
    if given in people:
        return given
    typed = given.strip().casefold()
    meant = [each.id for each in people.values() if typed in (each.id.casefold(), each.name.casefold())]
    if len(meant) == 1:
        return meant[0]
    known = " ".join(meant or people)
    if meant:
        raise refused(422, f"叫“{given}”的不止一人，请写 id：{known}",
                       f"more than one person is called '{given}'; give the id: {known}")  # fmt: skip
    raise refused(422, f"没有人的 id 或名字是“{given}”；可以写：{known}",
                   f"nobody has the id '{given}'; people are: {known}")  # fmt: skip


def _found(parts: Parts, incident: int) -> dict[str, Any]:
    record = parts.store.journal.incident(incident)
    assert record is not None  # it was just written to
    return presenting.incident(record, parts.config())
