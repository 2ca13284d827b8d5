"""The forms of an incident's page: take it, note, mark, end. Whoever logged in is not asked who they are."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.responses import RedirectResponse

from streamwatch.incidents.trigger import NOTE
from streamwatch.language import Text
from streamwatch.message import clean
from streamwatch.store.acks import Ack
from streamwatch.store.audit import Act
from streamwatch.web import reporting
from streamwatch.web.acting import Acting, Deeds
from streamwatch.web.api import no_incident, over_already, the_person
from streamwatch.web.forms import behind_link, marked_form
from streamwatch.web.pages import _read
from streamwatch.web.parts import Parts, RowId, Wired
from streamwatch.web.security import ops
from streamwatch.web.triggers import MARKS, MarkBody, add_mark

router = APIRouter(include_in_schema=False, dependencies=[Depends(ops)])
by_link = APIRouter(include_in_schema=False)

Fields = dict[str, str]


async def _form(request: Request, parts: Wired) -> Fields:
    return await marked_form(request, parts, "incident")


Filled = Annotated[Fields, Depends(_form)]


@router.post("/incidents/{incident}/ack")
async def ack(parts: Wired, deeds: Deeds, fields: Filled, incident: RowId) -> RedirectResponse:
    by = who(parts, deeds, fields)
    outcome = await asyncio.to_thread(parts.store.acks.acknowledge, incident, by, parts.clock())
    return await _taken(outcome, deeds, Act.ACK, by, incident)


@router.post("/incidents/{incident}/take-over")
async def take_over(parts: Wired, deeds: Deeds, fields: Filled, incident: RowId) -> RedirectResponse:
    by = who(parts, deeds, fields)
    outcome = await asyncio.to_thread(parts.store.duty.take_over, incident, by, parts.clock())
    return await _taken(outcome, deeds, Act.TAKE_OVER, by, incident)


@router.post("/incidents/{incident}/notes")
async def note(parts: Wired, deeds: Deeds, fields: Filled, incident: RowId) -> RedirectResponse:
    by, text = who(parts, deeds, fields), clean(fields.get("note", ""), NOTE)
    if not text:
        raise HTTPException(422, Text("请写一句话", "write a word or two"))
    if not await asyncio.to_thread(parts.store.acks.note, incident, by, text, parts.clock()):
        raise no_incident(incident)
    await deeds.soon(Act.NOTE, by, incident, text)
    return _back(incident)


@router.post("/incidents/{incident}/resolve")
async def end(parts: Wired, deeds: Deeds, fields: Filled, incident: RowId) -> RedirectResponse:
    by, text = who(parts, deeds, fields), fields.get("note", "")[:NOTE]
    await reporting.close(parts, incident, by, text)
    await deeds.soon(Act.CLOSE, by, incident, text)
    return _back(incident)


@router.post("/incidents/{incident}/marks/{mark}")
async def mark(parts: Wired, deeds: Deeds, fields: Filled, incident: RowId, mark: str) -> RedirectResponse:
    if mark not in MARKS:
        raise HTTPException(404, Text(f"没有“{mark}”", f"there is no mark '{mark}'"))
    by, text = who(parts, deeds, fields), fields.get("note", "")[:NOTE]
    await asyncio.to_thread(add_mark, parts, incident, MarkBody(mark=mark, by=by, note=text))
    await deeds.soon(Act.MARK, by, incident, f"{mark} {text}".strip())
    return _back(incident)


@by_link.post("/a/{token}/over")
async def end_by_link(request: Request, parts: Wired, deeds: Deeds, token: str) -> RedirectResponse:
    """The second button behind an ack link; its signature says who presses."""
    link = _read(parts, token)
    await behind_link(request, parts, token)
    deeds.by_link(link.person)
    await reporting.close(parts, link.incident, link.person, "")
    await deeds.soon(Act.CLOSE, link.person, link.incident)
    return RedirectResponse(f"/a/{token}", 303)


def who(parts: Parts, deeds: Acting, fields: Fields) -> str:
    """Whoever is logged in; else whom the form names. Raises 422."""
    return deeds.myself or the_person(parts, fields.get("by", ""))


async def _taken(outcome: Ack, deeds: Acting, act: Act, by: str, incident: int) -> RedirectResponse:
    if outcome is Ack.MISSING:
        raise no_incident(incident)
    if outcome is Ack.OVER:
        raise over_already(incident)
    if outcome is Ack.DONE:
        await deeds.soon(act, by, incident)
    return _back(incident)


def _back(incident: int) -> RedirectResponse:
    return RedirectResponse(f"/incidents/{incident}", 303)
