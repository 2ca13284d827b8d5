"""A WeCom group robot. 企业微信群机器人。

POST https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=… answers 200 for yes and no; `errcode` tells which.
There is no signature: the key in the address is the whole secret. A template_card has buttons and can call nobody;
a page that calls nobody is missed, so pages are markdown, or text, with the ack link in it.
Source: developer.work.weixin.qq.com/document/path/91770 (robots) and 90313 (error codes).
"""

from datetime import timedelta
from typing import Any, Literal

import httpx

from streamwatch.channels.answer import refusal, robot_answer
from streamwatch.channels.channel import Limit, Reason, Receipt, post_json
from streamwatch.channels.layout import DO_NOW, defuse, fitting, headline, links, reference
from streamwatch.channels.markdown import markdown
from streamwatch.channels.mention import mobile, user_id
from streamwatch.channels.secret import Addressed, hide
from streamwatch.clock import Clock
from streamwatch.message import Message

MAX_TEXT = 2048  # bytes of `content`, not of the body
MAX_MARKDOWN = 4096

VERDICTS: dict[int, tuple[Reason, timedelta | None]] = {
    -1: (Reason.BUSY, None),
    45009: (Reason.THROTTLED, timedelta(minutes=1)),
    # The key is not known: mistyped, or the robot was taken out of its group. The cure is the same.
    93000: (Reason.AUTH, None),
    **dict.fromkeys((40008, 40035, 40058, 44004, 45002, 47001), (Reason.REJECTED, None)),
}
# A code nobody knows: not delivered, and nothing says that it is for ever.
UNHEARD_OF = (Reason.BUSY, None)


class Settings(Addressed):
    """Nothing but an address."""

    type: Literal["wecom"]


class WeCom:
    """`to` is a user id or a mobile number of somebody in the group; anyone else is named and not called."""

    limits: tuple[Limit, ...] = (Limit(20, timedelta(minutes=1)),)

    def __init__(self, settings: Settings, http: httpx.AsyncClient, clock: Clock) -> None:
        self._url = settings.address
        self._http = http
        self._clock = clock

    async def send(self, message: Message, to: str) -> Receipt:
        reply = await post_json(self._http, self._url, _body(message, to))
        code, words = robot_answer(reply, "errcode", at=self._clock())
        if code:
            raise refusal(code, hide(words, self._url), *VERDICTS.get(code, UNHEARD_OF))
        return Receipt()


def _body(message: Message, to: str) -> dict[str, Any]:
    """Markdown can call a user id; a mobile number can be called by a text only."""
    if number := mobile(to):
        content = fitting(message, _text, _size, MAX_TEXT)
        return {"msgtype": "text", "text": {"content": content, "mentioned_mobile_list": [number]}}
    person = user_id(to)
    mention = f"<@{person}>" if person else ""
    content = fitting(message, lambda form: markdown(form, mention), _size, MAX_MARKDOWN)
    return {"msgtype": "markdown", "markdown": {"content": content}}


def _text(message: Message) -> str:
    blocks = [
        [headline(message)],
        [*message.facts],
        [DO_NOW.read_in(message.language), *message.steps] if message.steps else [],
        [*message.samples],
    ]
    ours = [f"{label} {url}" for label, url in links(message)]
    said = ["\n".join(defuse(line, "<>@&") for line in block) for block in blocks]
    return "\n\n".join(filter(None, [*said, "\n".join([*ours, reference(message)])]))


def _size(text: str) -> int:
    return len(text.encode(errors="replace"))
