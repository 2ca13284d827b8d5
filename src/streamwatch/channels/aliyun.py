"""Alibaba Cloud: a phone call by text to speech (SingleCallByTts) and a short message (SendSms). 阿里云语音和短信。

POST with the parameters in the query, signed by ACS3-HMAC-SHA256; `Code: OK` is a yes, at whatever HTTP status.
Both speak by approved templates: `variables` says which word of a page fills which variable. Carriers refuse
addresses and brackets in a variable. One number may be called once a minute, five times an hour, twenty a day.
Source: help.aliyun.com "V3 request structure and signature" (its example is a test here), dyvmsapi-2017-05-25 and
dysmsapi-2017-05-25, error codes in document_detail/178344. The codes of SMS are those of the public lists; which of
them a suspended account gets was not seen.
"""

import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal, Self
from urllib.parse import quote

import httpx
from pydantic import Field, SecretStr, model_validator

from streamwatch.channels.answer import interloper, json_object, refusal
from streamwatch.channels.channel import ChannelError, Limit, Reason, Receipt, post
from streamwatch.channels.mention import mobile
from streamwatch.channels.number import Numbers, no_call_for_the_end, rang_already, spoken
from streamwatch.channels.secret import Common, Secret, SecretFile, Url, exactly_one, hide, read_secret, read_url
from streamwatch.clock import Clock
from streamwatch.message import Message

MAX_VARIABLE = 35  # characters
Word = Literal["title", "stream", "severity", "name", "number", "step"]

A_WHILE = timedelta(seconds=10)
PAID_AGAIN = timedelta(hours=1)  # no money, or the day's total is used up: ask now and then

CURES = {
    Reason.AUTH: "check access_key_id, access_key_secret_file and the rights of its user",
    Reason.REJECTED: "check the number, the template, its variables and the signature",
    Reason.THROTTLED: "the account must pause, or be paid for",
}
VERDICTS: dict[str, tuple[Reason, timedelta | None]] = {
    # One number was called too often: no pause, because everybody else can still be called.
    **dict.fromkeys(
        ("isv.BUSINESS_LIMIT_CONTROL", "BUSINESS_LIMIT_CONTROL_PHONE"), (Reason.THROTTLED, None)
    ),
    **dict.fromkeys(("Throttling", "Throttling.User", "Throttling.Api"), (Reason.THROTTLED, A_WHILE)),
    **dict.fromkeys(
        ("isv.OUT_OF_SERVICE", "isv.AMOUNT_NOT_ENOUGH", "isv.AMOUNT_NOT_ENOUG", "isv.DAY_LIMIT_CONTROL",
         "isv.MONTH_LIMIT_CONTROL"),
        (Reason.THROTTLED, PAID_AGAIN),
    ),
    **dict.fromkeys(
        ("InvalidAccessKeyId.NotFound", "InvalidAccessKeyId.Inactive", "SignatureDoesNotMatch",
         "IncompleteSignature", "InvalidTimeStamp.Expired", "Forbidden.RAM", "isp.RAM_PERMISSION_DENY",
         "isv.ACCOUNT_NOT_EXISTS", "isv.ACCOUNT_ABNORMAL", "isv.PRODUCT_UN_SUBSCRIPT", "isv.PRODUCT_UNSUBSCRIBE"),
        (Reason.AUTH, None),
    ),
    **dict.fromkeys(
        ("isv.MOBILE_NUMBER_ILLEGAL", "isv.MOBILE_COUNT_OVER_LIMIT", "isv.DISPLAY_NUMBER_ILLEGAL",
         "isv.BILLID_NOT_EXIST", "isv.TTS_TEMPLATE_ILLEGAL", "isv.TEMPLATE_ILLEGAL", "isv.TEMPLATE_PARAMS_ILLEGAL",
         "isv.TEMPLATE_MISSING_PARAMETERS", "isv.SMS_TEMPLATE_ILLEGAL", "isv.SMS_SIGNATURE_ILLEGAL",
         "isv.INVALID_PARAMETERS", "InvalidParameters", "isv.INVALID_JSON_PARAM", "isv.PARAM_LENGTH_LIMIT",
         "isv.PARAM_NOT_SUPPORT_URL", "isv.BLACK_KEY_CONTROL_LIMIT", "isv.COMPLAINT_REJECT",
         "isv.VOICE_CALL_PERIOD_ERROR", "isv.VOICE_ROBOT_NOT_PERIOD", "isv.VOICE_FILE_ILLEGAL"),
        (Reason.REJECTED, None),
    ),
    **dict.fromkeys(
        ("isp.SYSTEM_ERROR", "isp.GATEWAY_ERROR", "isp.UNKNOWN", "InternalError", "ServiceUnavailable",
         "isv.VOICE_CALL_FAIL"),
        (Reason.BUSY, None),
    ),
}  # fmt: skip
# A code nobody knows: not delivered, and nothing says that it is for ever.
UNHEARD_OF = (Reason.BUSY, None)


class Account(Common):
    """Who pays. `variables` maps the names in the template to words of the page."""

    access_key_id: Annotated[str, Field(pattern=r"^\w{5,64}$")]
    access_key_secret: Secret | None = None
    access_key_secret_file: SecretFile | None = None
    template: Annotated[str, Field(pattern=r"^(SMS|TTS)_\d+$")]
    variables: dict[Annotated[str, Field(pattern=r"^\w{1,30}$")], Word] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _one_secret(self) -> Self:
        exactly_one("access_key_secret", self.access_key_secret, self.access_key_secret_file)
        return self


