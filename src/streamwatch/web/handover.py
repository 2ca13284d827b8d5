"""The card of a shift's start: what is open, and a button to take it over. And duty as a calendar of phones."""

import asyncio
from datetime import UTC, timedelta
from typing import Any

from fastapi import APIRouter, Depends, HTTPException, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from streamwatch.access.links import BadLink, OldLink
from streamwatch.duty import HandOver, handover, held_roles, shifts, streams, who
from streamwatch.language import Text
from streamwatch.store.acks import Ack
from streamwatch.store.actions import WantedActions
from streamwatch.store.audit import Act
from streamwatch.store.journal import OPEN
from streamwatch.watching.drill_calendar import dues
from streamwatch.web import presenting
from streamwatch.web.acting import Acting, Deeds
from streamwatch.web.actions import found
from streamwatch.web.api import the_person
from streamwatch.web.forms import behind_link, marked_form
from streamwatch.web.pages import Reader, near_shows, render
from streamwatch.web.parts import Parts, RowId, Wired
from streamwatch.web.security import bearer, ops, viewer

pages = APIRouter(include_in_schema=False)
api = APIRouter(prefix="/api/v1", dependencies=[Depends(bearer)], tags=["duty"])

LOOKED_BACK = timedelta(days=8)
SHOWN = timedelta(days=68)  # of shifts in the feed
RECENT = timedelta(hours=24)  # of hand-overs on the card
MOST = 200


@api.get("/duty/handover")
def tell_card(parts: Wired, person: str | None = None) -> dict[str, Any]:
    """What is open now, who comes and who leaves; with *person*, the link to their own card."""
    coming = the_person(parts, person) if person else None
    link = {"person": coming, "link": parts.duty_links.card(coming)} if coming else {}
    return _card(parts, coming) | link


@pages.get("/handover", dependencies=[Depends(viewer)])
def console_card(request: Request, parts: Wired, language: Reader, deeds: Deeds) -> HTMLResponse:
    """With buttons for who may act: in the reader's own name, else in that of whoever is on duty."""
    card = _card(parts, deeds.myself)
    for shown in card["incidents"]:
        takes = deeds.myself or shown["on_duty"]
        _offer(parts, shown, takes if deeds.caller.may("ops") else None, f"/handover/{shown['id']}")
    return render(request, "handover.html", language, **card, link=None, shows=near_shows(parts))


@pages.post("/handover/{incident}", dependencies=[Depends(ops)])
async def take_over_here(request: Request, parts: Wired, deeds: Deeds, incident: RowId) -> RedirectResponse:
    fields = await marked_form(request, parts, "handover")
    person = deeds.myself or the_person(parts, fields.get("by", ""))
    await asyncio.to_thread(_take, parts, deeds, incident, person)
    return RedirectResponse("/handover", 303)


@pages.get("/h/{token}")
def own_card(request: Request, parts: Wired, language: Reader, token: str) -> HTMLResponse:
    """Shows only: chat programs open links to preview them."""
    person = _read(parts, token)
    card = _card(parts, person)
    for shown in card["incidents"]:
        _offer(parts, shown, person, f"/h/{token}/{shown['id']}")
    return render(request, "handover.html", language, **card, link=token, shows=near_shows(parts))


@pages.post("/h/{token}/{incident}")
async def take_over(request: Request, parts: Wired, deeds: Deeds, token: str, incident: RowId) -> RedirectResponse:
    """The button: the incident is the reader's from now on."""
    person = _read(parts, token)
    await behind_link(request, parts, token)
    deeds.by_link(person)
    await asyncio.to_thread(_take, parts, deeds, incident, person)
    return RedirectResponse(f"/h/{token}", 303)


