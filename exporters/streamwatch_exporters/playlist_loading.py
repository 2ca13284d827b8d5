"""Fetching a playlist and following what stands in it, for every probe that begins with one."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

from yarl import URL

from streamwatch_exporters.fetching import Fetched, Get
from streamwatch_exporters.hls_playlist import MasterPlaylist, MediaPlaylist, read_playlist
from streamwatch_exporters.hls_variables import Variables
from streamwatch_exporters.probe import ProbeFailed
from streamwatch_exporters.settings import exact_url

_PLAYLIST_LIMIT = 1024 * 1024  # bytes
_LARGE = 128 * 1024  # bytes from which a playlist is read beside the event loop
_DEFINES = b"#EXT-X-DEFINE"


@dataclass(slots=True)  # not frozen: one is made at each look
class Loaded:
    """A playlist as it was read. References in it hang on `url`, the address after redirects."""

    playlist: MasterPlaylist | MediaPlaylist
    url: URL = field(repr=False)
    seconds: float
    answer: Fetched


async def load(
    get: Get,
    url: URL,
    within: float,
    *,
    known: Loaded | None = None,
    imported: Mapping[str, str] | None = None,
) -> Loaded:
    """Fetch and read a playlist in less than `within` seconds, or raise `ProbeFailed`.

    With the same bytes as *known*, the load before, it is the same playlist object. *imported* are the variables
    of its master.
    """
    fetched = await get(url, limit=_PLAYLIST_LIMIT, within=within)
    defines = _DEFINES in fetched.body
    if known is not None and not defines and fetched.body == known.answer.body:
        return Loaded(known.playlist, fetched.url, fetched.seconds, fetched)
    variables = Variables(fetched.url.query, imported or {}) if defines else None
    if len(fetched.body) > _LARGE:
        playlist = await asyncio.to_thread(read_playlist, fetched.body, variables)
    else:
        playlist = read_playlist(fetched.body, variables)
    return Loaded(playlist, fetched.url, fetched.seconds, fetched)


async def load_media(
    get: Get,
    url: URL,
    within: float,
    *,
    known: Loaded | None = None,
    imported: Mapping[str, str] | None = None,
) -> tuple[MediaPlaylist, Loaded]:
    """The same where a media playlist is due."""
    loaded = await load(get, url, within, known=known, imported=imported)
    if isinstance(loaded.playlist, MasterPlaylist):
        raise ProbeFailed("protocol", "a master playlist lists another master playlist")
    return loaded.playlist, loaded


def resolve(base: URL, reference: str) -> URL:
    """Where a reference in a playlist points to."""
    try:
        return base.join(exact_url(reference))
    except ValueError as exc:
        raise ProbeFailed("parse", "an address in the playlist is not a URL") from exc
