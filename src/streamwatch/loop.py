"""A step that is repeated while there is work, woken when there is more, and never silent when it fails."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterable
from types import TracebackType
from typing import Self

log = logging.getLogger(__name__)

IDLE = 1.0  # seconds between looks when nobody wakes it
PAUSE = 1.0  # seconds after a failure
STUCK = 15.0  # seconds without a finished step after which the loop counts as stuck


class Loop:
    """Runs *step* as a task of its own; *step* answers whether there may be more to do at once."""

    def __init__(self, name: str, step: Callable[[], Awaitable[bool]]) -> None:
        self._name = name
        self._step = step
        self._more = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._stopping = False
        self._alive_at = time.monotonic()
        self._failure: str | None = None

    def wake(self) -> None:
        self._more.set()

    def trouble(self) -> str | None:
        """Why this loop does not do its work, if it does not."""
        if self._task is None or self._task.done():
            return f"{self._name} does not run"
        if time.monotonic() - self._alive_at > STUCK:
            return f"{self._name} is stuck"
        return self._failure and f"{self._name} fails: {self._failure}"

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._run(), name=self._name)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def stop(self) -> None:
        """End after the step that is running."""
        self._stopping = True
        self.wake()
        if self._task is not None:
            await self._task

    async def _run(self) -> None:
        while not self._stopping:
            self._more.clear()
            if await self._once():
                continue
            try:
                await asyncio.wait_for(self._more.wait(), IDLE)
            except TimeoutError:
                continue

    async def _once(self) -> bool:
        try:
            busy = await self._step()
        except Exception as error:
            # The database may be gone for a minute, the disk full for an hour: the work is still there.
            log.exception("%s failed; trying again", self._name)
            self._failure = type(error).__name__
            await asyncio.sleep(PAUSE)
            busy = False
        else:
            self._failure = None
        self._alive_at = time.monotonic()
        return busy


async def in_turn(steps: Iterable[Callable[[], Awaitable[bool]]]) -> bool:
    """Whether any of *steps* did anything. Each has its turn, whatever happens to another; then that is raised."""
    did, failure = False, None
    for step in steps:
        try:
            did |= await step()
        except Exception as error:  # noqa: BLE001 - whose turn comes next has nothing to do with it
            failure = failure or error
    if failure is not None:
        raise failure
    return did
