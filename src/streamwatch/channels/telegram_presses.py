"""Buttons under Telegram pages, read by long polling. 电报按钮。

`getUpdates` answers as soon as something was pressed, or with nothing after `timeout` seconds. All updates below
`offset` are forgotten by Telegram, so the next offset is asked for only when what came before is on the disk; what
is not confirmed is kept for a day. Numbers go up by one, but begin anew anywhere after a week without any: an old
place is not trusted then, and a press that is told twice counts once all the same. One program may ask at a time:
another one, or a webhook, is a conflict (409). A pressed button spins until answerCallbackQuery.
Source: core.telegram.org/bots/api (Getting updates, Update, CallbackQuery, answerCallbackQuery).
"""

import logging
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, NoReturn

import httpx

from streamwatch.channels.aside import Aside
from streamwatch.channels.channel import ChannelError, Reason
from streamwatch.channels.listener import Desk, Place, Press, Reply
from streamwatch.channels.telegram_api import Account, Bot, Refused
from streamwatch.clock import Clock

log = logging.getLogger(__name__)

LONG = 50  # seconds that Telegram may take to say that nothing happened
GRACE = 15.0  # seconds more until that counts as no answer
AT_MOST = 100  # updates in one answer
LONGEST_ANSWER = 200  # characters
TRUSTED = timedelta(days=6)  # a place that is older may lie above the numbers of today

WEBHOOK = "409: a webhook is set for this bot, so its buttons are not heard here; remove it with deleteWebhook"
OTHERS = "409: another program reads what this bot hears; stop it, or give StreamWatch a bot of its own"


class TelegramPresses:
    """For all channels that are this bot."""

    def __init__(self, channels: Sequence[str], bot: Bot, clock: Clock, long: int = LONG) -> None:
        self.channels = tuple(channels)
        self._bot = bot
        self._clock = clock
        self._long = long
        self._aside = Aside()

    async def listen(self, desk: Desk) -> NoReturn:
        """The first question is a short one: it tells at once whether this bot is ours to ask."""
        try:
            await self._turn(desk, 0)
            desk.connected()
            while True:
                await self._turn(desk, self._long)
        finally:
            self._aside.drop()

    async def _turn(self, desk: Desk, wait: int) -> None:
        known = await desk.place()
        for update in await self._updates(known, wait):
            await self._one(desk, update)

    async def _updates(self, known: Place | None, wait: int) -> list[dict[str, Any]]:
        fresh = known is not None and abs(self._clock() - known.at) < TRUSTED
        asked = {
            "offset": int(known.value) if known and fresh else None,
            "limit": AT_MOST,
            "timeout": wait,
            "allowed_updates": ["callback_query"],
        }
        try:
            found = await self._bot.ask("getUpdates", asked, wait + GRACE)
        except Refused as no:
            if no.code != httpx.codes.CONFLICT:
                raise
            words = WEBHOOK if "webhook" in no.said.lower() else OTHERS
            raise ChannelError(words, reason=Reason.BUSY) from None
        updates = found if isinstance(found, list) else []
        return [each for each in updates if isinstance(each, dict) and type(each.get("update_id")) is int]

    async def _one(self, desk: Desk, update: dict[str, Any]) -> None:
        place = str(update["update_id"] + 1)
        query = update.get("callback_query")
        if not isinstance(query, dict) or not (press := _press(query, place)):
            await desk.skip(place)
            return
        self._aside.do(self._answer(press.id, await desk.take(press)))

    async def _answer(self, query: str, reply: Reply) -> None:
        """The press counts already; whoever pressed too long ago only sees the wheel stop by itself."""
        said = {"callback_query_id": query, "text": reply.text[:LONGEST_ANSWER], "show_alert": not reply.good}
        try:
            await self._bot.ask("answerCallbackQuery", said)
        except ChannelError as error:
            log.info("telegram took no answer to a press: %s", error)


def _press(query: dict[str, Any], place: str) -> Press | None:
    """None without a button of the Bot API's kind: games have none. The query's id names the press for ever."""
    sender, data, id_ = query.get("from"), query.get("data"), query.get("id")
    who = sender.get("id") if isinstance(sender, dict) else None
    if type(who) is not int or not isinstance(data, str) or not isinstance(id_, str):
        return None
    return Press(id_, str(who), data, place=place)


def open_presses(
    channels: Sequence[str], settings: Account, http: httpx.AsyncClient, clock: Clock
) -> TelegramPresses:
    return TelegramPresses(channels, settings.bot(http, clock), clock)
