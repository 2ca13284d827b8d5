"""Action items over the API and as a page: what was agreed in a review, who does it, until when."""

import asyncio
from datetime import date
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, HTTPException, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from streamwatch.language import Text
from streamwatch.message import clean
from streamwatch.store.actions import Done, NewAction, WantedActions
from streamwatch.store.audit import Act
from streamwatch.web import presenting
from streamwatch.web.acting import Acting, Deeds
from streamwatch.web.api import no_incident, the_person
from streamwatch.web.forms import marked_form
from streamwatch.web.pages import Reader, render
from streamwatch.web.parts import Parts, RowId, Wired
from streamwatch.web.security import bearer, ops, viewer

api = APIRouter(prefix="/api/v1/actions", dependencies=[Depends(bearer)], tags=["actions"])
pages = APIRouter(include_in_schema=False)

LONGEST = 200  # characters
SHOWN = 200
Name = Annotated[str, Field(min_length=1, max_length=80)]
State = Literal["open", "done", "all"]


class ActionBody(BaseModel):
    """*due* is a day. It came of a *session* or of an *incident*, or of neither."""

    model_config = ConfigDict(extra="forbid")
    text: Annotated[str, Field(min_length=1, max_length=LONGEST)]
    owner: Name
    due: date
    session: Annotated[str, Field(max_length=200)] | None = None
    incident: Annotated[int, Field(ge=0, le=2**63 - 1)] | None = None
    by: Name | None = None


class DoneBody(BaseModel):
    by: Name | None = None


@api.post("", status_code=201)
def add(parts: Wired, deeds: Deeds, body: ActionBody) -> dict[str, Any]:
    return _add(parts, deeds, body)


@api.get("")
def listed(
    parts: Wired,
    state: State = "all",
    stream: str | None = None,
    session: str | None = None,
    owner: str | None = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = SHOWN,
) -> dict[str, Any]:
    """Open ones first, by the day they are due. With *stream* also those of none in particular."""
    whose = the_person(parts, owner) if owner else None
    return {"actions": found(parts, WantedActions(state, stream, session, whose, limit))}


@api.post("/{action}/done")
def done(parts: Wired, deeds: Deeds, action: RowId, body: DoneBody) -> dict[str, Any]:
    """409 when it was done already."""
    return _done(parts, deeds, action, the_person(parts, body.by) if body.by else None)


@pages.get("/actions", dependencies=[Depends(viewer)])
def show(request: Request, parts: Wired, language: Reader, deeds: Deeds) -> HTMLResponse:
    return render(
        request,
        "actions.html",
        language,
        actions=found(parts, WantedActions(limit=SHOWN)),
        people=[(each.id, each.name) for each in parts.config().book.people.values()],
        sessions=[row.session for row in parts.store.reviews.past(10)],
        today=today(parts).isoformat(),
        may_act=deeds.caller.may("ops"),
    )


@pages.post("/actions/new", dependencies=[Depends(ops)])
async def add_here(request: Request, parts: Wired, deeds: Deeds) -> RedirectResponse:
    fields = await marked_form(request, parts, "action")
    try:
        due = date.fromisoformat(fields.get("due", ""))
    except ValueError:
        raise HTTPException(422, Text("请选一个日期", "choose a day")) from None
    if not (text := fields.get("text", "")[:LONGEST]):
        raise HTTPException(422, Text("请写要做什么", "write what is to be done"))
    owner, session = fields.get("owner", "") or "-", fields.get("session") or None
    try:
        body = ActionBody(text=text, owner=owner, due=due, session=session)
    except ValidationError:  # our own form offers none that is so long
        raise HTTPException(422, Text("没有这样的人或场次", "there is no such person or session")) from None
    await asyncio.to_thread(_add, parts, deeds, body)
    return RedirectResponse("/actions", 303)


@pages.post("/actions/{action}/done", dependencies=[Depends(ops)])
async def done_here(request: Request, parts: Wired, deeds: Deeds, action: RowId) -> RedirectResponse:
    await marked_form(request, parts, "action")
    await asyncio.to_thread(_done, parts, deeds, action, None)
    return RedirectResponse("/actions", 303)


def found(parts: Parts, wanted: WantedActions) -> list[dict[str, Any]]:
    return [presenting.action(row, parts.config(), parts.clock()) for row in parts.store.actions.find(wanted)]


def today(parts: Parts) -> date:
    """By the team's clocks."""
    return parts.clock().astimezone(parts.config().zone).date()


def _add(parts: Parts, deeds: Acting, body: ActionBody) -> dict[str, Any]:
    owner = the_person(parts, body.owner)
    by = the_person(parts, body.by) if body.by else deeds.myself
    text = clean(body.text, LONGEST)
    if not text:
        raise HTTPException(422, Text("请写要做什么", "write what is to be done"))
    if body.due < today(parts):
        past = Text(
            f"期限 {body.due} 已经过去；今天是 {today(parts)}",
            f"due {body.due} is past already; today is {today(parts)}",
        )
        raise HTTPException(422, past)
    new = NewAction(text, owner, body.due.isoformat(), _stream(parts, body), body.session, body.incident)
    number = parts.store.actions.add(new, by, parts.clock())
    deeds.did(Act.ACTION, by, body.incident, f"{number} {owner} {new.due}: {text}")
    return _one(parts, number)


def _done(parts: Parts, deeds: Acting, action: int, by: str | None) -> dict[str, Any]:
    by = by or deeds.myself
    match parts.store.actions.done(action, by, parts.clock()):
        case Done.MISSING:
            raise HTTPException(404, Text(f"没有改进项 {action}", f"there is no action item {action}"))
        case Done.ALREADY:
            raise HTTPException(409, Text(f"改进项 {action} 早已完成", f"action item {action} is done already"))
    deeds.did(Act.ACTION_DONE, by, what=str(action))
    return _one(parts, action)


def _stream(parts: Parts, body: ActionBody) -> str | None:
    """Of what it came of. Raises 422, or 404 when there is no such thing."""
    if body.session is not None and body.incident is not None:
        raise HTTPException(422, Text("场次和事件只写一个", "name a session or an incident, not both"))
    if body.incident is not None:
        row = parts.store.journal.headline(body.incident)
        if row is None:
            raise no_incident(body.incident)
        return str(row.stream)
    if body.session is None:
        return None
    planned = [each.stream for each in parts.config().book.sessions if each.id == body.session]
    kept = [row.stream for row in parts.store.reviews.past(1, session=body.session)]
    if not planned + kept:
        unknown = Text(
            f"没有场次“{body.session}”；见 streamwatch session list",
            f"there is no session '{body.session}'; see streamwatch session list",
        )
        raise HTTPException(422, unknown)
    return str((planned + kept)[0])


def _one(parts: Parts, action: int) -> dict[str, Any]:
    row = parts.store.actions.one(action)
    assert row is not None  # it was just written to
    return presenting.action(row, parts.config(), parts.clock())
