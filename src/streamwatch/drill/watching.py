"""Looks at each station of the way of the data while a drill runs, and notes when the fault arrived there."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from streamwatch.drill.verdict import Seen
from streamwatch.errors import CommandFailed
from streamwatch.language import Text

Tell = Callable[[float, Text], None]

MISSED = ("dead", "passed_over", "try_failed", "unknown", "moved_on")  # rows that say why, the plainest first
STANDS_STILL = 1.2  # seconds without a byte before we call it standing still: longer than a scrape


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

    async def metric(self, name: str, stream: str) -> float | None:
        """The exporter's present value; None when it exports none."""
        page = await self._http.get(f"http://127.0.0.1:{self._ports['exporter']}/metrics", timeout=5)
        found = re.search(rf'^{name}{{[^}}]*stream="{re.escape(stream)}"[^}}]*}} (\S+)', page.text, re.MULTILINE)
        return float(found[1]) if found else None

    async def alerts_firing(self, stream: str) -> list[str]:
        reply = await self._http.get(f"http://127.0.0.1:{self._ports['prometheus']}/api/v1/alerts", timeout=5)
        alerts = reply.json()["data"]["alerts"]
        return [
            each["labels"]["alertname"]
            for each in alerts
            if each["state"] == "firing" and each["labels"].get("stream") == stream
        ]


class Watch:
    """One drill on one stream. `look` is called again and again; it fills in *seen* and tells what is new."""

    def __init__(self, system: System, seen: Seen, stream: str, injected_at: datetime, tell: Tell) -> None:
        self._system = system
        self._seen = seen
        self._stream = stream
        self._began = injected_at
        self._tell = tell
        self._bytes: tuple[float | None, datetime] = (None, injected_at)
        self._mended = False

    def mended(self) -> None:
        """From now on the stream may be seen to be back."""
        self._mended = True
        self._bytes = (None, datetime.now(UTC))

    async def look(self) -> None:
        await self._look_at_exporter()
        if self._seen.firing is None and (names := await self._system.alerts_firing(self._stream)):
            self._seen.firing = self._since(datetime.now(UTC))
            self._tell(self._seen.firing, Text(f"告警触发：{', '.join(names)}", f"alert fires: {', '.join(names)}"))
        await self._look_at_receiver()

    async def _look_at_exporter(self) -> None:
        flowing = await self._flowing()
        now = self._since(datetime.now(UTC))
        if self._seen.detected is None and flowing is False:
            self._seen.detected = now
            self._tell(now, Text("探测程序看到推流断了", "the exporter sees it"))
        elif self._mended and self._seen.restored is None and flowing:
            self._seen.restored = now
            self._tell(now, Text("推流已恢复", "the stream is back"))

    async def _flowing(self) -> bool | None:
        """Whether data arrives: a publisher is there, and its bytes grow. None: too early to tell."""
        if await self._system.metric("streamwatch_ingest_publishing", self._stream) != 1:
            return False
        count = await self._system.metric("streamwatch_ingest_received_bytes_total", self._stream)
        now, (last, at) = datetime.now(UTC), self._bytes
        if last is None or count != last:
            self._bytes = (count, now)
            return None if last is None else True
        return False if now - at > timedelta(seconds=STANDS_STILL) else None

    async def _look_at_receiver(self) -> None:
        since = (self._began - timedelta(milliseconds=1)).isoformat()
        found = await self._system.receiver("GET", "/incidents", params={"stream": self._stream, "since": since})
        for incident in reversed(found["incidents"]):
            if incident["id"] not in self._seen.incidents:
                self._opened(incident)
        pages = [page for incident in found["incidents"] for page in incident["pages"]]
        self._seen.pages = sum(page["kind"] in ("firing", "raised") for page in pages)
        if self._seen.paged is None:
            self._paged(pages)
        self._somebody_else([row for incident in found["incidents"] for row in incident["timeline"]])
        overs = [page for page in pages if page["kind"] == "over" and page["delivered_at"]]
        over = found["incidents"] and all(incident["state"] == "resolved" for incident in found["incidents"])
        if over and overs and self._seen.resolved is None:
            self._seen.resolved = self._since(max(datetime.fromisoformat(page["delivered_at"]) for page in overs))
            self._tell(self._seen.resolved, Text("已通知恢复", "told that it is over"))

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
        heard = [page for page in pages if page["kind"] in ("firing", "raised") and page["delivered_at"]]
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

    def _since(self, at: datetime) -> float:
        return round((at - self._began).total_seconds(), 2)
