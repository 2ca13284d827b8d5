"""An incident over a channel that remembers: its message is mended at the end.

Alice is on duty, Bob is next; told through the real store, from the webhook to the chat.
"""

from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import update

from servers.lines import open_one
from servers.story import Hands, Phone, Story, alert, book
from servers.telegram import ALICE, TOKEN, TelegramServer
from streamwatch.duty import Contact, Person
from streamwatch.message import Earlier
from streamwatch.store import tables


@pytest.fixture
async def phone(tmp_path: Path) -> AsyncIterator[Story]:
    """A story whose phone keeps what it was sent."""
    story = Story(tmp_path)
    yield story
    await story.close()


async def test_a_page_knows_what_was_sent_before_it(phone: Story) -> None:
    """By the names that the service gave, oldest first, with the person each was sent to."""
    at = phone.clock()
    await phone.push(alert(severity="P1"))
    await phone.push(alert("IngestServerDown", severity="P0"))
    later = phone.clock()
    for name, severity in (("StreamNotPublishing", "P1"), ("IngestServerDown", "P0")):
        await phone.push(alert(name, severity=severity, status="resolved"))
    await phone.wait(30)
    pages = [(message.kind, message.thread) for _, message in phone.phone.rang if message.person == "alice"]
    first, second = Earlier("alice", "id-1", at), Earlier("alice", "id-2", later)
    assert pages == [("firing", ()), ("raised", (first,)), ("over", (first, second))]


async def test_other_incidents_are_no_part_of_it(phone: Story) -> None:
    """Another stream begins anew."""
    await phone.push(alert())
    await phone.push(alert(stream="other"))
    assert [message.thread for _, message in phone.phone.rang] == [(), ()]


async def test_a_message_about_many_belongs_to_none(phone: Story) -> None:
    """What told of two incidents at once must not be rewritten as the end of one of them."""
    await phone.push(alert())
    await phone.push(alert(stream="other"))
    with phone.store.database.writing() as connection:
        connection.execute(update(tables.page).values(carried_by=1, provider_id="digest-1"))
    await phone.push(alert(status="resolved"))
    await phone.wait(30)
    ends = [message.thread for _, message in phone.phone.rang if message.kind == "over"]
    assert ends
    assert set(ends) == {()}


async def test_both_languages_are_there(phone: Story) -> None:
    """For a channel that shows each reader their own."""
    await phone.push(alert())
    _, message = phone.phone.rang[0]
    assert message.translation is not None
    assert (message.language, message.translation.language) == ("zh", "en")
    assert "nothing arrives" in message.translation.title
    assert message.translation.ack_url == message.ack_url


async def test_telegrams_message_lives_until_the_end(tmp_path: Path) -> None:
    """One message that rang, and that says in the end that all is well."""
    clock = Hands()
    alice = Person("alice", "Alice", "zh", (Contact("bot", ALICE),))
    with closing(TelegramServer(clock)) as server:
        story = Story(tmp_path, book((alice,), {"tech": ("alice",)}), bot=Phone())
        settings = {"type": "telegram", "url": server.base, "token": TOKEN}
        story.phones["bot"] = open_one(settings, story.http, clock)  # type: ignore[assignment]
        await story.push(alert())
        await story.push(alert(status="resolved"))
        await story.wait(5)
        await story.close()
        (heard,) = server.heard
        assert (heard.silent, heard.edits) == (False, 1)
        assert heard.history[0].startswith("【P0】demo 推流断开")
        assert heard.text.startswith("【恢复】demo 推流断开")
