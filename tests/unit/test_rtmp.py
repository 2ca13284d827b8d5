"""RTMP as bytes: AMF0 values, chunks of every kind, and addresses."""

import asyncio
import struct
from pathlib import Path

import pytest
from pydantic import SecretStr
from pydantic_core import PydanticCustomError

from streamwatch_exporters.amf0 import DamagedAmf0, Value, decode, encode
from streamwatch_exporters.config import load_config
from streamwatch_exporters.media_headers import Content, read_header
from streamwatch_exporters.mistakes import ConfigMistakes
from streamwatch_exporters.probe import ProbeFailed
from streamwatch_exporters.rtmp import is_frame
from streamwatch_exporters.rtmp_address import split_url
from streamwatch_exporters.rtmp_chunks import (
    AUDIO,
    COMMAND,
    KEPT_OF_MEDIA,
    MAX_COMMAND,
    VIDEO,
    BrokenChunks,
    ChunkReader,
    Message,
    TooLargeMessage,
    chunks,
)
from streamwatch_exporters.rtmp_client import command_in

FULL, SAME_STREAM, DELTA, NOTHING = 0, 1, 2, 3


def header(kind: int, id_: int, *, stamp: int = 0, size: int = 0, type_: int = VIDEO, stream: int = 1) -> bytes:
    """A chunk header of one of the four types, written independently of the code under test."""
    basic = bytes([kind << 6 | id_])
    full = struct.pack(">I", stamp)[1:] + struct.pack(">I", size)[1:] + bytes([type_]) + struct.pack("<I", stream)
    return basic + full[: {FULL: 11, SAME_STREAM: 7, DELTA: 3, NOTHING: 0}[kind]]


async def messages(data: bytes, count: int) -> list[Message]:
    reader = asyncio.StreamReader()
    reader.feed_data(data)
    reader.feed_eof()
    chunk_reader = ChunkReader(reader.readexactly)
    return [await chunk_reader.message() for _ in range(count)]


@pytest.mark.parametrize(
    "value",
    [None, True, False, 0.0, -2000.5, "", "直播", "x" * 70_000, {"a": 1.0, "b": {"c": None}}, ["x", 2.0, [True]]],
    ids=lambda value: type(value).__name__,
)
def test_a_value_comes_back_as_it_was(value: Value) -> None:
    """What is encoded is decoded, beside others."""
    assert decode(encode("first", value, 7)) == ["first", value, 7.0]


def test_an_ecma_array_a_date_and_undefined_are_read() -> None:
    """They come from servers only, so they are written by hand here."""
    array = b"\x08\x00\x00\x00\x63\x00\x01w" + struct.pack(">Bd", 0, 640) + b"\x00\x00\x09"
    date = b"\x0b" + struct.pack(">dh", 5, 0)
    assert decode(array + date + b"\x06") == [{"w": 640.0}, 5.0, None]


@pytest.mark.parametrize(
    "data",
    [
        b"\x00\x01",
        b"\x02\xff\xffabc",
        b"\x03\x00\x01a",
        b"\x0a\xff\xff\xff\xff\x05",
        b"\x0c\xff\xff\xff\xff",
        b"\x42",
        b"\x03\x00\x01a" * 40,
        b"\x0a\x00\x00\x00\x01" * 5000,
    ],
)
def test_damaged_values_are_refused(data: bytes) -> None:
    """Cut short, absurdly long, of unknown type, or nested without end."""
    with pytest.raises(DamagedAmf0):
        decode(data)


async def test_each_type_of_header_takes_over_what_it_leaves_out() -> None:
    """Types 0 to 3 one after another on one chunk stream."""
    data = (
        header(FULL, 6, stamp=1000, size=2, stream=7) + b"ab"
        + header(SAME_STREAM, 6, stamp=40, size=3, type_=AUDIO) + b"cde"
        + header(DELTA, 6, stamp=20) + b"fgh"
        + header(NOTHING, 6) + b"ijk"
    )  # fmt: skip
    assert await messages(data, 4) == [
        Message(VIDEO, b"ab", 7, 1000),
        Message(AUDIO, b"cde", 7, 1040),
        Message(AUDIO, b"fgh", 7, 1060),
        Message(AUDIO, b"ijk", 7, 1080),
    ]


