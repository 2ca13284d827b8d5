"""How far it is, for whoever waits longer than people like to wait in silence."""

from collections.abc import Callable
from typing import TextIO

from streamwatch.language import Text, reader_language

PATIENCE = 2.0  # seconds


class Waiting:
    """One line on *out*, `{done}` of `{of}` in the words of *text*, once it takes longer than `PATIENCE`."""

    def __init__(self, out: TextIO, clock: Callable[[], float], text: Text) -> None:
        self._out, self._clock, self._text = out, clock, text
        self._start, self._said = clock(), ""

    def tick(self, done: int, of: int) -> None:
        if self._clock() - self._start <= PATIENCE or done == of:
            return
        words = self._text.format(done=done, of=of).read_in(reader_language())
        if words != self._said:
            self._out.write(f"\r{words}")
            self._out.flush()
        self._said = words

    def end(self) -> None:
        if self._said:
            self._out.write("\n")
