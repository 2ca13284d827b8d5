"""Faults that the supervisor can make for real, and mend: what is done to which part."""

import signal
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    part: str
    break_with: signal.Signals
    mend_with: signal.Signals | None  # None: the part is started again


FAULTS: Mapping[str, Fault] = {
    "encoder_crash": Fault("publisher", signal.SIGKILL, None),
    "encoder_hang": Fault("publisher", signal.SIGSTOP, signal.SIGCONT),
}
