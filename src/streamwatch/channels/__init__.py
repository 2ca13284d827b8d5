"""The ways to a person. A new channel is a file here, a line in `CHANNELS` and a name in `ChannelSettings`."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any

import httpx
from pydantic import Field

from streamwatch.channels import (
    aliyun,
    apprise,
    bark,
    dingtalk,
    email,
    feishu,
    ntfy,
    pool,
    slack,
    telegram,
    twilio,
    webhook,
    wecom,
)
from streamwatch.channels.channel import Channel
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
