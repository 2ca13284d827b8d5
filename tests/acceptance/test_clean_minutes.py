"""A healthy stream, looked at for ten minutes, or for an hour by `make soak`: nobody may be accused of anything."""

import asyncio
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from servers.receiver import until
from servers.stack import Stack
from servers.whole_path import WELL, whole_path

SECONDS = float(os.environ.get("STREAMWATCH_SOAK_SECONDS", "600"))


@pytest.mark.timeout(SECONDS + 120)
async def test_while_all_is_well_nobody_is_accused(tmp_path: Path) -> None:
    """Not at one look, at no hop; and the exporter answers all the time. Beside it the whole system runs: its
    publisher is away for three seconds three times, and nobody is paged."""
    async with whole_path(tmp_path) as (_, history), whole_system(tmp_path) as stack:
        began = last = time.monotonic()
        blips = asyncio.create_task(three_blips(stack))
        while (at := await history.next()) - began < SECONDS:
            assert at - last < 10, "the exporter did not answer"
            last = at
            assert history.accused_since(began) == {}
            assert [str(each) for each in WELL if not each.holds(history.moment())] == []
        assert await blips == 3
        assert stack.pages() == []
        assert stack.api("/incidents", state="open,acknowledged,resolved")["incidents"] == []


@asynccontextmanager
async def whole_system(folder: Path) -> AsyncIterator[Stack]:
    stack = Stack(folder / "state")
    try:
        await asyncio.to_thread(stack.wait_ready)
        yield stack
    finally:
        await asyncio.to_thread(stack.stop)


async def three_blips(stack: Stack) -> int:
    """A quarter of the time between them, and after the last; how many were seen."""
    away = 'max_over_time((1 - min(streamwatch_ingest_publishing{stream="demo"}))[15s:1s]) == 1'
    seen = 0
    for _ in range(3):
        await asyncio.sleep(SECONDS / 4.5)
        await asyncio.to_thread(blip, stack)
        seen += bool(await asyncio.to_thread(stack.query, away))
    return seen


def blip(stack: Stack) -> None:
    with stack.broken("encoder_crash"):
        time.sleep(2.3)  # of the three seconds that are tested: whoever starts again needs the rest
    until(lambda: stack.query('streamwatch_ingest_publishing{stream="demo"} == 1'), 30)
