"""A call that may hang for ever, beside the event loop: a mount whose server is gone, a driver that is stuck.

A thread that hangs cannot be ended. So there is at most one for each thing that is looked at, and none of them
keeps the exporter from ending, as those of an executor would.
"""

import asyncio
import threading
from collections.abc import Callable, Hashable
from contextlib import suppress
from typing import Any, TypeVar, cast

from streamwatch_exporters.clock import Clock
from streamwatch_exporters.probe import ProbeFailed

T = TypeVar("T")


class Aside:
    """Calls under way. Whoever asks for the same thing meanwhile waits for the same answer."""

    def __init__(self, name: str, clock: Clock) -> None:
        self._name, self._clock = name, clock
        self._under_way: dict[Hashable, tuple[float, asyncio.Future[Any]]] = {}  # since when, in steady seconds

    async def call(self, key: Hashable, function: Callable[[], T], *, within: float) -> T:
        """What *function* returns or raises. The caller keeps the deadline; giving up leaves the call alone.

        An answer that took more than *within* seconds tells of the past: it is none, but `ProbeFailed`.
        """
        if key not in self._under_way:
            self._begin(key, function)
        since, answer = self._under_way[key]
        told = cast("T", await asyncio.shield(answer))
        if self._clock.steady() - since > within:
            raise ProbeFailed("timeout", "the answer came too late: it tells of the past")
        return told

    def _begin(self, key: Hashable, function: Callable[[], Any]) -> None:
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Any] = loop.create_future()

        def forget(done: asyncio.Future[Any]) -> None:
            del self._under_way[key]
            if not done.cancelled():
                done.exception()  # looked at, also when nobody waits any more

        answer.add_done_callback(forget)
        thread = threading.Thread(target=_run, args=(loop, answer, function), name=self._name, daemon=True)
        since = self._clock.steady()
        thread.start()  # a system that has no thread left raises here: then nothing is under way
        self._under_way[key] = since, answer


def _run(loop: asyncio.AbstractEventLoop, answer: "asyncio.Future[T]", function: Callable[[], T]) -> None:
    try:
        result = function()
    except Exception as exc:  # noqa: BLE001 - handed on to whoever waits
        _tell(loop, answer.set_exception, exc)
    else:
        _tell(loop, answer.set_result, result)


def _tell(loop: asyncio.AbstractEventLoop, way: Callable[[Any], None], what: object) -> None:
    with suppress(RuntimeError):  # the loop has ended meanwhile, and nobody waits
        loop.call_soon_threadsafe(way, what)
