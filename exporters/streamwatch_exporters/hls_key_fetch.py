"""Asks for the keys that playlists name, as a player does. A key is measured, never kept or logged."""

import asyncio
import re
import time
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass

import aiohttp
from yarl import URL

from streamwatch_exporters.buckets import CONNECTING, Buckets
from streamwatch_exporters.fetching import drain
from streamwatch_exporters.hls_keys import Key, KeyFormat
from streamwatch_exporters.playlist_loading import resolve
from streamwatch_exporters.probe import ProbeFailed
from streamwatch_exporters.watching import stop

_LIMIT = 1024  # bytes
_KEY_BYTES = 16
_REMEMBERED = 32  # addresses
_SPACING = 1.0  # seconds between two: addresses whose tokens change at each look must not become a flood
_RETRY = 10.0  # seconds
_OTHER_SCHEME = re.compile(r"(?!https?:)[A-Za-z][A-Za-z0-9+.-]*:", re.IGNORECASE)


@dataclass
class _Asked:
    """What came of one address: `valid` is None when it is not known. `retry_at` is set when it failed."""

    valid: bool | None = None
    retry_at: float | None = None


class KeyWatch:
    """The keys of one stream. Each address is asked once, and every few seconds while it fails."""

    def __init__(self, session: aiohttp.ClientSession, within: float) -> None:
        self.seconds: dict[KeyFormat, Buckets] = {}
        self.failures: dict[KeyFormat, int] = {}
        self._session, self._within = session, within
        self._asked: OrderedDict[URL, _Asked] = OrderedDict()
        self._tasks: set[asyncio.Task[None]] = set()
        self._next = 0.0

    def look_at(self, keys: Iterable[Key], base: URL) -> bool | None:
        """Ask for what is new. Whether all keys that are known are good; None when none is known."""
        known = [valid for key in keys if (valid := self._look(key, base)) is not None]
        return all(known) if known else None

    async def close(self) -> None:
        await stop(self._tasks)

    def _look(self, key: Key, base: URL) -> bool | None:
        if _OTHER_SCHEME.match(key.uri):  # skd:, data: and the like are for the player's DRM
            return None
        try:
            url = resolve(base, key.uri)
        except ProbeFailed:
            return None
        asked = self._asked.get(url)
        now = time.monotonic()
        due = asked is None or (asked.retry_at is not None and now >= asked.retry_at)
        if due and now >= self._next:
            self._next = now + _SPACING
            asked = self._remember(url)
            asked.retry_at = None
            task = asyncio.create_task(self._fetch(url, key, asked))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return asked.valid if asked else None

    def _remember(self, url: URL) -> _Asked:
        asked = self._asked.setdefault(url, _Asked())
        while len(self._asked) > _REMEMBERED:
            self._asked.popitem(last=False)
        return asked

    async def _fetch(self, url: URL, key: Key, asked: _Asked) -> None:
        self.failures.setdefault(key.key_format, 0)
        seconds = self.seconds.setdefault(key.key_format, Buckets(CONNECTING))
        try:
            transfer = await drain(self._session, url, limit=_LIMIT, within=self._within, headers={})
        except Exception as exc:  # noqa: BLE001 - of an address that a stranger wrote; its text may hold a token
            self.failures[key.key_format] += 1
            asked.retry_at = time.monotonic() + _RETRY
            too_large = isinstance(exc, ProbeFailed) and exc.reason == "too_large"
            asked.valid = False if too_large and key.whole_segments else None
            return
        seconds.observe(transfer.seconds)
        asked.valid = transfer.size == _KEY_BYTES if key.whole_segments else None
