"""The continuous watcher of one DASH stream: looks at its manifest again and again, and at what it lists."""

import asyncio
import random

from yarl import URL

from streamwatch_exporters.buckets import FETCHING, Buckets
from streamwatch_exporters.dash import DashSettings, describe
from streamwatch_exporters.dash_downloads import Downloads
from streamwatch_exporters.dash_loading import LoadedManifest, load_manifest, resolve
from streamwatch_exporters.dash_rules import MANIFEST_TYPES
from streamwatch_exporters.dash_state import DashState
from streamwatch_exporters.dash_time import StreamTime
from streamwatch_exporters.pace import OVERRUN, Pace
from streamwatch_exporters.probe import Answer, ProbeFailed, Target
from streamwatch_exporters.recent import Look
from streamwatch_exporters.settings import http_url
from streamwatch_exporters.watching import OneTask, Tools

_SHORTEST = 0.5  # seconds between two looks, whatever a manifest asks for
_RETRY = 1.0  # seconds
_JITTER = 0.5  # seconds over which watchers that start together are spread
_SKEWED = 2.0  # seconds
_SEGMENT_BUSY = "segment_busy"


class DashWatcher(OneTask):
    """Watches one stream until closed. `readable` says whether the last look could read the manifest."""

    def __init__(self, stream: str, settings: DashSettings, tools: Tools) -> None:
        super().__init__(Target("dash", stream=stream), tools, skip_reasons=(OVERRUN, _SEGMENT_BUSY))
        self.stream, self.settings = stream, settings
        self.state = DashState()
        self.time = StreamTime(tools.session, tools.clock, settings.timeout)
        self.downloads = Downloads(tools.session, self._came)
        self.fetches = Buckets(FETCHING)
        self.readable = False
        self._loaded: LoadedManifest | None = None
        self._url = http_url(settings.secret_url)
        self._moved_to: URL | None = None

    @property
    def tasks(self) -> int:
        return 1 + self.downloads.tasks

    async def close(self) -> None:
        await super().close()
        await self.time.close()
        await self.downloads.close()

    async def _run(self) -> None:
        await asyncio.sleep(random.random() * _JITTER)  # noqa: S311 - spreads load, guards nothing
        clock, health = self._tools.clock, self._tools.health
        pace = Pace(self._record, clock)
        while True:
            started = clock.steady()
            failure: ProbeFailed | None = None
            try:
                interval = await self._look()
                health.succeeded(self.target)
            except ProbeFailed as exc:
                failure = exc
            except Exception as exc:  # noqa: BLE001 - a watcher that dies would be a silent gap
                # Only its type: the text of an unforeseen error may hold the address.
                failure = ProbeFailed("protocol", f"unforeseen {type(exc).__name__}")
            if failure is not None:
                interval = _RETRY
                self.readable, self._moved_to = False, None  # what moved may have moved back
                health.failed(self.target, failure.reason)
            self._report(failure, clock.steady() - started)
            await pace.wait(interval)

    async def _look(self) -> float:
        """Look once; the seconds until the next one is due."""
        url = self._moved_to or self._url
        loaded = await load_manifest(self._tools.kept.get, url, self.settings.timeout, known=self._loaded)
        manifest = loaded.manifest
        self.fetches.observe(loaded.answer.seconds)
        self.time.learn(loaded)
        self.state.take(manifest, self._tools.clock.steady(), self.time.now())
        self._hold(loaded)
        self._loaded, self.readable = loaded, True
        if manifest.location:
            self._moved_to = resolve(loaded.url, (manifest.location,))
        await self._want_segments(loaded)
        asked = self.settings.interval if manifest.update_period is None else manifest.update_period
        return min(self.settings.interval, max(_SHORTEST, asked))

    def _hold(self, loaded: LoadedManifest) -> None:
        """What players stumble over beside the manifest itself."""
        kind = loaded.answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        self.state.hold("bad_content_type", holds=bool(kind) and kind not in MANIFEST_TYPES)
        self.state.hold("utc_timing_failed", holds=self.time.failed)
        skew = self.time.skew
        self.state.hold("utc_timing_skew", holds=skew is not None and abs(skew) > _SKEWED)

    async def _want_segments(self, loaded: LoadedManifest) -> None:
        states = self.state.representations
        await self.downloads.keep_only(set(states))
        if not self.settings.segments or not loaded.manifest.dynamic:
            return
        for name, state in states.items():
            if state.listed and not self.downloads.want(name, loaded.url, state.window.newest):
                self._record.skipped[_SEGMENT_BUSY] += 1

    def _came(self, name: str, end: float) -> None:
        self.state.came(name, end, self._tools.clock.steady())

    def _report(self, failure: ProbeFailed | None, seconds: float) -> None:
        if failure is not None:
            answer, text = Answer.CANNOT_TELL, str(failure)
        else:
            answer, text = self._described()
        self._tools.note(Look(self.target, self._tools.clock.wall(), answer, text, seconds))

    def _described(self) -> tuple[Answer, str]:
        answer, text = describe(self.state)
        failing = [(name, each.failure) for name, each in self.downloads.newest.items() if each.failure is not None]
        if answer is Answer.OK and failing:
            name, failure = failing[0]
            return Answer.BAD, f"the newest segment does not come, {name}: {failure}"
        return answer, text
