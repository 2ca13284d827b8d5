"""Buttons under Slack pages over Socket Mode: heard at once, once, through every end of a connection."""

import logging
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import NamedTuple

import pytest
from pydantic import TypeAdapter, ValidationError

from servers.lines import open_one
from servers.pressing import ButtonStory
from servers.slack import CHANNEL, TOKEN, SlackServer
from servers.slack_socket import APP_TOKEN, Socket
from servers.stand_in import says
from servers.story import alert
from servers.written_page import flooded
from streamwatch.channels import ChannelSettings, websocket
from streamwatch.channels.channel import ChannelError

ALICE, BOB, MALLORY = "U0ALICE", "U0BOB", "U0MALLORY"


class Night(NamedTuple):
    story: ButtonStory
    slack: SlackServer
    socket: Socket

    async def called(self) -> str:
        """What the button of the page carries."""
        await self.story.story.push(alert())
        assert self.slack.heard[0].button
        return self.slack.heard[0].button


@pytest.fixture
async def night(tmp_path: Path) -> AsyncIterator[Night]:
    """A channel in which everybody sees the page that calls Alice."""
    story = ButtonStory(tmp_path, {}, {"alice": ALICE, "bob": BOB})
    slack, socket = SlackServer(story.story.clock), Socket()
    slack.socket = socket
    tokens = {"token": TOKEN, "app_token": APP_TOKEN}
    story.configure({"chat": {"type": "slack", "api": slack.api, "channel": CHANNEL, **tokens}})
    yield Night(story, slack, socket)
    await story.close()
    socket.close()
    slack.close()


async def test_a_press_takes_the_incident(night: Night) -> None:
    """Bob presses: it is his, the timeline says over which channel, he alone is told, and Slack had its answer."""
    await night.story.listen()
    envelope = night.socket.press(BOB, await night.called())
    await night.story.until(lambda: night.slack.whispered)
    assert night.story.state() == ("acknowledged", "bob")
    assert night.story.acks() == [("bob", "chat", "bob acknowledged over chat")]
    assert night.slack.whispered == [(BOB, "#1 is yours")]
    assert envelope in night.socket.answered
    assert not [each for each in night.slack.requests if "never-asked" in each.path]


async def test_twice_and_by_two_people(night: Night) -> None:
    """The same press in two envelopes, another one of the same person, one of another: one ack."""
    await night.story.listen()
    words = await night.called()
    night.socket.press(BOB, words, "1795348801.1")
    night.socket.press(BOB, words, "1795348801.1")
    night.socket.press(BOB, words, "1795348802.2")
    night.socket.press(ALICE, words, "1795348803.3")
    await night.story.until(lambda: len(night.slack.whispered) == 4)
    assert [who for who, _, _ in night.story.acks()] == ["bob"]
    assert (ALICE, "#1 已由 Bob 认领") in night.slack.whispered


async def test_a_press_that_is_told_again_after_a_restart(night: Night) -> None:
    """The answer to the envelope was lost with the receiver: one ack all the same."""
    await night.story.listen()
    words = await night.called()
    night.socket.press(BOB, words)
    await night.story.until(lambda: night.story.acks())
    await night.story.restart()
    await night.story.listen()
    again = night.socket.press(BOB, words)
    await night.story.until(lambda: again in night.socket.answered)
    assert [who for who, _, _ in night.story.acks()] == ["bob"]


@pytest.mark.parametrize("words", ["ack-1", "", "ack-1.aaaa.bbbb"])
async def test_forged_or_foreign(night: Night, words: str) -> None:
    """Words that we never signed, and a good button under a finger that nobody knows: nothing is taken."""
    await night.story.listen()
    good = await night.called()
    night.socket.press(BOB, words, "1.1")
    night.socket.press(MALLORY, good, "2.2")
    await night.story.until(lambda: len(night.slack.whispered) == 2)
    assert night.story.state() == ("open", None)
    assert night.story.results() == {"refused": 2}
    assert all("Nothing was taken" in text for _, text in night.slack.whispered)


async def test_what_is_no_press_of_ours_is_answered(night: Night) -> None:
    """Slack asks for an answer to every envelope; other apps' buttons, commands and nonsense do nothing."""
    await night.story.listen()
    await night.called()
    others = [
        night.socket.envelope({"type": "block_actions", "user": {"id": BOB}, "actions": [{"action_id": "other"}]}),
        night.socket.envelope({"type": "view_submission", "user": {"id": BOB}}),
        night.socket.envelope({"command": "/x"}, type_="slash_commands"),
        night.socket.envelope({"type": "block_actions", "user": "?", "actions": "?"}),
    ]
    night.socket.server.say(1, "not JSON")
    night.socket.server.say(1, [1])
    others.append(night.socket.envelope({}, type_="events_api"))
    await night.story.until(lambda: set(others) <= set(night.socket.answered))
    assert night.socket.strange == []
    assert night.story.state() == ("open", None)


async def test_no_envelope_waits_for_what_is_said_to_people(night: Night) -> None:
    """Slack takes no words just now, and hangs: it has its answers all the same."""
    await night.story.listen()
    words = await night.called()
    night.slack.script += [night.slack.hang] * 10
    sent = [night.socket.press(BOB, words, f"{number}.0") for number in range(10)]
    await night.story.until(lambda: set(sent) <= set(night.socket.answered))
    assert night.slack.whispered == []


