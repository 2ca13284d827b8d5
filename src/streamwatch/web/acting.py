"""What people do is written down: who, how that is known, what, on which incident, from where."""

import asyncio
from collections.abc import Sequence
from typing import Annotated

from fastapi import Depends, Request

from streamwatch.access.rights import Caller
from streamwatch.message import clean
from streamwatch.store.audit import Act, Deed
from streamwatch.web.callers import address
from streamwatch.web.parts import Parts, Wired

WHAT = 200  # characters of what was done


class Acting:
    """For one request: its caller, and the log."""

    def __init__(self, parts: Parts, request: Request) -> None:
        self._parts = parts
        self._request = request

    @property
    def caller(self) -> Caller:
        caller: Caller = self._request.state.caller
        return caller

    @property
    def myself(self) -> str | None:
        """The id in duty.yml of whoever asks, if that is known: nobody has to say who they are twice."""
        caller = self.caller
        if caller.how not in ("session", "expired", "proxy", "link"):
            return None
        people, said = self._parts.config().book.people, caller.name.casefold()
        if caller.name in people:
            return caller.name
        meant = [each.id for each in people.values() if said in (each.id.casefold(), each.name.casefold())]
        return meant[0] if len(meant) == 1 else None

    def by_link(self, person: str) -> None:
        """The signature of the link says who asks, and that they may."""
        where = address(self._request, self._parts.config())
        self._request.state.caller = Caller(person, "ops", "link", address=where)

    def did(self, act: Act, person: str | None = None, incident: int | None = None, what: str = "") -> None:
        """When it is done. Not for the event loop. What was done stays done also when this cannot be written."""
        self._add([self._deed(act, person, incident, what)])

    def did_to(self, incidents: Sequence[int], act: Act, person: str) -> None:
        """The same to each of them."""
        self._add([self._deed(act, person, each, "") for each in incidents])

    async def soon(self, act: Act, person: str | None = None, incident: int | None = None, what: str = "") -> None:
        """As `did`, from the event loop."""
        await asyncio.to_thread(self.did, act, person, incident, what)

    def _deed(self, act: Act, person: str | None, incident: int | None, what: str) -> Deed:
        who, at = self.caller, self._parts.clock()
        return Deed(at, act, who.how, who.name or None, person, incident, clean(what, WHAT), who.address)

    def _add(self, deeds: list[Deed]) -> None:
        if not self._parts.store.audit.try_to_add(deeds):
            self._parts.metrics.audit_lost.inc(len(deeds))


async def _acting(request: Request, parts: Wired) -> Acting:
    return Acting(parts, request)


Deeds = Annotated[Acting, Depends(_acting)]
