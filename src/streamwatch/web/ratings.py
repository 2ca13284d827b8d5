"""Was this page useful? Said by whoever was called: over the API, on the incident's page, and behind its link."""

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, ConfigDict, Field

from streamwatch.incidents.trigger import NOTE
from streamwatch.language import Text
from streamwatch.message import clean
from streamwatch.store.audit import Act
from streamwatch.store.ratings import Rated
from streamwatch.web.acting import Acting, Deeds
from streamwatch.web.api import no_incident, the_person
from streamwatch.web.forms import behind_link
from streamwatch.web.incident_forms import Filled, who
from streamwatch.web.pages import _read
from streamwatch.web.parts import Parts, RowId, Wired
from streamwatch.web.security import bearer, ops
from streamwatch.web.triggers import shown

api = APIRouter(prefix="/api/v1", dependencies=[Depends(bearer)], tags=["incidents"])
pages = APIRouter(include_in_schema=False)

YES = "yes"


class UsefulBody(BaseModel):
    model_config = ConfigDict(extra="forbid")
    by: Annotated[str, Field(min_length=1, max_length=80)]
    useful: bool
    why: Annotated[str, Field(max_length=NOTE)] = ""


@api.post("/incidents/{incident}/useful")
def useful(parts: Wired, deeds: Deeds, incident: RowId, body: UsefulBody) -> dict[str, Any]:
    """Whether the page was of use to whoever was called; the last word counts. 404; 409 was not called."""
    rate(parts, deeds, incident, the_person(parts, body.by), body.useful, body.why)
    return shown(parts, parts.store.journal.live(incident))


@pages.post("/incidents/{incident}/useful", dependencies=[Depends(ops)])
async def useful_here(parts: Wired, deeds: Deeds, fields: Filled, incident: RowId) -> RedirectResponse:
    """From the incident's page, or from the list of one's own alerts."""
    by = who(parts, deeds, fields)
    await rated(parts, deeds, incident, by, fields)
    to_list = "/mine" if deeds.myself else f"/mine?person={by}"
    return RedirectResponse(to_list if fields.get("from") == "mine" else f"/incidents/{incident}#useful", 303)


@pages.post("/a/{token}/useful")
async def useful_behind_link(request: Request, parts: Wired, deeds: Deeds, token: str) -> RedirectResponse:
    """The signature says who was called."""
    link = _read(parts, token)
    fields = await behind_link(request, parts, token)
    deeds.by_link(link.person)
    await rated(parts, deeds, link.incident, link.person, fields)
    return RedirectResponse(f"/a/{token}#useful", 303)


async def rated(parts: Parts, deeds: Acting, incident: int, by: str, fields: dict[str, str]) -> None:
    said, why = fields.get("useful") == YES, fields.get("why", "")
    await asyncio.to_thread(rate, parts, deeds, incident, by, said, why)


def rate(parts: Parts, deeds: Acting, incident: int, by: str, said: bool, why: str) -> None:
    """Raises 404 and 409."""
    because = clean(why, NOTE)
    outcome = parts.store.ratings.rate(incident, by, said, because, parts.clock())
    if outcome is Rated.MISSING:
        raise no_incident(incident)
    if outcome is Rated.NOT_CALLED:
        words = Text(f"{by} 没有因事件 #{incident} 被呼叫", f"{by} was not called for incident #{incident}")
        raise HTTPException(409, words)
    word = YES if said else "no"
    if outcome is Rated.FIRST:
        parts.metrics.pages_rated.labels(word).inc()
    deeds.did(Act.RATE, by, incident, f"{word}: {because}" if because else word)
