"""Probe `dns`: what a name resolves to, how long that takes, and whether it changed.

With `server` the question goes to that server alone; without, to whatever this machine uses, which caches.
"""

import asyncio
import ipaddress
import secrets
import socket
import struct
import time
from collections.abc import Callable
from typing import Annotated, NamedTuple

from pydantic import AfterValidator, Field, SecretStr
from pydantic_core import PydanticCustomError

from streamwatch_exporters.buckets import CONNECTING
from streamwatch_exporters.clock import Clock
from streamwatch_exporters.connecting import (
    HostName,
    connect_failure,
    does_not_exist,
    host_and_port,
    resolve,
)
from streamwatch_exporters.dns_message import DnsAnswer, NotDns, NotMine, RecordType, query, read_answer
from streamwatch_exporters.probe import Answer, ProbeFailed
from streamwatch_exporters.repeating import Declared, Finding, Key, RepeatedSettings, RepeatingFamily, Values
from streamwatch_exporters.watching import Tools

_LOOKUP = "streamwatch_dns_lookup_duration_seconds"
_ADDRESSES = "streamwatch_dns_addresses"
_CHANGES = "streamwatch_dns_address_changes"
_DECLARED = (
    Declared(_LOOKUP, "Time from the question to the answer. 域名解析耗时", buckets=CONNECTING),
    Declared(_ADDRESSES, "Addresses in the answer; 0 if it says that there is none. 解析到的地址数"),
    Declared(_CHANGES, "Answers with other addresses than the one before. 地址变化次数", counter=True),
)
_GENERIC = (
    Declared("probe_dns_lookup_time_seconds", "Time from the question to the answer. 域名解析耗时"),
    Declared("probe_dns_query_succeeded", "1 if an answer came. 1 得到应答"),
    Declared("probe_dns_answer_rrs", "Records in the answer section. 应答记录数"),
)
_NO_ERROR, _NO_SUCH_NAME = 0, 3
_REFUSALS = {
    1: "FORMERR: the server does not understand the question",
    2: "SERVFAIL: the server has trouble of its own, or cannot reach the one that knows",
    4: "NOTIMP: the server does not do this",
    5: "REFUSED: the server does not answer us",
}  # RFC 1035 section 4.1.1


def _ip_and_port(secret: SecretStr) -> SecretStr:
    try:
        host, _ = host_and_port(secret.get_secret_value())
        ipaddress.ip_address(host)
    except ValueError as exc:
        raise PydanticCustomError("ip_port", "ip:port is expected") from exc
    return secret


class DnsSettings(RepeatedSettings):
    """The name to look up, and whom to ask (`ip:port`; without it, what this machine uses)."""

    name: HostName
    server: Annotated[SecretStr, AfterValidator(_ip_and_port)] | None = None
    type: RecordType = "A"
    interval: float = Field(15.0, ge=0.2, le=3600)


class _Told(NamedTuple):
    """What an answer says. *records* is None when the resolver of this machine answered."""

    addresses: frozenset[str]
    text: str
    records: int | None = None


