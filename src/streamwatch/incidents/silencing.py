"""A person silences an incident for a while: Alertmanager keeps its alerts to itself, and nobody is called for it.

First Alertmanager, then our own record: a crash between the two leaves an incident that calls, and a silence that
runs out by itself. When it is over and something fires still, whoever is on duty is called as if it had just begun.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta, tzinfo

import httpx

from streamwatch.clock import Clock
from streamwatch.incidents.calling import Calling
from streamwatch.incidents.silence import objection
from streamwatch.incidents.timeline import Kind, tell
from streamwatch.intake import alertmanager_silences as there
from streamwatch.intake.alertmanager_api import NoAnswer
from streamwatch.language import Text
from streamwatch.message import clean
from streamwatch.store import Store
from streamwatch.store.ledger import Ledger
from streamwatch.store.rows import Call
from streamwatch.store.silences import Silenced

log = logging.getLogger(__name__)

MOST = 100  # alerts of one incident, each with a silence of its own
NO_REASON = "—"


@dataclass(frozen=True)
class Refused:
    """Nothing was changed."""

    status: int  # as HTTP says it
    words: Text


class Silencing:
    def __init__(
        self,
        store: Store,
        http: httpx.AsyncClient,
        url: Callable[[], str | None],
        calling: Calling,
        clock: Clock,
        zone: tzinfo,
    ) -> None:
        """*url* is that of Alertmanager, as duty.yml has it; *zone* is the team's."""
        self._store = store
        self._http = http
        self._url = url
        self._calling = calling
        self._clock = clock
        self._zone = zone

    async def begin(self, incident: int, length: timedelta, by: str, reason: str) -> Silenced | Refused:
        """*by* silences what fires in it now; what comes later, and is more urgent, calls all the same."""
        at, url = self._clock(), self._url()
        if isinstance(found := await self._live(incident), Refused):
            return found
        if words := objection(found.severity, length, reason):
            return Refused(422, words)
        labels = await asyncio.to_thread(self._store.silences.labels, found.id)
        if not labels or len(labels) > MOST:
            return Refused(409, _unfit(found.id, len(labels)))
        if url is None:
            return Refused(503, NO_ADDRESS)
        ids, until, why = list[str](), at + length, clean(reason, 200) or NO_REASON
        comment = f"incident #{found.id}: {why}"
        try:
            for each in labels:
                ids.append(await there.silence(self._http, url, each, begin=at, end=until, by=by, why=comment))
        except NoAnswer:
            await self._expire(url, ids)
            return Refused(503, NO_ANSWER)
        row = tell(Kind.SILENCED, person=by, until=f"{until.astimezone(self._zone):%H:%M:%S}", what=why)
        if not await asyncio.to_thread(self._store.silences.begin, found.id, ids, until, row, at):
            await self._expire(url, ids)
            return Refused(409, _over(found.id))
        await self._expire(url, found.silences or ())  # the new one is in its place
        return found._replace(silenced_until=until, silences=ids)

    async def end(self, incident: int, by: str) -> Silenced | Refused:
        """From now on it calls again."""
        if isinstance(found := await self._live(incident), Refused):
            return found
        if found.silenced_until is None:
            return Refused(409, Text(f"事件 #{found.id} 没有静默", f"incident #{found.id} is not silenced"))
        if (url := self._url()) and not await self._expire(url, found.silences or ()):
            return Refused(503, NO_ANSWER)
        await asyncio.to_thread(self._call_again, found, by)
        return found._replace(silenced_until=None, silences=None)

    async def step(self) -> bool:
        """Whether a silence ran out, and somebody was called."""
        found = await asyncio.to_thread(self._store.silences.over, self._clock())
        called = [await asyncio.to_thread(self._call_again, each, None) for each in found]
        return any(called)

    async def _live(self, incident: int) -> Silenced | Refused:
        found = await asyncio.to_thread(self._store.silences.find, incident)
        if found is None:
            return Refused(404, Text(f"没有事件 #{incident}", f"there is no incident #{incident}"))
        return Refused(409, _over(found.id)) if found.state == "resolved" else found

    async def _expire(self, url: str, ids: Sequence[str]) -> bool:
        """What could not be ended there ends by itself, and our own record calls meanwhile."""
        try:
            for each in ids:
                await there.expire(self._http, url, each)
        except NoAnswer:
            log.warning("a silence could not be ended at Alertmanager; it runs out by itself")
            return False
        return True

    def _call_again(self, found: Silenced, by: str | None) -> bool:
        """One transaction: the silence is gone and somebody is called, or neither. An ack goes on from now."""
        at = self._clock()
        with self._store.database.writing() as connection:
            ledger = Ledger(connection)
            if not ledger.unsilence(found.id, found.silenced_until, at):
                return False  # ended, silenced anew, or called by another receiver
            row = tell(Kind.UNSILENCED, person=by) if by else tell(Kind.SILENCE_OVER)
            ledger.note(found.id, row, at)
            if found.state == "open":
                call = Call("firing", found.severity, f"silence over:{at.isoformat()}")
                self._calling.call(ledger, found.id, call, found.role, found.stream)
            ledger.flush()
        return found.state == "open"


NO_ADDRESS = Text(
    "duty.yml 没有 alertmanager 地址，不能静默", "duty.yml names no alertmanager, so nothing can be silenced"
)
NO_ANSWER = Text(
    "Alertmanager 没有应答，没有改变；请稍后再试", "Alertmanager does not answer and nothing was changed; try again"
)


def _over(incident: int) -> Text:
    return Text(f"事件 #{incident} 已经结束", f"incident #{incident} is over already")


def _unfit(incident: int, count: int) -> Text:
    if count:
        return Text(
            f"事件 #{incident} 有 {count} 条告警，太多，请在 Alertmanager 里静默",
            f"incident #{incident} has {count} alerts, too many: silence them in Alertmanager",
        )
    return Text(
        f"事件 #{incident} 全部由人上报，不能静默；结束它用 streamwatch resolve",
        f"people reported all of incident #{incident}: end it with streamwatch resolve",
    )
