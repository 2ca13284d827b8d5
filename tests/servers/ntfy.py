"""ntfy's side: topics, a token, 4096 bytes before a message turns into an attachment, sixty requests at once."""

import re
from datetime import datetime
from typing import Any

from servers.stand_in import Answer, Request, StandIn, says
from streamwatch.clock import Clock

TOKEN = "tk_t0ken0fthet0pic00000000000000"
TOPIC = "live-ops-s3cret-topic-4711"
BUCKET, REFILL = 60, 5.0  # requests; seconds for each


class NtfyServer(StandIn):
    def __init__(self, clock: Clock) -> None:
        super().__init__("")
        self.secrets = (TOKEN, TOPIC)
        self.heard: list[dict[str, Any]] = []
        self._clock = clock
        self._room = float(BUCKET)
        self._counted: datetime = clock()

    def answer(self, request: Request) -> Answer:
        code, words = self._refuse(request) or (0, "")
        if code:
            return says({"code": code, "http": code // 100, "error": words}, status=code // 100)
        self.heard.append(request.json)
        return says({"id": f"ntfy{len(self.heard)}", "event": "message", "topic": request.json["topic"]})

    def _refuse(self, request: Request) -> tuple[int, str] | None:
        now = self._clock()
        self._room = min(BUCKET, self._room + (now - self._counted).total_seconds() / REFILL)
        self._counted = now
        if self._room < 1:
            return 42901, "limit reached: too many requests, please be nice"
        self._room -= 1
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            return 40101, "unauthorized"
        body = request.json
        if not isinstance(body, dict):
            return 40017, "invalid request: request body must be message JSON"
        if not re.fullmatch(r"[-_A-Za-z0-9]{1,64}", str(body.get("topic", ""))):
            return 40009, "invalid request: topic invalid"
        if body["topic"] != TOPIC:
            return 40301, f"forbidden for {body['topic']}"
        if body.get("priority") not in range(1, 6):
            return 40007, "invalid priority parameter"
        if len(body.get("title", "").encode()) > 1024:
            return 40057, "invalid request: title is too long"
        if len(body.get("actions", [])) > 3:
            return 40018, "invalid request: actions invalid"
        return _attachment(body)


def _attachment(body: dict[str, Any]) -> tuple[int, str] | None:
    """Here attachments are switched off, as on most servers; elsewhere a lock screen would show a file name."""
    if len(body.get("message", "").encode()) > 4096:
        return 40014, "invalid request: attachments not allowed"
    return None
