"""Which key a playlist asks for."""

import pytest

from streamwatch_exporters.hls_keys import Key, read_key
from streamwatch_exporters.hls_playlist import MasterPlaylist, MediaPlaylist, read_playlist

FAIRPLAY = '#EXT-X-KEY:METHOD=SAMPLE-AES,URI="skd://1",KEYFORMAT="com.apple.streamingkeydelivery"\n'


def keys_of(*tags: str) -> tuple[Key, ...]:
    body = "#EXTM3U\n#EXT-X-TARGETDURATION:2\n" + "".join(f"{tag}#EXTINF:2,\na.ts\n" for tag in tags)
    read = read_playlist(body.encode())
    assert isinstance(read, MediaPlaylist)
    return read.keys


def test_the_newest_key_of_each_format_is_in_force() -> None:
    """A key is replaced by the next of its format, and beside it others may hold."""
    found = keys_of('#EXT-X-KEY:METHOD=AES-128,URI="1"\n', '#EXT-X-KEY:METHOD=AES-128,URI="2"\n' + FAIRPLAY)
    assert [(key.uri, key.key_format, key.whole_segments) for key in found] == [
        ("2", "identity", True),
        ("skd://1", "fairplay", False),
    ]


def test_method_none_ends_all_keys() -> None:
    """What follows is clear."""
    assert keys_of('#EXT-X-KEY:METHOD=AES-128,URI="1"\n', "#EXT-X-KEY:METHOD=NONE\n") == ()


@pytest.mark.parametrize(
    ("key_format", "label"),
    [
        ("urn:uuid:EDEF8BA9-79D6-4ACE-A3C8-27DCD51D21ED", "widevine"),
        ("com.microsoft.playready", "playready"),
        ("identity", "identity"),
        ("my://secret-format", "other"),
    ],
)
def test_formats_are_of_a_closed_list(key_format: str, label: str) -> None:
    """They become labels."""
    key = read_key({"METHOD": "SAMPLE-AES", "URI": "k", "KEYFORMAT": key_format})
    assert key is not None
    assert key.key_format == label


def test_a_master_may_name_keys_in_advance() -> None:
    """EXT-X-SESSION-KEY; an address of a key is never shown."""
    body = '#EXTM3U\n#EXT-X-SESSION-KEY:METHOD=AES-128,URI="k?s3cr3t"\n#EXT-X-STREAM-INF:BANDWIDTH=1\na.m3u8\n'
    master = read_playlist(body.encode())
    assert isinstance(master, MasterPlaylist)
    assert [key.uri for key in master.session_keys] == ["k?s3cr3t"]
    assert "s3cr3t" not in repr(master.session_keys)
