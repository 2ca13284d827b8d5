"""`streamwatch send-test` over every kind of channel: through the whole delivery, and into the database."""

from pathlib import Path

import pytest
from sqlalchemy import select

from servers.lines import KINDS, Switchboard
from servers.story import Hands, Phone, Story, book
from streamwatch.duty import Contact, Person
from streamwatch.language import Text
from streamwatch.store import tables
from streamwatch.store.usage import sent_since


@pytest.mark.parametrize("kind", KINDS)
async def test_a_test_page_is_delivered(tmp_path: Path, dial: Switchboard, clock: Hands, kind: str) -> None:
    """By the service's own rules; its receipt is kept, and it counts against the month."""
    line = dial(kind)
    alice = Person("alice", "Alice", "zh", (Contact("it", line.kind.to),))
    story = Story(tmp_path, book((alice,), {"tech": ("alice",)}), it=Phone())
    story.phones["it"] = line.channel  # type: ignore[assignment]
    story.store.outbox.test("alice", Text("测试", "test"), story.clock())
    await story.turn()
    with story.store.database.reading() as connection:
        (page,) = connection.execute(select(tables.page)).all()
    used = sent_since(story.store.database, ["it", "other"], clock())
    await story.close()
    assert (page.state, page.provider_id) == ("delivered", KINDS[kind].receipt)
    assert used == {"it": 1}
    assert len(line.service.heard) == 1
