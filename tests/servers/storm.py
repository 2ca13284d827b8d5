"""A storm of alerts, and an ear that hears what each person was told, whatever the channel."""

import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from servers.story import NOON, alert
from streamwatch.channels.channel import Channel, Receipt
from streamwatch.clock import Clock
from streamwatch.message import Message

SYMPTOMS = {
    "stream_interruption": ("P0", "P1"),
    "viewer_complaints": ("P1", "P2"),
    "infrastructure": ("P1", "P2"),
    "content_violation": ("P2",),
    "preparation": ("P2",),
}


def storm(chance: random.Random, *, streams: int, alerts: int) -> list[dict[str, object]]:
    """Distinct alerts, in a random order; a fifth of the procedures' first symptoms are P0."""
    found = []
    procedures = list(SYMPTOMS)
    for number in range(alerts):
        procedure = procedures[number // streams % len(procedures)]
        severities = SYMPTOMS[procedure]
        found.append(
            alert(
                f"Symptom{number // streams}",
                stream=f"room-{number % streams:03d}",
                procedure=procedure,
                severity=severities[number // streams // len(procedures) % len(severities)],
                role="tech",
            )
        )
    chance.shuffle(found)
    return found


def folded(alerts: Iterable[Mapping[str, object]]) -> list[dict[str, object]]:
    """The ends of *alerts*."""
    end = (NOON + timedelta(minutes=1)).isoformat()
    return [{**each, "status": "resolved", "endsAt": end} for each in alerts]


@dataclass(frozen=True)
class Told:
    """One message as it was accepted by a service."""

    at: datetime
    to: str
    message: Message

    @property
    def incidents(self) -> set[int]:
        named = self.message.incidents or ([self.message.incident_id] if self.message.incident_id else [])
        return {int(each) for each in named}

    @property
    def ended(self) -> set[int]:
        return {int(each) for each in self.message.ended} | (
            self.incidents if self.message.kind == "over" else set()
        )


class Ear:
    """Hears what went through the channels it was put on."""

    def __init__(self, clock: Clock) -> None:
        self.told: list[Told] = []
        self._clock = clock

    def on(self, channel: Channel) -> Channel:
        ear = self

        class Heard:
            limits = channel.limits

            async def send(self, message: Message, to: str) -> Receipt:
                receipt = await channel.send(message, to)
                ear.told.append(Told(ear._clock(), to, message))
                return receipt

        return Heard()

    def counts(self) -> dict[str, int]:
        return dict(Counter(told.to for told in self.told))

    def most_in(self, window: timedelta) -> dict[str, int]:
        """The most messages that each person got within *window*."""
        times: defaultdict[str, list[datetime]] = defaultdict(list)
        for told in self.told:
            times[told.to].append(told.at)
        return {
            to: max(sum(at <= other < at + window for other in every) for at in every)
            for to, every in times.items()
        }

    def first(self, severity: str) -> timedelta:
        """From the beginning to the first message of that severity."""
        return min(told.at for told in self.told if told.message.severity == severity) - NOON

    def waits(self, records: Iterable[Any], severity: str) -> list[float]:
        """Seconds until each incident of that severity was first named to anybody, sorted."""
        named: dict[int, datetime] = {}
        for told in self.told:
            for incident in told.incidents:
                named.setdefault(incident, told.at)
        return sorted(
            (named[record.incident.id] - record.incident.opened_at).total_seconds()
            for record in records
            if record.incident.severity == severity
        )


def is_told(ear: Ear, records: Iterable[Any]) -> bool:
    """Everybody who was called for an incident was told of it, and of its end when its start was told before."""
    started: defaultdict[int, set[str]] = defaultdict(set)
    ended: defaultdict[int, set[str]] = defaultdict(set)
    for told in ear.told:
        for incident in told.incidents - told.ended:
            started[incident].add(told.to)
        for incident in told.ended:
            ended[incident].add(told.to)
    for record in records:
        number = record.incident.id
        called = {page.person for page in record.pages if page.state != "cancelled"}
        assert called, record.incident
        assert called <= started[number] | ended[number], (called, started[number], ended[number])
        assert started[number] <= ended[number], f"#{number}: {started[number]} never heard the end"
        assert {page.state for page in record.pages} <= {"delivered", "cancelled"}
    return True
