"""Any server of your own: one JSON object for each page; any 2xx is delivery. docs/design.md lists the fields.

The same page may come twice: after an answer that was lost it is marked `maybe_repeated`, with the same `page_id`.

`template` words the body otherwise (see `template`). With `secret` each request is signed by the header
`X-StreamWatch-Signature: t=1795348800,v1=<hex>`, where v1 is the HMAC-SHA256, under the secret, of the time in
seconds, a dot, and the body as it was sent. Who checks it should refuse times that are far off.
"""

import hashlib
import hmac
from dataclasses import fields as dataclass_fields
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal, Self

import httpx
from pydantic import Field, model_validator

from streamwatch.channels.answer import PAUSE, by_status, json_object, pause
from streamwatch.channels.channel import ChannelError, Limit, Reason, Receipt, json_bytes, post
from streamwatch.channels.secret import Addressed, Secret, SecretFile, at_most_one, read_secret
from streamwatch.channels.template import Template
from streamwatch.clock import Clock
from streamwatch.message import Message, clean

JSON = "application/json"
OWN_TO_PEOPLE = ("person_name", "facts", "samples", "thread", "translation", "button")  # `text` holds them, worded

REDIRECT = ": a redirect is not followed with a page; give the address it leads to"
CURES = {
    Reason.AUTH: ": the token or the sender is refused; check token_file",
    Reason.GONE: ": nothing listens at this address; check url",
    Reason.REJECTED: ": the server does not take this message",
}
# What a template is tried with at the start: a page with quotes everywhere, and one that has next to nothing.
BARE = Message("7", "test", "", "zh", "alice", "Alice", '【P0】"demo"\n', (), ())
FULL = replace(
    BARE, incident_id="12", facts=('"',), steps=("1. \\",), ack_url="http://x/a", console_url="http://x/"
)


class Settings(Addressed):
    """`token` is sent as a bearer token. `content_type` is that of the template."""

    type: Literal["webhook"]
    token: Secret | None = None
    token_file: SecretFile | None = None
    secret: Secret | None = None
    secret_file: SecretFile | None = None
    template: str | None = None
    content_type: Annotated[str, Field(pattern=r"^[a-z]+/[a-z0-9.+-]+$")] = JSON

    @model_validator(mode="after")
    def _one_of_each(self) -> Self:
        at_most_one("token", self.token, self.token_file)
        at_most_one("secret", self.secret, self.secret_file)
        if self.template is not None:
            template = Template(self.template, self.content_type)
            for sample in (FULL, BARE):
                template.fill(_fields(sample, "alice"))
        elif self.content_type != JSON:
            raise ValueError("content_type goes with template")
        return self


class Webhook:
    limits: tuple[Limit, ...] = ()

    def __init__(self, settings: Settings, http: httpx.AsyncClient, clock: Clock) -> None:
        self._url = settings.address
        token = read_secret(settings.token, settings.token_file)
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._headers["Content-Type"] = f"{settings.content_type}; charset=utf-8"
        self._secret = read_secret(settings.secret, settings.secret_file)
        self._template = Template(settings.template, settings.content_type) if settings.template else None
        self._http = http
        self._clock = clock

    async def send(self, message: Message, to: str) -> Receipt:
        body = self._body(message, to)
        sign = {"X-StreamWatch-Signature": signature(self._secret, self._clock(), body)} if self._secret else {}
        reply = await post(self._http, self._url, body, {**self._headers, **sign})
        if not reply.is_success:
            raise self._refusal(reply)
        given = json_object(reply).get("id")
        return Receipt(clean(str(given)) if isinstance(given, str | int) else None)

    def _body(self, message: Message, to: str) -> bytes:
        fields = _fields(message, to)
        if self._template is None:
            return json_bytes(fields)
        try:
            return self._template.fill(fields).encode(errors="replace")
        except ValueError as error:
            raise ChannelError(str(error), reason=Reason.REJECTED) from None

    def _refusal(self, reply: httpx.Response) -> ChannelError:
        reason = by_status(reply.status_code)
        wait: timedelta | None = None
        if reply.status_code in (429, 503):
            wait = pause(reply, self._clock()) or (PAUSE if reason is Reason.THROTTLED else None)
        cure = REDIRECT if reply.is_redirect else CURES.get(reason, "")
        return ChannelError(f"HTTP {reply.status_code}{cure}", reason=reason, retry_after=wait)


def signature(secret: str, at: datetime, body: bytes) -> str:
    """The value of the header; *body* as it is sent."""
    stamp = str(int(at.timestamp()))
    return f"t={stamp},v1={hmac.new(secret.encode(), stamp.encode() + b'.' + body, hashlib.sha256).hexdigest()}"


def _fields(message: Message, to: str) -> dict[str, Any]:
    fields = {field.name: getattr(message, field.name) for field in dataclass_fields(message)}
    kept = {name: value for name, value in fields.items() if name not in OWN_TO_PEOPLE}
    return {"version": "1", **kept, "to": to, "text": message.text}
