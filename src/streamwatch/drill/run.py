"""Runs one drill: all well before, the fault, the watch, the repair, and everything as it was."""

import asyncio
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx

from streamwatch.drill.verdict import EXPECTED, Seen
from streamwatch.drill.watching import System, Tell, Watch
from streamwatch.errors import CommandFailed
from streamwatch.language import Text
from streamwatch.stack.control import Control, connected

LOOK = 0.25  # seconds between looks
QUIET_WITHIN = 100.0  # seconds in which the drill before this one must have ended


async def run(state: Path, fault: str, stream: str, patience: float, tell: Tell) -> Seen:
    """What was seen within *patience* seconds. Raises `CommandFailed` when the drill could not even begin."""
    async with connected(state / "run" / "control.sock") as control, httpx.AsyncClient() as http:
        status = await control.ask("status")
        token = (state / "secrets" / "api_token").read_text()
        system = System(http, status["ports"], token)
        try:
            return await _drill(system, control, fault, stream, patience, tell)
        except httpx.HTTPError as error:
            silent = Text("系统的一部分没有应答（{why}）", "a part of the system does not answer ({why})")
            raise CommandFailed(silent.format(why=type(error).__name__)) from error


async def _drill(system: System, control: Control, fault: str, stream: str, patience: float, tell: Tell) -> Seen:
    await _until_quiet(system, stream, tell)
    seen = Seen(fault)
    duty = await system.receiver("GET", "/duty", params={"stream": stream, "role": EXPECTED[fault].role})
    seen.on_duty, seen.on_duty_names = duty["duty"][0]["people"], duty["duty"][0]["names"]
    mark = {"stream": stream, "fault": fault, "seconds": patience + 60}
    drill: dict[str, Any] = await system.receiver("POST", "/drills", json=mark)
    try:
        seen.injected_at = (await control.ask("inject", fault=fault))["injected_at"]
        tell(0.0, Text(f"故障：{fault}", f"fault: {fault}"))
        watch = Watch(system, seen, stream, datetime.fromisoformat(str(seen.injected_at)), tell)
        await _watch(watch, seen, control, fault, patience)
    finally:
        await control.ask("restore", fault=fault)
        await system.receiver("DELETE", f"/drills/{drill['id']}")
    return seen


async def _watch(watch: Watch, seen: Seen, control: Control, fault: str, patience: float) -> None:
    end, mended = time.monotonic() + patience, False
    while time.monotonic() < end and (seen.resolved is None or seen.restored is None):
        await watch.look()
        if seen.paged is not None and not mended:
            await control.ask("restore", fault=fault)
            watch.mended()
            mended = True
        await asyncio.sleep(LOOK)


async def _until_quiet(system: System, stream: str, tell: Tell) -> None:
    """A drill on top of an open incident would tell nothing: its alerts would join it."""
    end, told = time.monotonic() + QUIET_WITHIN, False
    while True:
        found = await system.receiver("GET", "/incidents", params={"stream": stream, "state": "open,acknowledged"})
        if not found["incidents"] and not await system.alerts_firing(stream):
            return
        if time.monotonic() > end:
            busy = Text(
                "直播间 {stream} 还有未恢复的事件或告警，请先处理，见控制台",
                "stream {stream} has an open incident or alert; end that first, see the console",
            )
            raise CommandFailed(busy.format(stream=stream))
        if not told:
            tell(0.0, Text("等待上一个事件结束……", "waiting for the incident before to end …"))
            told = True
        await asyncio.sleep(LOOK)