@pytest.mark.parametrize("repeated", [True, False], ids=["repeated", "not repeated"])
async def test_an_extended_timestamp_is_read(repeated: bool) -> None:
    """Whether or not the writer repeats it in the short headers that follow."""
    stamp = (0x01020304).to_bytes(4)
    again = stamp if repeated else b""
    body = bytes(range(200))
    data = header(FULL, 6, stamp=0xFFFFFF, size=200, type_=COMMAND) + stamp + body[:128]
    data += header(NOTHING, 6) + again + body[128:]
    assert await messages(data, 1) == [Message(COMMAND, body, 1, 0x01020304)]


async def test_messages_of_two_chunk_streams_may_be_interleaved() -> None:
    """Each has its own state; ids of two and three bytes are ids too."""
    one, other = b"x" * 200, b"y" * 150
    far = bytes([FULL << 6 | 1]) + (70_00 - 64).to_bytes(2, "little")
    data = header(FULL, 6, size=200, type_=COMMAND) + one[:128]
    data += far + header(FULL, 6, size=150, type_=COMMAND)[1:] + other[:128]
    data += header(NOTHING, 6) + one[128:]
    data += bytes([NOTHING << 6 | 1]) + far[1:] + other[128:]
    assert [message.body for message in await messages(data, 2)] == [one, other]


async def test_a_change_of_the_chunk_size_holds_from_the_next_chunk() -> None:
    """Also a size larger than any message; and an abort drops what was under way."""
    body = b"z" * 5000
    data = header(FULL, 2, size=4, type_=1, stream=0) + (0x7FFFFFFF).to_bytes(4)
    data += header(FULL, 6, size=5000, type_=COMMAND) + body
    data += header(FULL, 2, size=4, type_=1, stream=0) + (100).to_bytes(4)
    data += header(FULL, 6, size=5000, type_=COMMAND) + body[:100]
    data += header(FULL, 2, size=4, type_=2, stream=0) + (6).to_bytes(4)
    data += header(NOTHING, 6) + b"".join(body[:100] + (header(NOTHING, 6) if i < 49 else b"") for i in range(50))
    found = await messages(data, 5)
    assert [len(message.body) for message in found] == [4, 5000, 4, 4, 5000]


async def test_of_media_only_the_beginning_is_kept() -> None:
    """A tag of 16 MB costs no memory, and a command of that size is refused before it is read."""
    size = 2**24 - 1
    pieces = header(FULL, 2, size=4, type_=1, stream=0) + (2**30).to_bytes(4) + header(FULL, 6, size=size)
    asked: list[int] = []

    async def read(count: int) -> bytes:
        nonlocal pieces
        asked.append(count)
        taken, pieces = pieces[:count], pieces[count:]
        return taken.ljust(count, b"\x17")

    reader = ChunkReader(read)
    await reader.message()
    message = await reader.message()
    assert len(message.body) == KEPT_OF_MEDIA
    assert reader.received > size
    assert max(asked) <= 16 * 1024
    with pytest.raises(TooLargeMessage):
        await messages(header(FULL, 3, size=MAX_COMMAND + 1, type_=COMMAND), 1)


@pytest.mark.parametrize(
    "data",
    [
        header(NOTHING, 6) + b"x",
        header(DELTA, 6) + b"x",
        header(FULL, 2, size=4, type_=1, stream=0) + bytes(4),
        header(FULL, 2, size=4, type_=1, stream=0) + b"\xff" * 4,
        header(FULL, 2, size=2, type_=1, stream=0) + b"\x00\x01",
        b"".join(bytes([1]) + i.to_bytes(2, "little") + header(FULL, 6)[1:] for i in range(70)),
    ],
    ids=["short first", "delta first", "size 0", "size 2^32", "cut short", "too many chunk streams"],
)
async def test_what_is_no_chunk_stream_is_refused(data: bytes) -> None:
    """Each would make a careless reader wait, loop or grow."""
    with pytest.raises(BrokenChunks):
        await messages(data, 71)


async def test_what_we_write_can_be_read() -> None:
    """In chunks of the default size, with an extended timestamp too."""
    for stamp in (5, 0xFFFFFF, 0xFFFFFFFE):
        message = Message(COMMAND, bytes(range(256)) * 2, 3, stamp)
        assert await messages(chunks(message, 3), 1) == [message]


def test_a_command_without_a_name_or_number_is_damaged() -> None:
    """And a message of another kind is no command."""
    assert command_in(Message(VIDEO, b"\x17")) is None
    for body in (encode(1, 2), encode("x", "y"), b"", b"\x02\x00"):
        with pytest.raises(ProbeFailed, match="parse"):
            command_in(Message(COMMAND, body))
    command = command_in(Message(17, b"\x00" + encode("_error", 4, None, {"code": "x.y", "level": "error"})))
    assert command is not None
    assert (command.transaction, command.code, command.failed) == (4, "x.y", True)


