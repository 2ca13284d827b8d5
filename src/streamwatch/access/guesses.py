"""How often somebody may be wrong: so many times within a window, by the clock. Pure.

Names and addresses are what strangers say, so what is remembered is bounded: the oldest is forgotten first.
"""

from collections import OrderedDict, deque
from datetime import datetime, timedelta
from threading import Lock

REMEMBERED = 10_000  # names or addresses


class Guesses:
    """At most *most* mistakes within *window* for each key."""

    def __init__(self, most: int, window: timedelta, remembered: int = REMEMBERED) -> None:
        self._most = most
        self._window = window
        self._remembered = remembered
        self._wrong: OrderedDict[object, deque[datetime]] = OrderedDict()
        self._lock = Lock()  # requests come in threads

    def wait(self, key: object, at: datetime) -> timedelta:
        """How long until *key* may try again; zero: now."""
        with self._lock:
            times = self._recent(key, at)
            if len(times) < self._most:
                return timedelta(0)
            return times[-self._most] + self._window - at

    def failed(self, key: object, at: datetime) -> None:
        with self._lock:
            times = self._recent(key, at)
            times.append(at)
            self._wrong[key] = times
            self._wrong.move_to_end(key)
            while len(self._wrong) > self._remembered:
                self._wrong.popitem(last=False)

    def forgive(self, key: object, at: datetime) -> None:
        """That of *at* was no mistake after all."""
        with self._lock:
            times = self._wrong.get(key)
            if times and at in times:
                times.remove(at)

    def forget(self, key: object) -> None:
        """Who was right is not held to what went before."""
        with self._lock:
            self._wrong.pop(key, None)

    def _recent(self, key: object, at: datetime) -> deque[datetime]:
        """Also what a clock that was set back says of the future is forgotten."""
        times = self._wrong.get(key, deque(maxlen=self._most))
        while times and not timedelta(0) <= at - times[0] < self._window:
            times.popleft()
        return times
