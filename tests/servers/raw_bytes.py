"""What a peer sends without being asked: once, or again and again. For `servers.peers.peer`."""

import asyncio

from servers.peers import Handler, says_nothing


def sends(data: bytes) -> Handler:
    """Sends *data* and falls silent."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(data)
        await says_nothing(reader, writer)

    return handle


def repeats(first: bytes, piece: bytes) -> Handler:
    """Sends *first*, then *piece* without end as fast as it is taken."""

    async def handle(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(first)
        while True:
            writer.write(piece)
            await writer.drain()

    return handle
