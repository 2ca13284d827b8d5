"""The continuous reader of an HTTP-FLV stream: repeated looks see no stall inside a connection that stands."""

import asyncio
import random

from streamwatch_exporters.flv import Ended, FlvConnection, FlvSettings, flv_connection
from streamwatch_exporters.flv_state import FlvReading
from streamwatch_exporters.probe import REASONS, Answer, ProbeFailed, Target
from streamwatch_exporters.recent import Look
from streamwatch_exporters.watching import OneTask, Tools

ENDED = "ended"
RECONNECT_REASONS = (*REASONS, ENDED)

_BEAT = 1.0  # seconds from report to report
_STALLED = 3.0  # seconds without a frame that are worth a word
_JITTER = 0.5  # seconds over which readers that start together are spread
_FIRST_WAIT, _LONGEST_WAIT = 0.5, 15.0  # seconds before a new connection
_STABLE = 10.0  # seconds of connection after which the wait begins anew


class FlvWatcher(OneTask):
    """Reads one stream until closed. Read by `FlvFamily`."""

    def __init__(self, stream: str, settings: FlvSettings, tools: Tools) -> None:
        super().__init__(Target("flv", stream=stream), tools)
        self.settings = settings
        self.reading = FlvReading()
        self.reconnects = dict.fromkeys(RECONNECT_REASONS, 0)
        self._clock = tools.clock

    async def _run(self) -> None:
        await asyncio.sleep(random.random() * _JITTER)  # noqa: S311 - spreads load, guards nothing
        wait = _FIRST_WAIT
        while True:
            started = self._clock.steady()
            failure = await self._read_until_lost(started)
            self.reading.begin()
            self._tools.health.failed(self.target, failure.reason)
            lasted = self._clock.steady() - started
            self._note(Answer.CANNOT_TELL, str(failure), lasted)
            wait = _FIRST_WAIT if lasted > _STABLE + self.settings.timeout else min(2 * wait, _LONGEST_WAIT)
            await asyncio.sleep(wait * random.uniform(0.8, 1.2))  # noqa: S311
            self.reconnects[ENDED if isinstance(failure, Ended) else failure.reason] += 1

    async def _read_until_lost(self, started: float) -> ProbeFailed:
        try:
            async with flv_connection(self._tools.session, self.settings) as connection:
                await _Reader(self, connection, started).read()
        except ProbeFailed as failure:
            return failure
        except Exception as exc:  # noqa: BLE001 - a reader that dies would be a silent gap
            # Only its type: the text of an unforeseen error may hold the address.
            return ProbeFailed("protocol", f"unforeseen {type(exc).__name__}")
        return Ended()

    def report(self, answer: Answer, text: str, seconds: float, *, success: bool) -> None:
        """Tell how the last second of reading went."""
        if success:
            self._tools.health.succeeded(self.target)
        self._note(answer, text, seconds)

    def _note(self, answer: Answer, text: str, seconds: float) -> None:
        self._tools.note(Look(self.target, self._clock.wall(), answer, text, seconds))

    def now(self) -> float:
        return self._clock.steady()


class _Reader:
    """One connection, from its first tag to its end."""

    def __init__(self, watcher: FlvWatcher, connection: FlvConnection, started: float) -> None:
        self._watcher, self._connection, self._started = watcher, connection, started
        self._reading, self._settings = watcher.reading, watcher.settings
        self._reported = self._last_frame = watcher.now()
        self._frames = 0  # since the last report

    async def read(self) -> None:
        """Read until `ProbeFailed` says that there is no more."""
        while True:
            tags = await self._connection.tags(_BEAT)
            now = self._watcher.now()
            if self._connection.understood and self._reading.handshake is None:
                self._reading.handshake = now - self._started
            began = self._reading.first_frame is None
            for tag in tags:
                if self._reading.take(tag, now):
                    self._take_frame(now)
            if now - self._reported >= _BEAT or (began and self._frames):
                self._report(now)

    def _take_frame(self, now: float) -> None:
        self._frames += 1
        self._last_frame = now
        self._reading.connected = True
        if self._reading.first_frame is None:
            self._reading.first_frame = now - self._started

    def _report(self, now: float) -> None:
        seconds, frames = now - self._reported, self._frames
        self._reported, self._frames = now, 0
        silent = now - self._last_frame
        if frames:
            self._watcher.report(Answer.OK, "audio or video comes", seconds, success=True)
        elif silent >= self._settings.reconnect_after:
            raise ProbeFailed("timeout", "nothing came any more")
        elif self._reading.connected:
            if silent >= _STALLED:
                self._watcher.report(Answer.BAD, "stalled: connected, but nothing comes", seconds, success=False)
        elif silent >= self._settings.timeout:
            if not self._connection.understood:
                raise ProbeFailed("timeout", "connected, but nothing came that is FLV")
            self._reading.connected = False
            self._watcher.report(Answer.BAD, "no audio or video in time", seconds, success=True)
