"""Who asks for a page: a session's cookie, a trusted proxy's header, the console's password, or nobody is asked.

A secret is compared in constant time. A header is believed only when the connection itself comes from the proxy.
"""

import asyncio
import hmac
from contextlib import suppress
from urllib.parse import quote

from fastapi import HTTPException, Request
from fastapi.security import HTTPBasic
from pydantic import SecretStr
from sqlalchemy.exc import SQLAlchemyError

from streamwatch.access.rights import Caller, Right
from streamwatch.config import Config
from streamwatch.config.load import is_loopback
from streamwatch.language import Text
from streamwatch.message import clean
from streamwatch.web.parts import Parts, Wired

SESSION, VISITOR = "streamwatch", "streamwatch_visitor"
FORWARDED = "x-forwarded-for"

_basic = HTTPBasic(auto_error=False, realm="StreamWatch")


def cookie_name(config: Config, name: str) -> str:
    """With TLS browsers hold such a name to this host alone, so that no neighbour can plant it."""
    return f"__Host-{name}" if config.file.public_url.scheme == "https" else name


def address(request: Request, config: Config) -> str:
    """Where it comes from; through the trusted proxy, the last address that the proxy itself saw."""
    here, proxy = request.client.host if request.client else "", config.doors.proxy
    if proxy is None or not proxy.is_from(here):
        return here
    told = [each.strip() for each in ",".join(request.headers.getlist(FORWARDED)).split(",")]
    return next((clean(each, 45) for each in reversed(told) if each and not proxy.is_from(each)), here)


async def find(request: Request, parts: Parts) -> Caller | None:
    """Who it is; None: nobody that is known."""
    config = parts.config()
    where = address(request, config)
    for look in (_by_proxy, _by_session, _by_password, _by_nothing):
        if caller := await look(request, parts, config, where):
            return caller
    return None


async def _by_proxy(request: Request, _parts: Parts, config: Config, where: str) -> Caller | None:
    proxy, here = config.doors.proxy, request.client.host if request.client else ""
    if proxy is None or not proxy.is_from(here):
        return None
    said = request.headers.getlist(proxy.header)
    name = clean(said[0], 80).strip() if len(said) == 1 else ""  # twice: somebody slipped one past the proxy
    return Caller(name, config.doors.right_of(name), "proxy", address=where) if name else None


async def _by_session(request: Request, parts: Parts, config: Config, where: str) -> Caller | None:
    token = request.cookies.get(cookie_name(config, SESSION), "")
    if not token or not config.doors.hashes:
        return None
    session = await asyncio.to_thread(parts.store.sessions.find, token, config.doors.hashes, parts.clock())
    if session is None:
        return None
    how, right = ("session", config.doors.right_of(session.account)) if session.live else ("expired", "viewer")
    return Caller(session.account, right, how, token, where)  # type: ignore[arg-type]  # the pairs above


async def _by_password(request: Request, _parts: Parts, config: Config, where: str) -> Caller | None:
    password = config.doors.password
    if password is None:
        return None
    with suppress(HTTPException):  # of one that is malformed
        given = await _basic(request)
        if given and same(given.password, password):
            return Caller("", "admin", "password", address=where)
    return None


async def _by_nothing(request: Request, _parts: Parts, config: Config, where: str) -> Caller | None:
    """Only this machine can ask, by a name that is its own: a page elsewhere may have a name made to point here."""
    asked = request.url.hostname or ""
    own = is_loopback(asked) or asked in (config.file.public_url.host, config.file.listen.rpartition(":")[0])
    return Caller("", "admin", "open", address=where) if config.doors.are_open and own else None


def same(given: str, secret: SecretStr) -> bool:
    return hmac.compare_digest(given.encode(), secret.get_secret_value().encode())


class Needs:
    """A dependency: whoever asks is known and has *right*; `request.state.caller` says who it is."""

    def __init__(self, right: Right, *, urgent: bool = False) -> None:
        """*urgent*: what must work in an emergency, also when a session ran out."""
        self._right = right
        self._urgent = urgent

    async def __call__(self, request: Request, parts: Wired) -> Caller:
        caller = getattr(request.state, "caller", None) or await self._find(request, parts)
        if self._urgent:
            caller = caller or _anybody(request, parts)
        elif caller and caller.how == "expired":
            caller = None
        if caller is None:
            raise _unknown(request, parts.config())
        request.state.caller = caller
        if not caller.may(self._right):
            raise HTTPException(403, NO_RIGHT[self._right])
        return caller

    async def _find(self, request: Request, parts: Parts) -> Caller | None:
        try:
            return await find(request, parts)
        except (SQLAlchemyError, OSError):
            raise HTTPException(503, TELEPHONE if self._urgent else NO_DATABASE) from None


def _anybody(request: Request, parts: Parts) -> Caller | None:
    config = parts.config()
    where = address(request, config)
    return Caller("", "viewer", "open", address=where) if config.file.console.emergency_open else None


NO_RIGHT: dict[Right, Text] = {
    "viewer": Text("没有查看权限", "this needs the right to view"),
    "ops": Text("只有查看权限；需要 ops 权限", "you may view only; this needs the right ops"),
    "admin": Text("需要 admin 权限", "this needs the right admin"),
}
NO_DATABASE = Text("数据库没有应答，请稍后再试", "the database does not answer; try again in a moment")
TELEPHONE = Text(
    "没有存下来，没有呼叫任何人：请马上打电话，然后再试",
    "it was not stored and nobody was called: telephone now, then try again",
)
LOG_IN = Text("请先登录", "log in first")
PASSWORD = Text("控制台需要密码", "the console needs its password")
ELSEWHERE = Text(
    "请用 duty.yml 的 public_url 或 127.0.0.1 打开", "open it by public_url of duty.yml, or by 127.0.0.1"
)
BY_PROXY = Text("请经由登录代理访问", "come by the proxy that knows who you are")


def _unknown(request: Request, config: Config) -> HTTPException:
    """How to come in."""
    doors = config.doors
    if doors.are_open:
        return HTTPException(403, ELSEWHERE)
    if doors.hashes:
        page = request.method == "GET" and "text/html" in request.headers.get("accept", "")
        target = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        where = {"Location": f"/login?next={quote(target, safe='')}"}
        return HTTPException(303, LOG_IN, where) if page else HTTPException(401, LOG_IN)
    if doors.password is not None:
        return HTTPException(401, PASSWORD, {"WWW-Authenticate": 'Basic realm="StreamWatch"'})
    return HTTPException(401, BY_PROXY)


viewer, ops, admin = Needs("viewer"), Needs("ops"), Needs("admin")
reporter = Needs("viewer", urgent=True)
