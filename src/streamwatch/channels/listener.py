"""The seam back from a service: somebody pressed a button under a page, or wrote that they have it.

Who pressed is what the service says over a connection of ours, never what the button says. A listener reports each
press to its `Desk` before it tells the service that it heard, so that one which was never recorded is told again.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, NoReturn, Protocol


@dataclass(frozen=True)
class Press:
    """One press. *id* is the service's own name for it, the same however often it is told."""

    id: str
    who: str  # as in the `to` of a contact
    button: str = ""  # what the button carried
    incident: int | None = None  # or which one they named by hand
    place: str | None = None  # from where to go on reading once this is done


class Reply(NamedTuple):
    """What to say to whoever pressed. Not *good*: nothing was taken, and they should notice."""

    text: str
    good: bool


class Place(NamedTuple):
    """How far a service was read, and when that was."""

    value: str
    at: datetime


class Desk(Protocol):
    """Where a listener reports. What cannot be recorded just now raises."""

    async def take(self, press: Press) -> Reply:
        """Once it returns, the press is on the disk, and its `place` with it."""

    async def skip(self, place: str) -> None:
        """What stood before *place* was nothing of ours."""

    async def place(self) -> Place | None:
        """How far it was read, by whomever; None when it never was."""

    def connected(self) -> None:
        """The service answers: presses are heard from now on."""


class Listener(Protocol):
    """A long connection to a service, on behalf of all *channels* that share it."""

    channels: tuple[str, ...]

    async def listen(self, desk: Desk) -> NoReturn:
        """Until it is cancelled. Raises `ChannelError` when the connection is lost or refused."""


Listeners = Mapping[str, Listener]
"""By the name of the first of their channels."""
