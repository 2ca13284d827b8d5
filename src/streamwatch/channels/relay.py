"""One connection after the other, each begun before the last one ends, so that nothing falls between them."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import NoReturn

from streamwatch.channels.channel import ChannelError

Announce = Callable[[], None]
"""To be called by a connection whose end was announced: the next one begins, and this one is read on."""


async def relay(connection: Callable[[Announce], Awaitable[None]]) -> NoReturn:
    """*connection* raises when it is lost. That is expected once its end was announced, else all of them end."""
    successors: asyncio.Queue[None] = asyncio.Queue()

    async def one() -> None:
        announced = False

        def announce() -> None:
            nonlocal announced
            if not announced:
                announced = True
                successors.put_nowait(None)

        try:
            await connection(announce)
        except ChannelError:
            if not announced:
                raise

    connections = {asyncio.create_task(one())}
    wanted = asyncio.create_task(successors.get())
    try:
        while True:
            done, _ = await asyncio.wait({wanted, *connections}, return_when=asyncio.FIRST_COMPLETED)
            if wanted in done:
                wanted = asyncio.create_task(successors.get())
                connections.add(asyncio.create_task(one()))
            for each in done & connections:
                connections.discard(each)
                each.result()
    finally:
        for each in (wanted, *connections):
            each.cancel()
        await asyncio.wait({wanted, *connections})
