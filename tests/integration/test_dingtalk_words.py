"""What people write to a DingTalk robot in stream mode: "ack 12" takes the incident for whoever wrote it, once."""

import json
import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import NamedTuple

import pytest

from servers.dingtalk import SECRET as ROBOT_SECRET
from servers.dingtalk import DingTalkServer
from servers.dingtalk_stream import CLIENT, SECRET, DingTalkStream
from servers.pressing import ButtonStory
from servers.stand_in import FIREWALL, says
from servers.story import alert

ALICE, BOB = "alice-01", "bob.02"


class Night(NamedTuple):
    story: ButtonStory
    robot: DingTalkServer
    stream: DingTalkStream

    async def called(self) -> None:
        await self.story.story.push(alert())
        assert self.robot.heard


@pytest.fixture
async def night(tmp_path: Path) -> AsyncIterator[Night]:
    """A group with the robot that sends and the app's robot that listens."""
    story = ButtonStory(tmp_path, {}, {"alice": ALICE, "bob": BOB})
    robot, stream = DingTalkServer(story.story.clock), DingTalkStream()
    app = {"client_id": CLIENT, "client_secret": SECRET, "api": stream.base}
    story.configure({"chat": {"type": "dingtalk", "url": robot.url, "secret": ROBOT_SECRET, "stream": app}})
    yield Night(story, robot, stream)
    await story.close()
    stream.close()
    robot.close()


async def test_written_words_take_the_incident(night: Night) -> None:
    """The page says what to write; Bob writes it: his, over this channel, answered to DingTalk and to him."""
    await night.story.listen()
    await night.called()
    assert "写“认领 1”即可认领" in night.robot.heard[0].text
    asked = night.stream.write(BOB, " 认领 1 ")
    await night.story.until(lambda: night.stream.told)
    assert night.story.state() == ("acknowledged", "bob")
    assert night.story.acks() == [("bob", "chat", "bob acknowledged over chat")]
    assert (night.stream.told[0].text, night.stream.told[0].to) == ("#1 is yours", (BOB,))
    assert asked not in night.stream.unanswered


@pytest.mark.parametrize("text", ["ack 1", "ACK #1", "认领1", "认领＃1。", "take 1!", "認領 １"])
async def test_ways_of_writing_it(night: Night, text: str) -> None:
    """Large, small, with or without a space, as phones write it."""
    await night.story.listen()
    await night.called()
    night.stream.write(ALICE, text)
    await night.story.until(lambda: night.stream.told)
    assert night.story.state() == ("acknowledged", "alice")


@pytest.mark.parametrize(
    "text", ["", "hello", "ack", "ack one", "do not ack 1", "ack 1 2", "ack 9999999999999999999"]
)
async def test_other_words_get_the_usage(night: Night, text: str) -> None:
    """Nothing is guessed: who writes something else is told what to write."""
    await night.story.listen()
    await night.called()
    night.stream.write(ALICE, text)
    await night.story.until(lambda: night.stream.told)
    assert night.story.state() == ("open", None)
    assert "认领 12" in night.stream.told[0].text


async def test_told_again_after_a_restart(night: Night) -> None:
    """The answer was lost: DingTalk tells the message once more, in another frame. One ack."""
    await night.story.listen()
    await night.called()
    night.stream.write(BOB, "ack 1", "msg7")
    await night.story.until(lambda: night.story.acks())
    await night.story.restart()
    await night.story.listen()
    again = night.stream.write(BOB, "ack 1", "msg7")
    await night.story.until(lambda: again not in night.stream.unanswered)
    night.stream.write(ALICE, "ack 1", "msg8")
    await night.story.until(lambda: any("Bob" in each.text for each in night.stream.told))
    assert [who for who, _, _ in night.story.acks()] == ["bob"]


