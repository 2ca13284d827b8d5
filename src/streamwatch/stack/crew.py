"""The parts that run: started, broken on purpose, started again, stopped."""

import asyncio
import json
import os
import signal
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from streamwatch.errors import CommandFailed
from streamwatch.language import Text, reader_language
from streamwatch.stack.parts import Part
from streamwatch.stack.places import Places
from streamwatch.stack.ports import Ports
from streamwatch.stack.process import Running


class Crew:
    """Every part by its name, and the process that plays it now."""

    def __init__(self, places: Places, ports: Ports, parts: Iterable[Part]) -> None:
        self._places = places
        self._ports = ports
        self.parts = {part.name: part for part in parts}
        self.running: dict[str, Running] = {}
        self._broken: defaultdict[str, set[str]] = defaultdict(set)  # fault → parts that it may end

    def start(self, name: str, command: Sequence[str] | None = None) -> None:
        """The part, or another *command* in its place."""
        part = self.parts[name]
        self.running[name] = Running(replace(part, command=command or part.command), self._places.log(name))
        self._write_down()

    async def stop(self, name: str) -> None:
        if name in self.running:
            await self.running[name].stop()

    async def restart(self, name: str, command: Sequence[str] | None = None) -> None:
        await self.stop(name)
        self.start(name, command)

    def signal(self, name: str, which: signal.Signals) -> None:
        self.running[name].signal(which)

    async def dismiss(self, name: str) -> None:
        """Stop the part for good."""
        part, running = self.parts.pop(name, None), self.running.pop(name, None)
        if part is not None and running is not None:
            await running.stop()
        self._write_down()

    async def stop_all(self) -> None:
        """All at once: each was started for itself, and none needs another to end well."""
        await asyncio.gather(*(running.stop() for running in self.running.values()))
        (self._places.run / "stack.json").unlink(missing_ok=True)

    # -- faults

    def breaks(self, fault: str, *names: str) -> None:
        """From now on *names* may be dead. Raises `CommandFailed` when one of them cannot be broken now."""
        for name in names:
            if name not in self.running:
                raise CommandFailed(f"{name} does not run yet")
            if self.fault_of(name) is not None:
                raise CommandFailed(f"{name} is broken already, by another drill")
        self._broken[fault] |= set(names)

    def mended(self, fault: str) -> None:
        self._broken.pop(fault, None)

    def fault_of(self, name: str) -> str | None:
        return next((fault for fault, names in self._broken.items() if name in names), None)

    def look_for_dead(self) -> None:
        """Start what revives; raise `CommandFailed` for any other part that ended by itself."""
        for name, running in list(self.running.items()):
            if running.ended is None or self.fault_of(name) is not None:
                continue
            if running.part.revives:
                self.start(name)
                continue
            log = self._places.log(name)
            text = Text(
                f"{name} 意外退出（{running.ended}），已停掉其余部分。它最后的日志（{log}）：",
                f"{name} ended unexpectedly ({running.ended}); the rest was stopped. Its last words ({log}):",
            )
            raise CommandFailed(f"{text.read_in(reader_language())}\n{running.last_words()}")

    def _write_down(self) -> None:
        state = {
            "pid": os.getpid(),
            "started_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "ports": dict(self._ports),
            "parts": {name: running.pid for name, running in self.running.items()},
        }
        (self._places.run / "stack.json").write_text(json.dumps(state, indent=2))
