"""Questions to a running Prometheus (prometheus.io, HTTP API). What they mean is the business of whoever asks."""

from types import TracebackType
from typing import Any, NamedTuple, Self

import httpx

from streamwatch.errors import CommandFailed
from streamwatch.language import Text
from streamwatch.message import clean

TIMEOUT = 60.0  # seconds; one question may be about hours, second by second


class Words(NamedTuple):
    """What is said when there is no answer. Each may name {place}."""

    silent: Text | str  # {why}
    strange: Text | str  # {code}
    refused: Text | str  # {said}


class PrometheusApi:
    """One server. Every failure is one sentence with its cure, without a password of the address."""

    def __init__(self, address: str, words: Words, timeout: float = TIMEOUT) -> None:
        url = httpx.URL(address)
        self.place = str(url.copy_with(username=None, password=None, query=None, fragment=None)).rstrip("/")
        self._base = str(url.copy_with(query=None, fragment=None)).rstrip("/")
        self._http = httpx.Client(timeout=timeout)
        self._words = words

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def data(self, method: str, question: str, **asked: Any) -> Any:
        """The `data` of the answer to /api/v1/*question*. Raises `CommandFailed`."""
        try:
            reply = self._http.request(method, f"{self._base}/api/v1/{question}", **asked)
        except httpx.HTTPError as error:
            raise CommandFailed(self._words.silent.format(place=self.place, why=type(error).__name__)) from error
        try:
            answer = reply.json()
            if answer["status"] == "success":
                return answer["data"]
            said = f"{answer['errorType']}: {answer['error']}"
        except (ValueError, KeyError, TypeError) as error:
            raise CommandFailed(self._words.strange.format(place=self.place, code=reply.status_code)) from error
        raise CommandFailed(self._words.refused.format(place=self.place, said=clean(said)))
