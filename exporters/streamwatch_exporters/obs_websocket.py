"""A client of obs-websocket 5: one connection, identified; requests in batches, events as they come.

Source: docs/generated/protocol.md of obs-websocket. Every message is JSON text, `{"op": number, "d": {…}}`. The
password never travels: OBS sends a challenge. Nothing that the peer says gets into an error.
"""

import asyncio
import base64
import hashlib
import itertools
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from enum import IntFlag
from typing import Any, NoReturn, TypeVar

import aiohttp
from aiohttp import ClientWebSocketResponse, WSCloseCode, WSMessage, WSMsgType
from yarl import URL

from streamwatch_exporters.fetching import translated_errors
from streamwatch_exporters.probe import ProbeFailed

_RPC_VERSION = 1
_LIMIT = 4 * 1024 * 1024  # bytes of one message
_LARGE = 128 * 1024  # characters from which a message is read beside the event loop
_FAREWELL = 0.3  # seconds a peer has to answer the end of a connection
_HELLO, _IDENTIFY, _IDENTIFIED, _EVENT, _BATCH, _BATCH_RESPONSE = 0, 1, 2, 5, 8, 9
_SUCCESS = 100

T = TypeVar("T")
Data = dict[str, Any]
OnEvent = Callable[[str, Data], None]


class Events(IntFlag):
    """What OBS tells without being asked."""

    SCENES = 1 << 2
    INPUTS = 1 << 3
    OUTPUTS = 1 << 6
    VOLUME_METERS = 1 << 16  # every 50 ms


@dataclass(frozen=True)
class Request:
    """One request of a batch."""

    type: str
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Result:
    """What OBS answered to one request; `data` is empty when it refused."""

    good: bool
    data: Data = field(default_factory=dict, repr=False)


class ObsConnection:
    """An identified connection. Whatever ended it is raised by whoever waits for something."""

    def __init__(self, socket: ClientWebSocketResponse, on_event: OnEvent) -> None:
        self._socket, self._on_event = socket, on_event
        self._numbers = itertools.count(1)
        self._waiting: dict[str, asyncio.Future[Data]] = {}
        self._reading = asyncio.create_task(self._read())

    async def batch(self, requests: Sequence[Request]) -> list[Result]:
        """Ask all of it at once; the answers stand in the order of the requests. The caller keeps the deadline."""
        if not requests:
            return []
        id_ = str(next(self._numbers))
        answer = self._waiting[id_] = asyncio.get_running_loop().create_future()
        asked = [{"requestType": each.type, "requestData": each.data} for each in requests]
        try:
            with translated_errors():
                await _send(self._socket, _BATCH, {"requestId": id_, "requests": asked})
            return _results(requests, await self.unless_lost(answer))
        finally:
            self._waiting.pop(id_, None)

    async def unless_lost(self, doing: Awaitable[T]) -> T:
        """Wait for something, or raise the `ProbeFailed` of the connection that ended meanwhile."""
        task = asyncio.ensure_future(doing)
        try:
            await asyncio.wait({task, self._reading}, return_when=asyncio.FIRST_COMPLETED)
            return task.result() if task.done() else self._reading.result()
        finally:
            task.cancel()

    async def close(self) -> None:
        self._reading.cancel()
        await asyncio.gather(self._reading, return_exceptions=True)

    async def _read(self) -> NoReturn:
        while True:
            op, data = await _receive(self._socket)
            if op == _EVENT:
                match data:
                    case {"eventType": str(kind), "eventData": dict(told)}:
                        self._on_event(kind, told)
            elif op == _BATCH_RESPONSE:
                self._take_answer(data)

    def _take_answer(self, data: Data) -> None:
        """An answer that nobody waits for, or not any more, is left aside."""
        id_ = data.get("requestId")
        answer = self._waiting.get(id_) if isinstance(id_, str) else None
        if answer is not None and not answer.done():
            answer.set_result(data)


@asynccontextmanager
async def connected(
    session: aiohttp.ClientSession,
    url: URL,
    password: str | None,
    *,
    events: Events,
    on_event: OnEvent,
    within: float,
) -> AsyncIterator[ObsConnection]:
    """An identified connection, ended with the block. Raises `ProbeFailed` when there is none *within* seconds."""
    socket: ClientWebSocketResponse | None = None
    connection: ObsConnection | None = None
    try:
        with translated_errors():
            async with asyncio.timeout(within):
                socket = await _open(session, url)
                await _identify(socket, password, events)
        connection = ObsConnection(socket, on_event)
        yield connection
    finally:
        if connection is not None:
            await connection.close()
        if socket is not None:
            with suppress(TimeoutError, aiohttp.ClientError, ConnectionError):
                async with asyncio.timeout(_FAREWELL):
                    await socket.close()


