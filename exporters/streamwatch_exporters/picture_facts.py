"""What one segment holds, as the decoder tells it. It meets bytes of strangers, so what it tells is checked.

Times are seconds on the clock of the segment (presentation time), ratios 0 to 1.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Depth = Literal["keyframes", "full"]
DEPTHS: tuple[Depth, ...] = ("keyframes", "full")
MAX_CHANNELS = 8

Count = Annotated[int, Field(ge=0, lt=2**53)]
Number = Annotated[float, Field(allow_inf_nan=False)]
Ratio = Annotated[float, Field(ge=0, le=1)]
Name = Annotated[str, StringConstraints(pattern=r"^[\x20-\x7e]{0,64}$")]
Stretches = tuple[tuple[Number, Number], ...]


class _Fact(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Held(_Fact):
    """When something held. Does its first stretch go on from before the segment, its last one to the very end?"""

    stretches: Stretches = ()
    from_start: bool = False
    to_end: bool = False


class Track(_Fact):
    """One track as demuxed. Decode times are seconds of a clock that may wrap; see `timestamp_step`.

    `keyframes` are seconds after its first packet, by steps that are no jumps; `seconds` is its length, likewise.
    """

    codec: Name
    profile: Name
    resolution: Name = ""
    sample_rate: Count = 0
    channels: Count = 0
    start: Number
    seconds: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    first_dts: Number
    last_dts: Number
    size: Count  # bytes
    jumps_forward: Count = 0
    jumps_backward: Count = 0
    keyframes: tuple[Number, ...] = ()


class Video(_Fact):
    """What is seen. `difference_ratio` is the largest between frames compared; None: there was one only."""

    depth: Depth
    frames: Count
    black_pixel_ratio: Ratio
    luma_mean_ratio: Ratio
    difference_ratio: Ratio | None
    black: Held
    frozen: Held
    slate: Held | None
    resolutions: tuple[Name, ...]  # in the order met, each change once


class Channel(_Fact):
    """What is heard on one channel. `level` is the RMS in dBFS; `clipped` counts samples at or over full scale."""

    name: Name
    level: Number
    clipped: Count
    silent: Held


class Audio(_Fact):
    """What is heard. Loudness in LUFS (EBU R 128); None when the segment is too short or too quiet to tell."""

    channels: Annotated[tuple[Channel, ...], Field(max_length=MAX_CHANNELS)]
    momentary: Number | None
    whole: Number | None
    format_changes: Count


class Facts(_Fact):
    """All of a segment. A track without a picture or sound is one that could not be decoded."""

    video_track: Track | None = None
    audio_track: Track | None = None
    video: Video | None = None
    audio: Audio | None = None
    cpu_seconds: Number = 0.0


class Question(_Fact):
    """What the decoder is asked beside the bytes of a segment.

    The picture that was last seen stands in front of the bytes: `before_size` bytes of it, `before_shape` its size.
    Only if it is `consecutive` may a freeze go on from it; else it is a reason to look closer.
    """

    full: bool = False
    consecutive: bool = False
    before_size: Count = 0
    before_shape: tuple[Count, Count] = (0, 0)
    frozen_difference: Number = 0.001
    slate: str | None = None  # path of the reference picture


class Reply(_Fact):
    """What it answers: facts, and behind them the bytes of the last picture; or why there are none."""

    facts: Facts | None = None
    failure: str = ""
    shape: tuple[Count, Count] = (0, 0)


def timestamp_step(before: float, after: float) -> float:
    """Seconds from one decode time to the next. Those of MPEG-TS have 33 bits at 90 kHz and begin again."""
    wrap = 2**33 / 90_000
    return (after - before + wrap / 2) % wrap - wrap / 2
