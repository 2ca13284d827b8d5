"""Tells ops on duty of a drill that is overdue: as a note, at the times of notes, once in each period of the drill.

Never while a show is on air or about to begin: the next round tells it.
"""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime, time, timedelta, tzinfo

from streamwatch.clock import Clock
from streamwatch.delivering import rounds
from streamwatch.duty import DutyBook, shows, who
from streamwatch.incidents import trigger
from streamwatch.language import Text
from streamwatch.store import Store
from streamwatch.vocabulary import FAULTS, say
from streamwatch.watching.drill_calendar import Due, Planned, dues, said

FOR = timedelta(minutes=5)  # after a round, in which a receiver that is busy or was just restarted tells it
BUSY = ("on_air", "before")


def how(planned: Planned) -> str:
    """The command that holds it: what people report is reported, all else is broken."""
    asked = f" --stream {planned.stream}" if planned.stream else ""
    if planned.fault in trigger.BY_WORD:
        return f"streamwatch drill report {planned.fault}{asked} --by …"
    return f"streamwatch drill {planned.fault}{asked}"


def sentence(due: Due, now: datetime) -> Text:
    """Whether it is due, in words: the drill by its name, where it has one."""
    fault = due.planned.fault
    reported = trigger.BY_WORD.get(fault)
    return said(due, now, reported.name if reported else say(FAULTS, fault))


class DrillNotes:
    """*plan*, *book* and *times* are those of the moment."""

    def __init__(
        self,
        store: Store,
        plan: Callable[[], Sequence[Planned]],
        book: Callable[[], DutyBook],
        times: Callable[[], Sequence[time]],
        zone: tzinfo,
        clock: Clock,
    ) -> None:
        self._store, self._plan, self._book, self._times = store, plan, book, times
        self._zone, self._clock = zone, clock

    async def step(self) -> bool:
        """Whether anybody is told."""
        at, plan = self._clock(), self._plan()
        if not plan or not self._is_time(at) or any(each.phase in BUSY for each in shows(self._book(), at)):
            return False
        held = await asyncio.to_thread(self._store.drills.held)
        told = False
        for due in dues(plan, held):
            if due.is_overdue(at):
                words = sentence(due, at.astimezone(self._zone))
                reason = Text(f"{words.zh}。{how(due.planned)}", f"{words.en}. {how(due.planned)}")
                book = self._book()
                people = who(book, "ops", "", at, "P3").call
                note = self._store.outbox.note
                told |= await asyncio.to_thread(note, f"drill:{due.period(at)}", people, book.people, reason, at)
        return told

    def _is_time(self, at: datetime) -> bool:
        """Whether a round was just now."""
        times = self._times() or rounds.DEFAULT
        return rounds.due("P3", at - FOR, times, self._zone) <= at
