"""What is known over samples: durations add up, gaps are no evidence, counters begin at zero."""

import pytest

from streamwatch_exporters.picture_facts import Audio, Channel, Facts, Held, Track, Video, timestamp_step
from streamwatch_exporters.picture_metrics import counts_of, values_of
from streamwatch_exporters.picture_state import Holding, PictureState, Sample

NOT = Held()
ALL = Held(stretches=((0, 2),), from_start=True, to_end=True)  # of a segment of two seconds
END = Held(stretches=((1.5, 2),), to_end=True)
START = Held(stretches=((0, 0.5),), from_start=True)


def video(black: Held = NOT, frozen: Held = NOT, slate: Held | None = None, *resolutions: str) -> Video:
    return Video(
        depth="full",
        frames=50,
        black_pixel_ratio=0.25,
        luma_mean_ratio=0.5,
        difference_ratio=0.02,
        black=black,
        frozen=frozen,
        slate=slate,
        resolutions=resolutions or ("320x180",),
    )


def audio(clipped: int = 0, **silent: Held) -> Audio:
    channels = tuple(
        Channel(name=name, level=-20, clipped=clipped, silent=held)
        for name, held in (silent or {"FC": NOT}).items()
    )
    return Audio(channels=channels, momentary=-23, whole=-22, format_changes=0)


def track(at: float = 0.0, seconds: float = 2.0, **changed: object) -> Track:
    told = {"codec": "h264", "profile": "High", "resolution": "320x180", "start": at, "seconds": seconds}
    times = {"first_dts": at, "last_dts": at + seconds - 0.04, "size": 50_000, "keyframes": (0.0,)}
    return Track.model_validate({**told, **times, **changed})


def watched(**seconds: float | None) -> PictureState:
    wanted = {"black_seconds": 3.0, "frozen_seconds": 3.0, "silent_seconds": 3.0, "slate_seconds": None, **seconds}
    return PictureState(**wanted)  # type: ignore[arg-type]


def holding(*takes: tuple[Held, bool]) -> Holding:
    holds = Holding(minimum=3.0)
    for held, follows in takes:
        holds.take(held, follows=follows)
    return holds


def test_what_holds_over_segments_that_follow_adds_up() -> None:
    """Two seconds are too short, four are enough; then all of it counts."""
    holds = holding((NOT, False), (ALL, True))
    assert (holds.verdict, holds.seconds) == (False, 0)
    holds.take(ALL, follows=True)
    assert (holds.verdict, holds.seconds) == (True, 4)
    holds.take(START, follows=True)
    assert (holds.verdict, holds.seconds) == (False, 4.5)


def test_a_gap_makes_nothing_last_longer() -> None:
    """Two seconds, a gap, two seconds: whether it was black between them nobody knows."""
    holds = holding((NOT, False), (ALL, True), (ALL, False))
    assert (holds.verdict, holds.seconds) == (None, 0)
    holds.take(ALL, follows=True)
    assert (holds.verdict, holds.seconds) == (True, 4)


def test_a_gap_ends_nothing_that_was_established() -> None:
    """It was black, and it is black: no recovery in between was seen. Only what was seen is counted."""
    holds = holding((NOT, False), (ALL, True), (ALL, True), (ALL, False))
    assert (holds.verdict, holds.seconds) == (True, 6)
    holds.take(NOT, follows=False)
    assert (holds.verdict, holds.seconds) == (False, 6)


def test_what_cannot_be_seen_is_neither_yes_nor_no() -> None:
    """And what was established is established still when it is seen again."""
    holds = holding((NOT, False), (ALL, True), (ALL, True))
    holds.lose_sight()
    assert holds.verdict is None
    holds.take(ALL, follows=False)
    assert holds.verdict is True


def test_a_beginning_that_was_seen_is_judged() -> None:
    """Half a second at the end of a segment is short; when the next segment goes on, it is the same run."""
    holds = holding((END, False))
    assert (holds.verdict, holds.run) == (False, 0.5)
    holds.take(ALL, follows=True)
    holds.take(ALL, follows=True)
    assert (holds.verdict, holds.seconds) == (True, 4.5)


def test_an_end_within_a_segment_is_seen_although_it_begins_anew() -> None:
    """Two times within one segment are two times."""
    twice = Held(stretches=((0, 0.5), (1.5, 2)), from_start=True, to_end=True)
    holds = holding((NOT, False), (ALL, True), (ALL, True), (twice, True))
    assert (holds.verdict, holds.run, holds.seconds) == (False, 0.5, 4.5)


def test_a_short_time_in_the_middle_counts_for_nothing() -> None:
    """It never reached the minimum."""
    blink = Held(stretches=((0.5, 1.5),))
    assert holding((blink, False), (blink, True)).seconds == 0


def test_a_run_after_an_earlier_gap_is_judged_by_its_own_beginning() -> None:
    """Not by that of the run before."""
    holds = holding((ALL, False), (NOT, True), (ALL, True))
    assert holds.verdict is False


def test_nothing_is_told_before_the_first_sample() -> None:
    """Counters begin at zero, gauges not at all."""
    state = watched()
    assert values_of(state) == {}
    counts = counts_of(state)
    assert set(counts.values()) == {0}
    assert ("streamwatch_video_black_seconds",) in counts
    assert ("streamwatch_segment_timestamp_jumps", "audio", "backward") in counts


