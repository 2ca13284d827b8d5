"""Is there an agent of SNMP version 3 at all: the discovery of RFC 3414 section 4, which every agent answers.

A device that was restarted or replaced, and one that cannot decrypt, say nothing to the questions of a user.
"""

import asyncio
from collections.abc import Callable

_PDU = "3011 0400 0400 a00b 02010002010002010030 00"  # a GET of nothing, of nobody
_NOBODY = "0410 300e 0400 020100 020100 0400 0400 0400"


def question(number: int) -> bytes:
    """The message with which an agent is asked who it is. *number* comes back in its answer."""
    head = bytes.fromhex("0204") + number.to_bytes(4, "big") + bytes.fromhex("020300ffe3 040104 020103")
    body = bytes.fromhex("020103") + _tagged(0x30, head) + bytes.fromhex(_NOBODY) + bytes.fromhex(_PDU)
    return _tagged(0x30, body)


def answers(data: bytes, number: int) -> bool:
    """Whether it is of version 3, and to that question."""
    head, _, rest = data[:16].partition(b"\x02\x01\x03\x30")
    return head[:1] == b"\x30" and number.to_bytes(4, "big") in rest + data[16:24]


def _tagged(tag: int, content: bytes) -> bytes:
    return bytes([tag, len(content)]) + content


class _Listener(asyncio.DatagramProtocol):
    def __init__(self, hears: Callable[[bytes], None]) -> None:
        self._hears = hears

    def datagram_received(self, data: bytes, _address: object) -> None:
        self._hears(data)


async def is_alive(host: str, port: int, *, number: int, within: float) -> bool:
    """Whether an agent answers there in *within* seconds."""
    loop = asyncio.get_running_loop()
    answered = asyncio.Event()

    def hears(data: bytes) -> None:
        if answers(data, number):
            answered.set()

    try:
        transport, _ = await loop.create_datagram_endpoint(lambda: _Listener(hears), remote_addr=(host, port))
    except OSError:
        return False
    try:
        transport.sendto(question(number))
        async with asyncio.timeout(within):
            return await answered.wait()
    except TimeoutError:
        return False
    finally:
        transport.close()
