"""How many messages of viewers a second the chat intake takes: in JSON lines, and one message to a request.

Every message has an id of its own and is one of some thousands of people; every thirtieth of them complains.
What was answered is what the metrics count, or the figure would be worth nothing.
"""

import asyncio
import json
import tempfile
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from statistics import median
from typing import Any

from parts import WatchedExporter, cpu_of_pid, exporter_of
from rich.console import Console
from webhooks import Answers, drip, pour

ROUNDS, SECONDS = 3, 4.0
PEOPLE, LINES, BODIES = 5_000, 100, 50
PACE, PACED_SECONDS = 1_000, 10.0  # messages a second, one to a request
GOAL, CORE_GOAL, PATIENCE_GOAL = 1_000, 1.0, 0.5  # messages a second; CPU seconds a second; seconds
TOKEN, MARK = "token-of-the-bench", "0000000000"
Row = dict[str, Any]


def measure(console: Console) -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        token = Path(folder) / "chat_token"
        token.write_text(TOKEN)
        config = f"chat: {{token_file: {token}}}\nstreams: [{{id: demo, chat: {{}}}}]"
        with exporter_of(Path(folder), config) as exporter:
            exporter.until(lambda page: page.series > 0)
            chat = _Chat(console, exporter)
            rows = [
                chat.poured(LINES, f"chat messages in JSON lines of {LINES}"),
                chat.poured(1, "chat messages, single"),
            ]
            rows += chat.paced()
            chat.check()
    return rows


class _Chat:
    def __init__(self, console: Console, exporter: WatchedExporter) -> None:
        self._console, self._exporter = console, exporter
        self._numbers, self._told = count(), 0

    def poured(self, size: int, what: str) -> Row:
        """As many as are answered."""
        rates, per_cpu, slow = list[float](), list[float](), list[float]()
        for turn in range(ROUNDS):
            self._console.print(f"{what}, round {turn + 1} of {ROUNDS} …", style="dim")
            before = cpu_of_pid(self._exporter.pid)
            answers = self._count(pour(self._exporter.port, _requests(size, self._numbers), SECONDS), size)
            per_cpu.append(answers.count * size / (cpu_of_pid(self._exporter.pid) - before))
            rates.append(answers.per_second * size)
            slow.append(answers.p99)
        more = {"per_cpu_second": median(per_cpu), "p99_seconds_at_full_load": median(slow)}
        return _row(what, median(rates), GOAL, "the goal: at least this", "messages/s", **more)

    def paced(self) -> list[Row]:
        """A thousand a second, one to a request: the dearest way to post them."""
        self._console.print(f"{PACE} messages a second for {PACED_SECONDS:.0f} s …", style="dim")
        before = cpu_of_pid(self._exporter.pid)
        answers = self._count(drip(self._exporter.port, _requests(1, self._numbers), PACED_SECONDS, PACE), 1)
        cpu = (cpu_of_pid(self._exporter.pid) - before) / (answers.count / answers.per_second)
        said, peer = f"{PACE} single chat messages/s", "the goal: at most this"
        return [
            _row(
                f"{said}: CPU of one core",
                cpu,
                CORE_GOAL,
                peer,
                "CPU seconds/s",
                taken_per_second=answers.per_second,
            ),
            _row(f"{said}, 99th percentile of the answer", answers.p99, PATIENCE_GOAL, peer, "s"),
        ]

    def check(self) -> None:
        page = self._exporter.page()
        counted = sum(page.values("streamwatch_chat_messages_total", stream="demo"))
        assert counted == self._told, f"{self._told} were accepted and {counted} counted"

    def _count(self, work: Any, size: int) -> Answers:
        answers: Answers = asyncio.run(work)
        self._told += answers.count * size
        return answers


def _requests(size: int, numbers: "count[int]") -> Iterator[bytes]:
    """Bodies of *size* messages; the mark in each id becomes a number of its own."""
    head = f"POST /api/v1/chat/demo HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\nContent-Length: "
    bodies = [
        "\n".join(_message(first * size + n) for n in range(size))
        for first in range(BODIES if size > 1 else PEOPLE)
    ]
    whole = [f"{head}{len(body.encode())}\r\n\r\n{body}".encode() for body in bodies]
    for number in numbers:
        yield whole[number % len(whole)].replace(MARK.encode(), b"%010d" % number)


def _message(number: int) -> str:
    text = "好卡啊 13912345678" if number % 30 == 0 else "主播好，这件有货吗"
    message = {"user": f"user-{number % PEOPLE}", "text": text, "id": f"{MARK}-{number}", "platform": "douyin"}
    return json.dumps(message, ensure_ascii=False)


def _row(what: str, ours: float, peer: float, peer_is: str, unit: str, **more: Any) -> Row:
    return {
        "what": what,
        "ours": ours,
        "peer": peer,
        "peer_is": peer_is,
        "ratio": ours / peer,
        "unit": unit,
        **more,
    }
