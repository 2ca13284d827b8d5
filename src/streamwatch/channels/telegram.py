"""A Telegram bot. 电报机器人。

POST https://api.telegram.org/bot<token>/sendMessage; the answer is `{"ok": …}` and carries `error_code`,
`description` and sometimes `parameters` (retry_after, migrate_to_chat_id). The token stands in the address.
A page that calls is a new message, which rings, and answers the first one of its incident; the end is written
into the last message of the same person (editMessageText rings nobody, and nobody needs to be woken for it).
Text is HTML, at most 4096 characters after parsing. Limits: about 30 a second, and 20 a minute in one group;
by Telegram's own words these are no promises, so 429 is obeyed.
Source: core.telegram.org/bots/api (sendMessage, editMessageText, ResponseParameters) and /bots/faq.
"""

import html
import logging
import re
from datetime import timedelta
from typing import Annotated, Any, Literal

import httpx
from pydantic import Field, SecretStr

from streamwatch.channels.answer import LONGEST_PAUSE, PAUSE, by_status, interloper, json_object, refusal
from streamwatch.channels.channel import ChannelError, Limit, Reason, Receipt, post_json
from streamwatch.channels.layout import DO_NOW, fitting, headline, links, reference
from streamwatch.channels.secret import Url, WithToken, hide, read_url
from streamwatch.clock import Clock
from streamwatch.message import Message

log = logging.getLogger(__name__)

MAX_TEXT = 4096  # UTF-16 units after parsing; what is counted here is longer, tags and all
_USER = re.compile(r"[1-9]\d{3,19}")

CURES = {
    Reason.AUTH: "check token: BotFather gives it; and the bot's rights in the group",
    Reason.GONE: "the bot is not in this chat: the person must write to it first, or add it to the group again",
    Reason.REJECTED: "the message itself is refused",
    Reason.THROTTLED: "the bot must pause",
}


class Settings(WithToken):
    """`chat` is the id of a group where all pages go and call their person; without it each goes to its person."""

    type: Literal["telegram"]
    chat: Annotated[str, Field(pattern=r"^-\d{4,20}$")] | None = None
    url: Url = SecretStr("https://api.telegram.org")


class Refused(ChannelError):
    """Telegram's own no. *chat* is where the group lives now, if it moved."""

    chat: str | None = None


