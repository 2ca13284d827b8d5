"""How many were watching at a moment, as Prometheus remembers it. Who cannot be asked leaves a blank."""

import asyncio
import json
import logging
from collections.abc import Callable
from datetime import datetime

import httpx

log = logging.getLogger(__name__)

PATIENCE = 1.5  # seconds: a form with a blank beats a page that does not come


class Audience:
    """*url* is the address of Prometheus at this moment, None when duty.yml names none."""

    def __init__(self, http: httpx.AsyncClient, url: Callable[[], str | None]) -> None:
        self._http = http
        self._url = url

    async def at(self, stream: str, moment: datetime) -> int | None:
        """Over all platforms that tell; several exporters that tell the same count once. None: nobody knows."""
        url = self._url()
        if url is None:
            return None
        selector = f"streamwatch_viewers{{stream={json.dumps(stream, ensure_ascii=False)}}}"
        query = {"query": f"sum(max by (platform) ({selector}))", "time": str(moment.timestamp())}
        try:
            async with asyncio.timeout(PATIENCE):
                reply = await self._http.get(f"{url.rstrip('/')}/api/v1/query", params=query)
            found = reply.raise_for_status().json()["data"]["result"]
            return round(float(found[0]["value"][1])) if found else None
        except (httpx.HTTPError, TimeoutError, ValueError, KeyError, TypeError, IndexError, OverflowError) as error:
            log.warning("Prometheus did not tell how many were watching: %s", type(error).__name__)
            return None
