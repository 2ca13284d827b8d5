"""What happens when nobody acknowledges: whom to call next, and when. Pure.

A step is due a while after the incident called last (it opened, or became more urgent); an ack ends all of them.
The moments are computed from what is on record, so a restart forgets none.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from streamwatch.alert import Severity
from streamwatch.duty import DutyBook, others, who

Whom = Literal["backup", "ops", "everyone"]


@dataclass(frozen=True)
class Step:
    """*after* the call without an ack, call *whom* as well."""

    after: timedelta
    whom: Whom


Policy = Mapping[Severity, Sequence[Step]]

# Viewers see nothing: half a minute to look at the phone, half to press the button. P2 and P3 can wait.
DEFAULT: Policy = {
    "P0": (
        Step(timedelta(seconds=60), "backup"),
        Step(timedelta(seconds=60), "ops"),
        Step(timedelta(seconds=150), "everyone"),
    ),
    "P1": (Step(timedelta(minutes=5), "backup"), Step(timedelta(minutes=15), "everyone")),
}

Reminders = Mapping[Severity, timedelta]

# When all were called and nobody took it, they are called again and again.
REMINDERS: Reminders = {"P0": timedelta(minutes=3)}

Leases = Mapping[Severity, timedelta]

# How long an ack holds without a sign of work. What can wait until the morning does not call again at night.
LEASES: Leases = {"P0": timedelta(minutes=15), "P1": timedelta(minutes=15)}


def due(policy: Policy, severity: Severity, called_at: datetime, at: datetime) -> list[tuple[int, Step]]:
    """The steps whose time has come, each with its number."""
    steps = enumerate(policy.get(severity, ()), start=1)
    return [(number, step) for number, step in steps if at - called_at >= step.after]


def reminder(
    reminders: Reminders, policy: Policy, severity: Severity, called_at: datetime, at: datetime
) -> int | None:
    """The number of the newest reminder whose time has come: counted on from the steps, beginning after the last.

    Those before it that were missed, as nobody ran, would only say the same.
    """
    steps, every = policy.get(severity, ()), reminders.get(severity)
    if not every:
        return None
    last = max((step.after for step in steps), default=timedelta(0))
    count = (at - called_at - last) // every
    return len(steps) + count if count >= 1 else None


def people(
    step: Step,
    book: DutyBook,
    role: str,
    stream: str,
    told: frozenset[str],
    at: datetime,
    severity: Severity | None = None,
) -> tuple[str, ...]:
    """Whom *step* calls who was not called for this incident yet; the host on air never."""
    if step.whom == "everyone":
        return others(book, told, at, severity)
    duty = who(book, role if step.whom == "backup" else "ops", stream, at, severity)
    listed = duty.backup if step.whom == "backup" else duty.call
    return tuple(person for person in listed if person not in told)[:1]
