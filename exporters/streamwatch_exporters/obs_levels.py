"""The volume meters of OBS, which tell a peak every 50 ms: the loudest of the last seconds, for each channel.

A window of its own and not "since the last scrape": a second scraper must not take the peaks from the first.
"""

import math
from collections import deque
from typing import Any

from streamwatch_exporters.clock import Clock
from streamwatch_exporters.obs import label
from streamwatch_exporters.obs_websocket import Data

WINDOW = 5  # seconds
SILENCE = -100.0  # dBFS told for digital silence, whose logarithm has no end
_LOUDEST = 1000  # times full scale; more is no peak
_MAX_INPUTS = 64
_MAX_CHANNELS = 8

Channel = tuple[str, str]  # name of the input, number of the channel from 0


class Levels:
    """Fed by events, read by the page in another thread."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._loudest: dict[Channel, deque[tuple[int, float]]] = {}  # second, loudest peak in it

    def clear(self) -> None:
        self._loudest.clear()

    def take(self, event: Data) -> None:
        """One `InputVolumeMeters`: for each channel magnitude, peak as it is sent out, peak before the fader."""
        inputs = event.get("inputs")
        second = int(self._clock.steady())
        self._forget(second)
        for each in inputs[:_MAX_INPUTS] if isinstance(inputs, list) else []:
            match each:
                case {"inputName": str(name), "inputLevelsMul": list(channels)}:
                    for number, meter in enumerate(channels[:_MAX_CHANNELS]):
                        self._learn((label(name), str(number)), second, meter)

    def values(self) -> dict[Channel, float]:
        """dBFS by channel. A channel that was not told of within the window has none."""
        since = int(self._clock.steady()) - WINDOW
        told: dict[Channel, float] = {}
        for channel, kept in list(self._loudest.items()):
            peaks = [peak for second, peak in tuple(kept) if second > since]
            if peaks:
                told[channel] = _dbfs(max(peaks))
        return told

    def _learn(self, channel: Channel, second: int, meter: Any) -> None:
        match meter:
            case [_, int() | float() as peak, *_] if 0 <= peak <= _LOUDEST:
                pass
            case _:
                return
        if channel not in self._loudest and len(self._loudest) >= _MAX_INPUTS * _MAX_CHANNELS:
            return
        kept = self._loudest.setdefault(channel, deque(maxlen=WINDOW))
        if kept and kept[-1][0] == second:
            kept[-1] = (second, max(kept[-1][1], float(peak)))
        else:
            kept.append((second, float(peak)))

    def _forget(self, second: int) -> None:
        for channel in [channel for channel, kept in self._loudest.items() if kept[-1][0] <= second - WINDOW]:
            del self._loudest[channel]


def _dbfs(peak: float) -> float:
    return max(SILENCE, 20 * math.log10(peak)) if peak > 0 else SILENCE
