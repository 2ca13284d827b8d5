"""The page behind the link of a digest: everything its reader was called for, and one button to take all of it."""

import asyncio
from typing import Any

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import HTMLResponse
from sqlalchemy import Row

from streamwatch.access.links import BadLink, ListLink, OldLink
from streamwatch.language import Language, Text
from streamwatch.store.audit import Act
from streamwatch.web import presenting
from streamwatch.web.acting import Acting, Deeds
from streamwatch.web.forms import behind_link
from streamwatch.web.pages import Reader, render
from streamwatch.web.parts import Parts, Wired

router = APIRouter(include_in_schema=False)


@router.get("/l/{token}")
def show(request: Request, parts: Wired, language: Reader, token: str) -> HTMLResponse:
    """Shows only: chat programs open links to preview them, and must not ack."""
    return _page(request, parts, language, _read(parts, token), None)


@router.post("/l/{token}")
async def take_all(request: Request, parts: Wired, language: Reader, deeds: Deeds, token: str) -> HTMLResponse:
    link = _read(parts, token)
    await behind_link(request, parts, token)
    deeds.by_link(link.person)
    return await asyncio.to_thread(_take_all, request, parts, language, deeds, link)


def _take_all(request: Request, parts: Parts, language: Language, deeds: Acting, link: ListLink) -> HTMLResponse:
    ids, at = [row.id for row in parts.store.journal.called_for(link.person, link.until)], parts.clock()
    taken = parts.store.acks.acknowledge_all(ids, link.person, at)
    deeds.did_to(parts.store.acks.just_taken(ids, link.person, at), Act.ACK, link.person)
    return _page(request, parts, language, link, taken)


def _page(request: Request, parts: Parts, language: Any, link: ListLink, taken: int | None) -> HTMLResponse:
    config = parts.config()
    name = presenting.names(config)
    rows = parts.store.journal.called_for(link.person, link.until)
    return render(
        request,
        "list.html",
        language,
        link=request.path_params["token"],
        incidents=[_line(row, parts, name) for row in rows],
        waiting=sum(row.state == "open" for row in rows),
        person=name(link.person),
        taken=taken,
    )


def _line(row: Row[Any], parts: Parts, name: presenting.Name) -> dict[str, Any]:
    fields = ("id", "stream", "severity", "state", "drill", "summary_zh", "summary_en")
    shown = {field: getattr(row, field) for field in fields}
    return shown | {
        "acknowledged_by_name": row.acknowledged_by and name(row.acknowledged_by),
        "opened_at": presenting.moment(row.opened_at, parts.config().zone),
    }


def _read(parts: Parts, token: str) -> ListLink:
    try:
        return parts.links.read_ack_list(token)
    except OldLink as error:
        raise HTTPException(410, Text("链接已过期。请打开控制台。", str(error))) from None
    except BadLink as error:
        raise HTTPException(404, Text("链接无效。请打开最近一条呼叫里的链接。", str(error))) from None
