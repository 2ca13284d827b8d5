"""The supervisor's ear: one JSON line asked, one answered, over a socket in the state folder.

A drill keeps its connection open; when it closes, for whatever reason, what it broke is mended.
"""

import asyncio
import json
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

from streamwatch.errors import CommandFailed
from streamwatch.language import Text

Answer = Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]


@contextmanager
def _short(path: Path) -> Iterator[str]:
    """A socket's name has room for 107 bytes (unix(7)); a folder held open lends a short one."""
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)


@asynccontextmanager
async def listening(
    path: Path, answer: Answer, hung_up: Callable[[set[str], int], Awaitable[None]]
) -> AsyncIterator[None]:
    """Serve while the block runs. *hung_up* is given the faults that a closed connection had injected, and how
    often it had a stage prepared.
    """

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        injected: set[str] = set()
        prepared = 0
        try:
            while line := await reader.readline():
                question = json.loads(line)
                reply = await answer(question)
                prepared += question.get("do") == "prepare" and "error" not in reply
                if question.get("do") == "inject" and "error" not in reply:
                    injected.add(question["fault"])
                elif question.get("do") == "restore":
                    injected.discard(question["fault"])
                writer.write(json.dumps(reply).encode() + b"\n")
                await writer.drain()
        except (ConnectionError, ValueError, KeyError):
            return
        finally:
            writer.close()
            if injected or prepared:
                await hung_up(injected, prepared)

    path.unlink(missing_ok=True)
    with _short(path) as name:
        server = await asyncio.start_unix_server(serve, name)
    path.chmod(0o600)
    try:
        yield
    finally:
        server.close()
        path.unlink(missing_ok=True)


class Control:
    """The other end: what `status` and `drill` ask through."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._turn = asyncio.Lock()

    async def ask(self, do: str, **words: object) -> dict[str, Any]:
        """Raises `CommandFailed` with the supervisor's own words."""
        async with self._turn:
            self._writer.write(json.dumps({"do": do, **words}).encode() + b"\n")
            await self._writer.drain()
            line = await self._reader.readline()
        if not line:
            raise CommandFailed(Text("“streamwatch up”刚刚结束了", "'streamwatch up' ended meanwhile"))
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise CommandFailed(answer["error"])
        return answer


@asynccontextmanager
async def connected(path: Path) -> AsyncIterator[Control]:
    try:
        with _short(path) as name:
            reader, writer = await asyncio.open_unix_connection(name)
    except OSError as error:
        raise CommandFailed(
            Text("系统没有在这里运行。请先启动：make up", "the system does not run here. Start it: make up")
        ) from error
    try:
        yield Control(reader, writer)
    finally:
        writer.close()
