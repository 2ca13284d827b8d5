"""Who is told of an incident without being called for it. Pure: an alert and the table go in, roles come out.

Whoever pays for traffic must know that nobody sees what it buys, and whoever wrote a price that it is wrong. It is
not theirs to mend, so they are told once: no ack, no second call, no sound at night.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from streamwatch.alert import Alert, Severity
from streamwatch.duty import DutyBook, who
from streamwatch.language import Text

MILDEST: Severity = "P3"  # as urgent as a note, whatever it tells of: it is in no call's way
_OCCASION = "told:"
_HELD = ("override", "session", "rotation", "default")


@dataclass(frozen=True)
class Inform:
    """These *roles* are told of an alert of *procedure*. A tuple that is empty asks for nothing."""

    procedure: str
    roles: tuple[str, ...]
    severity: tuple[Severity, ...] = ()
    category: tuple[str, ...] = ()  # of complaints
    alerts: tuple[str, ...] = ()

    def concerns(self, alert: Alert) -> bool:
        return (
            self.procedure == alert.procedure
            and (not self.severity or alert.severity in self.severity)
            and (not self.category or alert.labels.get("category", "") in self.category)
            and (not self.alerts or alert.name in self.alerts)
        )


Table = Sequence[Inform]

# Off air and in a rehearsal no rule is a P0; prices and claims are the planner's words.
DEFAULT: Table = (
    Inform("stream_interruption", ("marketing",), severity=("P0",)),
    Inform("viewer_complaints", ("marketing",), alerts=("ViewersLeaving", "TrafficStopped")),
    Inform("viewer_complaints", ("planner",), category=("price", "trust")),
    Inform("content_violation", ("planner",), alerts=("ReportedFalseClaim",)),
    Inform("commerce", ("planner",), alerts=("PriceWrong",)),
)


class Told(NamedTuple):
    """Who is told, as which role and why, and not before which instant."""

    person: str
    role: str
    why: Text
    due_at: datetime


def roles(table: Table, alert: Alert) -> list[str]:
    """The roles that are told of *alert*, each once."""
    return list(dict.fromkeys(role for each in table if each.concerns(alert) for role in each.roles))


def told(book: DutyBook, role: str, stream: str, at: datetime) -> Told | None:
    """Who holds *role* by name; None when nobody does: a word to everyone would be noise.

    Somebody awake goes before whoever has quiet hours. If all have, the first is told at their end.
    """
    duty = who(book, role, stream, at, MILDEST)
    known = book.people.get(duty.call[0]) if duty.source in _HELD and duty.call else None
    if known is None:
        return None
    reason = who(book, role, stream, at).reason  # the other says of sleepers that they are called all the same
    return Told(known.id, role, reason, known.awake_at(at))


def occasion(role: str) -> str:
    """Of a page that tells; the role says which part of the runbook it carries."""
    return f"{_OCCASION}{role}"


def role_of(occasion: str) -> str:
    """The same read back; empty for a page that calls."""
    return occasion.removeprefix(_OCCASION) if occasion.startswith(_OCCASION) else ""
