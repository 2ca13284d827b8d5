"""What is told of a segment, on clips whose faults are known because ffmpeg made them."""

import random
import re
from itertools import pairwise
from pathlib import Path

import av
import pytest

from servers.clips import (
    BLACK,
    LEFT_ONLY,
    MOVING,
    OVERDRIVEN,
    SILENCE,
    STILL,
    TONE,
    clip,
    detected_by_ffmpeg,
    story,
)
from streamwatch_exporters.picture_analysis import Unreadable, analyse
from streamwatch_exporters.picture_facts import Audio, Facts, Held, Question, Stretches, Track, Video
from streamwatch_exporters.picture_frames import Slate


def facts(body: bytes, **question: object) -> Facts:
    return analyse(body, Question.model_validate(question)).facts


def video(found: Facts) -> Video:
    assert found.video is not None
    return found.video


def audio(found: Facts) -> Audio:
    assert found.audio is not None
    return found.audio


def track(found: Track | None) -> Track:
    assert found is not None
    return found


def whole(held: Held, seconds: float) -> bool:
    """Held from the first to the last moment of a clip."""
    (stretch,) = held.stretches
    return stretch == pytest.approx((0, seconds), abs=0.05) and held.from_start and held.to_end


def is_silent(held: Held) -> bool:
    """For longer than the moment in which an AAC encoder starts."""
    return any(end - start > 0.1 for start, end in held.stretches)


def test_a_moving_picture_and_a_tone_are_neither_black_nor_frozen_nor_silent() -> None:
    """Two keyframes are enough to say so, and the tone has the level that ffmpeg gave it."""
    found = facts(clip(seconds=4.0))
    assert (video(found).depth, video(found).frames) == ("keyframes", 2)
    assert video(found).black_pixel_ratio < 0.1
    assert video(found).difference_ratio > 0.01
    assert video(found).resolutions == ("320x180",)
    (channel,) = audio(found).channels
    assert channel.level == pytest.approx(-21.1, abs=0.3)  # a sine at 1/8 of full scale
    assert channel.clipped == 0
    assert not is_silent(channel.silent)
    assert audio(found).momentary == pytest.approx(-21.8, abs=0.5)
    assert audio(found).whole == pytest.approx(-21.8, abs=0.5)


def test_every_picture_is_decoded_when_asked() -> None:
    """Depth is the caller's wish, too."""
    found = video(facts(clip(), full=True))
    assert (found.depth, found.frames, found.black, found.frozen) == ("full", 50, Held(), Held())


def test_black_is_seen_and_looked_at_closely() -> None:
    """One black keyframe is reason enough to decode everything. Black stands still, too."""
    found = video(facts(clip(BLACK)))
    assert found.depth == "full"
    assert found.black_pixel_ratio == 1
    assert found.luma_mean_ratio == 0
    assert whole(found.black, 2)
    assert whole(found.frozen, 2)


def test_a_still_picture_is_frozen_and_not_black() -> None:
    """From the picture it began with, to the end."""
    found = video(facts(clip(STILL), full=True))
    assert whole(found.frozen, 2)
    assert found.black == Held()


def test_a_still_picture_that_the_encoder_draws_anew_is_one_freeze() -> None:
    """At its keyframes it changes by more than the threshold, which no viewer would call a movement."""
    found = video(facts(clip(STILL, seconds=4.0), full=True))
    assert found.difference_ratio > 0.001
    assert whole(found.frozen, 4)


def test_a_freeze_goes_on_from_the_picture_before_only_when_that_follows() -> None:
    """After a gap the same picture is reason to look closer, and no evidence."""
    first = analyse(clip(STILL), Question(full=True))
    before = {"before_size": len(first.picture), "before_shape": first.shape}
    second = clip(STILL, at=2.0)
    follows = analyse(second, Question(consecutive=True, **before), first.picture).facts
    assert whole(video(follows).frozen, 2)
    after_a_gap = analyse(second, Question(**before), first.picture).facts
    assert video(after_a_gap).depth == "full"
    assert whole(video(after_a_gap).frozen, 2)
    moved = analyse(
        clip(f"{MOVING},negate", at=2.0), Question(consecutive=True, full=True, **before), first.picture
    ).facts
    assert not video(moved).frozen.from_start


def test_silence_is_digital_silence_on_each_channel() -> None:
    """The level has a floor, because JSON and people know no minus infinity; loudness is below the gate."""
    found = audio(facts(clip(audio=SILENCE)))
    (channel,) = found.channels
    assert channel.level == -120
    assert whole(channel.silent, 2.0)
    assert (found.momentary, found.whole) == (None, None)