@pages.get("/duty.ics")
def feed(parts: Wired, language: Reader, token: str) -> Response:
    """Sessions and shifts, of one person or of all; the token is good for reading this and for nothing else."""
    try:
        person = parts.duty_links.read_calendar(token)
    except BadLink as error:
        raise HTTPException(404, Text("链接无效，请重新生成：streamwatch duty calendar", str(error))) from None
    from streamwatch.calendars.feed import write_feed  # slow to load: a receiver must start at once

    book, now = parts.config().book, parts.clock()
    if person and person not in book.people:
        raise HTTPException(404, Text("此人已不在 duty.yml", "this person is not in duty.yml any more"))
    # From the same instant all day, so that an event does not change with every look at it.
    first = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - LOOKED_BACK
    sessions = [
        session
        for session in book.sessions
        if not person or any(person in people for people in session.duty.values())
    ]
    turns = [
        shift
        for stream in streams(book)
        for role in held_roles(book)
        for shift in shifts(book, role, stream, first, first + SHOWN)
        if shift.duty.source in ("override", "rotation") and (not person or person in shift.duty.call)
    ]
    held = dues(parts.config().file.drill_calendar, parts.store.drills.held())
    drills = [
        (" ".join(filter(None, (each.planned.fault, each.planned.stream))), each.at) for each in held if each.at
    ]
    written = write_feed(sessions, turns, book, now, language, drills)
    return Response(written, media_type="text/calendar; charset=utf-8")


def _take(parts: Parts, deeds: Acting, incident: int, person: str) -> None:
    if parts.store.duty.take_over(incident, person, parts.clock()) is Ack.DONE:
        deeds.did(Act.TAKE_OVER, person, incident)


def _offer(parts: Parts, shown: dict[str, Any], takes: str | None, action: str) -> None:
    """A button, unless there is nobody to press it, or who would has it already."""
    shown["action"] = None if takes is None or shown["acknowledged_by"] == takes else action
    shown["takes"], shown["takes_name"] = takes, takes and presenting.names(parts.config())(takes)


def _card(parts: Parts, person: str | None) -> dict[str, Any]:
    """Everything open, the reader's own first; and the hand-overs of the last day."""
    config, now = parts.config(), parts.clock()
    book, name = config.book, presenting.names(config)
    records = parts.store.journal.incidents(OPEN, limit=MOST)
    incidents = [presenting.incident(record, config, full=False) for record in records]
    for shown in incidents:
        called = who(book, shown["role"], shown["stream"], now).call
        shown["on_duty"] = called[0] if len(called) == 1 else None
        shown["on_duty_name"] = shown["on_duty"] and name(shown["on_duty"])
    incidents.sort(key=lambda shown: (person is not None and shown["on_duty"] != person, shown["severity"]))
    changes = [
        _change(parts, change)
        for stream in streams(book)
        for role in held_roles(book)
        if (change := handover(book, role, stream, now)).since is not None
        and change.since > now - RECENT
        and (person is None or person in change.coming)
        and (not stream or change != _general(parts, change))
    ]
    actions = found(parts, WantedActions("open"))
    actions.sort(key=lambda each: person is not None and each["owner"] != person)
    return {
        "at": presenting.moment(now, config.zone),
        "handovers": changes,
        "incidents": incidents,
        "actions": actions,
    }


def _general(parts: Parts, change: HandOver) -> HandOver:
    """The same role for no stream in particular: what is so for all is told once."""
    found = handover(parts.config().book, change.role, "", parts.clock())
    return HandOver(found.role, change.stream, found.since, found.leaving, found.coming)


def _change(parts: Parts, change: HandOver) -> dict[str, Any]:
    name = presenting.names(parts.config())
    return {
        "role": change.role,
        "stream": change.stream,
        "since": presenting.moment(change.since, parts.config().zone),
        "leaving": list(change.leaving),
        "leaving_names": list(map(name, change.leaving)),
        "coming": list(change.coming),
        "coming_names": list(map(name, change.coming)),
    }


def _read(parts: Parts, token: str) -> str:
    try:
        person = parts.duty_links.read_card(token)
    except OldLink as error:
        raise HTTPException(410, Text("链接已过期：streamwatch duty handover", str(error))) from None
    except BadLink as error:
        raise HTTPException(404, Text("链接无效：streamwatch duty handover", str(error))) from None
    if person not in parts.config().book.people:
        raise HTTPException(404, Text("此人已不在 duty.yml", "this person is not in duty.yml any more"))
    return person
