"""How long each phase of an HTTP request takes, summed over its redirects, as aiohttp tells it."""

import ssl
import time
from contextvars import ContextVar
from functools import cache
from types import SimpleNamespace
from typing import Any

import aiohttp

PHASES = ("resolve", "connect", "tls", "processing", "transfer")


class Phases:
    """The phases of one look. Each event closes the phase that runs and opens the next."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.redirects = 0
        self._running: str | None = None
        self._since = 0.0

    def enter(self, phase: str | None) -> None:
        now = time.monotonic()
        if self._running is not None:
            self.seconds[self._running] = self.seconds.get(self._running, 0.0) + now - self._since
        self._running, self._since = phase, now


_current: ContextVar[Phases | None] = ContextVar("phases", default=None)


class _TellingContext(ssl.SSLContext):
    """asyncio wraps a connection the moment it stands: so ends the phase `connect`, unknown to aiohttp."""

    def wrap_bio(self, *args: Any, **kwargs: Any) -> ssl.SSLObject:
        phases = _current.get()
        if phases is not None:
            phases.enter("tls")
        return super().wrap_bio(*args, **kwargs)


@cache
def telling_context() -> ssl.SSLContext:
    """Trusts the authorities of the system. Slow the first time: many certificates are read."""
    context = _TellingContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_default_certs()
    return context


def tracing(phases: Phases) -> aiohttp.TraceConfig:
    """What makes aiohttp tell *phases* of everything it does in this task."""
    _current.set(phases)
    trace = aiohttp.TraceConfig()

    def on(signal: Any, phase: str | None) -> None:
        async def enter(_session: aiohttp.ClientSession, _context: SimpleNamespace, _params: Any) -> None:
            phases.enter(phase)

        signal.append(enter)

    async def redirected(_session: aiohttp.ClientSession, _context: SimpleNamespace, _params: Any) -> None:
        phases.enter(None)
        phases.redirects += 1

    on(trace.on_dns_resolvehost_start, "resolve")
    on(trace.on_dns_resolvehost_end, "connect")
    on(trace.on_connection_create_start, "connect")
    on(trace.on_connection_create_end, "processing")
    on(trace.on_request_end, "transfer")
    trace.on_request_redirect.append(redirected)
    trace.freeze()
    return trace
