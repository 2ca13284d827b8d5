"""Chat posted over HTTP becomes counts of people, and words on request."""

import asyncio
import json
import re
import time
from pathlib import Path

import pytest

from servers.exporter import running_exporter
from servers.hand_clock import HandClock

CONFIG = "streams: [{id: demo, chat: {quiet_after: 120}}, {id: other, chat: {}}]"
PATH = "/api/v1/chat/demo"
COMPLAINING = "streamwatch_chat_complaining_users"


def lines(users: int, messages: int, text: str) -> bytes:
    said = [{"user": f"user-{i % users}", "text": text, "platform": "douyin"} for i in range(messages)]
    return "\n".join(json.dumps(line, ensure_ascii=False) for line in said).encode()


async def test_sixty_of_three_hundred_complain(tmp_path: Path) -> None:
    """400 messages of 60 users among 300 chatters."""
    async with running_exporter(tmp_path, CONFIG) as exporter:
        assert await exporter.post(PATH, lines(300, 300, "主播好")) == (
            202,
            {"accepted": 300, "duplicates": 0, "rejected": 0},
        )
        await exporter.post(PATH, lines(60, 400, "好卡啊 13912345678"))
        page = await exporter.page()
        assert page.value(COMPLAINING, stream="demo", category="lag", window="1m") == 60
        assert page.value(COMPLAINING, stream="demo", category="audio") == 0
        assert page.value("streamwatch_chat_unique_chatters", stream="demo", window="1m") == 300
        assert page.value("streamwatch_chat_complaints_total", stream="demo", category="lag") == 60
        assert page.value("streamwatch_chat_messages_total", stream="demo", platform="douyin") == 700
        assert page.value("streamwatch_chat_connected", stream="demo", platform="douyin") == 1
        assert await exporter.get_json(f"{PATH}/samples?category=lag&limit=5") == {
            "category": "lag",
            "users": 60,
            "chatters": 300,
            "samples": ["好卡啊 ***********"],
        }
        assert "user-" not in page.text
        assert not re.search("卡", "".join(line for line in page.text.splitlines() if line[0] != "#"))


async def test_what_every_room_complains_about_in_one_answer(tmp_path: Path) -> None:
    """With people, words and whether anybody is heard at all; without the token nothing."""
    async with running_exporter(tmp_path, CONFIG) as exporter:
        await exporter.post(PATH, lines(7, 7, "好卡啊 13912345678"))
        demo = {"category": "lag", "users": 7, "samples": ["好卡啊 ***********"]}
        assert await exporter.get_json("/api/v1/chat") == {
            "streams": [
                {"stream": "demo", "heard": True, "chatters": 7, "categories": [demo]},
                {"stream": "other", "heard": False, "chatters": 0, "categories": []},
            ]
        }
        assert (await exporter.get("/api/v1/chat"))[0] == 401


async def test_four_hundred_from_one_user_are_one(tmp_path: Path) -> None:
    """One troll is one complaining user."""
    async with running_exporter(tmp_path, CONFIG) as exporter:
        await exporter.post(PATH, lines(1, 400, "卡死了"))
        page = await exporter.page()
        assert page.value(COMPLAINING, stream="demo", category="lag") == 1
        assert page.value("streamwatch_chat_complaints_total", stream="demo", category="lag") == 1


async def test_what_nobody_hears_is_absent_and_not_zero(tmp_path: Path) -> None:
    """Before the first delivery, and after the allowed silence, people are not counted as silent."""
    hand = HandClock()
    async with running_exporter(tmp_path, CONFIG, hand.clock) as exporter:
        page = await exporter.page()
        assert page.values(COMPLAINING) == page.values("streamwatch_viewers") == []
        assert page.value("streamwatch_chat_complaints_total", stream="demo", category="lag") == 0
        await exporter.post(PATH, b'[{"user": "a", "text": "hi"}, {"viewers": 2500}]')
        page = await exporter.page()
        assert page.value("streamwatch_viewers", stream="demo", platform="other") == 2500
        assert page.value(COMPLAINING, stream="demo", category="lag") == 0
        assert page.values(COMPLAINING, stream="other") == []
        hand.pass_by(121)
        page = await exporter.page()
        assert page.value("streamwatch_chat_connected", stream="demo") == 0
        assert page.value("streamwatch_chat_last_message_age_seconds", stream="demo") == 121
        assert page.values(COMPLAINING, stream="demo") == page.values("streamwatch_viewers") == []