class Telegram:
    """`to` is a person's chat id: the number that Telegram gave them. In a group it is whom to call."""

    def __init__(self, settings: Settings, http: httpx.AsyncClient, clock: Clock) -> None:
        self.limits: tuple[Limit, ...] = (Limit(30, timedelta(seconds=1)),)
        if settings.chat:
            self.limits = (Limit(20, timedelta(minutes=1)), Limit(1, timedelta(seconds=1)))
        self._token = settings.key
        self._server = read_url(settings.url, None)
        self._chat = settings.chat
        self._http = http
        self._clock = clock

    async def send(self, message: Message, to: str) -> Receipt:
        chat = self._chat or to
        body = _body(message, to if self._chat else "")
        if message.kind == "over" and (living := self._living(message, chat)):
            try:
                return await self._edit(chat, living, body)
            except Refused as no:
                if no.reason is not Reason.REJECTED:
                    raise
        return await self._send(chat, {**body, **self._answering(message, chat)}, message, to)

    async def _send(self, chat: str, body: dict[str, Any], message: Message, to: str) -> Receipt:
        try:
            sent = await self._ask("sendMessage", {"chat_id": chat, **body})
        except Refused as no:
            if no.chat and no.chat != chat:
                log.warning("the telegram group moved: write chat: %s into the configuration", no.chat)
                return await self._send(no.chat, {**body, "reply_parameters": None}, message, to)
            if "reply_markup" not in body or "url" not in str(no).lower():
                raise
            # Telegram takes no button to an address it does not like, such as one of this machine alone.
            plain = _body(message, to if self._chat else "", buttons=False)
            return await self._send(chat, plain, message, to)
        return Receipt(f"{chat}:{sent.get('message_id', '')}")

    async def _edit(self, chat: str, living: str, body: dict[str, Any]) -> Receipt:
        """The living message says how it ended. One that says it already is as good."""
        try:
            await self._ask("editMessageText", {"chat_id": chat, "message_id": int(living), **body})
        except Refused as no:
            if "not modified" not in str(no):
                raise
        return Receipt(f"{chat}:{living}")

    async def _ask(self, method: str, body: dict[str, Any]) -> dict[str, Any]:
        path = f"{self._server.path.rstrip('/')}/bot{self._token}/{method}"
        given = {name: value for name, value in body.items() if value is not None}
        reply = await post_json(self._http, self._server.copy_with(path=path), given)
        answer = json_object(reply)
        said = answer.get("ok")
        if type(said) is not bool or (said and not reply.is_success):
            raise interloper(reply, self._clock())
        if not said:
            raise self._refusal(answer)
        result = answer.get("result")
        return result if isinstance(result, dict) else {}

    def _refusal(self, answer: dict[str, Any]) -> Refused:
        code, words = answer.get("error_code"), str(answer.get("description", ""))
        asked = answer.get("parameters")
        parameters = asked if isinstance(asked, dict) else {}
        code = code if type(code) is int else 0
        reason = _verdict(code, words)
        wait = _pause(parameters.get("retry_after")) if reason is Reason.THROTTLED else None
        told = refusal(code, hide(words, self._server, self._token), reason, wait, CURES)
        refused = Refused(str(told), reason=reason, retry_after=wait)
        moved = parameters.get("migrate_to_chat_id")
        refused.chat = str(moved) if type(moved) is int else None
        return refused

    def _living(self, message: Message, chat: str) -> str | None:
        """The last message of the same person in this chat."""
        mine = [each.id for each in message.thread if each.person == message.person]
        return next((id_ for where, id_ in map(_place, reversed(mine)) if where == chat and id_.isdecimal()), None)

    def _answering(self, message: Message, chat: str) -> dict[str, Any]:
        """Quotes the first page of the incident here; if that was deleted, the page goes out all the same."""
        known = map(_place, (each.id for each in message.thread))
        first = next((id_ for where, id_ in known if where == chat and id_.isdecimal()), None)
        if first is None:
            return {}
        return {"reply_parameters": {"message_id": int(first), "allow_sending_without_reply": True}}


def _place(provider_id: str) -> tuple[str, str]:
    chat, _, id_ = provider_id.partition(":")
    return chat, id_


def _verdict(code: int, words: str) -> Reason:
    if code == httpx.codes.FORBIDDEN:  # blocked by the user, kicked from the group, never started
        return Reason.GONE
    if code == httpx.codes.NOT_FOUND:  # no bot has such a token
        return Reason.AUTH
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


def _body(message: Message, to: str, *, buttons: bool = True) -> dict[str, Any]:
    mention = f'<a href="tg://user?id={to}">@{html.escape(message.person_name)}</a>' if _USER.fullmatch(to) else ""
    text = fitting(message, lambda form: _html(form, mention, links_below=not buttons), _units, MAX_TEXT)
    keyboard = [[{"text": label, "url": url} for label, url in links(message)]]
    return {
        "text": text,
        "parse_mode": "HTML",
        "link_preview_options": {"is_disabled": True},
        "disable_notification": message.all_over,
        **({"reply_markup": {"inline_keyboard": keyboard}} if buttons and keyboard[0] else {}),
    }


def _html(message: Message, mention: str, *, links_below: bool) -> str:
    steps = [f"<b>{DO_NOW.read_in(message.language)}</b>", *map(_safe, message.steps)] if message.steps else []
    blocks = [
        f"<b>{_safe(headline(message))}</b>",
        mention,
        "\n".join(map(_safe, message.facts)),
        "\n".join(steps),
        "\n".join(map(_safe, message.samples)),
        "\n".join(f"{label} {_safe(url)}" for label, url in links(message)) if links_below else "",
        reference(message),
    ]
    return "\n\n".join(filter(None, blocks))


def _safe(text: str) -> str:
    """Escaped; an at sign becomes its twin, because Telegram makes a call of @name without any markup."""
    return html.escape(text.replace("@", "＠"), quote=False)


def _units(text: str) -> int:
    """UTF-16 units: an emoji is two."""
    return len(text.encode("utf-16-le", errors="replace")) // 2
