"""The bytes of one segment become facts. This runs in a process of its own, because the bytes come from strangers.

Demuxed is everything, decoded are the sound and the keyframes; every picture only when asked for, or when the
keyframes look black, alike or like the slate.
"""

import io
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import av
import numpy as np

from streamwatch_exporters.picture_facts import Audio, Depth, Facts, Question, Track, timestamp_step
from streamwatch_exporters.picture_frames import Looking, Slate
from streamwatch_exporters.picture_sound import Listening

_JUMP = 1.0  # seconds
_SEEN = 0.5  # share of a track whose pictures must have come out whole to judge by them
_MAX_PIXELS = 8192 * 4608  # a crafted header must not cost gigabytes
_MP4_BOXES = {b"ftyp", b"styp", b"moov", b"moof", b"sidx", b"emsg", b"prft"}
# Nothing that a segment names is ever opened. What its tracks are is told by their first packets: to decode more of
# them, as is usual, takes longer than all else.
_OPEN = {"protocol_whitelist": "none", "analyzeduration": "1"}
# MPEG-TS begins with a table of its tracks, and its first picture says the rest of it; sound says it when decoded.
_QUICK = {**_OPEN, "probesize": "5000"}  # bytes
_TOLD_BY_TABLE = {"aac", "ac3", "eac3"}
_DECODE = {"max_pixels": str(_MAX_PIXELS), "err_detect": "explode"}  # a damaged picture is none


class Unreadable(Exception):
    """These bytes are not what a player could show. The text holds none of them."""


class _Damaged(Exception):
    """Most of a track cannot be decoded."""


@dataclass
class Analysed:
    """The facts, and the picture that the next segment is to be compared with."""

    facts: Facts
    picture: bytes = field(default=b"", repr=False)
    shape: tuple[int, int] = (0, 0)


def analyse(body: bytes, question: Question, before: bytes = b"", slate: Slate | None = None) -> Analysed:
    """Read a segment: MPEG-TS, fragmented MP4 with its initialisation in front, or packed audio.

    Raises `Unreadable`, or an error of av.
    """
    started = time.process_time()
    with _opened(body) as container:
        packets = _packets(container, [*container.streams.video[:1], *container.streams.audio[:1]])
        if not any(packets.values()):
            raise Unreadable("the segment holds neither pictures nor sound")
        seen, heard = packets.get("video", []), packets.get("audio", [])
        looking = Looking(question, np.frombuffer(before, np.uint8) if before else None, slate)
        video, track = None, _track(seen)
        with suppress(_Damaged):
            looking, depth = _look(seen, looking)
            enough = depth == "keyframes" or track is None or looking.seconds >= _SEEN * track.seconds
            video = looking.result(depth) if enough else None
        audio = _listen(heard)
        facts = Facts(
            video_track=track,
            audio_track=_track(heard),
            video=video,
            audio=audio,
            cpu_seconds=time.process_time() - started,
        )
    if facts.video is None and facts.audio is None:
        raise Unreadable("nothing in the segment can be decoded")
    if video is None or looking.reference is None:
        return Analysed(facts)
    return Analysed(facts, looking.reference.tobytes(), looking.shape)


class _Forward:
    """Bytes to be read in their order alone: of others, av reads the end first to guess how long they last."""

    def __init__(self, body: bytes) -> None:
        self.read = io.BytesIO(body).read


def _opened(body: bytes) -> Any:
    form = _container(body)
    if form != "mpegts":
        return av.open(io.BytesIO(body), format=form, options=_OPEN)
    quick: Any = av.open(_Forward(body), format=form, options=_QUICK)
    if _knows_its_tracks(quick):
        return quick
    quick.close()
    return av.open(_Forward(body), format=form, options=_OPEN)


def _knows_its_tracks(container: Any) -> bool:
    """Picture and sound: one that is missing may come later. Which MPEG audio it is, the table does not tell."""
    pictures, sounds = (
        [each.codec_context for each in kind] for kind in (container.streams.video, container.streams.audio)
    )
    return bool(
        pictures
        and sounds
        and all(picture and picture.pix_fmt for picture in pictures)
        and all(sound and sound.name in _TOLD_BY_TABLE for sound in sounds)
    )


