"""Calls the next person when nobody acknowledges. Between an ack and a step at once the database decides."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime

from streamwatch.clock import Clock
from streamwatch.duty import DutyBook, Person
from streamwatch.incidents import escalation
from streamwatch.incidents.adoption import Adoption
from streamwatch.incidents.escalation import LEASES, Leases, Policy, Reminders, Step
from streamwatch.incidents.timeline import Kind
from streamwatch.language import Text
from streamwatch.store import Store
from streamwatch.store.acks import Calls, Unacknowledged

AT_ONCE = 500  # incidents that are looked up together


class Escalating:
    """*book* and *policy* are those of the moment: a reload changes them."""

    def __init__(
        self,
        store: Store,
        book: Callable[[], DutyBook],
        policy: Callable[[], Policy],
        clock: Clock,
        leases: Callable[[], Leases] = lambda: LEASES,
        reminders: Callable[[], Reminders] = dict,
        adoption: Callable[[], Adoption] = Adoption,
    ) -> None:
        self._store = store
        self._book = book
        self._policy = policy
        self._clock = clock
        self._leases = leases
        self._reminders = reminders
        self._adoption = adoption

    async def step(self) -> bool:
        """Whether anybody was called."""
        at = self._clock()
        called = await self._lapse(at)
        due = [each.id for each in await asyncio.to_thread(self._store.acks.calling) if self._is_due(each, at)]
        for first in range(0, len(due), AT_ONCE):
            some = due[first : first + AT_ONCE]
            for incident in await asyncio.to_thread(self._store.acks.unacknowledged, some):
                called |= await self._escalate(incident, at)
        return called

    def _is_due(self, calls: Calls, at: datetime) -> bool:
        """Whether a step or a reminder is due that was not taken."""
        policy, since = self._policy(), calls.called_at
        numbers = {number for number, _ in escalation.due(policy, calls.severity, since, at)}
        numbers.add(escalation.reminder(self._reminders(), policy, calls.severity, since, at) or 0)
        return not numbers <= {0, *calls.steps}

    async def _escalate(self, incident: Unacknowledged, at: datetime) -> bool:
        """Whether anybody was called."""
        called, told = False, incident.told
        for number, step in escalation.due(self._policy(), incident.severity, incident.called_at, at):
            if number not in incident.steps:
                news = await asyncio.to_thread(self._call, incident, number, step, told, at)
                told |= news  # two steps of one moment call two people
                called |= bool(news)
        return await self._remind(incident, at) or called

    async def _remind(self, incident: Unacknowledged, at: datetime) -> bool:
        """Whether everyone who was called for it was called again: nobody has taken it for minutes.

        Where it does not insist, nothing is said of it: each would only repeat what was recorded.
        """
        if not self._adoption().insists(incident.subject):
            return False
        severity, since = incident.severity, incident.called_at
        number = escalation.reminder(self._reminders(), self._policy(), severity, since, at)
        if number is None or number in incident.steps:
            return False
        minutes = int((at - since).total_seconds() // 60)
        reason = Text(f"{minutes} 分钟无人认领", f"nobody took it for {minutes} min")
        people = sorted(incident.told & self._book().people.keys())
        return await asyncio.to_thread(
            self._store.outbox.escalate, incident, number, people, reason, at, Kind.REMINDED
        )

    async def _lapse(self, at: datetime) -> bool:
        """Whether an ack ran out: who took it long ago, and was not heard of since, may have fallen asleep."""
        found = False
        for ack in await asyncio.to_thread(self._store.acks.lapsed, self._leases(), at):
            minutes = int((at - ack.since).total_seconds() // 60)
            if not self._adoption().insists(ack.subject):
                continue
            reason = Text(f"认领后 {minutes} 分钟没有进展", f"no progress within {minutes} min of the ack")
            found |= await asyncio.to_thread(self._store.acks.lapse, ack, reason, at)
        return found

    def _call(
        self, incident: Unacknowledged, number: int, step: Step, told: frozenset[str], at: datetime
    ) -> frozenset[str]:
        """Who is called; *told* are called already. The reason names those who had the time to take it."""
        book, severity = self._book(), incident.severity
        people = escalation.people(step, book, incident.role, incident.stream, told, at, severity)
        seconds = int(step.after.total_seconds())
        reason = Text(
            f"{_names(incident.told, book.people)} {seconds} 秒内没有认领",
            f"not acknowledged by {_names(incident.told, book.people)} within {seconds} s",
        )
        observed = not self._adoption().insists(incident.subject)
        kind = Kind.WOULD_ESCALATE if observed else Kind.ESCALATED
        escalate = self._store.outbox.escalate
        taken = escalate(incident, number, people, reason, at, kind, observed=observed)
        return frozenset(people) if taken else frozenset()


def _names(told: frozenset[str], people: Mapping[str, Person]) -> str:
    return ", ".join(people[person].name if person in people else person for person in sorted(told)) or "—"
