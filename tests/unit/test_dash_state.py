"""What is known of a DASH stream over time: when it advanced and which rules it broke, on a clock by hand."""

import pytest

from streamwatch_exporters.dash_manifest import Manifest
from streamwatch_exporters.dash_reading import read_manifest
from streamwatch_exporters.dash_rules import Rule
from streamwatch_exporters.dash_state import DashState

NAME = "640x360@800000"
SOUND = "audio@64000"
RESTART = ((100, 5), (101, 0), (102, 0))  # first segment of the picture, and how many the sound lists


def representation(first: int, listed: int, *, entries: str = "", sound: bool = False) -> str:
    """Segments of two seconds, numbered from the beginning of the presentation."""
    entries = entries or (f'<S t="{first * 2}" d="2" r="{listed - 1}"/>' if listed else "")
    template = f'<SegmentTemplate media="$Time$.m4s"><SegmentTimeline>{entries}</SegmentTimeline></SegmentTemplate>'
    what = 'bandwidth="64000"' if sound else 'bandwidth="800000" width="640" height="360"'
    kind = "audio" if sound else "video"
    inner = f'<Representation id="{kind}" {what}>{template}</Representation>'
    return f'<AdaptationSet contentType="{kind}">{inner}</AdaptationSet>'


def period(first: int, listed: int = 5, *, id_: str = "p0", start: int = 0, entries: str = "") -> str:
    return f'<Period id="{id_}" start="PT{start}S">{representation(first, listed, entries=entries)}</Period>'


def manifest(
    periods: str | int = 100, *, published: int = 0, began: str = "1970-01-01T00:00:00Z", more: str = ""
) -> Manifest:
    """A number is that of the first of five segments."""
    body = period(periods) if isinstance(periods, int) else periods
    kind = "" if "type=" in more else 'type="dynamic"'
    told = f'publishTime="1970-01-01T00:{published // 60:02}:{published % 60:02}Z"'
    return read_manifest(f'<MPD {kind} availabilityStartTime="{began}" {told} {more}>{body}</MPD>'.encode())


def broken(state: DashState) -> dict[Rule, int]:
    return {rule: count for rule, count in state.violations.items() if count}


def after(*manifests: Manifest, every: float = 1.0) -> DashState:
    """The state after looks that are so many seconds apart; it is 1000 s into the presentation all the while."""
    state = DashState()
    for at, each in enumerate(manifests):
        state.take(each, at * every, 1000.0)
    return state


def test_before_the_first_look_nothing_is_known() -> None:
    """Unknown is None, never 0."""
    assert DashState().age(5.0) is None
    assert DashState().representations == {}


def test_ages_grow_while_the_manifest_stands_still_and_begin_anew_when_it_advances() -> None:
    """They are measured at the moment of asking, not at the last look."""
    state = DashState()
    state.take(manifest(100, published=1), 10.0, 1000.0)
    state.take(manifest(100, published=1), 13.0, 1000.0)
    one = state.representations[NAME]
    assert (state.age(14.0), one.age(14.0), one.stall_ratio(14.0)) == (4.0, 4.0, 2.0)
    assert state.end_age(one, 1000.0) == 790.0
    state.take(manifest(101, published=2), 15.0, 1000.0)
    assert (state.age(15.5), one.age(15.5)) == (0.5, 0.5)
    assert state.end_age(one, 1000.0) == 788.0


def test_a_new_publish_time_alone_moves_no_representation() -> None:
    """A packager that goes on writing while its encoder hangs."""
    state = DashState()
    state.take(manifest(100, published=1), 0.0, 1000.0)
    state.take(manifest(100, published=2), 5.0, 1000.0)
    assert (state.age(6.0), state.representations[NAME].age(6.0)) == (1.0, 6.0)


def test_a_window_that_only_loses_its_beginning_has_not_advanced() -> None:
    """Old segments go on being taken away while no new ones come."""
    state = after(manifest(period(100, 5)), manifest(period(101, 4)), manifest(period(102, 3)))
    assert state.representations[NAME].age(2.0) == 2.0


