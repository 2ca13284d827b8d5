"""Ten thousand alerts of two hundred streams in a minute: nothing lost, no limit tripped, and phones stay readable.

The real channels, to robots on 127.0.0.1 that enforce their limits and penalties; the clock is moved by the test.
"""

import random
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from servers.dingtalk import DingTalkServer
from servers.storm import Ear, folded, is_told, storm
from servers.story import Phone, Story, alert, book, person
from servers.wecom import WeComServer
from streamwatch.channels.dingtalk import DingTalk
from streamwatch.channels.dingtalk import Settings as DingTalkSettings
from streamwatch.channels.wecom import Settings as WeComSettings
from streamwatch.channels.wecom import WeCom
from streamwatch.delivering.budget import MOST, WINDOW
from streamwatch.incidents.escalating import Escalating
from streamwatch.incidents.escalation import DEFAULT


class Storm:
    """Alice is called over DingTalk, Bob over WeCom, Charlie, who is ops, over both; the escalation looks on."""

    def __init__(self, folder: Path) -> None:
        people = (person("alice", "ding"), person("bob", "wecom"), person("charlie", "wecom", "ding"))
        duty = book(people, {"tech": ("alice", "bob"), "service": ("bob",), "ops": ("charlie",)})
        self.story = Story(folder, duty, ding=Phone(), wecom=Phone())
        clock, http = self.story.clock, self.story.http
        self.ding, self.wecom = DingTalkServer(clock), WeComServer(clock)
        settings = DingTalkSettings(type="dingtalk", url=self.ding.url, secret=self.ding.secret)
        self.ear = Ear(clock)
        channels: dict[str, Any] = self.story.phones
        channels["ding"] = self.ear.on(DingTalk(settings, http, clock))
        channels["wecom"] = self.ear.on(WeCom(WeComSettings(type="wecom", url=self.wecom.url), http, clock))
        self._escalate()

    def _escalate(self) -> None:
        self.escalating = Escalating(self.story.store, lambda: self.story.book, lambda: DEFAULT, self.story.clock)

    async def second(self, alerts: Iterable[dict[str, object]] = ()) -> None:
        """One second of it, in webhooks of fifty, as Alertmanager's groups come."""
        some = list(alerts)
        for first in range(0, len(some), 50):
            await self.story.accept(*some[first : first + 50])
        await self.story.turn()
        if await self.escalating.step():
            await self.story.turn()
        self.story.clock.advance(1)

    async def restart(self) -> None:
        await self.story.restart()
        self._escalate()

    def tripped(self) -> dict[str, int]:
        """How often a robot said that it was asked too much."""
        families = self.story.metrics.registry.collect()
        (pages,) = [family for family in families if family.name == "streamwatch_pages"]
        bad = [sample for sample in pages.samples if sample.labels["outcome"] != "delivered"]
        return {sample.labels["outcome"]: int(sample.value) for sample in bad if sample.value}


@pytest.fixture
async def sky(tmp_path: Path) -> AsyncIterator[Storm]:
    sky = Storm(tmp_path)
    with closing(sky.ding), closing(sky.wecom):
        yield sky
    await sky.story.close()


async def test_ten_thousand_alerts_in_a_minute(sky: Storm) -> None:
    """Each incident is told to Alice, everybody gets twelve messages at the most, and all is over afterwards."""
    alerts = storm(random.Random(20261122), streams=200, alerts=10_000)
    for second in range(60):
        await sky.second(alerts[second * 10_000 // 60 : (second + 1) * 10_000 // 60])
    for second in range(60):
        await sky.second(folded(alerts[second * 10_000 // 60 : (second + 1) * 10_000 // 60]))
    for _ in range(540 // 5):
        await sky.second()
        sky.story.clock.advance(4)
    in_the_storm = sky.ear.most_in(timedelta(minutes=10))
    for _ in range(60):
        await sky.second()
        sky.story.clock.advance(9)

    incidents = {row.incident.id: row for row in sky.story.store.journal.incidents(("resolved",), limit=5000)}
    assert not sky.story.store.journal.incidents(("open", "acknowledged"))
    assert len({row.incident.stream for row in incidents.values()}) == 200
    assert sky.tripped() == {}
    assert max(in_the_storm.values()) <= MOST
    assert is_told(sky.ear, incidents.values())
    assert sky.story.store.standing().outbox_due == 0
    waits = sky.ear.waits(incidents.values(), "P0")
    print(f"{len(incidents)} incidents, messages {sky.ear.counts()}, in ten minutes at most {in_the_storm}")
    print(f"P0 named after {waits[len(waits) // 2]:.0f} s (median), {waits[int(len(waits) * 0.95)]:.0f} s (95 %)")
    assert sky.ear.first("P0") <= timedelta(seconds=1)


async def test_a_day_of_storm_and_flapping(sky: Storm) -> None:
    """Forty streams flap all day, with restarts: none lost, no limit tripped, twelve in ten minutes at most."""
    chance, firing = random.Random(7), dict[str, dict[str, object]]()
    for step in range(24 * 30):
        at, news = sky.story.clock(), list[dict[str, object]]()
        for _ in range(30 if step % 120 < 6 else chance.choice((0, 0, 1, 2))):
            room = f"room-{chance.randrange(40):03d}"
            if room in firing:
                news += _ended([firing.pop(room)], at)
            else:
                severity = chance.choice(("P0", "P1", "P2"))
                firing[room] = alert(stream=room, started=at, severity=severity, procedure=f"flap {severity}")
                news.append(firing[room])
        await sky.second(news)
        if step % 240 == 239:
            await sky.restart()
        for seconds in (5, 60, 53):
            if seconds == 5 and not news:
                continue
            await sky.second()
            sky.story.clock.advance(seconds)
    await sky.second(_ended(firing.values(), sky.story.clock()))
    for _ in range(60):
        await sky.second()
        sky.story.clock.advance(29)

    records = sky.story.store.journal.incidents(("open", "acknowledged", "resolved"), limit=10_000)
    pages = Counter(page.state for record in records for page in record.pages)
    waits = sky.ear.waits(records, "P0")
    most = sky.ear.most_in(WINDOW)
    print(f"{len(records)} incidents in a day, messages {sky.ear.counts()}, in ten minutes at most {most}")
    print(f"P0 named after {waits[int(len(waits) * 0.95)]:.0f} s (95 %), {waits[-1]:.0f} s at most; pages {pages}")
    assert {record.incident.state for record in records} == {"resolved"}
    assert sky.tripped() == {}
    assert max(most.values()) <= MOST
    assert set(pages) <= {"delivered", "cancelled"}
    assert waits[-1] <= 300


def _ended(alerts: Iterable[dict[str, object]], at: datetime) -> list[dict[str, object]]:
    return [{**each, "status": "resolved", "endsAt": at.isoformat()} for each in alerts]
