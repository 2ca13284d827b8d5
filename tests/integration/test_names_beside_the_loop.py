"""Names are looked up in threads of our own: those of uvloop are two, and a name that hangs keeps one."""

import asyncio
import socket
import threading
from collections.abc import Callable
from ipaddress import ip_address
from typing import Any

import pytest
import uvloop
from yarl import URL

from servers.peers import answers, peer
from streamwatch_exporters.event_loop import event_loop_factory
from streamwatch_exporters.fetching import Get, open_session, through
from streamwatch_exporters.kept_connections import KeptConnections
from streamwatch_exporters.probe import ProbeFailed

HELLO = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello"


class Loop(uvloop.Loop):
    """Without the lookup that is not to be used."""

    async def getaddrinfo(self, host: str, *args: Any, **kwargs: Any) -> Any:
        ip_address(host)  # what is an address already needs no thread
        return await super().getaddrinfo(host, *args, **kwargs)


@pytest.fixture
def release(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Names below `.hang` are not answered before this is called."""
    released, usual = threading.Event(), socket.getaddrinfo

    def lookup(host: str, *args: Any, **kwargs: Any) -> Any:
        if host.endswith(".hang"):
            released.wait(60)
            raise socket.gaierror(socket.EAI_NONAME, "unknown")
        return usual(host, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    return released.set


@pytest.mark.parametrize("kept", [True, False], ids=["kept", "general"])
def test_names_that_hang_hold_up_nobody(release: Callable[[], None], kept: bool) -> None:
    """Ten looks at two of them wait; another name is found, and an address needs no lookup."""
    with asyncio.Runner(loop_factory=Loop) as runner:
        runner.run(_looks(release, kept=kept))


async def _looks(release: Callable[[], None], *, kept: bool) -> None:
    async with open_session() as session:
        connections = KeptConnections(session)
        ask: Get = connections.get if kept else through(session)
        dead = [f"http://{name}.hang/a.m3u8" for name in ("one", "two") for _ in range(5)]
        waiting = [asyncio.create_task(ask(URL(each), limit=1000, within=30)) for each in dead]
        async with peer(answers(HELLO)) as server:
            for host in ("localhost", "127.0.0.1"):
                found = await ask(URL(f"http://{host}:{server.port}/a.m3u8"), limit=1000, within=10)
                assert found.body == b"hello"
        assert not any(task.done() for task in waiting)
        release()
        failures = await asyncio.gather(*waiting, return_exceptions=True)
        assert {each.reason for each in failures if isinstance(each, ProbeFailed)} == {"dns"}
        await connections.close()


def test_the_exporter_runs_on_the_faster_loop() -> None:
    """Where there is one."""
    assert event_loop_factory() is uvloop.new_event_loop
