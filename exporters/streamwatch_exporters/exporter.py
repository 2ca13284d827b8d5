"""Wires the probes of one configuration together, and rewires only what a new configuration changes."""

import asyncio
import gc
import logging
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

import aiohttp
from prometheus_client import (
    CollectorRegistry,
    Gauge,
    GCCollector,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
)

from streamwatch_exporters import __version__
from streamwatch_exporters.chat import ChatRoom
from streamwatch_exporters.chat_metrics import ChatMetrics
from streamwatch_exporters.clock import Clock
from streamwatch_exporters.commerce import Shop
from streamwatch_exporters.commerce_metrics import CommerceMetrics
from streamwatch_exporters.complaints import packaged_matcher
from streamwatch_exporters.config import Config, Stream, settings_of
from streamwatch_exporters.event_loop import event_loop_lag, spare_what_stays, watch_event_loop
from streamwatch_exporters.families import FAMILIES
from streamwatch_exporters.fetching import open_session
from streamwatch_exporters.hosts import HostInfo
from streamwatch_exporters.ingest import IngestServer, WatchedStream
from streamwatch_exporters.ingest_kinds import KINDS
from streamwatch_exporters.ingest_metrics import IngestMetrics
from streamwatch_exporters.kept_connections import KeptConnections
from streamwatch_exporters.page import page_of
from streamwatch_exporters.probe import ProbeHealth, Target
from streamwatch_exporters.recent import Look, RecentLooks
from streamwatch_exporters.watching import Tools, Watcher, stop

logger = logging.getLogger(__name__)

_LONGEST_READ = 1.8  # seconds a scrape waits for servers, whatever their timeout
_SWITCH = 0.001  # seconds for which the page may keep the interpreter from the event loop; Python's own are 5 ms


