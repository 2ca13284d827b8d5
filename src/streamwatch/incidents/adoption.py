"""How far a team lets StreamWatch go while it learns to trust it: observe, then notify, then escalate. Pure.

Everything is decided and recorded at each step; what differs is what goes out. What somebody asked for goes out at
any step: a person's report, a drill, a test. So does the silence of the way of the alerts: it would make an
observation of nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, get_args

from streamwatch.duty import Person

Step = Literal["observe", "notify", "escalate"]
STEPS: tuple[Step, ...] = get_args(Step)


class Subject(NamedTuple):
    """What people are called for. *asked_for*: by a person, or by the receiver that hears nothing any more."""

    procedure: str
    asked_for: bool = False


@dataclass(frozen=True)
class Adoption:
    """*voice* are the channels that make a telephone ring."""

    default: Step = "escalate"
    procedures: Mapping[str, Step] = field(default_factory=dict)
    voice: frozenset[str] = frozenset()

    @property
    def is_whole(self) -> bool:
        """Nothing is held back anywhere."""
        return {self.default, *self.procedures.values()} == {"escalate"}

    def of(self, procedure: str) -> Step:
        return self.procedures.get(procedure, self.default)

    def calls(self, subject: Subject) -> bool:
        """Whether whoever is on duty hears of it."""
        return subject.asked_for or self.of(subject.procedure) != "observe"

    def insists(self, subject: Subject) -> bool:
        """Whether more follows when nobody takes it: the next people, reminders, the telephone."""
        return subject.asked_for or self.of(subject.procedure) == "escalate"

    def spared(self, subject: Subject, person: Person) -> tuple[int, ...]:
        """Which contacts of *person* are not used: those that ring, if there is any other."""
        if self.insists(subject):
            return ()
        ringing = tuple(at for at, each in enumerate(person.contacts) if each.channel in self.voice)
        return ringing if len(ringing) < len(person.contacts) else ()
