"""The API of emergencies that people report: begin, end, what was done outside."""

import asyncio
from datetime import timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from streamwatch.incidents import trigger
from streamwatch.incidents.timeline import Kind, tell
from streamwatch.incidents.trigger import KINDS, NOTE, KindName
from streamwatch.message import clean
from streamwatch.store.audit import Act
from streamwatch.web import presenting, reporting
from streamwatch.web.acting import Deeds
from streamwatch.web.api import no_incident, refused, the_person
from streamwatch.web.parts import Parts, RowId, Wired
from streamwatch.web.security import bearer

router = APIRouter(prefix="/api/v1", dependencies=[Depends(bearer)], tags=["triggers"])

Name = Annotated[str, Field(min_length=1, max_length=80)]
Note = Annotated[str, Field(max_length=NOTE)]
Mark = Literal["cut", "authority_told", "false_alarm"]
MARKS: dict[Mark, Kind] = {
    "cut": Kind.CUT,
    "authority_told": Kind.AUTHORITY_TOLD,
    "false_alarm": Kind.FALSE_ALARM,
}
EARLIEST = timedelta(days=1)  # before the incident opened: people act first and write later
CLOCKS_DIFFER = timedelta(minutes=1)


class TriggerBody(BaseModel):
    model_config = ConfigDict(extra="forbid")
    kind: KindName
    what: Annotated[str, Field(max_length=40)] = ""
    stream: Name
    note: Note = ""
    by: Name | None = None
    drill: bool = False


class OverBody(BaseModel):
    by: Name
    note: Note = ""


class MarkBody(BaseModel):
    model_config = ConfigDict(extra="forbid")
    mark: Mark
    by: Name
    at: AwareDatetime | None = None
    note: Note = ""


@router.get("/triggers")
def kinds() -> dict[str, Any]:
    """What can be reported."""
    found = [
        {"kind": each.kind, "what": each.what, "zh": each.name.zh, "en": each.name.en,
         "severity": each.severity, "roles": list(each.roles)}
        for each in trigger.MATTERS
    ]  # fmt: skip
    return {"triggers": found}


@router.post("/triggers", status_code=201)
async def begin(parts: Wired, deeds: Deeds, body: TriggerBody, response: Response) -> dict[str, Any]:
    """201: stored, with the incident it opened or joined. 202: stored, its incident will be there in a moment.

    A `drill` is called like the real thing and marked as one; it ends after five minutes at the latest, and its
    result can be kept with it.
    """
    matter = trigger.find(body.kind, body.what)
    if matter is None:
        known = " ".join(trigger.whats(body.kind)) or "—"
        raise refused(
            422,
            f"{KINDS[body.kind].zh}没有“{body.what}”；有：{known}",
            f"{body.kind} has no '{body.what}'; there are: {known}",
        )
    by = the_person(parts, body.by) if body.by else None
    drill = await asyncio.to_thread(_drill, parts, body) if body.drill else None
    report = await reporting.report(parts, matter, body.stream, body.note, by, drill=body.drill)
    incident = await reporting.incident_of(parts, report)
    act = Act.DRILL_START if body.drill else Act.REPORT
    await deeds.soon(act, by, incident, f"{body.kind} {body.what} {body.stream}: {body.note}")
    if incident is None:
        response.status_code = 202
    return {
        "id": report,
        "fingerprint": trigger.fingerprint(report),
        "drill": drill,
        "incident": incident and await asyncio.to_thread(shown, parts, incident),
    }


def _drill(parts: Parts, body: TriggerBody) -> str:
    """On record, and over at once: it marks its own incident, and none that opens meanwhile."""
    at = parts.clock()
    return str(parts.store.drills.begin(body.stream, body.what or body.kind, at, at))


@router.post("/incidents/{incident}/resolve")
async def end(parts: Wired, deeds: Deeds, incident: RowId, body: OverBody) -> dict[str, Any]:
    """What people reported in it is over. It stays open while a probe still sees something wrong."""
    by = the_person(parts, body.by)
    await reporting.close(parts, incident, by, body.note)
    await deeds.soon(Act.CLOSE, by, incident, body.note)
    return await asyncio.to_thread(shown, parts, incident)


@router.post("/incidents/{incident}/marks", status_code=201)
def mark(parts: Wired, deeds: Deeds, incident: RowId, body: MarkBody) -> dict[str, Any]:
    """When the content was cut, or the authority told: from these the times are measured. Or a false alarm."""
    add_mark(parts, incident, body)
    deeds.did(Act.MARK, the_person(parts, body.by), incident, f"{body.mark} {body.note}")
    return shown(parts, incident)


def add_mark(parts: Parts, incident: int, body: MarkBody) -> None:
    headline = parts.store.journal.headline(incident)
    if headline is None:
        raise no_incident(incident)
    now = parts.clock()
    at = body.at or now
    if not headline.opened_at - EARLIEST <= at <= now + CLOCKS_DIFFER:
        raise refused(
            422,
            "时间不能在将来，也不能早于事件一天以上",
            "not in the future, and not more than a day before the incident",
        )
    clock = f"{at.astimezone(parts.config().zone):%H:%M:%S}"
    what = f"{clock} {clean(body.note, NOTE)}".strip()
    row = tell(MARKS[body.mark], person=the_person(parts, body.by), what=what)
    parts.store.reports.mark(incident, row, at, now)


def shown(parts: Parts, incident: int) -> dict[str, Any]:
    record = parts.store.journal.incident(incident)
    if record is None:
        raise no_incident(incident)
    return presenting.incident(record, parts.config())