class Exporter:
    """Everything that runs. `start` needs a running event loop; `close` leaves nothing running."""

    def __init__(self, config: Config, clock: Clock | None = None) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.config = config
        self.clock = clock or Clock()
        self.registry = CollectorRegistry()
        self.health = ProbeHealth(self.clock.wall)
        self.recent = RecentLooks()
        self.servers: dict[str, IngestServer] = {}
        self.families = {name: make(self.clock) for name, make in FAMILIES.items()}
        self.rooms: dict[str, ChatRoom] = {}
        self.shops: dict[str, Shop] = {}
        self.hosts = HostInfo()
        self.session: aiohttp.ClientSession
        self.kept: KeptConnections
        self.tools: Tools
        self.ready = False
        self._matcher = packaged_matcher()
        self._lag = event_loop_lag(self.registry)
        self._renderer = ThreadPoolExecutor(1, thread_name_prefix="metrics")
        self._applying = asyncio.Lock()
        self._settling: list[asyncio.Task[None]] = []
        self._register()

    async def start(self) -> None:
        sys.setswitchinterval(_SWITCH)
        # A resolver that hangs holds a thread; the names of other targets must still find one.
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(64, thread_name_prefix="names"))
        self.session = open_session()
        self.kept = KeptConnections(self.session)
        self.tools = Tools(self.session, self.kept, self.health, self.clock, self.note)
        self._lag_task = asyncio.create_task(watch_event_loop(self._lag))
        await self.apply(self.config)
        self.ready = True

    async def close(self) -> None:
        self.ready = False
        await self.apply(Config())
        await stop([self._lag_task, *self._settling])
        await self.kept.close()
        await self.session.close()
        self._renderer.shutdown()

    async def apply(self, config: Config) -> None:
        """Watch what `config` says. Whatever it leaves as it was goes on undisturbed."""
        async with self._applying:
            await self._apply_servers(config)
            for name, family in self.families.items():
                await family.apply(settings_of(config, name), self.tools)
            self._apply_rooms(config)
            self._apply_shops(config)
            self.hosts.hosts = config.hosts
            self.config = config
            self.recent.keep_only(self._targets())
            await self._settle()

    async def scrape(self, scrape_timeout: float | None) -> bytes:
        """The metrics page. Servers are read now, all at once, and within the scraper's patience."""
        budget = _LONGEST_READ if scrape_timeout is None else min(_LONGEST_READ, max(0.25, scrape_timeout - 0.5))
        await asyncio.gather(*(server.read(budget) for server in self.servers.values()))
        # Beside the event loop: a large page takes longer than the loop may be held up.
        return await asyncio.get_running_loop().run_in_executor(self._renderer, self._page)

    def _page(self) -> bytes:
        # A page is made of many small things and no cycle: to search them for one holds everybody up.
        gc.disable()
        try:
            return page_of([self.registry])
        finally:
            gc.enable()

    async def _settle(self) -> None:
        await stop(self._settling)
        gc.unfreeze()
        self._settling = [asyncio.create_task(spare_what_stays())]

    def note(self, look: Look) -> None:
        """Remember a look, and log it when its answer is another than before."""
        if self.recent.add(look):
            logger.info("%s %s: %s: %s", look.target.probe, look.target.id, look.answer, look.text)

    def _register(self) -> None:
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        GCCollector(registry=self.registry)
        for collector in (
            self.health,
            IngestMetrics(self.servers),
            *self.families.values(),
            ChatMetrics(self.rooms, self.clock),
            CommerceMetrics(self.shops, self.clock),
            self.hosts,
        ):
            self.registry.register(collector)
        info = Gauge(
            "streamwatch_exporter_build_info",
            "The exporter itself. 采集器版本",
            ["version"],
            registry=self.registry,
        )
        info.labels(__version__).set(1)
        tasks = Gauge(
            "streamwatch_scheduler_tasks", "Watchers that run. 正在运行的探测任务", registry=self.registry
        )
        tasks.set_function(lambda: sum(watcher.tasks for watcher in self._watchers()))

    async def _apply_servers(self, config: Config) -> None:
        wanted = {server.id: server for server in config.servers}
        for id_, running in list(self.servers.items()):
            if id_ not in wanted or wanted[id_].settings != running.settings:
                await self.servers.pop(id_).close()
        for id_, server in wanted.items():
            if id_ not in self.servers:
                reader = KINDS[server.kind](server.settings)
                self.servers[id_] = IngestServer(id_, server.kind, server.settings, reader, self.tools)
            running = self.servers[id_]
            running.streams = _streams_of(id_, config.streams, running.streams)

    def _apply_rooms(self, config: Config) -> None:
        wanted = {stream.id: stream.chat for stream in config.streams if stream.chat is not None}
        for id_ in set(self.rooms) - set(wanted):
            del self.rooms[id_]
        for id_, settings in wanted.items():
            room = self.rooms.setdefault(id_, ChatRoom(settings, self.clock, self._matcher))
            room.settings = settings

    def _apply_shops(self, config: Config) -> None:
        wanted = {stream.id: stream.commerce for stream in config.streams if stream.commerce is not None}
        for id_ in set(self.shops) - set(wanted):
            del self.shops[id_]
        for id_, settings in wanted.items():
            self.shops.setdefault(id_, Shop(settings, self.clock)).settings = settings

    def _targets(self) -> set[Target]:
        servers = {server.target for server in self.servers.values()}
        streams = {
            Target(server.kind, stream=stream, server=server.id)
            for server in self.servers.values()
            for stream in server.streams
        }
        return servers | streams | {watcher.target for watcher in self._watchers()}

    def _watchers(self) -> list[Watcher]:
        return [watcher for family in self.families.values() for watcher in list(family.watchers.values())]


def _streams_of(
    server: str, streams: tuple[Stream, ...], before: Mapping[str, WatchedStream]
) -> dict[str, WatchedStream]:
    """The streams of a server; one whose settings stayed keeps what was counted."""
    result = {}
    for stream in streams:
        settings = stream.published
        if settings is not None and settings.server == server:
            known = before.get(stream.id)
            result[stream.id] = known if known and known.settings == settings else WatchedStream(settings)
    return result
