"""Plays faults on the running system, mends them, and leaves everything as it was.

A stage is struck only when nothing fires on its streams any more: an alert whose metrics are gone goes on firing.
"""

import asyncio
from collections.abc import Mapping
from typing import Any

import httpx

from streamwatch.errors import CommandFailed
from streamwatch.language import Text, reader_language
from streamwatch.stack.crew import Crew
from streamwatch.stack.faults import FAULTS, Scene
from streamwatch.stack.places import Places
from streamwatch.stack.ports import Ports
from streamwatch.stack.stage.setting import Setting

QUIET_WITHIN = 300.0  # seconds after which the stage is struck all the same
_PLAYED_ELSEWHERE = Text(
    "另一场演练正在直播间 {stream} 上演 {fault}，等它结束再试",
    "another drill plays {fault} on stream {stream}; wait until it is over",
)


class Playing:
    def __init__(self, places: Places, ports: Ports, crew: Crew) -> None:
        self._places = places
        self._ports = ports
        self._crew = crew
        self._setting = Setting(places, crew)
        self._scenes: dict[str, Scene] = {}  # what is broken now
        self._striking: asyncio.Task[None] | None = None
        self._players = 0  # who had a stage prepared, and is still there
        self._turn = asyncio.Lock()  # two that prepare at once would start its parts twice
        self._ended = False

    async def prepare(self, acts: Mapping[str, str]) -> dict[str, Any]:
        """Set the stage for *acts*, fault → stream. Raises `CommandFailed` when the machine lacks something."""
        for fault in acts:
            lack = FAULTS[fault].lacks() if fault in FAULTS else None
            if fault not in FAULTS or lack is not None:
                raise CommandFailed(lack.read_in(reader_language()) if lack else f"there is no fault {fault}")
        self._players += 1
        try:
            async with self._turn:
                await self._keep_stage()
                await self._make_room(acts)
                await self._setting.set(acts)
        except BaseException:
            self._players -= 1
            raise
        return {"prepared": sorted(acts)}

    async def inject(self, fault: str, stream: str) -> None:
        if fault not in FAULTS:
            raise CommandFailed(f"there is no fault {fault}")
        if fault in self._scenes:
            raise CommandFailed(f"{fault} is played already, by another drill")
        scene = Scene(fault, stream, self._crew, self._setting.stage, self._places, self._ports)
        self._scenes[fault] = scene
        try:
            await FAULTS[fault].make(scene)
        except (CommandFailed, OSError) as error:
            await self.restore(fault)
            raise CommandFailed(str(error)) from error

    async def restore(self, fault: str) -> None:
        """Once more is as good as once."""
        scene = self._scenes.pop(fault, None)
        if scene is None or self._ended:
            return
        try:
            await FAULTS[fault].mend(scene)
        finally:
            self._crew.mended(fault)

    async def left_alone(self, faults: set[str], prepared: int) -> None:
        """Whoever asked for *faults* has gone: mend them now. The last one's stage is struck when it is quiet."""
        self._players -= prepared
        for fault in faults:
            await self.restore(fault)
        if self._setting.stage.acts and not self._players and self._striking is None and not self._ended:
            self._striking = asyncio.create_task(self._strike_when_unused())

    async def end(self) -> None:
        """The system stops: nothing is started again."""
        self._ended = True
        await self._keep_stage()

    async def _make_room(self, acts: Mapping[str, str]) -> None:
        """A fault is played on one stream of a stage: for another stream the stage that stands is struck first."""
        standing = self._setting.stage.acts
        elsewhere = [fault for fault, stream in acts.items() if standing.get(fault, stream) != stream]
        if not elsewhere:
            return
        if self._players > 1:
            busy = _PLAYED_ELSEWHERE.format(fault=elsewhere[0], stream=standing[elsewhere[0]])
            raise CommandFailed(busy.read_in(reader_language()))
        await self._until_quiet()
        await self._setting.strike()

    async def _keep_stage(self) -> None:
        if self._striking is not None:
            self._striking.cancel()
            await asyncio.gather(self._striking, return_exceptions=True)
            self._striking = None

    async def _strike_when_unused(self) -> None:
        await self._until_quiet()
        self._striking = None  # from here on it is done to the end
        async with self._turn:  # who prepares meanwhile has a stage that stands, or a new one
            if not self._players:
                await self._setting.strike()

    async def _until_quiet(self) -> None:
        async with httpx.AsyncClient() as http:
            for _ in range(int(QUIET_WITHIN)):
                if await self._is_quiet(http):
                    return
                await asyncio.sleep(1)

    async def _is_quiet(self, http: httpx.AsyncClient) -> bool:
        try:
            reply = await http.get(f"http://127.0.0.1:{self._ports['prometheus']}/api/v1/alerts", timeout=5)
            alerts = reply.json()["data"]["alerts"]
        except (httpx.HTTPError, ValueError, KeyError):
            return False
        ours = {*self._setting.stage.acts.values()} - {"demo"}
        return not any(
            each["labels"].get("stream") in ours and each["labels"]["alertname"] != "Watchdog" for each in alerts
        )
