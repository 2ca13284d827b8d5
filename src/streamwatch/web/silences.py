"""Silence and unsilence: the API and the forms of the console."""

import asyncio
from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, ConfigDict, Field

from streamwatch.silencing import Refused
from streamwatch.store.silences import Silenced
from streamwatch.web import presenting
from streamwatch.web.api import the_person
from streamwatch.web.parts import Parts, RowId, Wired
from streamwatch.web.security import bearer, viewer
from streamwatch.web.sos import of_the_incident_page

api = APIRouter(prefix="/api/v1", dependencies=[Depends(bearer)], tags=["incidents"])
pages = APIRouter(include_in_schema=False, dependencies=[Depends(viewer)])

Name = Annotated[str, Field(min_length=1, max_length=80)]
LONGEST = 7 * 24 * 3600.0  # seconds that are looked at; what is allowed depends on the severity


class SilenceBody(BaseModel):
    model_config = ConfigDict(extra="forbid")
    seconds: Annotated[float, Field(gt=0, le=LONGEST)]
    by: Name
    reason: Annotated[str, Field(max_length=200)] = ""


class UnsilenceBody(BaseModel):
    model_config = ConfigDict(extra="forbid")
    by: Name


@api.post("/incidents/{incident}/silence")
async def silence(parts: Wired, incident: RowId, body: SilenceBody) -> dict[str, Any]:
    """Nobody is called for it so long. 404; 409 over, or reported by people; 422 too long; 503 no Alertmanager."""
    person = the_person(parts, body.by)
    found = await parts.silencing.begin(incident, timedelta(seconds=body.seconds), person, body.reason)
    return await asyncio.to_thread(_shown, parts, found)


@api.post("/incidents/{incident}/unsilence")
async def unsilence(parts: Wired, incident: RowId, body: UnsilenceBody) -> dict[str, Any]:
    """From now on it calls again, first whoever is on duty. 404; 409 not silenced; 503 no Alertmanager."""
    found = await parts.silencing.end(incident, the_person(parts, body.by))
    parts.pages_came()
    return await asyncio.to_thread(_shown, parts, found)


@pages.post("/incidents/{incident}/silence")
async def silence_here(request: Request, parts: Wired, incident: RowId) -> RedirectResponse:
    fields = await of_the_incident_page(request, parts)
    minutes = fields.get("minutes", "")
    length = timedelta(minutes=int(minutes) if minutes.isdecimal() and len(minutes) < 5 else 0)
    person = the_person(parts, fields.get("by", ""))
    return _back(await parts.silencing.begin(incident, length, person, fields.get("reason", "")))


@pages.post("/incidents/{incident}/unsilence")
async def unsilence_here(request: Request, parts: Wired, incident: RowId) -> RedirectResponse:
    fields = await of_the_incident_page(request, parts)
    found = await parts.silencing.end(incident, the_person(parts, fields.get("by", "")))
    parts.pages_came()
    return _back(found)


def _back(found: Silenced | Refused) -> RedirectResponse:
    return RedirectResponse(f"/incidents/{_done(found).id}", 303)


def _done(found: Silenced | Refused) -> Silenced:
    if isinstance(found, Refused):
        raise HTTPException(found.status, found.words)
    return found


def _shown(parts: Parts, found: Silenced | Refused) -> dict[str, Any]:
    record = parts.store.journal.incident(_done(found).id)
    assert record is not None  # it was just written to
    return presenting.incident(record, parts.config())
