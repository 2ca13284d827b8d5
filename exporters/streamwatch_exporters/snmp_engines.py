"""The engines of pysnmp, one for each right to ask: 0.1 s to make, and to be made anew when a device was replaced.

Only in the thread of `snmp_client`.
"""

import importlib
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from streamwatch_exporters.probe import ProbeFailed
from streamwatch_exporters.snmp_settings import Rights

INSTALL = "pip install 'streamwatch-exporters[snmp]' and start the exporter again"
_TICK = 0.1  # seconds; the library looks this often whether an answer is overdue
_PATIENCE = 60.0  # seconds at most between two engines for a user whose password is wrong


@dataclass
class _Engine:
    """An engine of the library, closed when it is given up and its last request has ended."""

    of: Any
    requests: int = 0
    given_up: bool = False

    def close_if_idle(self) -> None:
        if self.given_up and not self.requests:
            self.of.close_dispatcher()


@dataclass
class _Renewals:
    """Engines made anew for one user since its device last answered."""

    count: int = 0
    next: float = 0.0  # steady seconds


class Engines:
    """All that are in use. *steady* is a clock in seconds that never jumps."""

    def __init__(self, steady: Callable[[], float]) -> None:
        self._steady = steady
        self._engines: dict[Rights, _Engine] = {}
        self._renewals: dict[Rights, _Renewals] = {}

    @contextmanager
    def asking(self, rights: Rights) -> Iterator[tuple[ModuleType, Any]]:
        """The library, and the engine for these rights as long as a request needs it. Raises `ProbeFailed`."""
        library = _library()
        engine = self._engines.get(rights) or self._made(library, rights)
        engine.requests += 1
        try:
            yield library, engine.of
        finally:
            engine.requests -= 1
            engine.close_if_idle()

    def answered(self, rights: Rights) -> None:
        """The engine is good."""
        self._renewals.pop(rights, None)

    def renew(self, rights: Rights, failed: Any) -> None:
        """The next request begins anew, unless it does so anyway, or that was of no use a moment ago."""
        current = self._engines.get(rights)
        if current is None or current.of is not failed:
            return
        renewals = self._renewals.setdefault(rights, _Renewals())
        if self._steady() >= renewals.next:
            renewals.next = self._steady() + min(_PATIENCE, 2.0**renewals.count)
            renewals.count += 1
            self._give_up(rights)

    def keep_only(self, kept: Collection[Rights]) -> None:
        for rights in set(self._engines).difference(kept):
            self._give_up(rights)
        self._renewals = {rights: each for rights, each in self._renewals.items() if rights in kept}

    def _made(self, library: ModuleType, rights: Rights) -> _Engine:
        engine = self._engines[rights] = _Engine(library.SnmpEngine())
        dispatcher = importlib.import_module("pysnmp.carrier.asyncio.dispatch").AsyncioDispatcher()
        dispatcher.set_timer_resolution(_TICK)
        engine.of.register_transport_dispatcher(dispatcher)
        return engine

    def _give_up(self, rights: Rights) -> None:
        """Others may have asked by it and still wait: another entry of the same device, a `/probe`."""
        engine = self._engines.pop(rights)
        engine.given_up = True
        engine.close_if_idle()


def _library() -> ModuleType:
    try:
        return importlib.import_module("pysnmp.hlapi.v3arch.asyncio")
    except ImportError as exc:
        raise ProbeFailed("protocol", f"no SNMP here: {INSTALL}") from exc
