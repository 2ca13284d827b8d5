"""An alert as it arrived, whoever sent it: labels say what it is, fingerprint and start say which episode."""

from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import Literal, NamedTuple

Severity = Literal["P0", "P1", "P2", "P3"]
SEVERITIES: tuple[Severity, ...] = ("P0", "P1", "P2", "P3")  # most urgent first
BY_RECEIVER = "WatchdogSilent"  # the alert that the receiver itself begins and ends
BY_PERSON = "person-"  # so begins the fingerprint of what a person reports; Alertmanager's are 16 hex digits
DRILL = "drill"  # the label, and its value, of what a person reports and is not true


class Episode(NamedTuple):
    """One alert from its start to its end. The same series fires again with another start."""

    fingerprint: str
    starts_at: datetime


Said = tuple[str, datetime, str]
"""What an alert says of its episode: fingerprint, start, status. Thousands a second are compared and counted."""


class Alert(NamedTuple):
    """One alert of one webhook. Times are aware; `ends_at` is None while it fires.

    A tuple: a storm makes them by the ten thousand a second, and a frozen dataclass takes three times as long.
    """

    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    status: Literal["firing", "resolved"]
    starts_at: datetime
    ends_at: datetime | None
    fingerprint: str

    @property
    def episode(self) -> Episode:
        return Episode(self.fingerprint, self.starts_at)

    @property
    def name(self) -> str:
        return self.labels.get("alertname", "")

    @property
    def stream(self) -> str:
        return self.labels.get("stream", "")

    @property
    def hop(self) -> str:
        return self.labels.get("hop", "")

    @property
    def procedure(self) -> str:
        """What is folded together. Without one, alerts of the same name belong together, and no others."""
        return self.labels.get("procedure") or self.name

    @property
    def severity(self) -> Severity:
        """A severity that nobody knows is taken for P1: too loud is mended in the morning, too quiet is not."""
        given = self.labels.get("severity", "")
        return next((known for known in SEVERITIES if known == given), "P1")

    @property
    def is_urgent(self) -> bool:
        """It cannot wait for its turn, and neither can its end: they must stay in order."""
        return is_urgent(self.labels)

    @property
    def said(self) -> Said:
        return self.fingerprint, self.starts_at, self.status

    @property
    def is_reported(self) -> bool:
        """A person said so, and a person will say that it is over."""
        return is_reported(self.fingerprint)

    @property
    def matter(self) -> str:
        """What of its procedure a person reported; empty when nothing sets it apart from what the probes tell."""
        return self.labels.get("matter", "") if self.is_reported else ""

    @property
    def is_drill(self) -> bool:
        """A person reported it as a drill; nobody else can say so."""
        return self.is_reported and self.labels.get(DRILL) == DRILL

    @property
    def also(self) -> list[str]:
        """Roles that are called at the same moment as its own."""
        return self.labels.get("also", "").split() if self.is_reported else []

    @property
    def is_heartbeat(self) -> bool:
        """The Watchdog fires always; it tells that the way of the alerts is open, and calls nobody."""
        return self.name == "Watchdog" or self.labels.get("severity") == "none"


def is_urgent(labels: Mapping[str, str]) -> bool:
    return labels.get("severity") == "P0"


def is_reported(fingerprint: str) -> bool:
    return fingerprint.startswith(BY_PERSON)


def fingerprint_of(labels: Mapping[str, str]) -> str:
    """For senders that give none: 16 hex digits of the labels alone, the same from every sender."""
    joined = "\x1f".join(f"{name}\x1e{labels[name]}" for name in sorted(labels))
    return sha256(joined.encode(errors="surrogatepass")).hexdigest()[:16]


def in_millis(at: datetime) -> datetime:
    """As exact as a start is: the API of Alertmanager tells it in milliseconds, the webhook in nanoseconds."""
    return at.replace(microsecond=at.microsecond // 1000 * 1000)


def worse(one: Severity, other: Severity) -> bool:
    """Whether *one* is more urgent than *other*."""
    return SEVERITIES.index(one) < SEVERITIES.index(other)
