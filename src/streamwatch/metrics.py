"""What StreamWatch says about itself, stage by stage; values of the database are read when somebody asks."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from itertools import product
from typing import NamedTuple

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from streamwatch import __version__
from streamwatch.incidents.incident import Move

DELAY_BUCKETS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)
ANSWER_BUCKETS = (15, 30, 60, 120, 300, 600, 1800)


class Metrics:
    """One registry for each receiver, so that several can live in one process."""

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        PlatformCollector(registry=registry)
        self.webhooks = Counter(
            "streamwatch_webhooks",
            "Webhooks received, by how they were answered.",
            ["source", "result"],
            registry=registry,
        )
        self.alerts = Counter(
            "streamwatch_alerts", "Alerts folded, by what they meant.", ["move"], registry=registry
        )
        self.unrouted = Counter(
            "streamwatch_alerts_unrouted", "Alerts that went to the fallback role.", registry=registry
        )
        self.duty_gaps = Counter(
            "streamwatch_duty_gaps", "Times nobody held the role that was needed.", registry=registry
        )
        self.pages = Counter(
            "streamwatch_pages",
            "Attempts to deliver a page, by outcome.",
            ["channel", "outcome"],
            registry=registry,
        )
        self.maybe_repeated = Counter(
            "streamwatch_pages_maybe_repeated", "Pages sent again because no answer was seen.", registry=registry
        )
        self.listener_up = Gauge(
            "streamwatch_listener_up",
            "1 while buttons of this channel are heard, 0 while not; absent where another receiver listens.",
            ["channel"],
            registry=registry,
        )
        self.presses = Counter(
            "streamwatch_presses",
            "Buttons pressed and words written in a chat, by what came of them.",
            ["channel", "result"],
            registry=registry,
        )
        self.delay = Histogram(
            "streamwatch_page_delay_seconds",
            "From the call to its delivery.",
            buckets=DELAY_BUCKETS,
            registry=registry,
        )
        self.pages_rated = Counter(
            "streamwatch_pages_rated",
            "First words of whoever was called: was the page of use to them?",
            ["useful"],
            registry=registry,
        )
        self.complaint_answer = Histogram(
            "streamwatch_complaint_answer_seconds",
            "From the first sign of complaints to the answer that people noted.",
            ["category"],
            buckets=ANSWER_BUCKETS,
            registry=registry,
        )
        self.logins = Counter("streamwatch_logins", "Logins to the console.", ["result"], registry=registry)
        self.turned_away = Counter(
            "streamwatch_requests_turned_away", "Requests that were not looked at.", ["reason"], registry=registry
        )
        self.audit_lost = Counter(
            "streamwatch_audit_rows_lost", "Deeds that the audit log did not take.", registry=registry
        )
        for result in ("ok", "failed", "held_up"):
            self.logins.labels(result)
        for word in ("yes", "no"):
            self.pages_rated.labels(word)
        for move in Move:
            self.alerts.labels(move.value)
        Gauge("streamwatch_build_info", "The version.", ["version"], registry=registry).labels(__version__).set(1)

    def expect_presses(self, channels: Iterable[str], results: Iterable[str]) -> None:
        for channel, result in product(channels, results):
            self.presses.labels(channel, result)

    def expect(self, channels: Iterable[str], outcomes: Iterable[str]) -> None:
        """Begin at 0, so that the first page of a channel is seen as an increase."""
        for channel, outcome in product(channels, outcomes):
            self.pages.labels(channel, outcome)


class Standing(NamedTuple):
    """What the database holds just now."""

    incidents_open: Mapping[tuple[str, str], int]  # (stream, severity) → count
    inbox_waiting: int
    inbox_troubled: int
    outbox_due: int
    outbox_oldest: datetime | None
    pages_dead: int
    heartbeats: Mapping[str, datetime]


class StandingCollector(Collector):
    """Reads the database at scrape time. Without an answer its metrics are absent, not zero."""

    def __init__(self, read: Callable[[], Standing], clock: Callable[[], datetime]) -> None:
        self._read = read
        self._clock = clock

    def describe(self) -> Iterable[Metric]:
        return []

    def collect(self) -> Iterable[Metric]:
        standing = self._read()
        yield _open(standing.incidents_open)
        for name, text, value in (
            ("streamwatch_inbox_waiting", "Webhooks accepted and not folded yet.", standing.inbox_waiting),
            ("streamwatch_inbox_troubled", "Webhooks set aside for a person.", standing.inbox_troubled),
            ("streamwatch_outbox_due", "Pages not delivered yet.", standing.outbox_due),
            (
                "streamwatch_pages_undeliverable",
                "Pages of open incidents that no channel takes.",
                standing.pages_dead,
            ),
            (
                "streamwatch_outbox_oldest_age_seconds",
                "Age of the oldest of them, 0 when none.",
                self._age(standing),
            ),
        ):
            yield GaugeMetricFamily(name, text, value=value)
        if seen := standing.heartbeats.get("Watchdog"):
            text = "When the Watchdog was heard last."
            yield GaugeMetricFamily("streamwatch_watchdog_last_seen_timestamp_seconds", text, seen.timestamp())

    def _age(self, standing: Standing) -> float:
        return (self._clock() - standing.outbox_oldest).total_seconds() if standing.outbox_oldest else 0.0


def _open(counts: Mapping[tuple[str, str], int]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(
        "streamwatch_incidents_open", "Incidents that are not over.", labels=("stream", "severity")
    )
    for key, count in counts.items():
        family.add_metric(key, count)
    return family
