"""FLV as bytes, and what a reading of it knows."""

import tracemalloc

import pytest

from servers.flv_origin import at_time, flv_of_ffmpeg, tags_of
from streamwatch_exporters.amf0 import encode
from streamwatch_exporters.flv_state import FlvReading
from streamwatch_exporters.flv_tags import KEPT, FlvParser, Kind, NotFlv, Tag, step
from streamwatch_exporters.media_config import read_config, resolution

HEADER = b"FLV\x01\x05\x00\x00\x00\x09\x00\x00\x00\x00"
KEYFRAME, FRAME, SOUND = b"\x17\x01\0\0\0", b"\x27\x01\0\0\0", b"\xaf\x01"


def tag(kind: int, stamp: int, body: bytes, size: int | None = None) -> bytes:
    length = len(body) if size is None else size
    head = bytes([kind]) + length.to_bytes(3) + (stamp & 0xFFFFFF).to_bytes(3) + bytes([stamp >> 24]) + bytes(3)
    return head + body + (11 + length).to_bytes(4)


@pytest.fixture(scope="module")
def recording() -> bytes:
    return flv_of_ffmpeg(3)


def read(data: bytes, piece: int = 2**20) -> list[Tag]:
    parser = FlvParser()
    return [found for at in range(0, len(data), piece) for found in parser.feed(data[at : at + piece])]


@pytest.mark.parametrize("piece", [1, 7, 1460, 2**20])
def test_the_pieces_in_which_it_comes_do_not_matter(recording: bytes, piece: int) -> None:
    """Real bytes of ffmpeg give the same tags, byte by byte or at once."""
    found = read(recording, piece)
    expected = [(raw[0], stamp, len(raw) - 15) for stamp, raw in tags_of(recording)]
    kinds: dict[Kind, int] = {"audio": 8, "video": 9, "script": 18}
    assert [(kinds[each.kind], each.timestamp, each.size) for each in found] == expected
    assert len(found) > 150


def test_a_real_recording_is_understood(recording: bytes) -> None:
    """Codecs, picture, rate, keyframes and the offset of sound and picture."""
    reading = FlvReading()
    frames = [reading.take(each, now=5.0) for each in read(recording)]
    video, audio = reading.info("video"), reading.info("audio")
    assert video is not None
    assert audio is not None
    assert (video.codec, video.profile, video.resolution) == ("h264", "baseline", "320x180")
    assert (audio.codec, audio.profile, audio.sample_rate, audio.channels) == ("aac", "lc", "44100", "1")
    assert reading.frame_rate(6.0) == pytest.approx(20, rel=0.01)
    assert reading.keyframe_intervals.cumulative()[:2] == [("0.5", 0.0), ("1.0", 2.0)]
    assert reading.av_offset == pytest.approx(0, abs=0.06)
    packets = sum(track.packets for track in reading.tracks.values())
    assert frames.count(True) == packets - 3  # two configurations, and the end of the sequence
    assert all(count == 0 for track in reading.tracks.values() for count in track.jumps.values())


def test_a_tag_cut_short_gives_nothing(recording: bytes) -> None:
    """Nor does it raise: the rest may come with the next piece."""
    whole = read(recording)
    assert read(recording[:-5]) == whole[:-1]
    assert read(HEADER + tag(9, 0, b"x" * 50)[:40]) == []
    assert read(HEADER[:8]) == read(b"") == []


@pytest.mark.parametrize(
    "data",
    [
        b"<!doctype html>",
        b"FLX\x01\x05\x00\x00\x00\x09",
        b"FLV\x02\x05\x00\x00\x00\x09",
        b"FLV\x01\x05\x00\x00\x00\x08",
        b"FLV\x01\x05\xff\xff\xff\xff",
        HEADER + b"\x07" + bytes(10),
        HEADER + tag(9, 0, b"abc") + b"garbage garbage",
    ],
    ids=["html", "magic", "version", "short offset", "offset of 4 GB", "kind", "lost bytes"],
)
def test_what_is_no_flv_is_refused(data: bytes) -> None:
    """As soon as it shows, also when it comes byte by byte."""
    with pytest.raises(NotFlv):
        read(data)
    with pytest.raises(NotFlv):
        read(data, 1)


def test_wrong_bytes_are_refused_before_a_header_is_complete() -> None:
    """The first letter is enough."""
    with pytest.raises(NotFlv):
        read(b"H")


def test_a_longer_header_of_the_file_is_skipped() -> None:
    """It says itself how long it is."""
    assert len(read(b"FLV\x01\x05\x00\x00\x00\x0c" + bytes(3 + 4) + tag(9, 0, KEYFRAME))) == 1


