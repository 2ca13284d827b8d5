"""The stage's viewers: real connections that fetch the playlist, counted by nginx and told to the chat intake.

Run as a program with the stage's folder: SIGUSR1 makes five of six leave, SIGUSR2 brings them back.
"""

import asyncio
import contextlib
import json
import re
import signal
import sys
from dataclasses import dataclass
from pathlib import Path

import httpx

VIEWERS, LOYAL = 120, 20
EVERY = 5.0  # seconds between two looks of one viewer at the playlist
CHAT_EVERY = 15  # seconds between two words of the chat: a room where nobody writes is another trouble


@dataclass(frozen=True)
class Place:
    """What is watched, and whom to tell."""

    stream: str
    http: int
    intake: str
    token: str


async def watch(place: Place, number: int) -> None:
    """One viewer, until cancelled."""
    await asyncio.sleep(EVERY * number / VIEWERS)
    request = f"GET /hls/{place.stream}.m3u8 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()
    while True:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, ValueError):
            reader, writer = await asyncio.open_connection("127.0.0.1", place.http)
            try:
                while True:
                    writer.write(request)
                    head = await reader.readuntil(b"\r\n\r\n")
                    found = re.search(rb"(?i)content-length: (\d+)", head)
                    await reader.readexactly(int(found[1]) if found else 0)
                    await asyncio.sleep(EVERY)
            finally:
                writer.close()
        await asyncio.sleep(1)


async def count(place: Place, http: httpx.AsyncClient) -> int:
    """Connections that nginx holds open."""
    answer = await http.get(f"http://127.0.0.1:{place.http}/watching", timeout=2)
    found = re.search(r"Active connections: (\d+)", answer.text)
    return int(found[1]) if found else 0


async def tell(place: Place, http: httpx.AsyncClient, second: int) -> None:
    """How many watch, and now and then a word."""
    lines: list[dict[str, object]] = [{"viewers": await count(place, http), "platform": "drill"}]
    if second % CHAT_EVERY == 0:
        lines.append({"user": f"viewer-{second % 7}", "text": "今天讲什么", "id": f"crowd-{second}"})
    body = "\n".join(json.dumps(line) for line in lines).encode()
    await http.post(place.intake, content=body, headers={"Authorization": f"Bearer {place.token}"}, timeout=2)


async def run(place: Place) -> None:
    crowd: list[asyncio.Task[None]] = []

    def come() -> None:
        crowd.extend(asyncio.create_task(watch(place, number)) for number in range(len(crowd), VIEWERS))

    def leave() -> None:
        for viewer in crowd[LOYAL:]:
            viewer.cancel()
        del crowd[LOYAL:]

    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGUSR1, leave)
    loop.add_signal_handler(signal.SIGUSR2, come)
    come()
    second = 0
    async with httpx.AsyncClient() as http:
        while True:
            with contextlib.suppress(httpx.HTTPError):  # the exporter is being started
                await tell(place, http, second)
            second += 1
            await asyncio.sleep(1)


if __name__ == "__main__":
    asyncio.run(run(Place(**json.loads(Path(sys.argv[1]).read_text()))))
