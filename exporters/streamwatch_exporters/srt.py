"""Probe `srt`: does an SRT listener answer, and how fast (draft-sharabayko-srt, sections 3.2.1 and 4.3.1).

Only the first step of the handshake is made. A listener looks at stream id and passphrase in the second one, which
only a real caller makes: that the address answers does not say that they are right.
"""

import asyncio
import random
import struct

from pydantic import Field

from streamwatch_exporters.clock import Clock
from streamwatch_exporters.connecting import HostPort, SockAddress, connect_failure, host_and_port, resolve
from streamwatch_exporters.probe import Answer, ProbeFailed
from streamwatch_exporters.reader_metrics import HANDSHAKE
from streamwatch_exporters.repeating import Finding, RepeatedSettings, RepeatingFamily, Values
from streamwatch_exporters.watching import Tools

_REPEAT = 0.25  # seconds from one request to the next, as callers do
_HANDSHAKE = struct.Struct(">HHIII IHHIIIIII16s")
_CONTROL_HANDSHAKE = 0x8000
_INDUCTION = 1
_OLD_VERSION, _VERSION = 4, 5
_DATAGRAM_SOCKET, _MAGIC = 2, 0x4A17
_FIRST_REJECTION = 1000
_MTU, _FLOW_WINDOW = 1500, 8192
_NOT_CHECKED = "stream id and passphrase are not checked"


class SrtSettings(RepeatedSettings):
    """Where the listener is: `host:port`."""

    address: HostPort = Field(...)


def induction(socket_id: int, sequence: int = 0) -> bytes:
    """The request of a caller."""
    return _HANDSHAKE.pack(
        _CONTROL_HANDSHAKE, 0, 0, 0, 0,
        _OLD_VERSION, 0, _DATAGRAM_SOCKET, sequence, _MTU, _FLOW_WINDOW, _INDUCTION, socket_id, 0, bytes(16),
    )  # fmt: skip


class Rejected(Exception):
    """The listener answered that it takes nobody."""


def read_reply(data: bytes) -> int:
    """The socket id that a reply is meant for. Raises `Rejected`, and `ProbeFailed` for what is no reply of SRT."""
    if len(data) < _HANDSHAKE.size:
        raise ProbeFailed("protocol", "the answer is not SRT")
    kind, subtype, _, _, socket_id, version, _, extension, _, _, _, handshake, _, cookie, _ = _HANDSHAKE.unpack(
        data[: _HANDSHAKE.size]
    )
    if (kind, subtype) != (_CONTROL_HANDSHAKE, 0):
        raise ProbeFailed("protocol", "the answer is not SRT")
    if _FIRST_REJECTION <= handshake < 2**31:
        raise Rejected
    if (version, extension, handshake) != (_VERSION, _MAGIC, _INDUCTION) or not cookie:
        raise ProbeFailed("protocol", "the answer is a handshake, but not that of SRT 1.3 or later")
    return int(socket_id)


class _Caller(asyncio.DatagramProtocol):
    """Asks again and again, each time with another socket id, so that a reply tells which request it answers."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._asked: dict[int, float] = {}
        self.seconds: asyncio.Future[float] = asyncio.get_running_loop().create_future()

    def ask(self, transport: asyncio.DatagramTransport) -> None:
        socket_id = random.getrandbits(30) | 1
        self._asked[socket_id] = self._clock.steady()
        transport.sendto(induction(socket_id, random.getrandbits(31)))

    def datagram_received(self, data: bytes, _address: object) -> None:
        if self.seconds.done():
            return
        try:
            asked = self._asked.get(read_reply(data))
        except (ProbeFailed, Rejected) as exc:
            self.seconds.set_exception(exc)
            return
        if asked is not None:
            self.seconds.set_result(self._clock.steady() - asked)

    def error_received(self, exc: Exception) -> None:
        if isinstance(exc, OSError) and not self.seconds.done():
            self.seconds.set_exception(connect_failure(exc))


class SrtLooker:
    """Asks until an answer comes."""

    def __init__(self, settings: SrtSettings, clock: Clock) -> None:
        self._host, self._port = host_and_port(settings.address.get_secret_value())
        self._clock = clock
        self.counts: Values = {}

    async def look(self) -> Finding:
        resolved = await resolve(self._host, self._port)
        if not resolved.addresses:
            raise ProbeFailed("dns", "the name has no address")
        try:
            seconds = await self._round_trip(resolved.addresses[0][1])
        except Rejected:
            return Finding(Answer.BAD, f"the listener rejects callers; {_NOT_CHECKED}")
        return Finding(Answer.OK, f"a listener answers; {_NOT_CHECKED}", {(HANDSHAKE.name, "srt"): seconds})

    async def _round_trip(self, address: SockAddress) -> float:
        loop = asyncio.get_running_loop()
        try:
            transport, caller = await loop.create_datagram_endpoint(
                lambda: _Caller(self._clock), remote_addr=address[:2]
            )
        except OSError as exc:
            raise connect_failure(exc) from exc
        try:
            while True:
                caller.ask(transport)
                done, _ = await asyncio.wait([caller.seconds], timeout=_REPEAT)
                if done:
                    return caller.seconds.result()
        finally:
            if not caller.seconds.cancel():
                caller.seconds.exception()  # looked at, so that nobody complains
            transport.abort()


def srt_family(clock: Clock) -> RepeatingFamily:
    def looker(settings: RepeatedSettings, tools: Tools) -> SrtLooker:
        assert isinstance(settings, SrtSettings)
        return SrtLooker(settings, tools.clock)

    return RepeatingFamily(clock, probe="srt", id_label="stream", declared=(HANDSHAKE,), looker=looker)
