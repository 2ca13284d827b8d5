"""Time comes from one place, handed in; tests move it by hand."""

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Clock:
    """`wall` answers unix seconds, for timestamps. `steady` never jumps, for ages and durations."""

    wall: Callable[[], float] = time.time
    steady: Callable[[], float] = time.monotonic
