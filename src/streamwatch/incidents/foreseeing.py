"""Whom an alert would call, by which contact, and who follows at which second when nobody takes it. Pure."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

from streamwatch.alert import Severity
from streamwatch.duty import DutyBook, who
from streamwatch.incidents import escalation
from streamwatch.incidents.adoption import Adoption, Subject
from streamwatch.incidents.escalation import Policy, Whom
from streamwatch.language import Text


class Trouble(NamedTuple):
    """An alert that begins, as far as it decides who is called."""

    procedure: str
    role: str
    stream: str
    severity: Severity


class Foreseen(NamedTuple):
    """One call, so long *after* the alert was heard. *sent*: it would go out, and not only be recorded."""

    after: timedelta
    whom: Literal["duty"] | Whom
    person: str
    channels: tuple[str, ...]  # the first of them, and the next ones when it does not reach them
    sent: bool
    why: Text


WHY: Mapping[Whom, Text] = {
    "backup": Text("后备：无人认领", "backup: nobody took it"),
    "ops": Text("运营值班：无人认领", "ops on duty: nobody took it"),
    "everyone": Text("所有人：无人认领", "everyone: nobody took it"),
}


def foresee(
    trouble: Trouble, book: DutyBook, policy: Policy, adoption: Adoption, at: datetime
) -> Iterator[Foreseen]:
    """In the order in which they would be called; duty as it is at the moment of each."""
    procedure, role, stream, severity = trouble
    subject, told = Subject(procedure), set[str]()
    duty = who(book, role, stream, at, severity)

    def call(after: timedelta, whom: Literal["duty"] | Whom, person: str, sent: bool, why: Text) -> Foreseen:
        told.add(person)
        spared = adoption.spared(subject, book.people[person])
        ways = (each.channel for number, each in enumerate(book.people[person].contacts) if number not in spared)
        return Foreseen(after, whom, person, tuple(ways), sent, why)

    for person in duty.call:
        yield call(timedelta(0), "duty", person, adoption.calls(subject), duty.reason)
    for step in policy.get(severity, ()):
        listed = escalation.people(step, book, role, stream, frozenset(told), at + step.after, severity)
        for person in listed:
            yield call(step.after, step.whom, person, adoption.insists(subject), WHY[step.whom])
