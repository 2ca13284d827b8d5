"""Prometheus or Alertmanager dies: the receiver itself calls within seconds, once, and says when it is over."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from servers.health_page import HealthPage, health_page
from servers.story import NOON, Story, alert
from streamwatch.watching.liveness import Peer
from streamwatch.watching.looking import Looking
from streamwatch.watching.watchdog import Watchdog

CALLED, OVER = ("alice", "firing"), ("alice", "over")


@dataclass
class Way:
    """A receiver and the two that it looks at; the Watchdog is told every ten seconds while `beats`."""

    story: Story
    prometheus: HealthPage
    alertmanager: HealthPage
    beats: bool = True

    def begin(self) -> None:
        """As a receiver that starts."""
        where = {Peer.PROMETHEUS: lambda: self.prometheus.url, Peer.ALERTMANAGER: lambda: self.alertmanager.url}
        self.looking = Looking(self.story.http, where, self.story.clock)
        self.watchdog = Watchdog(
            self.story.store, self.story.http, lambda: None, self.story.clock, self.looking.sights
        )

    async def second(self) -> None:
        self.story.clock.advance(1)
        if self.beats and (self.story.clock() - NOON).seconds % 5 == 0:
            await self.story.push(alert("Watchdog", severity="none"))
        await self.looking.look()
        await self.watchdog.step()
        await self.story.turn()

    async def seconds(self, count: int) -> None:
        for _ in range(count):
            await self.second()

    @property
    def heard(self) -> list[tuple[str, str]]:
        return self.story.phone.heard()

    def page_of(self, peer: Peer) -> HealthPage:
        return self.prometheus if peer is Peer.PROMETHEUS else self.alertmanager


@pytest.fixture
async def way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Way]:
    monkeypatch.setattr(
        "streamwatch.watching.looking.PATIENCE", 60.0
    )  # the clock is ours, and this machine may be busy
    story = Story(tmp_path)
    async with health_page() as prometheus, health_page() as alertmanager:
        way = Way(story, prometheus, alertmanager)
        way.begin()
        await story.push(alert("Watchdog", severity="none"))
        yield way
    await story.close()


@pytest.mark.parametrize(
    ("peer", "title", "step", "seconds"),
    [
        (Peer.PROMETHEUS, "Prometheus 没有应答", "prometheus-gone", 7),
        (Peer.ALERTMANAGER, "Alertmanager 没有应答", "alertmanager-gone", 9),  # a beat that is late may come
    ],
)
async def test_who_is_dead_is_named_within_seconds_and_told_once(
    way: Way, peer: Peer, title: str, step: str, seconds: int
) -> None:
    """Alice is called seconds later, with the step for it; the Watchdog's silence adds nothing."""
    await way.seconds(20)
    way.page_of(peer).dead = True
    way.beats = peer is Peer.PROMETHEUS  # Alertmanager goes on telling what that one said last
    await way.seconds(seconds - 1)
    assert way.heard == []
    await way.second()
    assert way.heard == [CALLED]
    assert title in way.story.phone.rang[0][1].title

    way.beats = False
    await way.seconds(100)
    assert way.heard == [CALLED]
    (record,) = way.story.incidents()
    assert len(record.episodes) == 1
    row = record.incident
    assert (row.runbook_step, row.severity, row.role, row.alertname) == (step, "P0", "tech", "WatchdogSilent")

    way.page_of(peer).dead = False
    await way.seconds(30)
    assert way.heard == [CALLED]  # it answers, and no alert has come the whole way yet
    way.beats = True
    await way.seconds(11)
    assert way.heard == [CALLED, OVER]


async def test_a_restart_of_three_seconds_calls_nobody(way: Way) -> None:
    """Of one, of the other, of both, again and again."""
    for pages in ([way.prometheus], [way.alertmanager], [way.prometheus, way.alertmanager]) * 2:
        for page in pages:
            page.dead = True
        await way.seconds(3)
        for page in pages:
            page.dead = False
        await way.seconds(4)
    assert way.heard == []


