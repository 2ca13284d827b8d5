"""A WebSocket to a service: objects in JSON, and every failure as a `ChannelError` without the address.

An address holds a ticket, which is a secret. The library is an extra: pip install 'streamwatch[slack]'.
"""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from streamwatch.channels.channel import ChannelError, Reason

OPEN_WITHIN = 10.0  # seconds for TCP, TLS and the handshake
PING_EVERY = 20.0  # seconds; a line that is dead is noticed after twice as long
CLOSE_WITHIN = 2.0
LARGEST = 1 << 20  # bytes of one frame
LOST = "the connection was closed"

# It writes the whole handshake, ticket and all.
logging.getLogger("websockets").addFilter(lambda record: record.levelno >= logging.WARNING)
logging.getLogger("websockets.client").addFilter(lambda record: record.levelno >= logging.WARNING)


class Wire:
    def __init__(self, connection: Any, gone: type[Exception]) -> None:
        self._connection = connection
        self._gone = gone

    async def receive(self, within: float | None = None) -> dict[str, Any]:
        """The next object; what is none is passed over. Raises when the connection is lost, or nothing comes."""
        while True:
            try:
                async with asyncio.timeout(within):
                    frame = await self._connection.recv()
            except self._gone:
                raise ChannelError(LOST, reason=Reason.CONNECT) from None
            except TimeoutError:
                raise ChannelError("the service says nothing", reason=Reason.CONNECT) from None
            try:
                said = json.loads(frame)
            except (ValueError, RecursionError):
                continue
            if isinstance(said, dict):
                return said

    async def send(self, body: Mapping[str, Any]) -> None:
        try:
            await self._connection.send(json.dumps(body, ensure_ascii=False))
        except self._gone:
            raise ChannelError(LOST, reason=Reason.CONNECT) from None


def require(extra: str) -> None:
    """Raises ValueError with the cure when the library is not there."""
    try:
        import websockets  # noqa: F401
    except ImportError:
        raise ValueError(f"buttons need a library: pip install 'streamwatch[{extra}]'") from None


@asynccontextmanager
async def wire(address: str, *, plain: bool = False) -> AsyncIterator[Wire]:
    """A connection to *address*, wss; also ws if *plain*, for a service that was asked without TLS as well."""
    from websockets.asyncio.client import connect
    from websockets.exceptions import ConnectionClosed, InvalidURI, WebSocketException

    class Straight(connect):
        def process_redirect(self, exc: Exception) -> Exception | str:
            return exc  # a ticket is for the address that it came with

    if not address.startswith(("wss://", "ws://") if plain else "wss://"):
        raise ChannelError("the service named no address of a WebSocket", reason=Reason.SERVER_ERROR)
    opening = Straight(
        address,
        open_timeout=OPEN_WITHIN,
        ping_interval=PING_EVERY,
        ping_timeout=PING_EVERY,
        close_timeout=CLOSE_WITHIN,
        max_size=LARGEST,
    )
    try:
        connection = await opening
    except (OSError, TimeoutError, InvalidURI, WebSocketException) as error:
        raise ChannelError(f"no WebSocket ({type(error).__name__})", reason=Reason.CONNECT) from None
    try:
        yield Wire(connection, ConnectionClosed)
    finally:
        await connection.close()
