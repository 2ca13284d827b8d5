"""A name server after RFC 1035 on 127.0.0.1, over UDP and TCP, whose zone a test writes and changes."""

import asyncio
import ipaddress
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

_TYPES = {1: 4, 28: 6}  # A, AAAA: the version of IP
_CNAME = 5
_RESPONSE, _AUTHORITATIVE, _TRUNCATED, _RECURSION_AVAILABLE = 0x8000, 0x0400, 0x0200, 0x0080
_UDP_LIMIT = 512  # section 4.2.1
NXDOMAIN, SERVFAIL, REFUSED = 3, 2, 5


@dataclass
class Zone:
    """Names with their addresses; aliases; names that get an error; `broken` spoils each answer in its way."""

    port: int = 0
    addresses: dict[str, list[str]] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)
    errors: dict[str, int] = field(default_factory=dict)
    broken: dict[str, str] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)  # transport and name

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def answer(self, message: bytes, transport: str) -> list[bytes]:
        """The datagrams that go back, in their order."""
        id_, flags, questions = struct.unpack_from("!3H", message)
        if flags & _RESPONSE or questions != 1:
            return []
        name, end = _name(message, 12)
        kind, _ = struct.unpack_from("!HH", message, end)
        question = message[12 : end + 4]
        self.asked.append((transport, name))
        way = self.broken.get(name)
        if way == "silent":
            return []
        records = self._records(name, kind)
        code = self.errors.get(name, 0 if records or name in self.addresses else NXDOMAIN)
        whole = _message(id_, code, question, records)
        if transport == "udp" and len(whole) > _UDP_LIMIT:
            return [_message(id_, code, question, [], _TRUNCATED)]
        forged = _record(b"\xc0\x0c", kind, ipaddress.ip_address("192.0.2.66").packed)
        other = question[:1] + b"zzz" + question[4:]
        return {
            "garbage": [struct.pack("!6H", id_, _RESPONSE, 1, 9, 0, 0) + question + b"\xc0"],
            "short": [message[:5]],
            "forged first": [
                _message(id_ ^ 1, 0, question, [forged]),
                _message(id_, 0, other, [forged]),
                whole,
            ],
        }.get(way or "", [whole])

    def _records(self, name: str, kind: int) -> list[bytes]:
        records = []
        owner = b"\xc0\x0c"  # the name in the question (section 4.1.4)
        if name in self.aliases:
            name = self.aliases[name]
            records.append(_record(owner, _CNAME, _encoded(name)))
            owner = _encoded(name)
        found = [ipaddress.ip_address(each) for each in self.addresses.get(name, [])]
        return records + [_record(owner, kind, each.packed) for each in found if each.version == _TYPES.get(kind)]


def _message(id_: int, code: int, question: bytes, records: list[bytes], flags: int = 0) -> bytes:
    flags |= _RESPONSE | _AUTHORITATIVE | _RECURSION_AVAILABLE | 0x0100 | code
    return struct.pack("!6H", id_, flags, 1, len(records), 0, 0) + question + b"".join(records)


def _record(owner: bytes, kind: int, data: bytes) -> bytes:
    return owner + struct.pack("!HHIH", kind, 1, 60, len(data)) + data


def _encoded(name: str) -> bytes:
    return b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0"


def _name(message: bytes, at: int) -> tuple[str, int]:
    labels = []
    while length := message[at]:
        labels.append(message[at + 1 : at + 1 + length].decode())
        at += 1 + length
    return ".".join(labels).lower(), at + 1


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, zone: Zone) -> None:
        self._zone = zone

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        self._transport = transport

    def datagram_received(self, data: bytes, address: tuple[str, int]) -> None:
        for answer in self._zone.answer(data, "udp"):
            self._transport.sendto(answer, address)


@asynccontextmanager
async def dns_server() -> AsyncIterator[Zone]:
    """A server on one free port, over UDP and TCP."""
    zone = Zone()

    async def over_tcp(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        (length,) = struct.unpack("!H", await reader.readexactly(2))
        for answer in zone.answer(await reader.readexactly(length), "tcp"):
            writer.write(struct.pack("!H", len(answer)) + answer)
        writer.close()

    server = await asyncio.start_server(over_tcp, "127.0.0.1", 0)
    zone.port = server.sockets[0].getsockname()[1]
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: _Datagrams(zone), local_addr=("127.0.0.1", zone.port)
    )
    try:
        yield zone
    finally:
        transport.close()
        server.close()
