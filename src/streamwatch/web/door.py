"""Tries passphrases beside the event loop, a few at once, and remembers who was wrong."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

from fastapi import HTTPException

from streamwatch.access.guesses import Guesses
from streamwatch.access.passphrases import Doorkeeper
from streamwatch.language import Text

WINDOW = timedelta(minutes=15)
BY_NAME, BY_ADDRESS = 10, 50  # mistakes within the window; behind one address may be a whole office
AT_ONCE = 2  # hashes of 64 MiB each
WAITING = 20  # more are sent away, and may come again

BUSY = Text("同时登录的人太多，请稍后再试", "too many people log in at once; try again in a moment")


class Guess:
    """One try. It counts as a mistake from its beginning, so that many at once are no way around the limit."""

    def __init__(self, door: "Door", keys: list[tuple[Guesses, object]], name: str, at: datetime) -> None:
        self._door = door
        self._keys = keys
        self._name = name
        self._at = at
        self.wait = self._longest_wait()

    def _longest_wait(self) -> timedelta:
        """Zero: it may be tried."""
        return max(guesses.wait(key, self._at) for guesses, key in self._keys)

    @property
    def was_the_last(self) -> bool:
        return self._longest_wait() > timedelta(0)

    async def is_right(self, hashes: dict[str, str], passphrase: str) -> bool:
        """Raises 503 when too many wait already."""
        for guesses, key in self._keys:
            guesses.failed(key, self._at)
        try:
            right = await self._door.admits(hashes, self._name, passphrase)
        except HTTPException:
            self._forgive()
            raise
        if right:
            self._forgive()
            self._keys[0][0].forget(self._keys[0][1])
        return right

    def _forgive(self) -> None:
        for guesses, key in self._keys:
            guesses.forgive(key, self._at)


class Door:
    def __init__(self) -> None:
        self._by_name = Guesses(BY_NAME, WINDOW)
        self._by_address = Guesses(BY_ADDRESS, WINDOW)
        self._hashes: dict[str, str] | None = None
        self._keeper = Doorkeeper({})
        self._threads = ThreadPoolExecutor(AT_ONCE, "passphrases")
        self._waiting = 0

    def guess(self, name: str, address: str, at: datetime, *, own: bool) -> Guess:
        """*own*: from a browser in which this name was logged in before; strangers cannot lock it out."""
        keys: list[tuple[Guesses, object]] = [(self._by_name, (own, name))]
        keys += [] if own else [(self._by_address, address)]
        return Guess(self, keys, name, at)

    async def admits(self, hashes: dict[str, str], name: str, passphrase: str) -> bool:
        """Raises 503 when too many wait already."""
        if self._waiting >= WAITING:
            raise HTTPException(503, BUSY, {"Retry-After": "5"})
        if hashes is not self._hashes:
            self._hashes, self._keeper = hashes, Doorkeeper(hashes)
        self._waiting += 1
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._threads, self._keeper.admits, name, passphrase)
        finally:
            self._waiting -= 1

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)
