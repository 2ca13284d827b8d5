"""My alerts: what one person was called for in the last month, and how it ended. No ranking, nobody else beside."""

from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from streamwatch.access.links import BadLink, OldLink
from streamwatch.language import Language, Text
from streamwatch.store.ratings import Called
from streamwatch.web import presenting
from streamwatch.web.acting import Deeds
from streamwatch.web.api import the_person
from streamwatch.web.forms import behind_link
from streamwatch.web.pages import Reader, render
from streamwatch.web.parts import Parts, RowId, Wired
from streamwatch.web.ratings import rated
from streamwatch.web.security import viewer

router = APIRouter(include_in_schema=False)

LOOKED_BACK = timedelta(days=30)

Person = Annotated[str, Query(max_length=80)]


@router.get("/mine", dependencies=[Depends(viewer)])
def mine(request: Request, parts: Wired, language: Reader, deeds: Deeds, person: Person = "") -> HTMLResponse:
    """The reader's own. Where it is not known who reads they choose, and whoever is known sees nobody else's."""
    whose = deeds.myself or (the_person(parts, person) if person else None)
    people = [] if deeds.myself else [(each.id, each.name) for each in parts.config().book.people.values()]
    return _page(request, parts, language, whose, people=people, may_act=deeds.caller.may("ops"), link=None)


@router.get("/m/{token}")
def behind(request: Request, parts: Wired, language: Reader, token: str) -> HTMLResponse:
    """By a signed link, which says whose they are."""
    return _page(request, parts, language, _read(parts, token), people=[], may_act=True, link=token)


@router.post("/m/{token}/{incident}")
async def rate_behind(
    request: Request, parts: Wired, deeds: Deeds, token: str, incident: RowId
) -> RedirectResponse:
    person = _read(parts, token)
    fields = await behind_link(request, parts, token)
    deeds.by_link(person)
    await rated(parts, deeds, incident, person, fields)
    return RedirectResponse(f"/m/{token}#i{incident}", 303)


def _page(
    request: Request, parts: Parts, language: Language, person: str | None, **more: Any
) -> HTMLResponse:  # fmt: skip
    since = parts.clock() - LOOKED_BACK
    found = parts.store.ratings.called(person, since) if person else []
    name = presenting.names(parts.config())
    return render(
        request, "mine.html", language, person=person, name=person and name(person),
        called=[_line(each, parts) for each in found], days=LOOKED_BACK.days, **more,
    )  # fmt: skip


def _line(called: Called, parts: Parts) -> dict[str, Any]:
    """*seconds* until this person took it, None when it was not they who did."""
    row, zone = called.incident, parts.config().zone
    fields = ("id", "stream", "severity", "state", "drill", "summary_zh", "summary_en")
    taken = called.taken_at and max(0.0, (called.taken_at - called.called_at).total_seconds())
    return {field: getattr(row, field) for field in fields} | {
        "called_at": presenting.moment(called.called_at, zone),
        "resolved_at": presenting.moment(row.resolved_at, zone),
        "seconds": taken,
        "false_alarm": called.false_alarm,
        "rating": called.rating,
    }


def _read(parts: Parts, token: str) -> str:
    try:
        return parts.links.read_mine(token)
    except OldLink as error:
        raise HTTPException(410, Text("链接已过期。请打开最近一条呼叫里的链接。", str(error))) from None
    except BadLink as error:
        raise HTTPException(404, Text("链接无效。请打开最近一条呼叫里的链接。", str(error))) from None
