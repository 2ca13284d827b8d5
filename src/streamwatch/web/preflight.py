"""Go or no-go before a show: over the API for `streamwatch preflight`, and as a page for a phone."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, ConfigDict, Field

from streamwatch.duty import Session
from streamwatch.preflight.check import CHECKS, OUTCOMES, WAIVED, Finding, Verdict
from streamwatch.web import presenting
from streamwatch.web.api import refused
from streamwatch.web.pages import Reader, render
from streamwatch.web.parts import Parts, Wired
from streamwatch.web.security import bearer, viewer

api = APIRouter(prefix="/api/v1", dependencies=[Depends(bearer)], tags=["preflight"])
pages = APIRouter(include_in_schema=False)

AHEAD = timedelta(hours=24)
Without = Annotated[str, Query(description="checks that do not hold it up, commas between: picture,chat")]


@api.get("/preflight")
async def preflight(
    parts: Wired, stream: str | None = None, session: str | None = None, without: Without = ""
) -> dict[str, Any]:
    """Every check with its outcome; `go` is false while one that counts is bad, or cannot be known."""
    return shown(await _verdict(parts, stream, session, _waived(without)), parts)


class PreflightBody(BaseModel):
    """`throughput` is the id of a host of streams.yml that has it."""

    model_config = ConfigDict(extra="forbid")
    stream: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    session: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    without: Annotated[str, Field(max_length=1000)] = ""
    throughput: Annotated[str, Field(min_length=1, max_length=200)]


@api.post("/preflight")
async def with_throughput(parts: Wired, body: PreflightBody) -> dict[str, Any]:
    """The same, and what the line takes: it is filled for some seconds, hence a right to act; never on air."""
    waived = _waived(body.without)
    return shown(await _verdict(parts, body.stream, body.session, waived, body.throughput), parts)


@pages.get("/preflight", dependencies=[Depends(viewer)])
async def page(
    request: Request,
    parts: Wired,
    language: Reader,
    stream: str | None = None,
    session: str | None = None,
    without: str = "",
) -> HTMLResponse:
    if not stream and not session:
        return render(
            request, "preflight_choice.html", language, choices=choices(parts, await parts.preflight.streams())
        )
    waived = _waived(without)
    found = shown(await _verdict(parts, stream, session, waived), parts)
    ask = {key: value for key, value in (("stream", stream), ("session", session)) if value}
    return render(request, "preflight.html", language, verdict=found, ask=ask, without=waived)


async def _verdict(
    parts: Parts, stream: str | None, session: str | None, without: Sequence[str], line: str | None = None
) -> Verdict:
    meant = _session(parts, session) if session else None
    if meant is not None and stream and stream != meant.stream:
        raise refused(
            422,
            f"场次 {meant.id} 的直播间是 {meant.stream}，不是 {stream}",
            f"session {meant.id} is of stream {meant.stream}, not of {stream}",
        )
    named = meant.stream if meant else stream
    if not named:
        raise refused(422, "请写 stream 或 session", "name a stream or a session")
    return await parts.preflight.inspect(named, meant, without, line)


def _session(parts: Parts, given: str) -> Session:
    sessions = parts.config().book.sessions
    found = next((each for each in sessions if each.id == given), None)
    if found is None:
        near = " ".join(each.id for each in sessions if abs(each.start - parts.clock()) < 2 * AHEAD) or "—"
        raise refused(
            404, f"没有场次“{given}”；最近的有：{near}", f"there is no session '{given}'; near ones are: {near}"
        )
    return found


def _waived(text: str) -> list[str]:
    waived = [each for each in text.replace(" ", "").split(",") if each]
    if strange := [each for each in waived if each not in CHECKS]:
        known = " ".join(CHECKS)
        raise refused(
            422, f"没有检查项“{strange[0]}”；有：{known}", f"there is no check '{strange[0]}'; checks are: {known}"
        )
    return waived


def choices(parts: Parts, streams: Sequence[str]) -> list[dict[str, str]]:
    """Sessions on air, then those that begin within a day, the next first; then *streams* that have none of them.

    One that is over is left out: its stream stands for what may come next.
    """
    book, now = parts.config().book, parts.clock()
    near = [each for each in book.sessions if each.air.end > now and each.air.start < now + AHEAD]
    near.sort(key=lambda each: (not each.on_air(now), each.air.start))
    zone = parts.config().zone
    found = [
        {
            "stream": each.stream,
            "session": each.id,
            "title": each.title,
            "phase": each.phase(now),
            "at": presenting.moment(each.air.start, zone) or "",
        }
        for each in near
    ]
    named = {each["stream"] for each in found}
    others = [each for each in streams if each not in named]
    return found + [{"stream": each, "session": "", "title": "", "phase": "", "at": ""} for each in others]


def shown(verdict: Verdict, parts: Parts) -> dict[str, Any]:
    return {
        "go": verdict.go,
        "text_zh": verdict.word.zh,
        "text": verdict.word.en,
        "stream": verdict.stream,
        "session": verdict.session,
        "at": presenting.moment(verdict.at, parts.config().zone),
        "checks": [_check(each) for each in verdict.findings],
        "for_people": verdict.count("people"),
        "not_configured": verdict.count("absent"),
    }


def _check(finding: Finding) -> dict[str, Any]:
    outcome, said, cure = finding.result
    word = WAIVED if finding.waived else OUTCOMES[outcome]
    return {
        "check": finding.check,
        "title_zh": finding.title.zh,
        "title": finding.title.en,
        "outcome": outcome,
        "word_zh": word.zh,
        "word": word.en,
        "blocks": finding.blocks,
        "waived": finding.waived,
        "text_zh": said.zh,
        "text": said.en,
        "cure_zh": cure.zh if cure else None,
        "cure": cure.en if cure else None,
    }