async def _open(session: aiohttp.ClientSession, url: URL) -> ClientWebSocketResponse:
    try:
        return await session.ws_connect(url, protocols=("obswebsocket.json",), max_msg_size=_LIMIT)
    except aiohttp.WSServerHandshakeError as exc:
        raise ProbeFailed("protocol", "the peer speaks HTTP, but no WebSocket") from exc


async def _identify(socket: ClientWebSocketResponse, password: str | None, events: Events) -> None:
    """Nothing else may be sent before OBS said `Identified`."""
    op, hello = await _receive(socket)
    version = hello.get("rpcVersion")
    if op != _HELLO or not isinstance(version, int):
        raise ProbeFailed("protocol", "the peer is not obs-websocket 5")
    if version < _RPC_VERSION:
        raise ProbeFailed("protocol", "OBS speaks another version of the protocol")
    identify: Data = {"rpcVersion": _RPC_VERSION, "eventSubscriptions": int(events)}
    match hello.get("authentication"):
        case None:
            pass
        case {"challenge": str(challenge), "salt": str(salt)}:
            if password is None:
                raise ProbeFailed("auth", "OBS asks for a password: set password_file")
            identify["authentication"] = _digest(_digest(password + salt) + challenge)
        case _:
            raise ProbeFailed("parse", "the challenge of OBS cannot be read")
    await _send(socket, _IDENTIFY, identify)
    op, identified = await _receive(socket)
    if op != _IDENTIFIED or identified.get("negotiatedRpcVersion") != _RPC_VERSION:
        raise ProbeFailed("protocol", "OBS did not agree to version 1 of the protocol")


def _digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()).decode()


async def _send(socket: ClientWebSocketResponse, op: int, data: Data) -> None:
    await socket.send_str(json.dumps({"op": op, "d": data}))


async def _receive(socket: ClientWebSocketResponse) -> tuple[int, Data]:
    """The next message: its op and its data."""
    message = await socket.receive()
    if message.type is not WSMsgType.TEXT:
        raise _ended(message, socket.close_code)
    text: str = message.data
    try:
        read = await asyncio.to_thread(json.loads, text) if len(text) > _LARGE else json.loads(text)
    except (ValueError, RecursionError) as exc:
        raise ProbeFailed("parse", "a message is not JSON") from exc
    match read:
        case {"op": int(op), "d": dict(data)}:
            return op, data
    raise ProbeFailed("parse", "a message has not the shape of obs-websocket 5")


def _ended(message: WSMessage, close_code: int | None) -> ProbeFailed:
    """Why there are no more messages. The reason that a peer writes beside its code is not repeated."""
    if message.type is WSMsgType.BINARY:
        return ProbeFailed("protocol", "the peer sends binary messages")
    if message.type is WSMsgType.ERROR:
        if close_code == WSCloseCode.MESSAGE_TOO_BIG:
            return ProbeFailed("too_large", f"a message is larger than {_LIMIT} bytes")
        return ProbeFailed("protocol", "the peer broke the WebSocket protocol")
    code = close_code or 0
    if code == 4009:
        return ProbeFailed("auth", "OBS refused the password")
    if code == 4010:
        return ProbeFailed("protocol", "OBS refused version 1 of the protocol")
    if code == 4011:
        return ProbeFailed("connect", "OBS was told to end this session")
    if 4000 <= code < 5000:
        return ProbeFailed("protocol", "OBS did not accept a message")
    return ProbeFailed("connect", "the connection was lost")


def _results(requests: Sequence[Request], data: Data) -> list[Result]:
    answers = data.get("results")
    if not isinstance(answers, list) or len(answers) != len(requests):
        raise ProbeFailed("parse", "a batch has not as many answers as requests")
    return [_result(request, answer) for request, answer in zip(requests, answers, strict=True)]


def _result(request: Request, answer: Any) -> Result:
    match answer:
        case {"requestType": request.type, "requestStatus": {"code": int(code)}}:
            told = answer.get("responseData")
            return Result(code == _SUCCESS, told if code == _SUCCESS and isinstance(told, dict) else {})
    raise ProbeFailed("parse", "an answer cannot be read")
