"""A WebSocket service on 127.0.0.1, in a thread of its own, whose rules a subclass or a test has."""

import asyncio
import json
import logging
import threading
from collections.abc import Callable, Coroutine
from typing import Any

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed

QUIET = logging.getLogger("a stand-in")
QUIET.setLevel(logging.CRITICAL)  # it would write what only the other side must not


class WebSocketServer:
    """*admit* says of a path whether it may come in; *greet* is said to whoever did; *heard*: what they say."""

    def __init__(
        self,
        admit: Callable[[str], bool],
        greet: Callable[[int], dict[str, Any] | None],
        heard: Callable[[int, dict[str, Any]], None],
    ) -> None:
        self._admit, self._greet, self._heard = admit, greet, heard
        self.open: dict[int, ServerConnection] = {}
        self.count = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._server: Server = self._call(self._start())
        port = next(iter(self._server.sockets)).getsockname()[1]
        self.url = f"ws://127.0.0.1:{port}"

    async def _start(self) -> Server:
        return await serve(self._serve, "127.0.0.1", 0, ping_interval=None, close_timeout=1, logger=QUIET)

    def _call(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

    async def _serve(self, connection: ServerConnection) -> None:
        assert connection.request is not None
        if not self._admit(connection.request.path):
            await connection.close(4001, "ticket")
            return
        self.count += 1
        number = self.count
        try:
            if (greeting := self._greet(number)) is not None:
                await connection.send(json.dumps(greeting))
            self.open[number] = connection
            async for frame in connection:
                self._heard(number, json.loads(frame))
        except ConnectionClosed:
            return
        finally:
            self.open.pop(number, None)

    def say(self, number: int, body: object) -> None:
        """To one of them, in its order of coming."""
        text = body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)
        self._call(self.open[number].send(text))

    def hang_up(self, number: int) -> None:
        """The line is cut, without a word."""
        connection = self.open[number]
        self._loop.call_soon_threadsafe(connection.transport.abort)

    def shut(self, number: int) -> None:
        """Closed in order."""
        self._call(self.open[number].close())

    def close(self) -> None:
        self._server.close()
        self._call(self._server.wait_closed())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
