"""ntfy: pushes to a topic, on ntfy.sh or a server of one's own.

POST of a JSON object to the server's root. A yes is the message itself with its id; a no is
`{"code": 42901, "http": 429, "error": …}`, whose first three digits are the HTTP status. A message over 4096 bytes
would become an attachment, which a lock screen does not show. Limits: 60 requests at once, one more each 5 s;
ntfy.sh takes 250 messages a day.
Source: docs.ntfy.sh/publish and server/errors.go of binwiederhier/ntfy.
"""

from datetime import timedelta
from typing import Any, Literal, Self

import httpx
from pydantic import SecretStr, model_validator

from streamwatch.channels.answer import PAUSE, by_status, interloper, json_object, pause, refusal
from streamwatch.channels.channel import Limit, Reason, Receipt, post_json
from streamwatch.channels.layout import DO_NOW, banner, fitting, links, reference
from streamwatch.channels.secret import Common, Secret, SecretFile, Url, at_most_one, hide, read_secret, read_url
from streamwatch.clock import Clock
from streamwatch.message import Message

MAX_MESSAGE = 4096  # bytes
MAX_TITLE = 250  # bytes; the server takes 1 KB, a phone shows less
PRIORITY = {"P0": 5, "P1": 4, "P2": 3, "P3": 2}
CALM, TEST = 2, 3

REFILL = timedelta(seconds=5)
DAY_IS_OVER = timedelta(hours=1)  # the daily quota: ask now and then whether it is a new day there
PAUSES = {42901: REFILL, 42908: DAY_IS_OVER}

CURES = {
    Reason.AUTH: "check token, and that its user may write to the topic",
    Reason.GONE: "no ntfy server answers at this url",
    Reason.REJECTED: "the message itself is refused",
    Reason.THROTTLED: "the server asks for a pause",
}


class Settings(Common):
    """`token` (tk_…) is for servers and topics that ask for one."""

    type: Literal["ntfy"]
    url: Url = SecretStr("https://ntfy.sh")
    token: Secret | None = None
    token_file: SecretFile | None = None

    @model_validator(mode="after")
    def _one_token(self) -> Self:
        at_most_one("token", self.token, self.token_file)
        return self


class Ntfy:
    """`to` is a topic. Whoever knows an unprotected topic can read it: make it long, and no word."""

    limits: tuple[Limit, ...] = (Limit(60, timedelta(minutes=5)),)

    def __init__(self, settings: Settings, http: httpx.AsyncClient, clock: Clock) -> None:
        self._url = read_url(settings.url, None)
        self._token = read_secret(settings.token, settings.token_file)
        self._http = http
        self._clock = clock

    async def send(self, message: Message, to: str) -> Receipt:
        headers = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        reply = await post_json(self._http, self._url, _body(message, to), headers)
        answer = json_object(reply)
        if reply.is_success and answer.get("event") == "message" and isinstance(answer.get("id"), str):
            return Receipt(str(answer["id"]))
        code = answer.get("code")
        if type(code) is not int or code // 100 != reply.status_code:
            raise interloper(reply, self._clock())
        reason = by_status(reply.status_code)
        wait: timedelta | None = None
        if reason is Reason.THROTTLED:
            wait = pause(reply, self._clock()) or PAUSES.get(code, PAUSE)
        words = hide(str(answer.get("error", "")), self._url, self._token, to)
        raise refusal(code, words, reason, wait, CURES)


def _body(message: Message, to: str) -> dict[str, Any]:
    text = fitting(message, _text, lambda text: len(text.encode(errors="replace")), MAX_MESSAGE)
    both = links(message)
    return {
        "topic": to,
        "title": banner(message, MAX_TITLE),
        "message": text,
        "priority": _priority(message),
        "tags": [_tag(message)],
        **({"click": both[0][1]} if both else {}),
        "actions": [{"action": "view", "label": label, "url": url, "clear": True} for label, url in both],
    }


def _tag(message: Message) -> str:
    if message.all_over:
        return "white_check_mark"
    return "information_source" if message.wakes_nobody else "rotating_light"


def _priority(message: Message) -> int:
    if message.wakes_nobody:
        return CALM
    return TEST if message.kind == "test" else PRIORITY.get(message.severity, TEST)


def _text(message: Message) -> str:
    blocks = [
        "\n".join(message.facts),
        "\n".join([DO_NOW.read_in(message.language), *message.steps] if message.steps else []),
        "\n".join(message.samples),
        reference(message),
    ]
    return "\n\n".join(filter(None, blocks))
