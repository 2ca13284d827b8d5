"""FLV (Adobe, FLV 10.1 annex E) as it comes over a connection that never ends: tags out of pieces of bytes. Pure.

The size of a tag has 24 bits: it may claim 16 MB. Only its first bytes are kept, the rest is counted and dropped.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

Kind = Literal["audio", "video", "script"]

KEPT = 4096  # bytes of a body: enough for any configuration of a codec
_FILE_HEADER, _TAG_HEADER, _TRAILER = 9, 11, 4
_MAX_FILE_HEADER = 64  # bytes: what a later version might add
_KINDS: dict[int, Kind] = {8: "audio", 9: "video", 18: "script"}
_TYPE_BITS = 0x1F  # above them stands whether the body is encrypted
_STAMPS = 2**32


class NotFlv(ValueError):
    """The bytes are not FLV."""


@dataclass(frozen=True)
class Tag:
    """One tag. `body` is its beginning, `size` that of all of it in bytes, `timestamp` in ms modulo 2^32."""

    kind: Kind
    timestamp: int
    size: int
    body: bytes


class FlvParser:
    """Takes bytes as they come and gives tags as they are complete."""

    def __init__(self) -> None:
        self.started = False  # the header of the file was read and is good
        self._waiting = bytearray()
        self._tag: tuple[Kind, int, int] | None = None
        self._body = bytearray()
        self._left = 0  # bytes of the body that are still to come
        self._skip = 0

    def feed(self, data: bytes) -> Iterator[Tag]:
        """Give every tag that *data* completes. Raises `NotFlv`. To be used up before more is fed."""
        view = memoryview(data)
        while view:
            view = self._drop(view) if self._skip else self._take(view)
            if self._tag is not None and not self._left:
                yield self._complete(self._tag)

    def _drop(self, view: memoryview) -> memoryview:
        count = min(self._skip, len(view))
        self._skip -= count
        return view[count:]

    def _take(self, view: memoryview) -> memoryview:
        if self._tag is not None:
            return self._take_body(view)
        wanted = _TAG_HEADER if self.started else _FILE_HEADER
        count = min(wanted - len(self._waiting), len(view))
        self._waiting += view[:count]
        if not self.started and not b"FLV".startswith(self._waiting[:3]):
            raise NotFlv("the answer does not begin as FLV")
        if len(self._waiting) == wanted:
            header = bytes(self._waiting)
            self._waiting.clear()
            (self._begin_tag if self.started else self._begin_file)(header)
        return view[count:]

    def _begin_file(self, header: bytes) -> None:
        offset = int.from_bytes(header[5:9])
        if header[3] != 1 or not _FILE_HEADER <= offset <= _MAX_FILE_HEADER:
            raise NotFlv("the header of the file is of another version or damaged")
        self.started = True
        self._skip = offset - _FILE_HEADER + _TRAILER

    def _begin_tag(self, header: bytes) -> None:
        kind = _KINDS.get(header[0] & _TYPE_BITS)
        if kind is None:
            raise NotFlv("what should be a tag is none: bytes were lost, or it is damaged")
        size = int.from_bytes(header[1:4])
        timestamp = int.from_bytes(header[4:7]) | header[7] << 24
        self._tag, self._left = (kind, timestamp, size), size

    def _take_body(self, view: memoryview) -> memoryview:
        count = min(self._left, len(view))
        self._body += view[: min(count, KEPT - len(self._body))]
        self._left -= count
        return view[count:]

    def _complete(self, tag: tuple[Kind, int, int]) -> Tag:
        kind, timestamp, size = tag
        body = bytes(self._body)
        self._tag, self._skip = None, _TRAILER
        self._body.clear()
        return Tag(kind, timestamp, size, body)


def step(before: int, now: int) -> int:
    """Milliseconds from one timestamp to another, negative when it goes back; a wrap after 2^32 is no jump."""
    return (now - before + _STAMPS // 2) % _STAMPS - _STAMPS // 2
