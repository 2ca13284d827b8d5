"""DNS messages: a question as RFC 1035 has it, answers read, and bytes that are none."""

import ipaddress
import struct

import pytest

from streamwatch_exporters.dns_message import NotDns, NotMine, query, read_answer

ID, NAME = 0x1234, "ingest.test"
QUESTION = b"\x06ingest\x04test\0\0\x01\0\x01"


def message(
    *records: bytes, flags: int = 0x8180, id_: int = ID, question: bytes = QUESTION, count: int = 1
) -> bytes:
    return struct.pack("!6H", id_, flags, count, len(records), 0, 0) + question + b"".join(records)


def address(text: str, owner: bytes = b"\xc0\x0c") -> bytes:
    packed = ipaddress.ip_address(text).packed
    return owner + struct.pack("!HHIH", 1 if len(packed) == 4 else 28, 1, 60, len(packed)) + packed


def test_a_question_is_written_as_the_rfc_says() -> None:
    """One question, recursion desired; a closing dot changes nothing; a Chinese name is encoded."""
    assert query(ID, NAME, "A") == b"\x12\x34\x01\0\0\1\0\0\0\0\0\0" + QUESTION
    assert query(ID, NAME + ".", "A") == query(ID, NAME, "A")
    assert query(ID, NAME, "AAAA").endswith(b"\0\0\x1c\0\x01")
    assert b"\x0bxn--z6ut02b\x02cn\0" in query(ID, "直播.cn", "A")


@pytest.mark.parametrize("name", ["a..b", "x" * 64 + ".test", ".".join(["x" * 60] * 5)])
def test_what_is_no_name_is_refused(name: str) -> None:
    """Empty labels, labels and names that are too long."""
    with pytest.raises(ValueError):
        query(ID, name, "A")


def test_addresses_are_read_whatever_stands_between_them() -> None:
    """Aliases and other types are passed over, names may be compressed or not, each address counts once."""
    alias = b"\xc0\x0c" + struct.pack("!HHIH", 5, 1, 60, 7) + b"\x04edge\xc0\x13"
    records = (alias, address("192.0.2.1"), address("192.0.2.1"), address("192.0.2.2", b"\x04edge\xc0\x13"))
    answer = read_answer(message(*records, address("2001:db8::1")), ID, NAME, "A")
    assert answer.addresses == {"192.0.2.1", "192.0.2.2"}
    assert (answer.code, answer.records, answer.truncated) == (0, 5, False)


def test_codes_and_truncation_are_read() -> None:
    """Also when a server refuses without repeating the question; the case of letters does not matter."""
    assert read_answer(message(flags=0x8183), ID, NAME, "A").code == 3
    assert read_answer(message(flags=0x8185, question=b"", count=0), ID, NAME, "A").code == 5
    assert read_answer(message(flags=0x8380), ID, NAME, "A").truncated
    assert read_answer(message(question=QUESTION.upper()), ID, NAME, "A").code == 0


@pytest.mark.parametrize(
    "other",
    [
        message(address("192.0.2.66"), id_=ID + 1),
        message(address("192.0.2.66"), flags=0x0100),
        message(address("192.0.2.66"), question=QUESTION.replace(b"ingest", b"egress")),
        message(address("192.0.2.66"), question=QUESTION.replace(b"\0\x01\0\x01", b"\0\x1c\0\x01")),
        message(address("192.0.2.66"), question=b"", count=0),
    ],
    ids=["another id", "a question", "another name", "another type", "no question"],
)
def test_the_answer_to_another_question_is_not_taken(other: bytes) -> None:
    """Whoever guesses an answer has to guess all of it."""
    with pytest.raises(NotMine):
        read_answer(other, ID, NAME, "A")


def test_an_answer_cut_short_or_spoilt_never_breaks_the_reader() -> None:
    """Cut anywhere, or with any byte wrong: an answer, `NotDns` or `NotMine`."""
    whole = message(address("192.0.2.1"), address("192.0.2.2", b"\x04edge\xc0\x13"))
    for length in range(len(whole)):
        with pytest.raises((NotDns, NotMine)):
            read_answer(whole[:length], ID, NAME, "A")
    for at in range(len(whole)):
        for bits in (0x01, 0x40, 0x80, 0xC0, 0xFF):
            spoilt = bytearray(whole)
            spoilt[at] ^= bits
            try:
                read_answer(bytes(spoilt), ID, NAME, "A")
            except (NotDns, NotMine):
                continue


def test_a_pointer_to_itself_holds_nobody_up() -> None:
    """Names are stepped over, not followed; an address of a wrong length is none."""
    looping = address("192.0.2.1", b"\xc0" + bytes([12 + len(QUESTION)]))
    assert read_answer(message(looping), ID, NAME, "A").addresses == {"192.0.2.1"}
    with pytest.raises(NotDns):
        read_answer(message(b"\xc0\x0c" + struct.pack("!HHIH", 1, 1, 60, 3) + b"abc"), ID, NAME, "A")
