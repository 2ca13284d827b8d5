"""Buttons under Telegram pages: who presses has the incident, once, whatever breaks in between."""

import logging
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from servers.pressing import ButtonStory
from servers.stand_in import FIREWALL, says
from servers.story import alert
from servers.telegram import ALICE, BOB, GROUP, TOKEN, TelegramServer
from streamwatch.access.buttons import Buttons
from streamwatch.language import Text

CHARLIE, MALLORY = "5000003", "6660001"
CAST = {"alice": ALICE, "bob": BOB, "charlie": CHARLIE}


@pytest.fixture
async def night(tmp_path: Path) -> AsyncIterator[ButtonStory]:
    """A group in which everybody sees the page that calls Alice."""
    night = ButtonStory(tmp_path, {}, CAST)
    server = TelegramServer(night.story.clock)
    night.server = server  # type: ignore[attr-defined]
    setting = {"type": "telegram", "url": server.base, "token": TOKEN, "chat": GROUP, "buttons": True}
    night.configure({"chat": setting})
    yield night
    await night.close()
    server.close()


def bot(night: ButtonStory) -> TelegramServer:
    server = night.server  # type: ignore[attr-defined]
    assert isinstance(server, TelegramServer)
    return server


async def test_a_press_takes_the_incident(night: ButtonStory) -> None:
    """Alice presses: it is hers, the timeline says over which channel, and she is told."""
    await night.listen()
    await night.story.push(alert())
    bot(night).press(ALICE)
    await night.until(lambda: bot(night).updates.said)
    assert night.state() == ("acknowledged", "alice")
    assert night.acks() == [("alice", "chat", "alice acknowledged over chat")]
    (said,) = bot(night).updates.said
    assert (said.user, said.text, said.alert) == (ALICE, "已认领 #1，由你处理", False)
    assert night.results() == {"taken": 1}


async def test_whoever_presses_has_it(night: ButtonStory) -> None:
    """The page called Alice, and Bob pressed: it is Bob's."""
    await night.listen()
    await night.story.push(alert())
    bot(night).press(BOB)
    await night.until(lambda: bot(night).updates.said)
    assert night.state() == ("acknowledged", "bob")
    assert bot(night).updates.said[0].text == "#1 is yours"


async def test_pressed_twice_and_by_two_people(night: ButtonStory) -> None:
    """One ack, of whoever was first; the others are told whose it is."""
    await night.listen()
    await night.story.push(alert())
    for user in (BOB, BOB, ALICE, CHARLIE):
        bot(night).press(user)
    await night.until(lambda: len(bot(night).updates.said) == 4)
    assert [each[0] for each in night.acks()] == ["bob"]
    assert [each.text for each in bot(night).updates.said] == [
        "#1 is yours", "#1 is yours; noted that you are still at it", "#1 已由 Bob 认领", "#1 已由 Bob 认领",
    ]  # fmt: skip
    assert night.results() == {"taken": 1, "already": 3}


@pytest.mark.parametrize("forged", ["ack-1", "ack-1.aaaa.bbbb", "", "another key"])
async def test_a_forged_button_changes_nothing(night: ButtonStory, forged: str) -> None:
    """A changed client of Bob's own can send any words: he is told no, loudly."""
    await night.listen()
    await night.story.push(alert())
    words = Buttons("another key").ack(1) if forged == "another key" else forged
    bot(night).updates.press(BOB, words)
    await night.until(lambda: bot(night).updates.said)
    assert night.state() == ("open", None)
    (said,) = bot(night).updates.said
    assert said.alert
    assert "not valid" in said.text
    assert night.results() == {"refused": 1}


async def test_a_stranger_changes_nothing(night: ButtonStory) -> None:
    """Somebody of the group who is nobody's in duty.yml presses a good button: told no, in both languages."""
    await night.listen()
    await night.story.push(alert())
    bot(night).press(MALLORY)
    await night.until(lambda: bot(night).updates.said)
    assert night.state() == ("open", None)
    assert night.acks() == []
    (said,) = bot(night).updates.said
    assert said.alert
    assert "没有认领" in said.text
    assert "Nothing was taken" in said.text


async def test_an_account_that_two_people_share_is_nobody(tmp_path: Path) -> None:
    """Who of them it was cannot be said, so nothing is taken."""
    night = ButtonStory(tmp_path, {}, {"alice": ALICE, "bob": ALICE})
    server = TelegramServer(night.story.clock)
    night.configure({"chat": {"type": "telegram", "url": server.base, "token": TOKEN, "buttons": True}})
    await night.listen()
    await night.story.push(alert())
    server.press(ALICE)
    await night.until(lambda: server.updates.said)
    assert night.state() == ("open", None)
    await night.close()
    server.close()


