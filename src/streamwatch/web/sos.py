"""The emergency buttons: choose, confirm. GET never acts; what happened next is shown until somebody has it."""

import asyncio
from typing import Any
from urllib.parse import parse_qs

from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from streamwatch import trigger
from streamwatch.duty import running_session, streams, who
from streamwatch.language import Text
from streamwatch.trigger import KINDS, WHOLE_SITE
from streamwatch.web import presenting, reporting
from streamwatch.web.api import the_person
from streamwatch.web.pages import Reader, _read, _section, render
from streamwatch.web.parts import Parts, RowId, Wired
from streamwatch.web.reporting import refused
from streamwatch.web.security import viewer
from streamwatch.web.triggers import MARKS, MarkBody, add_mark

router = APIRouter(include_in_schema=False, dependencies=[Depends(viewer)])

by_link = APIRouter(include_in_schema=False)

FORM = 20_000  # bytes of a form without files


@router.get("/sos")
def choose(request: Request, parts: Wired, language: Reader, stream: str = "") -> HTMLResponse:
    known = _streams(parts)
    groups = {words.read_in(language): [each for each in trigger.MATTERS if each.kind == kind]
              for kind, words in KINDS.items() if trigger.whats(kind)}  # fmt: skip
    alone = [each for each in trigger.MATTERS if not trigger.whats(each.kind)]
    chosen = stream or known[0]
    named = {role: [presenting.names(parts.config())(each) for each in _called(parts, role, chosen)]
             for role in ("ops", "tech")}  # fmt: skip
    return render(
        request, "sos.html", language, groups={**groups, "": alone},
        streams=dict.fromkeys([chosen, *known]), chosen=chosen, whole=WHOLE_SITE, named=named,
    )  # fmt: skip


@router.get("/sos/sent/{report}")
def sent(request: Request, parts: Wired, language: Reader, report: str) -> HTMLResponse:
    """Who is being called, and whether it reached them."""
    incident = parts.store.reports.incident_of(trigger.fingerprint(report))
    record = None if incident is None else parts.store.journal.incident(incident)
    shown = record and presenting.incident(record, parts.config())
    section = record and _section(parts, record, language)
    return render(request, "sos_sent.html", language, incident=shown, section=section)


@router.get("/sos/{kind}")
@router.get("/sos/{kind}/{what}")
def confirm(
    request: Request, parts: Wired, language: Reader, kind: str, what: str = "", stream: str = ""
) -> HTMLResponse:
    matter = _matter(kind, what)
    known = _streams(parts)
    people = [(each.id, each.name) for each in parts.config().book.people.values()]
    return render(
        request, "sos_confirm.html", language, matter=matter, kind_name=KINDS[matter.kind].read_in(language),
        name=matter.name.read_in(language), streams=known, chosen=stream or known[0], whole=WHOLE_SITE,
        people=people, press=parts.presses.token("sos"),
        note_length=trigger.NOTE,
    )  # fmt: skip


@router.post("/sos/{kind}")
@router.post("/sos/{kind}/{what}")
async def act(request: Request, parts: Wired, kind: str, what: str = "") -> RedirectResponse:
    """The second tap. Answered when it is on the disk."""
    matter, fields = _matter(kind, what), await form_of(request)
    if not parts.presses.is_ours(fields.get("press", ""), "sos"):
        raise refused(403, "没有上报：请打开 /sos 再按一次", "nothing was reported: open /sos and press again")
    by = the_person(parts, fields["by"]) if fields.get("by") else None
    stream = fields.get("stream", "").strip()[:80] or WHOLE_SITE
    report = await reporting.report(parts, matter, stream, fields.get("note", "")[: trigger.NOTE], by)
    await reporting.incident_of(parts, report)
    return RedirectResponse(f"/sos/sent/{report}", 303)


@router.post("/incidents/{incident}/resolve")
async def end(request: Request, parts: Wired, incident: RowId) -> RedirectResponse:
    fields = await _of_the_incident_page(request, parts)
    note = fields.get("note", "")[: trigger.NOTE]
    await reporting.close(parts, incident, the_person(parts, fields.get("by", "")), note)
    return RedirectResponse(f"/incidents/{incident}", 303)


@by_link.post("/a/{token}/over")
async def end_by_link(parts: Wired, token: str) -> RedirectResponse:
    """The second button behind an ack link; its signature says who presses."""
    link = _read(parts, token)
    await reporting.close(parts, link.incident, link.person, "")
    return RedirectResponse(f"/a/{token}", 303)


@router.post("/incidents/{incident}/marks/{mark}")
async def mark(request: Request, parts: Wired, incident: RowId, mark: str) -> RedirectResponse:
    fields = await _of_the_incident_page(request, parts)
    if mark not in MARKS:
        raise refused(404, f"没有“{mark}”", f"there is no mark '{mark}'")
    note = fields.get("note", "")[: trigger.NOTE]
    body = MarkBody(mark=mark, by=the_person(parts, fields.get("by", "")), note=note)
    await asyncio.to_thread(add_mark, parts, incident, body)
    return RedirectResponse(f"/incidents/{incident}", 303)


async def form_of(request: Request) -> dict[str, str]:
    """The fields of a small form; of several with one name the first."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > FORM:
            raise refused(413, "表单太大", "the form is too large")
    fields = parse_qs(body.decode(errors="replace"), keep_blank_values=True)
    return {name: values[0].strip() for name, values in fields.items()}


async def _of_the_incident_page(request: Request, parts: Parts) -> dict[str, str]:
    fields = await form_of(request)
    if not parts.presses.is_ours(fields.get("press", ""), "incident"):
        raise refused(403, "请打开事件页面再按一次", "open the page of the incident and press again")
    return fields


def _matter(kind: str, what: str) -> trigger.Matter:
    matter = trigger.find(kind, what)
    if matter is None:
        raise HTTPException(404, Text("没有这一项，请回到 /sos", "there is no such thing to report: back to /sos"))
    return matter


def _streams(parts: Parts) -> list[str]:
    """What is on air first, then what the calendars and the latest incidents name; the whole site always."""
    book, now = parts.config().book, parts.clock()
    known = dict.fromkeys([*filter(None, streams(book)), *parts.store.reports.streams(), WHOLE_SITE])
    return sorted(known, key=lambda each: running_session(book, each, now) is None)


def _called(parts: Parts, role: str, stream: str) -> tuple[str, ...]:
    called: Any = who(parts.config().book, role, stream, parts.clock(), "P0").call
    return tuple(called)
