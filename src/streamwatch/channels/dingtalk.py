"""A DingTalk group robot. 钉钉群自定义机器人。

POST https://oapi.dingtalk.com/robot/send?access_token=… answers 200 for yes and no; `errcode` tells which.
Only messages of the types text and markdown can call somebody, so pages are markdown, and not an actionCard: the
links that would be its buttons stand in the text.
Source: DingTalk open platform, "Custom robot access" and its error codes.
"""

import base64
import hashlib
import hmac
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Literal

import httpx

from streamwatch.channels.answer import refusal, robot_answer
from streamwatch.channels.channel import Limit, Reason, Receipt, json_bytes, post_json
from streamwatch.channels.dingtalk_app import Account
from streamwatch.channels.layout import banner, fitting
from streamwatch.channels.markdown import markdown
from streamwatch.channels.mention import mobile, user_id
from streamwatch.channels.secret import hide
from streamwatch.clock import Clock
from streamwatch.language import Text
from streamwatch.message import Message

MAX_BODY = 20_000  # bytes of JSON
MAX_BANNER = 200  # bytes; a phone shows less
LINE = "  \n  "  # the spaces on both sides are DingTalk's advice: without them some clients join the lines

HOW = Text("在群里 @机器人 写“认领 {number}”即可认领", "to take it, mention the robot: ack {number}")
PENALTY = timedelta(minutes=10)  # a robot that sent too much is shut for about this long
# The organisation's monthly quota is used up. It may be raised at any moment, so ask now and then, not daily.
QUOTA_PAUSE = timedelta(hours=1)

VERDICTS: dict[int, tuple[Reason, timedelta | None]] = {
    -1: (Reason.BUSY, None),
    130101: (Reason.THROTTLED, PENALTY),
    410100: (Reason.THROTTLED, PENALTY),
    90030: (Reason.THROTTLED, QUOTA_PAUSE),
    **dict.fromkeys((300001, 300005, 400101, 310000), (Reason.AUTH, None)),
    **dict.fromkeys((400013, 400102, 400106), (Reason.GONE, None)),
    **dict.fromkeys(
        (40035, 400402, 400403, 43002, 43004, 460101, 101002, 450101),
        (Reason.REJECTED, None),
    ),
}
# A code nobody knows: not delivered, and nothing says that it is for ever.
UNHEARD_OF = (Reason.BUSY, None)


class Settings(Account):
    """`secret` is the one that begins with SEC, when the robot asks for a signature (加签).

    With `stream` people take an incident by writing "ack 12" to the app's robot; `to` must be a user id for that.
    """

    type: Literal["dingtalk"]


class DingTalk:
    """`to` is a mobile number or a user id of somebody in the group; anyone else is named and not called."""

    limits: tuple[Limit, ...] = (Limit(20, timedelta(minutes=1)),)

    def __init__(self, settings: Settings, http: httpx.AsyncClient, clock: Clock) -> None:
        self._url = settings.address
        self._secret = settings.key
        self._listens = settings.stream is not None
        self._http = http
        self._clock = clock

    async def send(self, message: Message, to: str) -> Receipt:
        if self._listens and message.ack_url:
            message = replace(message, facts=(*message.facts, _how(message)))
        body = fitting(message, lambda form: _body(form, to), lambda body: len(json_bytes(body)), MAX_BODY)
        reply = await post_json(self._http, self._signed(), body)
        code, words = robot_answer(reply, "errcode", at=self._clock())
        if code:
            raise refusal(code, hide(words, self._url, self._secret), *VERDICTS.get(code, UNHEARD_OF))
        return Receipt()

    def _signed(self) -> httpx.URL:
        if not self._secret:
            return self._url
        stamp, sign = signature(self._secret, self._clock())
        return self._url.copy_merge_params({"timestamp": stamp, "sign": sign})


def signature(secret: str, at: datetime) -> tuple[str, str]:
    """Timestamp in milliseconds and its signature, in Base64. Neither is encoded for a URL yet."""
    stamp = str(int(at.timestamp() * 1000))
    digest = hmac.digest(secret.encode(), f"{stamp}\n{secret}".encode(), hashlib.sha256)
    return stamp, base64.b64encode(digest).decode()


def _how(message: Message) -> str:
    """What to write; a message about several incidents names none."""
    number = message.incident_id or "…"
    return HOW.format(number=number).read_in(message.language)


def _body(message: Message, to: str) -> dict[str, Any]:
    """The person is called only if the text shows whom: `@` and the very number or id of `at`."""
    number = mobile(to)
    person = None if number else user_id(to)
    called = number or person
    return {
        "msgtype": "markdown",
        "markdown": {
            "title": banner(message, MAX_BANNER),
            "text": markdown(message, f"@{called}" if called else "", LINE),
        },
        "at": {
            "atMobiles": [number] if number else [],
            "atUserIds": [person] if person else [],
            "isAtAll": False,
        },
    }