def test_an_edge_that_goes_back_and_forth_has_not_advanced() -> None:
    """Two caches with old copies must not hide a stall by taking turns."""
    state = DashState()
    for now, first in enumerate([100, 101, 100, 101, 100, 101]):
        state.take(manifest(first, published=first), float(now), 1000.0)
    assert state.representations[NAME].age(9.0) == 8.0
    assert state.age(9.0) == 8.0


def test_a_template_by_the_clock_advances_by_the_segments_that_came() -> None:
    """Its manifest stays the same for hours and says nothing."""
    template = '<SegmentTemplate duration="2" media="$Number$.m4s"/>'
    text = (
        f'<Period id="p"><AdaptationSet>{template}<Representation id="v" bandwidth="9"/></AdaptationSet></Period>'
    )
    state, same = DashState(), manifest(text)
    state.take(same, 0.0, 1000.0)
    one = state.representations["other@9"]
    assert (one.age(5.0), one.stall_ratio(5.0), state.end_age(one, 1000.0)) == (None, None, None)
    state.came("other@9", 998.0, 1.0)
    state.came("other@9", 998.0, 2.0)
    assert (one.age(5.0), state.end_age(one, 1000.0)) == (4.0, 2.0)
    state.came("other@9", 1000.0, 3.0)
    assert one.age(5.0) == 2.0
    state.take(same, 4.0, 1004.0)
    assert one.window.end == 1002.0
    assert broken(state) == {}


def test_a_manifest_that_lists_nothing_does_not_end_the_ages() -> None:
    """An encoder that starts anew writes such: a series that vanished would look like a recovery."""
    state = after(manifest(100), manifest(period(100, 0)), manifest('<Period id="p1" start="PT999S"/>'))
    one = state.representations[NAME]
    assert (one.age(9.0), one.listed) == (9.0, False)


def test_one_representation_that_lists_nothing_keeps_its_age_beside_another() -> None:
    """Its encoder starts anew; the other goes on."""
    both = [
        f'<Period id="p0">{representation(n, 5)}{representation(100, m, sound=True)}</Period>' for n, m in RESTART
    ]
    state = after(*map(manifest, both))
    sound = state.representations[SOUND]
    assert (sound.age(2.0), sound.listed) == (2.0, False)
    assert state.representations[NAME].age(2.0) == 0.0


def test_a_gap_counts_when_it_comes_up_and_not_while_it_moves_through_the_window() -> None:
    """It is in many manifests, each of which is another one."""
    entries = [f'<S t="200" d="2" r="4"/><S t="213" d="2" r="{more}"/>' for more in range(6)]
    state = after(manifest(100), *(manifest(period(0, entries=each)) for each in entries))
    assert broken(state) == {"timeline_gap": 1}


def test_a_representation_that_is_no_longer_there_leaves_no_series() -> None:
    """And that it went within its period is a violation."""
    both = f'<Period id="p0">{representation(100, 5)}{representation(100, 5, sound=True)}</Period>'
    state = after(manifest(both), manifest(101))
    assert list(state.representations) == [NAME]
    assert broken(state) == {"representation_vanished": 1}


def test_a_static_manifest_keeps_the_time_it_began() -> None:
    """ffmpeg leaves it out at the end, where the age is what tells how long nothing has come."""
    over = read_manifest(f"<MPD>{period(100)}</MPD>".encode())
    state = after(manifest(100), over)
    assert state.end_age(state.representations[NAME], 1000.0) == 790.0
    assert broken(state) == {"static_on_live": 1}


