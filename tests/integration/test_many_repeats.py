"""What is told again and again is folded in large batches, which leave room for others and forget nothing."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from servers.story import Story, alert, webhook
from streamwatch.store.claims import CLAIMED, Claims


@pytest.fixture
async def story(tmp_path: Path) -> AsyncIterator[Story]:
    story = Story(tmp_path)
    yield story
    await story.close()


async def post(story: Story, *streams: str) -> None:
    body = webhook(*(alert(stream=each) for each in streams))
    await story.store.inbox.accept("alertmanager", body, story.clock())


async def test_news_between_repeats_is_told_and_every_repeat_is_counted(story: Story) -> None:
    """Thirty webhooks of two alerts, one of them with a third that is new: it is told, all others are repeats."""
    await story.push(alert(stream="a"), alert(stream="b"))
    for number in range(30):
        await post(story, "a", "b", *(["c"] if number == 13 else []))
    await story.turn()

    assert sorted(message.stream for _, message in story.phone.rang) == ["a", "b", "c"]
    seen = {each.labels["stream"]: each.seen for record in story.incidents() for each in record.episodes}
    assert seen == {"a": 31, "b": 31, "c": 1}
    assert story.store.inbox.waiting() == 0
    moves = {move: story.metrics.registry.get_sample_value("streamwatch_alerts_total", {"move": move})
             for move in ("begin", "duplicate")}  # fmt: skip
    assert moves == {"begin": 3, "duplicate": 60}


async def test_an_end_behind_repeats_keeps_its_place(story: Story) -> None:
    """Repeat, end, repeat of the same: told once and over once, for the last one is old news."""
    await story.push(alert())
    await post(story, "demo")
    await story.store.inbox.accept("alertmanager", webhook(alert(status="resolved")), story.clock())
    await post(story, "demo")
    await story.turn()

    assert story.phone.heard() == [("alice", "firing"), ("alice", "over")]


async def test_large_webhooks_are_not_all_read_at_once(story: Story) -> None:
    """Of ten that wait only so many are held in memory as there is room for, and one in any case."""
    large = webhook(alert(note="x" * (CLAIMED * 2 // 5)))
    for _ in range(10):
        await story.store.inbox.accept("alertmanager", large, story.clock())
    with story.store.database.reading() as connection:
        assert len(Claims(connection).claim(500)) == 2
    await story.store.inbox.accept(
        "alertmanager", webhook(alert(stream="other", note="x" * CLAIMED)), story.clock()
    )
    await story.turn()
    assert story.store.inbox.waiting() == 0
    assert {message.stream for _, message in story.phone.rang} == {"demo", "other"}
