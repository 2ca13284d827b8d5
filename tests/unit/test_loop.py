"""A loop that does not do its work says so, whatever keeps it from it: readiness and the sign of life repeat it."""

import asyncio
from functools import partial
from types import SimpleNamespace

import pytest

from servers.story import Hands
from streamwatch import loop
from streamwatch.loop import STUCK, Loop, in_turn


async def test_a_step_that_never_ends_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not before its time; and when the step ends after all, all is well again."""
    hands, go_on, ended = Hands(), asyncio.Event(), asyncio.Event()
    monkeypatch.setattr(loop, "time", SimpleNamespace(monotonic=lambda: hands().timestamp()))

    async def step() -> bool:
        if go_on.is_set():
            ended.set()
        await go_on.wait()
        return not ended.is_set()

    async with asyncio.timeout(60), Loop("delivery", step) as running:
        hands.advance(STUCK)
        assert running.trouble() is None
        hands.advance(1)
        assert running.trouble() == "delivery is stuck"
        go_on.set()
        await ended.wait()
        assert running.trouble() is None


async def test_a_loop_that_does_not_run_is_told() -> None:
    """Before it begins, and after its task is gone, for whatever reason."""
    never_again = asyncio.Event()

    async def step() -> bool:
        return await never_again.wait()

    dying = Loop("escalating", step)
    assert dying.trouble() == "escalating does not run"
    async with asyncio.timeout(60):
        await dying.__aenter__()
        assert dying.trouble() is None
        assert dying._task is not None
        dying._task.cancel()
        await asyncio.wait([dying._task])
    assert dying.trouble() == "escalating does not run"


async def test_each_has_its_turn_though_another_fails() -> None:
    """What fails first is raised when all had their turn; whether any did something is told when none failed."""
    went = list[str]()

    async def does(what: str, *, fails: bool = False) -> bool:
        went.append(what)
        if fails:
            raise OSError(what)
        return what == "call"

    with pytest.raises(OSError, match="silence"):
        await in_turn(partial(does, what, fails=what != "call") for what in ("silence", "call", "canary"))
    assert went == ["silence", "call", "canary"]
    assert await in_turn([partial(does, "silence"), partial(does, "call")]) is True
    assert await in_turn([partial(does, "silence")]) is False
