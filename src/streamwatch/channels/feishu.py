"""A Feishu or Lark group bot. 飞书群自定义机器人。

POST https://open.feishu.cn/open-apis/bot/v2/hook/… (Lark: open.larksuite.com); `code` tells yes from no, and
an old `StatusCode` of 0 may stand beside a no. Pages are cards (`feishu_card`), or posts; a card that is declined
goes as a post at once. In both, texts are plain, so no word of a viewer can call anybody, and one message holds
both languages, of which Feishu shows each reader their own.
Source: open.feishu.cn/document/client-docs/bot-v3/add-custom-bot.
"""

import base64
import hashlib
import hmac
import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal

import httpx

from streamwatch.channels import feishu_card
from streamwatch.channels.answer import refusal, robot_answer
from streamwatch.channels.channel import ChannelError, Limit, Reason, Receipt, json_bytes, post_json
from streamwatch.channels.layout import DO_NOW, defuse, fitting, headline, links, reference
from streamwatch.channels.secret import Signed, hide
from streamwatch.clock import Clock
from streamwatch.message import Message

log = logging.getLogger(__name__)

MAX_BODY = 20_000  # bytes of JSON; the documentation says 20 KB
COMMAS = 2  # bytes at most between the parts of two languages
LOCALES = {"zh": "zh_cn", "en": "en_us"}
_OPEN_ID = re.compile(r"ou_[A-Za-z0-9]{1,64}")

# Five a second and the rush at full and half hours: both pass soon, and no penalty follows.
RUSH = timedelta(seconds=10)
BAD_REQUEST = 9499  # also said of too many requests: only the words tell

VERDICTS: dict[int, tuple[Reason, timedelta | None]] = {
    -1: (Reason.BUSY, None),
    11232: (Reason.THROTTLED, RUSH),
    **dict.fromkeys((19001, 19021, 19022, 19024), (Reason.AUTH, None)),
    19007: (Reason.GONE, None),
    **dict.fromkeys((BAD_REQUEST, 19002), (Reason.REJECTED, None)),
}
# A code nobody knows: not delivered, and nothing says that it is for ever.
UNHEARD_OF = (Reason.BUSY, None)


class Settings(Signed):
    """`secret` is given when the bot asks for a signature (签名校验)."""

    type: Literal["feishu"]
    form: Literal["card", "post"] = "card"


class Feishu:
    """`to` is an open id (ou_…) of somebody in the group; anyone else is named and not called."""

    limits: tuple[Limit, ...] = (Limit(100, timedelta(minutes=1)), Limit(5, timedelta(seconds=1)))

    def __init__(self, settings: Settings, http: httpx.AsyncClient, clock: Clock) -> None:
        self._url = settings.address
        self._secret = settings.key
        self._form = settings.form
        self._http = http
        self._clock = clock

    async def send(self, message: Message, to: str) -> Receipt:
        if self._form == "card":
            try:
                return await self._post(message, to, _CARD)
            except _Declined as no:
                log.warning("feishu declines a card, it goes as a post: %s", no)
        return await self._post(message, to, _POST)

    async def _post(self, message: Message, to: str, shape: "_Shape") -> Receipt:
        sign = signature(self._secret, self._clock()) if self._secret else {}
        body = _body(message, to, sign, shape)
        reply = await post_json(self._http, self._url, body)
        code, words = robot_answer(reply, "code", "StatusCode", at=self._clock())
        if code:
            reason, wait = _verdict(code, words)
            told = refusal(code, hide(words, self._url, self._secret), reason, wait)
            if reason is Reason.REJECTED or code not in VERDICTS:
                raise _Declined(str(told), reason=reason, retry_after=wait)
            raise told
        return Receipt()


class _Declined(ChannelError):
    """The bot is fine, and this form of message is not: another one may do."""


def signature(secret: str, at: datetime) -> dict[str, str]:
    """The two fields of the body. Timestamp and secret are the key here, and nothing is signed with it."""
    stamp = str(int(at.timestamp()))
    digest = hmac.digest(f"{stamp}\n{secret}".encode(), b"", hashlib.sha256)
    return {"timestamp": stamp, "sign": base64.b64encode(digest).decode()}


def _verdict(code: int, words: str) -> tuple[Reason, timedelta | None]:
    if code == BAD_REQUEST and ("too many" in words.lower() or "frequen" in words.lower()):
        return VERDICTS[11232]
    return VERDICTS.get(code, UNHEARD_OF)


@dataclass(frozen=True)
class _Shape:
    """A form of message: its part for one language, and all around the parts."""

    part: Callable[[Message, str], dict[str, Any]]
    around: Callable[[dict[str, Any]], dict[str, Any]]


def _body(message: Message, to: str, sign: Mapping[str, str], shape: _Shape) -> dict[str, Any]:
    """Each language has half of the room, so that a flood in one leaves the other whole."""
    forms = [message, *([message.translation] if message.translation else [])]
    empty = len(json_bytes({**sign, **shape.around({})}))
    share = (MAX_BODY - empty - COMMAS * (len(forms) - 1)) // len(forms)

    def size(part: dict[str, Any]) -> int:
        return len(json_bytes({**sign, **shape.around(part)})) - empty

    parts: dict[str, Any] = {}
    for form in forms:
        marked = replace(form, maybe_repeated=message.maybe_repeated)
        part: dict[str, Any] = fitting(marked, lambda small: shape.part(small, to), size, share)
        parts.update(part)
    return {**sign, **shape.around(parts)}


def _post_around(posts: dict[str, Any]) -> dict[str, Any]:
    return {"msg_type": "post", "content": {"post": posts}}


def _card_around(parts: dict[str, Any]) -> dict[str, Any]:
    return {"msg_type": "interactive", "card": feishu_card.card(parts)}


def _card(message: Message, to: str) -> dict[str, Any]:
    called = to if _OPEN_ID.fullmatch(to) else ""
    return {LOCALES[message.language]: (feishu_card.head(message), feishu_card.elements(message, called))}


def _post(message: Message, to: str) -> dict[str, Any]:
    """The page under the name of its language. The person is called in both: only one is shown."""
    called = [[{"tag": "at", "user_id": to}]] if _OPEN_ID.fullmatch(to) else []
    steps = [DO_NOW.read_in(message.language), *message.steps] if message.steps else []
    said = [[_text(line)] for line in (*message.facts, *steps, *message.samples)]
    ours = [_link(label, url) for label, url in links(message)]
    content = [*called, *said, *([ours] if ours else []), [_text(reference(message))]]
    return {LOCALES[message.language]: {"title": defuse(headline(message), "<>"), "content": content}}


def _text(line: str) -> dict[str, str]:
    """Plain by the documentation; tags of their other message types are still kept from being tags."""
    return {"tag": "text", "text": defuse(line, "<>")}


def _link(label: str, url: str) -> dict[str, str]:
    return {"tag": "a", "text": f"{label}　", "href": url}


_POST, _CARD = _Shape(_post, _post_around), _Shape(_card, _card_around)
