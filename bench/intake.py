"""How many webhooks a second are accepted: durable on the disk, beside a bare handler that only parses them.

Webhooks of some hundred alerts are posted again and again, as Alertmanager does while they fire, to both by turns.
"""

import asyncio
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import count
from pathlib import Path
from statistics import median
from typing import Any

import httpx
from parts import TICKS
from rich.console import Console
from webhooks import Answers, as_fast_as_answered, at_a_pace, bodies_of

HERE = Path(__file__).parent
SECONDS = 4.0
ROUNDS = 3
SIZES = (1, 5, 100)
RATIO_GOAL = 0.5
PACE, PACED_SECONDS, PACE_GOAL = 500, 10.0, 0.05  # webhooks a second; seconds
ALERTS_GOAL = 20_000  # a second
IDLE_PAGES, IDLE_GOAL = 40, 0.3  # pages, seconds
Row = dict[str, Any]


def measure(console: Console) -> list[Row]:
    """On SQLite, which is what a receiver has that is told nothing else."""
    return _measure(console, "SQLite", {})


def measure_on_postgresql(console: Console) -> list[Row]:
    """On a PostgreSQL of this machine, which has its share of the same cores."""
    from servers.postgresql import PostgreSQL

    with closing(PostgreSQL()) as server:
        return _measure(console, "PostgreSQL", {"database": server.url()})


def _measure(console: Console, store: str, changes: dict[str, object]) -> list[Row]:
    from servers.free_port import free_port
    from servers.receiver import PhoneServer, ReceiverProcess, write_config

    bodies = {size: bodies_of(size) for size in SIZES}
    with tempfile.TemporaryDirectory() as folder:
        phone, port = PhoneServer(), free_port()
        receiver = ReceiverProcess(write_config(Path(folder), port, phone.url, **changes), port)
        receiver.start()
        try:
            with _bare(free_port()) as (bare, bare_pid):
                _settle(receiver, [body for each in bodies.values() for body in each])
                both = _Both(console, receiver, {port: receiver.pid, bare: bare_pid})
                rows = [both.compare(size, each) for size, each in bodies.items()]
                rows += [_many_alerts(rows[-1]), both.paced(bodies[5]), _idle(console, receiver, phone)]
        finally:
            receiver.stop()
            phone.close()
    return [row | {"what": f"{row['what']} ({store})"} for row in rows]


def _row(what: str, ours: float, peer: float, peer_is: str, unit: str, **more: Any) -> Row:
    ratio = ours / peer
    return {"what": what, "ours": ours, "peer": peer, "peer_is": peer_is, "ratio": ratio, "unit": unit, **more}


def _settle(receiver: Any, bodies: list[bytes]) -> None:
    """Every alert is told once, and every page of it delivered: what is measured is the usual, which is repeats."""
    for body in bodies:
        receiver.post(body).raise_for_status()
    _until_idle(receiver, "outbox_due")


def _until_idle(receiver: Any, what: str) -> None:
    deadline = time.monotonic() + 120
    while receiver.get("/api/v1/status")["inbox_waiting"] or receiver.get("/api/v1/status")[what]:
        assert time.monotonic() < deadline, "it did not come to an end"
        time.sleep(0.2)


def _many_alerts(row: Row) -> Row:
    size = SIZES[-1]
    what = f"alerts accepted in webhooks of {size}"
    return _row(what, row["ours"] * size, ALERTS_GOAL, "the goal: at least this", "alerts/s")


def _idle(console: Console, receiver: Any, phone: Any) -> Row:
    """From the answer to the sender until the page has arrived, with nothing else to do."""
    from servers.story import alert, webhook

    waits = []
    for number in range(IDLE_PAGES):
        console.print(f"page {number + 1} of {IDLE_PAGES} …", style="dim")
        before = len(phone.pages)
        receiver.post(webhook(alert(stream=f"idle-{number}", severity="P2"))).raise_for_status()
        accepted = time.perf_counter()
        while len(phone.pages) == before:
            time.sleep(0.001)
        waits.append(time.perf_counter() - accepted)
        time.sleep(0.2)
    waits.sort()
    what, slow = "from accepted to the phone, idle, 95th percentile", waits[int(len(waits) * 0.95)]
    return _row(what, slow, IDLE_GOAL, "the goal: at most this", "s", median_seconds=median(waits))


def _cpu_seconds(pid: int) -> float:
    """What the process has used, user and system."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


class _Both:
    """The receiver and the bare handler, asked by turns: others may be at work on this machine."""

    def __init__(self, console: Console, receiver: Any, pids: dict[int, int]) -> None:
        """*pids* of the processes by their ports: the receiver, then the bare handler."""
        self._console, self._receiver, self._pids = console, receiver, pids
        (self._ours, self._peer), self._numbers = pids, count()

    def compare(self, size: int, bodies: list[bytes]) -> Row:
        """The rates, and the webhooks for each second of CPU."""
        answers: dict[int, list[Answers]] = {port: [] for port in self._pids}
        used = dict.fromkeys(self._pids, 0.0)
        for turn in range(ROUNDS):
            self._console.print(f"webhooks of {size} alerts, round {turn + 1} of {ROUNDS} …", style="dim")
            for port, pid in self._pids.items():
                before = _cpu_seconds(pid)
                answers[port].append(asyncio.run(as_fast_as_answered(port, bodies, SECONDS, self._numbers)))
                if port == self._ours:  # what it puts off is its work all the same, and would slow its peer
                    _until_idle(self._receiver, "inbox_waiting")
                used[port] += _cpu_seconds(pid) - before
        rate = {port: median(each.per_second for each in some) for port, some in answers.items()}
        per_cpu = {port: sum(each.count for each in some) / used[port] for port, some in answers.items()}
        return _row(
            f"durable accept, webhooks of {size} alerts",
            rate[self._ours],
            rate[self._peer],
            "a bare FastAPI handler that parses the same body",
            "webhooks/s",
            goal_ratio=RATIO_GOAL,
            per_cpu_second=per_cpu[self._ours],
            peer_per_cpu_second=per_cpu[self._peer],
            ratio_by_cpu=per_cpu[self._ours] / per_cpu[self._peer],
            p99_seconds_at_full_load=median(each.p99 for each in answers[self._ours]),
        )

    def paced(self, bodies: list[bytes]) -> Row:
        """The peer's own figure says how much of it is this machine."""
        self._console.print(f"{PACE} webhooks of 5 alerts each second …", style="dim")
        slow = {}
        for port in (self._peer, self._ours):
            some = [asyncio.run(at_a_pace(port, bodies, PACED_SECONDS, self._numbers, PACE)) for _ in range(ROUNDS)]
            slow[port] = median(each.p99 for each in some)
        _until_idle(self._receiver, "inbox_waiting")
        what, goal = f"{PACE} webhooks/s of 5 alerts, 99th percentile", "the goal: at most this"
        return _row(what, slow[self._ours], PACE_GOAL, goal, "s", bare_handler_seconds=slow[self._peer])


@contextmanager
def _bare(port: int) -> Iterator[tuple[int, int]]:
    """Its port and process id."""
    process = subprocess.Popen([sys.executable, HERE / "bare.py", str(port)])
    try:
        deadline = time.monotonic() + 20
        while True:
            try:
                httpx.get(f"http://127.0.0.1:{port}/-/ready")
                break
            except httpx.TransportError:
                assert time.monotonic() < deadline, "the bare handler did not start"
                time.sleep(0.05)
        yield port, process.pid
    finally:
        process.terminate()
        process.wait(10)
