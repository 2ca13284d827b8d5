"""The real receiver process with a Telegram bot: presses survive a restart and kill -9, and no token gets out."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from servers.free_port import free_port
from servers.receiver import AUTH, ReceiverProcess, until, write_config
from servers.story import alert, webhook
from servers.telegram import ALICE, BOB, TOKEN, TelegramServer
from streamwatch.clock import utc_now


@pytest.fixture(scope="module")
def bot() -> Iterator[TelegramServer]:
    server = TelegramServer(utc_now)
    yield server
    server.close()


@pytest.fixture(scope="module")
def receiver(tmp_path_factory: pytest.TempPathFactory, bot: TelegramServer) -> Iterator[ReceiverProcess]:
    """Alice is reached by Telegram; Bob's account is in duty.yml as well."""
    folder, port = tmp_path_factory.mktemp("receiver"), free_port()
    people = [
        {"id": name, "name": name.capitalize(), "language": "en", "contacts": [{"channel": "bot", "to": to}]}
        for name, to in (("alice", ALICE), ("bob", BOB))
    ]
    (folder / "bot_token").write_text(TOKEN)
    channel = {"type": "telegram", "url": bot.base, "token_file": "bot_token", "buttons": True}
    config = write_config(folder, port, "", channels={"bot": channel}, people=people)
    receiver = ReceiverProcess(config, port)
    receiver.start()
    until(lambda: up(receiver), 60)
    yield receiver
    receiver.stop()


def acks(receiver: ReceiverProcess, stream: str) -> list[tuple[Any, Any]]:
    """Who acknowledged, and over what, in the timeline of the incident of *stream*."""
    (found,) = receiver.get("/api/v1/incidents", params={"stream": stream})["incidents"]
    rows = receiver.get(f"/api/v1/incidents/{found['id']}")["timeline"]
    return [(row["person"], row["channel"]) for row in rows if row["kind"] == "acknowledged"]


def up(receiver: ReceiverProcess) -> bool:
    return 'streamwatch_listener_up{channel="bot"} 1.0' in httpx.get(f"{receiver.base}/metrics").text


def called(receiver: ReceiverProcess, bot: TelegramServer, stream: str) -> int:
    """Which message called for it."""
    assert receiver.post(webhook(alert(stream=stream))).status_code == 200
    return until(lambda: [at for at, heard in enumerate(bot.heard) if f"{stream} " in heard.text], 60)[0]


def test_pressed_while_it_was_gone(receiver: ReceiverProcess, bot: TelegramServer) -> None:
    """The press waits at Telegram; the next start takes it up, once."""
    page = called(receiver, bot, "gone")
    receiver.kill()
    bot.press(BOB, page)
    receiver.start()
    until(lambda: acks(receiver, "gone"), 60)
    until(lambda: not bot.updates.waiting, 60)
    assert acks(receiver, "gone") == [("bob", "bot")]


def test_killed_right_after_the_press(receiver: ReceiverProcess, bot: TelegramServer) -> None:
    """At whatever point of the work the power goes: one ack in the end."""
    page = called(receiver, bot, "dark")
    bot.press(ALICE, page)
    receiver.kill()
    receiver.start()
    until(lambda: acks(receiver, "dark"), 60)
    until(lambda: not bot.updates.waiting, 60)
    assert acks(receiver, "dark") == [("alice", "bot")]


def test_what_it_says_of_its_ears(receiver: ReceiverProcess, bot: TelegramServer) -> None:
    """A webhook that somebody sets is a warning and metric 0, and no reason not to be ready; no token is told."""
    until(lambda: up(receiver), 60)
    bot.updates.webhook = True
    bot.updates.tell({"message": {}})
    ready = until(lambda: _warned(receiver), 60)
    assert ready["ready"]
    assert "deleteWebhook" in ready["warnings"][0]
    assert receiver.get("/api/v1/status")["warnings"] == ready["warnings"]
    assert "渠道 bot 的按钮现在收不到" in httpx.get(f"{receiver.base}/?lang=zh").text
    metrics = httpx.get(f"{receiver.base}/metrics").text
    assert 'streamwatch_listener_up{channel="bot"} 0.0' in metrics
    assert 'streamwatch_presses_total{channel="bot",result="taken"}' in metrics
    called(receiver, bot, "deaf")
    assert TOKEN not in receiver.log.read_text() + metrics + str(ready)
    assert "deleteWebhook" in receiver.log.read_text()
    bot.updates.webhook = False
    until(lambda: up(receiver), 120)


def test_a_reload_moves_the_ears(receiver: ReceiverProcess, bot: TelegramServer) -> None:
    """Without buttons in duty.yml nobody listens any more, and with them again somebody does."""
    path = receiver.log.parent / "duty.yml"
    with_buttons = path.read_text()
    path.write_text(with_buttons.replace("buttons: true", "buttons: false"))
    httpx.post(f"{receiver.base}/-/reload", headers=AUTH).raise_for_status()
    until(lambda: "streamwatch_listener_up{" not in httpx.get(f"{receiver.base}/metrics").text, 60)
    path.write_text(with_buttons)
    httpx.post(f"{receiver.base}/-/reload", headers=AUTH).raise_for_status()
    until(lambda: up(receiver), 60)


def _warned(receiver: ReceiverProcess) -> Any:
    ready = receiver.get("/-/ready")
    return ready if ready["warnings"] else None