def _container(body: bytes) -> str:
    """Told by the first bytes and never left to be guessed: among what av knows are lists of other addresses."""
    if body[:1] == b"\x47" and body[188:189] in (b"\x47", b""):
        return "mpegts"
    if body[4:8] in _MP4_BOXES:
        return "mp4"
    if body[:3] == b"ID3" and len(body) > 10:
        size = sum((byte & 0x7F) << shift for byte, shift in zip(body[6:10], (21, 14, 7, 0), strict=True))
        body = body[10 + size : 12 + size]
    if len(body) >= 2 and body[0] == 0xFF and body[1] & 0xE0 == 0xE0:
        return "mp3" if body[1] & 0x06 else "aac"
    what = "HTML" if body.lstrip()[:1] == b"<" else "no MPEG-TS, MP4 or packed audio"
    raise Unreadable(f"the segment is {what}")


def _packets(container: Any, streams: list[Any]) -> dict[str, list[Any]]:
    """Packets of each track. Damage ends the reading; what came before it counts."""
    found: dict[str, list[Any]] = {stream.type: [] for stream in streams}
    for packet in _until_damage(container.demux(streams)) if streams else ():
        if packet.size and packet.stream.type in found:
            found[packet.stream.type].append(packet)
    return found


def _until_damage(packets: Iterable[Any]) -> Iterator[Any]:
    try:
        yield from packets
    except (av.error.FFmpegError, IndexError):  # the latter: a track that nobody announced
        return


def _look(packets: list[Any], looking: Looking) -> tuple[Looking, Depth]:
    if not packets:
        return looking, "keyframes"
    decoder = packets[0].stream.codec_context
    decoder.thread_count = 1
    decoder.options = _DECODE
    if not looking.question.full:
        keyframes = looking.anew()
        for frame in _decoded(decoder, [packet for packet in packets if packet.is_keyframe]):
            keyframes.take(frame)
        if not keyframes.taken or not keyframes.suspicious:
            return keyframes, "keyframes"
        decoder.flush_buffers()
    for frame in _decoded(decoder, packets):
        looking.take(frame)
    return looking, "full"


def _listen(packets: list[Any]) -> Audio | None:
    listening = Listening()
    try:
        for frame in _decoded(packets[0].stream.codec_context, packets) if packets else ():
            listening.take(frame)
    except _Damaged:
        return None
    return listening.result()


def _decoded(decoder: Any, packets: list[Any]) -> Iterator[Any]:
    """Frames that came out whole. Where most did not, there is nothing to judge by."""
    damaged = 0
    for packet in [*packets, None]:
        try:
            frames = decoder.decode(packet)
        except av.error.FFmpegError:
            damaged += 1
            continue
        yield from (frame for frame in frames if not frame.is_corrupt)
    if damaged * 2 > len(packets):
        raise _Damaged


def _track(packets: list[Any]) -> Track | None:
    if not packets:
        return None
    stream = packets[0].stream
    decoder, base = stream.codec_context, float(stream.time_base)
    length = decoder.frame_size / decoder.sample_rate if stream.type == "audio" and decoder.sample_rate else 0.0
    timed, times = _timed(packets, base, length)
    if not timed:
        return None
    steps = [timestamp_step(before, after) for before, after in pairwise(times)]
    good = sorted(step for step in steps if 0 < step <= _JUMP)
    typical = good[len(good) // 2] if good else float(timed[0].duration or 0) * base
    at, positions = 0.0, [0.0]
    for step in steps:
        at += step if 0 <= step <= _JUMP else typical
        positions.append(at)
    presented = [packet.pts * base for packet in timed if packet.pts is not None]
    return Track(
        codec=_word(decoder.name),
        profile=_word(decoder.profile),
        resolution=f"{decoder.width}x{decoder.height}" if stream.type == "video" else "",
        sample_rate=decoder.sample_rate if stream.type == "audio" else 0,
        channels=decoder.layout.nb_channels if stream.type == "audio" else 0,
        start=min(presented[:16], default=times[0]),
        seconds=at + typical,
        first_dts=times[0],
        last_dts=times[-1],
        size=sum(packet.size for packet in packets),
        jumps_forward=sum(step > _JUMP for step in steps),
        jumps_backward=sum(step < 0 for step in steps),
        keyframes=tuple(position for packet, position in zip(timed, positions, strict=True) if packet.is_keyframe)
        if stream.type == "video"
        else (),
    )


def _timed(packets: list[Any], base: float, length: float) -> tuple[list[Any], list[float]]:
    """Packets with their decode times. Of frames of sound that came in one piece, only the first has one.

    The others follow at their *length* in seconds, unless that is not known.
    """
    timed, times = list[Any](), list[float]()
    for packet in packets:
        dts = packet.dts
        if dts is not None:
            times.append(dts * base)
        elif times and length:
            times.append(times[-1] + length)
        else:
            continue
        timed.append(packet)
    return timed, times


def _word(text: Any) -> str:
    return "".join(c for c in str(text or "") if " " <= c <= "~")[:64]
