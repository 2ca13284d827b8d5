"""Decoded sound, frame by frame: level, silence, clipping of each channel, and loudness by ffmpeg's `ebur128`."""

import math
import re
from contextlib import suppress
from typing import Any

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.filter import Graph
from numpy.typing import NDArray

from streamwatch_exporters.picture_facts import MAX_CHANNELS, Audio, Channel, Held

_SILENT = 10 ** (-60 / 20)  # silencedetect noise: no sample louder
_FULL_SCALE = 0.999  # of what 16 bits can hold, a player must cut the rest
_FLOOR = -120.0  # dBFS told of digital silence
_SHORTEST = 0.1  # seconds; a pause between two words is no silence
_QUIET = -70.0  # LUFS, the absolute gate of EBU R 128
_MOMENTARY = 4  # values of 100 ms each that the first momentary loudness needs
_PLAIN = "fltp"  # one plane of floats for each channel: what decoders of AAC give
_TOGETHER = 50  # frames, about a second
_NAME = re.compile(r"[A-Z]{1,5}[0-9]{0,2}")


class Listening:
    """Takes frames in their order. After a change of format it tells of the new one alone."""

    def __init__(self) -> None:
        self.changes = 0
        self._current: _Format | None = None

    def take(self, frame: AudioFrame) -> None:
        shape = (frame.sample_rate, frame.layout.name)
        if self._current is None or self._current.shape != shape:
            self.changes += self._current is not None
            self._current = _Format(frame, shape)
        self._current.take(frame)

    def result(self) -> Audio | None:
        return None if self._current is None else self._current.result(self.changes)


class _Format:
    """Sound of one sample rate and layout. Silence is looked for in whole frames of the codec, about 20 ms."""

    def __init__(self, frame: AudioFrame, shape: tuple[int, str]) -> None:
        self.shape = shape
        names = [channel.name for channel in frame.layout.channels][:MAX_CHANNELS]
        odd = len(set(names)) < len(names) or not all(map(_NAME.fullmatch, names))
        self._names = [str(i) for i, _ in enumerate(names, 1)] if odd else names
        self._resampler = av.AudioResampler(format=_PLAIN)
        self._loudness = _Loudness(frame)
        self._waiting: list[list[NDArray[np.float32]]] = []
        self._samples = 0
        self._squares = np.zeros(len(names))
        self._clipped = np.zeros(len(names), np.int64)
        self._silence = [_Silence() for _ in names]

    def take(self, frame: AudioFrame) -> None:
        self._loudness.take(frame)
        for plain in [frame] if frame.format.name == _PLAIN else self._resampler.resample(frame):
            if len(self._waiting) == _TOGETHER or (self._waiting and plain.samples != self._waiting[0][0].size):
                self._count()
            planes: Any = plain.planes[: len(self._names)]
            self._waiting.append([np.frombuffer(plane, np.float32, plain.samples) for plane in planes])

    def _count(self) -> None:
        """Frames of one length, counted together: one after the other, most of the time would go into calls."""
        if not self._waiting:
            return
        frames = np.array(self._waiting)
        self._waiting.clear()
        loud = np.abs(frames)
        peaks = loud.max(axis=2, initial=0.0)
        if not np.isfinite(peaks).all():
            frames = np.nan_to_num(frames)
            loud = np.abs(frames)
            peaks = loud.max(axis=2, initial=0.0)
        length = frames.shape[2] / self.shape[0]
        for n, silent in enumerate(peaks < _SILENT):
            at = self._samples / self.shape[0] + n * length
            for silence, still in zip(self._silence, silent.tolist(), strict=True):
                silence.take(at, at + length, silent=still)
        self._squares += np.square(frames, dtype=np.float64).sum(axis=(0, 2))
        self._clipped += np.count_nonzero(loud >= _FULL_SCALE, axis=(0, 2))
        self._samples += frames.shape[0] * frames.shape[2]

    def result(self, changes: int) -> Audio | None:
        self._count()
        if not self._samples:
            return None
        channels = tuple(
            Channel(name=name, level=_dbfs(square / self._samples), clipped=int(clipped), silent=silence.held())
            for name, square, clipped, silence in zip(
                self._names, self._squares, self._clipped, self._silence, strict=True
            )
        )
        momentary, whole = self._loudness.result()
        return Audio(channels=channels, momentary=momentary, whole=whole, format_changes=changes)


class _Silence:
    """When one channel was silent."""

    def __init__(self) -> None:
        self._stretches: list[tuple[float, float]] = []
        self._from_start: bool | None = None
        self._silent = False

    def take(self, start: float, end: float, *, silent: bool) -> None:
        if self._from_start is None:
            self._from_start = silent
        if silent and self._silent:
            self._stretches[-1] = (self._stretches[-1][0], end)
        elif silent:
            self._stretches.append((start, end))
        elif self._silent and self._is_pause():
            self._stretches.pop()
        self._silent = silent

    def _is_pause(self) -> bool:
        start, end = self._stretches[-1]
        return start > 0 and end - start < _SHORTEST

    def held(self) -> Held:
        return Held(stretches=tuple(self._stretches), from_start=bool(self._from_start), to_end=self._silent)


class _Loudness:
    """EBU R 128. `ebur128` tells every 100 ms: the last 400 ms (M), and all so far without its pauses (I)."""

    def __init__(self, frame: AudioFrame) -> None:
        self._graph = Graph()
        source = self._graph.add_abuffer(
            sample_rate=frame.sample_rate, format=frame.format.name, layout=frame.layout.name
        )
        meter, sink = self._graph.add("ebur128", "metadata=1"), self._graph.add("abuffersink")
        source.link_to(meter)
        meter.link_to(sink)
        self._graph.configure()
        self._told = self._waiting = 0
        self._last: dict[str, str] = {}

    def take(self, frame: AudioFrame) -> None:
        self._graph.push(frame)
        self._waiting += 1
        if self._waiting == _TOGETHER:
            self._pull()

    def _pull(self) -> None:
        """What the filter makes of the frames that wait for it: to ask after each costs as much as the answer."""
        self._waiting, newest = 0, None
        with suppress(av.error.BlockingIOError, av.error.EOFError):
            while True:
                newest = self._graph.pull()
                self._told += 1
        if newest is not None:
            self._last = dict(newest.metadata) or self._last

    def result(self) -> tuple[float | None, float | None]:
        self._pull()
        momentary = self._value("M") if self._told >= _MOMENTARY else None
        return momentary, self._value("I")

    def _value(self, name: str) -> float | None:
        value = float(self._last.get(f"lavfi.r128.{name}", "nan"))
        return value if math.isfinite(value) and value > _QUIET else None


def _dbfs(mean_square: float) -> float:
    return max(_FLOOR, 10 * math.log10(mean_square)) if mean_square > 0 else _FLOOR
