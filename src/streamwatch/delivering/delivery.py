"""Delivers pages: lease what is due, write the try down, send, write down what came of it.

All that must not be lost is in the database; a task of this file can die at any point. What a try means for the
page is decided in `retry`, when a channel may be used in `pace`, how much one person gets in `budget`, what is said
in `wording` and `digest`, what follows a failure in `setbacks`.
"""

import asyncio
import logging
import random
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import NamedTuple

from streamwatch.channels.channel import Channel, ChannelError, Reason, Receipt
from streamwatch.clock import Clock
from streamwatch.delivering.budget import Budget, Class, Plan, Sent, Urgency, plan, urgency
from streamwatch.delivering.composing import Composing
from streamwatch.delivering.pace import PLENTY, Pace
from streamwatch.delivering.setbacks import Setbacks, Ways, tried
from streamwatch.duty import Contact, Person
from streamwatch.incidents.adoption import Adoption
from streamwatch.incidents.timeline import Kind, tell
from streamwatch.language import Text
from streamwatch.message import TOLD, Message
from streamwatch.metrics import Metrics
from streamwatch.store import Store
from streamwatch.store.outbox import Page, Waiting, of_person

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=30)  # longer than any send can take (channel.SEND_TIMEOUT)
AT_ONCE = 20  # messages on their way at the same time
FOR_P0 = 20  # more of them, for P0 alone: slow channels of others must not be in its way
TOGETHER = 500  # pages in one message
SEEDED = timedelta(minutes=10)  # how far back a restart must remember what was sent


class _Asked(NamedTuple):
    """What one person gets over one contact now."""

    person: str
    contact: int
    plan: Plan

    @property
    def messages(self) -> int:
        return self.plan.singles or 1


