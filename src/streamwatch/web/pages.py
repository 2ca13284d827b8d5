"""Pages for people: the console, an incident, and the page behind an ack link. No script, no login maze."""

import asyncio
import json
from collections.abc import Mapping
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse
from fastapi.templating import Jinja2Templates
from starlette.exceptions import HTTPException as StarletteHTTPException

from streamwatch import vocabulary
from streamwatch.access.links import BadLink, OldLink
from streamwatch.config.rewording import PYDANTIC
from streamwatch.duty import ROLES
from streamwatch.errors import both
from streamwatch.incidents.incident import may_reopen
from streamwatch.language import Language, Text, accepted_language
from streamwatch.message import CALLS
from streamwatch.store.acks import Ack
from streamwatch.store.actions import WantedActions
from streamwatch.store.audit import Act
from streamwatch.store.journal import Record
from streamwatch.store.ratings import NOT_SENT
from streamwatch.watching.drill_calendar import dues
from streamwatch.watching.drill_notes import sentence
from streamwatch.web import presenting
from streamwatch.web.acting import Deeds
from streamwatch.web.api import duty_list, no_incident, own_lists
from streamwatch.web.duty import shown_rundown, shown_session
from streamwatch.web.forms import YEAR, behind_link, keep_visitor, mark, mark_link
from streamwatch.web.parts import Parts, RowId, Wired
from streamwatch.web.security import viewer

router = APIRouter(include_in_schema=False)
NO_PAGE = Text("这个地址没有网页，请检查地址", "there is nothing at this address; check it")
EMPTY = Text("不能为空", "must not be empty")
OPEN_ACTIONS = WantedActions("open", limit=20)
templates = Jinja2Templates(Path(__file__).parent / "templates")


def _language(request: Request, lang: str | None = None) -> Language:
    """As the reader chose, now or before, else as the browser says."""
    chosen = lang or request.cookies.get("lang") or request.headers.get("accept-language", "")
    return accepted_language(chosen, "zh")


Reader = Annotated[Language, Depends(_language)]


@router.get("/", dependencies=[Depends(viewer)])
def console(request: Request, parts: Wired, language: Reader, deeds: Deeds) -> HTMLResponse:
    """Open incidents, who is on duty, what was lately over."""
    journal, config = parts.store.journal, parts.config()
    zone = config.zone
    current = [_with_step(parts, record, language) for record in journal.incidents(limit=50)]
    current.sort(key=lambda shown: shown["severity"])  # P0 first; of the same severity the newest
    past = [presenting.incident(each, config, full=False) for each in journal.incidents(("resolved",), limit=20)]
    duty = duty_list(parts, "", parts.clock())
    listed = [line for line in duty if line["source"] != "everyone"]
    elsewhere = {line["role"] for line in listed} | {"host"}
    standing, held_back = parts.store.standing(), parts.held_back()
    overdue = [each for each in dues(config.file.drill_calendar, parts.store.drills.held())
               if each.is_overdue(parts.clock())]  # fmt: skip
    watchdog = presenting.moment(standing.heartbeats.get("Watchdog"), zone)
    return render(
        request,
        "console.html",
        language,
        current=current,
        past=past,
        duty=listed,
        own=own_lists(parts, parts.clock()),
        unlisted=[role for role in ROLES if role not in elsewhere],
        channels=presenting.channels(journal, config),
        standing=standing,
        complaints=parts.store.complaints.waiting(),
        held_back=[each.read_in(language) for each in held_back],
        warnings=[each.read_in(language) for each in parts.warnings() if each not in held_back],
        watchdog=watchdog,
        drills=[sentence(each, parts.clock().astimezone(zone)).read_in(language) for each in overdue],
        now=presenting.moment(parts.clock(), zone),
        actions=[presenting.action(row, config, parts.clock()) for row in parts.store.actions.find(OPEN_ACTIONS)],
        myself=deeds.myself,
        may_act=deeds.caller.may("ops"),
        shows=near_shows(parts),
    )


def near_shows(parts: Parts) -> list[dict[str, Any]]:
    """Sessions that are prepared, rehearsed, on air or just over, with their rundown."""
    now = parts.clock()
    found = [(each, phase) for each in parts.config().book.near(now) if (phase := each.phase(now)) != "off_air"]
    found.sort(key=lambda each: each[0].air.start)
    return [{**shown_session(parts, each), **shown_rundown(parts, each)} for each, _ in found]


@router.get("/incidents/{incident}", dependencies=[Depends(viewer)])
def incident(request: Request, parts: Wired, language: Reader, deeds: Deeds, incident: RowId) -> HTMLResponse:
    record = parts.store.journal.incident(incident)
    if record is None:
        raise no_incident(incident)
    shown = presenting.incident(record, parts.config())
    calls = [page for page in shown["pages"] if page["kind"] in CALLS and page["state"] not in NOT_SENT]
    called = {page["person"]: page["person_name"] for page in calls}
    return render(
        request,
        "incident.html",
        language,
        incident=shown,
        held_back=[each.read_in(language) for each in parts.held_back()],
        section=_section(parts, record, language),
        people=[(each.id, each.name) for each in parts.config().book.people.values()],
        myself=deeds.myself,
        may_act=deeds.caller.may("ops"),
        others=_others(parts, incident),
        called=called,
        rating=next((each for each in record.ratings if each.person == deeds.myself), None),
        may_reopen=may_reopen(record.incident.state, record.incident.resolved_at, parts.clock()) is None,
    )


