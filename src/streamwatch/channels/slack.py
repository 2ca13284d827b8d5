"""Slack: an incoming webhook, or the Web API of an app (chat.postMessage).

Webhook: POST https://hooks.slack.com/services/… answers 200 "ok", or a word such as no_service. It returns no id,
so its pages stand side by side. Web API: 200 for yes and no, `ok` tells which; `ts` names the message, so the
pages of an incident are one thread. The first page stands in the channel itself and so does each later one that
calls somebody (reply_broadcast): a reply that only its thread shows is easily missed. Words from outside are
escaped (`&`, `<`, `>`), and what is left of the markup is made harmless.
Limits: about one message a second and channel; 429 with Retry-After.
Source: docs.slack.dev, "Sending messages using incoming webhooks", chat.postMessage, "Rate limits".
"""

import re
from datetime import timedelta
from typing import Annotated, Any, Literal, Self

import httpx
from pydantic import Field, SecretStr, model_validator

from streamwatch.channels.answer import PAUSE, interloper, json_object, pause, refusal
from streamwatch.channels.channel import ChannelError, Limit, Reason, Receipt, post_json
from streamwatch.channels.layout import DO_NOW, defuse, fitting, headline, links, reference
from streamwatch.channels.secret import Common, Secret, SecretFile, Url, UrlFile, hide, read_secret, read_url
from streamwatch.clock import Clock
from streamwatch.message import Earlier, Message, clean

MAX_TEXT = 4000  # characters; Slack asks for no more, and cuts at 40 000
_MEMBER = re.compile(r"[UW][A-Z0-9]{2,20}")

CURES = {
    Reason.AUTH: "check the token, its scopes (chat:write) and that the app is in the channel",
    Reason.GONE: "the channel or the webhook is gone; check channel, to and url",
    Reason.REJECTED: "the message itself is refused",
    Reason.THROTTLED: "Slack asks for a pause",
}
VERDICTS: dict[str, Reason] = {
    **dict.fromkeys(("ratelimited", "rate_limited", "message_limit_exceeded"), Reason.THROTTLED),
    **dict.fromkeys(
        (
            "invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired", "no_permission",
            "missing_scope", "not_allowed_token_type", "ekm_access_denied", "access_denied", "restricted_action",
            "not_in_channel", "invalid_token", "action_prohibited", "posting_to_general_channel_denied",
        ),
        Reason.AUTH,
    ),
    **dict.fromkeys(
        ("channel_not_found", "is_archived", "channel_is_archived", "no_service", "no_service_id", "no_team",
         "team_disabled", "user_not_found", "no_active_hooks", "messages_tab_disabled", "cannot_dm_bot"),
        Reason.GONE,
    ),
    **dict.fromkeys(
        ("invalid_payload", "no_text", "msg_too_long", "invalid_blocks", "too_many_attachments",
         "invalid_arguments", "invalid_json", "json_not_object", "invalid_post_type"),
        Reason.REJECTED,
    ),
    # "Some aspect of the operation may have succeeded", says Slack.
    **dict.fromkeys(("internal_error", "fatal_error"), Reason.UNKNOWN),
    **dict.fromkeys(("service_unavailable", "request_timeout", "rollup_error"), Reason.BUSY),
}  # fmt: skip
NO_THREAD = ("thread_not_found", "message_not_found", "cannot_reply_to_message")


class Settings(Common):
    """`url` is that of an incoming webhook. Or `token` (xoxb-…): then `channel` is where all pages go, by its id.

    With a token and without `channel`, each page goes to its person in private.
    """

    type: Literal["slack"]
    url: Url | None = None
    url_file: UrlFile | None = None
    token: Secret | None = None
    token_file: SecretFile | None = None
    channel: Annotated[str, Field(pattern=r"^[CG][A-Z0-9]{2,20}$")] | None = None
    api: Url = SecretStr("https://slack.com/api")

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        given = [each for each in (self.url, self.url_file, self.token, self.token_file) if each is not None]
        if len(given) != 1:
            raise ValueError("give url, url_file, token or token_file: one of the four")
        if self.channel and not self.by_token:
            raise ValueError("channel goes with token; a webhook knows its own channel")
        return self

    @property
    def by_token(self) -> bool:
        return self.token is not None or self.token_file is not None


