"""Twilio's side: basic auth, forms, numbers as the world writes them, TwiML that must be XML, one a second."""

import base64
import re
from datetime import datetime, timedelta
from urllib.parse import parse_qs
from xml.etree import ElementTree

from servers.stand_in import Answer, Request, StandIn, says
from streamwatch.clock import Clock

ACCOUNT = "AC" + "0123456789abcdef" * 2
TOKEN = "tw1l10-t0ken-of-the-account-0001"
FROM = "+15005550006"
PATH = f"/2010-04-01/Accounts/{ACCOUNT}/"


class TwilioServer(StandIn):
    def __init__(self, clock: Clock) -> None:
        super().__init__("")
        self.secrets = (TOKEN,)
        self.heard: list[dict[str, str]] = []
        self._clock = clock
        self._last: datetime | None = None

    def answer(self, request: Request) -> Answer:
        form = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
        resource = request.path.removeprefix(PATH)
        status, code, words = self._refuse(request, resource, form) or (201, 0, "")
        if code:
            more = f"https://www.twilio.com/docs/errors/{code}"
            return says({"code": code, "message": words, "more_info": more, "status": status}, status=status)
        self.heard.append(form)
        kind = "SM" if resource == "Messages.json" else "CA"
        return says({"sid": f"{kind}{len(self.heard):032x}", "status": "queued", "error_code": None}, status=201)

    def _refuse(self, request: Request, resource: str, form: dict[str, str]) -> tuple[int, int, str] | None:
        login = base64.b64encode(f"{ACCOUNT}:{TOKEN}".encode()).decode()
        if request.headers.get("authorization") != f"Basic {login}":
            return 401, 20003, "Authenticate"
        if resource not in ("Messages.json", "Calls.json"):
            return 404, 20404, f"The requested resource {request.path} was not found"
        if self._last and self._clock() - self._last < timedelta(seconds=1):
            return 429, 20429, "Too Many Requests"
        self._last = self._clock()
        if not re.fullmatch(r"\+[1-9]\d{6,14}", form.get("To", "")):
            return 400, 21211, f"Invalid 'To' Phone Number: {form.get('To')}"
        if form.get("From") != FROM:
            return 400, 21606, "The 'From' phone number is not a valid, message-capable number"
        return _sms(form) if resource == "Messages.json" else _call(form)


def _sms(form: dict[str, str]) -> tuple[int, int, str] | None:
    if not form.get("Body"):
        return 400, 21602, "Message body is required."
    if len(form["Body"]) > 1600:
        return 400, 21617, "The concatenated message body exceeds the 1600 character limit"
    return None


def _call(form: dict[str, str]) -> tuple[int, int, str] | None:
    try:
        said = ElementTree.fromstring(form.get("Twiml", ""))
    except ElementTree.ParseError:
        return 400, 12100, "Document parse failure"
    if len(form["Twiml"]) > 4000 or said.tag != "Response" or not (said.findtext("Say") or "").strip():
        return 400, 21205, "Twiml is not valid"
    return None
