"""Incidents as the receiver's API tells them, for what is made of them: an evening of a demo stream."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from streamwatch.incidents.timeline import Kind, Row, acknowledged, tell

SHANGHAI = ZoneInfo("Asia/Shanghai")
EIGHT = datetime(2026, 11, 22, 20, 0, tzinfo=SHANGHAI)

Rows = Mapping[float, Row]  # by seconds since the incident opened


def at(seconds: float, since: datetime = EIGHT) -> str:
    return (since + timedelta(seconds=seconds)).isoformat(timespec="milliseconds")


def alert(
    name: str = "StreamNotPublishing",
    *,
    start: float = 0,
    end: float | None = 200,
    severity: str = "P0",
    **labels: str,
) -> dict[str, Any]:
    """Times are seconds since eight."""
    return {
        "alertname": name,
        "fingerprint": labels.pop("fingerprint", name),
        "hop": "ingest",
        "severity": severity,
        "status": "firing" if end is None else "resolved",
        "labels": labels,
        "starts_at": at(start),
        "ends_at": None if end is None else at(end),
        "seen": 1,
    }


def page(person: str = "alice", **changes: object) -> dict[str, Any]:
    """Alice was told over the phone after two seconds."""
    told = {
        "id": "1",
        "person": person,
        "person_name": person.capitalize(),
        "kind": "firing",
        "state": "delivered",
        "channel": "phone",
        "created_at": at(0),
        "delivered_at": at(2),
        "attempts": 1,
        "maybe_repeated": False,
    }
    return told | changes


def incident(number: int = 12, rows: Rows | None = None, **changes: object) -> dict[str, Any]:
    """A P0 at eight, taken by Alice after half a minute and over after two hundred seconds."""
    told = {30.0: acknowledged("alice")} if rows is None else rows
    return {
        "id": str(number),
        "stream": "demo",
        "procedure": "stream_interruption",
        "hop": "ingest",
        "severity": "P0",
        "role": "tech",
        "state": "resolved",
        "drill": False,
        "alertname": "StreamNotPublishing",
        "summary_zh": "推流断开",
        "summary_en": "nothing arrives",
        "runbook_step": "publisher-gone",
        "acknowledged_by": None,
        "acknowledged_by_name": None,
        "opened_at": at(0),
        "resolved_at": at(200),
        "evidence": {},
        "pages": [page()],
        "alerts": [alert(fingerprint=f"series of {number}")],
        "timeline": [_row(seconds, row) for seconds, row in told.items()],
    } | changes


def note(person: str, text: str) -> Row:
    return tell(Kind.NOTED, person=person, what=text)


def _row(seconds: float, row: Row) -> dict[str, Any]:
    texts = {"text_zh": row.text.zh, "text_en": row.text.en}
    return {"at": at(seconds), "kind": row.kind.value, "person": row.person, "channel": row.channel, **texts}