async def test_over_and_gone(night: ButtonStory) -> None:
    """What is over needs nobody; what never was is said to be nothing."""
    await night.listen()
    await night.story.push(alert())
    old = bot(night).heard[0].presses[0][1]
    await night.story.push(alert(status="resolved"))
    await night.story.wait(2)
    bot(night).updates.press(BOB, old)
    bot(night).updates.press(BOB, night.story.buttons.ack(77))
    await night.until(lambda: len(bot(night).updates.said) == 2)
    assert [each.text for each in bot(night).updates.said] == [
        "#1 is over already", "Nothing was taken: there is no incident #77",
    ]  # fmt: skip
    assert bot(night).heard[0].presses == ()  # the message that says so has no button left


async def test_a_press_while_nobody_listened(night: ButtonStory) -> None:
    """The receiver was away: what Telegram kept is taken up, once."""
    await night.story.push(alert())
    bot(night).press(BOB)
    await night.listen()
    await night.until(lambda: bot(night).updates.said)
    assert [each[0] for each in night.acks()] == ["bob"]


async def test_killed_between_the_ack_and_its_confirmation(night: ButtonStory) -> None:
    """The press is on the disk, Telegram never heard so and tells it again: still one ack.

    Meanwhile the ack was withdrawn by an hour of quiet; the old press must not take the incident anew.
    """
    await night.listen()
    await night.story.push(alert())
    bot(night).press(BOB)
    await night.until(lambda: bot(night).updates.said)
    kept = {"update_id": 700_000_001, "callback_query": _query(bot(night))}
    await night.restart()
    lapse(night)
    bot(night).updates.waiting.insert(0, kept)
    await night.listen()
    await night.until(lambda: bot(night).updates.waiting == [])
    assert night.state() == ("open", None)
    assert [each[0] for each in night.acks()] == ["bob"]


async def test_told_again_under_another_number(night: ButtonStory) -> None:
    """After a week numbers begin anew, lower: such a press is heard, and one that is told twice counts once."""
    await night.listen()
    await night.story.push(alert())
    bot(night).press(BOB)
    await night.until(lambda: bot(night).updates.said)
    await night.until(lambda: bot(night).updates.waiting == [])
    again = _query(bot(night))

    night.story.clock.advance(timedelta(days=8).total_seconds())
    await night.restart()
    lapse(night)
    bot(night).updates.next_id = 5
    bot(night).updates.tell({"callback_query": again})
    await night.listen()
    await night.until(lambda: bot(night).updates.waiting == [])
    assert night.state() == ("open", None)

    bot(night).updates.press(ALICE, night.story.buttons.ack(1))
    await night.until(lambda: len(night.acks()) == 2)
    assert night.state() == ("acknowledged", "alice")


