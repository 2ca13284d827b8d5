"""Publishing to an RTMP server for a few seconds, as fast as it takes what is sent.

What the system still holds back has not arrived: the clock is stopped by the server's reply to one more command,
which it can only give once it has read everything before it.
"""

import asyncio
import os
import socket
import struct
import time
from dataclasses import dataclass

from streamwatch_exporters.amf0 import encode
from streamwatch_exporters.connecting import connect
from streamwatch_exporters.probe import ProbeFailed
from streamwatch_exporters.rtmp_address import Address
from streamwatch_exporters.rtmp_chunks import COMMAND, SET_CHUNK_SIZE, VIDEO, Message
from streamwatch_exporters.rtmp_client import Refused, RtmpClient, command_in

_PIECE = 16 * 1024  # bytes of one message, and of its one chunk
_WAITING = 128 * 1024  # bytes that may be on their way out of this machine
_CONTROL, _PUBLISHING = 2, 8  # chunk streams
_FRAME = b"\x27\x01\0\0\0"  # no keyframe, so no player begins to show it


@dataclass(frozen=True)
class Measured:
    """Bytes, and the seconds during which they were on their way."""

    bytes: int
    seconds: float

    @property
    def bytes_per_second(self) -> float:
        return self.bytes / max(self.seconds, 1e-3)


class _Publisher(RtmpClient):
    """A client that publishes."""

    async def publish(self, name: str, stream: int) -> None:
        """The command `publish`. Raises `Refused` unless the server agrees."""
        body = encode("publish", 0, None, name, "live")
        await self._send(Message(COMMAND, body, stream), _PUBLISHING)
        while (command := command_in(await self.message())) is None or command.name != "onStatus":
            pass
        if command.failed or command.code != "NetStream.Publish.Start":
            raise Refused("the server does not let us publish")

    async def pour(self, stream: int, seconds: float) -> Measured:
        """Noise for so long, and until it has all arrived. Raises `Refused`, and OSError when the line is cut."""
        self._writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _WAITING)
        await self._send(Message(SET_CHUNK_SIZE, _PIECE.to_bytes(4)), _CONTROL)
        noise = _FRAME + os.urandom(_PIECE - len(_FRAME))
        started, sent = time.monotonic(), 0
        while (passed := time.monotonic() - started) < seconds:
            stamp = int(passed * 1000).to_bytes(3)
            head = bytes([_PUBLISHING]) + stamp + _PIECE.to_bytes(3) + bytes([VIDEO]) + struct.pack("<I", stream)
            self._writer.write(head + noise)
            await self._writer.drain()
            sent += len(head) + len(noise)
            await asyncio.sleep(0)  # a line that takes everything must not hold up the others
        await self._call("createStream", None)
        return Measured(sent, time.monotonic() - started)


async def upload(address: Address, seconds: float, *, to_begin: float) -> Measured:
    """Publish for *seconds* to a server that lets us in within *to_begin*. Raises `ProbeFailed`."""
    connected = await connect(address.host, address.port, to_begin)
    reader, writer = await asyncio.open_connection(sock=connected.sock)
    try:  # a server that has seen enough resets the line rather than say so
        client = _Publisher(reader, writer)
        stream = await _let_in(client, address, to_begin)
        return await client.pour(stream, seconds)
    except (Refused, OSError) as exc:
        raise ProbeFailed("connect", "the server closed the connection") from exc
    finally:
        writer.transport.abort()


async def _let_in(client: _Publisher, address: Address, within: float) -> int:
    """The stream that the server gave us to publish on."""
    try:
        async with asyncio.timeout(within):
            await client.handshake()
            await client.connect_to(address.app, address.app_url)
            stream = await client.create_stream()
            await client.publish(address.name, stream)
    except TimeoutError as exc:
        raise ProbeFailed("timeout", "the server did not let us in in time") from exc
    except Refused as exc:
        raise ProbeFailed("auth", f"refused: {exc}") from exc
    return stream
