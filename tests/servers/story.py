"""A receiver without its HTTP face, on a clock that the test moves: alerts in, pages out, as a story.

Alice is on duty, Bob is next, Charlie is off.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx

from streamwatch.access.buttons import Buttons
from streamwatch.access.links import Links
from streamwatch.channels.channel import ChannelError, Limit, Receipt
from streamwatch.delivering.composing import Composing
from streamwatch.delivering.delivery import Delivery
from streamwatch.delivering.setbacks import Ways
from streamwatch.duty import Contact, DutyBook, Person, Session
from streamwatch.evidence import Evidence
from streamwatch.incidents.adoption import Adoption
from streamwatch.incidents.folding import Folding
from streamwatch.intake.alertmanager import read
from streamwatch.message import Message
from streamwatch.metrics import Metrics
from streamwatch.runbook import Runbook, Section
from streamwatch.store import Store
from streamwatch.store.journal import Record

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@dataclass
class Hands:
    """A clock whose hands the test moves."""

    now: datetime = NOON

    def __call__(self) -> datetime:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@dataclass
class Phone:
    """A channel that does what the test wrote into *script*, then delivers; it remembers what rang."""

    limits: tuple[Limit, ...] = ()
    script: list[ChannelError | Exception] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    rang: list[tuple[str, Message]] = field(default_factory=list)

    async def send(self, message: Message, to: str) -> Receipt:
        self.asked.append(to)
        if self.script:
            raise self.script.pop(0)
        self.rang.append((to, message))
        return Receipt(f"id-{len(self.rang)}")

    def heard(self) -> list[tuple[str, str]]:
        """Who heard which kind of message, in order."""
        return [(to, message.kind) for to, message in self.rang]


def person(name: str, *channels: str) -> Person:
    contacts = tuple(Contact(channel, name) for channel in channels or ("phone",))
    return Person(name, name.capitalize(), "en" if name == "bob" else "zh", contacts)


def book(
    people: tuple[Person, ...] | None = None,
    default: Mapping[str, tuple[str, ...]] | None = None,
    sessions: tuple[Session, ...] = (),
) -> DutyBook:
    cast = people or (person("alice"), person("bob"), person("charlie"))
    lists = {"tech": ("alice", "bob"), "service": ("bob",), "ops": ("bob",)} if default is None else default
    return DutyBook({each.id: each for each in cast}, lists, sessions, "ops")


def alert(
    name: str = "StreamNotPublishing",
    *,
    stream: str = "demo",
    status: str = "firing",
    started: datetime = NOON,
    severity: str = "P0",
    role: str = "tech",
    procedure: str = "stream_interruption",
    **labels: str,
) -> dict[str, object]:
    """One alert as Alertmanager writes it. An empty label is left out."""
    given = {
        "alertname": name,
        "stream": stream,
        "hop": "ingest",
        "procedure": procedure,
        "severity": severity,
        "role": role,
    }
    every = {key: value for key, value in {**given, **labels}.items() if value}
    return {
        "status": status,
        "labels": every,
        "annotations": {
            "summary_zh": "推流断开",
            "summary_en": "nothing arrives",
            "runbook_step": "publisher-gone",
        },
        "startsAt": started.isoformat(),
        "endsAt": (started + timedelta(minutes=1)).isoformat() if status == "resolved" else "0001-01-01T00:00:00Z",
        "fingerprint": "",
    }


def webhook(*alerts: Mapping[str, object], receiver: str = "streamwatch") -> bytes:
    return json.dumps({"version": "4", "receiver": receiver, "status": "firing", "alerts": alerts}).encode()


RUNBOOKS = {
    ("stream_interruption", language): Runbook(
        "stream_interruption",
        title,
        {"publisher-gone": Section("publisher-gone", title, tuple(f"{word} {n}" for n in range(1, 7)))},
    )
    for language, title, word in (("zh", "推流断开", "第"), ("en", "publisher gone", "step"))
}


class Story:
    def __init__(
        self, folder: Path, duty: DutyBook | None = None, *, database: str | None = None, **phones: Phone
    ) -> None:
        """On SQLite in *folder*, or on the *database* that is named."""
        self.clock = Hands()
        self.database = database or f"sqlite:///{folder}/story.db"
        self.folder = folder
        self.phones = phones or {"phone": Phone()}
        self.book = duty or book()
        self.adoption = Adoption()
        self.metrics = Metrics()
        self.http = httpx.AsyncClient(verify=False)
        self._start()

    def _start(self) -> None:
        self.store = Store(self.database)
        self.repeated = self.store.open(self.clock())
        self.folding = Folding(
            self.store.database, lambda: self.book, self.clock, self.metrics, adoption=lambda: self.adoption
        )
        self.buttons = Buttons("a key of the story")
        links = Links("http://127.0.0.1:8780", "a key of the story")
        composing = Composing(
            self.store.journal,
            Evidence(self.http, None, None),
            lambda: RUNBOOKS,  # type: ignore[arg-type, return-value]
            links,
            self.buttons,
            ZoneInfo("Asia/Shanghai"),
            self.clock,
            name=lambda person: self.book.name(person),
        )
        ways = Ways(self.book, self.phones)
        self.delivery = Delivery(
            self.store,
            lambda: ways,
            composing,
            self.clock,
            self.metrics,
            lambda: 0.0,
            adoption=lambda: self.adoption,
        )

    @property
    def phone(self) -> Phone:
        return self.phones["phone"]

    async def push(self, *alerts: Mapping[str, object]) -> None:
        """One webhook, and everything that follows at once."""
        await self.accept(*alerts)
        await self.turn()

    async def accept(self, *alerts: Mapping[str, object]) -> None:
        """One webhook as the intake takes it in."""
        body = webhook(*alerts)
        await self.store.inbox.accept("alertmanager", body, self.clock(), read(body).urgent)

    async def turn(self) -> None:
        """Fold and deliver what can be done at this instant."""
        while self.folding.fold():
            continue
        while await self.delivery.send_due():
            await self.delivery.settle()

    async def wait(self, seconds: float, step: float = 1.0) -> None:
        """Let the clock run, in steps, with everything that becomes due on the way."""
        end = self.clock.now + timedelta(seconds=seconds)
        while self.clock.now < end:
            self.clock.advance(step)
            await self.turn()

    async def restart(self) -> None:
        """As after kill -9: nothing in memory survives, the database does."""
        self.store.close()
        self._start()
        await self.delivery.remember()

    def incidents(self) -> list[Record]:
        """All of them, oldest first."""
        return self.store.journal.incidents(("open", "acknowledged", "resolved"))[::-1]

    def kinds(self, record: Record) -> list[str]:
        return [row.kind for row in record.timeline]

    async def close(self) -> None:
        await self.http.aclose()
        self.store.close()
