"""The only place where the parts of the receiver meet: `build` makes them, the lifespan runs them."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path
from time import monotonic

import httpx
from fastapi import FastAPI
from prometheus_client.registry import Collector
from sqlalchemy.exc import SQLAlchemyError

from streamwatch.access.buttons import Buttons
from streamwatch.access.duty_links import DutyLinks
from streamwatch.access.links import Links
from streamwatch.access.listening import Ear, Listening
from streamwatch.access.presses import Presses
from streamwatch.access.pressing import Pressing
from streamwatch.audience import Audience
from streamwatch.clock import Clock, utc_now
from streamwatch.config import Config
from streamwatch.delivering.composing import Composing
from streamwatch.delivering.delivery import Delivery
from streamwatch.delivering.quota import QuotaCollector
from streamwatch.in_force import InForce
from streamwatch.incidents.adopting import Adopting
from streamwatch.incidents.calling import Calling
from streamwatch.incidents.complaining import Complaining
from streamwatch.incidents.escalating import Escalating
from streamwatch.incidents.folding import Folding
from streamwatch.incidents.rearranging import Rearranging
from streamwatch.incidents.reopening import Reopening
from streamwatch.incidents.silencing import Silencing
from streamwatch.language import Text
from streamwatch.loop import Loop, in_turn
from streamwatch.metrics import Metrics, Standing, StandingCollector
from streamwatch.preflight.asking import Asking
from streamwatch.preflight.inspecting import Preflight
from streamwatch.report.after_air import AfterAir
from streamwatch.storage.copying import Copying
from streamwatch.store import Store
from streamwatch.store.usage import sent_since
from streamwatch.watching.adoption_metrics import AdoptionCollector
from streamwatch.watching.canary import Canary, CanaryCollector
from streamwatch.watching.drill_ends import DrillEnds
from streamwatch.watching.drill_notes import DrillNotes
from streamwatch.watching.life_sign import LifeSign
from streamwatch.watching.liveness import Peer
from streamwatch.watching.looking import Looking, PeerCollector
from streamwatch.watching.presiding import Presiding
from streamwatch.watching.reconciling import Reconciling
from streamwatch.watching.session_metrics import SessionCollector
from streamwatch.watching.tidying import Tidying
from streamwatch.watching.watchdog import Watchdog
from streamwatch.web import create_app
from streamwatch.web.door import Door
from streamwatch.web.own_answers import own_answers
from streamwatch.web.parts import Parts

log = logging.getLogger(__name__)

STOP_WITHIN = 12.0  # seconds that pages on their way get at an orderly stop; then their leases tell of them
THREADS = 64
GATHER = 0.01  # seconds in which webhooks gather, to be folded together
# Where many come and say nothing new, folding leaves the machine to those who wait for an answer: they are fewer
# transactions then, and one that is twice as large costs little more.
GATHER_MORE, MANY = 0.25, 5  # seconds at most; webhooks
RECLAIM_EVERY = timedelta(seconds=10)


class Receiver:
    """Everything that lives as long as one receiver."""

    def __init__(self, path: Path, clock: Clock, host: str = "127.0.0.1") -> None:
        """*host* is where it listens."""
        self._clock = clock
        authorities = httpx.create_ssl_context()  # read once: a tenth of a second
        self.http = httpx.AsyncClient(verify=authorities, limits=httpx.Limits(max_connections=100))
        self.metrics = Metrics()
        self.force = force = InForce(path, host, self.http, self.metrics, clock)
        self.store = Store(self.config.file.database)
        key = self.config.link_key.get_secret_value()
        self.links = Links(str(self.config.file.public_url), key)
        self.duty_links = DutyLinks(str(self.config.file.public_url), key)
        self.presses = Presses(key)
        buttons = Buttons(key)
        self.door = Door()
        told_of = (force.due, force.adoption, lambda: self.config.file.informed)
        hands_out = (force.book, clock, self.metrics, *told_of)
        self.folding = Folding(self.store.database, *hands_out)
        calling = Calling(*hands_out)
        self.adopting = Adopting(self.store, force.adoption, calling, clock)
        self.rearranging = Rearranging(self.store.database, calling, clock)
        self.reopening = Reopening(self.store.database, calling, clock)
        self.silencing = Silencing(self.store, self.http, force.alertmanager, calling, clock, self.config.zone)
        self.audience = Audience(self.http, force.prometheus)
        asking = Asking(self.http, force.prometheus)
        self.preflight = Preflight(lambda: self.config, self.store, asking, clock, self.troubles, self.http)
        peers = {Peer.PROMETHEUS: force.prometheus, Peer.ALERTMANAGER: force.alertmanager}
        self.looks = httpx.AsyncClient(verify=authorities)
        self.looking = Looking(self.looks, peers, clock)
        self.watchdog = Watchdog(self.store, self.http, force.prometheus, clock, self.looking.sights)
        self.watcher = Loop("watching the way of the alerts", self._watch)
        self.evidence = force.evidence()
        composing = Composing(
            self.store.journal,
            self.evidence,
            lambda: self.config.runbooks,
            self.links,
            buttons,
            self.config.zone,
            clock,
            self.watchdog.way_is_open,
            lambda person: force.book().name(person),
        )
        self.delivery = Delivery(
            self.store,
            lambda: force.ways,
            composing,
            clock,
            self.metrics,
            together=lambda: self.config.file.delivery.together,
            adoption=force.adoption,
        )
        self.folder = Loop("folding", self._fold)
        self._gather = GATHER
        self._opened = False
        self.sender = Loop("delivery", self._send)
        self.escalating = Escalating(
            self.store,
            force.book,
            lambda: self.config.file.policy,
            clock,
            lambda: self.config.file.delivery.leases,
            lambda: self.config.file.delivery.reminders,
            force.adoption,
        )
        self.escalator = Loop("escalating", self._escalate)
        self.reconciling = Reconciling(self.store, self.http, force.alertmanager, clock, force.receiver)
        self.reconciler = Loop("reconciling", self._reconcile)
        self.life_sign = LifeSign(self.http, force.watched_from, self.troubles, clock, self.metrics.registry)
        self.signer = Loop("signs of life", self.life_sign.step)
        self.complaining = Complaining(self.store, self.evidence, clock)
        self.hearer = Loop("complaints", self.complaining.step)
        self.copying = Copying(
            self.store,
            self.http,
            lambda: self.config.bucket,
            lambda: self.config.file.keeps_evidence,
            lambda: self.presiding.ready(),
            clock,
            self.metrics.registry,
        )
        self.copier = Loop("copying to the object storage", self.copying.step)
        self.tidying = Tidying(self.store, clock, lambda: self.config.file.kept, force.evidence_folder)
        self.drill_ends = DrillEnds(self.store, clock)
        self.tidier = Loop("tidying", self._tidy)
        self.drill_notes = DrillNotes(
            self.store,
            lambda: self.config.file.drill_calendar,
            force.book,
            lambda: self.config.file.delivery.notes_at,
            self.config.zone,
            clock,
        )
        ask = own_answers(self.store, lambda: self.config, clock)
        self.after_air = AfterAir(self.store, lambda: self.config, ask, clock)
        self.reviewer = Loop("reviews", self._review)
        self.canary = Canary(self.store, force.song, clock)
        hands = (self.reconciling, self.watchdog, self.looking)
        moved = (*(each.clock_was_set for each in hands), self._clock_was_set)
        self.presiding = Presiding(self.store, self.delivery, moved, clock)
        pressing = Pressing(self.store, buttons, force.book, force.pools, clock, self.metrics)
        open_ear = partial(Ear, pressing=pressing, store=self.store, clock=clock, up=self.metrics.listener_up)
        self.listening = Listening(lambda: force.listeners, self.presiding.ready, open_ear)
        self.listener = Loop("listening", self.listening.step)
        self._reclaimed_at = clock()

    @property
    def config(self) -> Config:
        return self.force.config

    def duty_changed(self) -> None:
        """Read again what was said about duty on the fly, here or by another receiver on this database."""
        self.force.duty_changed(self.store)

    def troubles(self) -> list[str]:
        """Why an alert could not become a page just now."""
        loops = (self.folder, self.sender, self.escalator, self.reconciler, self.watcher)
        found = [trouble for each in (*loops, self.store.inbox) if (trouble := each.trouble())]
        try:
            self.store.inbox.waiting()
        except (SQLAlchemyError, OSError) as error:
            found.append(f"the database does not answer ({type(error).__name__})")
        return found

    def warnings(self) -> list[Text]:
        """What people must know though every page that should go out does."""
        return [*self.force.held_back(), *self.listening.warnings(), *self.copying.warnings()]

    def _standing(self) -> Standing:
        return self.store.standing(self.delivery.held)

    async def _fold(self) -> bool:
        await asyncio.sleep(self._gather)
        calls, news, began = self.folding.calls, self.folding.news, monotonic()
        folded = await asyncio.to_thread(self.folding.fold)
        if self.folding.calls != calls:
            self.sender.wake()
        only_repeats = folded >= MANY and self.folding.news == news
        self._gather = min(GATHER_MORE, max(GATHER, 4 * (monotonic() - began))) if only_repeats else GATHER
        return folded > 0

    async def _tidy(self) -> bool:
        if await self.drill_ends.step():
            self.folder.wake()
        return await self.tidying.step()

    async def _review(self) -> bool:
        """One a second, however many are to be made up for: nobody waits for them."""
        if await self.presiding.ready():
            await self.after_air.step()
        return False

    async def _escalate(self) -> bool:
        if not await self.presiding.ready():
            return False
        hands = (self.adopting, self.silencing, self.escalating, self.canary, self.drill_notes)
        if await in_turn(each.step for each in hands):
            self.sender.wake()
        return False

    async def _watch(self) -> bool:
        """By itself: what an odd Alertmanager answers to a comparison must not keep anybody from noticing its end.

        Whoever does not preside looks as well, to know it when the one who does dies together with them.
        """
        await self.looking.look()
        if await self.presiding.ready() and await self.watchdog.step():
            self.folder.wake()
        return False

    async def _reconcile(self) -> bool:
        if await self.presiding.ready() and await self.reconciling.step():
            self.folder.wake()
        return False

    def _clock_was_set(self, by: timedelta) -> None:
        self._reclaimed_at += by

    async def _send(self) -> bool:
        """A page that became due by the clock is found within a second; a new one at once."""
        presiding = await self.presiding.ready()
        if abs(self._clock() - self._reclaimed_at) > RECLAIM_EVERY:
            self._reclaimed_at = self._clock()
            keep = self.delivery.in_hand()
            await asyncio.to_thread(self.store.outbox.reclaim, self._clock(), keep=keep)
            await asyncio.to_thread(self.duty_changed)
        return presiding and await self.delivery.send_due() > 0

    @asynccontextmanager
    async def running(self, _app: FastAPI) -> AsyncIterator[None]:
        # A resolver that hangs holds a thread; the database must still find one.
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(THREADS, thread_name_prefix="work"))
        if not self._opened:
            await asyncio.to_thread(self.open)
        idle = (self.tidier, self.hearer, self.signer, self.copier, self.reviewer)
        judging = (self.watcher, self.reconciler, self.escalator, self.folder, self.sender)
        loops = (*reversed(judging), self.listener, *idle)
        async with AsyncExitStack() as running:
            await running.enter_async_context(self.http)
            await running.enter_async_context(self.looks)
            for each in loops:
                await running.enter_async_context(each)
            yield
            self.copying.stop()
            self.after_air.stop()
            await self.listener.stop()
            await self.listening.stop()
            for loop in (*idle, *judging):
                await loop.stop()
            try:
                await asyncio.wait_for(self.delivery.settle(), STOP_WITHIN)
            except TimeoutError:
                log.warning("some pages were still on their way; the next start takes them up")
        self.door.close()
        await asyncio.to_thread(self.store.close)

    def open(self) -> None:
        """The database, and what is read from it once. Raises `CommandFailed` when it cannot be opened."""
        self._opened = True
        repeated = self.store.open(self._clock())
        if repeated:
            log.warning("%d pages may repeat: their answers were never seen", repeated)
        self.duty_changed()
        self.metrics.registry.register(SessionCollector(lambda: self.config.book, self._clock))
        self.metrics.registry.register(AdoptionCollector(self.force.adoption, self.force.procedures))
        self.metrics.registry.register(PeerCollector(self.looking.sights))
        self.metrics.registry.register(CanaryCollector(self.store, self.force.song, self._clock))
        collector: Collector = StandingCollector(self._standing, self._clock)
        self.metrics.registry.register(collector)
        count = partial(sent_since, self.store.database)
        quotas = QuotaCollector(self.force.quotas, count, self._clock, lambda: self.config.zone)
        self.metrics.registry.register(quotas)


def build(path: Path, clock: Clock = utc_now, host: str = "127.0.0.1", *, opened: bool = False) -> FastAPI:
    """The receiver for the duty.yml at *path*, to listen on *host*. Raises `ConfigError` with all its mistakes.

    *opened*: its database too, which else is opened when the receiver starts to run. Raises `CommandFailed`.
    """
    receiver = Receiver(path, clock, host)
    if opened:
        receiver.open()
    config: Callable[[], Config] = partial(getattr, receiver, "config")
    parts = Parts(
        config=config,
        reload=receiver.force.reload,
        store=receiver.store,
        links=receiver.links,
        duty_links=receiver.duty_links,
        presses=receiver.presses,
        door=receiver.door,
        rearranging=receiver.rearranging,
        reopening=receiver.reopening,
        silencing=receiver.silencing,
        evidence=receiver.evidence,
        evidence_folder=receiver.force.evidence_folder,
        audience=receiver.audience,
        preflight=receiver.preflight,
        duty_changed=receiver.duty_changed,
        metrics=receiver.metrics,
        clock=clock,
        alerts_came=receiver.folder.wake,
        pages_came=receiver.sender.wake,
        held_back=receiver.force.held_back,
        warnings=receiver.warnings,
        troubles=receiver.troubles,
    )
    return create_app(parts, receiver.running)
