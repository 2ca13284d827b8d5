"""A name made an address, and an address a TCP connection: what the probes of the network share.

Host names and addresses are the operator's secret: they print as stars, and no error repeats them.
"""

import asyncio
import errno
import ipaddress
import socket
import time
from dataclasses import dataclass, field
from typing import Annotated
from weakref import WeakKeyDictionary

from pydantic import AfterValidator, SecretStr
from pydantic_core import PydanticCustomError

from streamwatch_exporters.probe import ProbeFailed

_MAX_ADDRESSES = 4  # of one name that are tried


def _host(secret: SecretStr) -> SecretStr:
    text = secret.get_secret_value()
    try:
        good = bool(text) and not text.startswith(".") and b"\0" not in text.encode("idna")
    except UnicodeError:
        good = False
    if not good:
        raise PydanticCustomError("host", "a host name or an address is expected")
    return secret


HostName = Annotated[SecretStr, AfterValidator(_host)]
"""A name or an address, without a port."""

SockAddress = tuple[str, int] | tuple[str, int, int, int]


def host_and_port(text: str) -> tuple[str, int]:
    """`host:port` as its two parts; an IPv6 address stands in brackets. Raises ValueError."""
    host, _, port = text.rpartition(":")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host:
        raise ValueError("an IPv6 address stands in brackets")
    if not host or not (port.isascii() and port.isdecimal() and 0 < int(port[:6]) < 65536):
        raise ValueError("host:port is expected")
    return host, int(port)


def _checked(secret: SecretStr) -> SecretStr:
    try:
        host, _ = host_and_port(secret.get_secret_value())
    except ValueError as exc:
        raise PydanticCustomError("host_port", "host:port is expected") from exc
    _host(SecretStr(host))
    return secret


HostPort = Annotated[SecretStr, AfterValidator(_checked)]
"""`host:port`, `[address]:port` for IPv6."""


@dataclass(frozen=True)
class Resolved:
    """The addresses of a host as the resolver orders them. *seconds* is None when no name was looked up."""

    addresses: tuple[tuple[socket.AddressFamily, SockAddress], ...] = field(repr=False)
    seconds: float | None


_Found = list[tuple[socket.AddressFamily, SockAddress]]
_under_way: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[tuple[str, int], asyncio.Future[_Found]]]
_under_way = WeakKeyDictionary()


async def resolve(host: str, port: int = 0, family: int = socket.AF_UNSPEC) -> Resolved:
    """Look a name up without holding up the loop. Raises `ProbeFailed`; the caller keeps the deadline.

    A resolver that hangs holds a thread; whoever asks for the same name meanwhile waits for the same answer.
    """
    started = time.monotonic()
    if (literal := _literal(host)) is not None:
        found, seconds = literal, None
    else:
        found = await _looked_up(host, family)
        seconds = time.monotonic() - started
    return Resolved(tuple((kind, (at[0], port, *at[2:])) for kind, at in found), seconds)


def _literal(host: str) -> _Found | None:
    bare, _, zone = host.partition("%")
    try:
        address = ipaddress.ip_address(bare)
    except ValueError:
        return None
    if address.version == 4:
        return [(socket.AF_INET, (bare, 0))]
    try:
        scope = socket.if_nametoindex(zone) if zone else 0
    except OSError as exc:
        raise ProbeFailed("connect", "the interface behind % is not there") from exc
    return [(socket.AF_INET6, (bare, 0, 0, scope))]


async def _looked_up(host: str, family: int) -> _Found:
    loop = asyncio.get_running_loop()
    asked = _under_way.setdefault(loop, {})
    key = (host, family)
    if key not in asked:

        def forget(done: asyncio.Future[_Found]) -> None:
            del asked[key]
            if not done.cancelled():
                done.exception()  # looked at, also when nobody waits any more

        asked[key] = loop.run_in_executor(None, _getaddrinfo, host, family)
        asked[key].add_done_callback(forget)
    try:
        return await asyncio.shield(asked[key])
    except socket.gaierror as exc:
        raise ProbeFailed("dns", why_not(exc)) from exc
    except (OSError, UnicodeError) as exc:
        raise ProbeFailed("dns", "the name cannot be looked up") from exc


def _getaddrinfo(host: str, family: int) -> _Found:
    found = socket.getaddrinfo(host, 0, family, socket.SOCK_STREAM)
    return list(dict.fromkeys((kind, at) for kind, _, _, _, at in found))  # type: ignore[misc]


def does_not_exist(exc: socket.gaierror) -> bool:
    """The resolver answered that there is no such name, or no address for it."""
    return exc.errno in (socket.EAI_NONAME, socket.EAI_NODATA)


def why_not(exc: socket.gaierror) -> str:
    """The same in words. Only what `does_not_exist` is an answer; the rest are failures to get one."""
    if does_not_exist(exc):
        return "the name does not exist or has no address"
    if exc.errno == socket.EAI_AGAIN:
        return "the name server does not answer, or has trouble of its own"
    return "the name cannot be looked up"


@dataclass(frozen=True)
class Connected:
    """An open TCP connection. The caller closes *sock*."""

    sock: socket.socket
    resolved: Resolved = field(repr=False)
    seconds: float  # to connect, without looking up the name

    @property
    def ip_version(self) -> int:
        return 6 if self.sock.family == socket.AF_INET6 else 4


async def connect(host: str, port: int, within: float) -> Connected:
    """Connect to the first address that answers. Raises `ProbeFailed`.

    Addresses are tried one after the other, each for its share of *within*: an IPv6 path that swallows
    everything hides no IPv4 path that works.
    """
    resolved = await resolve(host, port)
    addresses = resolved.addresses[:_MAX_ADDRESSES]
    failure = ProbeFailed("dns", "the name has no address")
    for family, address in addresses:
        started = time.monotonic()
        try:
            sock = await _connected(family, address, within / len(addresses))
        except ProbeFailed as exc:
            failure = exc
            continue
        return Connected(sock, resolved, time.monotonic() - started)
    raise failure


async def _connected(family: socket.AddressFamily, address: SockAddress, within: float) -> socket.socket:
    try:
        sock = socket.socket(family, socket.SOCK_STREAM)
    except OSError as exc:
        raise connect_failure(exc) from exc
    try:
        sock.setblocking(False)
        async with asyncio.timeout(within):
            await asyncio.get_running_loop().sock_connect(sock, address)
    except TimeoutError as exc:
        sock.close()
        raise ProbeFailed("timeout", "no answer to the connection") from exc
    except OSError as exc:
        sock.close()
        raise connect_failure(exc) from exc
    except BaseException:
        sock.close()
        raise
    return sock


def connect_failure(exc: OSError) -> ProbeFailed:
    """Why no connection came about. The text of the system is dropped: it may hold the address."""
    if isinstance(exc, TimeoutError):
        return ProbeFailed("timeout", "no answer to the connection")
    said = _SAID.get(exc.errno or 0, "the connection was refused or lost")
    return ProbeFailed("connect", said)


_SAID = {
    errno.ECONNREFUSED: "the connection was refused: nobody listens there",
    errno.ENETUNREACH: "this machine has no route there",
    errno.EHOSTUNREACH: "a router or a firewall says that the host cannot be reached",
    errno.EACCES: "a firewall of this machine forbids it",
    errno.EPERM: "a firewall of this machine forbids it",
    errno.EAFNOSUPPORT: "this machine does not speak this version of IP",
    errno.EMFILE: "this machine has no free file descriptors left",
}