async def test_minutes_of_reading_its_log_are_no_death(way: Way) -> None:
    """It lives, and is not ready: that nothing is judged meanwhile is the Watchdog's to tell, after its minute."""
    await way.seconds(5)
    way.prometheus.dead = True
    await way.seconds(3)
    way.prometheus.dead, way.prometheus.ready = False, 503
    await way.seconds(50)
    assert way.heard == []

    way.beats = False
    await way.seconds(62)
    assert way.heard == [CALLED]
    assert "告警通路中断" in way.story.phone.rang[0][1].title


async def test_it_is_over_when_it_works_and_not_when_it_lives(way: Way) -> None:
    """Alertmanager goes on telling the Watchdog of a Prometheus that still reads its log: no rule is judged yet."""
    await way.seconds(5)
    way.prometheus.dead = True
    await way.seconds(10)
    way.prometheus.dead, way.prometheus.ready = False, 503
    await way.seconds(60)
    assert way.heard == [CALLED]

    way.prometheus.ready = 200
    await way.seconds(16)
    assert way.heard == [CALLED, OVER]


async def test_who_dies_again_while_it_comes_back_is_one_trouble(way: Way) -> None:
    """A service that is restarted in a loop is told once; over is what holds for five seconds."""
    await way.seconds(5)
    for _ in range(10):
        way.prometheus.dead = True
        await way.seconds(10)
        way.prometheus.dead = False
        await way.seconds(3)
    assert way.heard == [CALLED]


async def test_both_at_once_are_one_page(way: Way) -> None:
    """Their machine is off."""
    await way.seconds(5)
    way.prometheus.dead = way.alertmanager.dead = True
    way.beats = False
    await way.seconds(120)
    assert way.heard == [CALLED]
    assert "Prometheus 和 Alertmanager 都没有应答" in way.story.phone.rang[0][1].title
    assert way.story.incidents()[0].incident.runbook_step == "way-closed"


async def test_one_after_the_other_is_one_page(way: Way) -> None:
    """Over is when both are back."""
    await way.seconds(5)
    way.prometheus.dead = True
    await way.seconds(10)
    way.alertmanager.dead, way.beats = True, False
    await way.seconds(10)
    way.prometheus.dead = False
    await way.seconds(30)
    assert way.heard == [CALLED]
    way.alertmanager.dead, way.beats = False, True
    await way.seconds(16)
    assert way.heard == [CALLED, OVER]


async def test_a_restart_of_the_receiver_is_neither_an_end_nor_a_second_page(way: Way) -> None:
    """Alertmanager still tells the Watchdog of the dead Prometheus to the one that knows of no death."""
    await way.seconds(5)
    way.prometheus.dead = True
    await way.seconds(7)
    assert way.heard == [CALLED]

    await way.story.restart()
    way.begin()
    await way.seconds(50)
    way.beats = False
    await way.seconds(80)
    assert way.heard == [CALLED]

    way.prometheus.dead, way.beats = False, True
    await way.seconds(16)
    assert way.heard == [CALLED, OVER]


async def test_at_our_own_start_nobody_is_called_for_who_is_not_there_yet(way: Way) -> None:
    """However long, while the Watchdog is heard; what has never answered may stand wrong in duty.yml."""
    way.prometheus.dead = way.alertmanager.dead = True
    await way.story.restart()
    way.begin()
    await way.seconds(90)
    assert way.heard == []


async def test_the_watchdog_alone_tells_of_one_that_was_dead_before_we_began(way: Way) -> None:
    """After the minute that it has from our start on; whoever does not answer is named."""
    way.prometheus.dead, way.beats = True, False
    await way.story.restart()
    way.begin()
    await way.seconds(60)
    assert way.heard == []
    await way.seconds(2)
    assert way.heard == [CALLED]
    assert "Prometheus 没有应答" in way.story.phone.rang[0][1].title


async def test_an_address_that_only_we_cannot_reach_is_no_fault(way: Way) -> None:
    """A firewall between us and Alertmanager: its webhooks come, so the way is open."""
    await way.seconds(15)
    way.alertmanager.dead = True
    await way.seconds(120)
    assert way.heard == []


async def test_a_hung_one_is_dead(way: Way, monkeypatch: pytest.MonkeyPatch) -> None:
    """It accepts the connection and says nothing; each look is given up in time."""
    await way.seconds(5)
    way.prometheus.hangs = True
    monkeypatch.setattr("streamwatch.watching.looking.PATIENCE", 0.5)
    await way.seconds(7)
    assert way.heard == [CALLED]
