"""What a fault is, what an accusation is, and the history of the metrics in which both are looked for."""

import asyncio
import operator
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

from servers.exporter import Page
from servers.signal_path import RATE

HOPS = ("encoder", "uplink", "ingest", "playback", "picture")
WINDOW = 5.0
"""Seconds over which a rate is taken, as in the rule EncoderFrozen."""
OBSERVED = WINDOW
"""Seconds for which a fault goes on at least, so that hops that are accused wrongly are found."""
_KEPT = 120  # pages


class Moment(NamedTuple):
    """A page, the one of `WINDOW` before it, the one when the fault began, and the seconds from `before`."""

    now: Page
    before: Page
    start: Page
    span: float


class Metric:
    """One metric by its name and labels, without or with samples at this moment."""

    def __init__(self, name: str, **labels: str) -> None:
        self._name, self._labels = name, labels

    def __str__(self) -> str:
        return self._name + "".join(f" {key}={value}" for key, value in self._labels.items())

    def of(self, page: Page) -> list[float]:
        return page.values(self._name, **self._labels)

    def total(self, page: Page) -> float:
        return sum(self.of(page))


@dataclass(frozen=True)
class Condition:
    """What a metric must be, in words and as a test."""

    words: str
    holds: Callable[[Moment], bool]

    def __str__(self) -> str:
        return self.words

    def __invert__(self) -> "Condition":
        return Condition(f"not {self}", lambda moment: not self.holds(moment))

    def __and__(self, other: "Condition") -> "Condition":
        return Condition(f"{self}, {other}", lambda moment: self.holds(moment) and other.holds(moment))


_SIGNS: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq, "<": operator.lt, ">": operator.gt, "<=": operator.le
}  # fmt: skip


def any_is(name: str, sign: str, value: float, **labels: str) -> Condition:
    """One of its series at least is so."""
    metric = Metric(name, **labels)
    return Condition(
        f"{metric} {sign} {value:g}",
        lambda moment: any(_SIGNS[sign](each, value) for each in metric.of(moment.now)),
    )


def all_are(name: str, value: float, count: int, **labels: str) -> Condition:
    """So many series, each with this value."""
    metric = Metric(name, **labels)
    return Condition(f"{count} {metric} {value:g}", lambda moment: metric.of(moment.now) == [value] * count)


def absent(name: str, **labels: str) -> Condition:
    """Cannot tell."""
    metric = Metric(name, **labels)
    return Condition(f"no {metric}", lambda moment: not metric.of(moment.now))


def rose(name: str, **labels: str) -> Condition:
    """Counted since the fault began."""
    metric = Metric(name, **labels)
    return Condition(f"{metric} rose", lambda moment: metric.total(moment.now) > metric.total(moment.start))


def rises(name: str, **labels: str) -> Condition:
    """Counted within the window."""
    metric = Metric(name, **labels)
    return Condition(f"{metric} rises", lambda moment: metric.total(moment.now) > metric.total(moment.before))


def rate(name: str, sign: str, value: float, **labels: str) -> Condition:
    """Per second, over the window; never across a counter that began again."""
    metric = Metric(name, **labels)

    def holds(moment: Moment) -> bool:
        now, before = metric.of(moment.now), metric.of(moment.before)
        if not now or not before or moment.span < WINDOW - 1 or sum(now) < sum(before):
            return False
        return _SIGNS[sign]((sum(now) - sum(before)) / moment.span, value)

    return Condition(f"rate of {metric} {sign} {value:g}", holds)


def share(part: str, whole: str, sign: str, value: float, **labels: str) -> Condition:
    """What one counter grew by, as a share of what another did, over the window."""
    one, other = Metric(part, **labels), Metric(whole, **labels)

    def holds(moment: Moment) -> bool:
        grown = other.total(moment.now) - other.total(moment.before)
        return grown > 0 and _SIGNS[sign]((one.total(moment.now) - one.total(moment.before)) / grown, value)

    return Condition(f"{one} ÷ {other} {sign} {value:g}", holds)


