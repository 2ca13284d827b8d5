"""The console's door: a name and a passphrase, and a session that the server can end.

Nobody learns from an answer, its words or its time, whether a name exists. Who guesses is held up, by name and by
address; a browser that this person was once logged in by is counted by itself, so that strangers lock nobody out.
"""

import asyncio
from datetime import timedelta
from ipaddress import ip_address, ip_network
from math import ceil

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from streamwatch.access.rights import Caller
from streamwatch.language import Text
from streamwatch.store.audit import Act
from streamwatch.store.sessions import REMEMBERED
from streamwatch.web.acting import Acting, Deeds
from streamwatch.web.callers import SESSION, address, cookie_name, find
from streamwatch.web.forms import marked_form, set_cookie
from streamwatch.web.pages import Reader, Titled, render
from streamwatch.web.parts import Parts, Wired

router = APIRouter(include_in_schema=False)

WRONG = Text("名字或口令不对", "the name or the passphrase is wrong")
HELD_UP = Text("试错太多次，请 {minutes} 分钟后再试", "too many wrong tries; try again in {minutes} minutes")
NO_ACCOUNTS = Text("没有设置口令", "No passphrases are set")
SET_THEM = Text(
    "所以没有登录页。要让人登录：运行 streamwatch passphrase alice --file config/secrets/passphrases，"
    "在 duty.yml 写 console: {passphrases_file: secrets/passphrases}，再运行 streamwatch reload。",
    "So there is nothing to log in to. To have people log in: run "
    "streamwatch passphrase alice --file config/secrets/passphrases, write "
    "console: {passphrases_file: secrets/passphrases} in duty.yml, then run streamwatch reload.",
)


@router.get("/login")
async def show(request: Request, parts: Wired, language: Reader, next: str = "/") -> Response:  # noqa: A002
    """Whoever is known already goes on."""
    if not parts.config().doors.hashes:
        raise Titled(404, SET_THEM, NO_ACCOUNTS)
    caller = await find(request, parts)
    if caller is not None and caller.how != "expired":
        return RedirectResponse(_inside(next), 303)
    return _page(request, language, _inside(next), caller.name if caller else "", None)


@router.post("/login")
async def enter(request: Request, parts: Wired, language: Reader, deeds: Deeds) -> Response:
    config = parts.config()
    if not config.doors.hashes:
        raise Titled(404, SET_THEM, NO_ACCOUNTS)
    known = await find(request, parts)
    fields = await marked_form(request, parts, "login")
    name, target = fields.get("name", "").casefold()[:80], _inside(fields.get("next", "/"))
    request.state.caller = Caller(name if name in config.doors.hashes else "", "viewer", "said",
                                  address=address(request, config))  # fmt: skip
    own = known is not None and known.name == name and bool(known.session)
    known_name = name if own else ""  # what is typed there may be a passphrase, and is not repeated
    guess = parts.door.guess(name, _network(request.state.caller.address), parts.clock(), own=own)
    if guess.wait > timedelta(0):
        parts.metrics.logins.labels("held_up").inc()
        return _held_up(request, language, target, known_name, guess.wait)
    if await guess.is_right(config.doors.hashes, fields.get("passphrase", "")):
        return await _begin(request, parts, deeds, name, target)
    parts.metrics.logins.labels("failed").inc()
    await deeds.soon(Act.LOGIN_FAILED)
    if guess.was_the_last:
        await deeds.soon(Act.LOGIN_HELD_UP)
    return _page(request, language, target, known_name, WRONG, 401)


@router.post("/logout")
async def leave(request: Request, parts: Wired, deeds: Deeds) -> RedirectResponse:
    """The session is over on the server, whatever becomes of the cookie."""
    caller = await find(request, parts)
    request.state.caller = caller
    await marked_form(request, parts, "logout")
    answer = RedirectResponse("/login", 303)
    if caller is not None and caller.session:
        await asyncio.to_thread(parts.store.sessions.end, caller.session, parts.clock())
        await deeds.soon(Act.LOGOUT, deeds.myself)
    set_cookie(answer, parts.config(), SESSION, "", 0)
    return answer


async def _begin(request: Request, parts: Parts, deeds: Acting, name: str, target: str) -> RedirectResponse:
    """A session that did not exist before: one that a stranger planted is worth nothing."""
    config, now = parts.config(), parts.clock()
    if old := request.cookies.get(cookie_name(config, SESSION)):
        await asyncio.to_thread(parts.store.sessions.end, old, now)
    lasts = timedelta(hours=config.file.console.session_hours)
    token = await asyncio.to_thread(parts.store.sessions.begin, name, config.doors.hashes[name], now, lasts)
    request.state.caller = Caller(name, config.doors.right_of(name), "session", token, request.state.caller.address)
    parts.metrics.logins.labels("ok").inc()
    await deeds.soon(Act.LOGIN, deeds.myself)
    answer = RedirectResponse(target, 303)
    set_cookie(answer, config, SESSION, token, int(REMEMBERED.total_seconds()))
    return answer


def _held_up(request: Request, language: Reader, target: str, name: str, wait: timedelta) -> HTMLResponse:
    words = HELD_UP.format(minutes=ceil(wait / timedelta(minutes=1)))
    page = _page(request, language, target, name, words, 429)
    page.headers["retry-after"] = str(ceil(wait.total_seconds()))
    return page


def _page(
    request: Request, language: Reader, target: str, name: str, trouble: Text | None, code: int = 200
) -> HTMLResponse:
    told = trouble and trouble.read_in(language)
    page = render(request, "login.html", language, target=target, name=name, trouble=told,
                  urgent=target.startswith("/sos"))  # fmt: skip
    page.status_code = code
    return page


def _inside(target: str) -> str:
    """Where to go on: a path of ours, never another site."""
    bad = not target.startswith("/") or target.startswith("//") or "\\" in target or not target.isprintable()
    return "/" if bad or target.startswith(("/login", "/logout")) else target


def _network(where: str) -> str:
    """An IPv6 host has a whole /64 to itself."""
    try:
        found = ip_address(where)
    except ValueError:
        return where
    return where if found.version == 4 else str(ip_network((found, 64), strict=False))
