"""An RTMP server that says what it is told after a true handshake, for answers no real server gives on demand."""

import asyncio
from contextlib import suppress

from servers.peers import Handler, says_nothing
from streamwatch_exporters.amf0 import Value, encode
from streamwatch_exporters.rtmp_chunks import COMMAND, Message, chunks

HANDSHAKE = 1536


def command(name: str, transaction: int, *values: Value, stream: int = 0) -> bytes:
    return chunks(Message(COMMAND, encode(name, transaction, *values), stream), 3)


CONNECTED = command("_result", 1, {"fmsVer": "x"}, {"level": "status", "code": "NetConnection.Connect.Success"})
CREATED = command("_result", 2, None, 1)
PLAYING = command("onStatus", 0, None, {"level": "status", "code": "NetStream.Play.Start"}, stream=1)


def status(code: str, level: str = "error") -> bytes:
    return command("onStatus", 0, None, {"level": level, "code": code, "description": "secret-name"}, stream=1)


def message(type_: int, body: bytes) -> bytes:
    return chunks(Message(type_, body, 1), 6)


async def shake_hands(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    theirs = await reader.readexactly(1 + HANDSHAKE)
    writer.write(b"\x03" + bytes(HANDSHAKE) + theirs[1:])
    await reader.readexactly(HANDSHAKE)


def says(data: bytes, after: Handler = says_nothing) -> Handler:
    """Shakes hands and sends *data*, then does *after*."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError):  # the client left
            await shake_hands(reader, writer)
            writer.write(data)
            await writer.drain()
            await after(reader, writer)

    return handle
