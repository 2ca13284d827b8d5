"""The emergency buttons: choose, confirm. GET never acts; what happened next is shown until somebody has it."""

import asyncio
from typing import Any

from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from streamwatch.duty import running_session, streams, who
from streamwatch.incidents import trigger
from streamwatch.incidents.trigger import KINDS, WHOLE_SITE
from streamwatch.language import Text
from streamwatch.store.audit import Act
from streamwatch.web import presenting, reporting
from streamwatch.web.acting import Deeds
from streamwatch.web.api import the_person
from streamwatch.web.callers import reporter
from streamwatch.web.forms import form_of, is_marked_for_emergency, refuse_foreign
from streamwatch.web.pages import Reader, _section, render
from streamwatch.web.parts import Parts, Wired

# A session that ran out at night is good for these: nobody may have to look for a passphrase while it burns.
router = APIRouter(include_in_schema=False, dependencies=[Depends(reporter)])

AGAIN = Text("还没有上报：请再按一次", "not reported yet: press once more")


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
    request: Request, parts: Wired, language: Reader, deeds: Deeds, kind: str, what: str = "", stream: str = ""
) -> HTMLResponse:
    return _confirm(request, parts, language, _matter(kind, what), {"stream": stream, "by": deeds.myself or ""})


@router.post("/sos/{kind}")
@router.post("/sos/{kind}/{what}")
async def act(
    request: Request, parts: Wired, language: Reader, deeds: Deeds, kind: str, what: str = ""
) -> Response:
    """The second tap. Answered when it is on the disk.

    A form that is out of date is shown anew as it was filled in: one tap more.
    """
    matter = _matter(kind, what)
    refuse_foreign(request, parts)
    fields = await form_of(request)
    if not is_marked_for_emergency(request, parts, fields.get("press", "")):
        again = await asyncio.to_thread(_confirm, request, parts, language, matter, fields, AGAIN)
        again.status_code = 403
        return again
    by = the_person(parts, fields["by"]) if fields.get("by") else deeds.myself
    stream = fields.get("stream", "").strip()[:80] or WHOLE_SITE
    note = fields.get("note", "")[: trigger.NOTE]
    report = await reporting.report(parts, matter, stream, note, by)
    incident = await reporting.incident_of(parts, report)
    await deeds.soon(Act.REPORT, by, incident, f"{kind} {what} {stream}: {note}")
    return RedirectResponse(f"/sos/sent/{report}", 303)


def _confirm(
    request: Request, parts: Parts, language: Any, matter: trigger.Matter, fields: dict[str, str],
    trouble: Text | None = None,
) -> HTMLResponse:  # fmt: skip
    """With what was filled in already."""
    known = _streams(parts)
    people = [(each.id, each.name) for each in parts.config().book.people.values()]
    return render(
        request, "sos_confirm.html", language, matter=matter, kind_name=KINDS[matter.kind].read_in(language),
        name=matter.name.read_in(language), streams=known, chosen=fields.get("stream", "")[:80] or known[0],
        whole=WHOLE_SITE, people=people, note=fields.get("note", "")[: trigger.NOTE], by=fields.get("by", ""),
        note_length=trigger.NOTE, trouble=trouble and trouble.read_in(language),
    )  # fmt: skip


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
