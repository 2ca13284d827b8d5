"""Calls whoever is on duty for an incident, and tells others of it: all in the transaction of who asks."""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime, tzinfo

from streamwatch.alert import Alert, Severity
from streamwatch.clock import Clock
from streamwatch.duty import Contact, DutyBook, who
from streamwatch.incidents import informing
from streamwatch.incidents.adoption import Adoption, Subject
from streamwatch.incidents.timeline import Kind, Row, tell
from streamwatch.message import TOLD
from streamwatch.metrics import Metrics
from streamwatch.store.ledger import Ledger
from streamwatch.store.rows import Call

ANY = Subject("", asked_for=True)  # where nothing is held back, nobody needs to know


class Calling:
    """*book* gives the duty book of this moment, *inform* who is told of what; *due* says when a page of a
    severity, made at an instant, goes.
    """

    def __init__(
        self,
        book: Callable[[], DutyBook],
        clock: Clock,
        metrics: Metrics,
        due: Callable[[Severity, datetime], datetime] = lambda _, at: at,
        adoption: Callable[[], Adoption] = Adoption,
        inform: Callable[[], informing.Table] = lambda: informing.DEFAULT,
    ) -> None:
        self.book = book
        self._inform = inform
        self.due = due
        self.adoption = adoption
        self._clock = clock
        self._metrics = metrics
        self.calls = 0  # pages that were made

    def call(self, ledger: Ledger, incident: int, call: Call, role: str, stream: str) -> None:
        """Everyone who is passed over is named with the reason, and so is it when there is nobody.

        Where calls are only observed, the timeline says who would have been called, and how.
        """
        at, book = self._clock(), self.book()
        duty = who(book, role, stream, at, call.severity)
        for passed in duty.passed_over:
            ledger.note(incident, tell(Kind.PASSED_OVER, person=passed.person, why=passed.text), at)
        if duty.source in ("everyone", "nobody"):
            self._metrics.duty_gaps.inc()
        if not duty.call:
            ledger.note(incident, tell(Kind.NOBODY), at)
        adoption = self.adoption()
        subject = ANY if adoption.is_whole else ledger.subject(incident)
        goes = adoption.calls(subject)
        if goes and not adoption.is_whole:
            ledger.drop_observed(incident)
        for person in duty.call:
            contacts, spared = book.people[person].contacts, adoption.spared(subject, book.people[person])
            contact = _first(contacts, spared)
            page = (incident, person, call, duty.reason, at, contact, self.due(call.severity, at))
            if not ledger.call(*page, observed=not goes, spared=spared):
                continue
            channel = contacts[contact].channel if contacts else "—"
            said = tell(Kind.CALLED, person=person, why=duty.reason)
            would = tell(Kind.WOULD_CALL, person=person, channel=channel, why=duty.reason)
            ledger.note(incident, said if goes else would, at)
            self.calls += goes

    def inform(self, ledger: Ledger, incident: int, alert: Alert) -> None:
        """Once per incident, and after the calls: whoever is called knows already. Nobody else is asked instead."""
        at = self._clock()
        for role in informing.roles(self._inform(), alert):
            told = informing.told(self.book(), role, alert.stream, at)
            if told is None:
                ledger.note_once(incident, tell(Kind.NOBODY_TOLD, role=role), at)
            elif told.person not in ledger.knowing(incident):
                self._tell(ledger, incident, told)

    def _tell(self, ledger: Ledger, incident: int, told: informing.Told) -> None:
        at, adoption, person = self._clock(), self.adoption(), self.book().people[told.person]
        subject = ANY if adoption.is_whole else ledger.subject(incident)
        if not adoption.calls(subject):
            row = tell(Kind.WOULD_TELL, person=told.person, role=told.role, why=told.why)
            ledger.note_once(incident, row, at)
            return
        call, spared = (
            Call(TOLD, informing.MILDEST, informing.occasion(told.role)),
            adoption.spared(subject, person),
        )
        page = (incident, told.person, call, told.why, at, _first(person.contacts, spared), told.due_at)
        if ledger.call(*page, spared=spared):
            self.calls += 1
            ledger.note(incident, _told(told, at, person.zone), at)

    def is_heard(self, ledger: Ledger, incident: int | None, role: str, alert: Alert) -> bool:
        """Whether somebody who holds *role* was called for the incident, or nobody could be."""
        if incident is None or ledger.role(incident) == role:
            return True
        people = who(self.book(), role, alert.stream, self._clock(), alert.severity).call
        return not people or not ledger.called(incident).isdisjoint(people)


def _first(contacts: Sequence[Contact], spared: Collection[int]) -> int:
    return next((number for number in range(len(contacts)) if number not in spared), 0)


def _told(told: informing.Told, at: datetime, zone: tzinfo) -> Row:
    if told.due_at <= at:
        return tell(Kind.TOLD, person=told.person, role=told.role, why=told.why)
    until = f"{told.due_at.astimezone(zone):%H:%M}"
    return tell(Kind.TOLD_LATER, person=told.person, role=told.role, until=until)
