"""Months of webhooks lie in the inbox: what is asked all the time does not read them all."""

import asyncio
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from servers.story import Story
from streamwatch.store import Store
from streamwatch.store.accepting import ACCEPT

WEBHOOKS = 5_000
STEPS = 1_000  # of SQLite's machine: a fifth of a step for each webhook
ASKED: dict[str, Callable[[Store, Story], object]] = {
    "what stands, at each scrape": lambda store, _: store.standing(),
    "what waits, at each sign of life": lambda store, _: store.inbox.waiting(),
    "what is set aside": lambda store, _: store.inbox.troubled(),
    "whether the clock was set, at the start": lambda store, story: store.steps.ahead(story.clock()),
}


async def test_what_piled_up_goes_in_pieces(tmp_path: Path) -> None:
    """While one is written others are answered: a megabyte at most, or five hundred webhooks, and all of them."""
    story, commits = Story(tmp_path), list[int]()
    inbox = story.store.inbox
    commit = inbox._accepting.commit

    async def counted(rows: Any) -> None:
        commits.append(len(rows))
        await commit(rows)

    inbox._accepting.commit = counted  # type: ignore[method-assign]
    bodies = [b"{}"] * 1200 + [b"x" * 700_000] * 3
    await asyncio.gather(*(inbox.accept("nobody", body, story.clock()) for body in bodies))
    await story.close()

    assert commits == [500, 500, 201, 1, 1]


@pytest.mark.parametrize("question", ASKED)
async def test_a_large_inbox_is_not_read_through(tmp_path: Path, question: str) -> None:
    """SQLite counts its steps: they are few."""
    story, steps = Story(tmp_path), count()
    now = story.clock()
    row = {"source": "alertmanager", "body": b"{}", "received_at": now, "folded_at": now}
    with story.store.database.writing() as connection:
        connection.execute(ACCEPT, [row] * WEBHOOKS)

    @event.listens_for(story.store.database.engine, "checkout")
    def _count(connection: Any, *_: object) -> None:
        connection.set_progress_handler(lambda: next(steps) < 0, 10)

    ASKED[question](story.store, story)
    taken = next(steps) * 10
    await story.close()

    assert taken < STEPS
