"""Looks at Prometheus and Alertmanager, each second: whether they answer. What that means is decided elsewhere."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta

import httpx
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from streamwatch.clock import Clock
from streamwatch.watching.liveness import Answer, Peer, Sight, Sights, is_ready, lives

PATIENCE = 2.0  # seconds for one answer; it comes from memory


class Looking:
    """*where* gives their addresses of this moment, None where duty.yml names none: that one is not looked at.

    *http* should be nobody else's: a channel that hangs must not make the two seem dead.
    """

    def __init__(
        self, http: httpx.AsyncClient, where: Mapping[Peer, Callable[[], str | None]], clock: Clock
    ) -> None:
        self._http = http
        self._where = where
        self._clock = clock
        self._seen: dict[Peer, tuple[str, Sight]] = {}

    def sights(self) -> Sights:
        """Of those that have an address."""
        return {peer: sight for peer, (_, sight) in self._seen.items()}

    def clock_was_set(self, by: timedelta) -> None:
        self._seen = {peer: (url, sight.moved(by)) for peer, (url, sight) in self._seen.items()}

    async def look(self) -> None:
        """At both at once. What is at another address than before is somebody else."""
        at = self._clock()
        urls = {peer: url.rstrip("/") for peer, where in self._where.items() if (url := where()) is not None}
        before = {peer: (url, self._sight(peer, url)) for peer, url in urls.items()}
        answers = await asyncio.gather(*(self._ask(url, sight) for url, sight in before.values()))
        self._seen = {
            peer: (url, self._sight(peer, url).after(answer, at))
            for (peer, url), answer in zip(urls.items(), answers, strict=True)
        }

    def _sight(self, peer: Peer, url: str) -> Sight:
        known = self._seen.get(peer)
        return known[1] if known is not None and known[0] == url else Sight()

    async def _ask(self, url: str, sight: Sight) -> Answer:
        """Whether it works is asked until it does; from then on, whether it lives."""
        if not lives(await self._status(f"{url}/-/healthy")):
            return Answer.NONE
        if sight.ready_since is not None or is_ready(await self._status(f"{url}/-/ready")):
            return Answer.READY
        return Answer.STARTING

    async def _status(self, url: str) -> int | None:
        try:
            # httpx counts each read anew: an answer that comes drop by drop would never end.
            async with asyncio.timeout(PATIENCE):
                return (await self._http.get(url, timeout=PATIENCE)).status_code
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError):
            return None


class PeerCollector(Collector):
    """Absent for one that duty.yml does not name."""

    def __init__(self, sights: Callable[[], Sights]) -> None:
        self._sights = sights

    def describe(self) -> Iterable[Metric]:
        return []

    def collect(self) -> Iterable[Metric]:
        text = "1 while it answered the receiver's last look, 0 while not."
        family = GaugeMetricFamily("streamwatch_peer_up", text, labels=("peer",))
        for peer, sight in self._sights().items():
            family.add_metric((peer.value,), float(not sight.missed))
        yield family
