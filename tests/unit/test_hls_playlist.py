"""A playlist is read as RFC 8216 says, whatever its line ends, and what is no playlist is named as such."""

import pytest

from streamwatch_exporters.hls_identity import PlaylistId, listed_playlists
from streamwatch_exporters.hls_playlist import MasterPlaylist, MediaPlaylist, read_playlist
from streamwatch_exporters.probe import ProbeFailed

MEDIA = """#EXTM3U
#EXT-X-VERSION:3
#EXT-X-TARGETDURATION:6
#EXT-X-MEDIA-SEQUENCE:41
#EXT-X-DISCONTINUITY-SEQUENCE:2
#EXTINF:5.9,title, with a comma
a.ts?token=1
#EXT-X-DISCONTINUITY
#EXT-X-GAP
#EXTINF:6,
b.ts
"""

MASTER = """#EXTM3U
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="aac",NAME="English, dubbed",URI="en.m3u8"
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="aac",NAME="Inside"
#EXT-X-STREAM-INF:BANDWIDTH=800000,RESOLUTION=640x360,CODECS="avc1.4d401e,mp4a.40.2",AUDIO="aac",FRAME-RATE=25.000
low.m3u8?token=abc
#EXT-X-STREAM-INF:BANDWIDTH=2500000,RESOLUTION=1280x720
high.m3u8
#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=100000,URI="frames.m3u8"
"""


def media(text: str) -> MediaPlaylist:
    playlist = read_playlist(text.encode())
    assert isinstance(playlist, MediaPlaylist)
    return playlist


def master(text: str) -> MasterPlaylist:
    playlist = read_playlist(text.encode())
    assert isinstance(playlist, MasterPlaylist)
    return playlist


def test_a_media_playlist_is_read_whole() -> None:
    """Numbers, segments and the tags that belong to the next segment only."""
    playlist = media(MEDIA)
    assert (playlist.media_sequence, playlist.discontinuity_sequence, playlist.target_duration) == (41, 2, 6)
    assert [(s.path, s.duration, s.discontinuity, s.gap) for s in playlist.segments] == [
        ("a.ts", 5.9, False, False),
        ("b.ts", 6.0, True, True),
    ]
    assert (playlist.end_sequence, playlist.duration) == (43, pytest.approx(11.9))


@pytest.mark.parametrize(
    "change", [lambda t: t.replace("\n", "\r\n"), lambda t: "\ufeff" + t, lambda t: t.rstrip()]
)
def test_line_ends_and_a_byte_order_mark_change_nothing(change) -> None:  # type: ignore[no-untyped-def]
    """CRLF, a BOM or a missing last line end give the same playlist."""
    assert media(change(MEDIA)) == media(MEDIA)


def test_without_media_sequence_the_first_segment_is_number_zero() -> None:
    """RFC 8216 section 4.3.3.2: absent means 0."""
    assert media(MEDIA.replace("#EXT-X-MEDIA-SEQUENCE:41\n", "")).media_sequence == 0


def test_byte_ranges_follow_each_other() -> None:
    """Section 4.3.2.2: a range without an offset begins where the one before it ended."""
    text = "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n#EXT-X-BYTERANGE:100@20\na.ts\n"
    playlist = media(text + "#EXTINF:2,\n#EXT-X-BYTERANGE:50\na.ts\n")
    assert [segment.byte_range for segment in playlist.segments] == [(20, 100), (120, 50)]


def test_the_newest_part_of_low_latency_hls_is_kept() -> None:
    """Parts after the last segment move the playlist on before the segment is complete."""
    parted = MEDIA + '#EXT-X-PART:DURATION=1,URI="b2.1.mp4?t=1"\n#EXT-X-PART:DURATION=1,URI="b2.2.mp4?t=1"\n'
    assert media(parted).last_part == "b2.2.mp4"


def test_a_master_playlist_lists_variants_and_renditions() -> None:
    """Quoted commas stay whole, and renditions without an address are not listed."""
    playlist = master(MASTER)
    assert [(v.uri, v.bandwidth, v.resolution, v.codecs) for v in playlist.variants] == [
        ("low.m3u8?token=abc", 800000, "640x360", "avc1.4d401e,mp4a.40.2"),
        ("high.m3u8", 2500000, "1280x720", ""),
    ]
    assert [(r.kind, r.group, r.name) for r in playlist.renditions] == [("audio", "aac", "English, dubbed")]


def test_a_variant_is_named_by_what_it_is_and_not_by_its_address() -> None:
    """A token that rotates changes no label."""
    rotated = MASTER.replace("token=abc", "token=xyz")
    names = [each.id for each in listed_playlists(master(MASTER))]
    assert names == [each.id for each in listed_playlists(master(rotated))]
    assert names == [
        PlaylistId(variant="640x360@800000"),
        PlaylistId(variant="1280x720@2500000"),
        PlaylistId(rendition="audio/aac/English, dubbed"),
    ]


def test_variants_that_look_alike_are_told_apart() -> None:
    """Codecs tell two apart; a true double, as a backup is, gets a number."""
    line = '#EXT-X-STREAM-INF:BANDWIDTH=1000,RESOLUTION=2x2,CODECS="{}"\n{}.m3u8\n'
    text = "#EXTM3U\n" + line.format("hvc1", "a") + line.format("avc1", "b") + line.format("avc1", "c")
    assert [each.id.variant for each in listed_playlists(master(text))] == [
        "2x2@1000/hvc1",
        "2x2@1000/avc1",
        "2x2@1000/avc1#2",
    ]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "empty"),
        (b"  \r\n", "empty"),
        (b"<!doctype html><html></html>", "HTML"),
        (b"not found", "not a playlist"),
        (b"\xff\xfe\x00#", "UTF-8"),
        (b"#EXTM3U\n", "neither"),
        (b"#EXTM3U\n#EXT-X-TARGETDURATION:soon\n", "TARGETDURATION is not a number"),
        (b"#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:-4\n", "out of range"),
        (b"#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:1e999\n", "not a number"),
        (b"#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:nan,\na.ts\n", "EXTINF is out of range"),
        (b"#EXTM3U\n#EXT-X-TARGETDURATION:2\na.ts\n", "no EXTINF"),
        (b"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n", "no variant"),
    ],
)
def test_what_is_no_playlist_is_named(body: bytes, says: str) -> None:
    """The reason is `parse`, and the text says what came instead."""
    with pytest.raises(ProbeFailed, match=says) as failed:
        read_playlist(body)
    assert failed.value.reason == "parse"
