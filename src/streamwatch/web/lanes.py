"""How many requests are answered at once, how large they may be and how slowly they may come.

Alerts have the way to themselves: whatever the console is asked, the intake is not made to wait. What is urgent (an
emergency, an ack) has a lane of its own, files have one, and the rest share one. A lane that is full answers 503 at
once, with when to come again. A body is read before its request takes a place, within a time and up to a size, so
that somebody who sends a byte a minute holds no place.
"""

import asyncio
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from streamwatch.access.guesses import Guesses
from streamwatch.clock import Clock
from streamwatch.web.turning_away import turn_away

BODY = 64 * 1024  # bytes of what is no webhook and no file: what people and programs say of incidents is short
BODY_WITHIN = 15.0  # seconds
REFUSALS, WINDOW = 600, timedelta(minutes=1)  # of one address: then it is told to wait
REFUSED = (401, 403)
LINKS = ("/a/", "/l/", "/h/", "/duty.ics")  # a signature that is wrong is answered 404


Whence = Callable[[Scope], str]
Turned = Callable[[str], None]


@dataclass(eq=False)
class Lane:
    """*most* at once; *body* bytes are read first, None: the request reads them itself."""

    name: str
    most: int | None
    body: int | None = BODY
    taken: int = 0

    @property
    def is_full(self) -> bool:
        return self.most is not None and self.taken >= self.most


class Lanes:
    def __init__(self, intake: str, webhook: int) -> None:
        """*intake* is the path of the alerts, which reads up to *webhook* bytes itself."""
        self._intake = intake
        self.alerts = Lane("alerts", None, None)  # as many as come; a token is asked for before anything is read
        self.other_alerts = Lane("other alerts", None, webhook)
        self.alive = Lane("alive", None)
        self.health = Lane("health", 16)
        self.urgent = Lane("urgent", 32)
        self.files = Lane("files", 8, None)
        self.rest = Lane("rest", 64)

    def of(self, path: str) -> Lane:
        if path == self._intake:
            return self.alerts
        if path.startswith("/api/v1/alerts/"):
            return self.other_alerts
        if path == "/-/healthy":
            return self.alive
        if path.startswith(("/sos", "/a/", "/l/", "/h/", "/api/v1/triggers")) or path.endswith("/ack"):
            return self.urgent
        if path.startswith("/-/") or path == "/metrics":
            return self.health
        return self.files if _FILES.fullmatch(path) else self.rest


_FILES = re.compile(r"(/api/v1)?/incidents/\d+/evidence(/\d+)?")


class TooLarge(Exception):
    """The body is larger than what this path takes."""


class TooSlow(Exception):
    """The body did not come in time."""


class Limits:
    """Turns away what is too much, before anything looks at it; and whoever is refused again and again."""

    def __init__(self, app: ASGIApp, lanes: Lanes, clock: Clock, whence: Whence, turned: Turned) -> None:
        """*whence* tells the address of who asks; *turned* counts those who are turned away, by why."""
        self._app = app
        self._lanes = lanes
        self._clock = clock
        self._whence = whence
        self._turned = turned
        self._refusals = Guesses(REFUSALS, WINDOW)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        lane, send = self._lanes.of(scope["path"]), self._watched(scope, send)
        if lane.body is not None:
            try:
                receive = await _whole(scope, receive, lane.body)
            except (TooLarge, TooSlow) as error:
                await self._away(scope, send, *_BAD_BODY[type(error)])
                return
            except ConnectionError:
                return  # whoever sent it hung up
        if lane.is_full:
            await self._away(scope, send, 503, "busy", 1)
            return
        lane.taken += 1
        try:
            await self._app(scope, receive, send)
        finally:
            lane.taken -= 1

    async def _away(self, scope: Scope, send: Send, code: int, why: str, wait: int | None = None) -> None:
        self._turned(why)
        await turn_away(scope, send, code, why, wait)

    def _watched(self, scope: Scope, send: Send) -> Send:
        """Counts refusals by address. Who knows a token or has a session is not refused, and so never held up by
        somebody else behind the same address.
        """
        instead = False

        async def watched(message: Message) -> None:
            nonlocal instead
            if message["type"] == "http.response.start" and _is_refusal(scope, message["status"]):
                key = self._whence(scope)
                if wait := self._refusals.wait(key, self._clock()):
                    instead = True
                    await self._away(scope, send, 429, "rate", int(wait.total_seconds()) + 1)
                    return
                self._refusals.failed(key, self._clock())
            if not instead:
                await send(message)

        return watched


_BAD_BODY: dict[type[Exception], tuple[int, str]] = {TooLarge: (413, "too_large"), TooSlow: (408, "slow")}


def _is_refusal(scope: Scope, status: int) -> bool:
    """An emergency form that is shown once more is none."""
    path = scope["path"]
    return (status in REFUSED and not path.startswith("/sos")) or (status == 404 and path.startswith(LINKS))


async def _whole(scope: Scope, receive: Receive, most: int) -> Receive:
    """The body, all of it, to be received again. Raises `TooLarge`, `TooSlow`, and `ConnectionError`."""
    if _declared(scope["headers"]) > most:
        raise TooLarge
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_WITHIN):
            more = _has_body(scope["headers"])
            while more:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise ConnectionError
                body += message.get("body", b"")
                if len(body) > most:
                    raise TooLarge
                more = message.get("more_body", False)
    except TimeoutError:
        raise TooSlow from None
    first: list[Message] = [{"type": "http.request", "body": bytes(body), "more_body": False}]

    async def again() -> Message:
        return first.pop() if first else await receive()

    return again if _has_body(scope["headers"]) else receive


Headers = Iterable[tuple[bytes, bytes]]


def _has_body(headers: Headers) -> bool:
    names = {name for name, _ in headers}
    return b"transfer-encoding" in names or _declared(headers) > 0


def _declared(headers: Headers) -> int:
    said = next((value for name, value in headers if name == b"content-length"), b"0")
    return int(said) if said.isdigit() else 0
