"""Low-latency HLS: parts, what the server offers, and the reload that it holds back."""

import pytest
from yarl import URL

from streamwatch_exporters.hls_low_latency import LowLatency, Part, Report, ServerControl, next_reload
from streamwatch_exporters.hls_playlist import MediaPlaylist, read_playlist

TEXT = """#EXTM3U
#EXT-X-TARGETDURATION:4
#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=1.5,HOLD-BACK=12,CAN-SKIP-UNTIL=24
#EXT-X-PART-INF:PART-TARGET=0.5
#EXT-X-MEDIA-SEQUENCE:7
#EXTINF:4,
7.mp4
#EXT-X-PART:DURATION=0.5,URI="8.0.mp4",INDEPENDENT=YES
#EXT-X-PART:DURATION=0.4,URI="8.1.mp4",GAP=YES
#EXTINF:4,
8.mp4
#EXT-X-PART:DURATION=0.5,URI="9.0.mp4?t=1"
#EXT-X-PRELOAD-HINT:TYPE=PART,URI="9.1.mp4"
#EXT-X-RENDITION-REPORT:URI="../low.m3u8",LAST-MSN=9,LAST-PART=0
"""


def media(text: str) -> MediaPlaylist:
    playlist = read_playlist(text.encode())
    assert isinstance(playlist, MediaPlaylist)
    return playlist


def test_all_tags_are_read() -> None:
    """Parts are numbered within the segment that they make up."""
    assert media(TEXT).low_latency == LowLatency(
        control=ServerControl(can_block_reload=True, hold_back=12, part_hold_back=1.5, can_skip_until=24),
        part_target=0.5,
        parts=(Part(8, 0, 0.5), Part(8, 1, 0.4, gap=True), Part(9, 0, 0.5)),
        trailing=(Part(9, 0, 0.5),),
        preload_hint="9.1.mp4",
        reports=(Report("../low.m3u8", 9, 0),),
    )
    assert media(TEXT).last_part == "9.0.mp4"


def test_a_playlist_without_these_tags_is_not_low_latency() -> None:
    """Nothing is exported for it."""
    assert media("#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\na.ts\n").low_latency is None


@pytest.mark.parametrize("bad", ["soon", "-1", "nan", "1e9", ""])
def test_a_bad_number_is_unknown_and_the_playlist_is_still_read(bad: str) -> None:
    """The segments can be played without it."""
    low_latency = media(TEXT.replace("PART-TARGET=0.5", f"PART-TARGET={bad}")).low_latency
    assert low_latency is not None
    assert low_latency.part_target is None


def test_a_delta_update_keeps_the_numbers_of_its_segments() -> None:
    """What it skips is still part of the playlist."""
    delta = media(TEXT.replace("#EXTINF:4,\n7.mp4\n", "#EXT-X-SKIP:SKIPPED-SEGMENTS=5\n"))
    assert (delta.media_sequence, delta.first_sequence, delta.end_sequence) == (7, 12, 13)
    assert delta.low_latency is not None
    assert [part.segment for part in delta.low_latency.parts] == [12, 12, 13]


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://a/live.m3u8", "http://a/live.m3u8?_HLS_msn=9&_HLS_part=1"),
        ("http://a/live.m3u8?t=a%2Fb%20+#x", "http://a/live.m3u8?t=a%2Fb%20+&_HLS_msn=9&_HLS_part=1"),
    ],
)
def test_the_next_part_is_asked_for_at_the_same_address(url: str, expected: str) -> None:
    """A signature in the address stays as it was written."""
    playlist = media(TEXT)
    assert playlist.low_latency is not None
    assert str(next_reload(URL(url, encoded=True), playlist.end_sequence, playlist.low_latency)) == expected


def test_without_parts_the_next_segment_is_asked_for() -> None:
    """A server may block reloads and have no parts."""
    whole = LowLatency(ServerControl(can_block_reload=True))
    assert str(next_reload(URL("http://a/live.m3u8"), 9, whole)) == "http://a/live.m3u8?_HLS_msn=9"
