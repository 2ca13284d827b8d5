"""DingTalk's side of a group robot: its signature, window, keyword, limits and penalty; always HTTP 200."""

import base64
import hashlib
import hmac
from collections import deque
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from servers.stand_in import Answer, Request, StandIn, says
from streamwatch.clock import Clock

TOKEN = "d1ng7a1k-t0ken-0f-the-robot"
SECRET = "SECthe-secret-of-the-robot"
FIELDS = {
    "text": {"content"},
    "markdown": {"title", "text"},
    "link": {"title", "text", "messageUrl"},
    "actionCard": {"title", "text"},
    "feedCard": {"links"},
}
WINDOW, SENDS, PENALTY = timedelta(minutes=1), 20, timedelta(minutes=10)


@dataclass(frozen=True)
class Heard:
    """One message in the group, and whose phone rang for it."""

    banner: str
    text: str
    rang: tuple[str, ...]
    everyone: bool


class DingTalkServer(StandIn):
    def __init__(self, clock: Clock, secret: str = SECRET, keyword: str = "") -> None:
        super().__init__("/robot/send")
        self.url += f"?access_token={TOKEN}"
        self.secrets = (TOKEN, secret)
        self.secret = secret
        self.heard: list[Heard] = []
        self._keyword = keyword
        self._clock = clock
        self._sent: deque[datetime] = deque()
        self._shut_until: datetime | None = None

    def answer(self, request: Request) -> Answer:
        code, words = self._refuse(request) or (0, "ok")
        if code == 0:
            self.heard.append(_heard(request.json))
        return says({"errcode": code, "errmsg": words})

    def _refuse(self, request: Request) -> tuple[int, str] | None:
        if request.path != "/robot/send":
            return 404, "请求的URI地址不存在"
        if not request.headers.get("content-type", "").startswith("application/json"):
            return 43004, "无效的HTTP HEADER Content-Type"
        if request.query.get("access_token") != TOKEN:
            return 300005, "token is not exist"
        return self._too_many() or self._unsigned(request) or self._malformed(request)

    def _too_many(self) -> tuple[int, str] | None:
        """The message over the limit shuts the robot."""
        now = self._clock()
        if self._shut_until and now < self._shut_until:
            return 130101, "send too fast, exceed 20 times per minute"
        while self._sent and self._sent[0] <= now - WINDOW:
            self._sent.popleft()
        self._sent.append(now)
        if len(self._sent) > SENDS:
            self._shut_until = now + PENALTY
            return 130101, "send too fast, exceed 20 times per minute"
        return None

    def _unsigned(self, request: Request) -> tuple[int, str] | None:
        if not self.secret:
            return None
        stamp = request.query.get("timestamp", "")
        if not stamp.isdecimal() or abs(self._clock().timestamp() * 1000 - int(stamp)) > 3_600_000:
            return 310000, "description:invalid timestamp;solution:请使用当前时间戳"
        key = self.secret.encode()
        right = base64.b64encode(hmac.new(key, f"{stamp}\n{self.secret}".encode(), hashlib.sha256).digest())
        if request.query.get("sign") != right.decode():
            return (
                310000,
                "description:机器人发送签名不匹配;solution:请确认签名和生成签名的时间戳必须都放在调用的网址中",
            )
        return None

    def _malformed(self, request: Request) -> tuple[int, str] | None:
        if len(request.body) > 20_000:
            return 460101, "message too long, exceed 20000 bytes"
        body = request.json
        if not isinstance(body, dict):
            return 40035, "缺少参数 json"
        kind = body.get("msgtype")
        if kind not in FIELDS:
            return 400402, "缺少参数 msgtype"
        missing = [name for name in FIELDS[kind] if not body.get(kind, {}).get(name)]
        if missing:
            return 400403, f"缺少参数 {missing[0]}"
        if self._keyword and self._keyword not in request.body.decode():
            return 310000, "description:关键词不匹配;solution:请联系群管理员查看此机器人的关键词"
        return None


def _heard(body: dict[str, Any]) -> Heard:
    """Only who stands both in `at` and in the text as `@…` is called, in the two types that can call."""
    kind = body["msgtype"]
    content = body[kind]
    text = content.get("text") or content.get("content", "")
    at = body.get("at", {}) if kind in ("text", "markdown") else {}
    named = [*at.get("atMobiles", []), *at.get("atUserIds", [])]
    rang = tuple(each for each in named if f"@{each}" in text)
    return Heard(content.get("title", ""), text, rang, bool(at.get("isAtAll")))
