"""Alertmanager's own list of alerts (API v2), for what a webhook did not tell. Source: api/v2/openapi.yaml."""

import asyncio
import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import httpx

from streamwatch.errors import StreamWatchError

TIMEOUT = 5.0  # seconds
_DECODER, _NEXT = json.JSONDecoder(), re.compile(r"[^\s,\]]")


class NoAnswer(StreamWatchError):
    """Alertmanager's API gave no answer that can be read."""


async def alerts(http: httpx.AsyncClient, url: str) -> dict[str, dict[str, Any]]:
    """All alerts that Alertmanager holds, by fingerprint, silenced and inhibited ones too. Raises `NoAnswer`."""
    try:
        # httpx counts each read anew: an answer that comes drop by drop would never end.
        async with asyncio.timeout(TIMEOUT):
            reply = await http.get(f"{url.rstrip('/')}/api/v2/alerts", timeout=TIMEOUT)
        return await asyncio.to_thread(_by_fingerprint, reply.raise_for_status().text)
    except (httpx.HTTPError, TimeoutError, ValueError, KeyError, TypeError) as error:
        raise NoAnswer from error


def _by_fingerprint(text: str) -> dict[str, dict[str, Any]]:
    """Read one by one: thousands in one go would hold the interpreter, and with it whoever posts meanwhile."""
    text, found, place = text.strip(), dict[str, dict[str, Any]](), 1
    if text[:1] != "[" or text[-1:] != "]":
        raise ValueError("no list")
    while found_next := _NEXT.search(text, place):
        alert, place = _DECODER.raw_decode(text, found_next.start())
        found[alert["fingerprint"]] = alert
    return found


def name(alert: Mapping[str, Any]) -> str:
    return str(alert["labels"].get("alertname", ""))


def receivers(alert: Mapping[str, Any]) -> set[str]:
    """The names in alertmanager.yml of those it goes to: other teams may share this Alertmanager."""
    return {str(each.get("name")) for each in alert.get("receivers", ())}


def is_active(alert: Mapping[str, Any]) -> bool:
    """Whether Alertmanager would tell of it: not silenced, inhibited, or muted (which it says from 0.28 on)."""
    status = alert.get("status", {})
    return status.get("state") == "active" and not status.get("mutedBy")


def as_firing(alert: Mapping[str, Any]) -> dict[str, Any]:
    """An alert of the API as a webhook would have carried it."""
    kept = {name: alert[name] for name in ("labels", "annotations", "startsAt", "fingerprint")}
    return {**kept, "status": "firing"}


def as_resolved(labels: Mapping[str, str], fingerprint: str, starts_at: datetime, at: datetime) -> dict[str, Any]:
    return {
        "labels": dict(labels),
        "annotations": {},
        "startsAt": starts_at.isoformat(),
        "endsAt": at.isoformat(),
        "fingerprint": fingerprint,
        "status": "resolved",
    }


def webhook(alerts: list[dict[str, Any]]) -> bytes:
    """The body that Alertmanager would have posted."""
    return json.dumps({"version": "4", "receiver": "reconciled", "alerts": alerts}).encode()
