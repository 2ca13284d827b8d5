"""Silence and unsilence: the API and the forms of the console."""

import asyncio
from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, ConfigDict, Field

from streamwatch.incidents.silencing import Refused
from streamwatch.store.audit import Act
from streamwatch.store.silences import Silenced
from streamwatch.web import presenting
from streamwatch.web.acting import Acting, Deeds
from streamwatch.web.api import the_person
from streamwatch.web.incident_forms import Filled, who
from streamwatch.web.parts import Parts, RowId, Wired
from streamwatch.web.security import bearer, ops

api = APIRouter(prefix="/api/v1", dependencies=[Depends(bearer)], tags=["incidents"])
pages = APIRouter(include_in_schema=False, dependencies=[Depends(ops)])

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
async def silence(parts: Wired, deeds: Deeds, incident: RowId, body: SilenceBody) -> dict[str, Any]:
    """Nobody is called for it so long. 404; 409 over, or reported by people; 422 too long; 503 no Alertmanager."""
    by, length = the_person(parts, body.by), timedelta(seconds=body.seconds)
    return await asyncio.to_thread(_shown, parts, await _silence(parts, deeds, incident, length, by, body.reason))


@api.post("/incidents/{incident}/unsilence")
async def unsilence(parts: Wired, deeds: Deeds, incident: RowId, body: UnsilenceBody) -> dict[str, Any]:
    """From now on it calls again, first whoever is on duty. 404; 409 not silenced; 503 no Alertmanager."""
    found = await _unsilence(parts, deeds, incident, the_person(parts, body.by))
    return await asyncio.to_thread(_shown, parts, found)


@pages.post("/incidents/{incident}/silence")
async def silence_here(parts: Wired, deeds: Deeds, fields: Filled, incident: RowId) -> RedirectResponse:
    minutes = fields.get("minutes", "")
    length = timedelta(minutes=int(minutes) if minutes.isdecimal() and len(minutes) < 5 else 0)
    by, reason = who(parts, deeds, fields), fields.get("reason", "")[:200]
    return _back(await _silence(parts, deeds, incident, length, by, reason))


@pages.post("/incidents/{incident}/unsilence")
async def unsilence_here(parts: Wired, deeds: Deeds, fields: Filled, incident: RowId) -> RedirectResponse:
    return _back(await _unsilence(parts, deeds, incident, who(parts, deeds, fields)))


async def _silence(parts: Parts, deeds: Acting, incident: int, length: timedelta, by: str, reason: str) -> Silenced:
    found = _done(await parts.silencing.begin(incident, length, by, reason))
    await deeds.soon(Act.SILENCE, by, found.id, f"{int(length.total_seconds())} s: {reason}")
    return found


async def _unsilence(parts: Parts, deeds: Acting, incident: int, by: str) -> Silenced:
    found = _done(await parts.silencing.end(incident, by))
    parts.pages_came()
    await deeds.soon(Act.UNSILENCE, by, found.id)
    return found


def _back(found: Silenced) -> RedirectResponse:
    return RedirectResponse(f"/incidents/{found.id}", 303)


def _done(found: Silenced | Refused) -> Silenced:
    if isinstance(found, Refused):
        raise HTTPException(found.status, found.words)
    return found


def _shown(parts: Parts, found: Silenced) -> dict[str, Any]:
    record = parts.store.journal.incident(found.id)
    assert record is not None  # it was just written to
    return presenting.incident(record, parts.config())
