"""What the API and the pages do alike when a person reports, or says that it is over."""

import asyncio
from collections.abc import Callable
from secrets import token_hex
from typing import TypeVar

from fastapi import HTTPException

from streamwatch.errors import NotStored
from streamwatch.incidents import trigger
from streamwatch.intake.alertmanager import read
from streamwatch.intake.alertmanager_api import webhook
from streamwatch.web.api import no_incident, refused
from streamwatch.web.parts import Parts

T = TypeVar("T")

SOURCE = "person"  # of the inbox
PATIENCE = 2.0  # seconds for the number of the incident; the report is safe long before
LOOK_EVERY = 0.02


async def report(
    parts: Parts, matter: trigger.Matter, stream: str, note: str, by: str | None, *, drill: bool = False
) -> str:
    """Return the id of the report when it is on the disk. Raises 503 when it is not."""
    given = trigger.Report(matter, stream, note, by, parts.clock(), token_hex(8), drill)
    await _accept(parts, [trigger.firing(given)])
    return given.id


async def incident_of(parts: Parts, report_id: str, patience: float = PATIENCE) -> int | None:
    """The incident it opened or joined, if that is known soon."""
    return await _soon(lambda: parts.store.reports.incident_of(trigger.fingerprint(report_id)), patience)


async def close(parts: Parts, incident: int, by: str | None, note: str) -> None:
    """Whatever people reported in it is over.

    Raises 404; 409 when nobody can say so, when it was said, or when it is part of another one: what else that one
    holds may not be over.
    """
    row = await asyncio.to_thread(parts.store.journal.headline, incident)
    if row is None:
        raise no_incident(incident)
    if row.state == "resolved":
        raise refused(409, f"事件 #{incident} 已经结束", f"incident #{incident} is over already")
    if row.state == "merged":
        raise await asyncio.to_thread(_merged, parts, incident)
    reported = await asyncio.to_thread(parts.store.reports.firing, incident)
    if not reported:
        raise refused(
            409,
            f"事件 #{incident} 由监测判断何时结束，不用手动结束；要认领请用 streamwatch ack",
            f"the end of incident #{incident} is measured, nobody has to say it; to take it: streamwatch ack",
        )
    at = parts.clock()
    await _accept(
        parts, [trigger.over(each.labels, each.fingerprint, each.starts_at, by, note, at) for each in reported]
    )
    await _soon(lambda: not parts.store.reports.firing(incident) or None, PATIENCE)


def _merged(parts: Parts, incident: int) -> HTTPException:
    """Where it went, and what can be done there."""
    into = parts.store.journal.live(incident)
    row = parts.store.journal.headline(into)
    if row is not None and row.state == "resolved":
        zh, en = "也已经结束", "which is over already"
    else:
        zh, en = f"要结束请用 streamwatch resolve {into}", f"to end that one: streamwatch resolve {into}"
    return refused(409, f"事件 #{incident} 已并入 #{into}，{zh}", f"incident #{incident} is part of #{into}, {en}")


async def _accept(parts: Parts, alerts: list[dict[str, object]]) -> None:
    try:
        await parts.store.inbox.accept(SOURCE, body := webhook(alerts), parts.clock(), read(body).urgent)
    except NotStored:
        parts.metrics.webhooks.labels(SOURCE, "not_stored").inc()
        raise refused(
            503,
            "没有存下来，没有呼叫任何人：请马上打电话，然后再试",
            "it was not stored and nobody was called: telephone now, then try again",
        ) from None
    parts.metrics.webhooks.labels(SOURCE, "accepted").inc()
    parts.alerts_came()


async def _soon(look: Callable[[], T | None], patience: float) -> T | None:
    deadline = asyncio.get_running_loop().time() + patience
    while (found := await asyncio.to_thread(look)) is None:
        if asyncio.get_running_loop().time() > deadline:
            return None
        await asyncio.sleep(LOOK_EVERY)
    return found
