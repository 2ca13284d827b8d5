"""Probe `picture`: what is seen and heard. Now and then it decodes a segment, as deep as there is reason to.

Extra `picture`. Decoding happens in processes of its own (`picture_workers`); this one never meets the media.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, ValidationInfo
from pydantic_core import PydanticCustomError
from yarl import URL

from streamwatch_exporters.clock import Clock
from streamwatch_exporters.fetching import through
from streamwatch_exporters.hls_playlist import MasterPlaylist, MediaPlaylist, Rendition, Variant
from streamwatch_exporters.picture_metrics import DECLARED, counts_of, values_of
from streamwatch_exporters.picture_source import Deadline, Rules, Source
from streamwatch_exporters.picture_state import PictureState
from streamwatch_exporters.picture_workers import Workers
from streamwatch_exporters.playlist_loading import load, load_media, resolve
from streamwatch_exporters.probe import Answer, ProbeFailed
from streamwatch_exporters.repeating import Finding, PartlySeen, RepeatedSettings, RepeatingFamily, Values
from streamwatch_exporters.settings import Addressed, http_url
from streamwatch_exporters.watching import Tools

_PLAYLIST = 3.0  # seconds
_RESERVE = 0.2  # seconds before the deadline at which a look gives up by itself, and says at what
_PICTURES = ("avc", "hvc", "hev", "dvh", "av01", "vp0", "mp4v")  # how codecs of pictures begin


def _picture_file(value: Any, info: ValidationInfo) -> Any:
    """The path of a picture, relative to the file that names it."""
    context = info.context or {}
    path = Path(context.get("folder", "."), value).expanduser() if isinstance(value, str) else None
    if path is None or (context.get("read_secrets", True) and not path.is_file()):
        raise PydanticCustomError("picture_file", "the path of a picture is expected")
    return path.absolute()


class PictureSettings(Addressed, RepeatedSettings):
    """Where the playlist is, how long a state holds before it counts, and how often every picture is decoded."""

    interval: float = Field(4.0, ge=0.2, le=3600)
    timeout: float = Field(10.0, gt=0, le=60)
    variant: Literal["lowest", "highest"] = "lowest"
    black_seconds: float = Field(2.0, ge=0.1, le=3600)
    frozen_seconds: float = Field(2.0, ge=0.1, le=3600)
    frozen_difference: float = Field(0.001, gt=0, le=0.1)
    silent_seconds: float = Field(2.0, ge=0.1, le=3600)
    full_every: int = Field(10, ge=1, le=100_000)
    reference_slate_file: Annotated[Path, BeforeValidator(_picture_file)] | None = None
    slate_seconds: float = Field(2.0, ge=0.1, le=3600)

    def state(self) -> PictureState:
        return PictureState(
            black_seconds=self.black_seconds,
            frozen_seconds=self.frozen_seconds,
            silent_seconds=self.silent_seconds,
            slate_seconds=self.slate_seconds if self.reference_slate_file else None,
        )


@dataclass(frozen=True)
class _Apart:
    """A playlist of sound alone, and the variables of its master."""

    url: URL = field(repr=False)
    variables: Mapping[str, str] = field(repr=False)


class PictureLooker:
    """Looks at one variant, and at the playlist of its sound if that has one of its own."""

    def __init__(self, settings: PictureSettings, tools: Tools, workers: Workers) -> None:
        self._settings, self._tools = settings, tools
        slate = settings.reference_slate_file
        rules = Rules(settings.full_every, settings.frozen_difference, str(slate) if slate else None)
        self._main = Source(tools.session, workers, rules, settings.state())
        self._sound = Source(tools.session, workers, rules, settings.state())
        self._seen_at: tuple[float, float] | None = None  # steady, wall
        self._has_sound_apart = False
        self.counts: Values = counts_of(self._main.state, self._sound.state)

    async def look(self) -> Finding:
        deadline = Deadline(max(0.1, self._settings.timeout - _RESERVE))
        playlist, base, sound = await self._playlists(deadline)
        self._has_sound_apart = sound is not None
        try:
            if await self._main.look(playlist, base, deadline):
                self._seen_at = self._tools.clock.steady(), self._tools.clock.wall()
            if sound is not None:
                await self._look_at_sound(sound, deadline)
        finally:
            self.counts = counts_of(self._main.state, self._sound.state)
        self._require_news(playlist)
        return self._finding()

    async def _playlists(self, deadline: Deadline) -> tuple[MediaPlaylist, URL, _Apart | None]:
        """The chosen media playlist, the address its references hang on, and where its sound is when apart."""
        url, get = http_url(self._settings.secret_url), through(self._tools.session)
        loaded = await load(get, url, min(_PLAYLIST, deadline.left))
        if isinstance(loaded.playlist, MediaPlaylist):
            return loaded.playlist, loaded.url, None
        master = loaded.playlist
        variant = choose(master, self._settings.variant)
        apart = sound_of(master, variant)
        sound = _Apart(resolve(loaded.url, apart.uri), master.variables) if apart else None
        playlist, loaded = await load_media(
            get,
            resolve(loaded.url, variant.uri),
            min(_PLAYLIST, deadline.left),
            imported=master.variables,
        )
        return playlist, loaded.url, sound

    async def _look_at_sound(self, sound: _Apart, deadline: Deadline) -> None:
        """The picture was seen already: a failure here takes nothing from it."""
        try:
            playlist, loaded = await load_media(
                through(self._tools.session), sound.url, min(_PLAYLIST, deadline.left), imported=sound.variables
            )
            await self._sound.look(playlist, loaded.url, deadline)
        except ProbeFailed as failure:
            self._sound.state.lose_sight()
            raise PartlySeen(failure.reason, f"sound: {failure.text}", self._finding()) from failure

    def _require_news(self, playlist: MediaPlaylist) -> None:
        """What was seen long ago says nothing about now."""
        patience = 3 * (self._settings.interval + (playlist.target_duration or 2.0))
        if self._seen_at is None or self._tools.clock.steady() - self._seen_at[0] > patience:
            self._main.state.lose_sight()
            raise ProbeFailed("timeout", "the playlist lists no new segment")

    def _finding(self) -> Finding:
        states = [self._main.state, *([self._sound.state] if self._has_sound_apart else [])]
        values = {key: value for state in states for key, value in values_of(state).items()}
        if self._seen_at is not None:
            values["streamwatch_picture_sample_timestamp_seconds",] = self._seen_at[1]
        answer = Answer.BAD if any(wrong_in(state) for state in states) else Answer.OK
        finding = Finding(answer, _told(states), values)
        if undecoded := [media for state in states for media in undecoded_in(state)]:
            raise PartlySeen("decode", f"the {' and the '.join(undecoded)} cannot be decoded", finding)
        return finding


def choose(master: MasterPlaylist, which: Literal["lowest", "highest"]) -> Variant:
    """The variant to look at: one with pictures if there is any."""

    def shows(variant: Variant) -> bool:
        named = variant.codecs.replace(" ", "").lower().split(",")
        return bool(variant.resolution) or not variant.codecs or any(name.startswith(_PICTURES) for name in named)

    variants = [variant for variant in master.variants if shows(variant)] or list(master.variants)
    by_bandwidth = sorted(variants, key=lambda variant: variant.bandwidth)
    return by_bandwidth[0 if which == "lowest" else -1]


def sound_of(master: MasterPlaylist, variant: Variant) -> Rendition | None:
    """The playlist of a variant's sound, when it has one of its own."""
    groups = (each for each in master.renditions if each.kind == "audio" and each.group == variant.audio_group)
    return next(groups, None) if variant.audio_group else None


