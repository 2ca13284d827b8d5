"""When a part really works: asked of the part itself, from outside, as its users would."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import httpx

from streamwatch.language import Text
from streamwatch.stack.places import Places
from streamwatch.stack.ports import Ports

OWN_JOBS = {"streamwatch-exporter", "streamwatch", "prometheus", "alertmanager"}
"""The jobs of prometheus.yml that `up` starts something for; an encoder PC that is off is no reason to wait."""


@dataclass(frozen=True)
class Check:
    name: str
    text: Text
    passes: Callable[[], Awaitable[bool]]


class Questions:
    """What can be asked of the running parts. An answer that does not come is a no."""

    def __init__(
        self, http: httpx.AsyncClient, ports: Ports, places: Places, *, any_round_trip: bool = False
    ) -> None:
        self._http = http
        self._ports = ports
        self._places = places
        # A start is proved by a Watchdog of its own; a running system by one of the last two minutes.
        self._since = datetime.now(UTC) - (timedelta(minutes=2) if any_round_trip else timedelta(0))

    def checks(self, stream: str = "demo") -> list[Check]:
        publishing = rf'^streamwatch_ingest_publishing{{[^}}]*stream="{stream}"[^}}]*}} 1'
        picture = rf'^streamwatch_probe_up{{[^}}]*probe="hls"[^}}]*stream="{stream}"[^}}]*}} 1'
        return [
            Check("nginx", Text("推流服务器", "ingest server"), self._answers("http", "/stat")),
            Check("alertmanager", Text("Alertmanager", "Alertmanager"), self._answers("alertmanager", "/-/ready")),
            Check("exporter", Text("探测程序", "exporter"), self._answers("exporter", "/-/ready")),
            Check("receiver", Text("接收端", "receiver"), self._answers("receiver", "/-/ready")),
            Check("publishing", Text("演示直播在推流", "the demo stream publishes"), self._shows(publishing)),
            Check("picture", Text("演示直播能播放", "the demo stream plays"), self._shows(picture)),
            Check("rules", Text("告警规则已加载", "alert rules are loaded"), self._rules),
            Check("targets", Text("Prometheus 抓到全部组件", "Prometheus scrapes every part"), self._targets),
            Check("round_trip", Text("告警通路走通一圈", "an alert went all the way"), self._round_trip),
        ]

    async def get(self, part: str, path: str) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.token}"} if part == "receiver" else {}
        return await self._http.get(f"http://127.0.0.1:{self._ports[part]}{path}", headers=headers, timeout=2)

    @property
    def token(self) -> str:
        return (self._places.secrets / "api_token").read_text()

    def _answers(self, part: str, path: str) -> Callable[[], Awaitable[bool]]:
        async def ask() -> bool:
            return (await self.get(part, path)).is_success

        return ask

    def _shows(self, pattern: str) -> Callable[[], Awaitable[bool]]:
        async def ask() -> bool:
            return re.search(pattern, (await self.get("exporter", "/metrics")).text, re.MULTILINE) is not None

        return ask

    async def _rules(self) -> bool:
        groups = (await self.get("prometheus", "/api/v1/rules")).json()["data"]["groups"]
        rules = [rule for group in groups for rule in group["rules"]]
        return bool(rules) and all(rule["health"] == "ok" for rule in rules)

    async def _targets(self) -> bool:
        targets = (await self.get("prometheus", "/api/v1/targets")).json()["data"]["activeTargets"]
        ours = [target for target in targets if target["labels"]["job"] in OWN_JOBS]
        return bool(ours) and all(target["health"] == "up" for target in ours)

    async def _round_trip(self) -> bool:
        """The Watchdog was heard: Prometheus fired, Alertmanager posted, the receiver understood."""
        seen = (await self.get("receiver", "/api/v1/status")).json()["watchdog_last_seen"]
        return seen is not None and datetime.fromisoformat(seen) > self._since


async def passes(check: Check) -> bool:
    try:
        return await check.passes()
    except (httpx.HTTPError, ValueError, KeyError, OSError):
        return False
