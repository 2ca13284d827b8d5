"""JSON that ingest servers answer: asked for with a cap, and read without trusting any type in it."""

import asyncio
import json
import math
from base64 import b64encode
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Self, TypeVar

import aiohttp
from pydantic import Field, SecretStr, model_validator
from pydantic_core import PydanticCustomError
from yarl import URL

from streamwatch_exporters.fetching import Fetched, fetch
from streamwatch_exporters.probe import ProbeFailed
from streamwatch_exporters.settings import Addressed, SecretFile, http_url, one_of

_LIMIT = 8 * 1024 * 1024  # bytes of one answer
_LARGE = 256 * 1024  # bytes from which an answer is read beside the event loop
MAX_STREAMS = 20_000  # of one server, over all pages

Entry = dict[str, Any]
T = TypeVar("T")


class ServerSettings(Addressed):
    """Where a server is asked. `timeout` is seconds; a scrape never waits longer than its own deadline."""

    timeout: float = Field(2.0, gt=0, le=10)

    def at(self, path: str, **query: str) -> URL:
        """A page of the API whose root is `url`."""
        root = http_url(self.secret_url)
        return root.with_path(root.path.rstrip("/") + path).with_query(query)


class LoginSettings(ServerSettings):
    """A server that may ask who is there. The password is a secret, also in the file."""

    username: SecretStr | None = None
    password: SecretStr | None = None
    password_file: SecretFile | None = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.username is None) != (self.password is None and self.password_file is None):
            raise PydanticCustomError("account", "username and password go together")
        if self.username is not None:
            one_of(self.password, self.password_file, "password")
        return self

    @property
    def account(self) -> tuple[str, str] | None:
        secret = self.password or self.password_file
        if self.username is None or secret is None:
            return None
        return self.username.get_secret_value(), secret.get_secret_value()

    @property
    def basic(self) -> dict[str, str]:
        """The header of Basic auth; empty without an account."""
        if self.account is None:
            return {}
        return {"Authorization": "Basic " + b64encode(":".join(self.account).encode()).decode()}


async def ask(
    session: aiohttp.ClientSession,
    url: URL,
    read: Callable[[Entry, Fetched], T],
    *,
    within: float,
    headers: Mapping[str, str] | None = None,
    form: Mapping[str, str] | None = None,
    post: Any = None,
) -> T:
    """Ask for a JSON object and let *read* understand it. Raises `ProbeFailed`."""
    fetched = await fetch(session, url, limit=_LIMIT, within=within, headers=headers, form=form, json=post)
    if len(fetched.body) > _LARGE:
        return await asyncio.to_thread(_understood, fetched, read)
    return _understood(fetched, read)


async def ask_aside(
    session: aiohttp.ClientSession, url: URL, *, within: float, headers: Mapping[str, str] | None = None
) -> Entry:
    """Ask for what one can do without: empty when it is not to be had."""
    try:
        return await ask(session, url, lambda answer, _: answer, within=within, headers=headers)
    except ProbeFailed:
        return {}


def _understood(fetched: Fetched, read: Callable[[Entry, Fetched], T]) -> T:
    try:
        answer = json.loads(fetched.body)
    except (ValueError, RecursionError) as exc:
        raise ProbeFailed("parse", "the answer is not JSON") from exc
    if not isinstance(answer, dict):
        raise ProbeFailed("parse", "the answer is JSON, but not that of this kind of server")
    return read(answer, fetched)


def entries(answer: Entry, name: str) -> list[Entry]:
    """The list that must be there, or the answer is that of something else."""
    found = answer.get(name)
    if not isinstance(found, list):
        raise ProbeFailed("parse", "the answer is JSON, but not that of this kind of server")
    return [entry for entry in found if isinstance(entry, dict)]


def inner(entry: Entry, *names: str) -> Entry:
    """The object inside, also when it is not there."""
    for name in names:
        found = entry.get(name)
        entry = found if isinstance(found, dict) else {}
    return entry


def listed(entry: Entry, name: str) -> list[Entry]:
    """The objects of a list inside, also when it is not there."""
    found = entry.get(name)
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def text(entry: Entry, name: str) -> str:
    """Half a character, which JSON can hold, would keep the whole metrics page from being written."""
    found = entry.get(name)
    return found.encode(errors="replace").decode() if isinstance(found, str) else ""


def number(entry: Entry, *names: str) -> float | None:
    """The first of *names* that holds a number."""
    for name in names:
        found = entry.get(name)
        if isinstance(found, int | float) and not isinstance(found, bool):
            try:
                value = float(found)
            except OverflowError:
                continue
            if math.isfinite(value):
                return value
    return None


def whole(entry: Entry, *names: str) -> int | None:
    value = number(entry, *names)
    return None if value is None else int(value)


def moment(entry: Entry, *names: str) -> float | None:
    """Unix time of the first of *names* that holds an ISO 8601 time with its zone."""
    for name in names:
        try:
            when = datetime.fromisoformat(text(entry, name))
        except ValueError:
            continue
        if when.tzinfo is not None and when.year > 1970:
            return when.timestamp()
    return None


def since(start: float | None, now: float | None) -> float | None:
    """Seconds from *start* to *now*, both by the server's clock."""
    return None if start is None or now is None else max(0.0, now - start)
