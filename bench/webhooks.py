"""Posts webhooks as fast as they are answered, or at a pace, and says how long the answers took."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from itertools import count
from typing import NamedTuple

CONNECTIONS = 32
ALERTS = 400  # that fire, and are told again and again
MARK = b"0000000000"


class Answers(NamedTuple):
    per_second: float
    p99: float  # seconds
    count: int


def bodies_of(size: int) -> list[bytes]:
    """Webhooks of *size* alerts each, as Alertmanager writes them. P2 calls one person each."""
    from servers.story import alert, webhook
    from streamwatch.alert import fingerprint_of

    def one(name: str) -> dict[str, object]:
        written = alert(stream=name, severity="P2")
        return written | {"fingerprint": fingerprint_of({"stream": name})}

    names = [f"room-{size}-{number}" for number in range(ALERTS)]
    mark = MARK.decode()
    return [webhook(*map(one, names[first : first + size]), receiver=mark) for first in range(0, ALERTS, size)]


def requests_of(bodies: list[bytes], numbers: Iterator[int]) -> Iterator[bytes]:
    """No two are the same to the byte, so that neither side profits from having just seen one."""
    from servers.receiver import TOKEN

    head = (
        f"POST /api/v1/alerts/alertmanager HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\n"
        "Content-Type: application/json\r\nContent-Length: "
    )
    halves = [f"{head}{len(body)}\r\n\r\n".encode() + body for body in bodies]
    parts = [each.partition(MARK)[::2] for each in halves]
    for number in numbers:
        before, after = parts[number % len(parts)]
        yield b"%s%010d%s" % (before, number, after)


async def as_fast_as_answered(port: int, bodies: list[bytes], seconds: float, numbers: "count[int]") -> Answers:
    """Each connection posts the next one as soon as it has its answer."""
    return await pour(port, requests_of(bodies, numbers), seconds)


async def pour(port: int, requests: Iterator[bytes], seconds: float) -> Answers:
    """Any requests at all, as fast as they are answered."""
    end = time.perf_counter() + seconds

    async def one(post: "Post", times: list[float]) -> None:
        while (began := time.perf_counter()) < end:
            await post(next(requests))
            times.append(time.perf_counter() - began)

    return await _together(port, one)


async def at_a_pace(port: int, bodies: list[bytes], seconds: float, numbers: "count[int]", pace: float) -> Answers:
    """*pace* webhooks a second, whether the ones before are answered or not: what waits to be posted waits too."""
    return await drip(port, requests_of(bodies, numbers), seconds, pace)


async def drip(port: int, requests: Iterator[bytes], seconds: float, pace: float) -> Answers:
    """Any requests at all, *pace* of them a second."""
    began, slots = time.perf_counter(), count()

    async def one(post: "Post", times: list[float]) -> None:
        while (due := began + next(slots) / pace) < began + seconds:
            await asyncio.sleep(due - time.perf_counter())
            await post(next(requests))
            times.append(time.perf_counter() - due)

    return await _together(port, one)


Post = Callable[[bytes], Awaitable[None]]


async def _together(port: int, one: Callable[[Post, list[float]], Awaitable[None]]) -> Answers:
    times = list[float]()

    async def connected() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)

        async def post(request: bytes) -> None:
            writer.write(request)
            header = await reader.readuntil(b"\r\n\r\n")
            assert header.startswith(b"HTTP/1.1 20"), header
            length = next(line for line in header.lower().split(b"\r\n") if line.startswith(b"content-length:"))
            await reader.readexactly(int(length.split(b":")[1]))

        await one(post, times)
        writer.close()

    began = time.perf_counter()
    await asyncio.gather(*(connected() for _ in range(CONNECTIONS)))
    times.sort()
    return Answers(len(times) / (time.perf_counter() - began), times[int(len(times) * 0.99)], len(times))
