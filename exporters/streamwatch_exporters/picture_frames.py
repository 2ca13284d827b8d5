"""Decoded pictures, one after the other: black, frozen, the slate. Thresholds are those of ffmpeg's filters.

Large pictures are looked at on a coarser grid, which changes means and ratios very little and costs a fraction.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from streamwatch_exporters.picture_facts import Depth, Held, Question, Stretches, Video

_GRID = 480  # columns looked at
_BLACK_PIXEL = 0.10  # blackdetect pixel_black_th
_BLACK_PICTURE = 0.98  # blackdetect picture_black_ratio_th
_SUSPICIOUS_BLACK = 0.90
_ALIKE = 4  # times the threshold of a freeze: how much of a still picture an encoder may change at a keyframe
_REDRAWN = 0.5  # seconds after a keyframe in which that happens
_RARE = 1.0  # seconds from keyframe to keyframe, at least: else all of the stream would be "after a keyframe"
_TYPICAL = 0.04  # seconds of a picture whose length cannot be told
_LONGEST = 1.0  # seconds from picture to picture; more is a jump of the timestamps
_BLOCKS = (9, 16)  # rows and columns in which a picture is compared with the slate
_SLATE_DIFFERENCE, _SLATE_LIKENESS, _FLAT = 0.03, 0.9, 0.02
_PLAIN = {"yuv420p", "yuvj420p", "yuv422p", "yuvj422p", "yuv444p", "yuvj444p", "nv12"}

Bytes = NDArray[np.uint8]


@dataclass(frozen=True)
class Picture:
    """All planes on the grid, in one row, and the luma of it as it is, limited or full range."""

    samples: Bytes
    luma: Bytes
    shape: tuple[int, int]  # height, width of the frame
    full_range: bool = False

    @classmethod
    def of(cls, frame: av.VideoFrame) -> "Picture":
        plain = frame if frame.format.name in _PLAIN else frame.reformat(format="yuv420p")
        step = max(1, -(-plain.width // _GRID))
        planes = [_plane(plane, step) for plane in plain.planes]
        full_range = plain.format.name.startswith("yuvj") or int(plain.color_range) == 2
        samples = np.concatenate([plane.ravel() for plane in planes])
        return cls(samples, planes[0], (frame.height, frame.width), full_range)

    @property
    def black_ratio(self) -> float:
        """Share of pixels at or under the black threshold."""
        limit = int(_BLACK_PIXEL * 255) if self.full_range else int(16 + _BLACK_PIXEL * 219)
        return float(np.count_nonzero(self.luma <= limit)) / self.luma.size

    @property
    def luma_mean(self) -> float:
        mean = float(self.luma.mean())
        return min(1.0, max(0.0, mean / 255 if self.full_range else (mean - 16) / 219))

    def difference(self, other: Bytes) -> float:
        """Mean absolute difference, as freezedetect has it."""
        larger, smaller = np.maximum(self.samples, other), np.minimum(self.samples, other)
        return float((larger - smaller).mean()) / 256

    def blocks(self) -> NDArray[np.float64] | None:
        """Mean luma 0 to 1 of a few blocks; None for a picture smaller than they are."""
        rows, columns = (size // count for size, count in zip(self.luma.shape, _BLOCKS, strict=True))
        if not rows or not columns:
            return None
        cut = self.luma[: rows * _BLOCKS[0], : columns * _BLOCKS[1]].astype(np.float64)
        means: NDArray[np.float64] = cut.reshape(_BLOCKS[0], rows, _BLOCKS[1], columns).mean(axis=(1, 3)).ravel()
        return means / 255 if self.full_range else np.clip((means - 16) / 219, 0.0, 1.0)


def _plane(plane: Any, step: int) -> Bytes:
    rows = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)
    # A plane of NV12 has two samples to a pixel; its line is cut to those in any case.
    return np.ascontiguousarray(rows[: plane.height : step, : plane.width : step])


class Slate:
    """The reference picture. Encoding, scaling and small overlays leave it recognisable."""

    def __init__(self, path: str) -> None:
        """Raises `OSError` or an error of av."""
        with av.open(path) as container:
            blocks = Picture.of(next(container.decode(video=0))).blocks()
        if blocks is None:
            raise OSError("the reference picture is too small")
        self._blocks = blocks

    def is_seen_in(self, picture: Picture) -> bool:
        blocks = picture.blocks()
        if blocks is None or float(np.abs(blocks - self._blocks).mean()) > _SLATE_DIFFERENCE:
            return False
        if self._blocks.std() < _FLAT or blocks.std() < _FLAT:
            return bool(self._blocks.std() < _FLAT and blocks.std() < _FLAT)
        return bool(np.corrcoef(blocks, self._blocks)[0, 1] >= _SLATE_LIKENESS)


@dataclass
class _Labels:
    """What each picture shows, None where it does not: equal neighbours make one stretch."""

    black: list[Hashable] = field(default_factory=list)
    frozen: list[Hashable] = field(default_factory=list)
    slate: list[Hashable] = field(default_factory=list)


class _Redraw:
    """Knows whether a picture is a keyframe or comes soon after one."""

    def __init__(self) -> None:
        self._keyframe_at: float | None = None
        self._rare = False

    def may_be(self, frame: av.VideoFrame) -> bool:
        time = frame.time if frame.pts is not None else None
        if time is None:
            return False
        if frame.key_frame:
            self._rare = self._keyframe_at is None or time - self._keyframe_at >= _RARE
            self._keyframe_at = time
        return self._rare and self._keyframe_at is not None and 0 <= time - self._keyframe_at <= _REDRAWN


class Looking:
    """Takes pictures in the order in which they are shown."""

    def __init__(self, question: Question, before: Bytes | None, slate: Slate | None) -> None:
        self.question, self._before, self._slate = question, before, slate
        self._suspicious = False
        self.reference: Bytes | None = before
        self.shape = question.before_shape
        self._anchor = before  # what a freeze began with; the reference is what it was last redrawn as
        self._anchor_at = -1  # which picture that is; -1 the one before the segment
        self._alike = _ALIKE * question.frozen_difference
        self._redraw = _Redraw()
        self._labels = _Labels()
        self._times: list[float | None] = []
        self._ratios: list[tuple[float, float]] = []
        self._differences: list[float] = []
        self._resolutions: list[str] = []

    def anew(self) -> "Looking":
        """The same question, nothing taken."""
        return Looking(self.question, self._before, self._slate)

    def take(self, frame: av.VideoFrame) -> None:
        picture = Picture.of(frame)
        black = picture.black_ratio
        slate = self._slate is not None and self._slate.is_seen_in(picture)
        self._times.append(frame.time if frame.pts is not None else None)
        self._ratios.append((black, picture.luma_mean))
        self._labels.black.append(0 if black >= _BLACK_PICTURE else None)
        self._labels.slate.append(0 if slate else None)
        self._labels.frozen.append(self._frozen(picture, redrawn=self._redraw.may_be(frame)))
        self._suspicious = self._suspicious or slate or black >= _SUSPICIOUS_BLACK
        resolution = f"{frame.width}x{frame.height}"
        if self._resolutions[-1:] != [resolution] and len(self._resolutions) < 100:
            self._resolutions.append(resolution)

    def _frozen(self, picture: Picture, *, redrawn: bool) -> int | None:
        """Like freezedetect: a freeze lasts while pictures are like the one that it began with.

        Unlike it, a freeze goes on over a keyframe: encoders draw a still picture anew there, in steps.
        """
        at = len(self._labels.frozen)
        if self.reference is not None and self._anchor is not None and self._fits(picture):
            difference = picture.difference(self.reference)
            self._differences.append(difference)
            self._suspicious = self._suspicious or difference < self._alike
            same = difference < self.question.frozen_difference
            if same or (redrawn and picture.difference(self._anchor) < self._alike):
                self.reference = self.reference if same else picture.samples
                if self._anchor_at >= 0:
                    self._labels.frozen[self._anchor_at] = self._anchor_at
                return self._anchor_at
        self.reference = self._anchor = picture.samples
        self.shape, self._anchor_at = picture.shape, at
        return None

    def _fits(self, picture: Picture) -> bool:
        return self.reference is not None and (self.shape, self.reference.size) == (
            picture.shape,
            picture.samples.size,
        )

    @property
    def taken(self) -> int:
        """How many pictures."""
        return len(self._times)

    @property
    def suspicious(self) -> bool:
        """A reason to look at every picture. With nothing to compare it with, none can be called moving."""
        return self._suspicious or not self._differences

    @property
    def seconds(self) -> float:
        """How long the pictures taken are shown."""
        return sum(_lengths(self._times))

    def result(self, depth: Depth) -> Video | None:
        """None when no picture was taken. Keyframes alone show no stretches."""
        if not self._times:
            return None
        lengths = _lengths(self._times)
        told = depth == "full"
        frozen = _held(self._labels.frozen, lengths) if told else Held()
        if self.question.consecutive and frozen.from_start:
            frozen = frozen.model_copy(update={"from_start": self._labels.frozen[0] == -1})
        slate = _held(self._labels.slate, lengths) if told else Held()
        black, luma = (sum(each) / len(each) for each in zip(*self._ratios, strict=True))
        return Video(
            depth=depth,
            frames=len(self._times),
            black_pixel_ratio=black,
            luma_mean_ratio=luma,
            difference_ratio=max(self._differences, default=None),
            black=_held(self._labels.black, lengths) if told else Held(),
            frozen=frozen,
            slate=slate if self._slate is not None else None,
            resolutions=tuple(self._resolutions),
        )


def _lengths(times: Sequence[float | None]) -> list[float]:
    """Seconds that each picture is shown. A jump of the timestamps shows nothing for longer."""
    if not times:
        return []
    steps = [
        after - before if before is not None and after is not None else 0.0 for before, after in pairwise(times)
    ]
    good = sorted(step for step in steps if 0 < step <= _LONGEST)
    typical = good[len(good) // 2] if good else _TYPICAL
    return [*(step if 0 < step <= _LONGEST else typical for step in steps), typical]


def _held(labels: Sequence[Hashable], lengths: Sequence[float]) -> Held:
    stretches: list[tuple[float, float]] = []
    last: Hashable = None
    at = 0.0
    for label, length in zip(labels, lengths, strict=True):
        if label is not None:
            if label == last:
                stretches[-1] = (stretches[-1][0], at + length)
            else:
                stretches.append((at, at + length))
        last, at = label, at + length
    merged: Stretches = tuple(stretches)
    return Held(stretches=merged, from_start=labels[0] is not None, to_end=labels[-1] is not None)
