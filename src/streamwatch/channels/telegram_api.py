"""The Telegram Bot API: how a bot asks, and what a no means.

POST https://api.telegram.org/bot<token>/<method>; the answer is `{"ok": …}` and carries `error_code`,
`description` and sometimes `parameters` (retry_after, migrate_to_chat_id). The token stands in the address.
Source: core.telegram.org/bots/api (Making requests, ResponseParameters).
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, ClassVar

import httpx
from pydantic import SecretStr

from streamwatch.channels.answer import LONGEST_PAUSE, PAUSE, by_status, interloper, json_object, refusal
from streamwatch.channels.channel import SEND_TIMEOUT, ChannelError, Reason, post_json
from streamwatch.channels.secret import Url, WithToken, hide, read_url
from streamwatch.clock import Clock
from streamwatch.language import Text

CURES = {
    Reason.AUTH: "check token: BotFather gives it; and the bot's rights in the group",
    Reason.GONE: "the bot is not in this chat: the person must write to it first, or add it to the group again",
    Reason.REJECTED: "the message itself is refused",
    Reason.THROTTLED: "the bot must pause",
}


class Refused(ChannelError):
    """Telegram's own no. *chat* is where the group lives now, if it moved."""

    code: int = 0
    said: str = ""
    chat: str | None = None


class Account(WithToken):
    """What the settings say of the bot itself."""

    url: Url = SecretStr("https://api.telegram.org")
    buttons: bool = False

    account_form: ClassVar[Text] = Text("此人的数字 id，如 5000001", "the person's own number, as 5000001")

    @property
    def has_buttons(self) -> bool:
        return self.buttons

    def is_account(self, to: str) -> bool:
        return to.isascii() and to.isdecimal()  # a group's number is below zero

    @property
    def listens_as(self) -> str:
        return self.key if self.buttons else ""

    def bot(self, http: httpx.AsyncClient, clock: Clock) -> "Bot":
        return Bot(read_url(self.url, None), self.key, http, clock)


class Bot:
    def __init__(self, server: httpx.URL, token: str, http: httpx.AsyncClient, clock: Clock) -> None:
        self._server = server
        self._token = token
        self._http = http
        self._clock = clock

    async def ask(self, method: str, body: Mapping[str, Any], patience: float = SEND_TIMEOUT) -> Any:
        """The result, within *patience* seconds. Raises `Refused`, else `ChannelError`."""
        path = f"{self._server.path.rstrip('/')}/bot{self._token}/{method}"
        given = {name: value for name, value in body.items() if value is not None}
        reply = await post_json(self._http, self._server.copy_with(path=path), given, patience=patience)
        answer = json_object(reply)
        said = answer.get("ok")
        if type(said) is not bool or (said and not reply.is_success):
            raise interloper(reply, self._clock())
        if not said:
            raise self._refusal(answer)
        return answer.get("result")

    def _refusal(self, answer: Mapping[str, Any]) -> Refused:
        code, words = answer.get("error_code"), str(answer.get("description", ""))
        asked = answer.get("parameters")
        parameters = asked if isinstance(asked, dict) else {}
        code = code if type(code) is int else 0
        reason = _verdict(code, words)
        wait = _pause(parameters.get("retry_after")) if reason is Reason.THROTTLED else None
        hidden = hide(words, self._server, self._token)
        refused = Refused(str(refusal(code, hidden, reason, wait, CURES)), reason=reason, retry_after=wait)
        moved = parameters.get("migrate_to_chat_id")
        refused.code, refused.said = code, hidden
        refused.chat = str(moved) if type(moved) is int else None
        return refused


def _verdict(code: int, words: str) -> Reason:
    if code == httpx.codes.FORBIDDEN:  # blocked by the user, kicked from the group, never started
        return Reason.GONE
    if code == httpx.codes.NOT_FOUND:  # no bot has such a token
        return Reason.AUTH
    if code == httpx.codes.CONFLICT:  # somebody else reads what this bot hears
        return Reason.BUSY
    if code == httpx.codes.BAD_REQUEST:
        lower = words.lower()
        if "chat not found" in lower or "peer_id_invalid" in lower or "user not found" in lower:
            return Reason.GONE
        return Reason.AUTH if "not enough rights" in lower or "chat_write_forbidden" in lower else Reason.REJECTED
    return by_status(code) if code else Reason.BUSY


def _pause(asked: object) -> timedelta:
    if type(asked) is not int:
        return PAUSE
    return timedelta(seconds=min(max(asked, 1), LONGEST_PAUSE.total_seconds()))
