"""EXT-X-DEFINE: a name stands for a value, and a name without a value is refused."""

import pytest

from streamwatch_exporters.hls_playlist import MasterPlaylist, MediaPlaylist, read_playlist
from streamwatch_exporters.hls_variables import Variables
from streamwatch_exporters.probe import ProbeFailed

SEGMENTS = "#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n"


def media(text: str, **known: dict[str, str]) -> MediaPlaylist:
    read = read_playlist(("#EXTM3U\n" + text).encode(), Variables(**known))
    assert isinstance(read, MediaPlaylist)
    return read


def test_a_variable_is_put_in_where_its_name_stands() -> None:
    """In the lines of segments and in attributes."""
    text = '#EXT-X-DEFINE:NAME="host",VALUE="edge7"\n#EXT-X-MAP:URI="/{$host}/init.mp4"\n'
    read = media(text + SEGMENTS + "/{$host}/a.ts?x={$host}\n")
    assert read.segments[0].uri == "/edge7/a.ts?x=edge7"
    assert read.segments[0].initialisation is not None
    assert read.segments[0].initialisation.uri == "/edge7/init.mp4"


def test_a_variable_may_come_from_the_address_of_the_playlist() -> None:
    """QUERYPARAM carries a token on."""
    read = media('#EXT-X-DEFINE:QUERYPARAM="token"\n' + SEGMENTS + "a.ts?t={$token}\n", query={"token": "s3"})
    assert read.segments[0].uri == "a.ts?t=s3"


def test_a_variable_may_come_from_the_master() -> None:
    """IMPORT; the master tells what it defined."""
    body = '#EXTM3U\n#EXT-X-DEFINE:NAME="v",VALUE="1"\n#EXT-X-STREAM-INF:BANDWIDTH=1\n{$v}.m3u8\n'
    master = read_playlist(body.encode())
    assert isinstance(master, MasterPlaylist)
    assert master.variants[0].uri == "1.m3u8"
    read = media('#EXT-X-DEFINE:IMPORT="v"\n' + SEGMENTS + "{$v}.ts\n", imported=dict(master.variables))
    assert read.segments[0].uri == "1.ts"


@pytest.mark.parametrize(
    "define",
    ['QUERYPARAM="token"', 'IMPORT="token"', 'NAME="other",VALUE="1"'],
)
def test_a_name_without_a_value_is_refused(define: str) -> None:
    """As players do; the error holds no value."""
    with pytest.raises(ProbeFailed, match="variable") as failed:
        media(f"#EXT-X-DEFINE:{define}\n" + SEGMENTS + "{$token}.ts\n", query={"secret": "s3cr3t"})
    assert failed.value.reason == "parse"
    assert "s3cr3t" not in str(failed.value)


def test_a_value_cannot_write_attributes() -> None:
    """A quote in a query would end the attribute that it is put into."""
    with pytest.raises(ProbeFailed):
        media('#EXT-X-DEFINE:QUERYPARAM="t"\n' + SEGMENTS + "a.ts\n", query={"t": 'x",METHOD="NONE'})


def test_without_a_definition_a_brace_is_a_brace() -> None:
    """Playlists of old know no variables."""
    assert media(SEGMENTS + "{$name}.ts\n").segments[0].uri == "{$name}.ts"
