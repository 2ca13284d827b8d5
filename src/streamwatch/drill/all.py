"""The whole matrix on one running system: every fault once, and nobody called for anything else.

What would spoil the others is played alone. Everything else is played at once, each fault on a stream of its own;
what takes minutes to be over goes on while the last one is played.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from streamwatch.drill.expected import EXPECTED, place_of
from streamwatch.drill.run import Theatre, play, theatre
from streamwatch.drill.verdict import Seen, faults_of
from streamwatch.drill.watching import Tell
from streamwatch.errors import CommandFailed
from streamwatch.language import Text

FIRST = ("ingest_down", "prometheus_down", "alertmanager_down")
DEMO = ("exporter_down", "complaint_storm")  # one after the other, of what the demo's exporter tells
LONG = ("certificate_expiring",)
LAST = ("receiver_down",)
ENCODERS = ("encoder_crash", "encoder_hang")
TOGETHER = tuple(fault for fault in EXPECTED if fault not in {*FIRST, *DEMO, *LONG, *LAST})
APART = 1.5  # seconds between the beginnings of those that are played together

Say = Callable[[str], Tell]


@dataclass
class Matrix:
    """What each fault led to, in the order of the table, and incidents that no fault explains."""

    seen: list[Seen] = field(default_factory=list)
    unlisted: list[dict[str, Any]] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        return not self.unlisted and not any(faults_of(each) for each in self.seen)


async def run_all(state: Path, patience: float, say: Say) -> Matrix:
    """Raises `CommandFailed` when this machine lacks something, or a drill could not begin."""
    acts = {fault: stage_of(fault) for fault in EXPECTED}
    async with theatre(state) as here:
        began = datetime.now(UTC)
        await here.control.ask("prepare", acts=acts)
        played = _Played(here, acts, patience, say)
        for fault in FIRST:
            await played.one(fault)
        tails = [asyncio.create_task(played.demo()), *(asyncio.create_task(played.one(each)) for each in LONG)]
        try:
            await played.together(TOGETHER)
            await played.caught_up.wait()
            for fault in LAST:
                await played.one(fault)
            await asyncio.gather(*tails)
        except BaseExceptionGroup as error:
            raise _first_of(error) from error
        finally:
            for tail in tails:
                tail.cancel()
            await asyncio.gather(*tails, return_exceptions=True)
        return Matrix(played.in_order(), await _unlisted(here, began, played.in_order()))


class _Played:
    def __init__(self, here: Theatre, acts: dict[str, str], patience: float, say: Say) -> None:
        self._here, self._acts, self._patience, self._say = here, acts, patience, say
        self._seen: dict[str, Seen] = {}
        self.caught_up = asyncio.Event()  # nothing is waited for but ends

    async def one(self, fault: str) -> None:
        self._seen[fault] = await play(self._here, fault, self._acts[fault], self._patience, self._say(fault))

    async def demo(self) -> None:
        for fault in DEMO[:-1]:
            await self.one(fault)
        paged = asyncio.create_task(self._when_paged())
        try:
            await self.one(DEMO[-1])
        finally:
            paged.cancel()
            self.caught_up.set()

    async def _when_paged(self) -> None:
        """The last fault on the demo stream takes minutes to be over; its page is what others wait for."""
        stream = self._acts[DEMO[-1]]
        while not self.caught_up.is_set():
            if await self._here.system.told(stream, EXPECTED[DEMO[-1]].procedure):
                self.caught_up.set()
            await asyncio.sleep(1)

    async def together(self, faults: Sequence[str]) -> None:
        async with asyncio.TaskGroup() as group:
            for number, fault in enumerate(faults):
                group.create_task(self._later(number * APART, fault))

    async def _later(self, seconds: float, fault: str) -> None:
        await asyncio.sleep(seconds)
        await self.one(fault)

    def in_order(self) -> list[Seen]:
        return [self._seen[fault] for fault in EXPECTED if fault in self._seen]


def stage_of(fault: str) -> str:
    """Encoders fail on the stage: the demo stream has enough to bear."""
    return f"drill-{fault.replace('_', '-')}" if fault in ENCODERS else place_of(fault)


async def _unlisted(here: Theatre, began: datetime, seen: Sequence[Seen]) -> list[dict[str, Any]]:
    found = await here.system.receiver("GET", "/incidents", params={"since": began.isoformat(), "limit": "200"})
    known = {incident for each in seen for incident in each.incidents}
    return [each for each in found["incidents"] if each["id"] not in known]


def words_of(matrix: Matrix) -> list[Text]:
    """What was wrong, fault by fault."""
    wrong = [
        Text(f"{each.fault}：{text.zh}", f"{each.fault}: {text.en}")
        for each in matrix.seen
        for text in faults_of(each)
    ]
    return wrong + [
        Text(f"不该有的事件 #{each['id']}：{each['summary_zh']}（{each['stream']}）",
             f"incident #{each['id']} that nothing explains: {each['summary_en']} ({each['stream']})")
        for each in matrix.unlisted
    ]  # fmt: skip


def _first_of(error: BaseExceptionGroup[BaseException]) -> BaseException:
    first: BaseException = error.subgroup(CommandFailed) or error
    while isinstance(first, BaseExceptionGroup):
        first = first.exceptions[0]
    return first
