"""Starts the parts in order, waits until they work, watches them, stops them.

When one dies all stop, and it is said which one, and why.
"""

import asyncio
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
from streamwatch.stack.crew import Crew
from streamwatch.stack.parts import Part
from streamwatch.stack.places import Places
from streamwatch.stack.playing import Playing
from streamwatch.stack.ports import Ports
from streamwatch.stack.readiness import Check, Questions, passes

READY_WITHIN = 90.0  # seconds
LOOK = 0.1  # seconds between looks at the parts


class Supervisor:
    def __init__(
        self, places: Places, ports: Ports, parts: list[Part], passed: Callable[[Check, float], None]
    ) -> None:
        self._places = places
        self._ports = ports
        self._crew = Crew(places, ports, parts)
        self._passed = passed
        self._playing = Playing(places, ports, self._crew)
        self._done: dict[str, float] = {}
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
                listening(self._places.run / "control.sock", self._answer, self._playing.left_alone),
            ):
                questions = Questions(http, self._ports, self._places)
                await self._come_up(questions.checks())
                if not self._stop.is_set():
                    await ready(questions, time.monotonic() - self._began)
                while not self._stop.is_set():
                    self._crew.look_for_dead()
                    await self._rest()
        finally:
            await self._playing.end()
            await self._crew.stop_all()

    async def _come_up(self, checks: list[Check]) -> None:
        while len(self._done) < len(checks) and not self._stop.is_set():
            self._start_what_may()
            self._crew.look_for_dead()
            waiting = [check for check in checks if check.name not in self._done]
            for check, good in zip(waiting, await asyncio.gather(*map(passes, waiting)), strict=True):
                if good:
                    self._done[check.name] = time.monotonic() - self._began
                    self._passed(check, self._done[check.name])
            if waiting and time.monotonic() - self._began > READY_WITHIN:
                raise CommandFailed(self._too_slow(waiting))
            await self._rest()

    def _start_what_may(self) -> None:
        for part in self._crew.parts.values():
            if part.name not in self._crew.running and all(name in self._done for name in part.after):
                self._crew.start(part.name)

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

    # -- what `status` and `drill` ask

    async def _answer(self, question: dict[str, Any]) -> dict[str, Any]:
        try:
            match question:
                case {"do": "status"}:
                    return self._status()
                case {"do": "prepare", "acts": dict(acts)}:
                    return await self._playing.prepare(acts)
                case {"do": "inject", "fault": str(fault)}:
                    await self._playing.inject(fault, question.get("stream", "demo"))
                    return {"injected_at": datetime.now(UTC).isoformat(timespec="milliseconds")}
                case {"do": "restore", "fault": str(fault)}:
                    await self._playing.restore(fault)
                    return {"restored": fault}
        except CommandFailed as failure:
            return {"error": str(failure)}
        return {"error": f"not understood: {question}"}

    def _status(self) -> dict[str, Any]:
        parts = {
            name: {
                "pid": running.pid,
                "running": running.ended is None,
                "seconds": round(time.monotonic() - running.started_at, 1),
                "drill": self._crew.fault_of(name),
            }
            for name, running in self._crew.running.items()
        }
        return {"pid": os.getpid(), "ports": dict(self._ports), "ready": self._done, "parts": parts}