def wrong_in(state: PictureState) -> list[str]:
    """What holds at this moment, in words."""
    holding = {"black picture": state.black, "frozen picture": state.frozen, "the slate": state.slate}
    wrong = [text for text, each in holding.items() if each is not None and each.verdict]
    silent = [name for name, each in state.silent.items() if each.verdict]
    return [*wrong, *([f"silence on {' '.join(silent)}"] if silent else [])]


def undecoded_in(state: PictureState) -> list[str]:
    """Tracks that could not be decoded. Pictures without a keyframe cannot be, which is no damage."""
    facts = state.facts
    if facts is None:
        return []
    pictures = facts.video is None and facts.video_track is not None and bool(facts.video_track.keyframes)
    sound = facts.audio is None and facts.audio_track is not None
    return [name for name, undecoded in (("pictures", pictures), ("sound", sound)) if undecoded]


def _told(states: list[PictureState]) -> str:
    """What was looked at, and what is wrong with it, in words."""
    facts = [state.facts for state in states if state.facts is not None]
    seen, heard = any(each.video for each in facts), any(each.audio for each in facts)
    good = {(True, True): "picture and sound", (True, False): "picture, no sound track"}.get((seen, heard), "sound")
    text = ", ".join(text for state in states for text in wrong_in(state)) or good
    unread = any(
        state.slate and state.facts and state.facts.video and not state.facts.video.slate for state in states
    )
    return f"{text}; the reference slate cannot be read" if unread else text


class PictureFamily(RepeatingFamily):
    """Every stream whose picture is looked at. The decoders live as long as there is one."""

    def __init__(self, clock: Clock) -> None:
        self.workers = Workers()
        super().__init__(clock, probe="picture", id_label="stream", declared=DECLARED, looker=self._looker_of)

    async def apply(self, wanted: Mapping[str, Any], tools: Tools) -> None:
        await super().apply(wanted, tools)
        if not self.watchers:
            await self.workers.close()

    def _looker_of(self, settings: RepeatedSettings, tools: Tools) -> PictureLooker:
        assert isinstance(settings, PictureSettings)
        return PictureLooker(settings, tools, self.workers)
