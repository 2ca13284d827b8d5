"""The silence of the Watchdog: the receiver itself calls, and does not take silence for recovery."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import respx

from servers.story import Story, alert
from streamwatch.watching.watchdog import Watchdog

URL = "http://127.0.0.1:9090"


@pytest.fixture
async def story(tmp_path: Path) -> AsyncIterator[Story]:
    story = Story(tmp_path)
    yield story
    await story.close()


def watchdog_of(story: Story, url: str | None = None) -> Watchdog:
    return Watchdog(story.store, story.http, lambda: url, story.clock)


async def beat(story: Story, watchdog: Watchdog, status: str = "firing") -> None:
    await story.push(alert("Watchdog", severity="none", status=status))
    await watchdog.step()
    await story.turn()


async def quiet(story: Story, watchdog: Watchdog, seconds: int) -> None:
    for _ in range(seconds):
        story.clock.advance(1)
        await watchdog.step()
        await story.turn()


async def test_silence_for_a_minute_calls_and_the_next_beat_ends_it(story: Story) -> None:
    """Nobody else could tell: Prometheus and Alertmanager are what is gone."""
    watchdog = watchdog_of(story)
    await beat(story, watchdog)
    await quiet(story, watchdog, 60)
    assert story.phone.heard() == []

    await quiet(story, watchdog, 60)
    assert story.phone.heard() == [("alice", "firing")]
    assert "告警通路中断" in story.phone.rang[0][1].title

    await beat(story, watchdog)
    assert story.phone.heard() == [("alice", "firing"), ("alice", "over")]


async def test_a_watchdog_that_is_told_to_be_over_calls_at_once(story: Story) -> None:
    """Alertmanager gave Prometheus up: that was a minute of silence already."""
    watchdog = watchdog_of(story)
    await beat(story, watchdog)
    await beat(story, watchdog, "resolved")

    assert story.phone.heard() == [("alice", "firing")]


async def test_a_restart_is_no_silence(story: Story) -> None:
    """What was not heard while the receiver was down says nothing about the way."""
    await beat(story, watchdog_of(story))
    story.clock.advance(3600)
    after = watchdog_of(story)
    await quiet(story, after, 60)
    assert story.phone.heard() == []

    await quiet(story, after, 1)
    assert story.phone.heard() == [("alice", "firing")]


async def test_a_restart_is_no_beat_either(story: Story) -> None:
    """While the way is closed nobody is told that it is open again, and nobody is called a second time."""
    watchdog = watchdog_of(story)
    await beat(story, watchdog)
    await quiet(story, watchdog, 61)
    assert story.phone.heard() == [("alice", "firing")]

    after = watchdog_of(story)
    await quiet(story, after, 300)
    assert story.phone.heard() == [("alice", "firing")]

    await beat(story, after)
    assert story.phone.heard() == [("alice", "firing"), ("alice", "over")]


async def test_without_any_watchdog_nothing_is_concluded(story: Story) -> None:
    """An installation without that rule is not called every minute."""
    await quiet(story, watchdog_of(story), 300)

    assert story.phone.heard() == []


@pytest.mark.parametrize(("answer", "is_open"), [(200, True), (503, False), (None, False)])
async def test_an_end_is_believed_while_prometheus_lives(story: Story, answer: int | None, is_open: bool) -> None:
    """Alertmanager tells an alert to be over also when it merely hears nothing any more."""
    watchdog = watchdog_of(story, URL)
    await beat(story, watchdog)
    if answer is None:
        assert await watchdog_of(story, "http://127.0.0.1:9").way_is_open() is False
        return
    with respx.mock:
        respx.get(f"{URL}/-/ready").respond(answer)
        assert await watchdog.way_is_open() is is_open


async def test_a_doubtful_end_says_so(story: Story) -> None:
    """The title asks, and the text says to look at the stream."""

    async def closed() -> bool:
        return False

    await story.push(alert())
    story.delivery._composing._way_is_open = closed
    await story.push(alert(status="resolved"))

    message = story.phone.rang[-1][1]
    assert message.title.startswith("【恢复？】")
    assert "这可能不是恢复" in message.text