class VoiceSettings(Account):
    """`shown_number` is the number that calls; without it a public one does."""

    type: Literal["aliyun_voice"]
    shown_number: Annotated[str, Field(pattern=r"^\d{5,20}$")] | None = None
    url: Url = SecretStr("https://dyvmsapi.aliyuncs.com")


class SmsSettings(Account):
    """`signature` is the approved name that stands before the text."""

    type: Literal["aliyun_sms"]
    signature: Annotated[str, Field(min_length=2, max_length=20)]
    url: Url = SecretStr("https://dysmsapi.aliyuncs.com")


class _Aliyun:
    limits: tuple[Limit, ...] = ()

    def __init__(self, settings: VoiceSettings | SmsSettings, http: httpx.AsyncClient, clock: Clock) -> None:
        self._url = read_url(settings.url, None).copy_with(path="/")
        self._key = settings.access_key_id
        self._secret = read_secret(settings.access_key_secret, settings.access_key_secret_file)
        self._http = http
        self._clock = clock

    async def _call(self, action: str, parameters: Mapping[str, str], receipt: str) -> Receipt:
        url = self._url.copy_with(query=canonical(parameters).encode())
        headers = signed(self._key, self._secret, url, action, "2017-05-25", self._clock(), secrets.token_hex(16))
        reply = await post(self._http, url, b"", headers)
        answer = json_object(reply)
        code = answer.get("Code")
        if not isinstance(code, str) or not code or (code == "OK" and not reply.is_success):
            raise interloper(reply, self._clock())
        if code == "OK":
            given = answer.get(receipt)
            return Receipt(given if isinstance(given, str) else None)
        words = hide(str(answer.get("Message", "")), url, self._key, self._secret)
        raise refusal(hide(code[:60], url, self._key, self._secret), words, *VERDICTS.get(code, UNHEARD_OF), CURES)


class AliyunVoice(_Aliyun):
    """`to` is a mobile number of mainland China."""

    def __init__(self, settings: VoiceSettings, http: httpx.AsyncClient, clock: Clock) -> None:
        super().__init__(settings, http, clock)
        self._settings = settings
        often = ((1, timedelta(minutes=1)), (5, timedelta(hours=1)), (20, timedelta(days=1)))
        self._numbers = Numbers(tuple(Limit(*each) for each in often), clock)

    async def send(self, message: Message, to: str) -> Receipt:
        no_call_for_the_end(message)
        if rang := rang_already(message, self._clock):
            return Receipt(rang)
        number = _mobile(to)
        self._numbers.take(number)
        shown = {"CalledShowNumber": self._settings.shown_number} if self._settings.shown_number else {}
        said = {"TtsCode": self._settings.template, "TtsParam": _variables(self._settings, message)}
        call = {"CalledNumber": number, "PlayTimes": "2", "OutId": message.page_id, **shown, **said}
        return await self._call("SingleCallByTts", call, "CallId")


class AliyunSms(_Aliyun):
    """`to` is a mobile number of mainland China."""

    def __init__(self, settings: SmsSettings, http: httpx.AsyncClient, clock: Clock) -> None:
        super().__init__(settings, http, clock)
        self._settings = settings

    async def send(self, message: Message, to: str) -> Receipt:
        said = {"TemplateCode": self._settings.template, "TemplateParam": _variables(self._settings, message)}
        sms = {"PhoneNumbers": _mobile(to), "SignName": self._settings.signature, "OutId": message.page_id, **said}
        return await self._call("SendSms", sms, "BizId")


def _mobile(to: str) -> str:
    number = mobile(to)
    if number is None or number.startswith("+"):
        raise ChannelError("this is no mobile number of mainland China; check to", reason=Reason.GONE)
    return number


def _variables(settings: Account, message: Message) -> str:
    words: dict[str, str] = {
        "title": message.title,
        "stream": message.stream,
        "severity": message.severity,
        "name": message.person_name,
        "number": message.incident_id,
        "step": message.steps[0] if message.steps else "",
    }
    # An empty variable is refused, and a test page has no stream.
    filled = {name: spoken(words[word], MAX_VARIABLE) or "StreamWatch" for name, word in settings.variables.items()}
    return json.dumps(filled, ensure_ascii=False)


def canonical(parameters: Mapping[str, str]) -> str:
    """The query, sorted and encoded as RFC 3986 says: what is signed must be what is sent."""
    return "&".join(f"{_encoded(name)}={_encoded(value)}" for name, value in sorted(parameters.items()))


def signed(
    key: str, secret: str, url: httpx.URL, action: str, version: str, at: datetime, nonce: str
) -> dict[str, str]:
    """The headers of a POST without a body. The nonce is never used twice; *at* may be 15 minutes off."""
    empty = hashlib.sha256(b"").hexdigest()
    headers = {
        "host": url.netloc.decode(),
        "x-acs-action": action,
        "x-acs-content-sha256": empty,
        "x-acs-date": f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "x-acs-signature-nonce": nonce,
        "x-acs-version": version,
    }
    names = ";".join(headers)
    lines = "".join(f"{name}:{value}\n" for name, value in headers.items())
    request = "\n".join(["POST", url.path, url.query.decode(), lines, names, empty])
    digest = hashlib.sha256(request.encode()).hexdigest()
    sign = hmac.new(secret.encode(), f"ACS3-HMAC-SHA256\n{digest}".encode(), hashlib.sha256).hexdigest()
    return {**headers, "Authorization": f"ACS3-HMAC-SHA256 Credential={key},SignedHeaders={names},Signature={sign}"}


def _encoded(text: str) -> str:
    return quote(text, safe="-_.~", errors="replace")
