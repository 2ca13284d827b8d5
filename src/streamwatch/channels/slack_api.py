"""The Web API of a Slack app: how it is asked, and what its words mean.

POST https://slack.com/api/<method> with a bearer token answers 200 for yes and no; `ok` tells which, `error` why.
Source: docs.slack.dev, "Using the Slack Web API", "Rate limits".
"""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, ClassVar, Self

import httpx
from pydantic import SecretStr, model_validator

from streamwatch.channels import websocket
from streamwatch.channels.answer import PAUSE, interloper, json_object, pause, refusal
from streamwatch.channels.channel import ChannelError, Reason, post_json
from streamwatch.channels.secret import Common, Secret, SecretFile, Url, at_most_one, hide, read_secret, read_url
from streamwatch.clock import Clock
from streamwatch.language import Text
from streamwatch.message import clean

MEMBER = re.compile(r"[UW][A-Z0-9]{2,20}")
ACTION = "ack"  # the name of our button in Block Kit

CURES = {
    Reason.AUTH: "check the token, its scopes (chat:write) and that the app is in the channel",
    Reason.GONE: "the channel or the webhook is gone; check channel, to and url",
    Reason.REJECTED: "the message itself is refused",
    Reason.THROTTLED: "Slack asks for a pause",
}
EARS = {**CURES, Reason.AUTH: "check app_token: it begins with xapp- and has the scope connections:write"}
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


class Account(Common):
    """What the settings say of the app: `token` posts, `app_token` (xapp-…, connections:write) hears buttons."""

    token: Secret | None = None
    token_file: SecretFile | None = None
    app_token: Secret | None = None
    app_token_file: SecretFile | None = None
    api: Url = SecretStr("https://slack.com/api")

    @model_validator(mode="after")
    def _whole(self) -> Self:
        at_most_one("app_token", self.app_token, self.app_token_file)
        if self.has_buttons and not self.by_token:
            raise ValueError("app_token goes with token; a webhook carries no buttons")
        if self.has_buttons:
            websocket.require("slack")
        return self

    @property
    def by_token(self) -> bool:
        return self.token is not None or self.token_file is not None

    account_form: ClassVar[Text] = Text("成员 id，如 U0123456789", "the member id, as U0123456789")

    def is_account(self, to: str) -> bool:
        return MEMBER.fullmatch(to) is not None

    @property
    def has_buttons(self) -> bool:
        return self.app_token is not None or self.app_token_file is not None

    @property
    def listens_as(self) -> str:
        return read_secret(self.app_token, self.app_token_file)

    def web(self, http: httpx.AsyncClient, clock: Clock) -> "Web":
        """As the app that posts."""
        return Web(read_url(self.api, None), read_secret(self.token, self.token_file), http, clock)

    def ears(self, http: httpx.AsyncClient, clock: Clock) -> "Web":
        """As the app that listens."""
        return Web(read_url(self.api, None), self.listens_as, http, clock, EARS)


class Web:
    def __init__(
        self,
        api: httpx.URL,
        token: str,
        http: httpx.AsyncClient,
        clock: Clock,
        cures: Mapping[Reason, str] = CURES,
    ) -> None:
        self.api = api
        self._cures = cures
        self._token = token
        self._http = http
        self._clock = clock

    async def ask(self, method: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Slack's own answer, also a no; a pause that it asks for is raised, and so is what is not Slack's."""
        headers = {"Authorization": f"Bearer {self._token}"}
        url = self.api.copy_with(path=f"{self.api.path.rstrip('/')}/{method}")
        reply = await post_json(self._http, url, body, headers)
        answer = json_object(reply)
        if type(answer.get("ok")) is not bool or (answer["ok"] and not reply.is_success):
            raise interloper(reply, self._clock())
        if VERDICTS.get(str(answer.get("error"))) is Reason.THROTTLED:
            raise self.refusal(str(answer["error"]), pause(reply, self._clock()) or PAUSE)
        return answer

    def refusal(self, word: str, wait: timedelta | None = None) -> ChannelError:
        return refused(word, wait, self.api, self._token, self._cures)


def refused(
    word: str, wait: timedelta | None, url: httpx.URL, token: str, cures: Mapping[Reason, str] = CURES
) -> ChannelError:
    """A word nobody knows: not delivered, and nothing says that it is for ever."""
    reason = VERDICTS.get(word, Reason.BUSY)
    return refusal(clean(hide(word, url, token), 60), "", reason, wait, cures)
