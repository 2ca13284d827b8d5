"""Ports for real servers that cannot choose one themselves."""

import itertools
import os
import socket
from collections.abc import Iterator

_FIRST, _PER_WORKER, _WORKERS = 20_000, 2_000, 6


def _ports() -> Iterator[int]:
    """Those of this test worker, in turn: another worker, and whoever lets the kernel choose, takes none of them.

    The kernel chooses from 32768 on (ip(7), ip_local_port_range). A port is given again after two thousand others.
    """
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % _WORKERS
    first = _FIRST + worker * _PER_WORKER
    begin = os.getpid() * 97 % _PER_WORKER  # two runs side by side rarely meet
    return (first + (begin + step) % _PER_WORKER for step in itertools.count())


_turn = _ports()


def free_port() -> int:
    """A port of 127.0.0.1 that nobody uses, over TCP or UDP, and that nobody else is given."""
    return next(port for port in _turn if _free(port, socket.SOCK_STREAM) and _free(port, socket.SOCK_DGRAM))


def _free(port: int, kind: socket.SocketKind) -> bool:
    with socket.socket(type=kind) as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
