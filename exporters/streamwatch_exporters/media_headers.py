"""The first bytes of audio and video as FLV tags and RTMP messages carry them. Pure.

Adobe FLV 10.1 annex E.4.2 and E.4.3, codec id 12 that Chinese networks use for HEVC, and Enhanced RTMP (veovera).
"""

from dataclasses import dataclass
from enum import Enum, auto
from typing import Literal

Media = Literal["audio", "video"]


class Content(Enum):
    """What a packet of media is for."""

    CONFIGURATION = auto()
    FRAME = auto()
    OTHER = auto()  # the end of a sequence, metadata, seek marks


@dataclass(frozen=True)
class MediaHeader:
    """`codec` is of a closed list. `payload` is where the codec's own bytes begin."""

    codec: str
    content: Content
    keyframe: bool = False
    payload: int = 1


OTHER_CODEC = "other"
_VIDEO = {2: "h263", 3: "screen", 4: "vp6", 5: "vp6", 7: "h264", 12: "hevc", 13: "av1"}
_AUDIO = {
    0: "pcm",
    1: "adpcm",
    2: "mp3",
    3: "pcm",
    7: "g711a",
    8: "g711u",
    10: "aac",
    11: "speex",
    13: "opus",
    14: "mp3",
}
_FOURCC = {
    b"avc1": "h264",
    b"hvc1": "hevc",
    b"vvc1": "vvc",
    b"av01": "av1",
    b"vp08": "vp8",
    b"vp09": "vp9",
    b"mp4a": "aac",
    b"Opus": "opus",
    b".mp3": "mp3",
    b"fLaC": "flac",
    b"ac-3": "ac3",
    b"ec-3": "eac3",
}
_ENHANCED, _ENHANCED_AUDIO = 0x80, 9
_KEYFRAME, _COMMAND_FRAME = 1, 5
_SEQUENCE_START, _CODED_FRAMES, _CODED_FRAMES_X = 0, 1, 3
_AUDIO_MULTITRACK, _VIDEO_MULTITRACK = 5, 6
_MANY_CODECS = 2


def read_header(media: Media, body: bytes) -> MediaHeader | None:
    """The header of a body, whose first bytes are enough; None when it is too short to have one."""
    if not body:
        return None
    return _video(body) if media == "video" else _audio(body)


def _video(body: bytes) -> MediaHeader | None:
    frame, low = (body[0] >> 4) & 7, body[0] & 15
    if body[0] & _ENHANCED:
        found = _enhanced(body, low, _VIDEO_MULTITRACK, _CODED_FRAMES_X)
    else:
        found = _legacy(body, _VIDEO.get(low, OTHER_CODEC), packaged=low in (7, 12, 13), payload=5)
    if found is None or found.content is not Content.FRAME:
        return found
    content = Content.OTHER if frame == _COMMAND_FRAME else Content.FRAME
    return MediaHeader(found.codec, content, frame == _KEYFRAME, found.payload)


def _audio(body: bytes) -> MediaHeader | None:
    format_ = body[0] >> 4
    if format_ == _ENHANCED_AUDIO:
        return _enhanced(body, body[0] & 15, _AUDIO_MULTITRACK, _CODED_FRAMES)
    return _legacy(body, _AUDIO.get(format_, OTHER_CODEC), packaged=format_ == 10, payload=2)


def _legacy(body: bytes, codec: str, *, packaged: bool, payload: int) -> MediaHeader | None:
    """A *packaged* codec says in its second byte whether this is its configuration (0) or a frame (1)."""
    if not packaged:
        return MediaHeader(codec, Content.FRAME)
    if len(body) < 2:
        return None
    content = {0: Content.CONFIGURATION, 1: Content.FRAME}.get(body[1], Content.OTHER)
    return MediaHeader(codec, content, payload=payload)


def _enhanced(body: bytes, packet: int, multitrack: int, frames_x: int) -> MediaHeader | None:
    at = 1
    if packet == multitrack:
        if len(body) < 2:
            return None
        kind, packet = divmod(body[1], 16)
        at = 2
        if kind == _MANY_CODECS:
            return MediaHeader(OTHER_CODEC, Content.FRAME)
    if len(body) < at + 4:
        return None
    codec = _FOURCC.get(bytes(body[at : at + 4]), OTHER_CODEC)
    if packet == _SEQUENCE_START:
        content = Content.CONFIGURATION
    else:
        content = Content.FRAME if packet in (_CODED_FRAMES, frames_x) else Content.OTHER
    return MediaHeader(codec, content, payload=at + 4 + (at == 2))
