"""Probe `dash`: what a player meets that plays MPEG-DASH. `dash_watcher` is built on it."""

import aiohttp
from pydantic import Field

from streamwatch_exporters.clock import Clock
from streamwatch_exporters.dash_loading import load_manifest
from streamwatch_exporters.dash_state import DashState
from streamwatch_exporters.dash_time import StreamTime
from streamwatch_exporters.fetching import through
from streamwatch_exporters.probe import Answer
from streamwatch_exporters.settings import Addressed, http_url


class DashSettings(Addressed):
    """The manifest as viewers get it. `interval` is the longest time between two looks at it; one that asks for
    more is looked at more often. `timeout` is for each request. Both are seconds.
    """

    segments: bool = True
    interval: float = Field(2.0, ge=0.5, le=60)
    timeout: float = Field(3.0, gt=0, le=30)


class DashLook:
    """One look without memory: the manifest, and the time by which it goes."""

    def __init__(self, session: aiohttp.ClientSession, settings: DashSettings, clock: Clock) -> None:
        self.state = DashState()
        self.time = StreamTime(session, clock, settings.timeout)
        self._session, self._settings, self._clock = session, settings, clock

    async def look(self) -> tuple[Answer, tuple[str, ...]]:
        """Raises `ProbeFailed`."""
        loaded = await load_manifest(
            through(self._session), http_url(self._settings.secret_url), self._settings.timeout
        )
        try:
            self.time.learn(loaded)
            await self.time.settle()
        finally:
            await self.time.close()
        self.state.take(loaded.manifest, self._clock.steady(), self.time.now())
        answer, text = describe(self.state)
        log = [
            f"{name}: {state.window.segments} segments, {'listed' if state.window.told else 'by the clock'}"
            for name, state in self.state.representations.items()
        ]
        return answer, (text, *log)


def describe(state: DashState) -> tuple[Answer, str]:
    """What a manifest that was read says, in words without numbers that change at each look."""
    if state.manifest is None or not state.manifest.dynamic:
        return Answer.BAD, "the manifest says that the stream is over"
    listed = sum(each.listed for each in state.representations.values())
    if not listed:
        return Answer.BAD, "the manifest lists no segment"
    return Answer.OK, f"{listed} representation(s) listed"
