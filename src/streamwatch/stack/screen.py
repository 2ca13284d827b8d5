"""What `streamwatch up` shows: progress, one table, and every page as it rings."""

from datetime import UTC, datetime, tzinfo
from typing import Any

from rich.console import Console, Group
from rich.panel import Panel
from rich.status import Status
from rich.table import Table
from rich.text import Text as Styled

from streamwatch.language import Language, Text
from streamwatch.stack.phone import Page
from streamwatch.stack.ports import Ports
from streamwatch.stack.readiness import Check, Questions
from streamwatch.vocabulary import ROLES, say

TAKE = Text("认领：", "take it: ")
COLOURS = {"P0": "red", "P1": "yellow"}


class Screen:
    def __init__(self, console: Console, language: Language) -> None:
        self._console = console
        self._language = language
        self._zone: tzinfo | None = None  # until the receiver says in which zone people live: this machine's
        self._names: dict[str, str] = {}
        self._waiting = Status(self._say(Text("正在启动……", "starting …")), console=console)

    def begin(self) -> None:
        if self._console.is_terminal:
            self._waiting.start()

    def end(self) -> None:
        self._waiting.stop()

    def passed(self, check: Check, seconds: float) -> None:
        self._console.print(
            f"{seconds:6.1f} s  {self._say(Text('好', 'ok'))}  {self._say(check.text)}", highlight=False
        )

    async def ready(self, ports: Ports, questions: Questions, seconds: float) -> None:
        self.end()
        told = (await questions.get("receiver", "/api/v1/duty?stream=demo")).json()
        self._zone = datetime.fromisoformat(told["at"]).tzinfo  # the receiver tells times in duty.yml's zone
        for line in told["duty"]:
            self._names |= dict(
                zip(line["people"] + line["backup"], line["names"] + line["backup_names"], strict=True)
            )
        self._console.print(self._table(ports, told["duty"]), highlight=False)
        self._console.print(
            self._say(Text(f"{seconds:.1f} 秒就绪。Ctrl-C 停止。", f"ready in {seconds:.1f} s. Ctrl-C stops it."))
        )

    def ring(self, page: Page) -> None:
        """A page, as a phone would show it."""
        at = f"{datetime.now(UTC).astimezone(self._zone):%H:%M:%S}"
        who = self._names.get(page["person"], page["person"])
        number = Text(f" · 事件 #{page['incident_id']}", f" · incident #{page['incident_id']}")
        number = number if page["incident_id"] else Text("", "")
        body = [Styled(line) for line in page["text"].splitlines()]
        whom = self._say(Text(f"☎ {who} 的手机 {at}{number.zh}", f"☎ {who}'s phone {at}{number.en}"))
        style = COLOURS.get(page["severity"], "green") if page["kind"] not in ("told", "over") else "green"
        self._console.print(
            Panel(Group(Styled(page["title"], style="bold"), *body), title=whom, border_style=style)
        )
        if page["ack_url"]:  # on one line, however long: half a link cannot be clicked, and no border is copied
            take = TAKE.read_in("zh" if page["language"] == "zh" else "en")
            self._console.print(f"{take}{page['ack_url']}", soft_wrap=True, markup=False, highlight=False)

    def _table(self, ports: Ports, duty: list[dict[str, Any]]) -> Table:
        table = Table(title=self._say(Text("StreamWatch 正在运行", "StreamWatch runs")), show_header=False)
        for what, where in (
            (Text("控制台：事件与值班", "console: incidents and duty"), f"http://127.0.0.1:{ports['receiver']}/"),
            (Text("探测：最近结果", "probes: recent results"), f"http://127.0.0.1:{ports['exporter']}/"),
            (Text("演示直播（HLS）", "the demo stream (HLS)"), f"http://127.0.0.1:{ports['http']}/hls/demo.m3u8"),
            (Text("Prometheus", "Prometheus"), f"http://127.0.0.1:{ports['prometheus']}/alerts"),
            (Text("Alertmanager", "Alertmanager"), f"http://127.0.0.1:{ports['alertmanager']}/"),
        ):
            table.add_row(self._say(what), where)
        table.add_section()
        table.add_row(self._say(Text("当前值班", "on duty")), "  ".join(self._say(_held(line)) for line in duty))
        table.add_row(self._say(Text("接下来试试（另开一个终端）", "try next (in a second terminal)")),
                      ".venv/bin/streamwatch drill encoder_crash")  # fmt: skip
        return table

    def _say(self, text: Text) -> str:
        return text.read_in(self._language)


def _held(line: dict[str, Any]) -> Text:
    role, names = say(ROLES, line["role"]), line["names"]
    return Text(f"{role.zh}：{'、'.join(names)}", f"{role.en}: {', '.join(names)}")
