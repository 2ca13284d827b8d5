"""Drills over the API: they begin, end, leave a result, and are listed."""

from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Query
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Row

from streamwatch.language import Text
from streamwatch.store.audit import Act
from streamwatch.watching.drill_calendar import Due, dues, suggested
from streamwatch.watching.drill_notes import how, sentence
from streamwatch.web import presenting
from streamwatch.web.acting import Deeds
from streamwatch.web.parts import Parts, RowId, Wired
from streamwatch.web.security import bearer

router = APIRouter(prefix="/api/v1/drills", dependencies=[Depends(bearer)], tags=["drills"])

Name = Annotated[str, Field(min_length=1, max_length=80)]
Seconds = Annotated[float, Field(ge=0, le=86_400)]
Sentences = Annotated[list[Annotated[str, Field(max_length=300)]], Field(max_length=20)]


class DrillBody(BaseModel):
    stream: Name
    fault: Name
    seconds: Annotated[float, Field(gt=0, le=3600)] = 120


class ResultBody(BaseModel):
    """What a drill showed. *seconds* is from the fault to the page, None: nobody was paged; *taken* until somebody
    took it. *wrong* is empty when all was as it must be, and says the same in both languages, line by line.
    """

    model_config = ConfigDict(extra="forbid")
    seconds: Seconds | None = None
    taken: Seconds | None = None
    person: Annotated[str, Field(max_length=80)] | None = None
    incidents: Annotated[list[Annotated[str, Field(max_length=20)]], Field(max_length=50)] = []
    wrong: Sentences = []
    wrong_zh: Sentences = []


@router.post("", status_code=201)
def begin(parts: Wired, deeds: Deeds, body: DrillBody) -> dict[str, str]:
    """From now on, incidents of this stream are marked as drill."""
    at = parts.clock()
    drill = parts.store.drills.begin(body.stream, body.fault, at, at + timedelta(seconds=body.seconds))
    deeds.did(Act.DRILL_START, what=f"{body.fault} {body.stream}")
    return {"id": str(drill)}


@router.get("")
def past(
    parts: Wired, fault: str | None = None, limit: Annotated[int, Query(ge=1, le=1000)] = 50
) -> dict[str, Any]:
    """Newest first."""
    return {"drills": [_shown(parts, row) for row in parts.store.drills.past(limit, fault)]}


@router.get("/due")
def due(parts: Wired) -> dict[str, Any]:
    """By the calendar of duty.yml, in its order; without one, what is suggested."""
    plan, now = parts.config().file.drill_calendar, parts.clock().astimezone(parts.config().zone)
    return {
        "suggested": not plan,
        "due": [_due(each, now) for each in dues(plan or suggested(), parts.store.drills.held())],
    }


@router.delete("/{drill}", status_code=204)
def end(parts: Wired, deeds: Deeds, drill: RowId) -> None:
    if not parts.store.drills.end(drill, parts.clock()):
        raise _no_drill(drill)
    deeds.did(Act.DRILL_END, what=str(drill))


@router.post("/{drill}/result", status_code=201)
def keep(parts: Wired, drill: RowId, body: ResultBody) -> dict[str, str]:
    """Once: what was seen is not seen anew. 409 when it is there already."""
    if not parts.store.drills.is_there(drill):
        raise _no_drill(drill)
    if not parts.store.drills.keep(drill, body.model_dump()):
        raise HTTPException(409, Text(f"演练 {drill} 已有结果", f"drill {drill} has its result already"))
    return {"id": str(drill)}


def _due(due: Due, now: datetime) -> dict[str, Any]:
    fault, every, stream = due.planned
    words, zone = sentence(due, now), now.tzinfo
    return {
        "fault": fault,
        "stream": stream,
        "every": every.total_seconds(),
        "last": due.last and due.last.astimezone(zone).isoformat(),
        "due": due.at and due.at.astimezone(zone).isoformat(),
        "overdue": due.is_overdue(now),
        "command": how(due.planned),
        "text": words.en,
        "text_zh": words.zh,
    }


def _shown(parts: Parts, row: Row[Any]) -> dict[str, Any]:
    """*right* is None while nobody knows: it runs, or was broken off."""
    zone, name, result = parts.config().zone, presenting.names(parts.config()), row.result
    person = result and result["person"]
    return {
        "id": str(row.id),
        "fault": row.fault,
        "stream": row.stream,
        "started_at": presenting.moment(row.started_at, zone),
        "right": None if result is None else not result["wrong"],
        "seconds": result and result["seconds"],
        "taken": result and result["taken"],
        "person": person,
        "person_name": person and name(person),
        "incidents": result["incidents"] if result else [],
        "wrong": result["wrong"] if result else [],
        "wrong_zh": result["wrong_zh"] if result else [],
    }


def _no_drill(drill: int) -> HTTPException:
    return HTTPException(404, Text(f"没有演练 {drill}", f"there is no drill {drill}"))
