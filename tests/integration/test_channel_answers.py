"""What each service's no means for the page: later, never, or perhaps delivered; one row for each code."""

from datetime import timedelta

import pytest

from servers.lines import Switchboard
from servers.stand_in import Answer, says
from streamwatch.channels.channel import Reason

Case = tuple[str, Answer, Reason, timedelta | None]
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def seconds(count: float) -> timedelta:
    return timedelta(seconds=count)


def errcode(code: object, words: str = "as scripted") -> Answer:
    return says({"errcode": code, "errmsg": words})


def feishu(code: object, words: str = "as scripted", status: int = 200, **more: object) -> Answer:
    return says({"code": code, "msg": words, **more}, status=status)


def slack(error: str, status: int = 200, **headers: str) -> Answer:
    return says({"ok": False, "error": error}, status=status, **headers)


def hook(word: str, status: int, **headers: str) -> Answer:
    return Answer(status, word.encode(), headers)


def telegram(code: int, words: str = "as scripted", **parameters: int) -> Answer:
    return says({"ok": False, "error_code": code, "description": words, "parameters": parameters}, status=code)


def ntfy(code: int) -> Answer:
    return says({"code": code, "http": code // 100, "error": "as scripted"}, status=code // 100)


def bark(code: int, words: str = "as scripted") -> Answer:
    return says({"code": code, "message": words, "timestamp": 1}, status=code)


def aliyun(code: str, status: int = 200) -> Answer:
    return says({"Code": code, "Message": "as scripted", "RequestId": "1"}, status=status)


def twilio(code: int, status: int = 400, **headers: str) -> Answer:
    return says({"code": code, "message": "as scripted", "status": status}, status=status, **headers)


WEBHOOK: list[Case] = [
    ("webhook", says({}, status=status), reason, None)
    for reason, statuses in {
        Reason.AUTH: (401, 403),
        Reason.GONE: (404, 410),
        Reason.REJECTED: (300, 301, 302, 303, 304, 307, 308, 400, 402, 405, 409, 413, 415, 418, 422, 431, 451),
        Reason.BUSY: (408,),
        Reason.SERVER_ERROR: (500, 501, 502, 503, 504, 507, 520, 599),
    }.items()
    for status in statuses
] + [
    ("webhook", says({}, status=429), Reason.THROTTLED, seconds(30)),
    ("webhook", says({}, status=429, retry_after="7"), Reason.THROTTLED, seconds(7)),
    ("webhook", says({}, status=429, retry_after="0"), Reason.THROTTLED, seconds(1)),
    ("webhook", says({}, status=429, retry_after="-5"), Reason.THROTTLED, seconds(30)),
    ("webhook", says({}, status=429, retry_after="soon"), Reason.THROTTLED, seconds(30)),
    ("webhook", says({}, status=429, retry_after="9" * 40), Reason.THROTTLED, seconds(30)),
    ("webhook", says({}, status=429, retry_after="99999"), Reason.THROTTLED, HOUR),
    ("webhook", says({}, status=429, retry_after="Sun, 22 Nov 2026 12:00:20 GMT"), Reason.THROTTLED, seconds(20)),
    ("webhook", says({}, status=503, retry_after="9"), Reason.SERVER_ERROR, seconds(9)),
]

ROBOTS: list[Case] = (
    [
        (kind, errcode(code), reason, wait)
        for kind, reason, wait, codes in [
            ("dingtalk", Reason.THROTTLED, timedelta(minutes=10), (130101, 410100)),
            ("dingtalk", Reason.THROTTLED, HOUR, (90030,)),
            ("dingtalk", Reason.BUSY, None, (-1, 987654)),
            ("dingtalk", Reason.AUTH, None, (300001, 300005, 400101, 310000)),
            ("dingtalk", Reason.GONE, None, (400013, 400102, 400106)),
            ("dingtalk", Reason.REJECTED, None, (40035, 400402, 400403, 43002, 43004, 460101, 101002, 450101)),
            ("wecom", Reason.THROTTLED, MINUTE, (45009,)),
            ("wecom", Reason.BUSY, None, (-1, 987654)),
            ("wecom", Reason.AUTH, None, (93000,)),
            ("wecom", Reason.REJECTED, None, (40008, 40035, 40058, 44004, 45002, 47001)),
        ]
        for code in codes
    ]
    + [
        ("feishu", feishu(code), reason, wait)
        for reason, wait, codes in [
            (Reason.THROTTLED, seconds(10), (11232,)),
            (Reason.AUTH, None, (19001, 19021, 19022, 19024)),
            (Reason.GONE, None, (19007,)),
            (Reason.REJECTED, None, (19002,)),
            (Reason.BUSY, None, (-1, 987654)),
        ]
        for code in codes
    ]
    + [
        ("feishu", feishu(9499, "Bad Request", 400), Reason.REJECTED, None),
        ("feishu", feishu(9499, "Bad Request"), Reason.REJECTED, None),
        ("feishu", feishu(9499, "too many request", 400), Reason.THROTTLED, seconds(10)),
        ("feishu", feishu(9499, "Too Many Requests"), Reason.THROTTLED, seconds(10)),
        # An old field beside the new one may say yes while the new one says no.
        ("feishu", feishu(19021, StatusCode=0, StatusMessage="success"), Reason.AUTH, None),
        ("feishu", says({"StatusCode": 19007}), Reason.GONE, None),
    ]
)

SLACK: list[Case] = [
    ("slack_app", slack(error), reason, None)
    for reason, errors in {
        Reason.AUTH: (
            "invalid_auth", "not_authed", "token_revoked", "token_expired", "account_inactive", "missing_scope",
            "not_in_channel", "restricted_action", "ekm_access_denied",
        ),
        Reason.GONE: ("channel_not_found", "is_archived", "user_not_found"),
        Reason.REJECTED: ("no_text", "msg_too_long", "invalid_arguments"),
        Reason.UNKNOWN: ("internal_error", "fatal_error"),
        Reason.BUSY: ("service_unavailable", "request_timeout", "a_word_nobody_knows", ""),
    }.items()
    for error in errors
] + [
    ("slack_app", slack("ratelimited"), Reason.THROTTLED, seconds(30)),
    ("slack_app", slack("ratelimited", 429, retry_after="12"), Reason.THROTTLED, seconds(12)),
    ("slack_app", slack("message_limit_exceeded"), Reason.THROTTLED, seconds(30)),
    ("slack_app", slack("internal_error", 500), Reason.UNKNOWN, None),
    ("slack", hook("invalid_payload", 400), Reason.REJECTED, None),
    ("slack", hook("no_text", 400), Reason.REJECTED, None),
    ("slack", hook("invalid_token", 403), Reason.AUTH, None),
    ("slack", hook("action_prohibited", 403), Reason.AUTH, None),
    ("slack", hook("no_service", 404), Reason.GONE, None),
    ("slack", hook("no_team", 404), Reason.GONE, None),
    ("slack", hook("channel_not_found", 404), Reason.GONE, None),
    ("slack", hook("channel_is_archived", 410), Reason.GONE, None),
    ("slack", hook("rollup_error", 500), Reason.BUSY, None),
    ("slack", hook("rate_limited", 429, **{"Retry-After": "9"}), Reason.THROTTLED, seconds(9)),
]  # fmt: skip

TELEGRAM: list[Case] = [
    ("telegram", telegram(401, "Unauthorized"), Reason.AUTH, None),
    ("telegram", telegram(404, "Not Found"), Reason.AUTH, None),
    ("telegram", telegram(403, "Forbidden: bot was blocked by the user"), Reason.GONE, None),
    ("telegram", telegram(403, "Forbidden: bot was kicked from the group chat"), Reason.GONE, None),
    ("telegram", telegram(403, "Forbidden: user is deactivated"), Reason.GONE, None),
    ("telegram", telegram(400, "Bad Request: chat not found"), Reason.GONE, None),
    ("telegram", telegram(400, "Bad Request: PEER_ID_INVALID"), Reason.GONE, None),
    ("telegram", telegram(400, "Bad Request: not enough rights to send text messages"), Reason.AUTH, None),
    ("telegram", telegram(400, "Bad Request: message is too long"), Reason.REJECTED, None),
    ("telegram", telegram(400, "Bad Request: can't parse entities"), Reason.REJECTED, None),
    ("telegram", telegram(429, "Too Many Requests", retry_after=35), Reason.THROTTLED, seconds(35)),
    ("telegram", telegram(429, "Too Many Requests", retry_after=0), Reason.THROTTLED, seconds(1)),
    ("telegram", telegram(429, "Too Many Requests", retry_after=999_999), Reason.THROTTLED, HOUR),
    ("telegram", telegram(429, "Too Many Requests"), Reason.THROTTLED, seconds(30)),
    ("telegram", telegram(500, "Internal Server Error"), Reason.SERVER_ERROR, None),
    ("telegram", telegram(502, "Bad Gateway"), Reason.SERVER_ERROR, None),
    ("telegram", says({"ok": False}), Reason.BUSY, None),
    ("telegram", says({"ok": False, "error_code": "400", "parameters": []}, status=400), Reason.BUSY, None),
]

PUSH: list[Case] = [
    ("ntfy", ntfy(40101), Reason.AUTH, None),
    ("ntfy", ntfy(40301), Reason.AUTH, None),
    ("ntfy", ntfy(40401), Reason.GONE, None),
    ("ntfy", ntfy(40009), Reason.REJECTED, None),
    ("ntfy", ntfy(40057), Reason.REJECTED, None),
    ("ntfy", ntfy(41301), Reason.REJECTED, None),
    ("ntfy", ntfy(42901), Reason.THROTTLED, seconds(5)),
    ("ntfy", ntfy(42908), Reason.THROTTLED, HOUR),
    ("ntfy", ntfy(42909), Reason.THROTTLED, seconds(30)),
    ("ntfy", ntfy(50001), Reason.SERVER_ERROR, None),
    ("ntfy", ntfy(50701), Reason.SERVER_ERROR, None),
    ("bark", bark(400, "failed to get device token: no such key"), Reason.GONE, None),
    ("bark", bark(400, "device key is empty"), Reason.GONE, None),
    ("bark", bark(400, "request bind failed"), Reason.REJECTED, None),
    ("bark", bark(401, "Unauthorized"), Reason.AUTH, None),
    ("bark", bark(500, "push failed: BadDeviceToken"), Reason.GONE, None),
    ("bark", bark(500, "push failed: Unregistered"), Reason.GONE, None),
    ("bark", bark(500, "push failed: PayloadTooLarge"), Reason.REJECTED, None),
    ("bark", bark(500, "push failed: TooManyRequests"), Reason.THROTTLED, seconds(30)),
    ("bark", bark(500, "push failed: ServiceUnavailable"), Reason.SERVER_ERROR, None),
    ("bark", bark(429, "slow down"), Reason.THROTTLED, seconds(30)),
]

ALIYUN: list[Case] = [
    (kind, aliyun(code, status), reason, wait)
    for kind in ("aliyun_voice", "aliyun_sms")
    for reason, wait, status, codes in [
        # One number only: the others can be called, so the channel does not rest.
        (Reason.THROTTLED, None, 200, ("isv.BUSINESS_LIMIT_CONTROL",)),
        (Reason.THROTTLED, seconds(10), 400, ("Throttling.User", "Throttling")),
        (Reason.THROTTLED, HOUR, 200, ("isv.OUT_OF_SERVICE", "isv.AMOUNT_NOT_ENOUGH", "isv.DAY_LIMIT_CONTROL")),
        (Reason.AUTH, None, 404, ("InvalidAccessKeyId.NotFound",)),
        (Reason.AUTH, None, 400, ("SignatureDoesNotMatch", "InvalidTimeStamp.Expired", "IncompleteSignature")),
        (Reason.AUTH, None, 200, ("isp.RAM_PERMISSION_DENY", "isv.ACCOUNT_NOT_EXISTS", "isv.PRODUCT_UN_SUBSCRIPT")),
        (Reason.REJECTED, None, 200, (
            "isv.MOBILE_NUMBER_ILLEGAL", "isv.TTS_TEMPLATE_ILLEGAL", "isv.SMS_TEMPLATE_ILLEGAL",
            "isv.SMS_SIGNATURE_ILLEGAL", "isv.TEMPLATE_PARAMS_ILLEGAL", "isv.BLACK_KEY_CONTROL_LIMIT",
            "isv.PARAM_LENGTH_LIMIT", "isv.DISPLAY_NUMBER_ILLEGAL", "isv.COMPLAINT_REJECT",
        )),
        (Reason.BUSY, None, 500, ("isp.SYSTEM_ERROR", "InternalError")),
        (Reason.BUSY, None, 200, ("isv.A_CODE_NOBODY_KNOWS",)),
    ]
    for code in codes
]  # fmt: skip

TWILIO: list[Case] = [
    (kind, answer, reason, wait)
    for kind in ("twilio_voice", "twilio_sms")
    for answer, reason, wait in [
        (twilio(20003, 401), Reason.AUTH, None),
        (twilio(20404, 404), Reason.AUTH, None),
        (twilio(21606), Reason.AUTH, None),
        (twilio(21215), Reason.AUTH, None),
        (twilio(21408), Reason.AUTH, None),
        (twilio(21608), Reason.AUTH, None),
        (twilio(21211), Reason.GONE, None),
        (twilio(21610), Reason.GONE, None),
        (twilio(21614), Reason.GONE, None),
        (twilio(21617), Reason.REJECTED, None),
        (twilio(20429, 429), Reason.THROTTLED, seconds(30)),
        (twilio(20429, 429, retry_after="4"), Reason.THROTTLED, seconds(4)),
        (twilio(10004, 429), Reason.THROTTLED, seconds(30)),
        (twilio(63038, 429), Reason.THROTTLED, HOUR),
        (twilio(20500, 500), Reason.SERVER_ERROR, None),
        (twilio(20503, 503), Reason.SERVER_ERROR, None),
        (twilio(99999, 403), Reason.AUTH, None),
        (twilio(99999), Reason.BUSY, None),
        (says({"sid": "SM1", "error_code": 21610}, status=201), Reason.GONE, None),
    ]
]


def _name(value: object) -> str | None:
    if isinstance(value, Answer):
        return f"{value.status} {value.body.decode()[:60]} {value.headers.get('retry-after', '')}"
    return value if isinstance(value, str) else None


@pytest.mark.parametrize(
    ("kind", "answer", "reason", "wait"), WEBHOOK + ROBOTS + SLACK + TELEGRAM + PUSH + ALIYUN + TWILIO, ids=_name
)
async def test_no_is_the_right_reason(
    dial: Switchboard, kind: str, answer: Answer, reason: Reason, wait: timedelta | None
) -> None:
    """Each status and each code decides what follows, and how long to wait where the service said so."""
    line = dial(kind)
    line.service.script = [answer]
    error = await line.refused()
    assert (error.reason, error.retry_after) == (reason, wait)
    assert len(line.service.requests) == 1
