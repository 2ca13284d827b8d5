"""One RTMP connection (Adobe, RTMP 1.0) that asks to play a stream and never publishes."""

import asyncio
import os
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from streamwatch_exporters.amf0 import DamagedAmf0, Value, decode, encode
from streamwatch_exporters.connecting import connect
from streamwatch_exporters.probe import ProbeFailed
from streamwatch_exporters.rtmp_chunks import (
    ACKNOWLEDGEMENT,
    COMMAND,
    COMMAND_AMF3,
    USER_CONTROL,
    WINDOW_SIZE,
    BrokenChunks,
    ChunkReader,
    Message,
    TooLargeMessage,
    chunks,
)

_VERSION = 3
_HANDSHAKE = 1536  # bytes
_READ_AHEAD = 64 * 1024  # bytes that wait to be understood
_CONTROL, _COMMANDS, _PLAYING = 2, 3, 8  # chunk streams
_PING_REQUEST, _PING_RESPONSE = 6, 7
_LIVE_OR_RECORDED = -2000.0  # ms, as players ask


class Refused(Exception):
    """The server speaks RTMP and does not let us play. The text is ours: theirs may hold the name."""


@dataclass(frozen=True)
class Command:
    """What the server says: a reply to `transaction`, or `onStatus`."""

    name: str
    transaction: float
    values: list[Value]

    @property
    def code(self) -> str:
        return self._information("code")

    @property
    def failed(self) -> bool:
        return self.name == "_error" or self._information("level") == "error"

    def _information(self, key: str) -> str:
        for value in self.values:
            if isinstance(value, dict) and isinstance(found := value.get(key), str):
                return found
        return ""


@asynccontextmanager
async def rtmp_connection(host: str, port: int, within: float) -> AsyncIterator["RtmpClient"]:
    """A connection that is gone with the block. Raises `ProbeFailed`."""
    connected = await connect(host, port, within)
    reader, writer = await asyncio.open_connection(sock=connected.sock, limit=_READ_AHEAD)
    try:
        yield RtmpClient(reader, writer)
    finally:
        writer.transport.abort()  # a peer that does not read must not keep us


class RtmpClient:
    """Speaks on an open connection. The caller keeps the deadline."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._chunks = ChunkReader(reader.readexactly)
        self._window: int | None = None
        self._acknowledged = 0
        self._transaction = 0

    async def handshake(self) -> None:
        """Section 5.2. Raises `ProbeFailed` when the peer is not RTMP."""
        try:
            self._writer.write(bytes([_VERSION]) + bytes(8) + os.urandom(_HANDSHAKE - 8))
            version = (await self._reader.readexactly(1))[0]
            if version != _VERSION:
                raise ProbeFailed("protocol", "the answer is not RTMP")
            theirs = await self._reader.readexactly(_HANDSHAKE)
            await self._reader.readexactly(_HANDSHAKE)  # S2, which some servers do not make from our C1
            self._writer.write(theirs)
            await self._writer.drain()
        except (asyncio.IncompleteReadError, OSError) as exc:
            raise ProbeFailed("connect", "the connection was closed during the handshake") from exc

    async def connect_to(self, app: str, url: str) -> None:
        """The command `connect`. Raises `Refused`."""
        wishes: Value = {
            "app": app,
            "flashVer": "LNX 9,0,124,2",
            "tcUrl": url,
            "fpad": False,
            "capabilities": 15,
            "audioCodecs": 4071,
            "videoCodecs": 252,
            "videoFunction": 1,
            "fourCcList": ["av01", "hvc1", "vp09"],
        }
        reply = await self._call("connect", wishes)
        if reply.failed:
            raise Refused("the server rejected the connection")

    async def create_stream(self) -> int:
        """The command `createStream`. Raises `Refused`."""
        reply = await self._call("createStream", None)
        number = reply.values[1] if len(reply.values) > 1 else None
        if reply.failed:
            raise Refused("the server gives no stream to play on")
        if not isinstance(number, float) or not 0 <= number < 2**32:
            raise ProbeFailed("protocol", "the reply to createStream has no number")
        return int(number)

    async def play(self, name: str, stream: int) -> None:
        """The command `play`. What becomes of it comes as messages."""
        body = encode("play", 0, None, name, _LIVE_OR_RECORDED)
        await self._send(Message(COMMAND, body, stream), _PLAYING)

    async def message(self) -> Message:
        """The next message that is not about the connection itself. Raises `Refused` when the server hangs up."""
        while True:
            try:
                message = await self._chunks.message()
                await self._acknowledge()
                if not await self._take_control(message):
                    return message
            except (asyncio.IncompleteReadError, OSError) as exc:
                raise Refused("the server closed the connection") from exc
            except BrokenChunks as exc:
                raise ProbeFailed("protocol", str(exc)) from exc
            except TooLargeMessage as exc:
                raise ProbeFailed("too_large", "a message is larger than any command") from exc

    async def _call(self, name: str, *values: Value) -> Command:
        """Send a command and wait for its reply."""
        self._transaction += 1
        transaction = self._transaction
        await self._send(Message(COMMAND, encode(name, transaction, *values)), _COMMANDS)
        while True:
            command = command_in(await self.message())
            if command is None:
                continue
            if command.name in ("_result", "_error") and command.transaction == transaction:
                return command
            if command.name == "onStatus" and command.failed:
                return command

    async def _send(self, message: Message, chunk_stream: int) -> None:
        try:
            self._writer.write(chunks(message, chunk_stream))
            await self._writer.drain()
        except OSError as exc:
            raise Refused("the server closed the connection") from exc

    async def _acknowledge(self) -> None:
        received = self._chunks.received
        if self._window and received - self._acknowledged >= self._window:
            self._acknowledged = received
            await self._send(Message(ACKNOWLEDGEMENT, (received % 2**32).to_bytes(4)), _CONTROL)

    async def _take_control(self, message: Message) -> bool:
        """Obey what concerns the connection; false when the message is of another kind."""
        if message.type == WINDOW_SIZE and len(message.body) >= 4:
            self._window = int.from_bytes(message.body[:4])
        elif message.type == USER_CONTROL and message.body[:2] == struct.pack(">H", _PING_REQUEST):
            answer = struct.pack(">H", _PING_RESPONSE) + message.body[2:6]
            await self._send(Message(USER_CONTROL, answer), _CONTROL)
        return message.type < 8


def command_in(message: Message) -> Command | None:
    """The command in a message; None when it holds none. Raises `ProbeFailed`."""
    if message.type not in (COMMAND, COMMAND_AMF3):
        return None
    try:
        values = decode(message.body[message.type == COMMAND_AMF3 :])
    except DamagedAmf0 as exc:
        raise ProbeFailed("parse", "a command of the server is damaged") from exc
    name, transaction, *rest = *values, None, None
    if not isinstance(name, str) or not isinstance(transaction, float):
        raise ProbeFailed("parse", "a command of the server has no name or number")
    return Command(name, transaction, rest[:-2] if len(values) >= 2 else [])