@pytest.mark.parametrize(
    ("rule", "manifests"),
    [
        ("publish_time_regress", [manifest(100, published=9), manifest(101, published=8)]),
        ("availability_start_changed", [manifest(100), manifest(5, began="1970-01-01T00:10:00Z")]),
        ("static_on_live", [manifest(100), manifest(101, more='type="static"')]),
        ("timeline_regress", [manifest(100), manifest(3)]),
        ("timeline_shrunk", [manifest(100), manifest(period(100, 3))]),
        ("timeline_gap", [manifest(100), manifest(106)]),
        (
            "timeline_gap",
            [manifest(100), manifest(period(0, entries='<S t="200" d="2" r="4"/><S t="213" d="2"/>'))],
        ),
        (
            "timeline_overlap",
            [manifest(100), manifest(period(0, entries='<S t="200" d="2" r="4"/><S t="209" d="2" r="2"/>'))],
        ),
        ("timeline_in_future", [manifest(100), manifest(period(100, 410))]),
        ("segment_duration_exceeded", [manifest(100, more='maxSegmentDuration="PT1S"')]),
        (
            "window_too_short",
            [manifest(n, more='timeShiftBufferDepth="PT30S"') for n in (100, 101)],
        ),
        ("period_vanished", [manifest(100), manifest(period(0, id_="p1", start=210))]),
        (
            "duration_mismatch",
            [manifest(period(100, id_="") + period(0, id_="p1", start=220))],
        ),
    ],
)  # fmt: skip
def test_a_rule_that_is_broken_counts_once(rule: Rule, manifests: list[Manifest]) -> None:
    """However long it lasts; and nothing else counts with it."""
    state = after(*manifests)
    assert broken(state) == {rule: 1}
    for now in range(10, 15):
        state.take(manifests[-1], float(now), 1000.0)
    assert broken(state) == {rule: 1}


@pytest.mark.parametrize(
    "manifests",
    [
        [manifest(n, published=n) for n in range(100, 110)],
        [manifest(n, more='timeShiftBufferDepth="PT10S" maxSegmentDuration="PT2S"') for n in range(100, 110)],
        [manifest(period(100, n), more='timeShiftBufferDepth="PT30S"') for n in (2, 3, 4, 5)],
        [
            manifest(period(100)),
            manifest(period(100) + period(0, 1, id_="p1", start=210)),
            manifest(period(103, 2) + period(0, 3, id_="p1", start=210)),
            manifest(period(0, id_="p1", start=210)),
        ],
        [manifest(period(0, entries='<S t="0" d="2"/><S t="9" d="2"/>'), published=1)],
    ],
    ids=["advances", "as announced", "still fills", "goes from period to period", "a gap before we came"],
)
def test_a_stream_that_goes_as_it_should_breaks_nothing(manifests: list[Manifest]) -> None:
    """False alarms are for the night."""
    assert broken(after(*manifests)) == {}


def test_a_pause_of_ours_is_no_gap_of_theirs() -> None:
    """After half a minute without a look nobody can tell what stood in between."""
    assert broken(after(manifest(100), manifest(120), every=30.0)) == {}


def test_a_representation_that_falls_behind_counts_when_it_begins_to() -> None:
    """More than three segments behind the newest."""

    def both(video: int, audio: int) -> Manifest:
        parts = representation(video, 5) + representation(audio, 5, sound=True)
        return manifest(f'<Period id="p0">{parts}</Period>')

    state = after(*(both(100 + n, 100) for n in range(4)))
    assert broken(state) == {}
    for now in range(4, 7):
        state.take(both(100 + now, 100), float(now), 1000.0)
    assert broken(state) == {"representation_drift": 1}
    assert state.representations[SOUND].age(6.0) == 6.0
    assert state.representations[NAME].age(6.0) == 0.0


def test_what_others_saw_is_held_beside_what_the_manifest_says() -> None:
    """A clock that is wrong stays wrong when the manifest changes, and counts again when it went right between."""
    state = after(manifest(100))
    state.hold("utc_timing_skew", holds=True)
    state.take(manifest(101), 1.0, 1000.0)
    state.hold("utc_timing_skew", holds=True)
    assert broken(state) == {"utc_timing_skew": 1}
    state.hold("utc_timing_skew", holds=False)
    state.hold("utc_timing_skew", holds=True)
    assert broken(state) == {"utc_timing_skew": 2}
