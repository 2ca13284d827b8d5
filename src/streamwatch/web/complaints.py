"""The queue of complaints for programs: what viewers complain about now, and who answers it."""

import asyncio
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Query
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Row

from streamwatch.incidents.trigger import NOTE
from streamwatch.incidents.waves import Room, rooms_of
from streamwatch.language import Text
from streamwatch.message import clean
from streamwatch.store.acks import Ack
from streamwatch.store.audit import Act
from streamwatch.store.complaints import BETWEEN, STATES
from streamwatch.web import presenting
from streamwatch.web.acting import Acting, Deeds
from streamwatch.web.api import the_person
from streamwatch.web.parts import Parts, RowId, Wired
from streamwatch.web.security import bearer

api = APIRouter(prefix="/api/v1", dependencies=[Depends(bearer)], tags=["complaints"])

NOTES = 5 * NOTE  # characters: the first, and what is added later

Name = Annotated[str, Field(min_length=1, max_length=80)]
Shown = dict[str, Any]

AWAY = Text(
    "采集端没有应答：现在不知道观众在说什么，也不会有新的投诉进来。请技术看 streamwatch-exporter，并派人盯弹幕",
    "the exporter does not answer: what viewers say now is not known, and no new complaint comes in. "
    "Have tech look at streamwatch-exporter, and have somebody read the chat",
)
NO_EXPORTER = Text(
    "duty.yml 没有写 exporter，不知道观众在说什么",
    "duty.yml names no exporter: what viewers say is not known",
)


class TakeBody(BaseModel):
    model_config = ConfigDict(extra="forbid")
    by: Name


class AnswerBody(BaseModel):
    model_config = ConfigDict(extra="forbid")
    by: Name
    note: Annotated[str, Field(max_length=NOTE)] = ""


