"""Duty over the API: overrides and swaps, sessions that begin and end, the preview, and who takes over."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from streamwatch.config.roster import CalledRole
from streamwatch.duty import (
    Actual,
    DutyBook,
    Override,
    Session,
    Shift,
    gaps,
    held_roles,
    segment_at,
    shifts,
    streams,
)
from streamwatch.language import Text
from streamwatch.store.acks import Ack
from streamwatch.store.audit import Act
from streamwatch.vocabulary import ROLES as ROLE_WORDS
from streamwatch.vocabulary import in_names
from streamwatch.web import presenting
from streamwatch.web.acting import Acting, Deeds
from streamwatch.web.api import no_incident, refused, the_person
from streamwatch.web.parts import Parts, RowId, Wired
from streamwatch.web.security import bearer

router = APIRouter(prefix="/api/v1", dependencies=[Depends(bearer)], tags=["duty"])

EARLIEST = timedelta(hours=12)  # before its plan a session can begin
LONGEST = timedelta(hours=12)  # beyond its plan it can end
CLOCKS_DIFFER = timedelta(minutes=1)

Name = Annotated[str, Field(min_length=1, max_length=80)]


class OverrideBody(BaseModel):
    model_config = ConfigDict(extra="forbid")
    role: CalledRole
    person: Name
    begins: Annotated[AwareDatetime, Field(alias="from")]
    ends: Annotated[AwareDatetime, Field(alias="to")]
    stream: Name | None = None
    reason: Annotated[str, Field(max_length=200)] = ""


class OverridesBody(BaseModel):
    """All of them or none: a swap is two."""

    overrides: Annotated[list[OverrideBody], Field(min_length=1, max_length=20)]
    by: Name | None = None


class SessionBody(BaseModel):
    at: AwareDatetime | None = None
    by: Name | None = None


class TakeOverBody(BaseModel):
    by: Name


@router.get("/duty/overrides")
def overrides(parts: Wired) -> dict[str, Any]:
    """Those in force and ahead, of duty.yml (without an id) and made on the fly."""
    now = parts.clock()
    return {"overrides": [_shown(parts, each) for each in parts.config().book.overrides if each.end > now]}


@router.post("/duty/overrides", status_code=201)
def override(parts: Wired, deeds: Deeds, body: OverridesBody) -> dict[str, Any]:
    """From now on, or from when it says, *person* holds *role*. The latest counts."""
    by = the_person(parts, body.by) if body.by else None
    made = [_override(parts, each, by) for each in body.overrides]
    ids = parts.store.duty.override(made, parts.clock())
    parts.duty_changed()
    for each in made:
        deeds.did(
            Act.OVERRIDE, by, what=f"{each.role} {each.person} {each.start.isoformat()} {each.end.isoformat()}"
        )
    return {"ids": [str(each) for each in ids]}


@router.delete("/duty/overrides/{override}", status_code=204)
def withdraw(parts: Wired, deeds: Deeds, override: RowId, by: Name | None = None) -> None:
    person = the_person(parts, by) if by else None
    if not parts.store.duty.withdraw(override, person, parts.clock()):
        raise refused(404, f"没有生效的改派 {override}", f"there is no override {override} in force")
    parts.duty_changed()
    deeds.did(Act.OVERRIDE_WITHDRAWN, person, what=str(override))


@router.get("/duty/live")
def live(parts: Wired) -> dict[str, Any]:
    """What was said on the fly, so that a command on another machine answers as the receiver does."""
    said = parts.store.duty.said(parts.clock())
    zone = parts.config().zone
    return {
        "overrides": [_shown(parts, each) for each in said.overrides],
        "sessions": {
            session: {
                "started": presenting.moment(actual.started, zone),
                "ended": presenting.moment(actual.ended, zone),
            }
            for session, actual in said.actual.items()
        },
    }


@router.get("/duty/preview")
def preview(
    parts: Wired,
    days: Annotated[int, Query(ge=1, le=400)] = 14,
    stream: str | None = None,
    role: CalledRole | None = None,
) -> dict[str, Any]:
    """Every shift of the next *days*, and the gaps in them."""
    book, now = parts.config().book, parts.clock()
    end = now + timedelta(days=days)
    roles = [role] if role else held_roles(book)
    rooms = streams(book) if stream is None else [stream]
    found = [shift for room in rooms for each in roles for shift in shifts(book, each, room, now, end)]
    missing = [gap for gap in gaps(book, now, end) if gap.role in roles and gap.stream in rooms]
    return {"shifts": shown_shifts(parts, found), "gaps": shown_shifts(parts, missing)}


@router.get("/sessions")
def sessions(parts: Wired, stream: str | None = None) -> dict[str, Any]:
    """Of yesterday and ahead, the next first."""
    since = parts.clock() - timedelta(days=1)
    book = parts.config().book
    found = [s for s in book.sessions if s.presence.end > since and stream in (None, s.stream)]
    found.sort(key=lambda session: session.air.start)
    return {"sessions": [shown_session(parts, session) for session in found[:1000]]}


@router.get("/sessions/{session:path}/rundown")
def rundown(parts: Wired, session: str) -> dict[str, Any]:
    """What is shown when, by the plan; `now` is the number of the segment that is on."""
    return shown_rundown(parts, _session(parts, session))


@router.post("/sessions/{session:path}/start")
def start(parts: Wired, deeds: Deeds, session: str, body: SessionBody | None = None) -> dict[str, Any]:
    """It is on air. Said again it changes nothing, unless it had been ended: then it goes on."""
    known, now = _session(parts, session), parts.clock()
    at = (body and body.at) or known.started or now
    if at > now + CLOCKS_DIFFER:
        raise refused(422, "还没到的时间不能算已开播", "a session cannot have begun in the future")
    if at < known.start - EARLIEST or at >= known.end + LONGEST:
        raise refused(
            422, "离计划超过 12 小时，请检查场次 id", "more than 12 hours from its plan; is it this session?"
        )
    still = known.ended if known.ended and known.ended > now else None
    return _said(parts, deeds, Act.SESSION_START, known, Actual(at, still), body)


@router.post("/sessions/{session:path}/end")
def end(parts: Wired, deeds: Deeds, session: str, body: SessionBody | None = None) -> dict[str, Any]:
    """It is over, or will be: a time ahead makes it longer than planned."""
    known = _session(parts, session)
    at = (body and body.at) or parts.clock()
    if at <= known.air.start:
        raise refused(422, "结束早于开播", "it would end before it began")
    if at > known.end + LONGEST:
        raise refused(422, "最多比计划晚 12 小时", "at most 12 hours later than planned")
    return _said(parts, deeds, Act.SESSION_END, known, Actual(known.started, at), body)


@router.post("/incidents/{incident}/take-over")
def take_over(parts: Wired, deeds: Deeds, incident: RowId, body: TakeOverBody) -> dict[str, Any]:
    """Have an incident from now on, also one that somebody else has."""
    person = the_person(parts, body.by)
    outcome = parts.store.duty.take_over(incident, person, parts.clock())
    if outcome is Ack.MISSING:
        raise no_incident(incident)
    if outcome is Ack.OVER:
        raise refused(409, f"事件 #{incident} 已经结束", f"incident #{incident} is over already")
    if outcome is Ack.DONE:
        deeds.did(Act.TAKE_OVER, person, incident)
    return {"id": str(incident), "acknowledged_by": person, "changed": outcome is Ack.DONE}


def _override(parts: Parts, body: OverrideBody, by: str | None) -> Override:
    person = the_person(parts, body.person)
    known = parts.config().book.people[person]
    if not known.can_cover(body.role):
        raise refused(
            422, f"{known.name} 不能担任岗位 {body.role}", f"{known.name} does not cover role {body.role}"
        )
    if body.ends <= body.begins:
        raise refused(422, "结束早于开始", "it ends before it starts")
    if body.ends <= parts.clock():
        raise refused(422, "已经过去了", "it is over already")
    return Override(body.role, person, body.begins, body.ends, body.stream, body.reason, by)


def _session(parts: Parts, given: str) -> Session:
    sessions = parts.config().book.sessions
    for session in sessions:
        if session.id == given:
            return session
    now = parts.clock()
    near = " ".join(each.id for each in sessions if abs(each.start - now) < timedelta(days=2))
    raise refused(
        404, f"没有场次“{given}”；最近的有：{near}", f"there is no session '{given}'; near ones are: {near}"
    )


def _said(
    parts: Parts, deeds: Acting, act: Act, session: Session, actual: Actual, body: SessionBody | None
) -> dict[str, Any]:
    by = the_person(parts, body.by) if body and body.by else None
    changed = actual != Actual(session.started, session.ended)
    if changed:
        parts.store.duty.session_time(session.id, actual, by, parts.clock())
        parts.duty_changed()
        deeds.did(act, by, what=session.id)
    return shown_session(parts, _session(parts, session.id)) | {"changed": changed}


def shown_session(parts: Parts, session: Session) -> dict[str, Any]:
    zone = parts.config().zone
    times = {key: presenting.moment(getattr(session, key), zone) for key in ("start", "end", "started", "ended")}
    return {
        "id": session.id,
        "stream": session.stream,
        "title": session.title,
        "platform": session.platform,
        "room": session.room,
        "site": session.site,
        **times,
        "phase": session.phase(parts.clock()),
        "expected_viewers": session.expected_viewers,
        "duty": {role: list(people) for role, people in session.duty.items()},
    }


def shown_rundown(parts: Parts, session: Session) -> dict[str, Any]:
    """`who` is a role or a person; `until` where its length, the next or the end says so."""
    book, zone, now = parts.config().book, parts.config().zone, parts.clock()
    on = segment_at(session.rundown, session.air.end, now)
    begins = [each.at for each in session.rundown]
    return {
        "session": session.id,
        "stream": session.stream,
        "title": session.title,
        "now": on[0] if on else None,
        "rundown": [
            {
                "segment": number,
                "at": presenting.moment(each.at, zone),
                "until": presenting.moment(each.until or following, zone),
                "what": each.what,
                "minutes": each.minutes,
                "who": each.who,
                "who_name_zh": _who(book, each.who).zh,
                "who_name": _who(book, each.who).en,
            }
            for number, (each, following) in enumerate(
                zip(session.rundown, [*begins[1:], session.end], strict=False), start=1
            )
        ],
    }


def _who(book: DutyBook, who: str) -> Text:
    return ROLE_WORDS.get(who) or Text(book.name(who), book.name(who))


def shown_shifts(parts: Parts, found: Sequence[Shift]) -> list[dict[str, Any]]:
    zone, name = parts.config().zone, presenting.names(parts.config())
    return [
        {
            "role": shift.role,
            "stream": shift.stream,
            "from": presenting.moment(shift.start, zone),
            "to": presenting.moment(shift.end, zone),
            "people": list(shift.duty.call),
            "names": list(map(name, shift.duty.call)),
            "backup": list(shift.duty.backup),
            "source": shift.duty.source,
            "gap": shift.is_gap,
            "reason_zh": in_names(shift.duty.reason).zh,
            "reason": in_names(shift.duty.reason).en,
        }
        for shift in found
    ]


def _shown(parts: Parts, each: Override) -> dict[str, Any]:
    zone = parts.config().zone
    ends: tuple[datetime, datetime] = (each.start, each.end)
    begins, until = (presenting.moment(at, zone) for at in ends)
    return {
        "id": None if each.id is None else str(each.id),
        "role": each.role,
        "person": each.person,
        "stream": each.stream,
        "from": begins,
        "to": until,
        "reason": each.reason,
        "by": each.by,
    }
