"""The ways to a person. A new channel is a file here, a line in `CHANNELS` and a name in `ChannelSettings`."""

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any

import httpx
from pydantic import Field

from streamwatch.channels import (
    aliyun,
    apprise,
    bark,
    dingtalk,
    dingtalk_words,
    email,
    feishu,
    ntfy,
    pool,
    slack,
    slack_presses,
    telegram,
    telegram_presses,
    twilio,
    webhook,
    wecom,
)
from streamwatch.channels.channel import Channel
from streamwatch.channels.listener import Listener, Listeners
from streamwatch.clock import Clock

Factory = Callable[[Any, httpx.AsyncClient, Clock], Channel]

CHANNELS: Mapping[str, Factory] = {
    "webhook": webhook.Webhook,
    "dingtalk": dingtalk.DingTalk,
    "wecom": wecom.WeCom,
    "feishu": feishu.Feishu,
    "slack": slack.Slack,
    "telegram": telegram.Telegram,
    "email": email.Email,
    "ntfy": ntfy.Ntfy,
    "bark": bark.Bark,
    "aliyun_voice": aliyun.AliyunVoice,
    "aliyun_sms": aliyun.AliyunSms,
    "twilio_voice": twilio.TwilioVoice,
    "twilio_sms": twilio.TwilioSms,
    "apprise": apprise.Apprise,
}

LISTENERS: Mapping[str, Callable[[Sequence[str], Any, httpx.AsyncClient, Clock], Listener]] = {
    "dingtalk": dingtalk_words.open_words,
    "slack": slack_presses.open_presses,
    "telegram": telegram_presses.open_presses,
}

ChannelSettings = Annotated[
    webhook.Settings
    | dingtalk.Settings
    | wecom.Settings
    | feishu.Settings
    | slack.Settings
    | telegram.Settings
    | email.Settings
    | ntfy.Settings
    | bark.Settings
    | aliyun.VoiceSettings
    | aliyun.SmsSettings
    | twilio.VoiceSettings
    | twilio.SmsSettings
    | apprise.Settings
    | pool.Settings,
    Field(discriminator="type"),
]


def open_channels(
    settings: Mapping[str, ChannelSettings], http: httpx.AsyncClient, clock: Clock
) -> dict[str, Channel]:
    """The channels of a configuration by their names in it. Raises ValueError when a secret file has vanished."""
    alone = {
        name: CHANNELS[each.type](each, http, clock)
        for name, each in settings.items()
        if not isinstance(each, pool.Settings)
    }
    pools = {
        name: pool.Pool({member: alone[member] for member in each.of}, clock)
        for name, each in settings.items()
        if isinstance(each, pool.Settings)
    }
    return {**alone, **pools}


def open_listeners(settings: Mapping[str, ChannelSettings], http: httpx.AsyncClient, clock: Clock) -> Listeners:
    """One for each account over which buttons come back, however many channels share it."""
    names: dict[tuple[str, str], list[str]] = {}
    for name, each in settings.items():
        if account := each.listens_as:
            names.setdefault((each.type, account), []).append(name)
    return {
        shared[0]: LISTENERS[kind](shared, settings[shared[0]], http, clock) for (kind, _), shared in names.items()
    }
