"""Where the segments of a DASH stream are asked for, and what becomes of addresses that lead nowhere."""

import asyncio

import aiohttp
import pytest
from yarl import URL

from streamwatch_exporters.dash_downloads import Downloads
from streamwatch_exporters.dash_loading import resolve
from streamwatch_exporters.dash_windows import Piece
from streamwatch_exporters.probe import ProbeFailed

BASE = URL("http://127.0.0.1:9/live/x.mpd?t=s3cr3t")


@pytest.mark.parametrize(
    ("references", "address"),
    [
        (("s.m4s",), "http://127.0.0.1:9/live/s.m4s"),
        (("v/", "", "s.m4s?a=1%2F2"), "http://127.0.0.1:9/live/v/s.m4s?a=1%2F2"),
        (("http://cdn/a/", "../s.m4s"), "http://cdn/s.m4s"),
        ((), "http://127.0.0.1:9/live/x.mpd?t=s3cr3t"),
    ],
)
def test_each_address_is_seen_from_the_one_before(references: tuple[str, ...], address: str) -> None:
    """As they stand, without quoting anew what is signed."""
    assert str(resolve(BASE, references)) == address


def test_what_is_no_address_fails_without_being_told() -> None:
    """It may hold a token."""
    with pytest.raises(ProbeFailed) as failed:
        resolve(BASE, ["http://[s3cr3t"])
    assert failed.value.reason == "parse"
    assert "s3cr3t" not in str(failed.value)


@pytest.mark.parametrize(
    "reference", ["file:///etc/passwd", "http://[bad", "ftp://x/y", f"http://{'a' * 70}.invalid/", "http://a..b/x"]
)
async def test_an_address_that_leads_nowhere_is_a_failure_and_nothing_else(reference: str) -> None:
    """Of its representation; the task that asked ends in order."""
    came: list[str] = []
    async with aiohttp.ClientSession() as session:
        downloads = Downloads(session, lambda name, end: came.append(name))
        assert downloads.want("a", BASE, Piece((), reference, 2.0, 2.0))
        task = downloads.newest["a"].task
        assert task is not None
        await asyncio.wait_for(task, 10)
        assert downloads.newest["a"].up is False
        assert sum(downloads.counts.failures.values()) == 1
        assert downloads.newest["a"].failure is not None
        assert "a" * 70 not in str(downloads.newest["a"].failure)
    assert came == []


async def test_a_segment_is_asked_for_once_also_when_a_cache_goes_back() -> None:
    """Two edges that take turns must not make it load again and again."""
    async with aiohttp.ClientSession() as session:
        downloads = Downloads(session, lambda name, end: None)
        for end in (2.0, 4.0, 2.0, 4.0, 2.0):
            downloads.want("a", BASE, Piece((), "s.m4s", end, 2.0))
            task = downloads.newest["a"].task
            assert task is not None
            await task
        assert downloads.counts.requests == 2
        await downloads.close()
        assert downloads.newest == {}
