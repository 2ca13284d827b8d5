"""Telegram's side of a bot: its token in the path, chats that know it, 4096 characters, its limits."""

import html
import math
import re
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from servers.stand_in import Answer, Request, StandIn, says
from servers.telegram_updates import Updates
from streamwatch.clock import Clock

TOKEN = "123456789:AAt0ken-of-the-b0t-which-is-35-long"
ALICE, BOB, GROUP, MOVED_TO = "5000001", "5000002", "-4000001", "-1004000001"
TAGS = re.compile(r"</?(?:b|i|u|s|code|pre|blockquote|a)(?: href=\"[^\"]*\")?>")


@dataclass
class Heard:
    """One message in a chat, as it stands there now."""

    chat: str
    text: str
    raw: str
    buttons: tuple[tuple[str, str], ...]
    rang: tuple[str, ...]
    silent: bool
    answers: int | None = None
    edits: int = 0
    presses: tuple[tuple[str, str], ...] = ()  # buttons that come back, and what they carry
    history: list[str] = field(default_factory=list)


class TelegramServer(StandIn):
    def __init__(self, clock: Clock, *, moved: bool = False, takes_buttons: bool = True) -> None:
        super().__init__("")
        self.secrets = (TOKEN,)
        self.heard: list[Heard] = []
        self.updates = Updates()
        self.deleted: set[int] = set()
        self.moved = moved
        self._takes_buttons = takes_buttons
        self._clock = clock
        self._sent: deque[tuple[str, datetime]] = deque()

    def close(self) -> None:
        self.updates.close()
        super().close()

    def press(self, user: str, message: int = -1) -> str:
        """*user* presses the first button of a message as it stands there now."""
        return self.updates.press(user, self.heard[message].presses[0][1])

    def answer(self, request: Request) -> Answer | None:
        _, bot, method = (*request.path.split("/", 2), "", "")[:3]
        if bot != f"bot{TOKEN}":
            code = 401 if bot.startswith("bot") and ":" in bot else 404
            return _no(code, "Unauthorized" if code == 401 else "Not Found")
        body = request.json
        if not isinstance(body, dict):
            return _no(400, "Bad Request: can't parse JSON object")
        if method == "getUpdates":
            return self.updates.get(body)
        if method == "answerCallbackQuery":
            return self.updates.answer(body)
        refused = self._refuse(body)
        if refused:
            return refused
        if method == "sendMessage":
            return self._send(body)
        return self._edit(body) if method == "editMessageText" else _no(404, "Not Found")

    def _refuse(self, body: dict[str, Any]) -> Answer | None:
        chat = str(body.get("chat_id", ""))
        if chat == GROUP and self.moved:
            words = "Bad Request: group chat was upgraded to a supergroup chat"
            return _no(400, words, migrate_to_chat_id=int(MOVED_TO))
        if chat == BOB:
            return _no(403, "Forbidden: bot was blocked by the user")
        if chat not in (ALICE, GROUP, MOVED_TO):
            return _no(400, "Bad Request: chat not found")
        if wait := self._too_many(chat):
            return _no(429, f"Too Many Requests: retry after {wait}", retry_after=wait)
        if TAGS.sub("", body.get("text", "")).count("<"):
            return _no(400, "Bad Request: can't parse entities: unsupported start tag")
        shown = _shown(body.get("text", ""))
        if not shown.strip():
            return _no(400, "Bad Request: message text is empty")
        if len(shown.encode("utf-16-le", errors="replace")) // 2 > 4096:
            return _no(400, "Bad Request: message is too long")
        if any(not 1 <= len(data.encode()) <= 64 for _, data in _presses(body)):
            return _no(400, "Bad Request: BUTTON_DATA_INVALID")
        if not self._takes_buttons and _buttons(body):
            return _no(400, "Bad Request: inline keyboard button URL 'x' is invalid: Wrong HTTP URL")
        return None

    def _too_many(self, chat: str) -> int:
        """How many whole seconds to wait; 0 for none."""
        now = self._clock()
        second = [at for _, at in self._sent if at > now - timedelta(seconds=1)]
        minute = [at for where, at in self._sent if where == chat and at > now - timedelta(minutes=1)]
        if chat.startswith("-") and len(minute) >= 20:
            return math.ceil((minute[0] + timedelta(minutes=1) - now).total_seconds())
        if len(second) >= 30:
            return 1
        self._sent.append((chat, now))
        return 0

    def _send(self, body: dict[str, Any]) -> Answer:
        heard = _heard(body)
        self.heard.append(heard)
        reply = body.get("reply_parameters")
        if reply:
            known = self._find(body["chat_id"], reply["message_id"]) is not None
            if not known and not reply.get("allow_sending_without_reply"):
                return _no(400, "Bad Request: message to be replied not found")
            heard.answers = reply["message_id"] if known else None
        return says({"ok": True, "result": {"message_id": len(self.heard), "chat": {"id": body["chat_id"]}}})

    def _edit(self, body: dict[str, Any]) -> Answer:
        heard = self._find(body["chat_id"], body.get("message_id", 0))
        if heard is None:
            return _no(400, "Bad Request: message to edit not found")
        if heard.raw == body["text"]:
            return _no(400, "Bad Request: message is not modified: specified new message content is the same")
        new = _heard(body)
        heard.history.append(heard.text)
        heard.text, heard.raw, heard.buttons, heard.edits = new.text, new.raw, new.buttons, heard.edits + 1
        heard.presses = new.presses
        return says({"ok": True, "result": {"message_id": body["message_id"]}})

    def _find(self, chat: object, message: int) -> Heard | None:
        if not 0 < message <= len(self.heard) or message in self.deleted:
            return None
        heard = self.heard[message - 1]
        return heard if heard.chat == str(chat) else None


def _no(code: int, words: str, **parameters: int) -> Answer:
    more = {"parameters": parameters} if parameters else {}
    return says({"ok": False, "error_code": code, "description": words, **more}, status=code)


def _shown(raw: str) -> str:
    return html.unescape(TAGS.sub("", raw))


def _buttons(body: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    rows = body.get("reply_markup", {}).get("inline_keyboard", [])
    return tuple((each["text"], each["url"]) for row in rows for each in row if "url" in each)


def _presses(body: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    rows = body.get("reply_markup", {}).get("inline_keyboard", [])
    return tuple((each["text"], each["callback_data"]) for row in rows for each in row if "callback_data" in each)


def _heard(body: dict[str, Any]) -> Heard:
    """A call is a link to a user, and, without any markup, every @name."""
    raw = body["text"]
    named = re.findall(r"@(\w{5,})", re.sub(r"<a .*?</a>", "", raw))
    rang = (*re.findall(r'<a href="tg://user\?id=(\d+)">', raw), *named)
    silent = bool(body.get("disable_notification"))
    return Heard(str(body["chat_id"]), _shown(raw), raw, _buttons(body), rang, silent, presses=_presses(body))
