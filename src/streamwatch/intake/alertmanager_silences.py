"""Silences of Alertmanager (API v2): one for each alert, by all of its labels. Source: api/v2/openapi.yaml.

By all labels, severity too: what becomes more urgent is another alert, and is told.
"""

from collections.abc import Mapping
from datetime import datetime

import httpx

from streamwatch.intake.alertmanager_api import TIMEOUT, NoAnswer


async def silence(
    http: httpx.AsyncClient,
    url: str,
    labels: Mapping[str, str],
    *,
    begin: datetime,
    end: datetime,
    by: str,
    why: str,
) -> str:
    """Keep that alert to itself until *end*; the id of the silence. Raises `NoAnswer` when it does not."""
    matchers = [{"name": name, "value": labels[name], "isRegex": False, "isEqual": True} for name in sorted(labels)]
    body = {
        "matchers": matchers,
        "startsAt": begin.isoformat(),
        "endsAt": end.isoformat(),
        "createdBy": by,
        "comment": why,
    }
    try:
        reply = await http.post(f"{url.rstrip('/')}/api/v2/silences", json=body, timeout=TIMEOUT)
        return str(reply.raise_for_status().json()["silenceID"])
    except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
        raise NoAnswer from error


async def expire(http: httpx.AsyncClient, url: str, silence_id: str) -> None:
    """End it now. One that is over or unknown is no failure. Raises `NoAnswer`."""
    try:
        reply = await http.delete(f"{url.rstrip('/')}/api/v2/silence/{silence_id}", timeout=TIMEOUT)
    except httpx.HTTPError as error:
        raise NoAnswer from error
    # Versions differ in how they say that it is over already: 404, or 500 with words.
    if reply.status_code == 200 or reply.status_code == 404 or "expired" in reply.text:
        return
    raise NoAnswer
