"""How much of a request is read: FastAPI takes a whole body into memory before it asks who sends it.

The intake and uploads of evidence read as they go, and count for themselves.
"""

from fastapi import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from streamwatch.language import Text

MOST = 64 * 1024  # bytes: what people and programs say about incidents is short
FIRST, LAST = "/api/v1/alerts/", "/evidence"  # of the addresses that count for themselves


class SmallBodies:
    """Refuses a body at the first byte too many."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(FIRST) or scope["path"].endswith(LAST):
            await self._app(scope, receive, send)
            return
        size = 0

        async def counted() -> Message:
            nonlocal size
            message = await receive()
            size += len(message.get("body", b""))
            if size > MOST:
                raise HTTPException(413, Text("请求太大", "the request is too large"))
            return message

        await self._app(scope, counted, send)
