"""What is known of one stream over its samples. Durations add up over segments that follow on each other.

A gap between samples is no evidence: it neither ends what held nor makes it last longer.
"""

from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal, get_args

from streamwatch_exporters.picture_facts import DEPTHS, Channel, Depth, Facts, Held, Track, timestamp_step

Media = Literal["video", "audio"]
MEDIA: tuple[Media, ...] = get_args(Media)
Direction = Literal["forward", "backward"]
DIRECTIONS: tuple[Direction, ...] = get_args(Direction)

_TOLERANCE = 0.001  # seconds, of sums of fractions
_JUMP = 1.0  # seconds


@dataclass(frozen=True)
class Sample:
    """One segment: does it follow on the sample before, and is it marked as a discontinuity?"""

    facts: Facts
    follows: bool
    marked: bool = False


@dataclass
class Holding:
    """One thing that may hold: black, frozen, silent. `verdict` is None while that cannot be told."""

    minimum: float
    verdict: bool | None = None
    seconds: float = 0.0  # total of all times that reached the minimum
    run: float = 0.0  # how long it has held up to the end of the last sample
    established: bool = False  # it held for its minimum when it was last seen
    _counted: float = 0.0  # what of the run is in the total
    _whole: bool = True  # the beginning of the run was seen

    def take(self, held: Held, *, follows: bool) -> None:
        """Learn from a sample. Only if it `follows` does its beginning go on from what is known."""
        carried = held.from_start and self.established
        for i, (start, end) in enumerate(held.stretches):
            first = i == 0 and held.from_start
            if not (first and follows and self.run > 0):
                self.run = self._counted = 0.0
                self._whole = follows or not first
            self.run += end - start
            self.established = self.run >= self.minimum - _TOLERANCE or (first and carried)
            if self.established:
                self.seconds += self.run - self._counted
                self._counted = self.run
        if not held.to_end:
            self.run = self._counted = 0.0
            self.established = False
        self.verdict = None if held.to_end and not self.established and not self._whole else self.established

    def lose_sight(self) -> None:
        """Nothing could be seen. What was established stays so until a sample says otherwise."""
        self.verdict = None
        self.run = self._counted = 0.0


def _per_media() -> dict[Media, int]:
    return dict.fromkeys(MEDIA, 0)


@dataclass
class Counts:
    """What only ever grows."""

    samples: dict[Depth, int] = field(default_factory=lambda: dict.fromkeys(DEPTHS, 0))
    cpu_seconds: float = 0.0
    size: dict[Media, int] = field(default_factory=_per_media)  # bytes
    format_changes: dict[Media, int] = field(default_factory=_per_media)
    jumps: dict[tuple[Media, Direction], int] = field(
        default_factory=lambda: {(media, direction): 0 for media in MEDIA for direction in DIRECTIONS}
    )
    clipped: dict[str, int] = field(default_factory=dict)  # by channel


