"""Runs one drill: all well before, the fault, the watch, the repair, and everything as it was."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx

from streamwatch.drill.expected import EXPECTED, place_of
from streamwatch.drill.verdict import Seen, result_of
from streamwatch.drill.watching import System, Tell, Watch
from streamwatch.errors import CommandFailed
from streamwatch.language import Text
from streamwatch.stack.control import Control, connected

LOOK = 0.25  # seconds between looks
QUIET_WITHIN = 180.0  # seconds in which the drill before this one must have ended, and the stage must be set


@dataclass(frozen=True)
class Theatre:
    """A running system, and the supervisor that breaks and mends it."""

    system: System
    control: Control


@asynccontextmanager
async def theatre(state: Path) -> AsyncIterator[Theatre]:
    """Raises `CommandFailed` when nothing runs there, or a part that a drill needs does not answer."""
    async with connected(state / "run" / "control.sock") as control, httpx.AsyncClient() as http:
        status = await control.ask("status")
        token = (state / "secrets" / "api_token").read_text()
        try:
            yield Theatre(System(http, status["ports"], token), control)
        except httpx.HTTPError as error:
            silent = Text("系统的一部分没有应答（{why}）", "a part of the system does not answer ({why})")
            raise CommandFailed(silent.format(why=type(error).__name__)) from error


async def run(state: Path, fault: str, stream: str | None, patience: float, tell: Tell) -> Seen:
    """What was seen within *patience* seconds. Raises `CommandFailed` when the drill could not even begin."""
    where = stream or place_of(fault)
    async with theatre(state) as here:
        await here.control.ask("prepare", acts={fault: where})
        return await play(here, fault, where, patience, tell)


async def play(here: Theatre, fault: str, stream: str, patience: float, tell: Tell) -> Seen:
    """One drill of which the stage is set."""
    await _until_quiet(here.system, fault, stream, tell)
    seen = Seen(fault, stream=stream)
    duty = await here.system.receiver("GET", "/duty", params={"stream": stream, "role": EXPECTED[fault].role})
    seen.on_duty, seen.on_duty_names = duty["duty"][0]["people"], duty["duty"][0]["names"]
    mark = {"stream": stream, "fault": fault, "seconds": patience + 60}
    drill: dict[str, Any] = await here.system.receiver("POST", "/drills", json=mark)
    try:
        seen.injected_at = (await here.control.ask("inject", fault=fault, stream=stream))["injected_at"]
        tell(0.0, Text(f"故障：{fault}", f"fault: {fault}"))
        watch = Watch(here.system, seen, stream, datetime.fromisoformat(str(seen.injected_at)), tell)
        await _watch(watch, seen, here.control, patience)
    finally:
        await here.control.ask("restore", fault=fault)
        await here.system.receiver("DELETE", f"/drills/{drill['id']}")
    await _keep(here.system, drill["id"], seen, tell)
    return seen


async def _keep(system: System, drill: str, seen: Seen, tell: Tell) -> None:
    """For `streamwatch drill history`. What was seen is told all the same when this fails."""
    try:
        await system.receiver("POST", f"/drills/{drill}/result", json=result_of(seen))
    except (httpx.HTTPError, CommandFailed):
        tell(0.0, Text("结果没有存下来", "the result could not be kept"))


async def _watch(watch: Watch, seen: Seen, control: Control, patience: float) -> None:
    end, mended = time.monotonic() + patience, False
    while time.monotonic() < end and (seen.resolved is None or seen.restored is None):
        await watch.look()
        heard = seen.paged if EXPECTED[seen.fault].mend_on == "page" else seen.firing
        if heard is not None and not mended:
            await control.ask("restore", fault=seen.fault)
            watch.mended()
            mended = True
        await asyncio.sleep(LOOK)


async def _until_quiet(system: System, fault: str, stream: str, tell: Tell) -> None:
    """A drill on top of an open incident would tell nothing: its alerts would join it."""
    end, told = time.monotonic() + QUIET_WITHIN, False
    ready = EXPECTED[fault].ready.replace("STREAM", stream)
    while True:
        found = await system.receiver("GET", "/incidents", params={"stream": stream, "state": "open,acknowledged"})
        quiet = not found["incidents"] and not await system.alerts(stream, "firing")
        if quiet and await system.holds(ready):
            return
        if time.monotonic() > end:
            raise CommandFailed((_NOT_READY if quiet else _BUSY).format(stream=stream, fault=fault))
        if not told:
            tell(0.0, _WAITING)
            told = True
        await asyncio.sleep(LOOK)


_WAITING = Text("等待一切正常……", "waiting until all is well …")
_BUSY = Text(
    "直播间 {stream} 还有未恢复的事件或告警，请先处理，见控制台",
    "stream {stream} has an open incident or alert; end that first, see the console",
)
_NOT_READY = Text(
    "直播间 {stream} 没有就绪，{fault} 无法开始，见 streamwatch status",
    "stream {stream} is not ready, so that {fault} cannot begin; see 'streamwatch status'",
)
