"""The first step of the SRT handshake as bytes."""

import struct

import pytest

from streamwatch_exporters.probe import ProbeFailed
from streamwatch_exporters.srt import Rejected, induction, read_reply


def reply(
    *, version: int = 5, extension: int = 0x4A17, handshake: int = 1, cookie: int = 7, kind: int = 0x8000
) -> bytes:
    """As a listener writes it, to the socket 99."""
    head = struct.pack(">HHIII", kind, 0, 0, 1234, 99)
    numbers = struct.pack(">IHHIIIIII", version, 0, extension, 5, 1500, 8192, handshake, 42, cookie)
    return head + numbers + bytes(16)


def test_the_request_is_that_of_the_draft() -> None:
    """Control packet of type handshake; version 4, extension field 2, induction, our id, no cookie."""
    data = induction(0x01020304, sequence=9)
    assert len(data) == 64
    assert data[:16] == b"\x80\x00" + bytes(14)
    assert struct.unpack(">IHHIIIIII", data[16:48]) == (4, 0, 2, 9, 1500, 8192, 1, 0x01020304, 0)
    assert data[48:] == bytes(16)


def test_a_reply_tells_which_request_it_answers() -> None:
    """By the socket id in its head; what may follow the handshake is left alone."""
    assert read_reply(reply()) == 99
    assert read_reply(reply() + b"more") == 99


@pytest.mark.parametrize("code", [1000, 1002, 1007, 2**31 - 1])
def test_a_rejection_is_an_answer(code: int) -> None:
    """Its code stands where the type of the handshake is."""
    with pytest.raises(Rejected):
        read_reply(reply(handshake=code))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"HTTP/1.1 400 Bad Request",
        reply()[:63],
        induction(99),
        reply(version=4),
        reply(extension=2),
        reply(cookie=0),
        reply(handshake=0xFFFFFFFF),
        reply(kind=0x8001),
        b"\xff" * 1400,
        bytes(64),
    ],
)
def test_what_is_no_reply_of_srt_is_refused(data: bytes) -> None:
    """Other protocols, our own packet sent back, and UDT, from which SRT came."""
    with pytest.raises(ProbeFailed, match="protocol"):
        read_reply(data)
