"""The metrics of the probe `picture`: `streamwatch_video_*`, `_audio_*` and what the segments themselves show."""

from collections.abc import Iterator

from streamwatch_exporters.picture_facts import Facts, Track, timestamp_step
from streamwatch_exporters.picture_state import Media, PictureState
from streamwatch_exporters.repeating import Declared, Key, Values

DECLARED = (
    Declared("streamwatch_video_black", "1 black for black_seconds, 0 not; absent: cannot tell. 1 黑屏"),
    Declared("streamwatch_video_frozen", "1 still for frozen_seconds, 0 not; absent: cannot tell. 1 画面冻结"),
    Declared("streamwatch_video_slate", "1 the reference slate is on, 0 not; absent: cannot tell. 1 正在放垫片"),
    Declared("streamwatch_video_black_pixel_ratio", "Share of black pixels in the last sample. 黑色像素占比"),
    Declared(
        "streamwatch_video_frame_difference_ratio",
        "Largest mean difference of pictures in the last sample. 画面最大变化",
    ),
    Declared("streamwatch_video_luma_mean_ratio", "Mean brightness of the last sample. 平均亮度"),
    Declared("streamwatch_video_black_seconds", "Seconds of black in the samples. 累计黑屏时长", counter=True),
    Declared("streamwatch_video_freeze_seconds", "Seconds of freeze in the samples. 累计冻结时长", counter=True),
    Declared("streamwatch_audio_level_dbfs", "RMS level of the last sample, at least -120. 音量", ("channel",)),
    Declared(
        "streamwatch_audio_silent",
        "1 silent for silent_seconds, 0 not; absent: cannot tell. 1 静音",
        ("channel",),
    ),
    Declared("streamwatch_audio_loudness_lufs", "EBU R 128 loudness; absent below -70. 响度", ("window",)),
    Declared(
        "streamwatch_audio_clipped_samples",
        "Samples at full scale or above. 削波样本数",
        ("channel",),
        counter=True,
    ),
    Declared(
        "streamwatch_segment_keyframe_interval_seconds",
        "Longest distance of keyframes; the end of a segment counts as one. 关键帧间隔",
    ),
    Declared(
        "streamwatch_segment_timestamp_jumps",
        "Steps of timestamps back, or ahead by more than 1 s, that are not marked. 时间戳跳变次数",
        ("media", "direction"),
        counter=True,
    ),
    Declared("streamwatch_segment_av_offset_seconds", "First audio after first video. 切片内音画起点差"),
    Declared(
        "streamwatch_segment_format_changes",
        "Times that resolution, codec or sound format changed. 参数变化次数",
        ("media",),
        counter=True,
    ),
    Declared(
        "streamwatch_segment_info",
        "What the codecs declare. 编码参数",
        ("media", "codec", "profile", "resolution", "sample_rate", "channels"),
    ),
    Declared("streamwatch_segment_bytes", "Bytes of tracks looked at. 所看轨道字节数", ("media",), counter=True),
    Declared(
        "streamwatch_segment_bandwidth_bytes_per_second", "Bytes ÷ duration, last sample. 实测码率", ("media",)
    ),
    Declared("streamwatch_picture_sample_timestamp_seconds", "When the last sample was taken. 最近一次取样"),
    Declared("streamwatch_picture_samples", "Samples by depth of the look. 取样次数", ("depth",), counter=True),
    Declared("streamwatch_decode_cpu_seconds", "CPU time of decoding. 解码耗用 CPU", counter=True),
)


def values_of(state: PictureState) -> dict[Key, float]:
    """What is known at this moment. What is not known is not there."""
    facts = state.facts
    if facts is None:
        return {}
    holding = {"black": state.black, "frozen": state.frozen, "slate": state.slate}
    found: dict[Key, float | None] = {
        (f"streamwatch_video_{name}",): each.verdict for name, each in holding.items() if each is not None
    }
    if facts.video is not None:
        found["streamwatch_video_black_pixel_ratio",] = facts.video.black_pixel_ratio
        found["streamwatch_video_frame_difference_ratio",] = facts.video.difference_ratio
        found["streamwatch_video_luma_mean_ratio",] = facts.video.luma_mean_ratio
    if facts.audio is not None:
        found["streamwatch_audio_loudness_lufs", "momentary"] = facts.audio.momentary
        found["streamwatch_audio_loudness_lufs", "sample"] = facts.audio.whole
        for channel in facts.audio.channels:
            found["streamwatch_audio_level_dbfs", channel.name] = channel.level
            found["streamwatch_audio_silent", channel.name] = state.silent[channel.name].verdict
    found["streamwatch_segment_keyframe_interval_seconds",] = state.keyframe_interval
    found.update(_of_tracks(facts))
    return {key: float(value) for key, value in found.items() if value is not None}


def _of_tracks(facts: Facts) -> Iterator[tuple[Key, float]]:
    tracks: dict[Media, Track | None] = {"video": facts.video_track, "audio": facts.audio_track}
    for media, track in tracks.items():
        if track is None:
            continue
        numbers = (str(number or "") for number in (track.sample_rate, track.channels))
        yield ("streamwatch_segment_info", media, track.codec, track.profile, track.resolution, *numbers), 1
        if track.seconds > 0:
            yield ("streamwatch_segment_bandwidth_bytes_per_second", media), track.size / track.seconds
    if facts.video_track is not None and facts.audio_track is not None:
        offset = timestamp_step(facts.video_track.start, facts.audio_track.start)
        yield ("streamwatch_segment_av_offset_seconds",), offset


def counts_of(*states: PictureState) -> Values:
    """Counters of a stream, whose sound may come from a playlist of its own."""
    found: dict[Key, float] = {}
    for state in states:
        for key, value in _counts(state):
            found[key] = found.get(key, 0.0) + value
    return found


def _counts(state: PictureState) -> Iterator[tuple[Key, float]]:
    counts = state.counts
    yield ("streamwatch_video_black_seconds",), state.black.seconds
    yield ("streamwatch_video_freeze_seconds",), state.frozen.seconds
    yield ("streamwatch_decode_cpu_seconds",), counts.cpu_seconds
    for depth, number in counts.samples.items():
        yield ("streamwatch_picture_samples", depth), number
    for media, size in counts.size.items():
        yield ("streamwatch_segment_bytes", media), size
    for media, number in counts.format_changes.items():
        yield ("streamwatch_segment_format_changes", media), number
    for (media, direction), number in counts.jumps.items():
        yield ("streamwatch_segment_timestamp_jumps", media, direction), number
    for channel, number in counts.clipped.items():
        yield ("streamwatch_audio_clipped_samples", channel), number
