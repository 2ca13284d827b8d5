"""What the probes that watch on their own clock share: their tools, their life, their place in the exporter.

A probe is a `Family`: it opens a `Watcher` for each target that streams.yml names and renders what they know.
`families` has one line for each.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

import aiohttp
from prometheus_client import Metric
from prometheus_client.registry import Collector

from streamwatch_exporters.clock import Clock
from streamwatch_exporters.kept_connections import KeptConnections
from streamwatch_exporters.probe import Answer, ProbeHealth, Target
from streamwatch_exporters.recent import Look


@dataclass(frozen=True)
class Tools:
    """What a watcher may use. *note* remembers a look for the page of recent probes."""

    session: aiohttp.ClientSession
    kept: KeptConnections
    health: ProbeHealth
    clock: Clock
    note: Callable[[Look], None]


class Watcher(Protocol):
    """Runs from the moment it is made until it is closed."""

    @property
    def target(self) -> Target: ...
    @property
    def settings(self) -> Any: ...
    @property
    def tasks(self) -> int:
        """How many run for it."""

    async def close(self) -> None:
        """Stop, and leave nothing behind."""


class OneTask(ABC):
    """A watcher that is one task from the moment it is made until it is closed.

    The task begins when the event loop gets its turn: a subclass may still fill itself after this constructor.
    """

    def __init__(self, target: Target, tools: Tools, *, skip_reasons: Iterable[str] = ()) -> None:
        self.target = target
        self._tools = tools
        self._record = tools.health.watch(target, skip_reasons=skip_reasons)
        self._task = asyncio.create_task(self._run())

    @property
    def tasks(self) -> int:
        return 1

    async def close(self) -> None:
        await stop([self._task])
        self._tools.health.forget(self.target)

    @abstractmethod
    async def _run(self) -> None:
        """Watch for ever."""


async def stop(tasks: Iterable[asyncio.Task[None]]) -> None:
    """Return when all of them have ended, however they took it."""
    stopped = list(tasks)
    for task in stopped:
        task.cancel()
    await asyncio.gather(*stopped, return_exceptions=True)


W = TypeVar("W", bound=Watcher)


@dataclass(frozen=True)
class OneLook:
    """What `/probe` tells of a look made for it alone. The log holds no URL, key or token."""

    answer: Answer
    log: tuple[str, ...]
    metrics: tuple[Metric, ...] = ()


class Family(Collector, Generic[W]):
    """One probe with everything it watches. Whatever a new configuration leaves as it was goes on undisturbed."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.watchers: dict[str, W] = {}

    async def apply(self, wanted: Mapping[str, Any], tools: Tools) -> None:
        """Watch the targets of *wanted*, settings by id."""
        changed = [id_ for id_, watcher in self.watchers.items() if wanted.get(id_) != watcher.settings]
        # All at once: a thousand that end one after the other keep an orderly stop waiting.
        await asyncio.gather(*(self.watchers.pop(id_).close() for id_ in changed))
        for id_ in changed:
            self.forget(id_)
        for id_, settings in wanted.items():
            if id_ not in self.watchers:
                self.watchers[id_] = self.open(id_, settings, tools)

    @abstractmethod
    def open(self, id_: str, settings: Any, tools: Tools) -> W:
        """Start watching one target."""

    def forget(self, id_: str) -> None:
        """Drop what is kept of a target beside its watcher."""

    @abstractmethod
    def collect(self) -> Iterator[Metric]:
        """Every family of metrics, also those without a sample: the table for people is made from them."""

    @abstractmethod
    def timeout(self, settings: Any) -> float:
        """Seconds that one look may take."""

    @abstractmethod
    async def look_once(self, id_: str, tools: Tools) -> OneLook:
        """Look at a watched target now, without touching its state. Raises `ProbeFailed`."""