class DnsLooker:
    """Asks once for each look; a lost question is a failed look, for that is what is measured."""

    def __init__(self, settings: DnsSettings) -> None:
        self._name, self._type = settings.name.get_secret_value(), settings.type
        self._server = host_and_port(settings.server.get_secret_value()) if settings.server else None
        self._known: frozenset[str] | None = None
        self._changes: dict[Key, float] = {(_CHANGES,): 0}
        self.counts: Values = self._changes

    async def look(self) -> Finding:
        started = time.monotonic()
        told = await (self._ask_machine() if self._server is None else self._ask_server(*self._server))
        seconds = time.monotonic() - started
        if self._known is not None and told.addresses != self._known:
            self._changes[(_CHANGES,)] += 1
        self._known = told.addresses
        generic: dict[Key, float] = {
            ("probe_dns_lookup_time_seconds",): seconds,
            ("probe_dns_query_succeeded",): 1,
        }
        if told.records is not None:
            generic[("probe_dns_answer_rrs",)] = told.records
        return Finding(
            Answer.OK if told.addresses else Answer.BAD,
            told.text,
            values={(_ADDRESSES,): len(told.addresses)},
            observed={_LOOKUP: seconds},
            generic=generic,
        )

    async def _ask_machine(self) -> _Told:
        family = socket.AF_INET6 if self._type == "AAAA" else socket.AF_INET
        try:
            resolved = await resolve(self._name, family=family)
        except ProbeFailed as failure:
            cause = failure.__cause__
            if isinstance(cause, socket.gaierror) and does_not_exist(cause):
                return _Told(frozenset(), failure.text)
            raise
        return _Told(frozenset(str(address[0]) for _, address in resolved.addresses), "the name has addresses")

    async def _ask_server(self, host: str, port: int) -> _Told:
        try:
            answer = await _exchange(host, port, self._name, self._type)
        except NotDns as exc:
            raise ProbeFailed("parse", "the answer is not proper DNS") from exc
        except OSError as exc:
            raise connect_failure(exc) from exc
        if answer.code == _NO_SUCH_NAME:
            return _Told(frozenset(), "NXDOMAIN: the name does not exist", answer.records)
        if answer.code != _NO_ERROR:
            raise ProbeFailed("dns", _REFUSALS.get(answer.code, "the server answers with an error"))
        text = "the name has addresses" if answer.addresses else "the name exists, without an address of this type"
        return _Told(answer.addresses, text, answer.records)


async def _exchange(host: str, port: int, name: str, record_type: RecordType) -> DnsAnswer:
    """Over UDP, and once more over TCP when the answer did not fit (RFC 1035 section 4.2)."""
    id_ = secrets.randbelow(0x10000)
    answer = await _over_udp(host, port, id_, name, record_type)
    return await _over_tcp(host, port, id_, name, record_type) if answer.truncated else answer


async def _over_udp(host: str, port: int, id_: int, name: str, record_type: RecordType) -> DnsAnswer:
    def read(message: bytes) -> DnsAnswer:
        return read_answer(message, id_, name, record_type)

    loop = asyncio.get_running_loop()
    arrived: asyncio.Future[DnsAnswer] = loop.create_future()
    transport, _ = await loop.create_datagram_endpoint(lambda: _Waiting(arrived, read), remote_addr=(host, port))
    try:
        transport.sendto(query(id_, name, record_type))
        return await arrived
    finally:
        transport.close()
        arrived.cancel()


class _Waiting(asyncio.DatagramProtocol):
    """Waits for the answer to one question; what answers another one is passed over."""

    def __init__(self, arrived: asyncio.Future[DnsAnswer], read: Callable[[bytes], DnsAnswer]) -> None:
        self._arrived, self._read = arrived, read

    def datagram_received(self, data: bytes, _address: object) -> None:
        try:
            answer = self._read(data)
        except NotMine:
            return
        except NotDns as exc:
            self.error_received(exc)
        else:
            if not self._arrived.done():
                self._arrived.set_result(answer)

    def error_received(self, exc: Exception) -> None:
        if not self._arrived.done():
            self._arrived.set_exception(exc)


async def _over_tcp(host: str, port: int, id_: int, name: str, record_type: RecordType) -> DnsAnswer:
    reader, writer = await asyncio.open_connection(host, port)
    try:
        asked = query(id_, name, record_type)
        writer.write(struct.pack("!H", len(asked)) + asked)
        (length,) = struct.unpack("!H", await reader.readexactly(2))
        return read_answer(await reader.readexactly(length), id_, name, record_type)
    except (asyncio.IncompleteReadError, NotMine) as exc:
        raise NotDns("no answer to this question over TCP") from exc
    finally:
        writer.transport.abort()


def dns_family(clock: Clock) -> RepeatingFamily:
    def looker(settings: RepeatedSettings, _tools: Tools) -> DnsLooker:
        assert isinstance(settings, DnsSettings)
        return DnsLooker(settings)

    return RepeatingFamily(clock, probe="dns", id_label="host", declared=_DECLARED, looker=looker, generic=_GENERIC)