def test_a_black_stream_is_told_with_its_evidence() -> None:
    """The verdict, and what it rests on."""
    state = watched(black_seconds=2.0, slate_seconds=2.0)
    state.take(Sample(Facts(video_track=track(), video=video(black=ALL, slate=NOT)), follows=False))
    values = values_of(state)
    assert values["streamwatch_video_black",] == 1
    assert values["streamwatch_video_frozen",] == values["streamwatch_video_slate",] == 0
    assert values["streamwatch_video_black_pixel_ratio",] == 0.25
    assert values["streamwatch_video_frame_difference_ratio",] == 0.02
    assert values["streamwatch_segment_bandwidth_bytes_per_second", "video"] == 25_000
    assert counts_of(state)["streamwatch_video_black_seconds",] == 2
    assert not [key for key in values if "audio" in key[0]]
    assert state.suspicious


def test_a_sample_without_pictures_tells_nothing_of_them() -> None:
    """Not black, not frozen: unknown. The sound is told all the same."""
    state = watched()
    state.take(Sample(Facts(video=video(), audio=audio()), follows=False))
    state.take(Sample(Facts(audio=audio()), follows=True))
    values = values_of(state)
    assert not [key for key in values if key[0].startswith("streamwatch_video")]
    assert values["streamwatch_audio_silent", "FC"] == 0


def test_no_value_outlives_a_failure() -> None:
    """Counters do."""
    state = watched(black_seconds=2.0)
    state.take(Sample(Facts(video=video(black=ALL), audio=audio()), follows=False))
    state.lose_sight()
    assert values_of(state) == {}
    assert counts_of(state)["streamwatch_video_black_seconds",] == 2


def test_each_channel_has_its_silence() -> None:
    """One that speaks hides none that is silent, and one that is gone leaves no value."""
    state = watched(silent_seconds=2.0)
    state.take(Sample(Facts(audio=audio(FL=NOT, FR=ALL)), follows=False))
    values = values_of(state)
    assert values["streamwatch_audio_silent", "FL"] == 0
    assert values["streamwatch_audio_silent", "FR"] == 1
    state.take(Sample(Facts(audio=audio(FC=NOT)), follows=True))
    assert [key[1] for key in values_of(state) if key[0] == "streamwatch_audio_silent"] == ["FC"]


def test_clipping_begins_at_zero_for_each_channel() -> None:
    """Else the first clipped samples would be no increase."""
    state = watched()
    for expected in (0, 100):
        state.take(Sample(Facts(audio=audio(clipped=100)), follows=True))
        assert counts_of(state)["streamwatch_audio_clipped_samples", "FC"] == expected


@pytest.mark.parametrize(
    ("at", "follows", "marked", "forward", "backward"),
    [
        (2.0, True, False, 0, 0),
        (60.0, True, False, 1, 0),
        (0.5, True, False, 0, 1),
        (60.0, True, True, 0, 0),  # EXT-X-DISCONTINUITY
        (60.0, False, False, 0, 0),  # segments were left out
    ],
)
def test_a_jump_between_segments_counts_unless_it_is_marked(
    at: float, follows: bool, marked: bool, forward: int, backward: int
) -> None:
    """Within a gap time goes on, which is no jump."""
    state = watched()
    state.take(Sample(Facts(video_track=track(), video=video()), follows=False))
    state.take(Sample(Facts(video_track=track(at), video=video()), follows=follows, marked=marked))
    assert state.counts.jumps["video", "forward"] == forward
    assert state.counts.jumps["video", "backward"] == backward


def test_the_clock_of_mpeg_ts_begins_again_without_a_jump() -> None:
    """33 bits at 90 kHz are 26.5 hours."""
    wrap = 2**33 / 90_000
    assert timestamp_step(wrap - 0.5, 0.5) == pytest.approx(1.0)
    assert timestamp_step(0.5, wrap - 0.5) == pytest.approx(-1.0)


def test_a_change_of_format_is_counted_within_and_between_samples() -> None:
    """Once each, also over a gap."""
    state = watched()
    changes = ("320x180", "160x90")
    state.take(Sample(Facts(video_track=track(), video=video()), follows=False))
    state.take(Sample(Facts(video_track=track(), video=video(NOT, NOT, None, *changes)), follows=True))
    assert state.counts.format_changes["video"] == 1
    state.take(Sample(Facts(video_track=track(), video=video(NOT, NOT, None, "160x90")), follows=True))
    assert state.counts.format_changes["video"] == 1
    state.take(Sample(Facts(video_track=track(codec="hevc"), video=video()), follows=False))
    assert state.counts.format_changes["video"] == 2


@pytest.mark.parametrize(
    ("keyframes", "follows", "interval"),
    [((0.0,), False, 2), ((0.0, 1.0), False, 1), ((0.5,), True, 2.5), ((), True, None)],
)
def test_the_keyframe_interval_is_the_longest_that_is_known(
    keyframes: tuple[float, ...], follows: bool, interval: float | None
) -> None:
    """The end of a segment is where the next keyframe is; the last one before it may be in the sample before."""
    state = watched()
    state.take(Sample(Facts(video_track=track(), video=video()), follows=False))
    state.take(Sample(Facts(video_track=track(2.0, keyframes=keyframes), video=video()), follows=follows))
    assert state.keyframe_interval == interval


def test_sound_that_comes_later_than_the_picture_has_an_offset() -> None:
    """Seconds, positive when the sound begins later."""
    state = watched()
    heard = track(0.12, codec="aac", resolution="", sample_rate=44100, channels=2, keyframes=())
    state.take(Sample(Facts(video_track=track(), audio_track=heard, video=video(), audio=audio()), follows=False))
    values = values_of(state)
    assert values["streamwatch_segment_av_offset_seconds",] == pytest.approx(0.12)
    assert values["streamwatch_segment_info", "audio", "aac", "High", "", "44100", "2"] == 1
