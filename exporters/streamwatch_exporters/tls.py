"""Probe `tls`: is the certificate good for this name, and when does it expire.

The certificate is read even when it is not trusted: that it has expired since Tuesday is known then, and is
exported, although the look fails.
"""

import asyncio
import ssl
import time
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, Field, ValidationInfo
from pydantic_core import PydanticCustomError

from streamwatch_exporters.clock import Clock
from streamwatch_exporters.connecting import Connected, HostName, HostPort, connect, connect_failure, host_and_port
from streamwatch_exporters.probe import Answer, ProbeFailed
from streamwatch_exporters.repeating import (
    Declared,
    Finding,
    PartlySeen,
    RepeatedSettings,
    RepeatingFamily,
    Values,
)
from streamwatch_exporters.tls_certificate import expiry
from streamwatch_exporters.watching import Tools

_EXPIRY = "streamwatch_tls_cert_expiry_timestamp_seconds"
_VERSION = "streamwatch_tls_version_info"
_HANDSHAKE = "streamwatch_tls_handshake_seconds"
_DECLARED = (
    Declared(
        _EXPIRY, "When the first certificate of the chain expires, also if it is not trusted. 证书链最早到期时间"
    ),
    Declared(_VERSION, "The version of TLS that was agreed. TLS 版本", ("version",)),
    Declared(_HANDSHAKE, "Time of the TLS handshake. TLS 握手耗时"),
)
_GENERIC = (
    Declared(
        "probe_ssl_earliest_cert_expiry", "When the first certificate of the chain expires. 证书链最早到期时间"
    ),
    Declared("probe_tls_version_info", "The version of TLS that was agreed. TLS 版本", ("version",)),
    Declared("probe_dns_lookup_time_seconds", "Time to look the name up. 域名解析耗时"),
    Declared("probe_ip_protocol", "4 or 6. IP 版本"),
)


def _ca_file(path: Path, info: ValidationInfo) -> Path:
    context = info.context or {}
    found = Path(context.get("folder", "."), path).expanduser()
    if context.get("read_secrets", True):
        try:
            trusting(found)
        except (OSError, ssl.SSLError) as exc:
            raise PydanticCustomError("ca_file", "not a file of certificates") from exc
    return found


class TlsSettings(RepeatedSettings):
    """Where to connect to, the name its certificate must bear (else that of the address), and whom to trust."""

    address: HostPort
    server_name: HostName | None = None
    ca_file: Annotated[Path, AfterValidator(_ca_file)] | None = None
    interval: float = Field(60.0, ge=0.2, le=3600)
    timeout: float = Field(5.0, gt=0, le=60)


def trusting(ca_file: Path | None) -> ssl.SSLContext:
    """Trusts the authorities of *ca_file*, or those of the system. Slow: many certificates are read."""
    return ssl.create_default_context(cafile=ca_file) if ca_file else _trusting_system()


@cache
def _trusting_system() -> ssl.SSLContext:
    return ssl.create_default_context()


