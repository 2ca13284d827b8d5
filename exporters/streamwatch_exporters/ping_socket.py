"""One ICMP socket of each IP version for the whole exporter, shared by every host that is pinged."""

import asyncio
import contextlib
import os
import secrets
import socket
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass

from streamwatch_exporters.connecting import SockAddress, connect_failure
from streamwatch_exporters.ping_packet import TOKEN_BYTES, IpVersion, echo_request, token_of_reply
from streamwatch_exporters.probe import ProbeFailed

_SO_TIMESTAMPNS = 35  # Linux: when the kernel received it, in CLOCK_REALTIME
_TIMESPEC = struct.Struct("@ll")
_SOL_RAW, _ICMP_FILTER, _ICMP6_FILTER = 255, 1, 1
_RECEIVE_BUFFER = 1024 * 1024  # bytes: replies of many hosts come in one burst
_AT_ONCE = 1000  # packets read before others get their turn

Ended = Callable[[float | None], None]
"""Told the seconds from request to reply, or None when none came in time."""


@dataclass(frozen=True, eq=False)
class Echo:
    """A request that waits for its reply."""

    token: bytes
    within: float
    sent: float  # steady seconds
    sent_wall: int  # unix nanoseconds
    timer: asyncio.TimerHandle
    ended: Ended


class Pinger:
    """Sends echo requests and matches the replies. Sockets are opened when they are first needed."""

    def __init__(self) -> None:
        self._sockets: dict[IpVersion, _IcmpSocket] = {}
        self._waiting: dict[bytes, Echo] = {}

    def send(
        self, family: socket.AddressFamily, to: SockAddress, sequence: int, within: float, ended: Ended
    ) -> Echo:
        """Raises `ProbeFailed` when nothing could be sent; else *ended* is called once, unless cancelled."""
        version: IpVersion = 6 if family == socket.AF_INET6 else 4
        if version not in self._sockets:
            self._sockets[version] = _IcmpSocket(version, self._arrived)
        token = secrets.token_bytes(TOKEN_BYTES)
        timer = asyncio.get_running_loop().call_later(within, self._expired, token)
        self._waiting[token] = echo = Echo(token, within, time.monotonic(), time.time_ns(), timer, ended)
        try:
            self._sockets[version].send(to, sequence, token)
        except ProbeFailed:
            self.cancel(echo)
            raise
        return echo

    def cancel(self, echo: Echo) -> None:
        echo.timer.cancel()
        self._waiting.pop(echo.token, None)

    def close(self) -> None:
        for echo in list(self._waiting.values()):
            self.cancel(echo)
        while self._sockets:
            self._sockets.popitem()[1].close()

    def _expired(self, token: bytes) -> None:
        echo = self._waiting.pop(token, None)
        if echo is not None:
            echo.ended(None)

    def _arrived(self, token: bytes, received_wall: int | None) -> None:
        echo = self._waiting.pop(token, None)
        if echo is None:
            return  # too late, or a duplicate
        echo.timer.cancel()
        seconds = round_trip(echo, time.monotonic(), received_wall)
        echo.ended(seconds if seconds <= echo.within else None)


def round_trip(echo: Echo, now: float, received_wall: int | None) -> float:
    """By the kernel's timestamp, which a busy event loop does not delay; by our own when the wall clock jumped."""
    seconds = now - echo.sent
    if received_wall is not None:
        by_kernel = (received_wall - echo.sent_wall) / 1e9
        if 0 < by_kernel <= seconds + 0.001:
            return by_kernel
    return seconds


class _IcmpSocket:
    """Unprivileged where the system allows it (`net.ipv4.ping_group_range`), else raw."""

    def __init__(self, version: IpVersion, arrived: Callable[[bytes, int | None], None]) -> None:
        self._version: IpVersion = version
        self._arrived = arrived
        self._identifier = os.getpid() & 0xFFFF
        self._socket, self._raw = _open(version)
        self._socket.setblocking(False)
        for option, value in ((_SO_TIMESTAMPNS, 1), (socket.SO_RCVBUF, _RECEIVE_BUFFER)):
            with contextlib.suppress(OSError):  # only makes it better
                self._socket.setsockopt(socket.SOL_SOCKET, option, value)
        if self._raw:
            self._filter()
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._socket, self._read)

    def send(self, to: SockAddress, sequence: int, token: bytes) -> None:
        request = echo_request(self._version, self._identifier, sequence, token)
        try:
            self._socket.sendto(request, to)
        except BlockingIOError as exc:
            raise ProbeFailed("connect", "this machine sends more than its network takes") from exc
        except OSError as exc:
            raise connect_failure(exc) from exc

    def close(self) -> None:
        self._loop.remove_reader(self._socket)
        self._socket.close()

    def _filter(self) -> None:
        """A raw socket hears all ICMP of the machine; let the kernel pass nothing but echo replies."""
        with contextlib.suppress(OSError):
            if self._version == 4:
                self._socket.setsockopt(_SOL_RAW, _ICMP_FILTER, struct.pack("@I", 0xFFFFFFFF & ~(1 << 0)))
            else:
                words = [0xFFFFFFFF] * 8
                words[129 >> 5] &= ~(1 << (129 & 31))
                self._socket.setsockopt(socket.IPPROTO_ICMPV6, _ICMP6_FILTER, struct.pack("@8I", *words))

    def _read(self) -> None:
        for _ in range(_AT_ONCE):
            try:
                packet, ancillary, _, _ = self._socket.recvmsg(2048, 128)
            except (BlockingIOError, InterruptedError):
                return
            except OSError:
                continue  # an ICMP error about an earlier request, which will be missed in time
            with_ip_header = self._raw and self._version == 4
            token = token_of_reply(self._version, packet, with_ip_header=with_ip_header)
            if token is not None:
                self._arrived(token, _received_at(ancillary))


def _received_at(ancillary: list[tuple[int, int, bytes]]) -> int | None:
    for level, kind, data in ancillary:
        if level == socket.SOL_SOCKET and kind == _SO_TIMESTAMPNS and len(data) >= _TIMESPEC.size:
            seconds, nanoseconds = _TIMESPEC.unpack_from(data)
            return int(seconds) * 1_000_000_000 + int(nanoseconds)
    return None


def _open(version: IpVersion) -> tuple[socket.socket, bool]:
    """The socket, and whether it is raw."""
    family = socket.AF_INET if version == 4 else socket.AF_INET6
    protocol = socket.IPPROTO_ICMP if version == 4 else socket.IPPROTO_ICMPV6
    try:
        return socket.socket(family, socket.SOCK_DGRAM, protocol), False
    except OSError:
        pass  # not allowed, or not known to this system
    try:
        return socket.socket(family, socket.SOCK_RAW, protocol), True
    except PermissionError as exc:
        raise ProbeFailed("auth", _CURE) from exc
    except OSError as exc:
        raise connect_failure(exc) from exc


_CURE = (
    "this user may not send ICMP: set net.ipv4.ping_group_range to its group (sysctl, also for IPv6), "
    "or give the exporter the capability CAP_NET_RAW"
)