def test_one_silent_channel_is_not_hidden_by_the_other() -> None:
    """Each has its name and its own verdict."""
    left, right = audio(facts(clip(audio=LEFT_ONLY))).channels
    assert (left.name, right.name) == ("FL", "FR")
    assert not is_silent(left.silent)
    assert left.level == pytest.approx(-13.5, abs=0.5)
    assert whole(right.silent, 2.0)


def test_an_overdriven_tone_is_clipped() -> None:
    """A good part of its samples lies at full scale."""
    (channel,) = audio(facts(clip(audio=OVERDRIVEN))).channels
    assert channel.clipped > 5_000


def test_a_change_of_resolution_within_a_segment_is_seen() -> None:
    """In the order in which it came."""
    smaller = clip(MOVING.replace("320x180", "160x90"), at=2.0)
    assert video(facts(clip() + smaller)).resolutions == ("320x180", "160x90")


@pytest.mark.parametrize(("at", "forward", "backward"), [(2.1, 0, 0), (12.0, 1, 0), (0.5, 0, 1)])
def test_a_timestamp_jump_is_counted_once_on_each_track(at: float, forward: int, backward: int) -> None:
    """Going on, ahead, back; none of them makes the segment longer."""
    found = facts(clip() + clip(at=at))
    for each in (track(found.video_track), track(found.audio_track)):
        assert (each.jumps_forward, each.jumps_backward) == (forward, backward)
        assert each.seconds == pytest.approx(4.0, abs=0.2)


def test_tracks_are_described() -> None:
    """Codec, size, rate, keyframes, bytes: without decoding anything."""
    found = facts(clip(seconds=4.0))
    seen, heard = track(found.video_track), track(found.audio_track)
    assert (seen.codec, seen.resolution, heard.codec) == ("h264", "320x180", "aac")
    assert (heard.sample_rate, heard.channels) == (44100, 1)
    assert seen.keyframes == pytest.approx((0, 2), abs=0.01)
    assert seen.size > heard.size > 20_000
    assert heard.start == pytest.approx(seen.start, abs=0.1)


def test_sound_that_comes_in_pieces_of_several_frames_is_as_long_as_it_lasts() -> None:
    """Only the first frame of a piece has a timestamp; and what the sound is, is known once it was decoded."""
    heard = track(facts(clip(audio="anullsrc=r=48000:cl=stereo")).audio_track)
    assert (heard.codec, heard.profile, heard.sample_rate, heard.channels) == ("aac", "LC", 48000, 2)
    assert heard.seconds == pytest.approx(2.0, abs=0.05)
    assert (heard.jumps_forward, heard.jumps_backward) == (0, 0)


def test_a_table_of_tracks_that_comes_late_is_found() -> None:
    """Packets without a meaning in front of a segment change nothing that is told of it."""
    body = clip()
    late = (b"\x47\x1f\xff\x10" + b"\xff" * 184) * 100 + body
    assert facts(late).model_copy(update={"cpu_seconds": 0}) == facts(body).model_copy(update={"cpu_seconds": 0})


@pytest.mark.parametrize(("picture", "sound"), [(MOVING, ""), ("", TONE)])
def test_a_track_alone_is_told(picture: str, sound: str) -> None:
    """Picture without sound, and sound without picture."""
    found = facts(clip(picture, sound))
    assert (found.video is not None, found.audio is not None) == (bool(picture), bool(sound))
    assert track(found.video_track or found.audio_track).seconds == pytest.approx(2.0, abs=0.05)


def test_fragmented_mp4_and_packed_audio_are_read_too() -> None:
    """The other two forms of segments."""
    assert video(facts(clip(form="mp4"))).frames == 50
    found = facts(clip("", form="adts"))
    assert found.video_track is None
    assert not is_silent(audio(found).channels[0].silent)


def test_the_slate_is_recognised_after_encoding_and_scaling(tmp_path: Path) -> None:
    """The moving picture and black are not it, although a test card is a still picture."""
    slate = _slate(tmp_path)
    assert whole(video(analyse(clip(STILL), Question(), slate=slate).facts).slate or Held(), 2)
    scaled = f"{STILL.replace('320x180', '640x360')}"
    assert whole(video(analyse(clip(scaled), Question(), slate=slate).facts).slate or Held(), 2)
    for other in (BLACK, "mandelbrot=size=320x180:rate=25"):
        assert video(analyse(clip(other), Question(full=True), slate=slate).facts).slate == Held()
    assert video(facts(clip())).slate is None


def _slate(folder: Path) -> Slate:
    path = folder / "slate.ts"
    path.write_bytes(clip(STILL, ""))
    return Slate(str(path))


