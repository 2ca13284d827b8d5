"""How many messages one person gets: the first pages come one by one, later ones together, at growing intervals.

Twelve in ten minutes at the most, so that a phone stays readable in a storm. Each class of urgency has a share of
its own, so that no flood of mild pages can use up what a P0 needs. The end of what called loudly may use what its
callers leave: whoever works on it waits for that word. Pure but for what it remembers.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

Class = Literal["P0", "P1", "mild"]
Urgency = Literal["P0", "P1", "end", "mild"]
ORDER: Sequence[Urgency] = ("P0", "P1", "end", "mild")

WINDOW = timedelta(minutes=10)
MOST = 12  # messages to one person in any window


@dataclass(frozen=True)
class Share:
    """*singles* messages at once, then one after each of *pauses*, then none before the window has moved on."""

    singles: int
    pauses: tuple[timedelta, ...]

    @property
    def most(self) -> int:
        return self.singles + len(self.pauses)


SHARES: Mapping[Class, Share] = {
    "P0": Share(3, tuple(timedelta(seconds=seconds) for seconds in (5, 15, 60, 300))),
    "P1": Share(2, (timedelta(seconds=60),)),
    "mild": Share(1, (timedelta(seconds=120),)),
}
assert sum(share.most for share in SHARES.values()) <= MOST
CALLS = 5  # messages of P0 that ends leave to calls: the first of them comes at once, the next a few seconds later


def urgency(severity: str, kind: str) -> Urgency:
    """An end wakes nobody, and neither does what only tells, which is as mild as a note."""
    if kind == "over" and severity in ("P0", "P1"):
        return "end"
    if kind in ("over", "told"):
        return "mild"
    return "P0" if severity == "P0" else "P1" if severity == "P1" else "mild"


class Sent(NamedTuple):
    """One message that a person got, or may have got."""

    at: datetime
    share: Class  # that it used


class Budget:
    def __init__(self) -> None:
        self._sent: defaultdict[str, list[Sent]] = defaultdict(list)

    def forget(self) -> None:
        self._sent.clear()

    def sent(self, person: str, share: Class, at: datetime) -> Sent:
        message = Sent(at, share)
        self._sent[person].append(message)
        return message

    def remember(self, person: str, what: Urgency, at: datetime) -> None:
        """A message of before, in their order: which share an end used is not on record, but follows."""
        self.sent(person, what if what != "end" else self.share(person, what, at) or "mild", at)

    def take_back(self, person: str, message: Sent) -> None:
        """It certainly did not arrive."""
        if message in self._sent[person]:
            self._sent[person].remove(message)

    def share(self, person: str, what: Urgency, at: datetime) -> Class | None:
        """The share that a message of this urgency may use now; None: it has to wait."""
        if what != "end":
            return what if self.free_at(person, what, at) <= at else None
        if self.free_at(person, "mild", at) <= at:
            return "mild"
        left = SHARES["P0"].most - len(self._lately(person, "P0", at))
        return "P0" if left > CALLS and self.free_at(person, "P0", at) <= at else None

    def singles(self, person: str, what: Class, at: datetime) -> int:
        """How many more messages of one page each may go out now."""
        return max(0, SHARES[what].singles - len(self._lately(person, what, at)))

    def free_at(self, person: str, what: Class, at: datetime) -> datetime:
        """The first instant from *at* on at which the share has a message for *person*."""
        share, sent = SHARES[what], self._lately(person, what, at)
        if len(sent) < share.singles:
            return at
        if len(sent) >= share.most:
            return max(at, sent[-share.most].at + WINDOW)
        return max(at, sent[-1].at + share.pauses[len(sent) - share.singles])

    def _lately(self, person: str, what: Class, at: datetime) -> list[Sent]:
        kept = self._sent[person] = [message for message in self._sent[person] if message.at > at - WINDOW]
        return [message for message in kept if message.share == what]


@dataclass(frozen=True)
class Plan:
    """What may go to a person now: *singles* pages, each on its own, or, when that is 0, all that wait together."""

    share: Class
    singles: int


def plan(budget: Budget, person: str, waiting: Mapping[Urgency, int], room: int, at: datetime) -> Plan | None:
    """None when all that waits must wait on. *room* is how many messages the person's channel takes now.

    Where more waits than may go alone, the last message takes all the rest: nothing waits for want of one more.
    """
    held = False
    for what in ORDER:
        if not (count := waiting.get(what, 0)):
            continue
        share = budget.share(person, what, at)
        if share is None:
            held = True
            continue
        singles = 0 if held else min(budget.singles(person, share, at), room)
        if what == "end" and share == "P0":
            singles = min(singles, 1)
        return Plan(share, count if count <= singles else max(0, singles - 1))
    return None
