"""The questions of all checks to a running Prometheus (prometheus.io, HTTP API), a few at a time."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import httpx

from streamwatch.preflight.monitoring import Rule, rules_of
from streamwatch.preflight.question import Answers, Check, Sample, promql

log = logging.getLogger(__name__)

PATIENCE = 10.0  # seconds for all of them
AT_ONCE = 4
FAILURES = (httpx.HTTPError, httpx.InvalidURL, TimeoutError, ValueError, KeyError, TypeError, AttributeError)

# Whether any exporter of streams is scraped: without one no value is not "not configured".
EXPORTER = 'max(up{job="streamwatch-exporter"})'
# Streams that somebody looks at, or that an ingest server tells of.
STREAMS = (
    'group by (stream) (streamwatch_probe_runs_total{stream!=""} or streamwatch_ingest_publishing{stream!=""})'
)
SOON = 2.0  # seconds in which a list to choose from must be there


class Told(NamedTuple):
    """*answers* by the key of the check; *exporter* whether one is scraped."""

    answers: Mapping[str, Answers]
    exporter: bool
    rules: Sequence[Rule]


class Asking:
    """*url* is the address of Prometheus at this moment, None when duty.yml names none."""

    def __init__(self, http: httpx.AsyncClient, url: Callable[[], str | None]) -> None:
        self._http, self._url = http, url

    @property
    def is_set_up(self) -> bool:
        return self._url() is not None

    async def ask(self, checks: Sequence[Check], stream: str) -> Told | None:
        """None when Prometheus does not answer every question: half an answer would look like "not configured"."""
        url, told = self._url(), None
        if url is None:
            return None
        try:
            async with asyncio.timeout(PATIENCE):
                told = await _Round(self._http, url.rstrip("/")).told(checks, stream)
        except* FAILURES as failed:
            log.warning("Prometheus did not answer the preflight: %s", type(failed.exceptions[0]).__name__)
        return told

    async def streams(self) -> list[str]:
        """Those that Prometheus knows; none when it does not answer soon: others know streams as well."""
        url = self._url()
        if url is None:
            return []
        try:
            async with asyncio.timeout(SOON):
                found = await _Round(self._http, url.rstrip("/")).samples(STREAMS)
        except FAILURES as error:
            log.warning("Prometheus did not name its streams: %s", type(error).__name__)
            return []
        return sorted({each.labels.get("stream", "") for each in found} - {""})


class _Round:
    def __init__(self, http: httpx.AsyncClient, base: str) -> None:
        self._http, self._base = http, base
        self._few = asyncio.Semaphore(AT_ONCE)

    async def told(self, checks: Sequence[Check], stream: str) -> Told:
        named = [(check.key, name, question) for check in checks for name, question in check.asked.items()]
        async with asyncio.TaskGroup() as group:
            asked = [group.create_task(self.samples(promql(question, stream))) for _, _, question in named]
            exporter = group.create_task(self.samples(EXPORTER))
            rules = group.create_task(self._data("rules", {"type": "alert"}))
        answers: dict[str, Answers] = {check.key: Answers() for check in checks}
        for (key, name, _), task in zip(named, asked, strict=True):
            answers[key][name] = task.result()
        return Told(answers, any(each.value for each in exporter.result()), rules_of(rules.result()))

    async def samples(self, question: str) -> tuple[Sample, ...]:
        found = (await self._data("query", {"query": question}))["result"]
        return tuple(Sample(each["metric"], float(each["value"][1])) for each in found)

    async def _data(self, what: str, asked: Mapping[str, str]) -> Any:
        async with self._few:
            reply = await self._http.get(f"{self._base}/api/v1/{what}", params=asked)
        return reply.raise_for_status().json()["data"]
