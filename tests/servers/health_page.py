"""The health pages of a Prometheus or an Alertmanager on this machine, which dies and starts as the test says."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from servers.peers import peer


@dataclass
class HealthPage:
    """*healthy* and *ready* are the codes of its two pages; `dead` hangs up, `hangs` says nothing."""

    url: str = ""
    healthy: int = 200
    ready: int = 200
    dead: bool = False
    hangs: bool = False
    asked: list[str] = field(default_factory=list)

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.dead:
            return
        head = await reader.readuntil(b"\r\n\r\n")
        if self.hangs:
            await reader.read()  # until the other side goes
            return
        path = head.split()[1].decode()
        self.asked.append(path)
        code = {"/-/healthy": self.healthy, "/-/ready": self.ready}.get(path, 404)
        writer.write(b"HTTP/1.1 %d X\r\nConnection: close\r\nContent-Length: 0\r\n\r\n" % code)
        await writer.drain()


@asynccontextmanager
async def health_page() -> AsyncIterator[HealthPage]:
    page = HealthPage()
    async with peer(page.handle) as here:
        page.url = f"http://{here.address}"
        yield page