class PictureState:
    """Takes samples in their order, and says when it could not see."""

    def __init__(
        self, *, black_seconds: float, frozen_seconds: float, silent_seconds: float, slate_seconds: float | None
    ) -> None:
        self.black, self.frozen = Holding(black_seconds), Holding(frozen_seconds)
        self.slate = None if slate_seconds is None else Holding(slate_seconds)
        self.silent: dict[str, Holding] = {}
        self.counts = Counts()
        self.facts: Facts | None = None
        self.keyframe_interval: float | None = None
        self._silent_seconds = silent_seconds
        self._formats: dict[Media, tuple[str | int, ...]] = {}

    @property
    def suspicious(self) -> bool:
        """Something holds at this moment, so the very next segment counts."""
        return self.looks_suspicious or any(holding.run > 0 for holding in self.silent.values())

    @property
    def looks_suspicious(self) -> bool:
        """The same of the picture alone: reason to decode all of it."""
        return any(holding.run > 0 for holding in self._of_video())

    def lose_sight(self) -> None:
        """A look failed, or segments were left out."""
        self.facts = self.keyframe_interval = None
        for holding in (*self._of_video(), *self.silent.values()):
            holding.lose_sight()

    def take(self, sample: Sample) -> None:
        before = self.facts if sample.follows else None
        facts = self.facts = sample.facts
        self.counts.cpu_seconds += facts.cpu_seconds
        if facts.video is not None:
            self.counts.samples[facts.video.depth] += 1
        self._take_video(facts, follows=before is not None and before.video is not None)
        self._take_audio(facts, follows=before is not None and before.audio is not None)
        earlier = Facts() if before is None or sample.marked else before
        self._take_track("video", facts.video_track, earlier.video_track)
        self._take_track("audio", facts.audio_track, earlier.audio_track)
        self.keyframe_interval = _keyframe_interval(facts.video_track, earlier.video_track)

    def _of_video(self) -> list[Holding]:
        return [holding for holding in (self.black, self.frozen, self.slate) if holding is not None]

    def _take_video(self, facts: Facts, *, follows: bool) -> None:
        if facts.video is None:
            for holding in self._of_video():
                holding.lose_sight()
            return
        self.black.take(facts.video.black, follows=follows)
        self.frozen.take(facts.video.frozen, follows=follows)
        if self.slate is not None:
            if facts.video.slate is None:
                self.slate.lose_sight()
            else:
                self.slate.take(facts.video.slate, follows=follows)

    def _take_audio(self, facts: Facts, *, follows: bool) -> None:
        channels = facts.audio.channels if facts.audio else ()
        known = {channel.name for channel in channels}
        # A channel that is gone for good takes its state along; one that could not be decoded does not.
        if facts.audio is not None:
            self.silent = {name: holding for name, holding in self.silent.items() if name in known}
        for name in set(self.silent) - known:
            self.silent[name].lose_sight()
        for channel in channels:
            self._take_channel(channel, follows=follows)

    def _take_channel(self, channel: Channel, *, follows: bool) -> None:
        follows = follows and channel.name in self.silent
        self.silent.setdefault(channel.name, Holding(self._silent_seconds)).take(channel.silent, follows=follows)
        # The first sample of a channel begins its count at 0: only then is the first event seen as an increase.
        known = channel.name in self.counts.clipped
        self.counts.clipped[channel.name] = self.counts.clipped.get(channel.name, 0) + channel.clipped * known

    def _take_track(self, media: Media, track: Track | None, before: Track | None) -> None:
        if track is None:
            return
        self.counts.size[media] += track.size
        self.counts.jumps[media, "forward"] += track.jumps_forward
        self.counts.jumps[media, "backward"] += track.jumps_backward
        if before is not None:
            step = timestamp_step(before.last_dts, track.first_dts)
            self.counts.jumps[media, "forward"] += step > _JUMP
            self.counts.jumps[media, "backward"] += step < 0
        self.counts.format_changes[media] += self._changes_within(media)
        known, now = self._formats.get(media), self._format(media, track)
        self.counts.format_changes[media] += known is not None and known != now[0]
        self._formats[media] = now[1]

    def _changes_within(self, media: Media) -> int:
        facts = self.facts
        assert facts is not None
        if media == "video":
            return len(facts.video.resolutions) - 1 if facts.video else 0
        return facts.audio.format_changes if facts.audio else 0

    def _format(self, media: Media, track: Track) -> tuple[tuple[str | int, ...], tuple[str | int, ...]]:
        """The formats that a sample begins and ends with."""
        video = self.facts.video if self.facts else None
        first = last = track.resolution
        if media == "video" and video is not None:
            first, last = video.resolutions[0], video.resolutions[-1]
        rest = (track.codec, track.sample_rate, track.channels)
        return (first, *rest), (last, *rest)


def _keyframe_interval(track: Track | None, before: Track | None) -> float | None:
    """The longest distance of keyframes, in seconds; None when none can be told.

    Segments begin with a keyframe, so the end of one counts as the place of the next.
    """
    if track is None or not track.keyframes:
        return None
    places = [*track.keyframes, track.seconds]
    if before is not None and before.keyframes:
        places.insert(0, before.keyframes[-1] - before.seconds)
    return max((after - before for before, after in pairwise(places)), default=None)