async def test_a_database_that_is_away_loses_nothing(night: ButtonStory, monkeypatch: pytest.MonkeyPatch) -> None:
    """The press is not confirmed until it is written: it is asked for again, and then counts."""
    monkeypatch.setattr("streamwatch.access.listening.PAUSES", (0.01,))
    await night.listen()
    await night.story.push(alert())
    take, tries = night.story.store.acks.acknowledge, list[int]()

    def broken(*args: object) -> object:
        tries.append(1)
        if len(tries) < 3:
            raise OSError("disk full")
        return take(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(night.story.store.acks, "acknowledge", broken)
    bot(night).press(BOB)
    await night.until(lambda: bot(night).updates.said)
    assert night.state() == ("acknowledged", "bob")
    assert len(tries) == 3


async def test_other_updates_are_passed_over(night: ButtonStory) -> None:
    """A message that was kept from before, a game, nonsense: none is in the way of a press."""
    await night.story.push(alert())
    for update in (
        {"message": {"text": "/start"}},
        {"callback_query": {"id": "1", "from": {"id": int(BOB)}, "game_short_name": "x"}},
        {"callback_query": "?"},
    ):
        bot(night).updates.tell(update)
    bot(night).press(BOB)
    await night.listen()
    await night.until(lambda: bot(night).updates.said)
    assert night.state() == ("acknowledged", "bob")


async def test_an_answer_that_comes_too_late(night: ButtonStory) -> None:
    """Telegram takes it no more; the ack stands, and the next press is heard."""
    bot(night).updates.expired = True
    await night.listen()
    await night.story.push(alert())
    bot(night).press(BOB)
    await night.until(lambda: night.state() == ("acknowledged", "bob"))
    await night.until(lambda: bot(night).updates.waiting == [])
    assert night.up() == 1


@pytest.mark.parametrize(
    ("trouble", "words"),
    [
        ("webhook", "a webhook is set for this bot"),
        ("token", "check token"),
        ("firewall", "without the service's own answer"),
        ("busy", "code 429"),
        ("5xx", "code 500"),
    ],
)
async def test_what_is_wrong_is_said_plainly(
    night: ButtonStory, trouble: str, words: str, caplog: pytest.LogCaptureFixture
) -> None:
    """One warning with the cure, metric 0, and no token anywhere; pages go out all the while."""
    caplog.set_level(logging.DEBUG)
    flood = says({"ok": False, "error_code": 429, "description": f"Too Many Requests at /bot{TOKEN}/x",
                  "parameters": {"retry_after": 7}}, 429)  # fmt: skip
    scripts = {
        "token": says({"ok": False, "error_code": 401, "description": "Unauthorized"}, 401),
        "firewall": FIREWALL,
        "busy": flood,
        "5xx": says({"ok": False, "error_code": 500, "description": "Internal Server Error"}, 500),
    }
    bot(night).updates.webhook = trouble == "webhook"
    bot(night).script += [scripts[trouble]] if trouble in scripts else []
    await night.listening.step()
    await night.until(night.listening.warnings)
    (warning,) = night.listening.warnings()
    assert words in warning.en
    assert night.up() == 0
    assert TOKEN not in caplog.text + str(warning)
    await night.story.push(alert())
    assert len(bot(night).heard) == 1


async def test_another_program_that_reads(night: ButtonStory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its question ends ours: that is said, and ours is asked again until it is alone."""
    monkeypatch.setattr("streamwatch.access.listening.PAUSES", (0.01,))
    await night.listen()
    await night.until(lambda: bot(night).updates.asked[-1]["timeout"] > 0)
    bot(night).updates.get({"timeout": 0})
    await night.until(lambda: len(bot(night).updates.asked) >= 4)
    await night.until(lambda: night.up() == 1)
    await night.story.push(alert())
    bot(night).press(BOB)
    await night.until(lambda: bot(night).updates.said)
    assert night.state() == ("acknowledged", "bob")


async def test_only_who_presides_listens(night: ButtonStory) -> None:
    """Another receiver has the seat: nothing is asked, and the metric is absent. When it is ours, it begins."""
    night.presides = False
    await night.listening.step()
    assert night.up() is None
    assert bot(night).updates.asked == []
    night.presides = True
    await night.listen()
    night.presides = False
    await night.listening.step()
    assert night.up() is None


async def test_two_channels_of_one_bot(night: ButtonStory) -> None:
    """A group and private pages over the same bot, and a pool of both: one connection, all accounts are known."""
    one = {"type": "telegram", "url": bot(night).base, "token": TOKEN, "buttons": True}
    pool = {"type": "pool", "of": ["here", "there"]}
    night.configure({"here": {**one, "chat": GROUP}, "there": one, "chat": pool})
    await night.listening.step()
    await night.until(lambda: night.up("here") == night.up("there") == 1)
    await night.story.push(alert())
    bot(night).press(ALICE)
    await night.until(lambda: bot(night).updates.said)
    assert night.state() == ("acknowledged", "alice")


async def test_without_buttons_nobody_listens(night: ButtonStory) -> None:
    """As it was: links alone, and no question asked."""
    night.configure({"chat": {"type": "telegram", "url": bot(night).base, "token": TOKEN}})
    await night.listening.step()
    await night.story.push(alert())
    assert bot(night).heard[0].presses == ()
    assert [label for label, _ in bot(night).heard[0].buttons] == ["认领", "控制台"]
    assert bot(night).updates.asked == []


async def test_an_address_that_telegram_refuses(night: ButtonStory) -> None:
    """The button that comes back stays, and the links stand in the text."""
    bot(night)._takes_buttons = False
    await night.story.push(alert())
    (heard,) = bot(night).heard
    assert [label for label, _ in heard.presses] == ["认领"]
    assert heard.buttons == ()
    assert "http://127.0.0.1:8780/a/" in heard.text


async def test_a_digest_takes_all_that_its_presser_was_called_for(night: ButtonStory) -> None:
    """Three incidents called Alice; a button of the list takes them, and Bob's press of it none."""
    await night.listen()
    await night.story.push(*(alert(stream=name) for name in ("a", "b", "c")))
    words = night.story.buttons.ack_list(night.story.clock())
    bot(night).updates.press(BOB, words)
    bot(night).updates.press(ALICE, words)
    await night.until(lambda: len(bot(night).updates.said) == 2)
    assert [each.text for each in bot(night).updates.said] == ["Nothing waits for you any more", "已认领 3 个事件"]
    assert [night.state(number) for number in (1, 2, 3)] == [("acknowledged", "alice")] * 3


def _query(server: TelegramServer) -> dict[str, object]:
    """The first press, as Telegram would tell it again."""
    return server.updates.told[0]["callback_query"]  # type: ignore[no-any-return]


def lapse(night: ButtonStory) -> None:
    """Nobody showed any work: the incident calls again."""
    night.story.clock.advance(3600)
    for ack in night.story.store.acks.lapsed({"P0": timedelta(minutes=15)}, night.story.clock()):
        assert night.story.store.acks.lapse(ack, Text("没有进展", "quiet"), night.story.clock())