class Slack:
    """`to` is a member id (U…). In a channel anyone else is named and not called; in private it must be one."""

    limits: tuple[Limit, ...] = (Limit(1, timedelta(seconds=1)),)

    def __init__(self, settings: Settings, http: httpx.AsyncClient, clock: Clock) -> None:
        self._token = read_secret(settings.token, settings.token_file) if settings.by_token else ""
        if settings.by_token:
            api = read_url(settings.api, None)
            self._url = api.copy_with(path=api.path.rstrip("/") + "/chat.postMessage")
        else:
            self._url = read_url(settings.url, settings.url_file)
        self._channel = settings.channel
        self._http = http
        self._clock = clock

    async def send(self, message: Message, to: str) -> Receipt:
        if not self._token:
            reply = await post_json(self._http, self._url, _body(message, to))
            self._check_word(reply)
            return Receipt()
        return await self._post_message(message, to)

    async def _post_message(self, message: Message, to: str) -> Receipt:
        place = self._channel or to
        body = {"channel": place, **_body(message, to if self._channel else "")}
        answer = await self._ask({**body, **self._thread(message)})
        if answer.get("error") in NO_THREAD:  # whoever deleted the first page must not hide the next ones
            answer = await self._ask(body)
        if answer["ok"]:
            return Receipt(f"{answer.get('channel', place)}:{answer.get('ts', '')}")
        raise self._refusal(str(answer.get("error", "")), None)

    async def _ask(self, body: dict[str, Any]) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self._token}"}
        reply = await post_json(self._http, self._url, body, headers)
        answer = json_object(reply)
        if type(answer.get("ok")) is not bool or (answer["ok"] and not reply.is_success):
            raise interloper(reply, self._clock())
        if VERDICTS.get(str(answer.get("error"))) is Reason.THROTTLED:
            raise self._refusal(str(answer["error"]), pause(reply, self._clock()) or PAUSE)
        return answer

    def _thread(self, message: Message) -> dict[str, Any]:
        """The thread of this incident: in the channel it is everybody's, in private it is the person's own."""
        for earlier in message.thread:
            place, _, stamp = earlier.id.partition(":")
            mine = place == self._channel if self._channel else place.startswith("D") and _same(earlier, message)
            if stamp and mine:
                return {"thread_ts": stamp, "reply_broadcast": not message.all_over}
        return {}

    def _check_word(self, reply: httpx.Response) -> None:
        word = reply.text.strip() if len(reply.content) < 200 else ""
        if reply.status_code == httpx.codes.OK and word == "ok":
            return
        if word not in VERDICTS:
            raise interloper(reply, self._clock())
        throttled = VERDICTS[word] is Reason.THROTTLED
        raise self._refusal(word, (pause(reply, self._clock()) or PAUSE) if throttled else None)

    def _refusal(self, word: str, wait: timedelta | None) -> ChannelError:
        # A word nobody knows: not delivered, and nothing says that it is for ever.
        reason = VERDICTS.get(word, Reason.BUSY)
        return refusal(clean(hide(word, self._url, self._token), 60), "", reason, wait, CURES)


def _same(earlier: Earlier, message: Message) -> bool:
    return earlier.person == message.person


def _body(message: Message, to: str) -> dict[str, Any]:
    mention = f"<@{to}>" if _MEMBER.fullmatch(to) else ""
    text = fitting(message, lambda form: _mrkdwn(form, mention), len, MAX_TEXT)
    return {"text": text, "mrkdwn": True, "unfurl_links": False, "unfurl_media": False}


def _mrkdwn(message: Message, mention: str) -> str:
    steps = [f"*{DO_NOW.read_in(message.language)}*", *map(_safe, message.steps)] if message.steps else []
    blocks = [
        f"*{_safe(headline(message))}*",
        mention,
        "\n".join(map(_safe, message.facts)),
        "\n".join(steps),
        "\n".join(f"> {_safe(sample)}" for sample in message.samples),
        "　".join(f"<{_safe_url(url)}|{label}>" for label, url in links(message)),
        reference(message),
    ]
    return "\n\n".join(filter(None, blocks))


def _safe(text: str) -> str:
    """Escaped as Slack asks for; stars and their like become twins, because they have no escape."""
    return defuse(text, "*~`").replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _safe_url(url: str) -> str:
    return url.replace("&", "&amp;").replace("<", "%3C").replace(">", "%3E").replace("|", "%7C")