async def test_redelivery_and_rejects_are_told_to_the_sender(tmp_path: Path) -> None:
    """Each line is accounted for."""
    body = (
        b'{"user":"a","text":"x","id":"1"}\n{"user":"a","text":"x","id":"1"}\n{"text":"no user"}\n{"viewers":3}\n'
    )
    async with running_exporter(tmp_path, CONFIG) as exporter:
        assert await exporter.post(PATH, body) == (202, {"accepted": 2, "duplicates": 1, "rejected": 1})


@pytest.mark.parametrize("token", [None, "", "wrong", "token-of-the-tesT", "密"])
async def test_without_the_token_nothing_is_taken(tmp_path: Path, token: str | None) -> None:
    """Neither messages, nor samples, nor a reload."""
    async with running_exporter(tmp_path, CONFIG) as exporter:
        for path in (PATH, "/-/reload"):
            status, answer = await exporter.post(path, lines(1, 1, "卡"), token=token)
            assert (status, "token" in answer["error"]) == (401, True)
        assert (await exporter.get(f"{PATH}/samples?category=lag"))[0] == 401
        assert (await exporter.page()).values("streamwatch_chat_messages_total") == []


async def test_bad_bodies_have_their_status(tmp_path: Path) -> None:
    """Too large, no JSON, no such stream, no such category."""
    async with running_exporter(tmp_path, CONFIG) as exporter:
        status, _ = await exporter.post(PATH, b"not json at all")
        assert status == 400
        status, _ = await exporter.post("/api/v1/chat/nobody", b"{}")
        assert status == 404
        status, answer = await exporter.post(PATH, b" " * 1_100_000)
        assert (status, "fewer lines" in answer["error"]) == (413, True)
        headers = {"Authorization": "Bearer token-of-the-test"}
        assert (await exporter.get(f"{PATH}/samples?category=nonsense", **headers))[0] == 400
        assert (await exporter.get(f"{PATH}/samples?category=lag&limit=-1", **headers))[0] == 400
        assert (await exporter.get("/api/v1/chat/nobody/samples?category=lag", **headers))[0] == 404
        assert (await exporter.page()).values("streamwatch_chat_messages_total") == []


async def test_a_large_body_does_not_hold_the_event_loop(tmp_path: Path) -> None:
    """Nearly a megabyte of chat is counted in parts: no turn of the loop computes for as long as half of it all.

    In time of this thread alone, which other processes do not lengthen.
    """
    body = lines(5000, 12_000, "好卡啊")[:1_000_000].rpartition(b"\n")[0]
    async with running_exporter(tmp_path, CONFIG) as exporter:
        posting = asyncio.create_task(exporter.post(PATH, body))
        turns = list[float]()
        before = time.thread_time()
        while not posting.done():
            await asyncio.sleep(0)
            turns.append((now := time.thread_time()) - before)
            before = now
        status, outcome = await posting
    assert (status, outcome["rejected"]) == (202, 0)
    assert max(turns) < sum(turns) / 2


async def test_who_came_is_counted_by_the_way(tmp_path: Path) -> None:
    """Ways that no feed told of are absent, and a feed that tells of them is connected."""
    joined = "streamwatch_viewers_joined_total"
    async with running_exporter(tmp_path, CONFIG) as exporter:
        assert (await exporter.page()).values(joined) == []
        await exporter.post(PATH, b'{"joined": 7, "source": "paid", "platform": "douyin"}\n{"joined": 2}')
        await exporter.post(
            PATH, b'{"joined": 3, "source": "paid"}\n{"joined": 0, "source": "organic"}\n{"joined": "x"}'
        )
        page = await exporter.page()
        assert page.value(joined, stream="demo", source="paid") == 10
        assert page.value(joined, stream="demo", source="organic") == 0
        assert page.value(joined, stream="demo", source="other") == 2
        assert len(page.values(joined)) == 3
        assert page.value("streamwatch_chat_connected", stream="demo", platform="douyin") == 1
