"""What is known of a stream that is read as FLV. Counts and ages outlive a connection, the rest begins anew."""

from collections import deque
from dataclasses import dataclass, field, replace
from typing import Literal

from streamwatch_exporters.amf0 import DamagedAmf0, decode
from streamwatch_exporters.buckets import Buckets
from streamwatch_exporters.flv_tags import Tag, step
from streamwatch_exporters.media_config import MediaInfo, read_config, resolution
from streamwatch_exporters.media_headers import Content, Media, MediaHeader, read_header

MEDIA: tuple[Media, ...] = ("audio", "video")
Direction = Literal["forward", "backward"]
DIRECTIONS: tuple[Direction, ...] = ("forward", "backward")
KEYFRAME_BUCKETS = (0.5, 1.0, 2.0, 2.5, 4.0, 5.0, 10.0)

_JUMP = 1000  # ms
_RATE_OVER = 5000  # ms of the stream
_RATE_FROM = 900  # ms: less says little
_MAX_FRAMES = 2000  # remembered for the frame rate
_OFFSETS = 50  # frames over which the offset is averaged: packets come in small groups
_FLOWING = 5.0  # seconds without a packet, after which there is no rate to speak of


@dataclass
class Track:
    """Audio or video."""

    packets: int = 0
    size: int = 0  # bytes
    last_at: float | None = None  # steady time
    jumps: dict[Direction, int] = field(default_factory=lambda: dict.fromkeys(DIRECTIONS, 0))
    info: MediaInfo | None = None
    stamp: int | None = None  # ms, as in the last tag
    position: int = 0  # ms since the connection began, without wraps

    def advance(self, stamp: int) -> Direction | None:
        """Move on to a timestamp; tells whether that was a jump."""
        moved = 0 if self.stamp is None else step(self.stamp, stamp)
        self.stamp = stamp
        self.position += moved
        jump: Direction | None = "forward" if moved > _JUMP else "backward" if moved < 0 else None
        if jump is not None:
            self.jumps[jump] += 1
        return jump

    def begin(self) -> None:
        self.info, self.stamp, self.position = None, None, 0


class FlvReading:
    """One stream as it is read, connection after connection."""

    def __init__(self) -> None:
        self.tracks: dict[Media, Track] = {media: Track() for media in MEDIA}
        self.keyframe_intervals = Buckets(KEYFRAME_BUCKETS)
        self.handshake: float | None = None  # seconds
        self.first_frame: float | None = None  # seconds
        self.connected: bool | None = None  # None: cannot tell
        self._frames: deque[int] = deque(maxlen=_MAX_FRAMES)
        self._offsets: deque[int] = deque(maxlen=_OFFSETS)
        self._keyframe: int | None = None
        self._resolution = ""

    def begin(self) -> None:
        """A connection begins or is gone."""
        self.handshake = self.first_frame = self.connected = None
        for track in self.tracks.values():
            track.begin()
        self._forget_positions()
        self._resolution = ""

    def take(self, tag: Tag, now: float) -> bool:
        """Learn from a tag; true when it is a frame."""
        if tag.kind == "script":
            self._take_metadata(tag.body)
            return False
        track = self.tracks[tag.kind]
        track.packets += 1
        track.size += tag.size
        header = read_header(tag.kind, tag.body)
        if header is None:
            return False
        self._take_info(track, header, tag.body)
        if header.content is not Content.FRAME:
            return False
        track.last_at = now
        self._take_frame(tag.kind, tag.timestamp, header)
        return True

    def frame_rate(self, now: float) -> float | None:
        """Frames of video per second of the stream's own time; None when unknown, or when nothing flows."""
        last_at = self.tracks["video"].last_at
        if len(self._frames) < 2 or last_at is None or now - last_at > _FLOWING:
            return None
        span = self._frames[-1] - self._frames[0]
        return None if span < _RATE_FROM else (len(self._frames) - 1) * 1000 / span

    @property
    def av_offset(self) -> float | None:
        """Seconds by which the timestamps of audio are ahead of those of video as they arrive."""
        return sum(self._offsets) / len(self._offsets) / 1000 if self._offsets else None

    def info(self, media: Media) -> MediaInfo | None:
        info = self.tracks[media].info
        if info is not None and media == "video" and not info.resolution:
            return replace(info, resolution=self._resolution)
        return info

    def _take_info(self, track: Track, header: MediaHeader, body: bytes) -> None:
        if header.content is Content.CONFIGURATION:
            track.info = read_config(header.codec, body[header.payload :])
        elif track.info is None or track.info.codec != header.codec:
            track.info = MediaInfo(header.codec)

    def _take_frame(self, media: Media, stamp: int, header: MediaHeader) -> None:
        if self.tracks[media].advance(stamp) is not None:
            self._forget_positions()
        if media == "audio":
            return
        audio, position = self.tracks["audio"].stamp, self.tracks["video"].position
        if audio is not None:
            self._offsets.append(step(stamp, audio))
        self._frames.append(position)
        while position - self._frames[0] > _RATE_OVER:
            self._frames.popleft()
        if header.keyframe:
            if self._keyframe is not None:
                self.keyframe_intervals.observe((position - self._keyframe) / 1000)
            self._keyframe = position

    def _forget_positions(self) -> None:
        """Nothing is measured across a jump."""
        self._frames.clear()
        self._offsets.clear()
        self._keyframe = None

    def _take_metadata(self, body: bytes) -> None:
        """The size of the picture, for codecs whose configuration does not tell it."""
        try:
            values = decode(body)
        except DamagedAmf0:
            return
        for value in values:
            if isinstance(value, dict):
                width, height = value.get("width"), value.get("height")
                if isinstance(width, float) and isinstance(height, float):
                    self._resolution = resolution(width, height)
