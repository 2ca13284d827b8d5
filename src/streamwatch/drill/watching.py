"""Looks at each station of the way of the data while a drill runs, and notes when the fault arrived there.

A station that does not answer is what some faults are about: it is asked again at the next look.
"""

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from streamwatch.drill.expected import EXPECTED
from streamwatch.drill.verdict import Seen
from streamwatch.errors import CommandFailed
from streamwatch.language import Text
from streamwatch.message import CALLS

Tell = Callable[[float, Text], None]

MISSED = ("dead", "passed_over", "try_failed", "unknown", "moved_on")  # rows that say why, the plainest first


class System:
    """The addresses of one running system, and the receiver's token."""

    def __init__(self, http: httpx.AsyncClient, ports: dict[str, int], token: str) -> None:
        self._http = http
        self._ports = ports
        self._token = token

    async def receiver(self, method: str, path: str, **kwargs: Any) -> Any:
        headers = {"Authorization": f"Bearer {self._token}"}
        url = f"http://127.0.0.1:{self._ports['receiver']}/api/v1{path}"
        reply = await self._http.request(method, url, headers=headers, timeout=5, **kwargs)
        if not reply.is_success:
            odd = Text("接收端对 {what} 答复 HTTP {code}", "the receiver answered HTTP {code} to {what}")
            raise CommandFailed(odd.format(what=f"{method} {path}", code=reply.status_code))
        return reply.json() if reply.content else None

    async def alerts(self, stream: str, state: str) -> list[str]:
        """Names of the alerts of *stream* in Prometheus that are `pending` or `firing`."""
        found = await self._prometheus("/alerts")
        return [
            each["labels"]["alertname"]
            for each in found["alerts"]
            if each["state"] == state and each["labels"].get("stream") == stream
            and each["labels"].get("severity") != "none"
        ]  # fmt: skip

    async def holds(self, query: str) -> bool:
        """Whether a question to Prometheus has an answer."""
        return bool((await self._prometheus("/query", query=query))["result"])

    async def told(self, stream: str, procedure: str) -> bool:
        """Whether somebody was paged for an incident that is not over."""
        with suppress(httpx.HTTPError):
            found = await self.receiver(
                "GET", "/incidents", params={"stream": stream, "state": "open,acknowledged"}
            )
            return any(
                page["kind"] in CALLS and page["delivered_at"]
                for incident in found["incidents"]
                if incident["procedure"] == procedure
                for page in incident["pages"]
            )
        return False

    async def _prometheus(self, path: str, **params: str) -> Any:
        url = f"http://127.0.0.1:{self._ports['prometheus']}/api/v1{path}"
        reply = await self._http.get(url, params=params, timeout=5)
        return reply.raise_for_status().json()["data"]


class Watch:
    """One drill on one stream. `look` is called again and again; it fills in *seen* and tells what is new."""

    def __init__(self, system: System, seen: Seen, stream: str, injected_at: datetime, tell: Tell) -> None:
        self._system = system
        self._seen = seen
        self._stream = stream
        self._began = injected_at
        self._tell = tell
        self._mended = False
        self._acknowledged = False

    def mended(self) -> None:
        """From now on all may be seen to be well again."""
        self._mended = True

    async def look(self) -> None:
        with suppress(httpx.HTTPError):
            await self._look_at_prometheus()
        with suppress(httpx.HTTPError):
            await self._look_at_receiver()

    async def _look_at_prometheus(self) -> None:
        seen, now = self._seen, self._since(datetime.now(UTC))
        names = await self._system.alerts(self._stream, "firing")
        if seen.detected is None and (names or await self._system.alerts(self._stream, "pending")):
            seen.detected = now
            self._tell(now, Text("规则看到了", "a rule sees it"))
        if seen.firing is None and names:
            seen.firing = now
            self._tell(now, Text(f"告警触发：{', '.join(names)}", f"alert fires: {', '.join(names)}"))
        ready = EXPECTED[seen.fault].ready.replace("STREAM", self._stream)
        if self._mended and seen.restored is None and await self._system.holds(ready):
            seen.restored = now
            self._tell(now, Text("已修复", "all is well again"))

    async def _look_at_receiver(self) -> None:
        since = (self._began - timedelta(milliseconds=1)).isoformat()
        found = await self._system.receiver("GET", "/incidents", params={"stream": self._stream, "since": since})
        for incident in reversed(found["incidents"]):
            if incident["id"] not in self._seen.incidents:
                self._opened(incident)
        pages = [page for incident in found["incidents"] for page in incident["pages"]]
        self._seen.pages = sum(page["kind"] in CALLS for page in pages)
        if self._seen.paged is None:
            self._paged(pages)
        self._somebody_else([row for incident in found["incidents"] for row in incident["timeline"]])
        await self._acknowledge(found["incidents"])
        called = {page["person"] for page in pages if page["kind"] in CALLS}
        overs = [page for page in pages if page["kind"] == "over" and page["delivered_at"]]
        overs = [page for page in overs if page["person"] in called]
        over = found["incidents"] and all(incident["state"] == "resolved" for incident in found["incidents"])
        if over and overs and self._seen.resolved is None:
            self._seen.resolved = self._since(max(datetime.fromisoformat(page["delivered_at"]) for page in overs))
            self._tell(self._seen.resolved, Text("已通知恢复", "told that it is over"))

    async def _acknowledge(self, incidents: list[dict[str, Any]]) -> None:
        """As whoever is called would: a drill that lasts a minute is no reason to call others."""
        if self._seen.paged is None or self._acknowledged:
            return
        for incident in incidents:
            if incident["state"] == "open":
                await self._system.receiver(
                    "POST", f"/incidents/{incident['id']}/ack", json={"by": self._seen.person}
                )
        self._acknowledged = True

    def _opened(self, incident: dict[str, Any]) -> None:
        seen = self._seen
        seen.incidents.append(incident["id"])
        if len(seen.incidents) == 1:
            for name in ("alertname", "hop", "procedure", "severity", "role", "runbook_step"):
                setattr(seen, name, incident[name])
        at = self._since(datetime.fromisoformat(incident["opened_at"]))
        self._tell(at, Text(f"事件 #{incident['id']} 开始：{incident['summary_zh']}",
                            f"incident #{incident['id']} opens: {incident['summary_en']}"))  # fmt: skip

    def _paged(self, pages: list[dict[str, Any]]) -> None:
        heard = [page for page in pages if page["kind"] in CALLS and page["delivered_at"]]
        if not heard:
            return
        first = min(heard, key=lambda page: page["delivered_at"])
        self._seen.person, self._seen.channel = first["person"], first["channel"]
        self._seen.person_name = first["person_name"]
        self._seen.paged = self._since(datetime.fromisoformat(first["delivered_at"]))
        who, how = first["person_name"], first["channel"]
        self._tell(self._seen.paged, Text(f"已呼叫 {who}（{how}）", f"{who} is paged over {how}"))

    def _somebody_else(self, timeline: list[dict[str, Any]]) -> None:
        """Why the page did not reach who is on duty, if it reached another."""
        seen = self._seen
        if seen.person is None or seen.person in seen.on_duty:
            return
        why = next((row for kind in MISSED for row in timeline if row["kind"] == kind), None)
        if why is not None:
            seen.because_zh, seen.because_en = why["text_zh"], why["text_en"]

    def _since(self, moment: datetime) -> float:
        return round((moment - self._began).total_seconds(), 2)
