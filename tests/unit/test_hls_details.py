"""What a playlist tells beyond its age, followed from look to look."""

from streamwatch_exporters.hls_details import Happened, PlaylistDetails
from streamwatch_exporters.hls_playlist import MediaPlaylist, read_playlist
from streamwatch_exporters.hls_stream import drift

MARKS = {
    5: "#EXT-X-DISCONTINUITY\n",
    6: "#EXT-X-GAP\n",
    7: "#EXT-X-CUE-OUT:4\n",
    8: "#EXT-X-CUE-OUT-CONT:2/4\n",
    9: "#EXT-X-CUE-IN\n",
}


def window(first: int, extra: str = "") -> MediaPlaylist:
    head = f"#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:{first}\n{extra}"
    body = "".join(f"{MARKS.get(i, '')}#EXTINF:2,\ns{i}.ts\n" for i in range(first, first + 4))
    playlist = read_playlist((head + body).encode())
    assert isinstance(playlist, MediaPlaylist)
    return playlist


def test_each_mark_counts_once_though_it_is_listed_for_long() -> None:
    """Over ten looks, each of them twice."""
    details = PlaylistDetails()
    cues: list[str] = []
    for first in range(10):
        cues += details.take(window(first)).cues
        cues += details.take(window(first)).cues
    assert (details.discontinuities, details.gaps) == (1, 1)
    assert cues == ["out", "cont", "in"]


def test_marks_of_the_first_playlist_are_history() -> None:
    """They do not count, but that a break is on is known."""
    details = PlaylistDetails()
    assert details.take(window(4)) == Happened()
    assert (details.discontinuities, details.gaps, details.ad_active) == (0, 0, True)


def test_an_ad_break_is_active_until_it_ends() -> None:
    """Before the first cue nothing is known."""
    details = PlaylistDetails()
    active = []
    for first in (0, 3, 4, 5, 6):
        details.take(window(first))
        active.append(details.ad_active)
    assert active == [None, None, True, True, False]


def test_a_date_range_counts_once_and_says_when_the_break_is() -> None:
    """It is listed again and again, and told again when its end is known."""
    date = "#EXT-X-PROGRAM-DATE-TIME:2026-11-22T12:00:{}Z\n"
    begin = '#EXT-X-DATERANGE:ID="7",START-DATE="2026-11-22T12:00:10Z",DURATION=4,SCTE35-{}=0xFC\n'
    details = PlaylistDetails()
    details.take(window(10, date.format("00")))
    seen = []
    for second, extra in (("02", begin.format("OUT")), ("04", begin.format("OUT")), ("08", begin.format("IN"))):
        happened = details.take(window(10 + int(second) // 2, date.format(second) + extra))
        seen.append((happened.cues, details.ad_active))
    assert seen == [(["daterange"], True), ([], True), (["daterange"], False)]


def test_a_part_counts_once() -> None:
    """Parts stay listed while others come, and a slow cache shows older copies."""
    part = '#EXT-X-PART:DURATION=0.5,URI="p{}.mp4"\n'
    details = PlaylistDetails()
    for parts in (1, 2, 2, 1, 3):
        text = "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-PART-INF:PART-TARGET=0.5\n#EXTINF:2,\na.mp4\n"
        playlist = read_playlist((text + "".join(part.format(i) for i in range(parts))).encode())
        assert isinstance(playlist, MediaPlaylist)
        details.take(playlist)
    assert details.parts.cumulative()[-1] == ("+Inf", 3.0)


def test_drift_is_the_distance_of_the_variants() -> None:
    """Of one there is none, and it is not 0."""
    assert drift([7, 9, 12]) == 5
    assert drift([7]) is None
