"""What a Telegram bot hears: presses wait to be confirmed, one program may ask, an answer comes in time."""

import itertools
import threading
import time
from dataclasses import dataclass, field
from typing import Any

from servers.stand_in import Answer, says

TOO_OLD = "Bad Request: query is too old and response timeout expired or query ID is invalid"
LOST_RACE = "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"
HAS_WEBHOOK = (
    "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook"
)


@dataclass
class Said:
    """What whoever pressed was shown."""

    user: str
    text: str
    alert: bool


@dataclass
class Updates:
    """`next_id` is the number of the next update: they begin anew anywhere after a week without any."""

    next_id: int = 700_000_001
    webhook: bool = False
    waiting: list[dict[str, Any]] = field(default_factory=list)
    told: list[dict[str, Any]] = field(default_factory=list)  # every update there ever was
    said: list[Said] = field(default_factory=list)
    asked: list[dict[str, Any]] = field(default_factory=list)
    expired: bool = False  # the wheel stopped before an answer came

    def __post_init__(self) -> None:
        self._news = threading.Condition()
        self._asking = 0
        self._closed = False
        self._queries: dict[str, str] = {}
        self._ids = itertools.count(4_000_000_000_000_000_001)

    def press(self, user: str, data: str, **more: Any) -> str:
        """*user* presses a button that carries *data*. A changed client can send any data at all."""
        query = str(next(self._ids))
        body = {"id": query, "from": {"id": int(user), "first_name": "?"}, "chat_instance": "1", "data": data}
        self.tell({"callback_query": body | more})
        self._queries[query] = user
        return query

    def tell(self, update: dict[str, Any]) -> None:
        with self._news:
            self.waiting.append({"update_id": self.next_id, **update})
            self.told.append(self.waiting[-1])
            self.next_id += 1
            self._news.notify_all()

    def get(self, body: dict[str, Any]) -> Answer | None:
        """None when nobody is there any more."""
        with self._news:
            self.asked.append(body)
            if self.webhook:
                return _no(409, HAS_WEBHOOK)
            self._asking += 1
            mine = self._asking
            self._news.notify_all()
            if (offset := body.get("offset")) is not None:
                self.waiting[:] = [each for each in self.waiting if each["update_id"] >= offset]
            self._wait(mine, body.get("timeout", 0))
            if mine != self._asking:
                return _no(409, LOST_RACE)
            return None if self._closed else says({"ok": True, "result": self.waiting[: body.get("limit", 100)]})

    def _wait(self, mine: int, seconds: float) -> None:
        ends = time.monotonic() + seconds
        while not (self.waiting or self._closed or mine != self._asking):
            left = ends - time.monotonic()
            if left <= 0:
                return
            self._news.wait(left)

    def answer(self, body: dict[str, Any]) -> Answer:
        user = self._queries.pop(str(body.get("callback_query_id")), None)
        if user is None or self.expired:
            return _no(400, TOO_OLD)
        text = str(body.get("text", ""))
        if len(text) > 200:
            return _no(400, "Bad Request: MESSAGE_TOO_LONG")
        self.said.append(Said(user, text, bool(body.get("show_alert"))))
        return says({"ok": True, "result": True})

    def close(self) -> None:
        with self._news:
            self._closed = True
            self._news.notify_all()


def _no(code: int, words: str) -> Answer:
    return says({"ok": False, "error_code": code, "description": words}, status=code)
