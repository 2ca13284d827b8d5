"""Starts the parts in order, waits until they work, watches them, stops them.

When one dies all stop, and it is said which one, and why.
"""

import asyncio
import json
import os
import signal
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import httpx

from streamwatch.errors import CommandFailed
from streamwatch.language import Text, reader_language
from streamwatch.stack.control import listening
from streamwatch.stack.faults import FAULTS
from streamwatch.stack.parts import Part
from streamwatch.stack.places import Places
from streamwatch.stack.ports import Ports
from streamwatch.stack.process import Running
from streamwatch.stack.readiness import Check, Questions, passes

READY_WITHIN = 90.0  # seconds
LOOK = 0.1  # seconds between looks at the parts


class Supervisor:
    def __init__(
        self, places: Places, ports: Ports, parts: list[Part], passed: Callable[[Check, float], None]
    ) -> None:
        self._places = places
        self._ports = ports
        self._parts = {part.name: part for part in parts}
        self._passed = passed
        self._running: dict[str, Running] = {}
        self._done: dict[str, float] = {}
        self._broken: dict[str, str] = {}  # fault → part
        self._began = time.monotonic()
        self._stop = asyncio.Event()

    async def run(self, ready: Callable[[Questions, float], Any]) -> None:
        """Until Ctrl-C or SIGTERM. Raises `CommandFailed` when a part dies or does not come up."""
        loop = asyncio.get_running_loop()
        for which in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(which, self._stop.set)
        try:
            async with (
                httpx.AsyncClient() as http,
                listening(self._places.run / "control.sock", self._answer, self._mend_all),
            ):
                questions = Questions(http, self._ports, self._places)
                await self._come_up(questions.checks())
                if not self._stop.is_set():
                    await ready(questions, time.monotonic() - self._began)
                while not self._stop.is_set():
                    self._look_for_dead()
                    await self._rest()
        finally:
            await self._stop_all()

    async def _come_up(self, checks: list[Check]) -> None:
        while len(self._done) < len(checks) and not self._stop.is_set():
            self._start_what_may()
            self._look_for_dead()
            waiting = [check for check in checks if check.name not in self._done]
            for check, good in zip(waiting, await asyncio.gather(*map(passes, waiting)), strict=True):
                if good:
                    self._done[check.name] = time.monotonic() - self._began
                    self._passed(check, self._done[check.name])
            if waiting and time.monotonic() - self._began > READY_WITHIN:
                raise CommandFailed(self._too_slow(waiting))
            await self._rest()

    def _start_what_may(self) -> None:
        for part in self._parts.values():
            if part.name not in self._running and all(name in self._done for name in part.after):
                self._start(part)

    def _start(self, part: Part) -> None:
        self._running[part.name] = Running(part, self._places.log(part.name))
        state = {
            "pid": os.getpid(),
            "started_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "ports": dict(self._ports),
            "parts": {name: running.pid for name, running in self._running.items()},
        }
        (self._places.run / "stack.json").write_text(json.dumps(state, indent=2))

    def _look_for_dead(self) -> None:
        for name, running in self._running.items():
            if running.ended is not None and name not in self._broken.values():
                log = self._places.log(name)
                text = Text(
                    f"{name} 意外退出（{running.ended}），已停掉其余部分。它最后的日志（{log}）：",
                    f"{name} ended unexpectedly ({running.ended}); the rest was stopped. Its last words ({log}):",
                )
                raise CommandFailed(f"{text.read_in(reader_language())}\n{running.last_words()}")

    def _too_slow(self, waiting: list[Check]) -> str:
        names = ", ".join(check.text.read_in(reader_language()) for check in waiting)
        folder = self._places.state / "log"
        text = Text(
            f"{READY_WITHIN:.0f} 秒内没有就绪：{names}。日志在 {folder}",
            f"not ready within {READY_WITHIN:.0f} s: {names}. The logs are in {folder}",
        )
        return text.read_in(reader_language())

    async def _rest(self) -> None:
        try:
            await asyncio.wait_for(self._stop.wait(), LOOK)
        except TimeoutError:
            return

    async def _stop_all(self) -> None:
        """All at once: each was started for itself, and none needs another to end well."""
        await asyncio.gather(*(running.stop() for running in self._running.values()))
        (self._places.run / "stack.json").unlink(missing_ok=True)

    # -- what `status` and `drill` ask

    async def _answer(self, question: dict[str, Any]) -> dict[str, Any]:
        match question:
            case {"do": "status"}:
                return self._status()
            case {"do": "inject", "fault": str(fault)} if fault in FAULTS:
                return self._inject(fault)
            case {"do": "restore", "fault": str(fault)} if fault in FAULTS:
                self._mend(fault)
                return {"restored": fault}
        return {"error": f"not understood: {question}"}

    def _status(self) -> dict[str, Any]:
        parts = {
            name: {
                "pid": running.pid,
                "running": running.ended is None,
                "seconds": round(time.monotonic() - running.started_at, 1),
                "drill": next((fault for fault, part in self._broken.items() if part == name), None),
            }
            for name, running in self._running.items()
        }
        return {"pid": os.getpid(), "ports": dict(self._ports), "ready": self._done, "parts": parts}

    def _inject(self, fault: str) -> dict[str, Any]:
        part = FAULTS[fault].part
        if part not in self._running:
            return {"error": f"{part} does not run yet"}
        if part in self._broken.values():
            return {"error": f"{part} is broken already, by another drill"}
        self._broken[fault] = part
        self._running[part].signal(FAULTS[fault].break_with)
        return {"injected_at": datetime.now(UTC).isoformat(timespec="milliseconds")}

    def _mend(self, fault: str) -> None:
        part = self._broken.pop(fault, None)
        if part is None or self._stop.is_set():
            return
        signal_to_mend = FAULTS[fault].mend_with
        if signal_to_mend is None or self._running[part].ended is not None:
            self._start(self._parts[part])
        else:
            self._running[part].signal(signal_to_mend)

    async def _mend_all(self, faults: set[str]) -> None:
        for fault in faults:
            self._mend(fault)
