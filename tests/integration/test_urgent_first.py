"""What is urgent is folded before its turn when much waits; nothing else changes by it."""

import random
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from servers.story import NOON, Story, alert, webhook
from streamwatch.incidents.folding import NEWS
from streamwatch.store import tables

MANY = 40 * NEWS  # mild alerts that wait


@pytest.fixture
async def story(tmp_path: Path) -> AsyncIterator[Story]:
    story = Story(tmp_path)
    yield story
    await story.close()


def mild(number: int, **labels: str) -> dict[str, object]:
    return alert(stream=f"mild-{number}", severity="P2", role="ops", **labels)


def streams(story: Story) -> list[str]:
    return [record.incident.stream for record in story.store.journal.incidents(limit=10_000)[::-1]]


async def flood(story: Story, count: int = MANY) -> None:
    for number in range(0, count, 5):
        await story.accept(*(mild(each) for each in range(number, number + 5)))


async def test_a_p0_overtakes_all_that_waits(story: Story) -> None:
    """Eight hundred notes wait, then the P0 comes: it is called for with the next transaction but one."""
    await flood(story)
    await story.accept(alert(stream="fire"))
    story.folding.fold()
    story.folding.fold()

    assert len(streams(story)) == NEWS + 1
    assert streams(story)[-1] == "fire"
    assert story.store.inbox.waiting() > MANY // 5 - 10
    assert [(page.person, page.severity) for page in story.store.outbox.lease_due(NOON, timedelta(1), 1)] == [
        ("alice", "P0")
    ]


async def test_what_is_mild_goes_on_meanwhile(story: Story) -> None:
    """However many P0 come, every other transaction folds what waits longest."""
    await flood(story)
    for number in range(20):
        await story.accept(*(alert(stream=f"fire-{number}-{each}") for each in range(NEWS)))
        story.folding.fold()

    found = streams(story)
    assert sum(each.startswith("mild") for each in found) == 10 * NEWS
    assert sum(each.startswith("fire") for each in found) == 10 * NEWS


async def test_a_large_webhook_is_folded_ahead_in_parts_also_across_a_restart(story: Story) -> None:
    """Ninety P0 among ninety notes in one post: all of them first, then the notes, each once."""
    await flood(story)
    both = [(mild(1000 + number), alert(stream=f"fire-{number}")) for number in range(90)]
    await story.accept(*(each for pair in both for each in pair))
    for _ in range(5):
        story.folding.fold()
    await story.restart()
    for _ in range(8):
        story.folding.fold()

    found = streams(story)
    assert sum(each.startswith("fire") for each in found) == 90
    assert len([each for each in found if each.startswith("mild-1")]) < 90
    await story.turn()
    records = story.store.journal.incidents(limit=10_000)
    assert len(records) == MANY + 180
    assert {episode.seen for record in records for episode in record.episodes} == {1}
    assert story.store.inbox.waiting() == 0


def news(chance: random.Random, series: str) -> list[dict[str, object]]:
    """What two Alertmanagers tell of one series, late and twice: every order of starts and ends that there is."""
    severity = chance.choice(("P0", "P0", "P1"))
    starts = [NOON, NOON + timedelta(seconds=chance.choice((5, 300)))]
    return [
        alert(series, stream=series, severity=severity, status=chance.choice(("firing", "resolved")), started=start)
        for start in chance.choices(starts, k=chance.randint(1, 6))
    ]


async def played(story: Story, posts: list[list[dict[str, object]]], *, hurried: bool) -> dict[Any, Any]:
    """How every episode stands when all of it is folded: status, how often it was seen, state of its incident."""
    for post in posts:
        await story.store.inbox.accept("alertmanager", webhook(*post), NOON, 10 if hurried else 0)
    while story.folding.fold():
        continue
    table, incident = tables.episode.c, tables.incident.c
    query = select(table.labels, table.starts_at, table.status, table.seen, incident.state, incident.severity)
    with story.store.database.reading() as connection:
        rows = connection.execute(query.join_from(tables.episode, tables.incident, isouter=True)).all()
        calls = set(connection.scalars(select(tables.page.c.incident_id).where(tables.page.c.kind != "over")))
        assert calls == set(connection.scalars(select(incident.id)))  # somebody is called for each
    return {(row.labels["alertname"], row.starts_at): row[2:] for row in rows}


async def test_the_order_within_a_series_stays(tmp_path: Path, story: Story) -> None:
    """Three hundred series told in every order, in one backlog: all stand afterwards as without overtaking."""
    chance = random.Random(20261129)
    told = {f"series-{number}": news(chance, f"series-{number}") for number in range(300)}
    posts = []
    while told:
        names = chance.sample(sorted(told), min(len(told), 7))
        posts.append([told[name].pop(0) for name in names])
        told = {name: rest for name, rest in told.items() if rest}
    slow = Story(tmp_path / "in turn")
    assert await played(story, posts, hurried=True) == await played(slow, posts, hurried=False)
    await slow.close()


async def test_a_webhook_that_cannot_be_read_is_set_aside(story: Story) -> None:
    """Also when it counts as urgent: it stays where people see it, and those behind it are not held up."""
    await flood(story)
    await story.store.inbox.accept("alertmanager", b"not what intake lets through", NOON, 1)
    await story.accept(alert(stream="fire"))
    for _ in range(6):
        story.folding.fold()

    assert "fire" in streams(story)
    assert story.store.inbox.troubled() == 1