STORY = story(
    ((MOVING, 1.5), (BLACK, 2.5), (MOVING, 1.0), (STILL, 2.0), ("mandelbrot=size=320x180:rate=25", 1.0)),
    ((TONE, 2.0), (SILENCE, 3.0), (TONE, 3.0)),
)


def test_verdicts_are_those_of_ffmpeg() -> None:
    """blackdetect, freezedetect and silencedetect say the same of the same clip."""
    found = facts(STORY, full=True)
    lines = detected_by_ffmpeg(STORY)
    (channel,) = audio(found).channels
    for ours, theirs in (
        (video(found).black.stretches, _pairs(lines, "black_start:", "black_end:")),
        (video(found).frozen.stretches, _pairs(lines, "freeze_start: ", "freeze_end: ")),
        (channel.silent.stretches, _pairs(lines, "silence_start: ", "silence_end: ")),
    ):
        lasting = [stretch for stretch in ours if stretch[1] - stretch[0] >= 0.5]
        assert theirs
        assert len(lasting) == len(theirs), (ours, lines)
        for mine, their in zip(lasting, theirs, strict=True):
            assert mine[1] - mine[0] == pytest.approx(their[1] - their[0], abs=0.1)
        # Their clock begins somewhere else; the distances from one to the next are the same.
        assert _distances(lasting) == pytest.approx(_distances(theirs), abs=0.1)


def _pairs(lines: list[str], start: str, end: str) -> list[tuple[float, float]]:
    text = "\n".join(lines)
    starts, ends = (re.findall(rf"\b{name}(-?[\d.]+)", text) for name in (start, end))
    return [(float(a), float(b)) for a, b in zip(starts, ends, strict=True)]


def _distances(stretches: Stretches | list[tuple[float, float]]) -> list[float]:
    return [after[0] - before[0] for before, after in pairwise(stretches)]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"<!doctype html><h1>Welcome</h1>", "HTML"),
        (b"", "no MPEG-TS"),
        (b"#EXTM3U\n#EXTINF:2,\nhttp://127.0.0.1:1/other.ts\n", "no MPEG-TS"),
        (b"ffconcat version 1.0\nfile /etc/hostname\n", "no MPEG-TS"),
        (random.Random(1).randbytes(100_000), "no MPEG-TS"),
    ],
    ids=["html", "empty", "playlist", "list of files", "noise"],
)
def test_what_is_no_media_is_named(body: bytes, says: str) -> None:
    """Never is a format guessed that would open other addresses."""
    with pytest.raises(Unreadable, match=says):
        facts(body)


@pytest.mark.parametrize("share", [0.002, 0.02, 0.3])
def test_a_corrupt_segment_is_no_black_and_no_freeze(share: float) -> None:
    """Whatever still comes out of it, what is damaged is not judged."""
    chance, body = random.Random(7), bytearray(clip(seconds=4.0))
    for _ in range(int(len(body) * share)):
        body[chance.randrange(2000, len(body))] = chance.randrange(256)
    try:
        found = facts(bytes(body), full=True)
    except (Unreadable, av.error.FFmpegError):
        return
    assert found.video is None or (found.video.black, found.video.frozen) == (Held(), Held())


def test_damaged_pictures_are_left_out_of_the_evidence() -> None:
    """A decoder would rather show something than nothing; what it invents is no movement of the stream."""
    whole_clip, chance = clip(), random.Random(3)
    body = bytearray(whole_clip)
    for at in range(len(body) * 7 // 10 // 188 * 188, len(body), 188):
        of_the_picture = ((body[at + 1] & 0x1F) << 8 | body[at + 2]) == 256  # the first track of ffmpeg
        if of_the_picture and chance.random() < 0.2:
            body[at + 180 : at + 188] = chance.randbytes(8)
    damaged, sound = video(facts(bytes(body), full=True)), video(facts(whole_clip, full=True))
    assert damaged.frames < sound.frames
    assert damaged.difference_ratio == pytest.approx(sound.difference_ratio, rel=0.1)


def test_a_truncated_segment_tells_of_what_is_there() -> None:
    """Its length says that the rest is missing."""
    body = clip(seconds=4.0)
    found = facts(body[: len(body) * 2 // 5])
    assert track(found.video_track).seconds < 2.5


def test_pictures_without_a_keyframe_are_not_judged() -> None:
    """Sound goes on being heard."""
    body = clip()
    tables, rest = body[: 3 * 188], body[len(body) // 3 // 188 * 188 :]
    found = facts(tables + rest)
    assert track(found.video_track).keyframes == ()
    assert found.video is None
    assert not is_silent(audio(found).channels[0].silent)
