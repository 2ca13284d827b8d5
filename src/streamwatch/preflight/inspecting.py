"""Asks everybody at once, and puts the verdict together."""

import asyncio
from collections.abc import Callable, Iterator, Sequence

import httpx

from streamwatch.clock import Clock
from streamwatch.config import Config
from streamwatch.duty import Material, Session, streams
from streamwatch.language import Text
from streamwatch.preflight import people
from streamwatch.preflight.asking import Asking, Told
from streamwatch.preflight.check import Result, Verdict, absent, good, unknown, verdict
from streamwatch.preflight.filling import Exporter, fill
from streamwatch.preflight.line import NOT_ASKED, ON_AIR, width
from streamwatch.preflight.material import judged
from streamwatch.preflight.monitoring import MEASURED, NO_ANSWER, NOT_SCRAPED, START, Own, own, rules
from streamwatch.preflight.people import Open
from streamwatch.preflight.playing import Playing
from streamwatch.preflight.question import Plan
from streamwatch.preflight.seen import SEEN
from streamwatch.preflight.site import SITE
from streamwatch.preflight.way import WAY
from streamwatch.store import Store

CHAIN = (*WAY, *SEEN, *SITE)
ALL = (*CHAIN, *MEASURED)
SCRAPED = {"probes", *(check.key for check in CHAIN)}  # what an exporter tells, that nobody may be asking
_CURE = Text(
    "启动 Prometheus；地址在 duty.yml 的 prometheus.url",
    "start Prometheus; duty.yml has its address as prometheus.url",
)
MOST = 200  # incidents that are open
STAGE = "drill-"  # so begin the names of streams on which drills are played


class Preflight:
    """*config* is that in force at this moment; *troubles* says why the receiver cannot do its job."""

    def __init__(
        self,
        config: Callable[[], Config],
        store: Store,
        asking: Asking,
        clock: Clock,
        troubles: Callable[[], list[str]],
        http: httpx.AsyncClient,
    ) -> None:
        self._config, self._store, self._asking, self._clock = config, store, asking, clock
        self._http, self._troubles = http, troubles
        self._playing = Playing()

    async def streams(self) -> list[str]:
        """Every stream that the calendar, duty.yml or Prometheus knows, but the stage of the drills."""
        book = self._config().book
        seen = {each for each in await self._asking.streams() if not each.startswith(STAGE)}
        return sorted({*streams(book), *book.usual, *seen} - {""})

    async def inspect(
        self, stream: str, session: Session | None, without: Sequence[str] = (), line: str | None = None
    ) -> Verdict:
        """Go or no-go for *stream*. *session*: the one that is meant; else the one that runs, or is the next.

        *line* is the host towards which the line is filled for some seconds, to see what it takes.
        """
        config, at = self._config(), self._clock()
        plan = Plan(stream, at, session or people.session_of(config.book, stream, at))
        material = _material(config, plan)
        told, known, looked = await asyncio.gather(
            self._asking.ask(ALL, stream),
            asyncio.to_thread(self._own, config, plan),
            asyncio.gather(*map(self._playing.look, material)),
        )
        ours, opened = known
        found = [
            ("session", people.session(plan, config.zone)),
            *self._measured(told, plan, config),
            ("throughput", await self._line(line, told, plan, config)),
            *own(ours, at),
            *people.people(config.book, plan, config.zone),
            ("incidents", people.incidents(opened)),
            *(("material", judged(each, seen)) for each, seen in zip(material, looked, strict=True)),
            *people.checklist(_checklist(config, plan)),
        ]
        if not material:
            found.append(("material", absent("没有写 material", "no material is named")))
        return verdict(stream, plan.session.id if plan.session else None, at, found, without)

    def _measured(self, told: Told | None, plan: Plan, config: Config) -> Iterator[tuple[str, Result]]:
        if told is None:
            told_why = NO_ANSWER if self._asking.is_set_up else _NOT_NAMED
            for key in ("prometheus", *(check.key for check in ALL), "rules"):
                yield key, unknown(told_why, _CURE)
            return
        yield "prometheus", good("有回答", "answers")
        yield "rules", rules(told.rules, config.runbooks)
        for check in ALL:
            blind = not told.exporter and check.key in SCRAPED
            yield check.key, unknown(NOT_SCRAPED, START) if blind else check.judge(told.answers[check.key], plan)

    async def _line(self, host: str | None, told: Told | None, plan: Plan, config: Config) -> Result:
        if host is None:
            return NOT_ASKED
        if people.anybody_on_air(config.book, plan):
            return ON_AIR
        part, token = config.file.exporter, config.exporter_token
        exporter = Exporter(str(part.url), token.get_secret_value()) if part and token else None
        return width(await fill(self._http, exporter, host), told and told.answers["ingest"].value("bytes"))

    def _own(self, config: Config, plan: Plan) -> tuple[Own, list[Open]]:
        """In a thread: it asks the database."""
        standing = self._store.standing()
        mine = {
            contact.channel
            for person in people.on_duty(config.book, plan)
            if person in config.book.people
            for contact in config.book.people[person].contacts
        }
        tries = self._store.journal.last_tries(sorted(mine))
        ours = Own(
            standing.heartbeats.get("Watchdog"),
            self._troubles(),
            standing.inbox_troubled,
            standing.outbox_due,
            standing.outbox_oldest,
            standing.pages_dead,
            [(name, good and good.ended_at, bad and bad.ended_at) for name, good, bad in tries],
            config.file.canary is not None,
            self._store.journal.canary_delivered(),
        )
        opened = [
            Open(row.id, row.severity, Text(row.summary_zh, row.summary_en))
            for record in self._store.journal.incidents(limit=MOST)
            if (row := record.incident).stream in (plan.stream, "all", "") and not row.drill
        ]
        return ours, sorted(opened, key=lambda each: each.severity)


_NOT_NAMED = Text("duty.yml 没有写 prometheus.url", "duty.yml names no prometheus.url")


def _material(config: Config, plan: Plan) -> list[Material]:
    """Of the stream, and of the session: one file that both name is looked at once."""
    usual = config.book.usual.get(plan.stream)
    named = [*(usual.material if usual else ()), *(plan.session.material if plan.session else ())]
    return list(dict.fromkeys(named))


def _checklist(config: Config, plan: Plan) -> list[Text]:
    usual = config.book.usual.get(plan.stream)
    return [*(usual.checklist if usual else ()), *(plan.session.checklist if plan.session else ())]