@pytest.mark.parametrize(
    ("type_", "body", "frame"),
    [
        (VIDEO, b"\x17\x00\x00\x00\x00\x01", False),
        (VIDEO, b"\x17\x01\x00\x00\x00\x01", True),
        (VIDEO, b"\x27\x02", False),
        (VIDEO, b"\x90hvc1\x01", False),
        (VIDEO, b"\x91hvc1\x00", True),
        (VIDEO, b"\xa3av01\x00", True),
        (VIDEO, b"\x57\x01", False),
        (VIDEO, b"\x96\x01avc1\x00", True),
        (VIDEO, b"", False),
        (AUDIO, b"\xaf\x00\x12\x10", False),
        (AUDIO, b"\xaf\x01\x21", True),
        (AUDIO, b"\x2f\xff", True),
        (AUDIO, b"\x90Opus", False),
        (AUDIO, b"\x91Opus\x00", True),
        (18, b"\x02\x00\x0aonMetaData", False),
        (22, b"\x09", True),
    ],
)
def test_only_audio_and_video_themselves_are_frames(type_: int, body: bytes, frame: bool) -> None:
    """What a server remembers of a codec proves nothing: it is sent although nobody publishes."""
    assert is_frame(Message(type_, body)) is frame


def test_codecs_have_one_name_in_old_and_new_headers() -> None:
    """12 is how Chinese networks say HEVC; Enhanced RTMP says hvc1."""
    legacy, enhanced = read_header("video", b"\x1c\x01\0\0\0"), read_header("video", b"\x91hvc1\0\0\0")
    assert legacy is not None
    assert enhanced is not None
    assert legacy.codec == enhanced.codec == "hevc"
    assert legacy.keyframe
    assert enhanced.keyframe
    assert enhanced.content is Content.FRAME
    unknown = read_header("video", b"\x91evil")
    assert unknown is not None
    assert unknown.codec == "other"


@pytest.mark.parametrize(
    ("url", "parts"),
    [
        ("rtmp://a.example/live/demo", ("a.example", 1935, "live", "demo")),
        ("rtmp://a.example:1936/live/demo?key=1/2&x=%2F", ("a.example", 1936, "live", "demo?key=1/2&x=%2F")),
        ("rtmp://[::1]/app/instance/demo", ("::1", 1935, "app/instance", "demo")),
    ],
)
def test_an_address_has_a_host_an_app_and_a_name(url: str, parts: tuple[str, int, str, str]) -> None:
    """The name is the last part, with its query as it was written."""
    address = split_url(SecretStr(url))
    assert (address.host, address.port, address.app, address.name) == parts
    assert "demo" not in repr(address)


@pytest.mark.parametrize("url", ["http://h/a/b", "rtmp://h/a", "rtmp:///a/b", "rtmp://h:x/a/b", "rtmp://h/a/", ""])
def test_an_address_that_is_none_is_refused(url: str) -> None:
    """Without repeating it."""
    with pytest.raises(PydanticCustomError) as refused:
        split_url(SecretStr(url))
    assert refused.value.type == "rtmp_url"


async def test_others_have_their_turn_while_bytes_are_always_there() -> None:
    """A peer that sends the smallest chunks as fast as it can."""
    turns, stop = 0, False

    async def another() -> None:
        nonlocal turns
        while not stop:
            turns += 1
            await asyncio.sleep(0)

    data = header(FULL, 6) * 5000
    other = asyncio.create_task(another())
    await messages(data, 5000)
    stop = True
    await other
    assert turns >= 50


def test_a_wrong_address_in_the_file_is_a_mistake_that_repeats_nothing(tmp_path: Path) -> None:
    """The place and the cure, not the address; and a check without secret files does not mind their absence."""
    path = tmp_path / "streams.yml"
    path.write_text('streams:\n  - {id: a, rtmp: {url: "rtmp://host/secret-name"}}\n')
    with pytest.raises(ConfigMistakes) as refused:
        load_config(path)
    (mistake,) = refused.value.mistakes
    assert mistake.key == "streams[0].rtmp"
    assert "rtmp://host/app/name" in mistake.text.en
    assert "secret-name" not in str(refused.value)
    path.write_text("streams:\n  - {id: a, rtmp: {url_file: elsewhere}, flv: {url_file: elsewhere}}\n")
    assert load_config(path, read_secrets=False).streams[0].rtmp is not None