@cache
def _trusting_anybody() -> ssl.SSLContext:
    """To read a certificate, never to say anything to its owner: weak keys are no obstacle either."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    return context


@dataclass(frozen=True)
class _Handshake:
    connected: Connected
    version: str
    seconds: float
    expiry: float | None  # unix time; None when no certificate could be read


class TlsLooker:
    """Shakes hands and hangs up."""

    def __init__(self, settings: TlsSettings) -> None:
        self._host, self._port = host_and_port(settings.address.get_secret_value())
        self._name = settings.server_name.get_secret_value() if settings.server_name else self._host
        self._ca_file, self._timeout = settings.ca_file, settings.timeout
        self.counts: Values = {}

    async def look(self) -> Finding:
        try:
            # Read anew each time: a renewed authority counts from the next look on.
            context = await asyncio.to_thread(trusting, self._ca_file)
        except (OSError, ssl.SSLError) as exc:
            raise ProbeFailed("tls", "ca_file can no longer be read") from exc
        try:
            return _finding(await self._shake_hands(context), Answer.OK, "the certificate is good")
        except ssl.SSLCertVerificationError as exc:
            text = _why_not_trusted(exc)
        try:
            seen = _finding(await self._shake_hands(_trusting_anybody()), Answer.CANNOT_TELL, text)
        except (ProbeFailed, ssl.SSLCertVerificationError) as exc:
            raise ProbeFailed("tls", text) from exc
        raise PartlySeen("tls", text, seen)

    async def _shake_hands(self, context: ssl.SSLContext) -> _Handshake:
        connected = await connect(self._host, self._port, self._timeout)
        started = time.monotonic()
        try:
            transport, _ = await asyncio.get_running_loop().create_connection(
                asyncio.Protocol, sock=connected.sock, ssl=context, server_hostname=self._name
            )
        except ssl.SSLCertVerificationError:
            raise
        except ssl.SSLError as exc:
            raise ProbeFailed("tls", "TLS could not be agreed: the other side may not speak it") from exc
        except OSError as exc:
            raise connect_failure(exc) from exc
        except ValueError as exc:
            raise ProbeFailed("tls", "server_name is no name that TLS can ask for") from exc
        seconds = time.monotonic() - started
        try:
            tls: ssl.SSLObject = transport.get_extra_info("ssl_object")
            version = (tls.version() or "").replace("TLSv", "TLS ")
            return _Handshake(connected, version, seconds, _earliest(_chain(tls)))
        finally:
            transport.abort()


def _chain(tls: Any) -> Iterable[bytes]:
    """Every certificate that the server sent. Public from Python 3.13 on; before, one layer down."""
    if hasattr(tls, "get_unverified_chain"):
        return [bytes(each) for each in tls.get_unverified_chain()]
    inner = getattr(tls, "_sslobj", None)
    if inner is not None and hasattr(inner, "get_unverified_chain"):
        return [ssl.PEM_cert_to_DER_cert(each.public_bytes()) for each in inner.get_unverified_chain() or ()]
    return [tls.getpeercert(binary_form=True) or b""]


def _earliest(chain: Iterable[bytes]) -> float | None:
    try:
        return min((expiry(der) for der in chain), default=None)
    except ValueError:
        return None


def _finding(seen: _Handshake, answer: Answer, text: str) -> Finding:
    lookup = seen.connected.resolved.seconds
    values: dict[tuple[str, ...], float] = {(_VERSION, seen.version): 1, (_HANDSHAKE,): seen.seconds}
    generic: dict[tuple[str, ...], float] = {
        ("probe_tls_version_info", seen.version): 1,
        ("probe_ip_protocol",): seen.connected.ip_version,
    }
    if seen.expiry is not None:
        values[(_EXPIRY,)] = seen.expiry
        generic[("probe_ssl_earliest_cert_expiry",)] = seen.expiry
    if lookup is not None:
        generic[("probe_dns_lookup_time_seconds",)] = lookup
    return Finding(answer, text, values, generic=generic)


_NOT_TRUSTED = {  # the codes of X509_verify_cert_error_string(3)
    9: "the certificate is not valid yet",
    10: "the certificate has expired",
    18: "the certificate is self-signed",
    19: "the authority at the end of the chain is not trusted",
    20: "the issuer of the certificate is not known: is the chain complete?",
    21: "the issuer of the certificate is not known: is the chain complete?",
    62: "the certificate is for another name",
    64: "the certificate is for another address",
}


def _why_not_trusted(exc: ssl.SSLCertVerificationError) -> str:
    return _NOT_TRUSTED.get(exc.verify_code, "the certificate is not good")


def tls_family(clock: Clock) -> RepeatingFamily:
    def looker(settings: RepeatedSettings, _tools: Tools) -> TlsLooker:
        assert isinstance(settings, TlsSettings)
        return TlsLooker(settings)

    return RepeatingFamily(clock, probe="tls", id_label="host", declared=_DECLARED, looker=looker, generic=_GENERIC)
