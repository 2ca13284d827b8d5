"""The audit log, to be read: by programs with an admin's token, and as a page of the console for admins."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse
from pydantic import AwareDatetime
from sqlalchemy import Row

from streamwatch.store.audit import Act, Wanted
from streamwatch.vocabulary import ACTS, HOWS
from streamwatch.web import presenting
from streamwatch.web.callers import admin
from streamwatch.web.pages import Reader, render
from streamwatch.web.parts import Parts, Wired
from streamwatch.web.security import admin_token

api = APIRouter(prefix="/api/v1", dependencies=[Depends(admin_token)], tags=["audit"])
pages = APIRouter(include_in_schema=False, dependencies=[Depends(admin)])

Number = Annotated[int | None, Query(ge=0, le=2**63 - 1)]
Word = Annotated[str | None, Query(max_length=80)]
SHOWN = 100  # rows of a page


@api.get("/audit")
def read(
    parts: Wired,
    since: AwareDatetime | None = None,
    until: AwareDatetime | None = None,
    act: Act | None = None,
    person: Word = None,
    incident: Number = None,
    before: Number = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> dict[str, Any]:
    """Newest first; *before* is the id of a row, for those that are older."""
    rows = parts.store.audit.read(Wanted(since, until, act, person, incident, before, limit))
    return {"audit": [shown(row, parts) for row in rows]}


@pages.get("/audit")
def show(
    request: Request,
    parts: Wired,
    language: Reader,
    act: str = "",
    person: Annotated[str, Query(max_length=80)] = "",
    incident: str = "",
    before: Number = None,
) -> HTMLResponse:
    """What a form leaves empty asks for nothing."""
    number = int(incident) if incident.isdecimal() and len(incident) < 19 else None
    wanted = Wanted(act=act or None, person=person or None, incident=number, before=before, limit=SHOWN)
    rows = [shown(row, parts) for row in parts.store.audit.read(wanted)]
    older = rows[-1]["id"] if len(rows) == SHOWN else None
    return render(
        request, "audit.html", language, rows=rows, acts=ACTS, act=act, person=person, incident=number or "",
        older=older,
    )  # fmt: skip


def shown(row: Row[Any], parts: Parts) -> dict[str, Any]:
    """One deed, with its words in both languages."""
    name = presenting.names(parts.config())
    act, how = ACTS[row.act], HOWS[row.how]
    return {
        "id": str(row.id),
        "at": presenting.moment(row.at, parts.config().zone),
        "act": row.act,
        "act_zh": act.zh,
        "act_en": act.en,
        "how": row.how,
        "how_zh": how.zh,
        "how_en": how.en,
        "name": row.name,
        "person": row.person,
        "person_name": row.person and name(row.person),
        "incident": row.incident_id and str(row.incident_id),
        "what": row.what,
        "address": row.address,
    }