def test_tags_of_a_hundred_megabytes_in_all_take_little_memory() -> None:
    """Each claims the 16 MB that 24 bits can say; only the beginning is kept."""
    parser, size, piece = FlvParser(), 2**24 - 1, bytes(65536)
    list(parser.feed(HEADER))
    tracemalloc.start()
    found = []
    for _ in range(6):
        found += parser.feed(tag(9, 0, b"\x17", size)[:12])
        for _ in range((size - 1) // len(piece)):
            found += parser.feed(piece)
        found += parser.feed(bytes((size - 1) % len(piece) + 4))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert [(each.size, len(each.body)) for each in found] == [(size, KEPT)] * 6
    assert peak < 1_000_000


@pytest.mark.parametrize(
    ("before", "now", "moved"),
    [(0, 40, 40), (40, 0, -40), (2**32 - 20, 20, 40), (20, 2**32 - 20, -40), (2**24 - 1, 2**24, 1), (7, 7, 0)],
)
def test_a_step_knows_the_wrap(before: int, now: int, moved: int) -> None:
    """After 49.7 days the timestamps begin again at zero."""
    assert step(before, now) == moved


def taken(*tags: bytes) -> FlvReading:
    reading = FlvReading()
    for each in read(HEADER + b"".join(tags)):
        reading.take(each, now=0.0)
    return reading


def test_jumps_are_counted_once_each_and_a_wrap_is_none() -> None:
    """Ahead by more than a second, or back at all."""
    stamps = [2**32 - 40, 0, 40, 1040, 2041, 2081, 2080, 2120, 500, 540]
    reading = taken(*(tag(9, stamp, FRAME) for stamp in stamps))
    assert reading.tracks["video"].jumps == {"forward": 1, "backward": 2}
    assert reading.tracks["audio"].jumps == {"forward": 0, "backward": 0}


def test_a_configuration_sent_again_at_time_zero_is_no_jump() -> None:
    """Servers do so; it is no frame."""
    reading = taken(tag(9, 5000, KEYFRAME), tag(9, 0, b"\x17\x00\0\0\0\x01"), tag(9, 5040, FRAME))
    assert reading.tracks["video"].jumps == {"forward": 0, "backward": 0}
    assert reading.tracks["video"].packets == 3


def test_nothing_is_measured_across_a_jump() -> None:
    """Neither a keyframe interval of an hour, nor a rate."""
    reading = taken(tag(9, 0, KEYFRAME), tag(9, 3_600_000, KEYFRAME), tag(9, 3_602_000, KEYFRAME))
    assert reading.keyframe_intervals.sum == 0  # the second was a jump too
    reading = taken(tag(9, 0, KEYFRAME), *(tag(9, 500 * i, FRAME) for i in range(1, 4)), tag(9, 2000, KEYFRAME))
    assert reading.keyframe_intervals.sum == 2


def test_audio_ahead_of_video_is_a_positive_offset() -> None:
    """By the timestamps as they arrive."""
    pairs = [tag(8, 40 * i + 300, SOUND) + tag(9, 40 * i, FRAME) for i in range(60)]
    assert taken(*pairs).av_offset == pytest.approx(0.3)
    assert taken(tag(9, 0, FRAME)).av_offset is None


def test_a_new_connection_begins_anew_but_counts_and_ages_stay() -> None:
    """The age of the last packet goes on growing over the gap."""
    reading = taken(tag(9, 0, KEYFRAME), tag(9, 1000, KEYFRAME), tag(8, 0, SOUND))
    reading.begin()
    assert (reading.tracks["video"].packets, reading.tracks["video"].last_at) == (2, 0.0)
    assert reading.frame_rate(0.0) is reading.av_offset is reading.info("video") is None
    assert reading.keyframe_intervals.sum == 1


def test_there_is_no_rate_when_nothing_flows() -> None:
    """The age tells of that; a rate of what once was would hide it."""
    reading = taken(*(tag(9, 40 * i, FRAME) for i in range(50)))
    assert reading.frame_rate(1.0) == pytest.approx(25)
    assert reading.frame_rate(60.0) is None


def test_the_metadata_give_the_picture_size_where_the_codec_does_not() -> None:
    """And absurd or damaged metadata give nothing."""
    hevc = tag(9, 0, b"\x1c\x00\0\0\0" + b"\x01\x02" + bytes(10) + b"\x7b")
    for body, expected in (
        (encode("onMetaData", {"width": 1920, "height": 1080}), "1920x1080"),
        (encode("onMetaData", {"width": float("nan"), "height": 1e300}), ""),
        (b"\x02\xff\xff", ""),
    ):
        info = taken(tag(18, 0, body), hevc).info("video")
        assert info is not None
        assert (info.codec, info.profile, info.level, info.resolution) == ("hevc", "main10", "4.1", expected)


@pytest.mark.parametrize(
    ("body", "codec", "profile", "level"),
    [
        (b"\x90hvc1\x01\x01" + bytes(10) + b"\x78", "hevc", "main", "4"),
        (b"\x90av01\x81\x08", "av1", "main", "4.0"),
        (b"\x90vp09\x01\0\0\0\x00\x1f", "vp9", "0", "3.1"),
        (b"\x90evil\x01", "other", "", ""),
        (b"\x17\x00\0\0\0\x01", "h264", "", ""),
        (b"\x12", "h263", "", ""),
    ],
)
def test_codecs_of_enhanced_rtmp_and_broken_configurations(
    body: bytes, codec: str, profile: str, level: str
) -> None:
    """Whatever comes, labels are from closed lists."""
    info = taken(tag(9, 0, body)).info("video")
    assert info is not None
    assert (info.codec, info.profile, info.level) == (codec, profile, level)


def test_random_configurations_raise_nothing() -> None:
    """They come from strangers."""
    for codec in ("h264", "hevc", "av1", "vp9", "aac"):
        for seed in range(300):
            record = bytes((seed * 31 + i * i * 7 + seed * i) % 256 for i in range(seed % 60))
            info = read_config(codec, record)
            assert len(info.resolution) <= 11
            assert len(info.sample_rate) <= 6
    assert resolution(0, 5) == resolution(1e9, 1) == ""


def test_a_tag_can_be_moved_in_time(recording: bytes) -> None:
    """The test's own server relies on it."""
    _, raw = next(tags_of(recording))
    (moved,) = read(HEADER + at_time(raw, 2**32 + 0x01020304))
    assert moved.timestamp == 0x01020304
