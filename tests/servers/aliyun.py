"""Alibaba Cloud's side: the signature ACS3-HMAC-SHA256, approved templates, how often one number may be called."""

import hashlib
import hmac
import json
import re
from datetime import datetime, timedelta
from typing import Any

from servers.stand_in import Answer, Request, StandIn, says
from streamwatch.clock import Clock

KEY_ID = "LTAI5tKeyOfTheTeam000001"
SECRET = "aliyun-secret-of-the-team-0001"
TEMPLATES = {"TTS_4711": {"what", "who"}, "SMS_4711": {"what", "who"}}
SIGNATURE, SHOWN = "直播运维", "4001112222"
OFTEN = ((timedelta(minutes=1), 1), (timedelta(hours=1), 5), (timedelta(days=1), 20))
HEADERS = ("host", "x-acs-action", "x-acs-content-sha256", "x-acs-date", "x-acs-signature-nonce", "x-acs-version")


class AliyunServer(StandIn):
    def __init__(self, clock: Clock) -> None:
        super().__init__("/")
        self.secrets = (SECRET,)
        self.heard: list[dict[str, Any]] = []
        self._clock = clock
        self._nonces: set[str] = set()
        self._called: dict[str, list[datetime]] = {}

    def answer(self, request: Request) -> Answer:
        status, code, words = self._unsigned(request) or (200, *(self._refuse(request) or ("OK", "OK")))
        given: dict[str, str] = {}
        if code == "OK":
            self.heard.append({**request.query, "action": request.headers["x-acs-action"]})
            given = {"CallId": f"call^{len(self.heard)}", "BizId": f"sms^{len(self.heard)}"}
        return says({"Code": code, "Message": words, "RequestId": "8906582E-6722", **given}, status=status)

    def _unsigned(self, request: Request) -> tuple[int, str, str] | None:
        given = re.fullmatch(
            r"ACS3-HMAC-SHA256 Credential=(\w+),SignedHeaders=([a-z0-9;-]+),Signature=([0-9a-f]{64})",
            request.headers.get("authorization", ""),
        )
        if not given or given[2].split(";") != list(HEADERS):
            return 400, "IncompleteSignature", "The request signature does not conform to standards."
        if given[1] != KEY_ID:
            return 404, "InvalidAccessKeyId.NotFound", "Specified access key is not found."
        at = datetime.fromisoformat(request.headers["x-acs-date"])
        if abs(self._clock() - at) > timedelta(minutes=15):
            return 400, "InvalidTimeStamp.Expired", "Specified time stamp or date value is expired."
        if given[3] != _sign(request):
            return 400, "SignatureDoesNotMatch", f"Specified signature is not matched, secret {SECRET}."
        nonce = request.headers["x-acs-signature-nonce"]
        if nonce in self._nonces:
            return 400, "SignatureNonceUsed", "Specified signature nonce was used already."
        self._nonces.add(nonce)
        return None

    def _refuse(self, request: Request) -> tuple[str, str] | None:
        asked, sms = request.query, request.headers["x-acs-action"] == "SendSms"
        number = asked.get("PhoneNumbers" if sms else "CalledNumber", "")
        if not re.fullmatch(r"1\d{10}", number):
            return "isv.MOBILE_NUMBER_ILLEGAL", "号码格式非法"
        if sms and asked.get("SignName") != SIGNATURE:
            return "isv.SMS_SIGNATURE_ILLEGAL", "签名不合法"
        if not sms and asked.get("CalledShowNumber", SHOWN) != SHOWN:
            return "isv.DISPLAY_NUMBER_ILLEGAL", "号显不合法"
        template = asked.get("TemplateCode" if sms else "TtsCode", "")
        if template not in TEMPLATES:
            return ("isv.SMS_TEMPLATE_ILLEGAL" if sms else "isv.TTS_TEMPLATE_ILLEGAL"), "模板不合法"
        return _variables(template, asked.get("TemplateParam" if sms else "TtsParam", "")) or self._too_often(
            number
        )

    def _too_often(self, number: str) -> tuple[str, str] | None:
        now, calls = self._clock(), self._called.setdefault(number, [])
        if any(sum(at > now - window for at in calls) >= often for window, often in OFTEN):
            return "isv.BUSINESS_LIMIT_CONTROL", "触发业务流控限制"
        calls.append(now)
        return None


def _variables(template: str, given: str) -> tuple[str, str] | None:
    try:
        words: dict[str, Any] = json.loads(given)
    except ValueError:
        return "isv.INVALID_JSON_PARAM", "参数格式错误"
    if not TEMPLATES[template] <= words.keys() or not all(words.values()):
        return "isv.TEMPLATE_MISSING_PARAMETERS", "模板变量缺少参数"
    for word in words.values():
        if len(word) > 35:
            return "isv.PARAM_LENGTH_LIMIT", "变量长度受限"
        if re.search(r"://|\d+\.\d+\.\d+\.\d+", word):
            return "isv.PARAM_NOT_SUPPORT_URL", "不支持url为变量"
        if re.search(r"[【】]", word):
            return "isv.TEMPLATE_PARAMS_ILLEGAL", "模板变量非法"
    return None


def _sign(request: Request) -> str:
    body = hashlib.sha256(request.body).hexdigest()
    lines = "".join(f"{name}:{request.headers[name].strip()}\n" for name in HEADERS)
    query = "&".join(sorted(request.raw_query.split("&")))
    asked = f"POST\n{request.path}\n{query}\n{lines}\n{';'.join(HEADERS)}\n{body}"
    text = "ACS3-HMAC-SHA256\n" + hashlib.sha256(asked.encode()).hexdigest()
    return hmac.new(SECRET.encode(), text.encode(), hashlib.sha256).hexdigest()
