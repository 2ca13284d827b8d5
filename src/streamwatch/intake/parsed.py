"""Webhooks that were parsed to be accepted and are about to be folded: they need not be parsed a second time."""

import time
from collections.abc import Callable
from threading import Lock
from typing import NamedTuple

from streamwatch.intake.alerts import Alerts

ROOM = 16 * 1024 * 1024  # bytes of webhooks; what is made of them takes about three times as much
HELD = 30.0  # seconds; then somebody else has folded it, or nobody will soon


class _Held(NamedTuple):
    alerts: Alerts
    since: float


class Parsed:
    """By their text. Where more wait than there is room for, the oldest stay: they are folded next."""

    def __init__(self, room: int = ROOM, now: Callable[[], float] = time.monotonic) -> None:
        self._room = room
        self._now = now
        self._held: dict[bytes, _Held] = {}
        self._lock = Lock()

    def get(self, body: bytes) -> Alerts | None:
        held = self._held.get(body)
        return held and held.alerts

    def put(self, body: bytes, alerts: Alerts) -> None:
        now = self._now()
        with self._lock:
            while self._held and len(body) > self._room:
                oldest, held = next(iter(self._held.items()))
                if now - held.since < HELD:
                    return
                self._drop(oldest)
            if len(body) <= self._room and body not in self._held:
                self._held[body] = _Held(alerts, now)
                self._room -= len(body)

    def drop(self, body: bytes) -> None:
        with self._lock:
            self._drop(body)

    def _drop(self, body: bytes) -> None:
        if self._held.pop(body, None):
            self._room += len(body)
