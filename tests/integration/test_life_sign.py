"""Signs of life to a watcher elsewhere, over real HTTP, on a clock that the test moves."""

import logging
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta

import httpx
import pytest
from prometheus_client import CollectorRegistry

from servers.stand_in import Answer, Request, StandIn
from servers.story import Hands
from streamwatch.watching.life_sign import LifeSign

PATH = "/0b1c-a-secret-of-the-check"


class Watcher(StandIn):
    """Takes everything that is posted to the check or to its failure."""

    def answer(self, request: Request) -> Answer:
        return Answer(200, b"OK")


class Receiver:
    def __init__(self, watcher: Watcher, http: httpx.AsyncClient) -> None:
        self.troubles: list[str] = []
        self.clock, self.registry = Hands(), CollectorRegistry()
        where = (watcher.url, timedelta(seconds=60))
        self.sign = LifeSign(http, lambda: where, lambda: self.troubles, self.clock, self.registry)

    async def wait(self, seconds: int) -> None:
        for _ in range(seconds):
            self.clock.advance(1)
            await self.sign.step()

    def count(self, result: str) -> float | None:
        return self.registry.get_sample_value("streamwatch_life_signs_total", {"result": result})


@pytest.fixture
def watcher() -> Iterator[Watcher]:
    watcher = Watcher(PATH)
    yield watcher
    watcher.close()


@pytest.fixture
async def receiver(watcher: Watcher) -> AsyncIterator[Receiver]:
    async with httpx.AsyncClient() as http:
        yield Receiver(watcher, http)


async def test_a_sign_is_given_every_minute(receiver: Receiver, watcher: Watcher) -> None:
    """At once at the start, then each time a minute has passed."""
    await receiver.sign.step()
    await receiver.wait(59)
    assert len(watcher.requests) == 1

    await receiver.wait(61)
    assert [request.path for request in watcher.requests] == [PATH] * 3
    assert receiver.count("taken") == 3


async def test_what_is_wrong_is_told_as_a_failure(receiver: Receiver, watcher: Watcher) -> None:
    """With the words of the readiness; when all is well again, the next sign says so."""
    receiver.troubles = ["folding is stuck", "the database does not answer (OperationalError)"]
    await receiver.sign.step()
    receiver.troubles = []
    await receiver.wait(60)
    failed, well = watcher.requests
    assert (failed.path, well.path) == (f"{PATH}/fail", PATH)
    assert failed.body == b"folding is stuck; the database does not answer (OperationalError)"


async def test_a_sign_that_is_not_taken_is_logged_once_and_names_no_address(
    receiver: Receiver, watcher: Watcher, caplog: pytest.LogCaptureFixture
) -> None:
    """It is counted each time, and tried again a minute later."""
    watcher.script = [Answer(404, b"not found"), lambda _: None]
    with caplog.at_level(logging.DEBUG, logger="streamwatch"):
        await receiver.sign.step()
        await receiver.wait(60)
        await receiver.wait(60)
    assert (receiver.count("refused"), receiver.count("taken")) == (2, 1)
    assert len(caplog.records) == 1
    assert "404" in caplog.text
    assert "secret" not in caplog.text


async def test_a_clock_that_is_set_back_stops_no_signs(receiver: Receiver, watcher: Watcher) -> None:
    """An hour back: the next sign is not an hour away."""
    await receiver.sign.step()
    receiver.clock.advance(-3600)
    await receiver.sign.step()
    assert len(watcher.requests) == 2


async def test_nobody_is_told_when_nobody_is_named(watcher: Watcher) -> None:
    """The usual case."""
    async with httpx.AsyncClient() as http:
        sign = LifeSign(http, lambda: None, list, Hands(), CollectorRegistry())
        await sign.step()
    assert watcher.requests == []
