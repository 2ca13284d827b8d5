"""How one gets into the API of Node-Media-Server 4: a login gives a token, good for a day.

4.2 answers a name with a challenge, to be answered with HMAC-SHA256 under the password; 4.3 and later want the
password itself. The way is found out by trying the former. After ten logins in a minute, or five refused ones,
4.3 lets nobody in for a while: hence the waiting here, and never a login for each look.
"""

import hmac
import time

import aiohttp

from streamwatch_exporters.fetching import Fetched
from streamwatch_exporters.ingest_json import Entry, LoginSettings, ask, inner, text
from streamwatch_exporters.probe import ProbeFailed

_FIRST_WAIT, _LONGEST_WAIT = 15.0, 960.0  # seconds after a refused login
_REFUSED = "the login was refused: check username and password; tried again after a while"


class Login:
    """The token of one server."""

    def __init__(self, settings: LoginSettings) -> None:
        self._settings = settings
        self._token = ""
        self._wait, self._not_before = _FIRST_WAIT, 0.0

    async def headers(self, session: aiohttp.ClientSession, within: float) -> dict[str, str]:
        """What a request needs to be let in. Logs in when there is no token."""
        account = self._settings.account
        if account is None:
            raise ProbeFailed("auth", "this server needs username and password in streams.yml")
        if not self._token:
            if time.monotonic() < self._not_before:
                raise ProbeFailed("auth", _REFUSED)
            self._token = await self._log_in(session, within, *account)
        return {"Authorization": f"Bearer {self._token}"}

    def forget(self) -> None:
        """The server takes the token no more."""
        self._token = ""

    async def _log_in(self, session: aiohttp.ClientSession, within: float, user: str, password: str) -> str:
        try:
            answer = await self._post(session, within, username=user)
            challenge = text(answer, "challenge")
            response = hmac.digest(password.encode(), challenge.encode(), "sha256").hex()
            answer = await self._post(session, within, username=user, challenge=challenge, response=response)
        except ProbeFailed as failure:
            if failure.reason != "http_4xx":
                raise self._refused(failure) from failure
            try:
                answer = await self._post(session, within, username=user, password=password)
            except ProbeFailed as refused:
                raise self._refused(refused) from refused
        token = text(answer, "token")
        if not token.isascii() or not token.isprintable() or not token:
            raise ProbeFailed("parse", "the answer to the login holds no token")
        self._wait = _FIRST_WAIT
        return token

    def _refused(self, failure: ProbeFailed) -> ProbeFailed:
        """Only what the server refused is waited for; one that did not answer may be asked at once."""
        if failure.reason not in ("auth", "http_4xx"):
            return failure
        self._not_before = time.monotonic() + self._wait
        self._wait = min(2 * self._wait, _LONGEST_WAIT)
        return ProbeFailed("auth", _REFUSED)

    async def _post(self, session: aiohttp.ClientSession, within: float, **said: str) -> Entry:
        return await ask(session, self._settings.at("/api/v1/login"), _data, within=within, post=said)


def _data(answer: Entry, _: Fetched) -> Entry:
    return inner(answer, "data")
