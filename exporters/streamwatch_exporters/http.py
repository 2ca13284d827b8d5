"""Probe `http`: what a web address answers, and where the time goes. Each look connects anew, as a visitor does."""

import asyncio
from typing import Annotated

import aiohttp
from pydantic import Field, SecretStr

from streamwatch_exporters import __version__
from streamwatch_exporters.clock import Clock
from streamwatch_exporters.fetching import translated_errors
from streamwatch_exporters.http_phases import Phases, telling_context, tracing
from streamwatch_exporters.probe import Answer, ProbeFailed, Reason
from streamwatch_exporters.repeating import (
    Declared,
    Finding,
    Key,
    PartlySeen,
    RepeatedSettings,
    RepeatingFamily,
    Values,
)
from streamwatch_exporters.settings import Addressed, http_url
from streamwatch_exporters.watching import Tools

_STATUS = "streamwatch_http_status_code"
_DURATION = "streamwatch_http_duration_seconds"
_DECLARED = (
    Declared(_STATUS, "Status of the last answer, also if it is not one that is expected. HTTP 状态码"),
    Declared(_DURATION, "Time by phase, summed over redirects. 各阶段耗时", ("phase",)),
)
_GENERIC = (
    Declared("probe_http_status_code", "Status of the last answer. HTTP 状态码"),
    Declared("probe_http_duration_seconds", "Time by phase, summed over redirects. 各阶段耗时", ("phase",)),
    Declared("probe_http_redirects", "Redirects that were followed. 跳转次数"),
    Declared("probe_http_ssl", "1 if the last answer came over TLS. 1 经由 TLS"),
    Declared("probe_http_version", "Version of HTTP. HTTP 版本"),
    Declared("probe_http_uncompressed_body_length", "Bytes of the body. 正文字节数"),
    Declared("probe_dns_lookup_time_seconds", "Time to look names up. 域名解析耗时"),
)
_BODY_LIMIT = 1024 * 1024  # bytes
_CHUNK = 64 * 1024
_MAX_REDIRECTS = 5


class HttpSettings(Addressed, RepeatedSettings):
    """The address (it may hold a token, hence a secret), and what it has to answer."""

    status: Annotated[tuple[Annotated[int, Field(ge=100, le=599)], ...], Field(min_length=1)] = (200,)
    body_contains: SecretStr | None = None


class HttpLooker:
    """Asks once for each look, over a connection of its own."""

    def __init__(self, settings: HttpSettings) -> None:
        self._url = http_url(settings.secret_url)
        self._status = settings.status
        wanted = settings.body_contains
        self._wanted = wanted.get_secret_value().encode() if wanted else b""
        self.counts: Values = {}

    async def look(self) -> Finding:
        phases = Phases()
        trace = tracing(phases)
        connector = aiohttp.TCPConnector(
            ssl=await asyncio.to_thread(telling_context), use_dns_cache=False, force_close=True
        )
        with translated_errors():
            async with (
                aiohttp.ClientSession(
                    connector=connector,
                    trace_configs=[trace],
                    cookie_jar=aiohttp.DummyCookieJar(),
                    headers={"User-Agent": f"streamwatch-exporter/{__version__}"},
                    timeout=aiohttp.ClientTimeout(total=None),
                ) as session,
                session.get(self._url, max_redirects=_MAX_REDIRECTS) as response,
            ):
                size, found = await _search(response, self._wanted)
                phases.enter(None)
                return self._judged(_finding(response, phases, size), response.status, found=found)

    def _judged(self, seen: Finding, status: int, *, found: bool) -> Finding:
        """What was read is known, also when it is not what it has to be."""
        if status not in self._status:
            text = f"the server answered with status {status}"
            raise PartlySeen(_reason_of(status), text, seen)
        if not found:
            raise PartlySeen("parse", "the body does not hold what it has to", seen)
        return seen


async def _search(response: aiohttp.ClientResponse, wanted: bytes) -> tuple[int, bool]:
    """Bytes of the body, and whether *wanted* is in it. Keeps no more of it than it needs."""
    size, tail, found = 0, b"", not wanted
    async for chunk in response.content.iter_chunked(_CHUNK):
        size += len(chunk)
        if size > _BODY_LIMIT:
            raise ProbeFailed("too_large", f"the answer is larger than {_BODY_LIMIT} bytes")
        if not found:
            tail += chunk
            found = wanted in tail
            tail = tail[-len(wanted) :]
    return size, found


def _reason_of(status: int) -> Reason:
    if status in (401, 403, 407):
        return "auth"
    if 400 <= status < 500:
        return "http_4xx"
    return "http_5xx" if status >= 500 else "protocol"


def _finding(response: aiohttp.ClientResponse, phases: Phases, size: int) -> Finding:
    version = response.version
    generic: dict[Key, float] = {
        ("probe_http_status_code",): response.status,
        ("probe_http_redirects",): phases.redirects,
        ("probe_http_ssl",): response.url.scheme == "https",
        ("probe_http_uncompressed_body_length",): size,
        **{("probe_http_duration_seconds", phase): seconds for phase, seconds in phases.seconds.items()},
    }
    if version is not None:
        generic[("probe_http_version",)] = version.major + version.minor / 10
    if "resolve" in phases.seconds:
        generic[("probe_dns_lookup_time_seconds",)] = phases.seconds["resolve"]
    values: dict[Key, float] = {
        (_STATUS,): response.status,
        **{(_DURATION, phase): seconds for phase, seconds in phases.seconds.items()},
    }
    return Finding(Answer.OK, "the answer is as it has to be", values, generic=generic)


def http_family(clock: Clock) -> RepeatingFamily:
    def looker(settings: RepeatedSettings, _tools: Tools) -> HttpLooker:
        assert isinstance(settings, HttpSettings)
        return HttpLooker(settings)

    return RepeatingFamily(
        clock, probe="http", id_label="host", declared=_DECLARED, looker=looker, generic=_GENERIC
    )
