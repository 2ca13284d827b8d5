"""What viewers wrote, for the person who is called: text has no place in a metric, so the exporter is asked.

A page never waits long for it and never fails for lack of it.
"""

import asyncio
import logging
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

import httpx

log = logging.getLogger(__name__)

PATIENCE = 1.5  # seconds: a page without samples beats a late page


class Evidence:
    """Asks the exporter's chat intake. *url* is None when no exporter is configured."""

    def __init__(self, http: httpx.AsyncClient, url: str | None, token: str | None) -> None:
        self._http = http
        self._url = url.rstrip("/") if url else None
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}

    async def samples(self, stream: str, categories: Sequence[str]) -> dict[str, dict[str, Any]]:
        """For each category: how many people of how many, and their words. Missing ones could not be had."""
        if self._url is None or not stream:
            return {}
        found: dict[str, dict[str, Any]] = {}
        try:
            # Around everything: httpx counts each read anew, and answers may come drop by drop.
            async with asyncio.timeout(PATIENCE):
                for category in categories:
                    answer = await self._ask(stream, category)
                    if answer is not None:
                        found[category] = answer
        except TimeoutError:
            log.warning("the exporter's samples took too long; the page goes out with those that came")
        return found

    async def rooms(self) -> Any | None:
        """What viewers complain about now in every room, as the exporter says it. None: it does not say."""
        if self._url is None:
            return None
        try:
            async with asyncio.timeout(PATIENCE):
                reply = await self._http.get(f"{self._url}/api/v1/chat", headers=self._headers, timeout=PATIENCE)
                return reply.raise_for_status().json()
        except (httpx.HTTPError, httpx.InvalidURL, ValueError, TimeoutError) as error:
            log.debug("the exporter does not say what viewers complain about: %s", type(error).__name__)
            return None

    async def _ask(self, stream: str, category: str) -> dict[str, Any] | None:
        # A stream may be called "room:1" or "#1": it is one step of the path, whatever is in it.
        url = f"{self._url}/api/v1/chat/{quote(stream, safe='', errors='replace')}/samples"
        try:
            reply = await self._http.get(
                url, params={"category": category, "limit": 5}, headers=self._headers, timeout=PATIENCE
            )
            answer = reply.raise_for_status().json()
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            log.warning("no samples of category %s from the exporter: %s", category, type(error).__name__)
            return None
        return answer if isinstance(answer, dict) else None
