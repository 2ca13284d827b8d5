"""A chat room counts people and complaints over the last minute, on a clock that the test moves."""

from collections.abc import Iterator

import pytest

from servers.hand_clock import HandClock
from streamwatch_exporters import chat_window
from streamwatch_exporters.chat import ChatRoom, ChatSettings
from streamwatch_exporters.chat_lines import Message, Viewers
from streamwatch_exporters.complaints import packaged_matcher


@pytest.fixture
def hand() -> HandClock:
    return HandClock()


@pytest.fixture
def room(hand: HandClock) -> ChatRoom:
    return ChatRoom(ChatSettings(), hand.clock, packaged_matcher())


def complaints(users: int, messages: int) -> Iterator[Message]:
    return (Message(f"user-{i % users}", "好卡啊", "douyin") for i in range(messages))


def test_people_are_counted_and_not_messages(room: ChatRoom, hand: HandClock) -> None:
    """400 complaints of 60 users among 300 chatters: 60 of 300."""
    room.take(Message(f"user-{i}", "你好", "douyin") for i in range(300))
    room.take(complaints(users=60, messages=400))
    assert room.window.complaining("lag", hand.now) == 60
    assert room.window.chatters(hand.now) == 300
    assert room.window.complaints["lag"] == 60
    assert room.feeds["douyin"].messages == 700


def test_one_loud_user_is_one_user(room: ChatRoom, hand: HandClock) -> None:
    """400 complaints from the same sender weigh as one."""
    room.take(complaints(users=1, messages=400))
    assert room.window.complaining("lag", hand.now) == 1
    assert room.window.complaints["lag"] == 1


def test_after_a_minute_of_silence_nobody_complains(room: ChatRoom, hand: HandClock) -> None:
    """The window slides by the clock, without a further message."""
    room.take(complaints(users=5, messages=5))
    hand.pass_by(59.9)
    assert room.window.complaining("lag", hand.now) == 5
    hand.pass_by(0.1)
    assert room.window.complaining("lag", hand.now) == 0
    assert room.window.chatters(hand.now) == 0


def test_who_goes_on_complaining_is_counted_once_a_minute(room: ChatRoom, hand: HandClock) -> None:
    """The counter grows by one per sender, category and minute."""
    for _ in range(13):  # every ten seconds for two minutes
        room.take(complaints(users=1, messages=1))
        hand.pass_by(10)
    assert room.window.complaints["lag"] == 3


def test_a_message_delivered_twice_counts_once(room: ChatRoom) -> None:
    """Platforms redeliver; the id tells. The same id on another platform is another message."""
    outcome = room.take([Message("u", "卡", "douyin", "m1"), Message("u", "卡", "douyin", "m1")])
    assert (outcome.accepted, outcome.duplicates) == (1, 1)
    assert room.take([Message("u", "卡", "bilibili", "m1")]).duplicates == 0


def test_history_that_a_feed_replays_does_not_happen_now(room: ChatRoom, hand: HandClock) -> None:
    """A message that says it is older than the window is a message, and nobody complaining now."""
    wall = hand.clock.wall()
    room.take(
        [
            Message("u1", "好卡", at=wall - 300),
            Message("u2", "好卡", at=wall - 5),
            Message("u3", "好卡", at=wall + 90),
        ]
    )
    assert room.feeds["other"].messages == 3
    assert room.window.complaining("lag", hand.now) == 2


def test_a_feed_is_connected_within_its_allowed_silence(room: ChatRoom, hand: HandClock) -> None:
    """After `quiet_after` it is not, and what people say is unknown rather than nothing."""
    assert not room.is_heard(hand.now)
    room.take([Message("u", "hi", "douyin")])
    hand.pass_by(119)
    assert room.is_heard(hand.now)
    hand.pass_by(1)
    assert not room.is_heard(hand.now)


def test_viewers_are_unknown_when_nobody_tells(room: ChatRoom, hand: HandClock) -> None:
    """A count that was not renewed vanishes."""
    room.take([Viewers(900, "douyin")])
    assert room.viewers(room.feeds["douyin"], hand.now) == 900
    hand.pass_by(120)
    assert room.viewers(room.feeds["douyin"], hand.now) is None


def test_samples_are_the_words_of_most_people_with_numbers_masked(room: ChatRoom) -> None:
    """One person who repeats himself does not lead the list; a telephone number is not shown."""
    room.take([Message("loud", "卡死了", "douyin")] * 50)
    room.take([Message(f"u{i}", "好卡啊", "douyin") for i in range(3)])
    room.take([Message("seller", "卡 加我 13800138000", "douyin")])
    assert room.samples("lag", 5) == {
        "category": "lag",
        "users": 5,
        "chatters": 5,
        "samples": ["好卡啊", "卡 加我 ***********", "卡死了"],
    }
    assert room.samples("lag", 1)["samples"] == ["好卡啊"]


def test_memory_is_bounded_and_what_was_left_out_is_counted(
    room: ChatRoom, hand: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A flood of invented users cannot fill the machine, and the loss shows."""
    monkeypatch.setattr(chat_window, "_MAX_USERS", 10)
    monkeypatch.setattr(chat_window, "_MAX_SAMPLES", 4)
    monkeypatch.setattr(chat_window, "_MAX_IDS", 6)
    room.window = chat_window.ChatWindow()
    room.take(Message(f"u{i}", "好卡", "douyin", f"m{i}") for i in range(25))
    assert room.window.chatters(hand.now) == 10
    assert room.window.dropped == {"users": 15, "ids": 19, "samples": 6}
    hand.pass_by(60)
    room.take([Message("later", "好卡")])
    assert room.window.chatters(hand.now) == 1


def test_nothing_in_memory_names_a_user(room: ChatRoom) -> None:
    """Users are hashed with a key of this process."""
    room.take([Message("Charlie", "好卡", "douyin", "m1")])
    assert "Charlie" not in repr(vars(room.window)) + repr(vars(room.window._chatters))
    other = ChatRoom(ChatSettings(), room.clock, room.matcher)
    assert room._hash("douyin", "Charlie") != other._hash("douyin", "Charlie")
