"""The chunk stream of RTMP (Adobe, RTMP 1.0, sections 5.3 and 5.4): messages out of chunks, chunks out of messages.

Memory is bounded whatever a peer sends: of audio and video only the first bytes are kept, a command may not be
larger than `MAX_COMMAND`, and there may be no more than `MAX_CHUNK_STREAMS` chunk streams.
"""

import asyncio
import struct
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field

MAX_COMMAND = 64 * 1024  # bytes
MAX_CHUNK_STREAMS = 64
KEPT_OF_MEDIA = 32  # bytes
SET_CHUNK_SIZE, ABORT, ACKNOWLEDGEMENT, USER_CONTROL, WINDOW_SIZE = 1, 2, 3, 4, 5
AUDIO, VIDEO, COMMAND_AMF3, COMMAND, AGGREGATE = 8, 9, 17, 20, 22

_DEFAULT_CHUNK_SIZE = 128
_EXTENDED = 0xFFFFFF
_TURN = 64  # chunks after which others get their turn
_PIECE = 16 * 1024  # bytes read at once of what is thrown away


class BrokenChunks(ValueError):
    """The bytes are not a chunk stream."""


class TooLargeMessage(ValueError):
    """A message is larger than any that is understood."""


@dataclass(frozen=True)
class Message:
    """One message. `body` is all of it, of audio and video the first bytes."""

    type: int
    body: bytes
    stream: int = 0
    timestamp: int = 0  # ms, modulo 2^32


@dataclass
class _ChunkStream:
    """What the next header may leave out, and the message under way."""

    type: int = 0
    size: int = 0
    stream: int = 0
    timestamp: int = 0
    step: int = 0
    extended: int | None = None
    left: int = 0
    body: bytearray = field(default_factory=bytearray)

    def begin(self) -> None:
        kept_whole = self.type not in (AUDIO, VIDEO, AGGREGATE)
        if kept_whole and self.size > MAX_COMMAND:
            raise TooLargeMessage
        self.left, self.body = self.size, bytearray()

    def keep(self, piece: bytes) -> None:
        limit = KEPT_OF_MEDIA if self.type in (AUDIO, VIDEO, AGGREGATE) else MAX_COMMAND
        self.body += piece[: limit - len(self.body)]
        self.left -= len(piece)


class ChunkReader:
    """Reads messages. *read* gives exactly as many bytes as it is asked for."""

    def __init__(self, read: Callable[[int], Awaitable[bytes]]) -> None:
        self._read_exactly = read
        self._chunk_size = _DEFAULT_CHUNK_SIZE
        self._streams: dict[int, _ChunkStream] = {}
        self._chunks = 0
        self.received = 0  # bytes

    async def message(self) -> Message:
        """The next message. What concerns chunks alone has been obeyed already."""
        while True:
            stream = await self._chunk()
            if stream.left == 0:
                message = Message(stream.type, bytes(stream.body), stream.stream, stream.timestamp)
                stream.body = bytearray()
                self._obey(message)
                return message

    async def _read(self, count: int) -> bytes:
        data = await self._read_exactly(count)
        self.received += count
        return data

    async def _number(self, size: int) -> int:
        return int.from_bytes(await self._read(size))

    async def _chunk(self) -> _ChunkStream:
        self._chunks += 1
        if self._chunks % _TURN == 0:
            await asyncio.sleep(0)
        kind, id_ = divmod(await self._number(1), 64)
        if id_ < 2:  # one or two more bytes, the low one first
            id_ = 64 + int.from_bytes(await self._read(id_ + 1), "little")
        stream = self._stream(id_, kind)
        before = await self._header(stream, kind)
        await self._payload(stream, before)
        return stream

    def _stream(self, id_: int, kind: int) -> _ChunkStream:
        if id_ not in self._streams:
            if kind > 1:
                raise BrokenChunks("a chunk refers to a header that never was")
            if len(self._streams) >= MAX_CHUNK_STREAMS:
                raise BrokenChunks("too many chunk streams")
            self._streams[id_] = _ChunkStream()
        return self._streams[id_]

    async def _header(self, stream: _ChunkStream, kind: int) -> bytes:
        """Read a header of one of the four types. Returns payload that was read ahead."""
        if kind == 3:
            return await self._short_header(stream)
        stamp = await self._number(3)
        if kind < 2:
            stream.size, stream.type = await self._number(3), await self._number(1)
        if kind == 0:
            stream.stream = int.from_bytes(await self._read(4), "little")
        stream.extended = await self._number(4) if stamp == _EXTENDED else None
        stream.step = stamp if stream.extended is None else stream.extended
        stream.timestamp = stream.step if kind == 0 else (stream.timestamp + stream.step) % 2**32
        stream.begin()  # a message that was under way is given up, as players do
        return b""

    async def _short_header(self, stream: _ChunkStream) -> bytes:
        """All is as before. Some writers repeat the extended timestamp here, as they should, and some do not."""
        if stream.left == 0:
            stream.timestamp = (stream.timestamp + stream.step) % 2**32
            stream.begin()
        if stream.extended is None:
            return b""
        expected = stream.extended.to_bytes(4)
        count = min(4, stream.left or 4, self._chunk_size)
        ahead = await self._read(count)
        if ahead != expected[:count]:
            return ahead
        if count < 4 and await self._read(4 - count) != expected[count:]:
            raise BrokenChunks("neither an extended timestamp nor payload")
        return b""

    async def _payload(self, stream: _ChunkStream, before: bytes) -> None:
        stream.keep(before)
        left = min(stream.left, max(0, self._chunk_size - len(before)))
        while left > 0:
            piece = await self._read(min(left, _PIECE))
            stream.keep(piece)
            left -= len(piece)

    def _obey(self, message: Message) -> None:
        if message.type not in (SET_CHUNK_SIZE, ABORT):
            return
        if len(message.body) < 4:
            raise BrokenChunks("a control message is cut short")
        value = int.from_bytes(message.body[:4])
        if message.type == ABORT:
            if (stream := self._streams.get(value)) is not None:
                stream.left, stream.body = 0, bytearray()
            return
        if not 0 < value < 2**31:
            raise BrokenChunks("a chunk size that cannot be")
        self._chunk_size = value


def chunks(message: Message, chunk_stream: int) -> bytes:
    """A message as chunks of the default size, one header in full and short ones after it."""
    return b"".join(_chunks(message, chunk_stream))


def _chunks(message: Message, chunk_stream: int) -> Iterator[bytes]:
    assert 2 <= chunk_stream < 64
    stamp = min(message.timestamp, _EXTENDED)
    extended = message.timestamp.to_bytes(4) if stamp == _EXTENDED else b""
    head = stamp.to_bytes(3) + len(message.body).to_bytes(3) + bytes([message.type])
    yield bytes([chunk_stream]) + head + struct.pack("<I", message.stream) + extended
    yield message.body[:_DEFAULT_CHUNK_SIZE]
    for at in range(_DEFAULT_CHUNK_SIZE, len(message.body), _DEFAULT_CHUNK_SIZE):
        yield bytes([0xC0 | chunk_stream]) + extended + message.body[at : at + _DEFAULT_CHUNK_SIZE]
