"""Twilio: a phone call that speaks (Calls.json) and a short message (Messages.json).

POST of a form with basic auth; 201 with a `sid` is a yes: Twilio has taken it, the carrier has not yet. A no has a
`code` of its own beside the HTTP status. A short message is billed for every 67 characters of Chinese.
Source: twilio.com/docs/voice/api/call-resource, /messaging/api/message-resource, /api/errors. One message a second
and number is Twilio's own pace for long codes; what is over it waits there, so it is asked for no faster.
"""

import base64
from datetime import timedelta
from typing import Annotated, Literal
from xml.sax.saxutils import escape

import httpx
from pydantic import Field, SecretStr

from streamwatch.channels.answer import PAUSE, by_status, interloper, json_object, pause, refusal
from streamwatch.channels.channel import ChannelError, Limit, Reason, Receipt, post_form
from streamwatch.channels.layout import DO_NOW, fitting, headline, links, reference
from streamwatch.channels.mention import international
from streamwatch.channels.number import no_call_for_the_end, rang_already, spoken
from streamwatch.channels.secret import Url, WithToken, hide, read_url
from streamwatch.clock import Clock
from streamwatch.message import Message

MAX_SMS = 480  # characters; Twilio takes 1600 and nobody reads or pays for that many
MAX_SPOKEN = 120  # characters of each line of a call
LANGUAGES = {"zh": "zh-CN", "en": "en-US"}

TOMORROW = timedelta(hours=1)  # the day's total is used up: ask now and then
CURES = {
    Reason.AUTH: "check account, token_file, from and the countries that the account may reach",
    Reason.GONE: "this number cannot be reached; check to",
    Reason.REJECTED: "the message itself is refused",
    Reason.THROTTLED: "Twilio asks for a pause",
}
VERDICTS: dict[int, tuple[Reason, timedelta | None]] = {
    **dict.fromkeys((20429, 10004, 14107, 21611), (Reason.THROTTLED, PAUSE)),
    63038: (Reason.THROTTLED, TOMORROW),
    # 20404: no such account. 21212, 21606, 21659: not a number of ours. 21215, 21408: a country not switched on.
    **dict.fromkeys(
        (20003, 20005, 20404, 10001, 21210, 21212, 21215, 21219, 21408, 21606, 21608, 21659), (Reason.AUTH, None)
    ),
    **dict.fromkeys((21211, 21214, 21216, 21217, 21610, 21612, 21614), (Reason.GONE, None)),
    **dict.fromkeys((21602, 21617, 21619), (Reason.REJECTED, None)),
}


class _Settings(WithToken):
    """`account` is the account's sid (AC…), `token` its auth token, `from` one of its numbers (+…)."""

    account: Annotated[str, Field(pattern=r"^AC[0-9a-f]{32}$")]
    from_: Annotated[str, Field(alias="from", pattern=r"^\+\d{6,15}$")]
    url: Url = SecretStr("https://api.twilio.com")


class VoiceSettings(_Settings):
    """See `_Settings`."""

    type: Literal["twilio_voice"]


class SmsSettings(_Settings):
    """See `_Settings`."""

    type: Literal["twilio_sms"]


class _Twilio:
    limits: tuple[Limit, ...] = (Limit(1, timedelta(seconds=1)),)

    def __init__(self, settings: _Settings, http: httpx.AsyncClient, clock: Clock) -> None:
        self._server = read_url(settings.url, None)
        self._account = settings.account
        self._token = settings.key
        self._from = settings.from_
        self._http = http
        self._clock = clock

    async def _post(self, resource: str, to: str, fields: dict[str, str]) -> Receipt:
        number = international(to)
        if number is None:
            raise ChannelError("this is no phone number; write it as +country-number", reason=Reason.GONE)
        path = f"{self._server.path.rstrip('/')}/2010-04-01/Accounts/{self._account}/{resource}.json"
        login = base64.b64encode(f"{self._account}:{self._token}".encode()).decode()
        form = {"To": number, "From": self._from, **fields}
        url = self._server.copy_with(path=path)
        reply = await post_form(self._http, url, form, {"Authorization": f"Basic {login}"})
        answer = json_object(reply)
        if reply.is_success and isinstance(answer.get("sid"), str) and not answer.get("error_code"):
            return Receipt(str(answer["sid"]))
        raise self._refusal(reply, answer)

    def _refusal(self, reply: httpx.Response, answer: dict[str, object]) -> ChannelError:
        code = answer.get("code") or answer.get("error_code")
        if type(code) is not int or ("sid" not in answer and answer.get("status") != reply.status_code):
            return interloper(reply, self._clock())
        reason, wait = VERDICTS.get(code, (_reason(reply.status_code), None))
        if reason is Reason.THROTTLED:
            wait = pause(reply, self._clock()) or wait or PAUSE
        words = hide(str(answer.get("message", "")), self._server, self._account, self._token)
        return refusal(code, words, reason, wait, CURES)


class TwilioVoice(_Twilio):
    """`to` is a phone number: +country-number, or eleven digits of mainland China."""

    async def send(self, message: Message, to: str) -> Receipt:
        no_call_for_the_end(message)
        if rang := rang_already(message, self._clock):
            return Receipt(rang)
        return await self._post("Calls", to, {"Twiml": _twiml(message)})


class TwilioSms(_Twilio):
    """`to` is a phone number: +country-number, or eleven digits of mainland China."""

    async def send(self, message: Message, to: str) -> Receipt:
        return await self._post("Messages", to, {"Body": fitting(message, _sms, len, MAX_SMS)})


def _reason(status: int) -> Reason:
    """For a code that nobody knows: only what is said to be our fault is taken for final."""
    return by_status(status) if status in (401, 403, 429) or status >= 500 else Reason.BUSY


def _twiml(message: Message) -> str:
    lines = [message.title, *message.facts[:1], *message.steps[:1]]
    words = "。".join(filter(None, (spoken(line, MAX_SPOKEN) for line in lines)))
    said = escape((words or "StreamWatch").encode(errors="replace").decode())
    return f'<Response><Say language="{LANGUAGES[message.language]}" loop="2">{said}</Say></Response>'


def _sms(message: Message) -> str:
    steps = [DO_NOW.read_in(message.language), *message.steps] if message.steps else []
    ours = [f"{label} {url}" for label, url in links(message)]
    return "\n".join([headline(message), *message.facts, *steps, *message.samples, *ours, reference(message)])