@dataclass(frozen=True)
class Accusation:
    """A hop is accused when this holds for so many seconds."""

    hop: str
    condition: Condition
    lasting: float = 0.0


PUBLISHING, RECEIVED = "streamwatch_ingest_publishing", "streamwatch_ingest_received_bytes_total"
UP, PING = "streamwatch_probe_up", "smokeping_response_duration_seconds"


def _down(probe: str) -> Condition:
    return any_is(UP, "==", 0, probe=probe)


ACCUSATIONS = (
    # An encoder that sends nothing is to blame only while the way to it stands.
    Accusation("encoder", any_is(PUBLISHING, "==", 1) & rate(RECEIVED, "==", 0) & ~_down("ping")),
    Accusation(
        "encoder", any_is(PUBLISHING, "==", 1) & rate(RECEIVED, "<", 0.4 * RATE) & ~_down("ping"), lasting=3.0
    ),
    *(Accusation("encoder", any_is(name, "==", 0)) for name in ("obs_up", "obs_streaming")),
    Accusation("uplink", share("obs_output_dropped_frames_total", "obs_output_frames_total", ">", 0.02)),
    Accusation("uplink", _down("ping")),
    Accusation("uplink", share("streamwatch_ping_lost_total", "smokeping_requests_total", ">", 0.02)),
    Accusation("uplink", share(f"{PING}_sum", f"{PING}_count", ">", 0.1)),
    Accusation("uplink", any_is("streamwatch_ping_jitter_seconds", ">", 0.05)),
    Accusation("uplink", any_is("streamwatch_dns_addresses", "==", 0)),
    Accusation("uplink", _down("dns")),
    Accusation("ingest", any_is("streamwatch_ingest_server_up", "==", 0)),
    # An encoder whose settings are changed is away for a moment; the rules forgive twice as long.
    Accusation("ingest", any_is(PUBLISHING, "==", 0), lasting=3.0),
    *(Accusation("ingest", _down(probe)) for probe in ("nginx_rtmp", "tcp")),
    *(Accusation("playback", _down(probe)) for probe in ("hls", "flv", "rtmp", "tls", "http")),
    Accusation("playback", any_is("streamwatch_hls_stall_ratio", ">", 3)),
    Accusation("playback", rises("streamwatch_hls_violations_total")),
    Accusation("playback", rises("streamwatch_hls_segment_failures_total")),
    Accusation("playback", any_is("streamwatch_hls_download_ratio", ">", 1)),
    Accusation("playback", any_is("streamwatch_reader_connected", "==", 0)),
    Accusation("playback", any_is("streamwatch_reader_last_packet_age_seconds", ">", 3)),
    Accusation("playback", rises("streamwatch_reader_reconnects_total")),
    *(Accusation("picture", any_is(f"streamwatch_video_{state}", "==", 1)) for state in ("black", "frozen")),
    Accusation("picture", any_is("streamwatch_audio_silent", "==", 1)),
    Accusation("picture", _down("picture")),
    Accusation("picture", rises("streamwatch_segment_timestamp_jumps_total")),
    Accusation("picture", rises("streamwatch_media_timestamp_jumps_total")),
)
"""No value accuses nobody: what cannot be told is no evidence."""