@pytest.mark.parametrize("reason", ["refresh_requested", "warning"])
async def test_slack_announces_the_end_of_a_connection(night: Night, reason: str) -> None:
    """The next one is there before this one is gone; presses over either count, and nobody is warned."""
    await night.story.listen()
    words = await night.called()
    night.socket.announce_end(reason, 1)
    await night.story.until(lambda: 2 in night.socket.server.open)
    old = night.socket.press(BOB, words, "1.1", connection=1)
    new = night.socket.press(ALICE, words, "2.2", connection=2)
    await night.story.until(lambda: {old, new} <= set(night.socket.answered))
    night.socket.server.shut(1)
    last = night.socket.press(ALICE, words, "3.3", connection=2)
    await night.story.until(lambda: last in night.socket.answered)
    assert len(night.story.acks()) == 1
    assert night.socket.opened == 2
    assert night.story.up() == 1
    assert night.story.listening.warnings() == []


async def test_a_connection_that_breaks(night: Night, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cut without a word: opened anew with a new address, because the old one is good once."""
    monkeypatch.setattr("streamwatch.access.listening.PAUSES", (0.01,))
    await night.story.listen()
    words = await night.called()
    night.socket.server.hang_up(1)
    await night.story.until(lambda: 2 in night.socket.server.open)
    night.socket.press(BOB, words)
    await night.story.until(lambda: night.story.acks())
    assert night.socket.tickets == set()


async def test_a_press_that_cannot_be_kept_is_not_answered(night: Night, monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk is full: Slack shows the person that it failed, and the next press counts."""
    monkeypatch.setattr("streamwatch.access.listening.PAUSES", (0.01,))
    await night.story.listen()
    words = await night.called()

    def full(*_: object) -> None:
        raise OSError("disk full")

    with monkeypatch.context() as broken:
        broken.setattr(night.story.story.store.acks, "acknowledge", full)
        lost = night.socket.press(BOB, words, "1.1")
        await night.story.until(lambda: 2 in night.socket.server.open)
    kept = night.socket.press(BOB, words, "2.2", connection=2)
    await night.story.until(lambda: kept in night.socket.answered)
    assert lost not in night.socket.answered
    assert night.story.state() == ("acknowledged", "bob")


@pytest.mark.parametrize(
    ("trouble", "words"),
    [
        ("token", "connections:write"),
        ("limited", "Slack asks for a pause"),
        ("off", "Socket Mode is turned off"),
        ("silent", "says nothing"),
        ("no socket", "no WebSocket"),
        ("elsewhere", "no address of a WebSocket"),
    ],
)
async def test_what_is_wrong_is_said_plainly(
    night: Night, trouble: str, words: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One warning with the cure, metric 0, no token and no ticket anywhere; pages go out all the while."""
    caplog.set_level(logging.DEBUG)
    if trouble == "silent":
        night.socket.silent = True
        monkeypatch.setattr("streamwatch.channels.slack_presses.HELLO_WITHIN", 0.2)
    night.slack.script += {
        "token": [says({"ok": False, "error": "not_allowed_token_type"})],
        "limited": [says({"ok": False, "error": "ratelimited"}, 429, retry_after="30")],
        "no socket": [says({"ok": True, "url": "ws://127.0.0.1:1/link/?ticket=t1cket-0"})],
        "elsewhere": [says({"ok": True, "url": "http://127.0.0.1:1/link/?ticket=t1cket-0"})],
    }.get(trouble, [])
    if trouble == "off":
        await night.story.listen()
        night.socket.announce_end("link_disabled", 1)
    else:
        await night.story.listening.step()
    await night.story.until(night.story.listening.warnings)
    (warning,) = night.story.listening.warnings()
    assert words in warning.en
    assert night.story.up() == 0
    assert await night.called()
    assert not [secret for secret in (APP_TOKEN, TOKEN, "t1cket") if secret in caplog.text + str(warning)]


async def test_an_address_without_tls_is_refused() -> None:
    """Slack's own API is asked over TLS, and so its socket must be."""
    with pytest.raises(ChannelError, match="no address of a WebSocket"):
        async with websocket.wire("ws://127.0.0.1:1/"):
            raise AssertionError


def test_buttons_need_a_token_and_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both mistakes are told with their cure when duty.yml is read."""

    def refused(**settings: str) -> str:
        with pytest.raises(ValidationError) as caught:
            TypeAdapter[object](ChannelSettings).validate_python({"type": "slack", **settings})
        return str(caught.value)

    assert "goes with token" in refused(url="https://hooks.slack.com/services/x", app_token=APP_TOKEN)
    monkeypatch.setitem(sys.modules, "websockets", None)
    assert "pip install 'streamwatch[slack]'" in refused(token=TOKEN, app_token=APP_TOKEN)


async def test_a_long_page_keeps_its_button(night: Night) -> None:
    """Blocks have limits of their own: the text goes into several, and nothing of it is lost."""
    settings = {"type": "slack", "api": night.slack.api, "channel": CHANNEL, "token": TOKEN, "app_token": APP_TOKEN}
    channel = open_one(settings, night.story.story.http, night.story.story.clock)
    await channel.send(flooded(button="ack-12.x.y"), ALICE)
    (heard,) = night.slack.heard
    assert heard.button == "ack-12.x.y"
    sent = night.slack.requests[-1].json
    shown = "".join(each["text"]["text"] for each in sent["blocks"][:-1])
    assert shown.replace("\n", "") == sent["text"].replace("\n", "")
