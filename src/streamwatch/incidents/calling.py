"""Calls whoever is on duty for an incident: pages and rows of the timeline, in the transaction of who asks."""

from collections.abc import Callable
from datetime import datetime

from streamwatch.alert import Alert, Severity
from streamwatch.clock import Clock
from streamwatch.duty import DutyBook, who
from streamwatch.incidents.adoption import Adoption, Subject
from streamwatch.incidents.timeline import Kind, tell
from streamwatch.metrics import Metrics
from streamwatch.store.ledger import Ledger
from streamwatch.store.rows import Call

ANY = Subject("", asked_for=True)  # where nothing is held back, nobody needs to know


class Calling:
    """*book* gives the duty book of this moment; *due* says when a page of a severity, made at an instant, goes."""

    def __init__(
        self,
        book: Callable[[], DutyBook],
        clock: Clock,
        metrics: Metrics,
        due: Callable[[Severity, datetime], datetime] = lambda _, at: at,
        adoption: Callable[[], Adoption] = Adoption,
    ) -> None:
        self.book = book
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
            contact = next((number for number in range(len(contacts)) if number not in spared), 0)
            page = (incident, person, call, duty.reason, at, contact, self.due(call.severity, at))
            if not ledger.call(*page, observed=not goes, spared=spared):
                continue
            channel = contacts[contact].channel if contacts else "—"
            said = tell(Kind.CALLED, person=person, why=duty.reason)
            would = tell(Kind.WOULD_CALL, person=person, channel=channel, why=duty.reason)
            ledger.note(incident, said if goes else would, at)
            self.calls += goes

    def is_heard(self, ledger: Ledger, incident: int | None, role: str, alert: Alert) -> bool:
        """Whether somebody who holds *role* was called for the incident, or nobody could be."""
        if incident is None or ledger.role(incident) == role:
            return True
        people = who(self.book(), role, alert.stream, self._clock(), alert.severity).call
        return not people or not ledger.called(incident).isdisjoint(people)
