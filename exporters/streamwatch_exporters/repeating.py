"""Probes that do the same small thing again and again: ask, measure, tell. One file per protocol is built on this.

A probe declares its metrics once (`Declared`) and gives values by name. A look that failed leaves no values but
those it did see before it failed (`PartlySeen`); counters and histograms stay, for they tell of the past.
"""

import asyncio
import random
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from prometheus_client import Metric
from pydantic import Field

from streamwatch_exporters.buckets import Buckets
from streamwatch_exporters.clock import Clock
from streamwatch_exporters.pace import OVERRUN, Pace
from streamwatch_exporters.page import Counters, Gauges, Histograms
from streamwatch_exporters.probe import Answer, ProbeFailed, ProbeName, Reason, Target
from streamwatch_exporters.recent import Look
from streamwatch_exporters.settings import Settings
from streamwatch_exporters.watching import Family, OneLook, OneTask, Tools


class RepeatedSettings(Settings):
    """Seconds from look to look, and the longest that one may take."""

    interval: float = Field(5.0, ge=0.2, le=3600)
    timeout: float = Field(3.0, gt=0, le=60)


@dataclass(frozen=True)
class Declared:
    """One metric of a probe: full name without `_total`, help in English and Chinese, labels besides the id.

    With *buckets* it is a histogram, which has no further labels: it begins at zero with its target.
    """

    name: str
    text: str
    labels: tuple[str, ...] = ()
    counter: bool = False
    buckets: tuple[float, ...] = ()

    def family(self, *id_labels: str) -> Gauges:
        kind = Counters if self.counter else Gauges
        return kind(self.name, self.text, labels=[*id_labels, *self.labels])


Key = tuple[str, ...]  # name of the metric, then the values of its labels
Values = Mapping[Key, float]
Told = list[tuple[tuple[str, ...], Values]]  # values of the labels that say whose they are, and what is told of it


@dataclass(frozen=True)
class Finding:
    """What one look found. *text* is for people: no URL, key or token, no number that changes at each look.

    *observed* goes into the histograms. *generic* is told by `/probe` alone, under names that other exporters use.
    """

    answer: Answer
    text: str
    values: Values = field(default_factory=dict)
    observed: Mapping[str, float] = field(default_factory=dict)
    generic: Values = field(default_factory=dict)


class PartlySeen(ProbeFailed):
    """The look failed, but what stands in *seen* was read before, hence is known."""

    def __init__(self, reason: Reason, text: str, seen: Finding) -> None:
        super().__init__(reason, text)
        self.seen = seen


class Looker(Protocol):
    """Looks at one target. `counts` are its counters, from the first look on."""

    counts: Values

    async def look(self) -> Finding:
        """Look once. Raises `ProbeFailed`; its deadline is kept by the caller."""


class Repeating(OneTask):
    """Looks at one target on its own clock, until closed."""

    def __init__(self, target: Target, settings: RepeatedSettings, looker: Looker, tools: Tools) -> None:
        super().__init__(target, tools, skip_reasons=(OVERRUN,))
        self.settings, self.looker = settings, looker
        self.finding: Finding | None = None
        self.histograms: dict[str, Buckets] = {}

    async def _run(self) -> None:
        # Targets that start together are spread over their first interval.
        await asyncio.sleep(random.random() * min(0.5, self.settings.interval))  # noqa: S311 - guards nothing
        pace = Pace(self._record, self._tools.clock)
        while True:
            started = self._tools.clock.steady()
            try:
                self.finding = await within(self.settings.timeout, self.looker)
                self._tools.health.succeeded(self.target)
                answer, text = self.finding.answer, self.finding.text
            except ProbeFailed as failure:
                self.finding = failure.seen if isinstance(failure, PartlySeen) else None
                self._tools.health.failed(self.target, failure.reason)
                answer, text = Answer.CANNOT_TELL, str(failure)
            self._observe()
            seconds = self._tools.clock.steady() - started
            self._tools.note(Look(self.target, self._tools.clock.wall(), answer, text, seconds))
            await pace.wait(self.settings.interval)

    def _observe(self) -> None:
        for name, value in (self.finding.observed if self.finding else {}).items():
            if name in self.histograms:
                self.histograms[name].observe(value)


