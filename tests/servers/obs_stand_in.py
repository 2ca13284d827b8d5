"""A stand-in for the WebSocket of OBS that keeps its rules, and breaks the one that a test asks it to break."""

import asyncio
import base64
import hashlib
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

from aiohttp import WSMsgType, web

_SALT, _CHALLENGE = "salt-of-obs", "challenge-of-obs"
_NOTHING_RUNS = {"outputActive": False, "outputReconnecting": False, "outputBytes": 0}


def answers() -> dict[str, Any]:
    """What an OBS that does nothing answers, by type of request; None is refused."""
    return {
        "GetVersion": {"obsVersion": "29.0.2", "obsWebSocketVersion": "5.1.0", "platform": "debian"},
        "GetStats": {"activeFps": 30.0, "renderSkippedFrames": 1, "outputSkippedFrames": 2},
        "GetStreamStatus": {**_NOTHING_RUNS, "outputSkippedFrames": 3},
        "GetRecordStatus": {"outputActive": False, "outputPaused": False},
        "GetOutputList": {"outputs": [{"outputName": "simple_stream", "outputKind": "rtmp_output"}]},
        "GetOutputStatus": {**_NOTHING_RUNS, "outputSkippedFrames": 3, "outputCongestion": 0.25},
        "GetInputList": {"inputs": [{"inputName": "Mic"}]},
        "GetInputMute": {"inputMuted": False},
        "GetCurrentProgramScene": {"currentProgramSceneName": "Camera"},
    }


class ObsStandIn:
    """One OBS. A test sets what it says; `connections` are the times when somebody connected."""

    def __init__(self, password: str | None = None) -> None:
        self.address = ""
        self.password = password
        self.answers = answers()
        self.hello: Any = None  # said in place of the Hello
        self.before_answer: Callable[[web.WebSocketResponse, str], Awaitable[None]] | None = None
        self.close_code: int | None = None  # ends the connection in place of Identified
        self.connections: list[float] = []
        self.listeners: set[web.WebSocketResponse] = set()

    async def tell(self, kind: str, **data: Any) -> None:
        """One event to everybody."""
        for socket in self.listeners:
            await socket.send_json({"op": 5, "d": {"eventType": kind, "eventIntent": 0, "eventData": data}})

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.connections.append(time.monotonic())
        socket = web.WebSocketResponse(protocols=("obswebsocket.json",), timeout=0.1, max_msg_size=1 << 20)
        await socket.prepare(request)
        if await self._identified(socket):
            self.listeners.add(socket)
            try:
                await self._serve(socket)
            finally:
                self.listeners.discard(socket)
        return socket

    async def _identified(self, socket: web.WebSocketResponse) -> bool:
        hello: dict[str, Any] = {"obsWebSocketVersion": "5.1.0", "rpcVersion": 1}
        if self.password is not None:
            hello["authentication"] = {"challenge": _CHALLENGE, "salt": _SALT}
        await socket.send_str(json.dumps({"op": 0, "d": hello}) if self.hello is None else self.hello)
        message = await socket.receive()
        if message.type is not WSMsgType.TEXT:
            return False
        said = json.loads(message.data)
        assert said["op"] == 1
        assert said["d"]["rpcVersion"] == 1
        code = self.close_code
        if self.password is not None and said["d"].get("authentication") != _proof(self.password):
            code = 4009
        if code is not None:
            await socket.close(code=code, message=b"the reason holds password-of-the-test")
            return False
        await socket.send_json({"op": 2, "d": {"negotiatedRpcVersion": 1}})
        return True

    async def _serve(self, socket: web.WebSocketResponse) -> None:
        async for message in socket:
            batch = json.loads(message.data)
            assert batch["op"] == 8
            id_ = batch["d"]["requestId"]
            results = [self._result(each["requestType"]) for each in batch["d"]["requests"]]
            if self.before_answer is not None:
                await self.before_answer(socket, id_)
            await socket.send_json({"op": 9, "d": {"requestId": id_, "results": results}})

    def _result(self, type_: str) -> dict[str, Any]:
        data = self.answers.get(type_)
        if data is None:
            return {"requestType": type_, "requestStatus": {"result": False, "code": 207}}
        return {"requestType": type_, "requestStatus": {"result": True, "code": 100}, "responseData": data}


def _proof(password: str) -> str:
    def digest(text: str) -> str:
        return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()

    return digest(digest(password + _SALT) + _CHALLENGE)


@asynccontextmanager
async def obs_stand_in(password: str | None = None) -> AsyncIterator[ObsStandIn]:
    """A stand-in on a free port."""
    stand_in = ObsStandIn(password)
    app = web.Application()
    app.router.add_get("/", stand_in.answer)
    runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0][:2]
        stand_in.address = f"{host}:{port}"
        yield stand_in
    finally:
        await runner.cleanup()


class RawPeer:
    """Whatever listens where OBS should. `sent` counts the bytes that it got rid of."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.sent = 0


@asynccontextmanager
async def raw_peer(content: bytes = b"", *, pause: float = 0.0, hang: bool = False) -> AsyncIterator[RawPeer]:
    """Sends *content*, byte by byte if there is a *pause*, then closes, unless it is to *hang*.

    It upgrades to a WebSocket first when *content* begins with a frame (its first byte is above 127).
    """
    peer = RawPeer("")
    serving: set[asyncio.Task[None]] = set()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(serve(reader, writer))
        serving.add(task)
        task.add_done_callback(lambda _: writer.transport.abort())
        task.add_done_callback(serving.discard)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            if content[:1] > b"\x7f":
                writer.write(_upgrade(await reader.readuntil(b"\r\n\r\n")))
            for part in _chunks(content, 1 if pause else 65536):
                writer.write(part)
                await writer.drain()
                peer.sent += len(part)
                await asyncio.sleep(pause)
            if hang:
                await reader.read()
            writer.close()
            await writer.wait_closed()

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()[:2]
    peer.address = f"{host}:{port}"
    try:
        yield peer
    finally:
        server.close()
        for task in list(serving):
            task.cancel()
        await asyncio.gather(*serving, return_exceptions=True)


def _chunks(content: bytes, size: int) -> list[bytes]:
    return [content[at : at + size] for at in range(0, len(content), size)]


def _upgrade(request: bytes) -> bytes:
    lines = dict(line.split(b": ", 1) for line in request.split(b"\r\n") if b": " in line)
    guid = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
    accept = base64.b64encode(hashlib.sha1(lines[b"Sec-WebSocket-Key"] + guid).digest())
    head = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    return head + b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"


def text_frame(size: int) -> bytes:
    """One unmasked WebSocket text frame of *size* spaces."""
    return b"\x81\x7f" + size.to_bytes(8, "big") + b" " * size
