"""Real TCP servers on this machine, good and bad: what each does with a connection is one small function."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Peer:
    """Where it listens, and how many have come."""

    host: str
    port: int = 0
    connections: int = 0
    sent: int = 0  # bytes

    @property
    def address(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


async def says_nothing(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    """Holds the line until the other side goes."""
    while await reader.read(4096):
        pass


async def hangs_up(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    """Closes at once."""


def drips(text: bytes, every: float = 0.2) -> Handler:
    """One byte after the other, for as long as anybody listens."""

    async def handle(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for byte in text:
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(every)

    return handle


def pours(head: bytes, size: int = 100_000_000) -> Handler:
    """Far more than anybody asked for."""

    async def handle(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(head)
        for _ in range(size // 65536):
            writer.write(b"x" * 65536)
            await writer.drain()

    return handle


def answers(text: bytes) -> Handler:
    """The same to everybody, after the first thing that is said."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(4096)
        writer.write(text)
        await writer.drain()

    return handle


@asynccontextmanager
async def peer(
    handler: Handler, *, host: str = "127.0.0.1", tls: ssl.SSLContext | None = None
) -> AsyncIterator[Peer]:
    """A server that handles each connection by *handler* and closes it then."""
    here = Peer(host)
    running: set[asyncio.Task[None]] = set()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        here.connections += 1
        task = asyncio.current_task()
        assert task is not None
        running.add(task)
        try:
            await handler(reader, writer)
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            running.discard(task)
            writer.transport.abort() if tls else writer.close()

    server = await asyncio.start_server(handle, host, 0, ssl=tls)
    here.port = server.sockets[0].getsockname()[1]
    try:
        yield here
    finally:
        server.close()
        for task in list(running):
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