async def within(seconds: float, looker: Looker) -> Finding:
    """One look with its deadline. Whatever was not foreseen is a failure of the look, never of the watcher."""
    try:
        async with asyncio.timeout(seconds):
            return await looker.look()
    except TimeoutError as exc:
        raise ProbeFailed("timeout", "no complete answer in time") from exc
    except ProbeFailed:
        raise
    except Exception as exc:
        # Only its type: the text of an unforeseen error may hold the address.
        raise ProbeFailed("protocol", f"unforeseen {type(exc).__name__}") from exc


class RepeatingFamily(Family[Repeating]):
    """A probe made of a `Looker`. *id_label* is `stream`, or `host` for what is named under `hosts`."""

    def __init__(
        self,
        clock: Clock,
        *,
        probe: ProbeName,
        id_label: str,
        declared: Iterable[Declared],
        looker: Callable[[RepeatedSettings, Tools], Looker],
        generic: Iterable[Declared] = (),
    ) -> None:
        super().__init__(clock)
        self._probe: ProbeName = probe
        self._id_label = id_label
        self._declared = tuple(declared)
        self._generic = tuple(generic)
        self._looker = looker

    def open(self, id_: str, settings: RepeatedSettings, tools: Tools) -> Repeating:
        target = Target(self._probe, stream=id_) if self._id_label == "stream" else Target(self._probe, server=id_)
        watcher = Repeating(target, settings, self._looker(settings, tools), tools)
        watcher.histograms = {each.name: Buckets(each.buckets) for each in self._declared if each.buckets}
        return watcher

    def collect(self) -> Iterator[Metric]:
        watchers = list(self.watchers.items())
        told: Told = [
            ((id_,), {**watcher.looker.counts, **(watcher.finding.values if watcher.finding else {})})
            for id_, watcher in watchers
        ]
        yield from _rendered(self._declared, told, self._id_label)
        for each in self._declared:
            if each.buckets:
                yield _histogram(
                    each, self._id_label, {i: watcher.histograms[each.name] for i, watcher in watchers}
                )

    def timeout(self, settings: RepeatedSettings) -> float:
        return settings.timeout

    async def look_once(self, id_: str, tools: Tools) -> OneLook:
        settings = self.watchers[id_].settings
        looker = self._looker(settings, tools)
        try:
            finding = await within(settings.timeout, looker)
            answer, text = finding.answer, finding.text
        except PartlySeen as failure:
            finding, answer, text = failure.seen, Answer.CANNOT_TELL, str(failure)
        told: Told = [((id_,), {**looker.counts, **finding.values})]
        metrics = list(_rendered(self._declared, told, self._id_label))
        metrics += _rendered(self._generic, [((), finding.generic)])
        for each in self._declared:
            if each.name in finding.observed:
                counted = Buckets(each.buckets)
                counted.observe(finding.observed[each.name])
                metrics.append(_histogram(each, self._id_label, {id_: counted}))
        return OneLook(answer, (text,), tuple(metrics))


def _rendered(declared: Iterable[Declared], told: Told, *id_labels: str) -> Iterator[Metric]:
    for each in declared:
        if each.buckets:
            continue
        family = each.family(*id_labels)
        for ids, values in told:
            for (name, *labels), value in values.items():
                if name == each.name:
                    family.add_metric([*ids, *labels], value)
        yield family


def _histogram(declared: Declared, id_label: str, counted: Mapping[str, Buckets]) -> Metric:
    family = Histograms(declared.name, declared.text, labels=[id_label])
    for id_, buckets in counted.items():
        family.add_buckets([id_], buckets)
    return family
