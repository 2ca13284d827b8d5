"""Opens each kind of channel to a stand-in of its service: what the tests of all channels have in common."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import httpx
import pytest
from pydantic import TypeAdapter

from servers import aliyun, bark, ntfy, slack, telegram, twilio
from servers.dingtalk import DingTalkServer
from servers.feishu import FeishuServer
from servers.stand_in import Request, Script
from servers.story import Hands
from servers.webhook_phone import TOKEN, WebhookPhone
from servers.wecom import WeComServer
from servers.written_page import page
from streamwatch.channels import ChannelSettings, open_channels
from streamwatch.channels.channel import Channel, ChannelError, Receipt


class Service(Protocol):
    """What all stand-ins have."""

    url: str
    base: str
    secrets: tuple[str, ...]
    heard: list[Any]
    script: list[Script]
    requests: list[Request]

    def hang(self, request: Request) -> None: ...
    def close(self) -> None: ...


@dataclass(frozen=True)
class Kind:
    """One kind of channel. *pause* is how many seconds apart its service takes pages to one person, for ever."""

    type: str
    to: str
    serve: Callable[[Hands], "Served"]
    pause: float = 0.0
    receipt: str | None = None
    address: str = "url"  # the setting that holds it
    asks: int = 1  # how often, until a page counts as declined


Served = tuple[Service, dict[str, Any]]


def _webhook(_: Hands) -> Served:
    phone = WebhookPhone()
    return phone, {"url": phone.url, "token": TOKEN}


def _dingtalk(clock: Hands) -> Served:
    robot = DingTalkServer(clock)
    return robot, {"url": robot.url, "secret": robot.secret}


def _wecom(clock: Hands) -> Served:
    robot = WeComServer(clock)
    return robot, {"url": robot.url}


def _feishu(clock: Hands) -> Served:
    bot = FeishuServer(clock)
    return bot, {"url": bot.url, "secret": bot.secret, "form": "post"}


def _feishu_card(clock: Hands) -> Served:
    bot, settings = _feishu(clock)
    return bot, {**settings, "form": "card"}


def _slack(clock: Hands) -> Served:
    server = slack.SlackServer(clock)
    server.secrets = (slack.HOOK.rpartition("/")[2],)
    return server, {"url": server.url}


def _slack_app(clock: Hands) -> Served:
    server = slack.SlackServer(clock)
    server.secrets = (slack.TOKEN,)
    return server, {"api": server.api, "token": slack.TOKEN, "channel": slack.CHANNEL}


def _telegram(clock: Hands) -> Served:
    server = telegram.TelegramServer(clock)
    return server, {"url": server.base, "token": telegram.TOKEN}


def _telegram_group(clock: Hands) -> Served:
    server, settings = _telegram(clock)
    return server, {**settings, "chat": telegram.GROUP}


def _ntfy(clock: Hands) -> Served:
    server = ntfy.NtfyServer(clock)
    return server, {"url": server.base, "token": ntfy.TOKEN}


def _bark(_: Hands) -> Served:
    server = bark.BarkServer()
    return server, {"url": server.base}


def _aliyun(template: str, **more: str) -> Callable[[Hands], Served]:
    def serve(clock: Hands) -> Served:
        server = aliyun.AliyunServer(clock)
        account = {"access_key_id": aliyun.KEY_ID, "access_key_secret": aliyun.SECRET}
        said = {"template": template, "variables": {"what": "title", "who": "name"}}
        return server, {"url": server.base, **account, **said, **more}

    return serve


def _twilio(clock: Hands) -> Served:
    server = twilio.TwilioServer(clock)
    return server, {"url": server.base, "account": twilio.ACCOUNT, "token": twilio.TOKEN, "from": twilio.FROM}


MOBILE, DAY = "13800000001", 86_400.0
KINDS: Mapping[str, Kind] = {
    "webhook": Kind("webhook", "alice", _webhook, receipt="phone-1"),
    "dingtalk": Kind("dingtalk", MOBILE, _dingtalk, pause=3.0),
    "wecom": Kind("wecom", "alice", _wecom, pause=3.0),
    "feishu": Kind("feishu", "ou_a11ce", _feishu, pause=0.6),
    "feishu_card": Kind("feishu", "ou_a11ce", _feishu_card, pause=0.6, asks=2),
    "slack": Kind("slack", "U0ALICE", _slack, pause=1.0),
    "slack_app": Kind(
        "slack", "U0ALICE", _slack_app, pause=1.0, receipt=f"{slack.CHANNEL}:1795348800.000000", address="api"
    ),
    "telegram": Kind("telegram", telegram.ALICE, _telegram, pause=0.05, receipt=f"{telegram.ALICE}:1"),
    "telegram_group": Kind("telegram", telegram.ALICE, _telegram_group, pause=3.0, receipt=f"{telegram.GROUP}:1"),
    "ntfy": Kind("ntfy", ntfy.TOPIC, _ntfy, pause=5.0, receipt="ntfy1"),
    "bark": Kind("bark", bark.KEY, _bark),
    "aliyun_voice": Kind("aliyun_voice", MOBILE, _aliyun("TTS_4711"), pause=DAY / 20, receipt="call^1"),
    "aliyun_sms": Kind(
        "aliyun_sms", MOBILE, _aliyun("SMS_4711", signature=aliyun.SIGNATURE), pause=DAY / 20, receipt="sms^1"
    ),
    "twilio_voice": Kind("twilio_voice", MOBILE, _twilio, pause=1.0, receipt=f"CA{1:032x}"),
    "twilio_sms": Kind("twilio_sms", MOBILE, _twilio, pause=1.0, receipt=f"SM{1:032x}"),
}
# Whose words make a yes or a no; a webhook has nothing but its status.
SPEAKING = tuple(name for name in KINDS if name != "webhook")
# Whose limits are of the channel as a whole, and not of one number.
LIMITED = tuple(name for name in SPEAKING if name != "bark" and not name.startswith("aliyun"))


@dataclass
class Line:
    """A channel, and the service at its other end."""

    kind: Kind
    channel: Channel
    service: Service
    settings: Mapping[str, Any]
    clock: Hands

    async def send(self) -> Receipt:
        return await self.channel.send(page(), self.kind.to)

    async def refused(self) -> ChannelError:
        with pytest.raises(ChannelError) as caught:
            await self.send()
        return caught.value

    def wait(self) -> None:
        """As long as its service asks for between two pages."""
        self.clock.advance(self.kind.pause * 1.1)

    def keeps_secrets(self, text: str) -> bool:
        port = str(httpx.URL(self.service.base).port)
        return not any(secret in text for secret in (*self.service.secrets, f"127.0.0.1:{port}"))


def open_one(settings: Mapping[str, Any], http: httpx.AsyncClient, clock: Hands) -> Channel:
    checked = TypeAdapter[Any](ChannelSettings).validate_python(dict(settings))
    return open_channels({"it": checked}, http, clock)["it"]


class Switchboard:
    """Opens lines, and closes them all."""

    def __init__(self, clock: Hands) -> None:
        # No TLS here: reading certificates takes longer than a test.
        self.http = httpx.AsyncClient(verify=False)
        self._clock = clock
        self._services: list[Service] = []

    def __call__(self, name: str, **more: object) -> Line:
        """A line of the kind *name*, with *more* settings."""
        kind = KINDS[name]
        service, found = kind.serve(self._clock)
        self._services.append(service)
        settings = {"type": kind.type, **found, **more}
        return Line(kind, open_one(settings, self.http, self._clock), service, settings, self._clock)

    async def close(self) -> None:
        await self.http.aclose()
        for service in self._services:
            service.close()