@api.get("/complaints")
async def listed(
    parts: Wired,
    stream: str | None = None,
    state: Annotated[str, Query(description="states with commas between: open,taken,answered,quiet")] = "",
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> dict[str, Any]:
    """The queue, newest first; `now` is what is heard at this moment, null while the exporter does not say."""
    states = tuple(part for part in state.split(",") if part) or STATES
    if unknown := set(states) - set(STATES):
        known = ", ".join(STATES)
        odd = ", ".join(sorted(unknown))
        raise HTTPException(
            422, Text(f"state 没有“{odd}”；可用 {known}", f"there is no state '{odd}'; states are {known}")
        )
    rooms = rooms_of(await parts.evidence.rooms())
    rows = await asyncio.to_thread(parts.store.complaints.read, states, stream, limit)
    found = await asyncio.to_thread(shown, parts, rows)
    doubt = doubt_of(parts, rooms)
    return {
        "complaints": found,
        "now": None if rooms is None else [_now(room) for room in rooms if stream in (None, room.stream)],
        "unknown_zh": doubt and doubt.zh,
        "unknown": doubt and doubt.en,
    }


@api.post("/complaints/{complaint}/take")
def take(parts: Wired, deeds: Deeds, complaint: RowId, body: TakeBody) -> Shown:
    """Answer it oneself. One that is taken stays with whoever has it (`taken_by`); `changed`: whether it moved."""
    by = the_person(parts, body.by)
    changed = take_it(parts, deeds, complaint, by)
    return one(parts, complaint) | {"by": by, "changed": changed}


@api.post("/complaints/{complaint}/answer")
def answer(parts: Wired, deeds: Deeds, complaint: RowId, body: AnswerBody) -> Shown:
    """Viewers were told. Said again with another `note`, that is added to the first answer. 404; 409 answered
    already and nothing to add.
    """
    answer_it(parts, deeds, complaint, the_person(parts, body.by), body.note)
    return one(parts, complaint)


def take_it(parts: Parts, deeds: Acting, complaint: int, by: str) -> bool:
    outcome = parts.store.complaints.take(complaint, by, parts.clock())
    if outcome is Ack.MISSING:
        raise _missing(complaint)
    if outcome is Ack.OVER:
        raise HTTPException(409, Text(f"投诉 #{complaint} 不用再回应了", f"complaint #{complaint} is done already"))
    if outcome is Ack.DONE:
        _write(parts, deeds, Act.COMPLAINT_TAKE, complaint, by, "")
    return outcome is Ack.DONE


def answer_it(parts: Parts, deeds: Acting, complaint: int, by: str, said: str) -> None:
    at, note = parts.clock(), clean(said, NOTE)
    outcome = parts.store.complaints.answer(complaint, by, note, at)
    if outcome is Ack.MISSING:
        raise _missing(complaint)
    if outcome is Ack.OVER:
        if not parts.store.complaints.annotate(complaint, note, NOTES):
            raise _answered(parts, complaint, note)
        _write(parts, deeds, Act.COMPLAINT_ANSWER, complaint, by, note)
        return
    row = parts.store.complaints.one(complaint)
    if row is not None and not row.drill:
        waited = max(0.0, (at - row.opened_at).total_seconds())
        parts.metrics.complaint_answer.labels(row.category).observe(waited)
    _write(parts, deeds, Act.COMPLAINT_ANSWER, complaint, by, note)


def _answered(parts: Parts, complaint: int, note: str) -> HTTPException:
    row = parts.store.complaints.one(complaint)
    if row is not None and note and len(row.note) + len(note) + len(BETWEEN) > NOTES:
        long = Text(
            f"投诉 #{complaint} 已回应；备注合计不能超过 {NOTES} 字",
            f"complaint #{complaint} was answered already; its notes hold {NOTES} characters in all",
        )
        return HTTPException(409, long)
    return HTTPException(409, Text(f"投诉 #{complaint} 已回应", f"complaint #{complaint} was answered already"))


def _write(parts: Parts, deeds: Acting, act: Act, complaint: int, by: str, note: str) -> None:
    row = parts.store.complaints.one(complaint)
    about = f"#{complaint} {row.stream} {row.category}" if row else f"#{complaint}"
    deeds.did(act, by, row and row.incident_id, f"{about}: {note}" if note else about)


def _missing(complaint: int) -> HTTPException:
    return HTTPException(404, Text(f"没有投诉 #{complaint}", f"there is no complaint #{complaint}"))


def doubt_of(parts: Parts, rooms: object) -> Text | None:
    if rooms is not None:
        return None
    return AWAY if parts.config().file.exporter else NO_EXPORTER


def one(parts: Parts, complaint: int) -> Shown:
    row = parts.store.complaints.one(complaint)
    if row is None:
        raise _missing(complaint)
    return shown(parts, [row])[0]


def shown(parts: Parts, rows: list[Row[Any]]) -> list[Shown]:
    """With the words that its incident keeps."""
    incidents = parts.store.journal.headlines({row.incident_id for row in rows if row.incident_id})
    kept = {each.id: each.evidence or {} for each in incidents}
    return [_entry_of(row, parts, kept.get(row.incident_id, {}).get(row.category, {})) for row in rows]


def _entry_of(row: Row[Any], parts: Parts, kept: dict[str, Any]) -> Shown:
    zone, name = parts.config().zone, presenting.names(parts.config())
    fields = ("stream", "category", "state", "drill", "users", "chatters", "taken_by", "answered_by", "note")
    shown: Shown = {"id": str(row.id), "incident": row.incident_id and str(row.incident_id)}
    shown |= {field: getattr(row, field) for field in fields}
    times = ("opened_at", "taken_at", "answered_at", "quiet_at")
    shown |= {field: presenting.moment(getattr(row, field), zone) for field in times}
    shown |= {
        f"{field}_name": getattr(row, field) and name(getattr(row, field)) for field in ("taken_by", "answered_by")
    }
    ends = row.answered_at or (row.quiet_at if row.state == "quiet" else parts.clock())
    return shown | {
        "seconds_to_take": _between(row.opened_at, row.taken_at),
        "seconds_waited": _between(row.opened_at, ends),
        "samples": [str(each) for each in kept.get("samples", ())],
    }


def _between(start: datetime, end: datetime | None) -> float | None:
    return None if end is None else max(0.0, (end - start).total_seconds())


def _now(room: Room) -> Shown:
    told = [{"category": category, **heard._asdict()} for category, heard in room.categories.items()]
    return {"stream": room.stream, "heard": room.is_heard, "chatters": room.chatters, "categories": told}