async def test_strangers_take_nothing(night: Night) -> None:
    """Somebody of the organisation who is not in duty.yml, and somebody of another one."""
    await night.story.listen()
    await night.called()
    night.stream.write("mallory", "ack 1", "msg1")
    foreign = night.stream.write(None, "ack 1", "msg2")
    await night.story.until(lambda: night.stream.told and foreign in night.stream.answers)
    assert night.story.state() == ("open", None)
    assert [each.to for each in night.stream.told] == [("mallory",)]
    assert "没有认领" in night.stream.told[0].text


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1:9/x", "https://evil.example/dingtalk.com", "https://x", "::", 5]
)
async def test_an_answer_goes_to_dingtalk_alone(night: Night, address: object) -> None:
    """Its address came from outside: where it is not DingTalk's, nobody is asked, and the ack counts."""
    await night.story.listen()
    await night.called()
    asked = night.stream.write(BOB, "ack 1", sessionWebhook=address)
    await night.story.until(lambda: asked not in night.stream.unanswered)
    assert night.story.state() == ("acknowledged", "bob")
    assert night.stream.told == []


async def test_pings_and_strange_frames(night: Night) -> None:
    """A ping gets its data back, an unknown topic a no; frames without sense do no harm."""
    await night.story.listen()
    await night.called()
    ping = night.stream.frame("SYSTEM", "ping", '{"opaque": "abc"}')
    other = night.stream.frame("EVENT", "*", "{}")
    for nonsense in ('{"type": "CALLBACK"}', "[]", "?", json.dumps({"type": "SYSTEM", "headers": "?"})):
        night.stream.server.say(1, nonsense)
    empty = night.stream.frame("CALLBACK", "/v1.0/im/bot/messages/get", "not JSON")
    await night.story.until(lambda: {ping, other, empty} <= set(night.stream.answers))
    assert night.stream.answers[ping]["data"] == '{"opaque": "abc"}'
    assert night.stream.answers[other]["code"] == 404
    assert night.story.up() == 1


async def test_dingtalk_announces_the_end_of_a_connection(night: Night) -> None:
    """The next one is there, with a ticket of its own, before this one is gone."""
    await night.story.listen()
    await night.called()
    night.stream.frame("SYSTEM", "disconnect", '{"reason": "rebalance"}', 1)
    await night.story.until(lambda: 2 in night.stream.server.open)
    night.stream.write(BOB, "ack 1", connection=1)
    await night.story.until(lambda: night.story.acks())
    night.stream.server.shut(1)
    last = night.stream.write(ALICE, "ack 1", "msg2", connection=2)
    await night.story.until(lambda: last not in night.stream.unanswered)
    assert night.stream.opened == 2
    assert night.story.listening.warnings() == []


async def test_a_connection_that_breaks(night: Night, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cut without a word, with a message that was not kept: opened anew, and told again."""
    monkeypatch.setattr("streamwatch.access.listening.PAUSES", (0.01,))
    await night.story.listen()
    await night.called()

    def full(*_: object) -> None:
        raise OSError("disk full")

    with monkeypatch.context() as broken:
        broken.setattr(night.story.story.store.acks, "acknowledge", full)
        night.stream.write(BOB, "ack 1")
        await night.story.until(lambda: 2 in night.stream.server.open)
    night.stream.tell_again()
    await night.story.until(lambda: not night.stream.unanswered)
    assert night.story.state() == ("acknowledged", "bob")


@pytest.mark.parametrize(
    ("trouble", "words"),
    [
        ("secret", "check client_id and client_secret"),
        ("limited", "DingTalk asks for a pause"),
        ("firewall", "without the service's own answer"),
        ("no socket", "no WebSocket"),
    ],
)
async def test_what_is_wrong_is_said_plainly(
    night: Night, trouble: str, words: str, caplog: pytest.LogCaptureFixture
) -> None:
    """One warning with the cure, metric 0, no secret and no ticket anywhere; pages go out all the while."""
    caplog.set_level(logging.DEBUG)
    limit = {"code": "Forbidden.AccessDenied.QpsLimitForApi", "message": f"too fast {SECRET}"}
    night.stream.script += {
        "secret": [says({"code": "authFailed", "message": f"鉴权失败 {SECRET}"}, 401)],
        "limited": [says(limit, 403)],
        "firewall": [FIREWALL],
        "no socket": [says({"endpoint": "ws://127.0.0.1:1/connect", "ticket": "t1cket"})],
    }[trouble]
    await night.story.listening.step()
    await night.story.until(night.story.listening.warnings)
    (warning,) = night.story.listening.warnings()
    assert words in warning.en
    assert night.story.up() == 0
    await night.called()
    assert not [secret for secret in (SECRET, "t1cket") if secret in caplog.text + str(warning)]
