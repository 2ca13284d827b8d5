"""First come, first served. SQLite lets whoever asks at the right moment write next, and the others may starve."""

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager


class Turns:
    """A lock between threads, in the order in which they asked. Who comes *first* waits for one turn at most."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._waiting: deque[threading.Event] = deque()
        self._taken = False

    @contextmanager
    def turn(self, *, first: bool = False) -> Iterator[None]:
        self._wait(first)
        try:
            yield
        finally:
            self._pass_on()

    def _wait(self, first: bool) -> None:
        with self._guard:
            if not self._taken:
                self._taken = True
                return
            mine = threading.Event()
            if first:
                self._waiting.appendleft(mine)
            else:
                self._waiting.append(mine)
        mine.wait()

    def _pass_on(self) -> None:
        with self._guard:
            if self._waiting:
                self._waiting.popleft().set()
            else:
                self._taken = False
