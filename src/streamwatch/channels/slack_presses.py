"""Buttons under Slack pages, heard over Socket Mode.

`apps.connections.open` with the app-level token gives the address of a WebSocket, good once. It says `hello`, then
sends envelopes; each must be acknowledged by its `envelope_id` within three seconds, else the person sees that it
failed. So it is acknowledged when the press is on the disk, and not when it could not be written. A `disconnect`
announces the end of a connection (warning: soon; refresh_requested: now): the next one is opened while this one is
still read, so that nothing falls between them; link_disabled means that Socket Mode was turned off.
An envelope goes to any one of an app's connections. What was done is told by chat.postEphemeral.
Source: docs.slack.dev, "Using Socket Mode", apps.connections.open, block_actions payload.
"""

import logging
from collections.abc import Sequence
from functools import partial
from typing import Any, NoReturn

import httpx

from streamwatch.channels import websocket
from streamwatch.channels.aside import Aside
from streamwatch.channels.channel import ChannelError, Reason
from streamwatch.channels.listener import Desk, Press, Reply
from streamwatch.channels.relay import Announce, relay
from streamwatch.channels.slack_api import ACTION, Account, Web
from streamwatch.channels.websocket import Wire
from streamwatch.clock import Clock

log = logging.getLogger(__name__)

HELLO_WITHIN = 15.0  # seconds after the handshake
OFF = "Socket Mode is turned off for this app; turn it on under Settings, Socket Mode"


class SlackPresses:
    """For all channels of one app."""

    def __init__(self, channels: Sequence[str], web: Web, ears: Web) -> None:
        self.channels = tuple(channels)
        self._web = web  # as who posts
        self._ears = ears  # as who listens
        self._aside = Aside()

    async def listen(self, desk: Desk) -> NoReturn:
        try:
            await relay(partial(self._connection, desk))
        finally:
            self._aside.drop()

    async def _connection(self, desk: Desk, announce: Announce) -> None:
        async with websocket.wire(await self._address(), plain=self._ears.api.scheme == "http") as wire:
            while (await wire.receive(HELLO_WITHIN)).get("type") != "hello":
                continue
            desk.connected()
            while True:
                said = await wire.receive()
                if said.get("type") != "disconnect":
                    await self._envelope(desk, wire, said)
                elif said.get("reason") == "link_disabled":
                    raise ChannelError(OFF, reason=Reason.AUTH)
                else:
                    announce()

    async def _address(self) -> str:
        answer = await self._ears.ask("apps.connections.open", {})
        if not answer["ok"]:
            raise self._ears.refusal(str(answer.get("error", "")))
        return str(answer.get("url", ""))

    async def _envelope(self, desk: Desk, wire: Wire, said: dict[str, Any]) -> None:
        envelope, payload = said.get("envelope_id"), said.get("payload")
        if not isinstance(envelope, str):
            return
        press = _press(payload) if said.get("type") == "interactive" and isinstance(payload, dict) else None
        reply = await desk.take(press) if press else None
        await wire.send({"envelope_id": envelope})
        if press and reply and isinstance(payload, dict):
            self._aside.do(self._tell(payload, press.who, reply))

    async def _tell(self, payload: dict[str, Any], who: str, reply: Reply) -> None:
        """Only whoever pressed sees it. The press counts already, whatever becomes of this."""
        place = payload.get("channel")
        channel = place.get("id") if isinstance(place, dict) else None
        if not isinstance(channel, str):
            return
        said = {"channel": channel, "user": who, "text": reply.text}
        try:
            answer = await self._web.ask("chat.postEphemeral", said)
            if not answer["ok"]:
                log.info("slack took no answer to a press: %s", self._web.refusal(str(answer.get("error", ""))))
        except ChannelError as error:
            log.info("slack took no answer to a press: %s", error)


def _press(payload: dict[str, Any]) -> Press | None:
    """The same press has the same user, message and moment, however often and in which envelope it comes."""
    user, actions = payload.get("user"), payload.get("actions")
    who = user.get("id") if isinstance(user, dict) else None
    ours = [each for each in actions if _is_ours(each)] if isinstance(actions, list) else []
    if payload.get("type") != "block_actions" or not isinstance(who, str) or not ours:
        return None
    at, words = ours[0].get("action_ts"), ours[0].get("value")
    if not isinstance(at, str) or not isinstance(words, str):
        return None
    return Press(f"{who}:{at}", who, words)


def _is_ours(action: object) -> bool:
    return isinstance(action, dict) and action.get("action_id") == ACTION


def open_presses(channels: Sequence[str], settings: Account, http: httpx.AsyncClient, clock: Clock) -> SlackPresses:
    return SlackPresses(channels, settings.web(http, clock), settings.ears(http, clock))
