"""Feishu's side of a group bot: signature in the body, 100 a minute and 5 a second, 20 KB, posts and texts."""

import base64
import hashlib
import hmac
import re
from collections import deque
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from servers import feishu_card
from servers.stand_in import Answer, Request, StandIn, says
from streamwatch.clock import Clock

HOOK = "0a1b2c3d-4e5f-6789-abcd-ef0123456789"
SECRET = "feishu-secret-of-the-bot"
PATH = f"/open-apis/bot/v2/hook/{HOOK}"
LIMITS = ((timedelta(seconds=1), 5), (timedelta(minutes=1), 100))
TYPES = ("text", "post", "image", "share_chat", "interactive")


@dataclass(frozen=True)
class Heard:
    """One message in the group: its locales, title, lines as shown, links, and whose phone rang for it."""

    locales: tuple[str, ...]
    title: str
    lines: tuple[str, ...]
    links: tuple[str, ...]
    rang: tuple[str, ...]
    everyone: bool
    colour: str = ""  # of a card's head
    buttons: tuple[tuple[str, str, str], ...] = ()  # label, kind, address


class FeishuServer(StandIn):
    def __init__(self, clock: Clock, secret: str = SECRET, keyword: str = "") -> None:
        super().__init__(PATH)
        self.secrets = (HOOK, secret)
        self.secret = secret
        self.heard: list[Heard] = []
        self.declines_cards = False
        self._keyword = keyword
        self._clock = clock
        self._sent: deque[datetime] = deque()

    def answer(self, request: Request) -> Answer:
        refusal = self._refuse(request)
        if refusal:
            code, words = refusal
            return says({"code": code, "data": {}, "msg": words}, status=400 if code == 9499 else 200)
        self.heard.append(_heard(request.json))
        return says({"StatusCode": 0, "StatusMessage": "success", "code": 0, "data": {}, "msg": "success"})

    def _refuse(self, request: Request) -> tuple[int, str] | None:
        if request.path != PATH:
            return 19001, "param invalid: incoming webhook access token invalid"
        if len(request.body) > 20 * 1024:
            return 9499, "Bad Request"
        body = request.json
        if not isinstance(body, dict):
            return 9499, "Bad Request"
        return self._too_many() or self._unsigned(body) or self._malformed(body, request)

    def _too_many(self) -> tuple[int, str] | None:
        now = self._clock()
        for window, sends in LIMITS:
            if sum(at > now - window for at in self._sent) >= sends:
                return 11232, "frequency limited psm[lark.oapi.app_platform_runtime]appID[1500]"
        self._sent.append(now)
        return None

    def _unsigned(self, body: dict[str, Any]) -> tuple[int, str] | None:
        if not self.secret:
            return None
        stamp = body.get("timestamp")
        fresh = isinstance(stamp, str) and stamp.isdecimal() and abs(self._clock().timestamp() - int(stamp)) <= 3600
        key = f"{stamp}\n{self.secret}".encode()
        right = base64.b64encode(hmac.new(key, digestmod=hashlib.sha256).digest()).decode()
        if not fresh or body.get("sign") != right:
            return 19021, "sign match fail or timestamp is not within one hour from current time"
        return None

    def _malformed(self, body: dict[str, Any], request: Request) -> tuple[int, str] | None:
        if body.get("msg_type") not in TYPES:
            return 19002, "params error, msg_type need"
        if self._keyword and self._keyword not in request.body.decode():
            return 19024, "Key Words Not Found"
        if body["msg_type"] == "post" and not _shown(body):
            return 9499, "Bad Request"
        if body["msg_type"] == "interactive" and not self._takes(body.get("card")):
            return 11246, "card content is invalid"
        return None

    def _takes(self, card: Any) -> bool:
        return not self.declines_cards and feishu_card.well_formed(card)


def _shown(body: dict[str, Any]) -> dict[str, Any]:
    """The locales that can be shown: those with content."""
    post = body.get("content", {}).get("post", {})
    return {name: part for name, part in post.items() if part.get("content")}


def _heard(body: dict[str, Any]) -> Heard:
    if body["msg_type"] == "text":
        return _in_text(body["content"]["text"])
    if body["msg_type"] == "interactive":
        return _in_card(body["card"])
    locales = _shown(body)
    part = next(iter(locales.values()))
    pieces = [piece for line in part["content"] for piece in line]
    # A text is plain by the documentation; a bot that read tags in it, as in other types, would call as well.
    read = [_in_text(piece["text"]) for piece in pieces if piece["tag"] == "text"]
    rang = [piece["user_id"] for piece in pieces if piece["tag"] == "at"]
    rang += [each for text in read for each in text.rang]
    return Heard(
        tuple(locales),
        part.get("title", ""),
        tuple("".join(piece.get("text", "") for piece in line) for line in part["content"]),
        tuple(piece["href"] for piece in pieces if piece["tag"] == "a"),
        tuple(rang),
        "all" in rang,
    )


def _in_card(card: dict[str, Any]) -> Heard:
    shown = feishu_card.shown(card)
    read = [_in_text(text) for text in shown.texts]
    rang = tuple(each for text in read for each in text.rang)
    return Heard(
        tuple(card["i18n_elements"]),
        shown.title,
        tuple(line for text in shown.plain for line in text.split("\n")),
        tuple(address for _, _, address in shown.buttons),
        rang,
        "all" in rang,
        shown.colour,
        shown.buttons,
    )


def _in_text(text: str) -> Heard:
    rang = tuple(re.findall(r"""<at\s+(?:user_)?id\s*=\s*["']?([\w-]+)""", text))
    return Heard((), "", (text,), (), rang, "all" in rang)
