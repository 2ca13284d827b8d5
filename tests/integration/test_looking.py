"""Looks at Prometheus and Alertmanager: what counts as an answer, against servers on this machine."""

from collections.abc import AsyncIterator

import httpx
import pytest
from prometheus_client import CollectorRegistry

from servers.free_port import free_port
from servers.health_page import HealthPage, health_page
from servers.peers import Handler, answers, drips, hangs_up, peer, says_nothing
from servers.story import NOON, Hands
from streamwatch.watching import looking as module
from streamwatch.watching.liveness import Peer
from streamwatch.watching.looking import Looking, PeerCollector

PROMETHEUS, ALERTMANAGER = Peer.PROMETHEUS, Peer.ALERTMANAGER


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient() as client:
        yield client


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine is no dead Prometheus."""
    monkeypatch.setattr(module, "PATIENCE", 60.0)


@pytest.fixture
async def page() -> AsyncIterator[HealthPage]:
    async with health_page() as page:
        yield page


def looking_at(http: httpx.AsyncClient, url: str | None, clock: Hands | None = None) -> Looking:
    return Looking(http, {PROMETHEUS: lambda: url}, clock or Hands())


async def test_one_that_works_is_asked_no_more_whether_it_does(http: httpx.AsyncClient, page: HealthPage) -> None:
    """Once it is ready, only whether it lives is asked; after a look in vain both are."""
    looking = looking_at(http, page.url + "/")
    await looking.look()
    await looking.look()
    assert page.asked == ["/-/healthy", "/-/ready", "/-/healthy"]
    assert looking.sights()[PROMETHEUS].ready_since == NOON

    page.dead = True
    await looking.look()
    page.dead = False
    page.asked.clear()
    await looking.look()
    assert page.asked == ["/-/healthy", "/-/ready"]


async def test_one_that_reads_its_log_lives_and_is_not_ready(http: httpx.AsyncClient, page: HealthPage) -> None:
    """Prometheus says 503 of its readiness then, and 200 of its health."""
    page.ready = 503
    looking = looking_at(http, page.url)
    await looking.look()
    sight = looking.sights()[PROMETHEUS]
    assert (sight.ever, sight.missed, sight.ready_since) == (True, 0, None)


@pytest.mark.parametrize(
    "bad",
    [
        hangs_up,
        says_nothing,
        answers(b"RTMP\r\n\r\n"),
        answers(b"HTTP/1.1 503 X\r\nContent-Length: 0\r\n\r\n"),
        drips(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + b"x" * 1000, every=0.01),
    ],
    ids=["hangs up", "says nothing", "no HTTP", "a proxy before nobody", "drop by drop"],
)
async def test_what_is_no_answer(http: httpx.AsyncClient, bad: Handler, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is given up in time, and counts as a look in vain."""
    monkeypatch.setattr(module, "PATIENCE", 0.3)
    async with peer(bad) as here:
        looking = looking_at(http, f"http://{here.address}")
        await looking.look()
        await looking.look()
    assert looking.sights()[PROMETHEUS].missed == 2


async def test_nobody_at_the_address_is_no_answer(http: httpx.AsyncClient) -> None:
    """Nor is an address that cannot be one."""
    for url in (f"http://127.0.0.1:{free_port()}", "http://127.0.0.1:0", "http://no host"):
        looking = looking_at(http, url)
        await looking.look()
        assert looking.sights()[PROMETHEUS].missed == 1


async def test_without_an_address_nobody_is_looked_at(http: httpx.AsyncClient) -> None:
    """There is nothing to conclude, and no metric."""
    looking = looking_at(http, None)
    await looking.look()
    assert looking.sights() == {}


async def test_at_another_address_is_somebody_else(http: httpx.AsyncClient, page: HealthPage) -> None:
    """What duty.yml names after a reload begins anew: that it never answered is no death."""
    urls = [page.url]
    looking = Looking(http, {PROMETHEUS: lambda: urls[-1]}, Hands())
    await looking.look()
    assert looking.sights()[PROMETHEUS].ever
    urls.append(f"http://127.0.0.1:{free_port()}")
    await looking.look()
    assert not looking.sights()[PROMETHEUS].ever


async def test_who_answers_is_a_metric(http: httpx.AsyncClient, page: HealthPage) -> None:
    """1 and 0, one series for each that is named, with no address in it."""
    nobody = f"http://127.0.0.1:{free_port()}"
    looking = Looking(http, {PROMETHEUS: lambda: page.url, ALERTMANAGER: lambda: nobody}, Hands())
    registry = CollectorRegistry()
    registry.register(PeerCollector(looking.sights))
    await looking.look()

    def up(name: str) -> float | None:
        return registry.get_sample_value("streamwatch_peer_up", {"peer": name})

    assert (up("prometheus"), up("alertmanager")) == (1.0, 0.0)


async def test_the_clock_is_set_in_the_midst_of_it(http: httpx.AsyncClient, page: HealthPage) -> None:
    """How long it has been missed does not change with it."""
    clock = Hands()
    looking = looking_at(http, page.url, clock)
    await looking.look()
    page.dead = True
    await looking.look()
    clock.advance(3600)
    looking.clock_was_set(clock() - NOON)
    assert looking.sights()[PROMETHEUS].missed_since == clock()
