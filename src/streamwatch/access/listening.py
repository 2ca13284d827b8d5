"""Keeps the long connections over which buttons come back: begun, watched, begun again, and never in the way.

Only the receiver that presides listens: services tell one program, or each a part. A connection that is refused is
tried again after a growing pause; pages go out all the while, and their links work.
"""

import asyncio
import logging
import random
import time
from asyncio import sleep
from collections.abc import Awaitable, Callable

from prometheus_client import Gauge

from streamwatch.access.pressing import Pressing
from streamwatch.channels.channel import ChannelError
from streamwatch.channels.listener import Listener, Listeners, Place, Press, Reply
from streamwatch.clock import Clock
from streamwatch.language import Text
from streamwatch.store import Store

log = logging.getLogger(__name__)

DEAF = Text(
    "渠道 {channel} 的按钮现在收不到（{why}）；呼叫照发，消息里的链接可用",
    "buttons of {channel} are not heard ({why}); pages go out, and their links work",
)
PAUSES = (1.0, 2.0, 5.0, 15.0, 60.0)  # seconds after the first failure, the second …
FOR_GOOD = 300.0  # after a refusal that only a change of the configuration can end
STEADY = 60.0  # seconds connected after which the pauses begin anew


def pause(failures: int, error: Exception, jitter: float) -> float:
    """Seconds until the next try. *jitter* in [0, 1) adds up to a fifth, so that receivers do not come together."""
    wait = PAUSES[min(failures, len(PAUSES)) - 1]
    if isinstance(error, ChannelError):
        if error.reason.permanent:
            wait = FOR_GOOD
        if error.retry_after:
            wait = max(wait, error.retry_after.total_seconds())
    return wait * (1 + jitter / 5)


class Ear:
    """One connection: the desk of its listener, and what became of it."""

    def __init__(self, listener: Listener, pressing: Pressing, store: Store, clock: Clock, up: Gauge) -> None:
        self._listener, self._pressing, self._store, self._clock = listener, pressing, store, clock
        self.channel = listener.channels[0]
        self.failure: str | None = None
        self._up = up
        self._since: float | None = None
        self._show(0)
        self._task = asyncio.create_task(self._run(), name=f"listening to {self.channel}")

    async def take(self, press: Press) -> Reply:
        return await self._pressing.take(self._listener.channels, press)

    async def skip(self, place: str) -> None:
        await asyncio.to_thread(self._store.presses.pass_by, self.channel, place, self._clock())

    async def place(self) -> Place | None:
        found = await asyncio.to_thread(self._store.presses.place, self.channel)
        return found and Place(*found)

    def connected(self) -> None:
        if self.failure is not None:
            log.warning("buttons of %s are heard again", self.channel)
        self.failure, self._since = None, time.monotonic()
        self._show(1)

    async def stop(self) -> None:
        self._task.cancel()
        await asyncio.wait([self._task])
        for channel in self._listener.channels:
            self._up.remove(channel)

    async def _run(self) -> None:
        failures = 0
        while True:
            self._since = None
            try:
                await self._listener.listen(self)
            except Exception as error:  # noqa: BLE001  # whatever broke it, the next try may do
                steady = self._since is not None and time.monotonic() - self._since > STEADY
                failures = 1 if steady else failures + 1
                self._lost(error)
                await sleep(pause(failures, error, random.random()))  # noqa: S311  # no secret hangs on it

    def _lost(self, error: Exception) -> None:
        """Told once for each reason: a service that is away for a night must not fill the log."""
        self._show(0)
        words = str(error) if isinstance(error, ChannelError) else type(error).__name__
        if words != self.failure:
            log.warning("buttons of %s are not heard (%s); trying on, links in pages work", self.channel, words)
        self.failure = words

    def _show(self, value: int) -> None:
        for channel in self._listener.channels:
            self._up.labels(channel).set(value)


class Listening:
    """*listeners* answers a new mapping when the configuration was read again."""

    def __init__(
        self,
        listeners: Callable[[], Listeners],
        presiding: Callable[[], Awaitable[bool]],
        open_ear: Callable[[Listener], Ear],
    ) -> None:
        self._listeners, self._presiding, self._open = listeners, presiding, open_ear
        self._heard: Listeners | None = None
        self._ears: list[Ear] = []

    async def step(self) -> bool:
        """Listen when it is ours to, and only then."""
        try:
            mine = await self._presiding()
        except Exception:
            await self.stop()  # without the database no press could be kept
            raise
        wanted = self._listeners() if mine else None
        if wanted is not self._heard:
            await self.stop()
            self._ears = [self._open(each) for each in (wanted or {}).values()]
            self._heard = wanted
        return False

    async def stop(self) -> None:
        ears, self._ears, self._heard = self._ears, [], None
        for ear in ears:
            await ear.stop()

    def warnings(self) -> list[Text]:
        """Whose buttons are not heard just now, and why. Their pages go out, and the links in them work."""
        return [DEAF.format(channel=ear.channel, why=ear.failure) for ear in self._ears if ear.failure]
