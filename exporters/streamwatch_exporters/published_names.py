"""Under which names the streams that are watched are published, as far as streams.yml tells. Pure.

A test that publishes must use none of them. What is not sure counts as a name: to refuse a test costs a new name
for it, to let it go costs the broadcast.
"""

from collections.abc import Iterable, Iterator

from yarl import URL

from streamwatch_exporters.config import Config, Stream
from streamwatch_exporters.rtmp_address import bare_name, split_url
from streamwatch_exporters.settings import Addressed, http_url


def published_names(config: Config) -> set[str]:
    """Each as `bare_name` gives it."""
    return {bare_name(name) for stream in config.streams for name in _names(stream)} - {""}


def _names(stream: Stream) -> Iterator[str]:
    if stream.published is not None:
        yield stream.published.key[1]
    if stream.rtmp is not None:
        yield split_url(stream.rtmp.secret_url).name
    players: Iterable[Addressed | None] = (stream.hls, stream.dash, stream.flv, stream.picture)
    copies = stream.hls.also if stream.hls is not None else ()
    for player in (*players, *copies):
        if player is not None:
            yield from _names_played(http_url(player.secret_url))


def _names_played(url: URL) -> Iterator[str]:
    """Servers play a stream as `/app/NAME.flv`, `/hls/NAME/index.m3u8` or `/live?app=…&stream=NAME`."""
    for part in url.parts:
        yield part
        yield part.partition(".")[0]
    yield from url.query.values()
