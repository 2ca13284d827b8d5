"""AMF0 (Adobe, Action Message Format 0): the values of RTMP commands and of FLV metadata. Pure."""

import struct
from collections.abc import Mapping, Sequence
from typing import Final

Value = float | bool | str | None | Mapping[str, "Value"] | Sequence["Value"]

_MAX_DEPTH = 16
_NUMBER, _BOOLEAN, _STRING, _OBJECT, _NULL, _UNDEFINED, _REFERENCE = 0, 1, 2, 3, 5, 6, 7
_ECMA_ARRAY, _END, _STRICT_ARRAY, _DATE, _LONG_STRING, _UNSUPPORTED, _XML, _TYPED = 8, 9, 10, 11, 12, 13, 15, 16
_OBJECT_END: Final = b"\0\0\x09"


class DamagedAmf0(ValueError):
    """The bytes are not AMF0."""


def encode(*values: Value) -> bytes:
    """Values one after another, as a command carries them."""
    return b"".join(map(_encode, values))


def _encode(value: Value) -> bytes:
    if value is None:
        return bytes([_NULL])
    if isinstance(value, bool):
        return bytes([_BOOLEAN, value])
    if isinstance(value, int | float):
        return struct.pack(">Bd", _NUMBER, value)
    if isinstance(value, str):
        data = value.encode()
        if len(data) > 0xFFFF:
            return struct.pack(">BI", _LONG_STRING, len(data)) + data
        return bytes([_STRING]) + _key(data)
    if isinstance(value, Mapping):
        fields = (_key(name.encode()) + _encode(field) for name, field in value.items())
        return bytes([_OBJECT]) + b"".join(fields) + _OBJECT_END
    return struct.pack(">BI", _STRICT_ARRAY, len(value)) + b"".join(map(_encode, value))


def _key(data: bytes) -> bytes:
    return struct.pack(">H", len(data)) + data


def decode(data: bytes) -> list[Value]:
    """All values of a message. Raises `DamagedAmf0`."""
    decoder = _Decoder(data)
    values = []
    while not decoder.ended:
        values.append(decoder.value())
    return values


class _Decoder:
    def __init__(self, data: bytes) -> None:
        self._data, self._at, self._depth = data, 0, 0

    @property
    def ended(self) -> bool:
        return self._at >= len(self._data)

    def _take(self, count: int) -> bytes:
        piece = self._data[self._at : self._at + count]
        if len(piece) < count:
            raise DamagedAmf0("a value is cut short")
        self._at += count
        return piece

    def _unsigned(self, size: int) -> int:
        return int.from_bytes(self._take(size))

    def _text(self, size: int) -> str:
        return self._take(self._unsigned(size)).decode(errors="replace")

    def value(self) -> Value:
        kind = self._unsigned(1)
        if kind in (_NULL, _UNDEFINED, _UNSUPPORTED):
            return None
        if kind in (_NUMBER, _DATE):
            (number,) = struct.unpack(">d", self._take(8))
            self._take(2 if kind == _DATE else 0)
            return float(number)
        if kind == _BOOLEAN:
            return self._unsigned(1) != 0
        if kind in (_STRING, _LONG_STRING, _XML):
            return self._text(2 if kind == _STRING else 4)
        if kind == _REFERENCE:
            self._take(2)
            return None
        return self._inside(kind)

    def _inside(self, kind: int) -> Value:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise DamagedAmf0("values are nested too deeply")
        if kind == _STRICT_ARRAY:
            value: Value = self._list()
        elif kind in (_OBJECT, _ECMA_ARRAY, _TYPED):
            if kind != _OBJECT:  # the count of an array, which writers get wrong, or the name of a class
                self._unsigned(4) if kind == _ECMA_ARRAY else self._text(2)
            value = self._fields()
        else:
            raise DamagedAmf0("a value has an unknown type")
        self._depth -= 1
        return value

    def _list(self) -> list[Value]:
        """As many as are announced; that there cannot be more of them than bytes ends an absurd count."""
        return [self.value() for _ in range(self._unsigned(4))]

    def _fields(self) -> dict[str, Value]:
        fields: dict[str, Value] = {}
        while self._data[self._at : self._at + 3] != _OBJECT_END:
            name = self._text(2)
            fields[name] = self.value()
        self._take(3)
        return fields