class History:
    """The metrics once a second, and who was accused when. Times are steady seconds."""

    def __init__(self, fetch: Callable[[], str]) -> None:
        self._fetch = fetch
        self.pages: deque[tuple[float, Page]] = deque(maxlen=_KEPT)
        self.accused: deque[tuple[float, Accusation]] = deque(maxlen=10 * _KEPT)
        self._since: dict[Accusation, float] = {}
        self._news = asyncio.Condition()

    async def run(self) -> None:
        """Look until cancelled. A page that cannot be had is left out: it is no evidence."""
        due = time.monotonic()
        while True:
            try:
                page = Page(await asyncio.to_thread(self._fetch))
            except (OSError, AssertionError):
                page = None
            if page is not None:
                async with self._news:
                    self._take(time.monotonic(), page)
                    self._news.notify_all()
            due = max(due + 1.0, time.monotonic())
            await asyncio.sleep(due - time.monotonic())

    def _take(self, at: float, page: Page) -> None:
        self.pages.append((at, page))
        moment = self.moment()
        for each in ACCUSATIONS:
            if not each.condition.holds(moment):
                self._since.pop(each, None)
            elif at - self._since.setdefault(each, at) >= each.lasting:
                self.accused.append((at, each))

    def moment(self, start: Page | None = None) -> Moment:
        at, now = self.pages[-1]
        then, before = next((t, page) for t, page in self.pages if at - t <= WINDOW + 0.5)
        return Moment(now, before, start or before, at - then)

    async def next(self) -> float:
        """Wait for another page; tells when it came."""
        async with self._news:
            await self._news.wait()
        return self.pages[-1][0]

    async def until(self, *conditions: Condition, within: float, began: float, start: Page | None) -> float:
        """Seconds from *began* until all of them hold; *start* is the page from before that."""
        while True:
            at = await self.next()
            unmet = [each for each in conditions if not each.holds(self.moment(start))]
            if not unmet:
                return at - began
            assert at - began < within, f"not in {within} s:\n" + "\n".join(map(self._told, unmet))

    async def until_good(self, good: tuple[Condition, ...], within: float) -> float:
        """Seconds until all is good and nobody is accused."""
        start = self.pages[-1][1] if self.pages else None
        return await self.until(*good, self.quiet, within=within, began=time.monotonic(), start=start)

    @property
    def quiet(self) -> Condition:
        """Nobody is accused at this very moment."""
        return Condition("nobody is accused", lambda _: not self.accused_since(self.pages[-1][0]))

    def accused_since(self, began: float) -> dict[str, set[str]]:
        """The hops, and by what."""
        found: dict[str, set[str]] = {}
        for at, each in self.accused:
            if at >= began:
                found.setdefault(each.hop, set()).add(str(each.condition))
        return found

    def _told(self, condition: Condition) -> str:
        """A condition, and the samples that it is about."""
        names = tuple(word for word in condition.words.split() if "_" in word)
        lines = self.pages[-1][1].text.splitlines()
        return "\n  ".join([str(condition), *(line for line in lines if line.startswith(names))])


@dataclass(frozen=True)
class Fault:
    """It shows at `hop` by `shows` within so many seconds; once repaired all is good within `again` seconds."""

    hop: str
    shows: Condition
    within: float
    again: float
    inject: Callable[[Any], object]
    repair: Callable[[Any], object]


async def endure(name: str, fault: Fault, chain: Any, history: History, good: tuple[Condition, ...]) -> None:
    """The whole story of a fault. Fails when it is not seen in time, or blamed on a hop before, or stays."""
    assert [str(each) for each in good if not each.holds(history.moment())] == [], "before anything was done"
    assert not fault.shows.holds(history.moment()), f"before anything was done: {fault.shows}"
    began, (_, start) = time.monotonic(), history.pages[-1]
    await asyncio.to_thread(fault.inject, chain)
    try:
        seen = await history.until(fault.shows, within=fault.within, began=began, start=start)
        # What a rate or a state that has to last says of others shows a little later.
        while await history.next() - began < OBSERVED:
            pass
        accused = history.accused_since(began)
    finally:  # whatever was wrong, the next fault begins with all being good
        await asyncio.to_thread(fault.repair, chain)
        again = await history.until_good(good, fault.again)
    print(f"{name}: at {fault.hop} after {seen:.1f} s, good again after {again:.1f} s; accused: {accused}")
    before = HOPS[: HOPS.index(fault.hop)]
    assert not {hop: accused[hop] for hop in before if hop in accused}


@asynccontextmanager
async def recorded(fetch: Callable[[], str]) -> AsyncIterator[History]:
    """The history, for as long as the block runs."""
    history = History(fetch)
    task = asyncio.create_task(history.run())
    try:
        yield history
        assert not task.done(), "the history ended"
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
