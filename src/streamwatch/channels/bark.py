"""Bark: pushes to an iPhone, over api.day.app or a server of one's own. Bark 推送。

POST <server>/push of a JSON object; the answer is `{"code": 200, "message": "success"}`, and the HTTP status is the
code. `level: critical` rings through silence and focus, `timeSensitive` through focus; `call` rings for 30 s.
Apple takes 4096 bytes with everything that is in a push. Server 500 passes on Apple's reason ("push failed: …").
Source: docs/API_V2.md and route_push.go of Finb/bark-server; Apple, "Handling notification responses from APNs".
"""

from datetime import timedelta
from typing import Any, Literal

import httpx
from pydantic import SecretStr

from streamwatch.channels.answer import PAUSE, by_status, interloper, json_object, refusal
from streamwatch.channels.channel import Limit, Reason, Receipt, json_bytes, post_json
from streamwatch.channels.layout import DO_NOW, fitting, headline, links, reference
from streamwatch.channels.secret import Common, Url, hide, read_url
from streamwatch.clock import Clock
from streamwatch.message import Message

MAX_BODY = 3500  # bytes of JSON; the server adds what Apple wants
LEVELS = {"P0": "critical", "P1": "timeSensitive", "P2": "active", "P3": "active"}

CURES = {
    Reason.GONE: "the phone is not registered here; open Bark on it, and copy the key again",
    Reason.REJECTED: "the message itself is refused",
    Reason.THROTTLED: "Apple asks for a pause",
    Reason.AUTH: "check url: the server asks for a user and a password",
}
# Apple's reasons, as the server repeats them.
NO_PHONE = ("failed to get device token", "device key is empty", "BadDeviceToken", "Unregistered")
UNFIT = ("PayloadTooLarge", "PayloadEmpty", "BadTopic")


class Settings(Common):
    """`url` is the server's address, with its user and password if it asks for them."""

    type: Literal["bark"]
    url: Url = SecretStr("https://api.day.app")


class Bark:
    """`to` is the device key that the app shows."""

    limits: tuple[Limit, ...] = ()

    def __init__(self, settings: Settings, http: httpx.AsyncClient, clock: Clock) -> None:
        server = read_url(settings.url, None)
        self._url = server.copy_with(path=server.path.rstrip("/") + "/push")
        self._http = http
        self._clock = clock

    async def send(self, message: Message, to: str) -> Receipt:
        body = fitting(message, lambda form: _body(form, to), lambda body: len(json_bytes(body)), MAX_BODY)
        reply = await post_json(self._http, self._url, body)
        answer = json_object(reply)
        code = answer.get("code")
        if type(code) is not int or code != reply.status_code:
            raise interloper(reply, self._clock())
        if code == httpx.codes.OK:
            return Receipt()
        words = str(answer.get("message", ""))
        raise refusal(code, hide(words, self._url, to), *_verdict(code, words), cures=CURES)


def _verdict(code: int, words: str) -> tuple[Reason, timedelta | None]:
    if any(each in words for each in NO_PHONE):
        return Reason.GONE, None
    if any(each in words for each in UNFIT):
        return Reason.REJECTED, None
    if "TooManyRequests" in words or code == httpx.codes.TOO_MANY_REQUESTS:
        return Reason.THROTTLED, PAUSE
    return by_status(code), None


def _body(message: Message, to: str) -> dict[str, Any]:
    calls = not message.wakes_nobody and message.kind != "test"
    both = links(message)
    return {
        "device_key": to,
        "title": headline(message),
        "body": _text(message),
        "level": LEVELS.get(message.severity, "timeSensitive") if calls else "active",
        "group": message.stream or "StreamWatch",
        "isArchive": "1",
        **({"call": "1"} if calls and message.severity == "P0" else {}),
        **({"url": both[0][1]} if both else {}),
    }


def _text(message: Message) -> str:
    steps = [DO_NOW.read_in(message.language), *message.steps] if message.steps else []
    return "\n".join([*message.facts, *steps, *message.samples, reference(message)])
