"""A line that takes so many bytes a second and no more, before a server on 127.0.0.1."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from servers.peers import peer

_PIECE = 4096  # bytes


@asynccontextmanager
async def throttle(port: int, rate: float) -> AsyncIterator[int]:
    """The port of a relay that passes *rate* bytes a second on to *port*, and as much as comes back."""

    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there_reader, there_writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            back = asyncio.create_task(_pass(there_reader, writer, None))
            await _pass(reader, there_writer, rate)
            await back
        finally:
            there_writer.close()

    async with peer(relay) as line:
        yield line.port


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, rate: float | None) -> None:
    loop = asyncio.get_running_loop()
    due = loop.time()
    with suppress(OSError):
        while piece := await reader.read(_PIECE):
            writer.write(piece)
            await writer.drain()
            if rate is not None:
                due = max(due, loop.time() - 0.1) + len(piece) / rate
                await asyncio.sleep(max(0.0, due - loop.time()))
    writer.close()
