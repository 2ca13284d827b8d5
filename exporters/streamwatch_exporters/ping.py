"""Probe `ping`: an ICMP echo every second, so that loss and jitter show which no single look can see."""

import asyncio
import random
import time
from collections.abc import Iterator, Mapping
from typing import Any

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from pydantic import Field

from streamwatch_exporters.clock import Clock
from streamwatch_exporters.connecting import HostName, Resolved, SockAddress, resolve
from streamwatch_exporters.pace import OVERRUN, Pace
from streamwatch_exporters.page import Counters, Gauges, Histograms
from streamwatch_exporters.ping_echoes import Echoes
from streamwatch_exporters.ping_socket import Echo, Pinger
from streamwatch_exporters.probe import Answer, ProbeFailed, Target
from streamwatch_exporters.recent import Look
from streamwatch_exporters.settings import Settings
from streamwatch_exporters.watching import Family, OneLook, Tools, stop

_RETRY_NAME = 5.0  # seconds
_LOOKUP_WITHIN = 5.0  # seconds
_SWAY = 0.05  # of the interval: hosts that started together do not stay together


class PingSettings(Settings):
    """The address or name to ping. Seconds: from echo to echo, until one counts as lost, between lookups."""

    address: HostName
    interval: float = Field(1.0, ge=0.2, le=3600)
    timeout: float = Field(1.0, gt=0, le=10)
    resolve_every: float = Field(60.0, ge=1, le=86400)


class PingWatcher:
    """Pings one host on its own clock until closed."""

    def __init__(self, host: str, settings: PingSettings, tools: Tools, pinger: Pinger) -> None:
        self.target = Target("ping", server=host)
        self.settings = settings
        self.echoes = Echoes()
        self._tools, self._pinger = tools, pinger
        self._record = tools.health.watch(self.target, skip_reasons=(OVERRUN,))
        self._resolved: Resolved | None = None
        self._under_way: set[Echo] = set()
        self._known = asyncio.Event()
        self._tasks = [asyncio.create_task(self._keep_resolving()), asyncio.create_task(self._keep_pinging())]

    @property
    def tasks(self) -> int:
        return len(self._tasks)

    async def close(self) -> None:
        await stop(self._tasks)
        for echo in self._under_way:
            self._pinger.cancel(echo)
        self._tools.health.forget(self.target)

    async def _keep_resolving(self) -> None:
        while True:
            try:
                self._take(await _resolve(self.settings))
                pause = self.settings.resolve_every
            except ProbeFailed as failure:
                # The address that is known goes on being pinged.
                self._cannot_tell(failure, up=bool(self._record.up))
                pause = min(_RETRY_NAME, self.settings.resolve_every)
            await asyncio.sleep(_swaying(pause))

    def _take(self, resolved: Resolved) -> None:
        """The address in use is kept while the name still leads to it: many names change the order each time."""
        before = self._resolved
        if before is not None and before.addresses[0] in resolved.addresses:
            return
        self._resolved = resolved
        self.echoes.moved()
        self._known.set()

    async def _keep_pinging(self) -> None:
        await self._known.wait()
        await asyncio.sleep(random.random() * self.settings.interval)  # noqa: S311 - spreads load, guards nothing
        pace = Pace(self._record, self._tools.clock)
        while True:
            self._ping()
            await pace.wait(_swaying(self.settings.interval))

    def _ping(self) -> None:
        assert self._resolved is not None
        family, address = self._resolved.addresses[0]
        number = self.echoes.requests + 1  # counted when it is on its way

        def ended(seconds: float | None) -> None:
            self._under_way.discard(echo)
            self._take_echo(number, seconds)

        try:
            echo = self._pinger.send(family, address, number, self.settings.timeout, ended)
        except ProbeFailed as failure:
            self._cannot_tell(failure, up=False)
            return
        self.echoes.requests = number
        self._under_way.add(echo)

    def _take_echo(self, number: int, seconds: float | None) -> None:
        if seconds is not None:
            self.echoes.answered(number, seconds, self._tools.clock.steady())
            self._tools.health.succeeded(self.target)
            self._note(Answer.OK, "answers", seconds)
            return
        self.echoes.unanswered()
        self._cannot_tell(_lost(), up=bool(self._record.up) and not self.echoes.silent)

    def _cannot_tell(self, failure: ProbeFailed, *, up: bool) -> None:
        self._tools.health.failed(self.target, failure.reason, up=up)
        if not up:
            self._note(Answer.CANNOT_TELL, str(failure), 0.0)

    def _note(self, answer: Answer, text: str, seconds: float) -> None:
        self._tools.note(Look(self.target, self._tools.clock.wall(), answer, text, seconds))