class Delivery:
    def __init__(
        self,
        store: Store,
        ways: Callable[[], Ways],
        composing: Composing,
        clock: Clock,
        metrics: Metrics,
        jitter: Callable[[], float] = random.random,
        together: Callable[[], bool] = lambda: True,
        adoption: Callable[[], Adoption] = Adoption,
    ) -> None:
        """Not *together*: each page goes by itself, however many there are, as a machine wants them."""
        self._store = store
        self._ways = ways
        self._composing = composing
        self._clock = clock
        self._metrics = metrics
        self._together = together
        self._pace = Pace()
        self._budget = Budget()
        self._setbacks = Setbacks(store, ways, clock, self._pace, jitter, adoption)
        self.held = frozenset[str]()  # people who had so many messages that they get the next one later
        self._on_their_way: dict[asyncio.Task[None], Sequence[Page]] = {}

    async def remember(self) -> None:
        """A restart must break neither a rate limit nor a person's peace: what was sent lately counts."""
        now = self._clock()
        self._pace.forget()
        self._budget.forget()
        for sent in await asyncio.to_thread(self._store.outbox.recent, now - SEEDED, now):
            self._pace.sent(sent.channel, sent.at)
            if sent.closed_until:
                self._pace.close(sent.channel, sent.closed_until)
            if sent.arrived and not sent.alone:
                self._budget.remember(sent.person, urgency(sent.severity, sent.kind), sent.at)

    def in_hand(self) -> set[int]:
        """Pages whose answers this process waits for."""
        return {page.id for pages in self._on_their_way.values() for page in pages}

    async def send_due(self) -> int:
        """Set off what is due and may go; how many messages. Returns without waiting for answers."""
        count, at, held = 0, self._clock(), set[str]()
        asked = list[_Asked]()
        for (person, contact), waiting in _by_way(await asyncio.to_thread(self._store.outbox.waiting, at)):
            counts = Counter[Urgency]()
            for each in waiting:
                counts[urgency(each.severity, each.kind)] += 0 if each.alone else each.pages
            if any(each.alone for each in waiting) or not self._together():
                count += await self._set_off_alone(person, contact, at)
            if _ends_a_round(asked, person, counts):
                count += await self._set_off(asked, at)
            chosen = plan(self._budget, person, counts, self._room(person, contact, asked, at), at)
            if chosen is None and counts.total():
                held.add(person)
            if self._together() and chosen is not None and self._has_room(chosen.share, asked):
                asked.append(_Asked(person, contact, chosen))
        count += await self._set_off(asked, at)
        self.held = frozenset(held)
        return count

    async def settle(self) -> None:
        """Wait for everything that is on its way: for an orderly stop, and for tests."""
        while self._on_their_way:
            await asyncio.wait(set(self._on_their_way))

    def _has_room(self, what: Class, asked: Sequence[_Asked]) -> bool:
        busy = len(self._on_their_way) + sum(each.messages for each in asked)
        return busy < (AT_ONCE + FOR_P0 if what == "P0" else AT_ONCE)

    def _room(self, person: str, contact: int, asked: Sequence[_Asked], at: datetime) -> int:
        """How many messages the channel of that contact takes now, beside those that are *asked* for."""
        ways = self._ways()
        channel = self._channel(person, contact)
        if channel is None:
            return PLENTY
        taken = sum(each.messages for each in asked if self._channel(each.person, each.contact) == channel)
        return max(0, self._pace.room(channel, ways.channels[channel].limits, at) - taken)

    def _channel(self, person: str, contact: int) -> str | None:
        known = self._ways().book.people.get(person)
        return None if known is None or contact >= len(known.contacts) else known.contacts[contact].channel

    async def _set_off_alone(self, person: str, contact: int, at: datetime) -> int:
        """Tests and drills; everything, if nothing is to go together."""
        lease, room = self._store.outbox.lease_due, AT_ONCE + FOR_P0 - len(self._on_their_way)
        mine = of_person(person, contact, alone=True if self._together() else None)
        pages = await asyncio.to_thread(lease, at, LEASE, min(room, AT_ONCE), mine) if room > 0 else []
        for page in pages:
            self._start([page], None)
        return len(pages)

    async def _set_off(self, asked: list[_Asked], at: datetime) -> int:
        """Lease all that is *asked* for in one transaction: in a storm each waits for its turn. Leaves it empty."""
        round_, count = asked.copy(), 0
        asked.clear()
        wanted = [(each.plan.singles or TOGETHER, of_person(each.person, each.contact)) for each in round_]
        leased = await asyncio.to_thread(self._store.outbox.lease_each, at, LEASE, wanted) if wanted else []
        for each, pages in zip(round_, leased, strict=True):
            parcels = [[page] for page in pages] if each.plan.singles else [pages] if pages else []
            for parcel in parcels:
                self._start(parcel, self._budget.sent(each.person, each.plan.share, at))
            count += len(parcels)
        await asyncio.sleep(0)  # they begin, and what they take of a channel is known
        return count

    def _start(self, pages: Sequence[Page], charged: Sent | None) -> None:
        task = asyncio.create_task(self._deliver(pages, charged))
        self._on_their_way[task] = pages
        task.add_done_callback(self._landed)

    def _landed(self, task: "asyncio.Task[None]") -> None:
        self._on_their_way.pop(task, None)
        if not task.cancelled() and (error := task.exception()):
            # The lease runs out and the pages are due again: late, not lost.
            log.error("pages could not be handled and will be tried again", exc_info=error)

    async def _deliver(self, pages: Sequence[Page], charged: Sent | None = None) -> None:
        """*charged* is given back when certainly nobody got a message."""
        arrived = False
        try:
            arrived = await self._sent(pages)
        finally:
            if not arrived and charged is not None:
                self._budget.take_back(pages[0].person, charged)

    async def _sent(self, pages: Sequence[Page]) -> bool:
        """Whether a message went out, and may have arrived."""
        ways, first = self._ways(), pages[0]
        person = ways.book.people.get(first.person)
        if person is None or not person.contacts:
            await self._setbacks.unreachable(pages, Text("没有联系方式", "no contact in the configuration"))
            return False
        if max({first.contact, *first.refused}) >= len(person.contacts):  # the configuration was changed meanwhile
            pages = [replace(page, contact=0, refused=frozenset(), tries=0, since=None) for page in pages]
        pages = await self._without_known(await self._without_heard(await self._without_overtaken(pages)))
        if not pages:
            return False
        contact = person.contacts[pages[0].contact]
        channel, at = ways.channels[contact.channel], self._clock()
        urgent = any(urgency(page.severity, page.kind) == "P0" for page in pages)
        free = self._pace.free_at(contact.channel, channel.limits, at, urgent=urgent)
        if free > at:
            await self._setbacks.wait_for(pages, person, ways, free, urgent=urgent)
            return False
        self._pace.sent(contact.channel, at)
        return await self._try(pages, person, contact, channel)

    async def _without_overtaken(self, pages: Sequence[Page]) -> Sequence[Page]:
        ends = {page.incident_id for page in pages if page.kind == "over" and page.incident_id is not None}
        again = await asyncio.to_thread(self._store.journal.open_again, ends) if ends else frozenset[int]()
        if late := [page for page in pages if page.kind == "over" and page.incident_id in again]:
            await asyncio.to_thread(self._store.outcomes.overtaken, late, self._clock())
        return [page for page in pages if page not in late]

    async def _without_heard(self, pages: Sequence[Page]) -> Sequence[Page]:
        """A service that delivers and never answers would repeat a page every minute, also after the ack."""
        maybe = {page.incident_id for page in pages if page.maybe_repeated and page.incident_id is not None}
        taken = await asyncio.to_thread(self._store.journal.taken, maybe) if maybe else frozenset[int]()
        if heard := [page for page in pages if page.maybe_repeated and page.incident_id in taken]:
            await asyncio.to_thread(self._store.outcomes.not_repeated, heard, self._clock())
        return [page for page in pages if page not in heard]

    async def _without_known(self, pages: Sequence[Page]) -> Sequence[Page]:
        """Who was called meanwhile, or told under another number that is the same incident now, knows."""
        telling = [page.id for page in pages if page.kind == TOLD]
        known = await asyncio.to_thread(self._store.journal.known, telling) if telling else frozenset[int]()
        if late := [page for page in pages if page.id in known]:
            await asyncio.to_thread(self._store.outcomes.overtaken, late, self._clock(), Kind.KNOWS)
        return [page for page in pages if page not in late]

    async def _try(self, pages: Sequence[Page], person: Person, contact: Contact, channel: Channel) -> bool:
        first, *riders = pages
        compose = self._composing
        message = await (compose.digest(pages, person) if riders else compose.message(first, person))
        begin = self._store.outbox.begin
        attempt = await asyncio.to_thread(begin, first, contact.channel, self._clock(), LEASE, riders)
        if attempt is None:
            return False  # composing took longer than the lease, or the clock was set: whoever has it now sends it
        pages = tried(pages, self._clock())
        if message.maybe_repeated:
            self._metrics.maybe_repeated.inc()
        try:
            receipt = await _send(channel, message, contact.to)
        except ChannelError as error:
            self._metrics.pages.labels(contact.channel, error.reason.value).inc()
            await self._setbacks.failed(pages, person, contact, attempt, error)
            return error.reason is Reason.UNKNOWN
        self._metrics.pages.labels(contact.channel, "delivered").inc()
        self._pace.answered(contact.channel, well=True)
        await self._delivered(pages, contact, attempt, receipt, message)
        return True

    async def _delivered(
        self, pages: Sequence[Page], contact: Contact, attempt: int, receipt: Receipt, message: Message
    ) -> None:
        at = self._clock()
        for page in pages:
            self._metrics.delay.observe(max(0.0, (at - page.created_at).total_seconds()))
        kind = Kind.DELIVERED if receipt.confirmed else Kind.UNCONFIRMED
        row = tell(kind, person=pages[0].person, channel=contact.channel)
        over = {int(each) for each in message.ended or ([message.incident_id] if message.kind == "over" else [])}
        delivered, given = self._store.outcomes.delivered, receipt.provider_id
        await self._setbacks.write(delivered, pages, attempt, given, row, at, told_over=over)


def _ends_a_round(asked: Sequence[_Asked], person: str, next_: Mapping[Urgency, int]) -> bool:
    """P0 set off before all others are looked at; and what a person gets depends on what they got before."""
    mild = bool(asked) and asked[0].plan.share == "P0" and not next_.get("P0")
    return mild or any(each.person == person for each in asked)


def _by_way(waiting: Iterable[Waiting]) -> Iterable[tuple[tuple[str, int], list[Waiting]]]:
    """By person and contact, in the order of their most urgent page."""
    ways: dict[tuple[str, int], list[Waiting]] = {}
    for each in waiting:
        ways.setdefault((each.person, each.contact), []).append(each)
    return ways.items()


async def _send(channel: Channel, message: Message, to: str) -> Receipt:
    """A channel that fails in a way nobody foresaw may have sent: it counts as no answer."""
    try:
        return await asyncio.wait_for(channel.send(message, to), LEASE.total_seconds() / 2)
    except ChannelError:
        raise
    except TimeoutError as error:
        raise ChannelError("no answer in time", reason=Reason.UNKNOWN) from error
    except Exception as error:
        log.exception("a channel failed unexpectedly")
        raise ChannelError(f"unexpected {type(error).__name__}", reason=Reason.UNKNOWN) from error
