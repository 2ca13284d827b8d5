"""`/probe`: one look at one configured target, now, with a metrics page of its own and a log to read."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from weakref import WeakSet

from prometheus_client import CollectorRegistry, Gauge, Metric, generate_latest
from prometheus_client.registry import Collector

from streamwatch_exporters.config import settings_of
from streamwatch_exporters.exporter import Exporter
from streamwatch_exporters.families import FAMILIES
from streamwatch_exporters.ingest import IngestServer, Reading, describe_server, describe_stream
from streamwatch_exporters.ingest_kinds import KINDS
from streamwatch_exporters.probe import Answer, ProbeFailed, ProbeName
from streamwatch_exporters.published_names import published_names
from streamwatch_exporters.settings import Settings
from streamwatch_exporters.throughput import ThroughputSettings, measure

_OFFSET = 0.5  # seconds kept for the way back to the scraper


class NotConfigured(Exception):
    """No stream or server of this id is configured for this module."""


class NotNow(Exception):
    """Nothing was sent anywhere, because it would do harm. The text is for people."""


@dataclass
class Shot:
    """One look under way: what it may use, and what it writes down. The log holds no URL, key or token."""

    exporter: Exporter
    target: str
    registry: CollectorRegistry = field(default_factory=CollectorRegistry)
    log: list[str] = field(default_factory=list)

    def gauge(self, name: str, text: str, labels: tuple[str, ...] = ()) -> Gauge:
        return Gauge(name, text, labels, registry=self.registry)


@dataclass(frozen=True)
class Module:
    """How a module finds its settings and looks. `settings` raises `NotConfigured`; `look` answers and logs.

    One that `does_harm` to a stream on air is for a person with the token, by POST.
    """

    settings: Callable[[Exporter, str], Settings]
    timeout: Callable[[Exporter, str], float]
    look: Callable[[Shot], Awaitable[Answer]]
    does_harm: bool = False


async def shoot(
    exporter: Exporter, module: Module, target: str, scrape_timeout: float | None, *, debug: bool
) -> str:
    """Look once and write the page. Raises `NotConfigured` before anything is sent anywhere."""
    settings = module.settings(exporter, target)
    timeout = module.timeout(exporter, target)
    if scrape_timeout is not None:
        timeout = max(0.1, min(timeout, scrape_timeout - _OFFSET))
    shot = Shot(exporter, target)
    started = time.monotonic()
    answer = await _answer(shot, module, timeout)
    shot.gauge("probe_success", "1 if the answer is ok. 1 探测正常").set(answer is Answer.OK)
    shot.gauge("probe_duration_seconds", "How long the look took. 探测耗时").set(time.monotonic() - started)
    shot.gauge("probe_timeout_seconds", "The deadline applied. 探测时限").set(timeout)
    page = generate_latest(shot.registry).decode()
    return _debug_page(shot, answer, settings, page) if debug else page


async def _answer(shot: Shot, module: Module, within: float) -> Answer:
    try:
        async with asyncio.timeout(within):
            return await module.look(shot)
    except (ProbeFailed, NotNow) as failure:
        shot.log.append(str(failure))
    except TimeoutError:
        shot.log.append("timeout: no complete answer in time")
    except Exception as exc:  # noqa: BLE001 - no look may become a 500
        # Only its type: the text of an unforeseen error may hold the address.
        shot.log.append(f"protocol: unforeseen {type(exc).__name__}")
    return Answer.CANNOT_TELL


def _debug_page(shot: Shot, answer: Answer, settings: Settings, page: str) -> str:
    """The settings print their secrets as stars, and so the places of files: they tell who runs this, and where."""
    log = "\n".join(shot.log)
    configuration = json.dumps(settings.model_dump(exclude_none=True), indent=2, default=_stars)
    return (
        f"Answer 结果: {answer}\n\nLog 日志:\n{log}\n\n"
        f"Metrics 指标:\n{page}\nConfiguration 配置:\n{configuration}\n"
    )


def _stars(_hidden: object) -> str:
    return "**********"


def _ingest(kind: ProbeName) -> Module:
    """The module of one kind of ingest server."""

    def server(exporter: Exporter, target: str) -> IngestServer:
        """That of a target, which may be a server's id or a stream's."""
        servers = [each for each in exporter.servers.values() if each.kind == kind]
        for each in servers:
            if target == each.id:
                return each
        for each in servers:
            if target in each.streams:
                return each
        raise NotConfigured

    async def look(shot: Shot) -> Answer:
        asked = server(shot.exporter, shot.target)
        reading = await asked.read(asked.settings.timeout)
        answer, text = _describe(shot, asked, reading)
        shot.log.append(text)
        if reading.page is not None and reading.page.clients is not None:
            shot.gauge("streamwatch_ingest_server_clients", "Connections. 连接数").set(reading.page.clients)
        return answer

    return Module(
        settings=lambda exporter, target: server(exporter, target).settings,
        timeout=lambda exporter, target: server(exporter, target).settings.timeout,
        look=look,
    )


def _describe(shot: Shot, server: IngestServer, reading: Reading) -> tuple[Answer, str]:
    if shot.target == server.id:
        return describe_server(reading)
    settings = server.streams[shot.target].settings
    stat = reading.stream(settings)
    if stat is not None:
        publishing = shot.gauge("streamwatch_ingest_publishing", "1 a publisher is connected. 1 有推流端连接")
        publishing.set(stat.publishing)
    return describe_stream(reading, settings)


def _watched(name: ProbeName) -> Module:
    """The module of a probe that watches on its own clock."""

    def settings(exporter: Exporter, target: str) -> Settings:
        watcher = exporter.families[name].watchers.get(target)
        if watcher is None:
            raise NotConfigured
        found: Settings = watcher.settings
        return found

    async def look(shot: Shot) -> Answer:
        one = await shot.exporter.families[name].look_once(shot.target, shot.exporter.tools)
        shot.log.extend(one.log)
        shot.registry.register(_Told(one.metrics))
        return one.answer

    def timeout(exporter: Exporter, target: str) -> float:
        return exporter.families[name].timeout(settings(exporter, target))

    return Module(settings, timeout, look)


@dataclass(frozen=True, eq=False)
class _Told(Collector):
    metrics: tuple[Metric, ...]

    def collect(self) -> tuple[Metric, ...]:
        return self.metrics


_filling_the_line = WeakSet[Exporter]()


def _throughput_settings(exporter: Exporter, target: str) -> ThroughputSettings:
    settings = settings_of(exporter.config, "throughput").get(target)
    if not isinstance(settings, ThroughputSettings):
        raise NotConfigured
    return settings


async def _throughput(shot: Shot) -> Answer:
    """Fill the line once, for whoever asked. Two at once would measure each other."""
    settings = _throughput_settings(shot.exporter, shot.target)
    if settings.publishes_to(published_names(shot.exporter.config)):
        raise NotNow("that is the name of a stream: a test needs one of its own")
    if shot.exporter in _filling_the_line:
        raise NotNow("another test of throughput is under way")
    _filling_the_line.add(shot.exporter)
    try:
        found = await measure(shot.exporter.session, settings)
    finally:
        _filling_the_line.discard(shot.exporter)
    labels = ("host", "direction")
    for name, text, value in (
        ("bytes_per_second", "What the line took. 线路吞吐", found.measured.bytes_per_second),
        ("bytes", "What the test moved. 测试流量", float(found.measured.bytes)),
    ):
        gauge = shot.gauge(f"streamwatch_throughput_{name}", text, labels)
        gauge.labels(shot.target, found.direction).set(value)
    shot.log.append(f"{found.direction}: {found.measured.bytes_per_second * 8e-6:.2f} Mbit/s")
    return Answer.OK


MODULES: dict[str, Module] = {
    "throughput": Module(
        _throughput_settings, lambda *asked: _throughput_settings(*asked).longest, _throughput, does_harm=True
    ),
    **{name: _watched(name) for name in FAMILIES},
    **{kind: _ingest(kind) for kind in KINDS},
}
