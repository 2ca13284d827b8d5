"""What people write to a DingTalk robot, heard by stream mode. 钉钉 Stream 模式。

POST /v1.0/gateway/connections/open with the app's id and secret answers {"endpoint", "ticket"}; a WebSocket to the
endpoint takes the ticket once. Frames are {"type", "headers": {"messageId", "topic", …}, "data": "<JSON>"}: SYSTEM
`ping` wants its data back, SYSTEM `disconnect` announces the end in some seconds, CALLBACK wants an answer by its
`messageId`, else it is told again. A message has `senderStaffId`, the user id, only for people of the organisation.
The answer to its writer goes to its `sessionWebhook`, an address of DingTalk's own.
Source: open.dingtalk.com, "Stream mode"; its protocol as the official SDKs speak it.
"""

import json
import logging
import re
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, NoReturn
from urllib.parse import quote_plus

import httpx

from streamwatch.channels import websocket
from streamwatch.channels.answer import PAUSE, by_status, interloper, json_object, refusal
from streamwatch.channels.aside import Aside
from streamwatch.channels.channel import ChannelError, Reason, post_json
from streamwatch.channels.dingtalk_app import Account, Stream
from streamwatch.channels.listener import Desk, Press
from streamwatch.channels.relay import Announce, relay
from streamwatch.channels.secret import hide, read_url
from streamwatch.channels.websocket import Wire
from streamwatch.clock import Clock

log = logging.getLogger(__name__)

TOPIC = "/v1.0/im/bot/messages/get"
CURES = {
    Reason.AUTH: "check client_id and client_secret, and that stream mode is chosen for the app's robot",
    Reason.THROTTLED: "DingTalk asks for a pause",
}
USAGE = "写“认领 事件编号”，例如：认领 12\nWrite “ack” and the number of the incident: ack 12"
_WORDS = re.compile(r"\s*(?:ack|take|认领|認領)\s*[#＃]?\s*(\d{1,18})\s*[.!。！]?\s*", re.IGNORECASE)


class DingTalkWords:
    """For all channels that name this app."""

    def __init__(self, channels: Sequence[str], stream: Stream, http: httpx.AsyncClient, clock: Clock) -> None:
        self.channels = tuple(channels)
        self._api = read_url(stream.api, None)
        self._id, self._secret = stream.client_id, stream.key
        self._http = http
        self._clock = clock
        self._aside = Aside()

    async def listen(self, desk: Desk) -> NoReturn:
        try:
            await relay(partial(self._connection, desk))
        finally:
            self._aside.drop()

    async def _connection(self, desk: Desk, announce: Announce) -> None:
        async with websocket.wire(await self._address(), plain=self._api.scheme == "http") as wire:
            desk.connected()
            while True:
                frame = await wire.receive()
                if _topic(frame) == ("SYSTEM", "disconnect"):
                    announce()
                else:
                    await self._frame(desk, wire, frame)

    async def _address(self) -> str:
        asked = {
            "clientId": self._id,
            "clientSecret": self._secret,
            "subscriptions": [{"type": "CALLBACK", "topic": TOPIC}],
            "ua": "streamwatch",
        }
        path = f"{self._api.path.rstrip('/')}/v1.0/gateway/connections/open"
        reply = await post_json(self._http, self._api.copy_with(path=path), asked)
        answer = json_object(reply)
        endpoint, ticket = answer.get("endpoint"), answer.get("ticket")
        if reply.is_success and isinstance(endpoint, str) and isinstance(ticket, str):
            return f"{endpoint}?ticket={quote_plus(ticket)}"
        if not isinstance(answer.get("code"), str):
            raise interloper(reply, self._clock())
        raise self._refusal(reply.status_code, str(answer["code"]), str(answer.get("message", "")))

    def _refusal(self, status: int, code: str, words: str) -> ChannelError:
        """Too many questions are told as 403 with a code that says so; a wrong secret as 400 or 401."""
        if "QpsLimit" in code or "Throttling" in code:
            return refusal(code, "", Reason.THROTTLED, PAUSE, CURES)
        reason = Reason.AUTH if status in (400, 401, 403) else by_status(status)
        return refusal(
            hide(code, self._api, self._secret), hide(words, self._api, self._secret), reason, None, CURES
        )

    async def _frame(self, desk: Desk, wire: Wire, frame: dict[str, Any]) -> None:
        kind, topic = _topic(frame)
        if (kind, topic) == ("SYSTEM", "ping"):
            await wire.send(_answer(frame, 200, frame.get("data", "")))
        elif (kind, topic) == ("CALLBACK", TOPIC):
            await self._message(desk, _data(frame))
            await wire.send(_answer(frame, 200, '{"response":{}}'))
        elif kind in ("CALLBACK", "EVENT"):
            await wire.send(_answer(frame, 404, "{}"))

    async def _message(self, desk: Desk, message: Mapping[str, Any]) -> None:
        who, id_ = message.get("senderStaffId"), message.get("msgId")
        if not isinstance(who, str) or not who or not isinstance(id_, str):
            return  # somebody of another organisation, or a form of message that has no writer
        press = _press(message, id_, who)
        reply = await desk.take(press) if press else None
        self._aside.do(self._tell(message.get("sessionWebhook"), who, reply.text if reply else USAGE))

    async def _tell(self, address: object, who: str, words: str) -> None:
        """The ack counts already, whatever becomes of this."""
        url = self._own(address)
        if url is None:
            return
        said = {"msgtype": "text", "text": {"content": words}, "at": {"atUserIds": [who]}}
        try:
            await post_json(self._http, url, said)
        except ChannelError as error:
            log.info("dingtalk took no answer to a message: %s", error)

    def _own(self, address: object) -> httpx.URL | None:
        """An address that came from outside is asked only where it is DingTalk's, or the one of duty.yml."""
        try:
            url = httpx.URL(address if isinstance(address, str) else "")
        except httpx.InvalidURL:
            return None
        theirs = url.scheme == "https" and url.host.endswith(".dingtalk.com")
        return url if theirs or (url.scheme, url.host, url.port) == self._origin else None

    @property
    def _origin(self) -> tuple[str, str, int | None]:
        return self._api.scheme, self._api.host, self._api.port


def _press(message: Mapping[str, Any], id_: str, who: str) -> Press | None:
    text = message.get("text")
    content = text.get("content") if isinstance(text, dict) else None
    found = _WORDS.fullmatch(content) if isinstance(content, str) else None
    return Press(id_, who, incident=int(found[1])) if found else None


def _topic(frame: Mapping[str, Any]) -> tuple[str, str]:
    headers = frame.get("headers")
    return str(frame.get("type")), str(headers.get("topic")) if isinstance(headers, dict) else ""


def _data(frame: Mapping[str, Any]) -> Mapping[str, Any]:
    try:
        data = json.loads(str(frame.get("data", "")))
    except (ValueError, RecursionError):
        return {}
    return data if isinstance(data, dict) else {}


def _answer(frame: Mapping[str, Any], code: int, data: object) -> dict[str, Any]:
    headers = frame.get("headers")
    message = headers.get("messageId") if isinstance(headers, dict) else None
    named = {"messageId": message, "contentType": "application/json"}
    return {"code": code, "headers": named, "message": "OK" if code == 200 else "not implemented", "data": data}


def open_words(channels: Sequence[str], settings: Account, http: httpx.AsyncClient, clock: Clock) -> DingTalkWords:
    assert settings.stream is not None  # else it would not listen
    return DingTalkWords(channels, settings.stream, http, clock)
