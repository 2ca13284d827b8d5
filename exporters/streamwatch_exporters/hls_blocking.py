"""Low-latency HLS: a reload that the server holds back until there is news (rfc8216bis section 6.2.5.2)."""

from collections.abc import Mapping

import aiohttp
from yarl import URL

from streamwatch_exporters.fetching import through
from streamwatch_exporters.hls_low_latency import next_reload
from streamwatch_exporters.hls_playlist import MediaPlaylist
from streamwatch_exporters.playlist_loading import load_media
from streamwatch_exporters.probe import ProbeFailed

EVERY = 10.0  # seconds
_TARGETS = 3  # a server may hold a request for so many target durations
_AT_MOST = 30.0  # seconds


def offers_blocking(playlist: MediaPlaylist) -> bool:
    return playlist.low_latency is not None and playlist.low_latency.control.can_block_reload and not playlist.ended


async def blocking_reload(
    session: aiohttp.ClientSession, url: URL, playlist: MediaPlaylist, imported: Mapping[str, str]
) -> float | None:
    """Seconds until the next part or segment came; None when it did not, or the server ignored the question."""
    assert playlist.low_latency is not None
    asked = playlist.end_sequence, len(playlist.low_latency.trailing)
    address = next_reload(url, playlist.end_sequence, playlist.low_latency)
    within = min(_AT_MOST, _TARGETS * (playlist.target_duration or 2.0))
    try:
        answer, loaded = await load_media(through(session), address, within, imported=imported)
    except ProbeFailed:
        return None
    return loaded.seconds if _reached(answer) > asked else None


def _reached(playlist: MediaPlaylist) -> tuple[int, int]:
    trailing = playlist.low_latency.trailing if playlist.low_latency else ()
    return playlist.end_sequence, len(trailing)
