"""What follows when a message did not reach its person: again, another contact, another person."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from streamwatch.channels.channel import Channel, ChannelError, Reason
from streamwatch.clock import Clock
from streamwatch.delivering.pace import Pace
from streamwatch.delivering.retry import Dead, Failure, Standing, after_failure
from streamwatch.duty import Contact, DutyBook, Person, others, who
from streamwatch.incidents.adoption import Adoption
from streamwatch.incidents.timeline import Kind, Row, tell
from streamwatch.language import Text
from streamwatch.message import CALLS, clean
from streamwatch.store import Store
from streamwatch.store.outbox import Page
from streamwatch.store.outcomes import Failed, Instead

log = logging.getLogger(__name__)

# How long a page may wait for its channel's rate limit before a backup is called too.
PATIENCE = {"P0": timedelta(seconds=5), "P1": timedelta(seconds=60)}
STORE_PAUSE = 1.0  # seconds until what came of a try is written again


@dataclass(frozen=True)
class Ways:
    """Who can be reached how, by the configuration of this moment."""

    book: DutyBook
    channels: Mapping[str, Channel]


class Setbacks:
    def __init__(
        self,
        store: Store,
        ways: Callable[[], Ways],
        clock: Clock,
        pace: Pace,
        jitter: Callable[[], float],
        adoption: Callable[[], Adoption] = Adoption,
    ) -> None:
        self._store = store
        self._ways = ways
        self._clock = clock
        self._pace = pace
        self._jitter = jitter
        self._adoption = adoption

    async def write(self, how: Callable[..., None], *what: Any, **named: Any) -> None:
        """Keep at it: an answer that was seen must not be forgotten, or the page would go out twice."""
        while True:
            try:
                return await asyncio.to_thread(how, *what, **named)
            except (SQLAlchemyError, OSError):
                log.exception("what came of a page could not be written down; trying again")
                await asyncio.sleep(STORE_PAUSE)

    async def failed(
        self, pages: Sequence[Page], person: Person, contact: Contact, attempt: int, error: ChannelError
    ) -> None:
        """*pages* as they were when the try began, the one that is counted first."""
        at, text, first = self._clock(), clean(str(error), 200), pages[0]
        self._pace.answered(contact.channel, well=error.reason is Reason.REJECTED)  # then it is the message
        if error.reason.permanent:
            pages = [replace(page, refused=first.refused | {first.contact}) for page in pages]
            first = pages[0]
        closed_until = at + error.retry_after if error.retry_after else None
        if closed_until:
            self._pace.close(contact.channel, closed_until)
        standing = Standing(first.contact, len(person.contacts), first.tries, first.since or at, first.refused)
        unseen_again = error.reason is Reason.UNKNOWN and first.maybe_repeated
        failure = Failure(error.reason.permanent, error.retry_after, unseen_again)
        move = after_failure(standing, failure, at, self._jitter())
        failed = Failed(attempt, error.reason.value, text, at, closed_until)
        outcomes = self._store.outcomes
        if isinstance(move, Dead):
            await self.write(outcomes.dead, pages, failed, text, at, await self._instead_of(pages))
            return
        instead = await self._instead_of(pages) if move.round_failed else {}
        await self.write(outcomes.again, pages, failed, move, _failure_row(first, contact, error, text), instead)

    async def wait_for(
        self, pages: Sequence[Page], person: Person, ways: Ways, free: datetime, *, urgent: bool
    ) -> None:
        """The channel must rest. Another contact may be free now; else the pages wait, and a backup is told.

        Free for what is as *urgent*: two contacts in their reserve would send a mild page to and fro for ever.
        """
        at, first = self._clock(), pages[0]
        for step in range(1, len(person.contacts)):
            index = (first.contact + step) % len(person.contacts)
            contact = person.contacts[index]
            limits = ways.channels[contact.channel].limits
            free_there = self._pace.free_at(contact.channel, limits, at, urgent=urgent)
            if index not in first.refused and free_there <= at:
                await asyncio.to_thread(self._store.outcomes.turn, pages, index, at)
                return
        impatient = [page for page in pages if free - at > PATIENCE.get(page.severity, timedelta.max)]
        instead = await self._instead_of(impatient)
        await asyncio.to_thread(self._store.outcomes.postpone, pages, free, at, instead)

    async def unreachable(self, pages: Sequence[Page], why: Text) -> None:
        instead = await self._instead_of(pages)
        await asyncio.to_thread(self._store.outcomes.dead, pages, None, why.en, self._clock(), instead)

    async def _instead_of(self, pages: Sequence[Page]) -> dict[int, Instead]:
        """Somebody must learn of each that calls: the backup of the role, else everyone not told of it."""
        found = {page.id: await self._instead(page) for page in pages}
        return {page: instead for page, instead in found.items() if instead is not None}

    async def _instead(self, page: Page) -> Instead | None:
        if page.incident_id is None or page.kind not in CALLS:
            return None
        # It may have been merged since the page was leased.
        number = await asyncio.to_thread(self._store.journal.live, page.incident_id)
        incident = await asyncio.to_thread(self._store.journal.headline, number)
        page = replace(page, incident_id=number)
        told = await asyncio.to_thread(self._store.outbox.told, page)
        if incident is None or incident.state != "open":
            return None
        at, book = self._clock(), self._ways().book
        duty = who(book, incident.role, incident.stream, at, page.severity)
        backup = tuple(person for person in (*duty.call, *duty.backup) if person not in told)[:1]
        people = backup or others(book, told, at, page.severity)
        name = book.people[page.person].name if page.person in book.people else page.person
        reason = Text(f"{name} 联系不上", f"{name} cannot be reached")
        return Instead(number, people, reason, await self._spared(number, people, book))

    async def _spared(self, incident: int, people: Sequence[str], book: DutyBook) -> dict[str, tuple[int, ...]]:
        """Contacts that are not used, by person: where it only notifies no telephone rings, whoever is called."""
        adoption = self._adoption()
        if adoption.is_whole:
            return {}
        subject = await asyncio.to_thread(self._store.observed.subject, incident)
        return {each: adoption.spared(subject, book.people[each]) for each in people if each in book.people}


def tried(pages: Sequence[Page], at: datetime) -> list[Page]:
    """As they stand with a try that began *at*: all as the first, with which they ride."""
    first = pages[0]
    contact, tries, since, refused = first.contact, first.tries + 1, first.since or at, first.refused
    return [replace(page, contact=contact, tries=tries, since=since, refused=refused) for page in pages]


def _failure_row(page: Page, contact: Contact, error: ChannelError, text: str) -> Row:
    if error.reason is Reason.UNKNOWN:
        return tell(Kind.UNKNOWN, person=page.person, channel=contact.channel)
    return tell(Kind.TRY_FAILED, person=page.person, channel=contact.channel, why=text)
