"""The kernel loses packets as long as somebody plays it, and not longer: in a network of the test's own."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from servers.network_namespace import NetworkNamespace, network_namespace
from servers.receiver import until
from streamwatch.stack.stage import WAY
from streamwatch.stack.stage.way import TABLE, loss

FORGET = "import asyncio, streamwatch.stack.stage.way as way; asyncio.run(way.forget())"
SEND = """
import socket, sys
ear, mouth = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in "em")
ear.bind((sys.argv[1], 0))
ear.setblocking(False)
arrived = 0
for _ in range(1000):
    mouth.sendto(b"packet", ear.getsockname())
    try:
        arrived += len(ear.recv(9)) > 0
    except BlockingIOError:
        pass
print(arrived)
"""
LEFT = f"table {TABLE} {{ chain way {{ type filter hook input priority 0; ip daddr {WAY} drop; }}; }}"


@pytest.fixture
def network(tmp_path: Path) -> Iterator[NetworkNamespace]:
    with network_namespace(tmp_path) as here:
        yield here


def loses(network: NetworkNamespace) -> bool:
    return "127.0.0.77" in network.run("nft", "list", "ruleset")


def forget(network: NetworkNamespace) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        network.inside(sys.executable, "-c", FORGET), capture_output=True, text=True, check=False, timeout=20
    )


def test_packets_get_lost_until_whoever_plays_it_is_gone(network: NetworkNamespace) -> None:
    """Killed outright: no line of code runs any more, and the kernel forgets all the same."""
    played = subprocess.Popen(network.inside(*loss()))
    until(lambda: loses(network))
    arrived = int(network.run(sys.executable, "-c", SEND, WAY))
    played.send_signal(signal.SIGKILL)
    played.wait()
    until(lambda: not loses(network))

    assert 800 < arrived < 950  # of a thousand: 880 are meant to
    assert int(network.run(sys.executable, "-c", SEND, WAY)) == 1000


def test_what_a_killed_run_left_behind_is_forgotten(network: NetworkNamespace) -> None:
    """A table of nobody, as an older release left them: the next drill of lost packets could never begin."""
    network.run("nft", LEFT)
    assert loses(network)

    assert forget(network).returncode == 0
    assert not loses(network)


def test_what_another_system_plays_is_not_ended(network: NetworkNamespace) -> None:
    """It is said what to wait for."""
    played = subprocess.Popen(network.inside(*loss()))
    try:
        until(lambda: loses(network))
        done = forget(network)

        assert "another system on this machine loses packets in a drill" in done.stderr
        assert loses(network)
    finally:
        played.kill()
        played.wait()
