"""The watcher of one OBS: keeps a connection, looks again and again, and counts what OBS tells in between."""

import asyncio
import random
from collections import deque

from streamwatch_exporters.fetching import translated_errors
from streamwatch_exporters.obs import ObsSettings, Seen, label, look, look_at_version, ws_url
from streamwatch_exporters.obs_levels import Levels
from streamwatch_exporters.obs_picture import difference, luma
from streamwatch_exporters.obs_websocket import Data, Events, connected
from streamwatch_exporters.pace import OVERRUN, Pace
from streamwatch_exporters.probe import Answer, ProbeFailed, Reason, Target
from streamwatch_exporters.recent import Look
from streamwatch_exporters.repeating import Key, Values
from streamwatch_exporters.watching import OneTask, Tools

_OUTPUTS = {"StreamStateChanged": "stream", "RecordStateChanged": "record"}
_STATES = {
    f"OBS_WEBSOCKET_OUTPUT_{state.upper()}": state
    for state in ("started", "stopped", "reconnecting", "reconnected", "paused", "resumed")
}
_COUNTED = (
    *(("stream", state) for state in ("started", "stopped")),
    *(("record", state) for state in ("started", "stopped", "paused", "resumed")),
)
_RECONNECTS: Key = ("obs_output_reconnects",)


class ObsWatcher(OneTask):
    """Watches one OBS until closed. Read by `ObsFamily`; what it does not know is None."""

    def __init__(self, stream: str, settings: ObsSettings, tools: Tools) -> None:
        super().__init__(Target("obs", stream=stream), tools, skip_reasons=(OVERRUN,))
        self.settings = settings
        self.up: bool | None = None
        self.values: Values | None = None  # never changed in place: the page is made in another thread
        self.counts: dict[Key, float] = {("obs_output_events", *event): 0.0 for event in _COUNTED}
        self.counts[_RECONNECTS] = 0.0
        self.levels = Levels(tools.clock)
        self._happened: deque[str] = deque(maxlen=4)  # since the last look
        self._reconnecting = False
        self._picture: bytes | None = None
        self._failures = 0  # in a row
        self._started = tools.clock.steady()

    async def _run(self) -> None:
        # Watchers that start together are spread over their first moments.
        await asyncio.sleep(random.random() * min(0.5, self.settings.interval))  # noqa: S311 - guards nothing
        while True:
            self._started = self._tools.clock.steady()
            try:
                await self._stay()
            except ProbeFailed as failed:
                failure = failed
            except Exception as exc:  # noqa: BLE001 - a watcher that dies would be a silent gap
                # Only its type: the text of an unforeseen error may hold the address.
                failure = ProbeFailed("protocol", f"unforeseen {type(exc).__name__}")
            self._take_failure(failure)
            await asyncio.sleep(pause(failure.reason, self._failures))

    async def _stay(self) -> None:
        """Connect and look until something fails, which is raised."""
        settings = self.settings
        events = Events.SCENES | Events.INPUTS | Events.OUTPUTS
        async with connected(
            self._tools.session,
            ws_url(settings.address),
            settings.password,
            events=events | Events.VOLUME_METERS if settings.levels else events,
            on_event=self._take_event,
            within=settings.timeout,
        ) as connection:
            pace = Pace(self._record, self._tools.clock)
            version: Values = {}
            while True:
                with translated_errors():
                    async with asyncio.timeout(settings.timeout):
                        version = version or await look_at_version(connection)
                        seen = await look(connection, screenshot=settings.screenshots)
                self._take(seen, version)
                await connection.unless_lost(pace.wait(settings.interval))
                self._started = self._tools.clock.steady()

    def _take(self, seen: Seen, version: Values) -> None:
        self._failures = 0
        self._reconnecting = self._reconnecting or seen.reconnecting
        self.values = {**seen.values, **version, **self._picture_values(seen.picture)}
        self.up = True
        self._tools.health.succeeded(self.target)
        answer, text = seen.described()
        if self._happened:
            text = f"{text} ({', '.join(self._happened)})"
            self._happened.clear()
        self._note(answer, text)

    def _take_failure(self, failure: ProbeFailed) -> None:
        self._failures += 1
        self.up, self.values, self._picture, self._reconnecting = False, None, None, False
        self.levels.clear()
        self._happened.clear()
        self._tools.health.failed(self.target, failure.reason)
        self._note(Answer.CANNOT_TELL, str(failure))

    def _note(self, answer: Answer, text: str) -> None:
        clock = self._tools.clock
        self._tools.note(Look(self.target, clock.wall(), answer, text, clock.steady() - self._started))

    def _picture_values(self, picture: bytes | None) -> Values:
        before, self._picture = self._picture, picture
        if picture is None:
            return {}
        values: dict[Key, float] = {("obs_program_luma_ratio",): luma(picture)}
        if before is not None:
            values["obs_program_difference_ratio",] = difference(picture, before)
        return values

    def _take_event(self, kind: str, data: Data) -> None:
        match data:
            case {"inputs": list()} if kind == "InputVolumeMeters":
                self.levels.take(data)
            case {"outputState": str(state)} if kind in _OUTPUTS and state in _STATES:
                self._take_state(_OUTPUTS[kind], _STATES[state])
            case {"sceneName": str(name)} if kind == "CurrentProgramSceneChanged" and self.values is not None:
                others = {key: value for key, value in self.values.items() if key[0] != "obs_scene_info"}
                self.values = {**others, ("obs_scene_info", label(name)): 1.0}
            case {"inputName": str(name), "inputMuted": bool(muted)} if kind == "InputMuteStateChanged":
                key = ("obs_input_muted", label(name))
                if self.values is not None and key in self.values:
                    self.values = {**self.values, key: float(muted)}

    def _take_state(self, output: str, state: str) -> None:
        """OBS says `reconnecting` at each attempt; a loss is counted once."""
        key = ("obs_output_events", output, state)
        if key in self.counts:
            self.counts[key] += 1
        if output == "stream":
            if state == "reconnecting" and not self._reconnecting:
                self.counts[_RECONNECTS] += 1
            self._reconnecting = state == "reconnecting"
        self._happened.append(f"{output} {state}")


def pause(reason: Reason, failures: int) -> float:
    """Seconds before connecting anew. A wrong password does not become right, and OBS shows each refusal."""
    first, longest = (5.0, 60.0) if reason == "auth" else (1.0, 8.0)
    return min(longest, first * 2.0 ** min(10, failures - 1))
