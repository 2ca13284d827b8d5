"""The page of the queue: what viewers complain about now, who answers it, and what can be said to them."""

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from streamwatch.duty import running_session
from streamwatch.incidents.trigger import NOTE
from streamwatch.incidents.waves import Heard, Room, rooms_of
from streamwatch.language import Language
from streamwatch.replies import Reply, replies
from streamwatch.store.complaints import WAITING
from streamwatch.vocabulary import CATEGORIES, say
from streamwatch.web import presenting
from streamwatch.web.acting import Acting, Deeds
from streamwatch.web.api import the_person
from streamwatch.web.complaints import answer_it, doubt_of, one, shown, take_it
from streamwatch.web.forms import marked_form
from streamwatch.web.pages import Reader, render
from streamwatch.web.parts import Parts, RowId, Wired
from streamwatch.web.security import ops, viewer

router = APIRouter(include_in_schema=False)

Stream = Annotated[str, Query(max_length=200)]
Rooms = tuple[Room, ...] | None

PROCEDURE = "viewer_complaints"
DONE = ("answered", "quiet")
LATELY = 30  # of those, on the page


@router.get("/complaints", dependencies=[Depends(viewer)])
async def queue(
    request: Request,
    parts: Wired,
    language: Reader,
    deeds: Deeds,
    stream: Stream = "",
) -> HTMLResponse:
    """Who has not been answered comes first."""
    rooms = rooms_of(await parts.evidence.rooms())
    return await asyncio.to_thread(_queue, request, parts, language, deeds, stream, rooms)


@router.get("/complaints/{complaint}", dependencies=[Depends(viewer)])
async def entry(request: Request, parts: Wired, language: Reader, deeds: Deeds, complaint: RowId) -> HTMLResponse:
    """One of them, that stands still: to write a note, and to copy what can be said."""
    rooms = rooms_of(await parts.evidence.rooms())
    return await asyncio.to_thread(_entry, request, parts, language, deeds, complaint, rooms)


@router.post("/complaints/{complaint}/take", dependencies=[Depends(ops)])
async def take_here(request: Request, parts: Wired, deeds: Deeds, complaint: RowId) -> RedirectResponse:
    fields = await marked_form(request, parts, "complaint")
    by = deeds.myself or the_person(parts, fields.get("by", ""))
    await asyncio.to_thread(take_it, parts, deeds, complaint, by)
    return RedirectResponse(f"/complaints/{complaint}", 303)


@router.post("/complaints/{complaint}/answer", dependencies=[Depends(ops)])
async def answer_here(request: Request, parts: Wired, deeds: Deeds, complaint: RowId) -> RedirectResponse:
    fields = await marked_form(request, parts, "complaint")
    by = deeds.myself or the_person(parts, fields.get("by", ""))
    await asyncio.to_thread(answer_it, parts, deeds, complaint, by, fields.get("note", ""))
    return RedirectResponse(f"/complaints/{complaint}", 303)


def _queue(
    request: Request, parts: Parts, language: Language, deeds: Acting, stream: str, rooms: Rooms
) -> HTMLResponse:
    """The fewer who are not in the queue are named too: a room where two people ask is not silent."""
    store, wanted = parts.store.complaints, stream or None
    waiting = [
        each | {"replies": _said(parts, each, language), "heard": _heard(rooms, each)}
        for each in shown(parts, store.read(WAITING, wanted))
    ]
    lately = shown(parts, store.read(DONE, wanted, LATELY))
    queued = {(each["stream"], each["category"]) for each in waiting}
    mine = [room for room in rooms or () if stream in ("", room.stream)]
    few = [
        {"stream": room.stream, "category": category, **heard._asdict()}
        for room in mine
        for category, heard in sorted(room.categories.items(), key=lambda item: -item[1].users)
        if (room.stream, category) not in queued
    ]
    streams = [room.stream for room in rooms or ()] + [each["stream"] for each in (*waiting, *lately)]
    doubt = doubt_of(parts, rooms)
    return render(
        request, "complaints.html", language, waiting=waiting, lately=lately, few=few,
        on_air={each for each in streams if running_session(parts.config().book, each, parts.clock())},
        deaf=[room.stream for room in mine if not room.is_heard], stream=stream,
        streams=sorted({*streams, stream} - {""}), doubt=doubt and doubt.read_in(language), myself=deeds.myself,
        may_act=deeds.caller.may("ops"), now=presenting.moment(parts.clock(), parts.config().zone),
    )  # fmt: skip


def _entry(
    request: Request,
    parts: Parts,
    language: Language,
    deeds: Acting,
    complaint: int,
    rooms: Rooms,
) -> HTMLResponse:
    found, doubt = one(parts, complaint), doubt_of(parts, rooms)
    found |= {"heard": _heard(rooms, found)}
    book = parts.config().runbooks.get((PROCEDURE, language))
    return render(
        request, "complaint.html", language, entry=found, replies=_said(parts, found, language),
        people=[(each.id, each.name) for each in parts.config().book.people.values()], myself=deeds.myself,
        may_act=deeds.caller.may("ops"), doubt=doubt and doubt.read_in(language), note_length=NOTE,
        section=book and book.find(f"complaint-{found['category']}"),
    )  # fmt: skip


def _said(parts: Parts, entry: dict[str, Any], language: Language) -> list[Reply]:
    book = parts.config().runbooks.get((PROCEDURE, language))
    others = [words.read_in(language) for words in CATEGORIES.values()]
    return replies(book, entry["category"], say(CATEGORIES, entry["category"]).read_in(language), others)


def _heard(rooms: Rooms, entry: dict[str, Any]) -> Heard | None:
    heard = {room.stream: room.categories for room in rooms or ()}
    return heard.get(entry["stream"], {}).get(entry["category"])
