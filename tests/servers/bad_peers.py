"""How peers go wrong, as handlers for `servers.peers.peer`, and a peer over UDP."""

import asyncio
import base64
import gzip
import hashlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import cache

from servers.peers import Handler, pours, says_nothing

Datagrams = Callable[[bytes], list[bytes]]


def http(body: bytes, *, status: str = "200 OK", headers: str = "") -> Handler:
    """The same answer to every request, over one connection or many."""
    head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{headers}\r\n".encode()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await reader.readuntil(b"\r\n\r\n"):
                writer.write(head + body)
                await writer.drain()
        except asyncio.IncompleteReadError:
            return

    return handle


def http_bomb(start: bytes, *, told: bool = True, size: int = 100_000_000) -> Handler:
    """*start*, and then so many spaces, packed to a thousandth, with a header that tells of it or without."""
    packed = _packed(start, size)
    return http(packed, headers="Content-Encoding: gzip\r\n" if told else "")


@cache
def _packed(start: bytes, size: int) -> bytes:
    return gzip.compress(start + b" " * size, compresslevel=1)


def after(first: bytes, then: Handler = says_nothing) -> Handler:
    """Takes the first words, says *first* and does *then*."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(4096)
        writer.write(first)
        await writer.drain()
        await then(reader, writer)

    return handle


def websocket(first: bytes, then: Handler = says_nothing) -> Handler:
    """Becomes a WebSocket, sends the bytes *first* and does *then*."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await reader.readuntil(b"\r\n\r\n")
        lines = dict(line.split(b": ", 1) for line in request.split(b"\r\n") if b": " in line)
        guid = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, section 1.3
        accept = base64.b64encode(hashlib.sha1(lines[b"Sec-WebSocket-Key"] + guid).digest())
        head = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        writer.write(head + b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n" + first)
        await writer.drain()
        await then(reader, writer)

    return handle


def frame(text: bytes) -> bytes:
    """One unmasked WebSocket text frame."""
    return b"\x81\x7e" + len(text).to_bytes(2) + text


def endless_frame() -> Handler:
    """A frame that says that it is 100 MB long."""
    return websocket(b"\x81\x7f" + (100_000_000).to_bytes(8), pours(b""))


class _Answering(asyncio.DatagramProtocol):
    transport: asyncio.DatagramTransport

    def __init__(self, answer: Datagrams) -> None:
        self._answer = answer

    def datagram_received(self, data: bytes, address: tuple[str, int]) -> None:
        for each in self._answer(data):
            self.transport.sendto(each, address)


@asynccontextmanager
async def udp_peer(answer: Datagrams) -> AsyncIterator[str]:
    """`host:port` of a socket that answers each datagram with what *answer* makes of it."""
    loop = asyncio.get_running_loop()
    transport, protocol = await loop.create_datagram_endpoint(
        lambda: _Answering(answer), local_addr=("127.0.0.1", 0)
    )
    protocol.transport = transport
    try:
        host, port = transport.get_extra_info("sockname")
        yield f"{host}:{port}"
    finally:
        transport.close()
