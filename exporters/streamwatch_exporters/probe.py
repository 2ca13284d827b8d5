"""What a probe is. Read this file first.

A probe measures one hop by one protocol and never judges. One protocol is one file (`nginx_rtmp`, `hls`,
`chat`), with its `Settings` (pydantic, frozen, unknown keys refused) beside it. A look at a target ends in
one of three answers:

* `ok`           reached and understood, and what was looked for is there;
* `bad`          reached and understood, and it is not there: values are exported, the rules judge them;
* `cannot tell`  `ProbeFailed` with a reason: nothing is exported for what could not be seen, never a 0.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal, get_args

from prometheus_client import Metric
from prometheus_client.registry import Collector

from streamwatch_exporters.page import Counters, Gauges

Reason = Literal[
    "dns", "connect", "tls", "timeout", "http_4xx", "http_5xx", "parse", "auth", "protocol", "too_large", "decode"
]
REASONS: tuple[Reason, ...] = get_args(Reason)
ProbeName = Literal[
    "nginx_rtmp", "node_media_server", "srs", "mediamtx", "zlmediakit",
    "hls", "dash", "flv", "rtmp", "srt", "picture",
    "obs", "recording", "snmp",
    "ping", "tcp", "tls", "dns", "http", "disk", "gpu",
]  # fmt: skip


class Answer(StrEnum):
    """How a look at a target ended."""

    OK = "ok"
    BAD = "bad"
    CANNOT_TELL = "cannot tell"


class ProbeFailed(Exception):
    """The probe cannot tell. The text is for people and holds no URL, key or token."""

    def __init__(self, reason: Reason, text: str) -> None:
        super().__init__(f"{reason}: {text}")
        self.reason: Reason = reason
        self.text = text


@dataclass(frozen=True, order=True)
class Target:
    """What a probe looks at: a stream (`server` empty) or a server (`stream` empty), by the operator's ids."""

    probe: ProbeName
    stream: str = ""
    server: str = ""

    @property
    def id(self) -> str:
        return self.stream or self.server


@dataclass
class Record:
    """What became of the looks at one target. `up` is None until the first one ended."""

    up: bool | None = None
    last_success: float | None = None  # unix time
    runs: int = 0
    failures: dict[Reason, int] = field(default_factory=lambda: dict.fromkeys(REASONS, 0))
    lag: float | None = None  # seconds a watcher started late; None for probes that run at scrape time
    skipped: dict[str, int] = field(default_factory=dict)


Told = Sequence[tuple[tuple[str, str, str], Record]]  # each with the values of its labels


class ProbeHealth(Collector):
    """The `streamwatch_probe_*` metrics of every target. A forgotten target leaves no series behind."""

    def __init__(self, wall: Callable[[], float]) -> None:
        self._wall = wall
        self._records: dict[Target, Record] = {}

    def watch(self, target: Target, *, skip_reasons: Iterable[str] = ()) -> Record:
        """Start counting at zero, so that the first event is seen as an increase."""
        return self._records.setdefault(target, Record(skipped=dict.fromkeys(skip_reasons, 0)))

    def forget(self, target: Target) -> None:
        self._records.pop(target, None)

    def succeeded(self, target: Target, *, up: bool = True) -> None:
        """Count a good look; `up` is false when a part of the target that cannot be missed still fails."""
        record = self._records.get(target) or self.watch(target)
        record.runs += 1
        record.up = up
        if up:
            record.last_success = self._wall()

    def failed(self, target: Target, reason: Reason, *, up: bool = False) -> None:
        """Count a failed look; `up` is true when another part of the same target still answers."""
        record = self.watch(target)
        record.runs += 1
        record.up = up
        record.failures[reason] += 1

    def collect(self) -> Iterable[Metric]:
        records = [
            ((target.stream, target.probe, target.server), record)
            for target, record in sorted(self._records.items())
        ]
        yield from _gauges(records)
        yield from _counters(records)
        yield from _schedule(records)


def _gauges(records: Told) -> Iterable[Metric]:
    names = ["stream", "probe", "server"]
    up = Gauges(
        "streamwatch_probe_up", "1 reached and understood, 0 not; absent if never run. 1 探到并读懂", labels=names
    )
    success = Gauges(
        "streamwatch_probe_last_success_timestamp_seconds",
        "When the probe last succeeded. 最近一次成功",
        labels=names,
    )
    up.add_column([(labels, record.up) for labels, record in records if record.up is not None])
    success.add_column(
        [(labels, record.last_success) for labels, record in records if record.last_success is not None]
    )
    return up, success


def _counters(records: Told) -> Iterable[Metric]:
    names = ["stream", "probe", "server"]
    runs = Counters("streamwatch_probe_runs", "Looks at the target. 探测次数", labels=names)
    failures = Counters(
        "streamwatch_probe_failures",
        "Looks that could not tell, by reason. 探测失败次数",
        labels=[*names, "reason"],
    )
    runs.add_column([(labels, record.runs) for labels, record in records])
    for labels, record in records:
        failures.add_counts(labels, record.failures)
    return runs, failures


def _schedule(records: Told) -> Iterable[Metric]:
    lag = Gauges(
        "streamwatch_probe_lag_seconds",
        "How late the watcher started. 探测启动延迟",
        labels=["stream", "probe", "server"],
    )
    skipped = Counters(
        "streamwatch_probe_skipped", "Runs left out. 跳过的探测", labels=["stream", "probe", "server", "reason"]
    )
    lag.add_column([(labels, record.lag) for labels, record in records if record.lag is not None])
    for labels, record in records:
        skipped.add_counts(labels, record.skipped)
    return lag, skipped
