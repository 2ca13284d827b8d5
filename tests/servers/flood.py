"""Alerts that pour into one or more receivers while the test kills them; it remembers what was promised."""

import threading
from collections.abc import Sequence

import httpx

from servers.receiver import AUTH
from servers.story import alert, webhook


class Flood:
    """Posts one alert after the other, each of a stream of its own, and remembers which were answered 2xx."""

    def __init__(self, addresses: Sequence[str], pause: float = 0.02, severity: str = "P2") -> None:
        self._addresses = addresses
        self._pause = pause
        self._severity = severity
        self._stop = threading.Event()
        self.promised: set[str] = set()
        self.refused = 0
        self._threads = [threading.Thread(target=self._pour, args=(number,)) for number in range(3)]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def pour_for(self, seconds: float) -> None:
        """The moment of the kill is what is tested: any moment must do."""
        self._stop.wait(seconds)

    def stop(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _pour(self, number: int) -> None:
        """Each with a client of its own: a kill closes the receiver's."""
        count = 0
        with httpx.Client(headers=AUTH | {"Content-Type": "application/json"}, timeout=10) as http:
            while not self._stop.is_set():
                stream = f"room-{number}-{count}"
                url = f"{self._addresses[count % len(self._addresses)]}/api/v1/alerts/alertmanager"
                count += 1
                try:
                    reply = http.post(url, content=webhook(alert(stream=stream, severity=self._severity)))
                except httpx.TransportError:
                    self._stop.wait(0.05)  # it is down just now: nothing was promised
                    continue
                if reply.is_success:
                    self.promised.add(stream)
                else:
                    self.refused += 1
                self._stop.wait(self._pause)
