"""How many webhooks a second are accepted: durable on the disk, beside a bare handler that only parses them.

Webhooks of some hundred alerts are posted again and again, as Alertmanager does while they fire, to both by turns.
"""

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import cycle
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console

HERE = Path(__file__).parent
CONNECTIONS = 32
SECONDS = 4.0
ROUNDS = 3
ALERTS = 400
IDLE_PAGES, IDLE_GOAL = 40, 0.3  # pages, seconds


def measure(console: Console) -> list[dict[str, Any]]:
    """Rows for webhooks of 1, 5 and 100 alerts."""
    from servers.free_port import free_port
    from servers.receiver import PhoneServer, ReceiverProcess, write_config
    from servers.story import alert, webhook

    def bodies_of(count: int) -> list[bytes]:
        """Different ones, so that neither side profits from having just seen the same. P2 calls one person each."""
        names = [f"room-{count}-{number}" for number in range(ALERTS)]
        chunks = [names[first : first + count] for first in range(0, ALERTS, count)]
        return [webhook(*(alert(stream=name, severity="P2") for name in chunk)) for chunk in chunks]

    bodies = {count: bodies_of(count) for count in (1, 5, 100)}
    with tempfile.TemporaryDirectory() as folder:
        phone, port = PhoneServer(), free_port()
        receiver = ReceiverProcess(write_config(Path(folder), port, phone.url), port)
        receiver.start()
        try:
            with _bare(free_port()) as (bare, bare_pid):
                _settle(receiver, [body for each in bodies.values() for body in each])
                pids = {port: receiver.pid, bare: bare_pid}
                rows = [_compare(console, pids, port, bare, count, each) for count, each in bodies.items()]
                rows.append(_idle(console, receiver, phone))
        finally:
            receiver.stop()
            phone.close()
    return rows


def _settle(receiver: Any, bodies: list[bytes]) -> None:
    """Every alert is told once, and every page of it delivered: what is measured is the usual, which is repeats."""
    for body in bodies:
        receiver.post(body).raise_for_status()
    deadline = time.monotonic() + 120
    while receiver.get("/api/v1/status")["outbox_due"]:
        assert time.monotonic() < deadline, "the pages did not come to an end"
        time.sleep(0.2)


def _idle(console: Console, receiver: Any, phone: Any) -> dict[str, Any]:
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
    slow = waits[int(len(waits) * 0.95)]
    return {
        "what": "from accepted to the phone, idle, 95th percentile",
        "ours": slow,
        "peer": IDLE_GOAL,
        "peer_is": "the goal",
        "ratio": slow / IDLE_GOAL,
        "unit": "s",
        "median_seconds": waits[len(waits) // 2],
    }


def _cpu_seconds(pid: int) -> float:
    """What the process has used, user and system."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _compare(
    console: Console, pids: dict[int, int], ours: int, peer: int, count: int, bodies: list[bytes]
) -> dict[str, Any]:
    """The rates, and the webhooks for each second of CPU: others may be at work on this machine."""
    rates: dict[int, list[float]] = {ours: [], peer: []}
    done: dict[int, int] = {ours: 0, peer: 0}
    used = {port: -_cpu_seconds(pid) for port, pid in pids.items()}
    slow: list[float] = []
    for turn in range(ROUNDS):
        console.print(f"webhooks of {count} alerts, round {turn + 1} of {ROUNDS} …", style="dim")
        for port in (ours, peer):
            rate, p99, answered = asyncio.run(_load(port, bodies))
            rates[port].append(rate)
            done[port] += answered
            if port == ours:
                slow.append(p99)
    per_cpu = {port: done[port] / (used[port] + _cpu_seconds(pid)) for port, pid in pids.items()}
    best, other = sorted(rates[ours])[ROUNDS // 2], sorted(rates[peer])[ROUNDS // 2]
    return {
        "what": f"durable accept, webhooks of {count} alerts",
        "ours": best,
        "peer": other,
        "peer_is": "a bare FastAPI handler that parses the same body",
        "ratio": best / other,
        "unit": "webhooks/s",
        "per_cpu_second": per_cpu[ours],
        "peer_per_cpu_second": per_cpu[peer],
        "ratio_by_cpu": per_cpu[ours] / per_cpu[peer],
        "p99_seconds_at_full_load": sorted(slow)[ROUNDS // 2],
    }


async def _load(port: int, bodies: list[bytes]) -> tuple[float, float, int]:
    """Webhooks a second over keep-alive connections, the 99th percentile of their answers in seconds, how many."""
    from servers.receiver import TOKEN

    head = (
        f"POST /api/v1/alerts/alertmanager HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\n"
        "Content-Type: application/json\r\nContent-Length: "
    )
    requests = cycle([f"{head}{len(body)}\r\n\r\n".encode() + body for body in bodies])
    times = list[float]()
    end = time.perf_counter() + SECONDS

    async def one() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while time.perf_counter() < end:
            began = time.perf_counter()
            writer.write(next(requests))
            header = await reader.readuntil(b"\r\n\r\n")
            assert header.startswith(b"HTTP/1.1 200"), header
            length = next(line for line in header.lower().split(b"\r\n") if line.startswith(b"content-length:"))
            await reader.readexactly(int(length.split(b":")[1]))
            times.append(time.perf_counter() - began)
        writer.close()

    began = time.perf_counter()
    await asyncio.gather(*(one() for _ in range(CONNECTIONS)))
    times.sort()
    return len(times) / (time.perf_counter() - began), times[int(len(times) * 0.99)], len(times)


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
