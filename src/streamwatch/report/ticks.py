"""How whoever reads a record says how far it is; and how it is told to stop."""

from collections.abc import Callable
from typing import Protocol


class Ticks(Protocol):
    """Counts requests: how many more there will be, and each that is done."""

    def expect(self, more: int) -> None: ...

    def done(self) -> None: ...


class Stopped(Exception):
    """Nobody waits for the rest."""


class Unseen:
    """Shows nothing. Raises `Stopped` at the next request when *stopping* answers so."""

    def __init__(self, stopping: Callable[[], bool]) -> None:
        self._stopping = stopping

    def expect(self, more: int) -> None:
        self._look()

    def done(self) -> None:
        self._look()

    def _look(self) -> None:
        if self._stopping():
            raise Stopped
