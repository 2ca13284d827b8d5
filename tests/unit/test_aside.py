"""Calls that hang, beside the event loop: when their answers still count."""

import asyncio
import threading

import pytest

from servers.hand_clock import HandClock
from streamwatch_exporters.aside import Aside
from streamwatch_exporters.probe import ProbeFailed


class Hanging:
    """A disk that answers when the test lets it."""

    def __init__(self) -> None:
        self.calls = 0
        self.entered, self.go_on = threading.Event(), threading.Event()

    def __call__(self) -> int:
        self.calls += 1
        self.entered.set()
        assert self.go_on.wait(10)
        return self.calls


async def test_an_answer_of_an_hour_ago_is_none() -> None:
    """Who asks now joins the call that hangs, and is not told what was true when it began."""
    hand, hanging = HandClock(), Hanging()
    aside = Aside("test", hand.clock)
    first = asyncio.create_task(aside.call("disk", hanging, within=3.0))
    await asyncio.to_thread(hanging.entered.wait, 10)
    hand.pass_by(3600)
    second = asyncio.create_task(aside.call("disk", hanging, within=3.0))
    await asyncio.sleep(0)
    hanging.go_on.set()
    for late in (first, second):
        with pytest.raises(ProbeFailed) as failed:
            await late
        assert failed.value.reason == "timeout"
    assert await aside.call("disk", hanging, within=3.0) == 2


async def test_two_who_ask_at_once_share_an_answer_in_time() -> None:
    """One thread for both."""
    hand, hanging = HandClock(), Hanging()
    aside = Aside("test", hand.clock)
    both = asyncio.gather(*(aside.call("disk", hanging, within=3.0) for _ in range(2)))
    await asyncio.to_thread(hanging.entered.wait, 10)
    hand.pass_by(3)
    hanging.go_on.set()
    assert await both == [1, 1]


async def test_a_thread_that_cannot_start_is_not_under_way_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine had no thread left for a moment; the next look is a look again."""
    aside = Aside("test", HandClock().clock)

    def full(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as moment:
        moment.setattr(threading.Thread, "start", full)
        with pytest.raises(RuntimeError):
            await aside.call("disk", lambda: 1, within=3.0)
    async with asyncio.timeout(10):
        assert await aside.call("disk", lambda: 2, within=3.0) == 2
