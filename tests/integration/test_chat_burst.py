"""A burst of chat is counted to the last message and held in bounds: what counts is people, not their haste."""

import asyncio
import json
from pathlib import Path

from servers.exporter import running_exporter
from servers.hand_clock import HandClock
from streamwatch_exporters import chat_window
from streamwatch_exporters.chat import ChatRoom, ChatSettings
from streamwatch_exporters.chat_lines import Message
from streamwatch_exporters.complaints import packaged_matcher

CONFIG = "streams: [{id: demo, chat: {}}]"
MESSAGES, PEOPLE, ANGRY = 12_000, 3_000, 200
LINES = 200  # in one body


def message(number: int) -> dict[str, str]:
    """Person *number* modulo `PEOPLE`; the first of them complain each time they write."""
    person = number % PEOPLE
    text = "好卡啊" if person < ANGRY else "主播好"
    return {"user": f"user-{person}", "text": text, "id": str(number), "platform": "douyin"}


async def test_a_burst_is_counted_to_the_last_message(tmp_path: Path) -> None:
    """Twelve thousand over four connections at once, some bodies twice: every message and person counts once."""
    bodies = [
        "\n".join(
            json.dumps(message(number), ensure_ascii=False) for number in range(first, first + LINES)
        ).encode()
        for first in range(0, MESSAGES, LINES)
    ]
    async with running_exporter(tmp_path, CONFIG) as exporter:

        async def feed(mine: list[bytes]) -> list[dict[str, int]]:
            answers = [await exporter.post("/api/v1/chat/demo", body) for body in mine]
            assert {status for status, _ in answers} == {202}
            return [told for _, told in answers]

        again = bodies[::10]
        told = await asyncio.gather(*(feed(bodies[lane::4]) for lane in range(4)))
        repeated = await feed(again)
        page = await exporter.page()
    assert sum(each["accepted"] for lane in told for each in lane) == MESSAGES
    assert sum(each["duplicates"] for each in repeated) == len(again) * LINES
    assert page.value("streamwatch_chat_messages_total", stream="demo", platform="douyin") == MESSAGES
    assert page.value("streamwatch_chat_unique_chatters", stream="demo", window="1m") == PEOPLE
    assert page.value("streamwatch_chat_complaining_users", stream="demo", category="lag", window="1m") == ANGRY
    assert page.value("streamwatch_chat_complaints_total", stream="demo", category="lag") == ANGRY
    assert sum(page.values("streamwatch_chat_dropped_total", stream="demo")) == 0


async def test_messages_that_come_one_by_one_are_counted_too(tmp_path: Path) -> None:
    """Eight feeds that post each message by itself lose none to each other."""
    async with running_exporter(tmp_path, CONFIG) as exporter:

        async def feed(lane: int) -> None:
            for number in range(lane, 400, 8):
                status, told = await exporter.post("/api/v1/chat/demo", json.dumps(message(number)).encode())
                assert (status, told["accepted"]) == (202, 1)

        await asyncio.gather(*map(feed, range(8)))
        page = await exporter.page()
    assert page.value("streamwatch_chat_messages_total", stream="demo", platform="douyin") == 400
    assert page.value("streamwatch_chat_unique_chatters", stream="demo", window="1m") == 400


def test_a_burst_of_strangers_is_held_in_bounds() -> None:
    """More people, ids and complaints within one minute than are kept: what is held stays bounded, and what is left
    out is told."""
    hand = HandClock()
    room = ChatRoom(ChatSettings(), hand.clock, packaged_matcher())
    many = chat_window._MAX_IDS + 5_000
    assert room.take(Message(f"user-{n}", "好卡啊", "douyin", str(n)) for n in range(many)).accepted == many
    window = room.window
    assert room.feeds["douyin"].messages == many
    assert window.chatters(hand.now) == window.complaining("lag", hand.now) == chat_window._MAX_USERS
    assert len(window._ids._at) == chat_window._MAX_IDS
    assert len(window._samples["lag"]) == chat_window._MAX_SAMPLES
    assert window.dropped["users"] == many - chat_window._MAX_USERS
    assert window.dropped["ids"] == many - chat_window._MAX_IDS
    hand.pass_by(60)
    assert window.chatters(hand.now) == window.complaining("lag", hand.now) == 0
