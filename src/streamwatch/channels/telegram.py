"""A Telegram bot. 电报机器人。

A page that calls is a new message, which rings, and answers the first one of its incident; the end is written
into the last message of the same person (editMessageText rings nobody, and nobody needs to be woken for it).
Text is HTML, at most 4096 characters after parsing. Limits: about 30 a second, and 20 a minute in one group;
by Telegram's own words these are no promises, so 429 is obeyed. With `buttons` a page carries one that takes the
incident: at most 64 bytes come back with it (`telegram_presses`).
Source: core.telegram.org/bots/api (sendMessage, editMessageText, InlineKeyboardButton) and /bots/faq.
"""

import html
import logging
import re
from datetime import timedelta
from typing import Annotated, Any, Literal

import httpx
from pydantic import Field

from streamwatch.channels.channel import Limit, Reason, Receipt
from streamwatch.channels.layout import ACK, DO_NOW, fitting, headline, links, reference
from streamwatch.channels.telegram_api import Account, Refused
from streamwatch.clock import Clock
from streamwatch.message import Message

log = logging.getLogger(__name__)

MAX_TEXT = 4096  # UTF-16 units after parsing; what is counted here is longer, tags and all
_USER = re.compile(r"[1-9]\d{3,19}")


class Settings(Account):
    """`chat` is the id of a group where all pages go and call their person; without it each goes to its person.

    `buttons` wants a bot that no other program reads, and that has no webhook.
    """

    type: Literal["telegram"]
    chat: Annotated[str, Field(pattern=r"^-\d{4,20}$")] | None = None


class Telegram:
    """`to` is a person's chat id: the number that Telegram gave them. In a group it is whom to call."""

    def __init__(self, settings: Settings, http: httpx.AsyncClient, clock: Clock) -> None:
        self.limits: tuple[Limit, ...] = (Limit(30, timedelta(seconds=1)),)
        if settings.chat:
            self.limits = (Limit(20, timedelta(minutes=1)), Limit(1, timedelta(seconds=1)))
        self._bot = settings.bot(http, clock)
        self._chat = settings.chat
        self._buttons = settings.buttons

    async def send(self, message: Message, to: str) -> Receipt:
        chat = self._chat or to
        body = self._body(message, to)
        if message.kind == "over" and (living := self._living(message, chat)):
            try:
                return await self._edit(chat, living, body)
            except Refused as no:
                if no.reason is not Reason.REJECTED:
                    raise
        return await self._send(chat, {**body, **self._answering(message, chat)}, message, to)

    async def _send(self, chat: str, body: dict[str, Any], message: Message, to: str) -> Receipt:
        try:
            sent = await self._bot.ask("sendMessage", {"chat_id": chat, **body})
        except Refused as no:
            if no.chat and no.chat != chat:
                log.warning("the telegram group moved: write chat: %s into the configuration", no.chat)
                return await self._send(no.chat, {**body, "reply_parameters": None}, message, to)
            plain = self._body(message, to, addresses=False)
            if body.get("reply_markup") == plain.get("reply_markup") or "url" not in str(no).lower():
                raise
            # Telegram takes no button to an address it does not like, such as one of this machine alone.
            return await self._send(chat, plain, message, to)
        return Receipt(f"{chat}:{sent.get('message_id', '') if isinstance(sent, dict) else ''}")

    async def _edit(self, chat: str, living: str, body: dict[str, Any]) -> Receipt:
        """The living message says how it ended. One that says it already is as good."""
        try:
            await self._bot.ask("editMessageText", {"chat_id": chat, "message_id": int(living), **body})
        except Refused as no:
            if "not modified" not in str(no):
                raise
        return Receipt(f"{chat}:{living}")

    def _body(self, message: Message, to: str, *, addresses: bool = True) -> dict[str, Any]:
        called = self._chat and _USER.fullmatch(to)
        mention = f'<a href="tg://user?id={to}">@{html.escape(message.person_name)}</a>' if called else ""
        text = fitting(message, lambda form: _html(form, mention, links_below=not addresses), _units, MAX_TEXT)
        return {
            "text": text,
            "parse_mode": "HTML",
            "link_preview_options": {"is_disabled": True},
            "disable_notification": message.wakes_nobody,
            **_keyboard(message, button=self._buttons, addresses=addresses),
        }

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


def _keyboard(message: Message, *, button: bool, addresses: bool) -> dict[str, Any]:
    """The button that takes the incident stands alone in the first row, where a thumb finds it."""
    mine = message.button if button else None
    rows = [
        [{"text": ACK.read_in(message.language), "callback_data": mine}] if mine else [],
        [{"text": label, "url": url} for label, url in links(message)] if addresses else [],
    ]
    rows = [row for row in rows if row]
    return {"reply_markup": {"inline_keyboard": rows}} if rows else {}


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
