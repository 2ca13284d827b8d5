"""Two incidents are one, one is two, or one is not over: the API and the forms of the console."""

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, ConfigDict, Field

from streamwatch.incidents.incident import Refused, Unfit
from streamwatch.incidents.trigger import NOTE
from streamwatch.language import Text
from streamwatch.store.audit import Act
from streamwatch.web import presenting
from streamwatch.web.acting import Acting, Deeds
from streamwatch.web.api import no_incident, the_person
from streamwatch.web.incident_forms import Filled, who
from streamwatch.web.parts import Parts, RowId, Wired
from streamwatch.web.security import bearer, ops

api = APIRouter(prefix="/api/v1", dependencies=[Depends(bearer)], tags=["incidents"])
pages = APIRouter(include_in_schema=False, dependencies=[Depends(ops)])

Name = Annotated[str, Field(min_length=1, max_length=80)]
TICKED = "alert-"

WHY = {
    Unfit.SAME: Text("事件不能并入自己", "an incident cannot be part of itself"),
    Unfit.OVER: Text(
        "事件 #{id} 已经结束，或已并入另一事件", "incident #{id} is over, or is part of another one already"
    ),
    Unfit.DRILL: Text("演练和真实事件不能合并", "a drill and the real thing stay apart"),
    Unfit.NOT_FIRING: Text(
        "事件 #{id} 里没有这样一条正在触发的告警；控制台的事件页列出正在触发的告警",
        "no such alert fires in incident #{id}; its page on the console lists those that do",
    ),
    Unfit.NOTHING: Text("没有选中告警", "no alert is named"),
    Unfit.ALL: Text("不能拆出全部告警：至少留一条", "not all of its alerts: one has to stay"),
    Unfit.OPEN: Text("事件 #{id} 还没有结束", "incident #{id} has not ended"),
    Unfit.PART: Text(
        "事件 #{id} 已并入另一事件，请打开那一个", "incident #{id} is part of another: open that one again"
    ),
    Unfit.LONG_AGO: Text(
        "事件 #{id} 结束超过 12 小时：请用 streamwatch trigger 上报为新的事件",
        "incident #{id} ended more than 12 hours ago: report it as a new one with streamwatch trigger",
    ),
    Unfit.ANOTHER: Text(
        "同一件事已有事件 #{id} 正在处理：请在那里记录", "incident #{id} of the same kind is open: write it there"
    ),
}


class MergeBody(BaseModel):
    model_config = ConfigDict(extra="forbid")
    into: Annotated[int, Field(ge=0, le=2**63 - 1)]
    by: Name


class ReopenBody(BaseModel):
    model_config = ConfigDict(extra="forbid")
    by: Name
    note: Annotated[str, Field(max_length=NOTE)] = ""


class SplitBody(BaseModel):
    """*alerts* are fingerprints, or names of alerts."""

    model_config = ConfigDict(extra="forbid")
    alerts: Annotated[
        list[Annotated[str, Field(min_length=1, max_length=200)]], Field(min_length=1, max_length=500)
    ]
    by: Name


@api.post("/incidents/{incident}/merge")
async def merge(parts: Wired, deeds: Deeds, incident: RowId, body: MergeBody) -> dict[str, Any]:
    """*incident* is part of *into* from now on: the answer is what it is part of. 404; 409 no legal move."""
    await _merge(parts, deeds, incident, body.into, the_person(parts, body.by))
    return await asyncio.to_thread(_shown, parts, body.into)


@api.post("/incidents/{incident}/split", status_code=201)
async def split(parts: Wired, deeds: Deeds, incident: RowId, body: SplitBody) -> dict[str, Any]:
    """Those alerts are an incident of their own: the answer is the new one. 404; 409 no legal move."""
    new = await _split(parts, deeds, incident, set(body.alerts), the_person(parts, body.by))
    return await asyncio.to_thread(_shown, parts, new)


@api.post("/incidents/{incident}/reopen")
async def reopen(parts: Wired, deeds: Deeds, incident: RowId, body: ReopenBody) -> dict[str, Any]:
    """It is not over: open under its number, it calls again and lasts until a person ends it. 404; 409."""
    await _reopen(parts, deeds, incident, the_person(parts, body.by), body.note)
    return await asyncio.to_thread(_shown, parts, incident)


@pages.post("/incidents/{incident}/merge")
async def merge_here(parts: Wired, deeds: Deeds, fields: Filled, incident: RowId) -> RedirectResponse:
    into = fields.get("into", "")
    number = int(into) if into.isdecimal() and len(into) < 19 else -1
    await _merge(parts, deeds, incident, number, who(parts, deeds, fields))
    return RedirectResponse(f"/incidents/{number}", 303)


@pages.post("/incidents/{incident}/split")
async def split_here(parts: Wired, deeds: Deeds, fields: Filled, incident: RowId) -> RedirectResponse:
    ticked = {name.removeprefix(TICKED) for name in fields if name.startswith(TICKED)}
    new = await _split(parts, deeds, incident, ticked, who(parts, deeds, fields))
    return RedirectResponse(f"/incidents/{new}", 303)


@pages.post("/incidents/{incident}/reopen")
async def reopen_here(parts: Wired, deeds: Deeds, fields: Filled, incident: RowId) -> RedirectResponse:
    await _reopen(parts, deeds, incident, who(parts, deeds, fields), fields.get("note", "")[:NOTE])
    return RedirectResponse(f"/incidents/{incident}", 303)


async def _reopen(parts: Parts, deeds: Acting, incident: int, by: str, note: str) -> None:
    refused = await asyncio.to_thread(parts.reopening.reopen, incident, by, note)
    if refused is not None:
        raise _words(refused)
    parts.pages_came()
    await deeds.soon(Act.REOPEN, by, incident, note)


async def _merge(parts: Parts, deeds: Acting, incident: int, into: int, by: str) -> None:
    refused = await asyncio.to_thread(parts.rearranging.merge, incident, into, by)
    if refused is not None:
        raise _words(refused)
    await deeds.soon(Act.MERGE, by, incident, f"#{into}")


async def _split(parts: Parts, deeds: Acting, incident: int, alerts: set[str], by: str) -> int:
    meant = await asyncio.to_thread(_fingerprints, parts, incident, alerts)
    new = await asyncio.to_thread(parts.rearranging.split, incident, meant, by)
    if isinstance(new, Refused):
        raise _words(new)
    parts.pages_came()
    await deeds.soon(Act.SPLIT, by, incident, f"#{new}")
    return new


def _fingerprints(parts: Parts, incident: int, alerts: set[str]) -> set[str]:
    """A name means all alerts of that name; what means none is kept, and refused."""
    record = parts.store.journal.incident(incident)
    firing = [each for each in record.episodes if each.status == "firing"] if record else []
    named = {each: [row.fingerprint for row in firing if row.labels.get("alertname") == each] for each in alerts}
    return {fingerprint for each, meant in named.items() for fingerprint in (meant or [each])}


def _words(refused: Refused) -> HTTPException:
    if refused.why == "missing":
        return no_incident(refused.incident)
    return HTTPException(409, WHY[Unfit(refused.why)].format(id=refused.incident))


def _shown(parts: Parts, incident: int) -> dict[str, Any]:
    record = parts.store.journal.incident(incident)
    assert record is not None  # it was just written to
    return presenting.incident(record, parts.config())
