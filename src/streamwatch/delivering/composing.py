"""Gathers what one message says: the incident, the evidence, the runbook, the links."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import tzinfo
from typing import Any

from sqlalchemy import Row
from sqlalchemy.exc import SQLAlchemyError

from streamwatch.access.buttons import Buttons
from streamwatch.access.links import Links
from streamwatch.clock import Clock
from streamwatch.delivering.digest import Item, Letter, word_digest
from streamwatch.delivering.wording import DOUBT, Call, Occasion, word, word_plain, word_test
from streamwatch.duty import Person
from streamwatch.evidence import Evidence
from streamwatch.incidents.informing import role_of
from streamwatch.language import Text
from streamwatch.message import TOLD, Message
from streamwatch.runbook import Runbooks
from streamwatch.store.journal import Journal
from streamwatch.store.outbox import Page

log = logging.getLogger(__name__)


class Composing:
    def __init__(
        self,
        journal: Journal,
        evidence: Evidence,
        runbooks: Callable[[], Runbooks],
        links: Links,
        buttons: Buttons,
        zone: tzinfo,
        clock: Clock,
        way_is_open: Callable[[], Awaitable[bool]] | None = None,
        name: Callable[[str], str] = str,
    ) -> None:
        """*name* is what people are called, by their ids."""
        self._journal = journal
        self._evidence = evidence
        self._runbooks = runbooks
        self._links = links
        self._buttons = buttons
        self._zone = zone
        self._clock = clock
        self._way_is_open = way_is_open
        self._name = name

    async def message(self, page: Page, person: Person) -> Message:
        """What *page* says to *person* now."""
        if page.incident_id is None:
            return word_test(self._call(page, person), self._clock().astimezone(self._zone))
        try:
            return await self._full(page, page.incident_id, person)
        except (SQLAlchemyError, OSError):
            raise  # it may be there in a moment
        except Exception:
            log.exception("what a page says could not be put together; it goes out without")
            return word_plain(self._call(page, person), page.incident_id, page.severity)

    async def _full(self, page: Page, incident: int, person: Person) -> Message:
        occasion = await self._occasion(incident)
        if page.kind == TOLD:
            called = await asyncio.to_thread(self._journal.called, incident)
            occasion = replace(occasion, called=tuple(map(self._name, called)))
        call, runbooks = self._call(page, person), self._runbooks()
        translation = word(replace(call, person=_in_the_other_language(person)), occasion, runbooks)
        channel = person.contacts[page.contact].channel if page.contact < len(person.contacts) else ""
        thread = await asyncio.to_thread(self._journal.earlier, incident, channel)
        return replace(word(call, occasion, runbooks), thread=thread, translation=translation)

    async def digest(self, pages: Sequence[Page], person: Person) -> Message:
        """What all of *pages* say to *person* now, in one message."""
        incidents = [page.incident_id for page in pages if page.incident_id is not None]
        rows = await asyncio.to_thread(self._journal.headlines, incidents)
        over = any(row.resolved_at is not None for row in rows)
        letter = Letter(
            page_id=str(pages[0].id),
            person=person,
            maybe_repeated=any(page.maybe_repeated for page in pages),
            ack_url=self._links.ack_list(person.id, self._clock()),
            console_url=self._links.console(None),
            button=self._buttons.ack_list(self._clock()),
            note=DOUBT if over and await self._way_is_closed() else None,
        )
        told = {page.incident_id for page in pages if page.kind == TOLD}
        items = [_item(row, told=row.id in told) for row in rows]
        translation = word_digest(replace(letter, person=_in_the_other_language(person)), items)
        return replace(word_digest(letter, items), translation=translation)

    def _call(self, page: Page, person: Person) -> Call:
        incident = page.incident_id
        return Call(
            page_id=str(page.id),
            kind=page.kind,  # type: ignore[arg-type]  # the store holds what ledger and outbox wrote: a Kind
            person=person,
            reason=page.reason,
            maybe_repeated=page.maybe_repeated,
            ack_url=None if incident is None else self._links.ack(incident, person.id),
            console_url=self._links.console(incident),
            button=None if incident is None else self._buttons.ack(incident),
            told_as=role_of(page.occasion),
        )

    async def _occasion(self, incident: int) -> Occasion:
        row = await asyncio.to_thread(self._journal.headline, incident)
        assert row is not None  # a page points to its incident, and is deleted with it
        evidence = row.evidence or {}
        if row.category and not evidence and row.resolved_at is None:
            categories = await asyncio.to_thread(self._journal.categories, incident)
            evidence = await self._evidence.samples(row.stream, categories)
            if evidence:
                await asyncio.to_thread(self._journal.keep_evidence, incident, evidence)
        # Whoever said that a fire is out was there; no probe has a say in it.
        measured = not row.alertname.startswith("Reported")
        doubtful = measured and row.resolved_at is not None and await self._way_is_closed()
        return Occasion(
            id=str(row.id),
            stream=row.stream,
            procedure=row.procedure,
            hop=row.hop,
            severity=row.severity,
            role=row.role,
            alertname=row.alertname,
            category=row.category,
            summary=Text(row.summary_zh, row.summary_en),
            runbook_step=row.runbook_step,
            drill=row.drill,
            opened_at=row.opened_at.astimezone(self._zone),
            resolved_at=row.resolved_at and row.resolved_at.astimezone(self._zone),
            evidence=evidence,
            doubtful=doubtful,
            taken_by=self._name(row.acknowledged_by) if row.acknowledged_by else None,
        )

    async def _way_is_closed(self) -> bool:
        """An end that was told now may be none."""
        return self._way_is_open is not None and not await self._way_is_open()


def _in_the_other_language(person: Person) -> Person:
    return replace(person, language="en" if person.language == "zh" else "zh")


def _item(row: Row[Any], *, told: bool) -> Item:
    summary, over = Text(row.summary_zh, row.summary_en), row.resolved_at is not None
    return Item(row.id, row.stream, row.severity, summary, row.role, over, row.drill, told and not over)
