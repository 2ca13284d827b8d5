"""What is known of a playlist over time: when it advanced and which rules it broke, on a clock by hand."""

from streamwatch_exporters.hls_playlist import MediaPlaylist, Segment
from streamwatch_exporters.hls_state import PlaylistState, Rule


def playlist(
    first: int, *, listed: int = 4, duration: float = 2.0, target: float | None = 2, **more
) -> MediaPlaylist:  # type: ignore[no-untyped-def]
    name = more.pop("name", "s")
    segments = tuple(Segment(f"{name}{i}.ts?t={first}", duration) for i in range(first, first + listed))
    return MediaPlaylist(segments, target, media_sequence=first, **more)


def broken(state: PlaylistState) -> dict[Rule, int]:
    return {rule: count for rule, count in state.violations.items() if count}


def test_before_the_first_look_nothing_is_known() -> None:
    """Unknown is None, never 0."""
    assert PlaylistState().age(5.0) is None
    assert PlaylistState().stall_ratio(5.0) is None


def test_age_grows_while_the_playlist_stands_still_and_restarts_when_it_advances() -> None:
    """Age is measured at the moment of asking, not at the last look."""
    state = PlaylistState()
    assert state.take(playlist(0), now=10.0)
    assert not state.take(playlist(0), now=13.0)
    assert state.age(14.5) == 4.5
    assert state.stall_ratio(14.0) == 2.0
    assert state.take(playlist(1), now=15.0)
    assert state.age(15.5) == 0.5


def test_a_new_token_in_the_segment_addresses_is_no_advance() -> None:
    """Queries rotate while the picture stands."""
    state = PlaylistState()
    state.take(MediaPlaylist((Segment("a.ts?t=1", 2.0),), 2), now=0.0)
    assert not state.take(MediaPlaylist((Segment("a.ts?t=2", 2.0),), 2), now=1.0)


def test_a_new_part_is_an_advance() -> None:
    """Low-latency HLS moves by parts."""
    state = PlaylistState()
    state.take(playlist(0, last_part="p1"), now=0.0)
    assert state.take(playlist(0, last_part="p2"), now=0.5)


def test_an_edge_that_goes_back_and_forth_has_not_advanced() -> None:
    """Two caches with old copies must not hide a stall by taking turns."""
    state = PlaylistState()
    for now, first in enumerate([8, 9, 8, 9, 8, 9]):
        state.take(playlist(first), now=float(now))
    assert state.age(10.0) == 9.0


def test_a_restarted_origin_is_a_regress_once_and_has_advanced() -> None:
    """The numbering begins again: new content, one violation, also when the names repeat."""
    state = PlaylistState()
    for first in range(8):
        state.take(playlist(first), now=float(first))
    assert state.take(playlist(0, listed=1), now=20.0)
    assert state.take(playlist(0, listed=2), now=21.0)
    assert state.age(21.0) == 0.0
    assert broken(state) == {"media_sequence_regress": 1}


def test_a_condition_that_lasts_is_counted_when_it_begins() -> None:
    """Ten looks at a segment that is too long are one violation; after a good look it can begin again."""
    state = PlaylistState()
    for look in range(10):
        state.take(playlist(0, duration=2.6), now=float(look))
    assert broken(state) == {"target_duration_exceeded": 1}
    state.take(playlist(4), now=11.0)
    state.take(playlist(5, duration=2.5), now=12.0)
    assert state.violations["target_duration_exceeded"] == 2


def test_rounding_up_to_the_target_duration_is_allowed() -> None:
    """RFC 8216 section 4.3.3.1: 2.49 rounds to 2."""
    state = PlaylistState()
    state.take(playlist(0, duration=2.49), now=0.0)
    assert broken(state) == {}


def test_each_rule_is_seen() -> None:
    """One step for each way in which two playlists can contradict each other."""
    steps: dict[Rule, tuple[MediaPlaylist, MediaPlaylist]] = {
        "media_sequence_gap": (playlist(0), playlist(9)),
        "segment_rewritten": (playlist(0), playlist(1, name="other")),
        "playlist_shrunk": (playlist(0), playlist(0, listed=3)),
        "target_duration_changed": (playlist(0), playlist(1, listed=6, target=3)),
        "target_duration_missing": (playlist(0), playlist(1, target=None)),
        "window_too_short": (playlist(0), playlist(2, listed=2)),
        "discontinuity_sequence": (playlist(0, discontinuity_sequence=3), playlist(1)),
        "endlist_on_live": (playlist(0), playlist(1, ended=True)),
    }
    for rule, (before, after) in steps.items():
        state = PlaylistState()
        state.take(before, now=0.0)
        assert rule not in broken(state)
        state.take(after, now=1.0)
        assert broken(state) == {rule: 1}, rule


def test_a_gap_after_our_own_pause_is_not_the_origins() -> None:
    """When nobody looked for longer than the window, segments came and went unseen."""
    state = PlaylistState()
    state.take(playlist(0), now=0.0)
    state.take(playlist(50), now=100.0)
    assert broken(state) == {}


def test_the_first_segments_of_a_stream_are_not_a_short_window() -> None:
    """Nothing was taken away yet."""
    state = PlaylistState()
    state.take(playlist(0, listed=1), now=0.0)
    assert broken(state) == {}


def test_names_that_end_alike_are_still_different_segments() -> None:
    """The whole path tells them apart: many packagers count in front of a fixed ending."""
    state = PlaylistState()
    state.take(MediaPlaylist((Segment("a-1-video.ts", 2.0),), 2), now=0.0)
    assert state.take(MediaPlaylist((Segment("b-1-video.ts", 2.0),), 2), now=1.0)
    assert broken(state) == {"segment_rewritten": 1}


def test_a_delta_update_is_no_shrunk_playlist() -> None:
    """It leaves out what is known, and breaks no rule by that; a new segment in it is an advance."""
    state = PlaylistState()
    state.take(playlist(4, listed=8), now=0.0)
    same = MediaPlaylist(playlist(10, listed=2).segments, 2, media_sequence=4, skipped=6)
    more = MediaPlaylist(playlist(10, listed=3).segments, 2, media_sequence=4, skipped=6)
    assert not state.take(same, now=1.0)
    assert state.take(more, now=2.0)
    assert broken(state) == {}


def test_a_condition_that_is_seen_elsewhere_counts_when_it_begins() -> None:
    """And a look at the playlist in between does not end it."""
    state = PlaylistState()
    for look in range(5):
        state.take(playlist(look), now=float(look))
        state.hold("bad_content_type", holds=True)
    assert broken(state) == {"bad_content_type": 1}
    state.hold("bad_content_type", holds=False)
    state.hold("bad_content_type", holds=True)
    assert broken(state) == {"bad_content_type": 2}


def test_the_same_playlist_again_is_no_advance() -> None:
    """A playlist whose bytes did not change is the same object; the look still counts as one."""
    state = PlaylistState()
    same = playlist(0)
    assert state.take(same, now=0.0)
    assert not state.take(same, now=8.0)
    state.take(playlist(9), now=9.0)
    assert broken(state) == {"media_sequence_gap": 1}
