"""A form with a file as a browser posts it, read as it comes: the file never lies anywhere but where it is kept.

Source: RFC 7578 (multipart/form-data). Fields stand before the file, as in our own forms.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from fastapi import Request
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

FIELDS = 64 * 1024  # bytes of everything that is no file


class NotAForm(Exception):
    """The body is not a form with a file."""


@dataclass
class FormFile:
    """*fields* came before the file; *body* is the file itself and can be read once."""

    fields: dict[str, str]
    name: str
    body: AsyncIterator[bytes]


@dataclass
class _Part:
    header: bytearray = field(default_factory=bytearray)
    value: bytearray = field(default_factory=bytearray)
    name: str = ""
    filename: str | None = None
    done: bool = False


class _Reading:
    """Follows the parser: the parts that are fields, then the chunks of the file."""

    def __init__(self, boundary: bytes) -> None:
        self.fields: dict[str, str] = {}
        self.file: _Part | None = None
        self.chunks: list[bytes] = []
        self._part = _Part()
        self._header_name = b""
        self._size = 0
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._begin,
                "on_header_field": self._header_field,
                "on_header_value": self._header_value,
                "on_header_end": self._header_end,
                "on_part_data": self._data,
                "on_part_end": self._end,
            },
        )

    def feed(self, chunk: bytes) -> None:
        """Raises `NotAForm`."""
        try:
            self._parser.write(chunk)
        except FormParserError as error:
            raise NotAForm from error

    def finish(self) -> None:
        """Raises `NotAForm` when the body ended in the middle: half a file is no evidence."""
        try:
            self._parser.finalize()
        except FormParserError as error:
            raise NotAForm from error
        if self.file is None or not self.file.done:
            raise NotAForm

    def _begin(self) -> None:
        self._part = _Part()

    def _header_field(self, data: bytes, start: int, end: int) -> None:
        self._header_name += data[start:end]
        self._count(end - start)

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._part.header += data[start:end]
        self._count(end - start)

    def _header_end(self) -> None:
        if self._header_name.lower() == b"content-disposition":
            _, options = parse_options_header(bytes(self._part.header))
            self._part.name = options.get(b"name", b"").decode(errors="replace")
            if b"filename" in options:
                self._part.filename = options[b"filename"].decode(errors="replace")
                self.file = self.file or self._part
        self._header_name = b""
        self._part.header.clear()

    def _data(self, data: bytes, start: int, end: int) -> None:
        if self._part is self.file:
            self.chunks.append(data[start:end])
            return
        self._count(end - start)
        self._part.value += data[start:end]

    def _end(self) -> None:
        self._part.done = True
        if self._part.filename is None and self.file is None:
            self.fields[self._part.name] = self._part.value.decode(errors="replace")

    def _count(self, size: int) -> None:
        self._size += size
        if self._size > FIELDS:
            raise NotAForm


async def read(request: Request) -> FormFile:
    """Return when the fields were read and the file begins. Raises `NotAForm`."""
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    if kind != b"multipart/form-data" or not options.get(b"boundary"):
        raise NotAForm
    reading, stream = _Reading(options[b"boundary"]), request.stream()
    async for chunk in stream:
        reading.feed(chunk)
        if reading.file is not None:
            return FormFile(reading.fields, reading.file.filename or "", _rest(reading, stream))
    raise NotAForm


async def _rest(reading: _Reading, stream: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    while True:
        for chunk in reading.chunks:
            yield chunk
        reading.chunks.clear()
        try:
            chunk = await anext(stream)
        except StopAsyncIteration:
            break
        reading.feed(chunk)
    reading.finish()