def _others(parts: Parts, incident: int) -> list[Any]:
    """What is open beside it."""
    return [each.incident for each in parts.store.journal.incidents(limit=50) if each.incident.id != incident]


@router.get("/a/{token}")
def show_ack(request: Request, parts: Wired, language: Reader, token: str) -> HTMLResponse:
    """Shows only: chat programs open links to preview them, and must not ack."""
    return _ack_page(request, parts, language, token, None)


@router.post("/a/{token}")
async def ack(request: Request, parts: Wired, language: Reader, deeds: Deeds, token: str) -> HTMLResponse:
    link = _read(parts, token)
    await behind_link(request, parts, token)
    deeds.by_link(link.person)

    def take() -> HTMLResponse:
        outcome = parts.store.acks.acknowledge(link.incident, link.person, parts.clock())
        if outcome is Ack.DONE:
            deeds.did(Act.ACK, link.person, link.incident)
        return _ack_page(request, parts, language, token, outcome)

    return await asyncio.to_thread(take)


class Titled(HTTPException):
    """An answer whose page has words for a title, where a number would tell nothing."""

    def __init__(self, code: int, words: Text, title: Text) -> None:
        super().__init__(code, words)
        self.title = title


async def show_error(request: Request, error: Exception) -> Response:
    """A person gets a page, a program gets JSON, in the language asked for; else a program gets English."""
    assert isinstance(error, StarletteHTTPException)  # that is what it is registered for
    words = NO_PAGE if error.detail == HTTPStatus.NOT_FOUND.phrase else Text(*both(error.detail))
    if "text/html" not in request.headers.get("accept", "") or request.url.path.startswith("/api/"):
        language = accepted_language(request.headers.get("accept-language", ""))
        return JSONResponse({"detail": words.read_in(language)}, error.status_code, error.headers)
    language = _language(request, request.query_params.get("lang"))
    title = error.title.read_in(language) if isinstance(error, Titled) else str(error.status_code)
    told = {"title": title, "code": error.status_code, "text": words.read_in(language)}
    page = render(request, "error.html", language, **told)
    page.status_code = error.status_code
    page.headers.update(error.headers or {})
    return page


async def refuse_words(request: Request, error: Exception) -> Response:
    """What is wrong with a request, and where; not what it said, which may be a secret, or no text at all."""
    language = accepted_language(request.headers.get("accept-language", ""))
    assert isinstance(error, RequestValidationError)  # that is what it is registered for
    found = [
        {"loc": [str(step) for step in each["loc"]], "msg": _worded(each, language)} for each in error.errors()
    ]
    return Response(json.dumps({"detail": found}), 422, media_type="application/json")


def _worded(wrong: Mapping[str, Any], language: Language) -> str:
    if wrong["type"] == "string_too_short":
        return EMPTY.read_in(language)
    known = PYDANTIC.get(wrong["type"]) if language == "zh" else None
    return known.format(**wrong.get("ctx", {})) if known else str(wrong["msg"])


def _ack_page(request: Request, parts: Parts, language: Language, token: str, outcome: Ack | None) -> HTMLResponse:
    link = _read(parts, token)
    record = parts.store.journal.incident(parts.store.journal.live(link.incident))
    if record is None:
        raise no_incident(link.incident)
    person = parts.config().book.people.get(link.person)
    return render(
        request,
        "ack.html",
        language,
        incident=presenting.incident(record, parts.config()),
        section=_section(parts, record, language),
        person=person.name if person else link.person,
        token=token,
        outcome=outcome,
        rating=parts.store.ratings.rating(link.incident, link.person),
        mine=parts.links.mine(link.person),
    )


def _read(parts: Parts, token: str) -> Any:
    try:
        return parts.links.read_ack(token)
    except OldLink as error:
        raise HTTPException(410, Text("链接已过期。请用 streamwatch ack 认领。", str(error))) from None
    except BadLink as error:
        raise HTTPException(404, Text("链接无效。请打开最近一条呼叫里的链接。", str(error))) from None


def _with_step(parts: Parts, record: Record, language: Language) -> dict[str, Any]:
    """The incident with the first step of its runbook: what to do before reading anything else."""
    section = _section(parts, record, language)
    step = section.steps[0] if section and section.steps else ""
    return presenting.incident(record, parts.config()) | {"first_step": step}


def _section(parts: Parts, record: Record, language: Language) -> Any:
    book = parts.config().runbooks.get((record.incident.procedure, language))
    return book and book.find(record.incident.runbook_step)


def _lasting(seconds: float, language: Language) -> str:
    return vocabulary.lasting(seconds).read_in(language)


def render(request: Request, template: str, language: Language, **context: object) -> HTMLResponse:
    def both(zh: str, en: str) -> str:
        return zh if language == "zh" else en

    def word(kind: str, label: str) -> str:
        words: dict[str, Text] = getattr(vocabulary, kind)
        return vocabulary.say(words, label).read_in(language)

    tools: dict[str, object] = {"lang": language, "t": both, "word": word, "lasting": _lasting}
    tools |= {"caller": getattr(request.state, "caller", None)}
    tools |= {"press": partial(mark, request), "press_link": partial(mark_link, request)}
    page = templates.TemplateResponse(request, template, {**tools, **context})
    if "lang" in request.query_params:
        page.set_cookie("lang", language, max_age=YEAR, samesite="lax", httponly=True)
    keep_visitor(request, page)
    return page