def _lost() -> ProbeFailed:
    return ProbeFailed("timeout", "no echo reply in time")


def _swaying(seconds: float) -> float:
    return seconds * random.uniform(1 - _SWAY, 1 + _SWAY)  # noqa: S311 - guards nothing


async def _resolve(settings: PingSettings) -> Resolved:
    try:
        async with asyncio.timeout(_LOOKUP_WITHIN):
            return await resolve(settings.address.get_secret_value())
    except TimeoutError as exc:
        raise ProbeFailed("dns", "no answer from the name server in time") from exc


class PingFamily(Family[PingWatcher]):
    """Every host that is pinged, over sockets that all of them share."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self._pinger = Pinger()

    async def apply(self, wanted: Mapping[str, Any], tools: Tools) -> None:
        await super().apply(wanted, tools)
        if not self.watchers:
            self._pinger.close()

    def open(self, id_: str, settings: PingSettings, tools: Tools) -> PingWatcher:
        return PingWatcher(id_, settings, tools, self._pinger)

    def timeout(self, settings: PingSettings) -> float:
        return _LOOKUP_WITHIN + settings.timeout

    async def look_once(self, id_: str, tools: Tools) -> OneLook:
        settings = self.watchers[id_].settings
        resolved = await _resolve(settings)
        family, address = resolved.addresses[0]
        started = time.monotonic()
        setup, seconds = await self._one_echo(family, address, settings.timeout, started)
        return OneLook(Answer.OK, ("answers",), tuple(_generic(resolved, setup, seconds)))

    async def _one_echo(
        self, family: Any, address: SockAddress, within: float, started: float
    ) -> tuple[float, float]:
        arrived: asyncio.Future[float | None] = asyncio.get_running_loop().create_future()
        echo = self._pinger.send(family, address, 1, within, arrived.set_result)
        setup = time.monotonic() - started
        try:
            seconds = await arrived
        finally:
            self._pinger.cancel(echo)
        if seconds is None:
            raise _lost()
        return setup, seconds

    def collect(self) -> Iterator[Metric]:
        requests = Counters("smokeping_requests", "Echo requests sent. 发出的 ping", labels=["host"])
        times = Histograms(
            "smokeping_response_duration_seconds", "From echo request to reply. ping 往返时间", labels=["host"]
        )
        lost = Counters(
            "streamwatch_ping_lost", "Echo requests without a reply in time. 丢失的 ping", labels=["host"]
        )
        jitter = Gauges(
            "streamwatch_ping_jitter_seconds",
            "Mean difference of neighbouring round trips in the last minute. 抖动",
            labels=["host"],
        )
        now = self.clock.steady()
        for host, watcher in list(self.watchers.items()):
            echoes = watcher.echoes
            requests.add_metric([host], echoes.requests)
            lost.add_metric([host], echoes.lost)
            times.add_buckets([host], echoes.times)
            if (sways := echoes.jitter(now)) is not None:
                jitter.add_metric([host], sways)
        yield from (requests, times, lost, jitter)


def _generic(resolved: Resolved, setup: float, seconds: float) -> Iterator[Metric]:
    duration = GaugeMetricFamily("probe_icmp_duration_seconds", "Time by phase. 各阶段耗时", labels=["phase"])
    for phase, value in (("resolve", resolved.seconds), ("setup", setup), ("rtt", seconds)):
        if value is not None:
            duration.add_metric([phase], value)
    yield duration
    lookup = GaugeMetricFamily("probe_dns_lookup_time_seconds", "Time to look the name up. 域名解析耗时")
    if resolved.seconds is not None:
        lookup.add_metric([], resolved.seconds)
    yield lookup
    version = 6 if ":" in str(resolved.addresses[0][1][0]) else 4
    yield GaugeMetricFamily("probe_ip_protocol", "4 or 6. IP 版本", value=version)
