"""When a connection over which buttons come back is tried again, and what is said meanwhile."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any, NoReturn, cast

import pytest
from prometheus_client import CollectorRegistry, Gauge

from servers.story import Hands
from streamwatch.access.listening import FOR_GOOD, PAUSES, Ear, Listening, pause
from streamwatch.channels.channel import ChannelError, Reason
from streamwatch.channels.listener import Desk, Listener

LOST = ChannelError("the connection was closed", reason=Reason.CONNECT)


def test_pauses_grow_and_stay() -> None:
    """One second, two, five, fifteen, a minute; then every minute."""
    assert [pause(failures, LOST, 0.0) for failures in range(1, 8)] == [*PAUSES, 60.0, 60.0]


def test_jitter_adds_up_to_a_fifth() -> None:
    """Two receivers that lost the same service do not come back together."""
    assert pause(5, LOST, 0.0) == 60.0
    assert 60.0 < pause(5, LOST, 0.999) < 72.0


def test_a_service_says_how_long() -> None:
    """What it asks for is kept; less than our own pause is not."""
    told = ChannelError("code 429", reason=Reason.THROTTLED, retry_after=timedelta(seconds=40))
    assert pause(1, told, 0.0) == 40.0
    assert pause(5, told, 0.0) == 60.0


def test_a_refusal_for_good_is_asked_seldom() -> None:
    """A wrong token does not become right by asking."""
    assert pause(1, ChannelError("code 401", reason=Reason.AUTH), 0.0) == FOR_GOOD


def test_whatever_breaks_is_tried_again() -> None:
    """Also a mistake of our own."""
    assert pause(1, KeyError("x"), 0.0) == 1.0


class Scripted:
    """A listener that does what the test wrote, then listens for ever."""

    channels = ("chat", "chat 2")

    def __init__(self, *script: Exception) -> None:
        self.script = list(script)
        self.times = 0

    async def listen(self, desk: Desk) -> NoReturn:
        self.times += 1
        if self.script:
            raise self.script.pop(0)
        desk.connected()
        await asyncio.Event().wait()
        raise AssertionError


class Room:
    def __init__(self, listener: Scripted) -> None:
        self.registry = CollectorRegistry()
        self.up = Gauge("up", "?", ["channel"], registry=self.registry)
        self.listeners = {"chat": cast("Listener", listener)}
        self.presides: Callable[[], bool] = lambda: True
        self.listening = Listening(lambda: self.listeners, self._presides, self._open)

    async def _presides(self) -> bool:
        return self.presides()

    def _open(self, listener: Listener) -> Ear:
        nothing: Any = None
        return Ear(listener, nothing, nothing, Hands(), self.up)

    def values(self) -> list[float | None]:
        return [self.registry.get_sample_value("up", {"channel": name}) for name in Scripted.channels]


async def turns(reached: Callable[[], bool]) -> None:
    """Let everybody who can go on do so, until it is *reached*."""
    for _ in range(1000):
        if reached():
            return
        await asyncio.sleep(0)
    raise AssertionError("it was never reached")


async def test_a_lost_connection_is_said_in_both_languages(monkeypatch: pytest.MonkeyPatch) -> None:
    """With its channel and the reason; when it is back nothing is said any more."""
    going_on = asyncio.Event()

    async def wait(_: float) -> None:
        await going_on.wait()

    room = Room(Scripted(LOST))
    monkeypatch.setattr("streamwatch.access.listening.sleep", wait)
    await room.listening.step()
    await turns(lambda: bool(room.listening.warnings()))
    (warning,) = room.listening.warnings()
    assert warning.zh.startswith("渠道 chat 的按钮现在收不到（the connection was closed）")
    assert warning.en.startswith("buttons of chat are not heard (the connection was closed)")
    assert room.values() == [0.0, 0.0]

    going_on.set()
    await turns(lambda: not room.listening.warnings())
    assert room.values() == [1.0, 1.0]
    await room.listening.stop()
    assert room.values() == [None, None]


async def test_a_new_configuration_begins_anew() -> None:
    """The old connections end, and each new one is begun once."""
    old, new = Scripted(), Scripted()
    room = Room(old)
    await room.listening.step()
    room.listeners = {"chat": cast("Listener", new)}
    for _ in range(3):
        await room.listening.step()
        await asyncio.sleep(0)
    assert (old.times, new.times) == (0, 1)  # the old one was stopped before its first turn
    await room.listening.stop()


async def test_without_the_database_nobody_listens() -> None:
    """A press could not be kept: the service keeps it, and tells it later."""
    room = Room(Scripted())

    def gone() -> bool:
        raise OSError("no database")

    await room.listening.step()
    room.presides = gone
    with pytest.raises(OSError, match="no database"):
        await room.listening.step()
    assert room.values() == [None, None]
