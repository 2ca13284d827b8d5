"""The API for what stays to be done by people: notes of those at work, and pages that nobody could be told."""

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException
from pydantic import BaseModel, Field

from streamwatch.language import Text
from streamwatch.message import clean
from streamwatch.store.audit import Act
from streamwatch.web import presenting
from streamwatch.web.acting import Deeds
from streamwatch.web.api import no_incident, the_person
from streamwatch.web.parts import RowId, Wired
from streamwatch.web.security import admin_token, bearer

router = APIRouter(prefix="/api/v1", dependencies=[Depends(bearer)], tags=["incidents"])


class NoteBody(BaseModel):
    by: Annotated[str, Field(min_length=1, max_length=80)]
    text: Annotated[str, Field(min_length=1, max_length=500)]


class ReplayBody(BaseModel):
    page: Annotated[int, Field(ge=0, le=2**63 - 1)] | None = None


@router.post("/incidents/{incident}/notes", status_code=201)
def note(parts: Wired, deeds: Deeds, incident: RowId, body: NoteBody) -> dict[str, Any]:
    """A line of the timeline; it also shows that work goes on, so that the ack does not run out."""
    person = the_person(parts, body.by)
    if not parts.store.acks.note(incident, person, clean(body.text, 500), parts.clock()):
        raise no_incident(incident)
    deeds.did(Act.NOTE, person, incident, body.text)
    return {"incident": str(incident), "by": person}


@router.get("/dead-pages")
def dead_pages(parts: Wired) -> dict[str, Any]:
    """Pages that no contact of their person takes, newest first."""
    rows = parts.store.journal.dead_pages()
    return {
        "pages": [
            presenting.page(row, parts.config())
            | {"incident": row.incident_id and str(row.incident_id), "severity": row.severity}
            for row in rows
        ]
    }


@router.post("/dead-pages/replay", dependencies=[Depends(admin_token)])
async def replay(parts: Wired, deeds: Deeds, body: ReplayBody) -> dict[str, int]:
    """All dead pages are tried again, or the one that is named."""
    count = await asyncio.to_thread(parts.store.outcomes.replay, parts.clock(), body.page)
    if body.page is not None and not count:
        words = Text(f"呼叫 {body.page} 不在无法送达之列", f"page {body.page} is not a dead one")
        raise HTTPException(404, words)
    parts.pages_came()
    await deeds.soon(Act.REPLAY, what=f"{count}" if body.page is None else f"page {body.page}")
    return {"replayed": count}
