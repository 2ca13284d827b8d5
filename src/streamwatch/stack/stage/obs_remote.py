"""One request to OBS Studio by its remote control. Source: obs-websocket 5 protocol, RFC 6455."""

import asyncio
import base64
import hashlib
import json
import os
import struct
from typing import Any

from streamwatch.errors import CommandFailed

HELLO, IDENTIFY, IDENTIFIED, REQUEST, RESPONSE = 0, 1, 2, 6, 7
WITHIN = 60.0  # seconds for OBS to come up and do it
PAUSE = 0.5
_DONE = (100, 500, 501)  # success; the output runs already; the output does not run


async def ask(port: int, password: str, request: str) -> None:
    """Again and again until OBS takes it. Raises `CommandFailed` when it does not in a minute."""
    try:
        async with asyncio.timeout(WITHIN):
            done = False
            while not done:
                done = await _asked(port, password, request) or await asyncio.sleep(PAUSE, False)
    except TimeoutError as error:
        raise CommandFailed(f"OBS did not take {request} within {WITHIN:.0f} s") from error


async def _asked(port: int, password: str, request: str) -> bool:
    try:
        async with asyncio.timeout(5):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                await _shake_hands(reader, writer, port)
                return await _request(reader, writer, password, request)
            finally:
                writer.close()
    except (OSError, TimeoutError, asyncio.IncompleteReadError, ValueError, KeyError):
        return False  # it is still starting


async def _shake_hands(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int) -> None:
    key = base64.b64encode(os.urandom(16)).decode()
    words = (f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
             f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n"
             "Sec-WebSocket-Protocol: obswebsocket.json\r\n\r\n")  # fmt: skip
    writer.write(words.encode())
    answer = await reader.readuntil(b"\r\n\r\n")
    if b" 101 " not in answer.partition(b"\r\n")[0]:
        raise ValueError("no WebSocket")


async def _request(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, password: str, request: str) -> bool:
    hello = await _receive(reader, HELLO)
    identify: dict[str, Any] = {"rpcVersion": 1, "eventSubscriptions": 0}
    if asked := hello.get("authentication"):
        secret = _digest(password + asked["salt"])
        identify["authentication"] = _digest(secret + asked["challenge"])
    _send(writer, IDENTIFY, identify)
    await _receive(reader, IDENTIFIED)
    _send(writer, REQUEST, {"requestType": request, "requestId": "1"})
    status = (await _receive(reader, RESPONSE))["requestStatus"]
    return status["code"] in _DONE


def _digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _send(writer: asyncio.StreamWriter, op: int, data: dict[str, Any]) -> None:
    """One masked text frame."""
    body = json.dumps({"op": op, "d": data}).encode()
    mask = os.urandom(4)
    size = bytes([0x80 | len(body)]) if len(body) < 126 else b"\xfe" + struct.pack(">H", len(body))
    masked = bytes(byte ^ mask[n % 4] for n, byte in enumerate(body))
    writer.write(b"\x81" + size + mask + masked)


async def _receive(reader: asyncio.StreamReader, op: int) -> dict[str, Any]:
    """The next message of that kind."""
    while True:
        first, size = await reader.readexactly(2)
        if size == 126:
            (size,) = struct.unpack(">H", await reader.readexactly(2))
        body = await reader.readexactly(size)
        if first & 0x0F == 8:
            raise ValueError("closed")
        if first & 0x0F == 1 and (message := json.loads(body))["op"] == op:
            data: dict[str, Any] = message["d"]
            return data
