"""ICMP echo as bytes (RFC 792, RFC 4443 section 4). Pure.

A reply is known by the token in its payload alone: an unprivileged socket lets the kernel write the identifier,
and a host with several addresses may answer from another one. Nobody can forge what was never sent to him.
"""

import struct
from typing import Literal

IpVersion = Literal[4, 6]

TOKEN_BYTES = 16
_PAYLOAD_BYTES = 56  # as ping(8) sends
_HEADER = struct.Struct("!BBHHH")  # type, code, checksum, identifier, sequence
_REQUEST: dict[IpVersion, int] = {4: 8, 6: 128}
_REPLY: dict[IpVersion, int] = {4: 0, 6: 129}


def echo_request(version: IpVersion, identifier: int, sequence: int, token: bytes) -> bytes:
    """The kernel writes the checksum of ICMPv6, which covers addresses only it knows."""
    payload = token + bytes(_PAYLOAD_BYTES - len(token))
    header = _HEADER.pack(_REQUEST[version], 0, 0, identifier, sequence & 0xFFFF)
    if version == 6:
        return header + payload
    sum_ = checksum(header + payload)
    return _HEADER.pack(_REQUEST[version], 0, sum_, identifier, sequence & 0xFFFF) + payload


def token_of_reply(version: IpVersion, packet: bytes, *, with_ip_header: bool) -> bytes | None:
    """The token of an echo reply; None for every other packet."""
    if with_ip_header:
        if len(packet) < 20 or packet[0] >> 4 != 4:
            return None
        packet = packet[(packet[0] & 0xF) * 4 :]
    if len(packet) < _HEADER.size + TOKEN_BYTES or packet[0] != _REPLY[version] or packet[1] != 0:
        return None
    return packet[_HEADER.size : _HEADER.size + TOKEN_BYTES]


def checksum(data: bytes) -> int:
    """RFC 1071."""
    if len(data) % 2:
        data += b"\0"
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF
