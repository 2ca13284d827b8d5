"""A clock that tests move by hand."""

from streamwatch_exporters.clock import Clock


class HandClock:
    """Wall and steady time that stand still until `pass_by`."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self.epoch = 1_760_000_000.0
        self.clock = Clock(wall=lambda: self.epoch + self.now, steady=lambda: self.now)

    def pass_by(self, seconds: float) -> None:
        self.now += seconds
