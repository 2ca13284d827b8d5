"""Names and addresses: how they are written, and that a resolver that hangs holds one thread and no loop."""

import asyncio
import socket
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from streamwatch_exporters import connecting
from streamwatch_exporters.connecting import host_and_port, resolve
from streamwatch_exporters.probe import ProbeFailed


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ingest.test:443", ("ingest.test", 443)),
        ("192.0.2.1:1935", ("192.0.2.1", 1935)),
        ("[2001:db8::1]:443", ("2001:db8::1", 443)),
    ],
)
def test_host_and_port_are_parted(text: str, expected: tuple[str, int]) -> None:
    """Names, IPv4, and IPv6 in brackets."""
    assert host_and_port(text) == expected


@pytest.mark.parametrize(
    "text", ["", "host", ":1", "host:", "host:0", "host:65536", "host:١", "2001:db8::1:443", "h:-1"]
)
def test_what_has_no_host_or_no_port_is_refused(text: str) -> None:
    """Also an IPv6 address whose last group could be a port."""
    with pytest.raises(ValueError):
        host_and_port(text)


async def test_an_address_is_not_looked_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is asked, hence there is no time of a lookup."""
    monkeypatch.setattr(socket, "getaddrinfo", None)
    four, six = await resolve("192.0.2.1", 443), await resolve("2001:db8::1", 443)
    assert four.addresses == ((socket.AF_INET, ("192.0.2.1", 443)),)
    assert six.addresses == ((socket.AF_INET6, ("2001:db8::1", 443, 0, 0)),)
    assert four.seconds is six.seconds is None


async def test_a_resolver_that_hangs_is_asked_once_for_each_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """Looks give up in time one after the other; they all wait for the same thread."""
    asked, released = [], threading.Event()

    def hang(host: str, _family: int) -> list[object]:
        asked.append(host)
        released.wait(10)
        return [(socket.AF_INET, ("192.0.2.1", 0))]

    monkeypatch.setattr(connecting, "_getaddrinfo", hang)
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(4))
    try:
        for _ in range(5):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.02):
                    await resolve("slow.test")
        waiting = asyncio.create_task(resolve("slow.test", 80))
        await asyncio.sleep(0)
    finally:
        released.set()
    assert (await waiting).addresses == ((socket.AF_INET, ("192.0.2.1", 80)),)
    assert asked == ["slow.test"]
    await resolve("slow.test")
    assert asked == ["slow.test"] * 2


async def test_why_a_name_has_no_address_is_said_without_the_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """No such name, a server that does not answer, and a name that cannot be one."""
    errors = [socket.gaierror(socket.EAI_NONAME, "no geheim.test"), socket.gaierror(socket.EAI_AGAIN, "x")]
    said = []
    for error in errors:

        def fail(*_: object, error: socket.gaierror = error) -> None:
            raise error

        monkeypatch.setattr(socket, "getaddrinfo", fail)
        with pytest.raises(ProbeFailed) as failed:
            await resolve("geheim.test")
        assert failed.value.reason == "dns"
        said.append(failed.value.text)
    monkeypatch.undo()
    with pytest.raises(ProbeFailed) as failed:
        await resolve("a..b")
    assert failed.value.reason == "dns"
    assert len(set(said)) == 2
    assert "geheim" not in "".join(said)
