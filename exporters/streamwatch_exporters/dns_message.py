"""DNS messages: one question, and what the answer says (RFC 1035 section 4). Pure."""

import ipaddress
import struct
from dataclasses import dataclass
from typing import Literal

RecordType = Literal["A", "AAAA"]

_TYPES: dict[RecordType, int] = {"A": 1, "AAAA": 28}  # RFC 1035 section 3.2.2, RFC 3596 section 2.1
_LENGTHS = {1: 4, 28: 16}
_INTERNET = 1
_RESPONSE, _TRUNCATED, _RECURSION_DESIRED = 0x8000, 0x0200, 0x0100
_HEADER = struct.Struct("!6H")
_RECORD = struct.Struct("!HHIH")  # type, class, time to live, length


class NotDns(ValueError):
    """The bytes are no answer in the form of RFC 1035."""


class NotMine(Exception):
    """An answer to another question: a late one, or a forged one. Whoever waits goes on waiting."""


@dataclass(frozen=True)
class DnsAnswer:
    """What a name server said. `code` is the RCODE; *addresses* are of the type that was asked for, each once."""

    code: int
    truncated: bool
    addresses: frozenset[str]
    records: int  # in the answer section, also those of other types


def query(id_: int, name: str, record_type: RecordType) -> bytes:
    """A question with recursion desired. Raises ValueError for what is no host name."""
    header = _HEADER.pack(id_, _RECURSION_DESIRED, 1, 0, 0, 0)
    return header + _question(name, record_type)


def _question(name: str, record_type: RecordType) -> bytes:
    encoded = b""
    for label in name.removesuffix(".").encode("idna").split(b"."):
        if not 0 < len(label) < 64:
            raise ValueError("a label has 1 to 63 characters")
        encoded += bytes([len(label)]) + label
    if len(encoded) > 254:
        raise ValueError("a name has at most 255 octets")
    return encoded + b"\0" + struct.pack("!HH", _TYPES[record_type], _INTERNET)


def read_answer(message: bytes, id_: int, name: str, record_type: RecordType) -> DnsAnswer:
    """Read the answer to `query(id_, name, record_type)`. Raises `NotDns`, or `NotMine`."""
    if len(message) < _HEADER.size:
        raise NotDns("shorter than a header")
    found_id, flags, questions, answers, _, _ = _HEADER.unpack_from(message)
    if found_id != id_ or not flags & _RESPONSE:
        raise NotMine
    code, at = flags & 0xF, _HEADER.size
    if questions == 0 and code != 0:  # some servers refuse without repeating the question
        return DnsAnswer(code, truncated=False, addresses=frozenset(), records=0)
    question = _question(name, record_type)
    asked = message[at : at + len(question)]
    if questions != 1 or asked.lower() != question.lower():
        raise NotMine
    if flags & _TRUNCATED:
        return DnsAnswer(code, truncated=True, addresses=frozenset(), records=answers)
    return DnsAnswer(code, False, _addresses(message, at + len(question), answers, record_type), answers)


def _addresses(message: bytes, at: int, answers: int, record_type: RecordType) -> frozenset[str]:
    wanted, found = _TYPES[record_type], set()
    for _ in range(answers):
        at = _after_name(message, at)
        if at + _RECORD.size > len(message):
            raise NotDns("cut short in a record")
        kind, class_, _, length = _RECORD.unpack_from(message, at)
        at += _RECORD.size
        data = message[at : at + length]
        if len(data) != length:
            raise NotDns("cut short in the data of a record")
        if kind == wanted and class_ == _INTERNET:
            if length != _LENGTHS[kind]:
                raise NotDns("an address of another length")
            found.add(str(ipaddress.ip_address(data)))
        at += length
    return frozenset(found)


def _after_name(message: bytes, at: int) -> int:
    """Where a name ends. Pointers are not followed: nobody needs the name, and nothing can loop."""
    while at < len(message):
        length = message[at]
        if length == 0:
            return at + 1
        if length >= 0xC0:
            return at + 2
        if length >= 0x40:
            raise NotDns("a label of no known kind")
        at += 1 + length
    raise NotDns("cut short in a name")
