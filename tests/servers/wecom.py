"""WeCom's side of a group robot: its key, limits in bytes, 20 a minute; always HTTP 200."""

import html
import re
from collections import deque
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from servers.stand_in import Answer, Request, StandIn, says
from streamwatch.clock import Clock

KEY = "73c0m-key-0f-the-robot"
LIMITS = {"text": 2048, "markdown": 4096, "markdown_v2": 4096}
WINDOW, SENDS = timedelta(minutes=1), 20
HINT = "hint: [1795600000111222333], from ip: 127.0.0.1, more info at https://open.work.weixin.qq.com/devtool"


@dataclass(frozen=True)
class Heard:
    """One message in the group, and whose phone rang for it."""

    kind: str
    text: str
    rang: tuple[str, ...]
    everyone: bool


class WeComServer(StandIn):
    def __init__(self, clock: Clock) -> None:
        super().__init__("/cgi-bin/webhook/send")
        self.url += f"?key={KEY}"
        self.secrets = (KEY,)
        self.heard: list[Heard] = []
        self._clock = clock
        self._sent: deque[datetime] = deque()

    def answer(self, request: Request) -> Answer:
        code, words = self._refuse(request) or (0, "ok")
        if code == 0:
            self.heard.append(_heard(request.json))
        return says({"errcode": code, "errmsg": words})

    def _refuse(self, request: Request) -> tuple[int, str] | None:
        if request.path != "/cgi-bin/webhook/send" or request.query.get("key") != KEY:
            return 93000, f"invalid webhook url, {HINT}"
        return self._too_many() or _malformed(request)

    def _too_many(self) -> tuple[int, str] | None:
        now = self._clock()
        while self._sent and self._sent[0] <= now - WINDOW:
            self._sent.popleft()
        if len(self._sent) >= SENDS:
            return 45009, f"api freq out of limit, {HINT}"
        self._sent.append(now)
        return None


def _malformed(request: Request) -> tuple[int, str] | None:
    body = request.json
    if not isinstance(body, dict):
        return 47001, f"data format error, {HINT}"
    kind = body.get("msgtype")
    if kind not in LIMITS:
        return 40008, f"invalid message type, {HINT}"
    content = body.get(kind, {}).get("content")
    if not content:
        return 44004, f"content is empty, {HINT}"
    if len(content.encode()) > LIMITS[kind]:
        return 40058, f"{kind}.content exceed max length {LIMITS[kind]}. invalid Request Parameter, {HINT}"
    return None


def _heard(body: dict[str, Any]) -> Heard:
    """Lists call from texts, `<@…>` calls from markdown; markdown_v2 calls nobody.

    A client that turned entities into characters first would call as well.
    """
    kind = body["msgtype"]
    content = body[kind]
    named = [*content.get("mentioned_list", []), *content.get("mentioned_mobile_list", [])]
    inline = [] if kind == "markdown_v2" else re.findall(r"<@([^>]+)>", html.unescape(content["content"]))
    rang = (named if kind == "text" else []) + inline
    everyone = any(each.lower() in ("@all", "all") for each in rang)
    return Heard(kind, content["content"], tuple(rang), everyone)
