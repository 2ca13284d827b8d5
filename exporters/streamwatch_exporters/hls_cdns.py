"""The same stream at other networks: whether each answers, and how many segments it is behind the main address."""

import asyncio
import random
import time
from collections.abc import Callable

from streamwatch_exporters.fetching import Get
from streamwatch_exporters.hls import HlsCopy
from streamwatch_exporters.hls_identity import PlaylistId, listed_playlists
from streamwatch_exporters.hls_playlist import MasterPlaylist, MediaPlaylist
from streamwatch_exporters.playlist_loading import Loaded, load, load_media, resolve
from streamwatch_exporters.probe import ProbeFailed
from streamwatch_exporters.settings import http_url
from streamwatch_exporters.watching import stop

_EVERY = 2.0  # seconds
_JITTER = 0.5  # seconds

MainEdge = Callable[[], tuple[PlaylistId, int] | None]
"""The variant of the main address that copies are compared with, and its next media sequence number."""


class CdnWatch:
    """Looks at one copy again and again until closed. `up` is None until the first look ended."""

    def __init__(self, copy: HlsCopy, timeout: float, get: Get, main: MainEdge) -> None:
        self.id = copy.id
        self.up: bool | None = None
        self.lag: int | None = None  # segments; None when either side is not known
        self._url, self._timeout = http_url(copy.secret_url), timeout
        self._get, self._main = get, main
        self._entry: Loaded | None = None
        self._media: Loaded | None = None
        self._task = asyncio.create_task(self._run())

    async def close(self) -> None:
        await stop([self._task])

    async def _run(self) -> None:
        await asyncio.sleep(random.random() * _JITTER)  # noqa: S311 - spreads load, guards nothing
        while True:
            started = time.monotonic()
            try:
                self._take(await self._look())
            except Exception:  # noqa: BLE001 - whatever it is, the copy cannot be read; its text may hold the address
                self.up, self.lag = False, None
            await asyncio.sleep(max(_JITTER, started + _EVERY - time.monotonic()))

    def _take(self, playlist: MediaPlaylist) -> None:
        main = self._main()
        self.up = True
        self.lag = None if main is None else main[1] - playlist.end_sequence

    async def _look(self) -> MediaPlaylist:
        loaded = self._entry = await load(self._get, self._url, self._timeout, known=self._entry)
        if isinstance(loaded.playlist, MediaPlaylist):
            return loaded.playlist
        url = resolve(loaded.url, self._choose(loaded.playlist))
        imported = loaded.playlist.variables
        playlist, self._media = await load_media(
            self._get, url, self._timeout, known=self._media, imported=imported
        )
        return playlist

    def _choose(self, master: MasterPlaylist) -> str:
        """The variant that the main address is known by, or the first."""
        main = self._main()
        variants = [listed for listed in listed_playlists(master) if listed.variant is not None]
        same = (listed.uri for listed in variants if main is not None and listed.id == main[0])
        first = next(iter(variants), None)
        if first is None:
            raise ProbeFailed("parse", "the master playlist lists no variant with an address")
        return next(same, first.uri)
