"""Each tag counts once, and the live edge has the date that the playlist gives it."""

import pytest

from streamwatch_exporters.hls_low_latency import LowLatency, Part
from streamwatch_exporters.hls_news import LiveEdge, Newness
from streamwatch_exporters.hls_playlist import MediaPlaylist, Segment, read_playlist


def playlist(first: int, listed: int = 4, name: str = "s") -> MediaPlaylist:
    segments = tuple(Segment(f"{name}{i}.ts", 2.0) for i in range(first, first + listed))
    return MediaPlaylist(segments, 2, media_sequence=first)


def dated(first: int, *dates: float | None, discontinuity: bool = False) -> MediaPlaylist:
    segments = [Segment(f"s{first + i}.ts", 2.0, date=date) for i, date in enumerate(dates)]
    if discontinuity:
        segments[-1] = Segment(segments[-1].uri, 2.0, discontinuity=True, date=dates[-1])
    return MediaPlaylist(tuple(segments), 2, media_sequence=first)


def new(known: Newness, read: MediaPlaylist) -> list[str]:
    return [segment.path for segment in known.take(read).segments]


def jumps(*playlists: MediaPlaylist) -> int:
    """How often the dates jump, after the first playlist, over the new segments of each."""
    known, edge = Newness(), LiveEdge()
    edge.take(known.take(playlists[0]))
    return sum(edge.take(known.take(each)) for each in playlists[1:])


def test_the_first_playlist_is_history() -> None:
    """Nobody watched when it came about."""
    assert Newness().take(playlist(7)).history


def test_a_segment_is_new_once() -> None:
    """While the window slides, and also when it slides by more than itself."""
    known = Newness()
    known.take(playlist(0))
    assert new(known, playlist(0)) == []
    assert new(known, playlist(1)) == ["s4.ts"]
    assert new(known, playlist(1, listed=6)) == ["s5.ts", "s6.ts"]
    far = known.take(playlist(50))
    assert (len(far.segments), far.follows) == (4, False)


def test_an_older_copy_brings_nothing_new() -> None:
    """Two caches that take turns do not count a tag twice."""
    known = Newness()
    known.take(playlist(4))
    assert [new(known, playlist(first)) for first in (5, 4, 5, 2, 6)] == [["s8.ts"], [], [], [], ["s9.ts"]]


def test_after_a_restart_everything_is_new_and_follows_nothing() -> None:
    """The numbering begins again."""
    known = Newness()
    known.take(playlist(90))
    news = known.take(playlist(0))
    assert (len(news.segments), news.history, news.follows) == (4, False, False)
    assert new(known, playlist(1)) == ["s4.ts"]


def test_a_delta_update_is_told_apart_by_its_numbers() -> None:
    """The segments that it leaves out are known."""
    known = Newness()
    known.take(playlist(0, listed=6))
    delta = MediaPlaylist(playlist(4, listed=3).segments, 2, media_sequence=0, skipped=4)
    assert new(known, delta) == ["s6.ts"]


def test_the_live_edge_is_the_end_of_the_newest_segment() -> None:
    """Its date and its duration; a date further back is carried on by the durations in between."""
    for dates in ((100.0, 102.0, 104.0), (100.0, None, None)):
        edge = LiveEdge()
        edge.take(Newness().take(dated(0, *dates)))
        assert edge.end == 106.0


def test_a_date_that_has_left_the_window_is_carried_on() -> None:
    """Some packagers write one date, at the beginning."""
    known, edge = Newness(), LiveEdge()
    for read in (dated(0, 100.0, None), dated(1, None, None), dated(2, None, None)):
        edge.take(known.take(read))
    assert edge.end == 108.0


def test_after_missing_segments_an_old_date_says_nothing() -> None:
    """Their durations are not known, so neither is the date."""
    known, edge = Newness(), LiveEdge()
    edge.take(known.take(dated(0, 100.0, 102.0)))
    edge.take(known.take(dated(9, None, None)))
    assert edge.end is None


def test_parts_behind_the_last_segment_move_the_live_edge() -> None:
    """Low-latency HLS; a date in front of the parts is theirs."""
    edge = LiveEdge()
    read = dated(0, 100.0)
    edge.take(Newness().take(read))
    parts = LowLatency(trailing=(Part(1, 0, 0.5), Part(1, 1, 0.5)))
    assert edge.with_parts(MediaPlaylist(read.segments, 2, low_latency=parts)) == 103.0
    assert edge.with_parts(MediaPlaylist(read.segments, 2, low_latency=parts, date_after=110.0)) == 111.0
    assert LiveEdge().with_parts(MediaPlaylist(read.segments, 2, low_latency=parts)) is None


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        (dated(1, 102.0, 104.0), 0),
        (dated(1, 102.0, 104.9), 0),
        (dated(1, 102.0, 105.1), 1),
        (dated(1, 102.0, 102.9), 1),
        (dated(1, 102.0, 205.0, discontinuity=True), 0),
        (dated(1, 102.0, None), 0),
        (dated(9, 900.0, 902.0), 0),
    ],
    ids=["in step", "within a second", "ahead", "back", "discontinuity", "no date", "after missing segments"],
)
def test_dates_that_contradict_the_durations_are_a_jump(after: MediaPlaylist, expected: int) -> None:
    """More than a second, unless a discontinuity announces it."""
    assert jumps(dated(0, 100.0, 102.0), after) == expected


def test_a_jump_is_counted_once_however_long_it_stays_listed() -> None:
    """Not at each look, and two jumps in one window are two."""
    before, after = dated(0, 100.0, 102.0), dated(0, 100.0, 102.0, 204.0)
    later = dated(1, 102.0, 204.0, 306.0)
    assert jumps(before, after, after, later, later) == 2


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("2026-11-22T12:00:00.500Z", 1795348800.5),
        ("2026-11-22T20:00:00.5+08:00", 1795348800.5),
        ("2026-11-22T20:00:00.5+0800", 1795348800.5),
        ("2026-11-22T12:00:00.500000000Z", 1795348800.5),
        ("2026-11-22T12:00:00", None),
        ("yesterday", None),
        ("", None),
    ],
)
def test_a_date_is_read_or_unknown(text: str, date: float | None) -> None:
    """One without a zone may be that of any clock; a bad one makes no playlist unreadable."""
    body = f"#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-PROGRAM-DATE-TIME:{text}\n#EXTINF:2,\na.ts\n"
    read = read_playlist(body.encode())
    assert isinstance(read, MediaPlaylist)
    assert read.segments[0].date == date
