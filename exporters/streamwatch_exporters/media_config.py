"""What a codec's configuration record says of it: profile, level, picture size, sample rate, channels. Pure.

ISO/IEC 14496-15 5.3.3 (avcC) and 8.3.3 (hvcC), 14496-3 1.6.2 (AudioSpecificConfig), H.264 7.3.2.1 (SPS), and the
AV1 and VP9 bindings for ISO BMFF. What cannot be read is left empty: it is information, nothing depends on it.
"""

from dataclasses import dataclass, replace

_MAX_SIDE = 16384  # pixels
_H264_PROFILES = {66: "baseline", 77: "main", 88: "extended", 100: "high", 110: "high10", 122: "high422"}
_HEVC_PROFILES = {1: "main", 2: "main10", 3: "still", 4: "rext"}
_AAC_PROFILES = {1: "main", 2: "lc", 5: "he", 29: "hev2"}
_WITH_CHROMA = {100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135}
_SAMPLE_RATES = (96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350)
_CHANNELS = {1: 1, 2: 2, 3: 3, 4: 4, 5: 5, 6: 6, 7: 8}


@dataclass(frozen=True)
class MediaInfo:
    """As labels: texts from closed lists, and numbers within bounds. Empty is unknown."""

    codec: str
    profile: str = ""
    level: str = ""
    resolution: str = ""
    sample_rate: str = ""
    channels: str = ""


def read_config(codec: str, record: bytes) -> MediaInfo:
    """What a configuration record says, as far as it can be read."""
    read = {"h264": _avc, "hevc": _hevc, "av1": _av1, "vp9": _vp9, "aac": _aac}.get(codec)
    info = MediaInfo(codec)
    try:
        return read(info, record) if read else info
    except (IndexError, ValueError):
        return info


def resolution(width: float, height: float) -> str:
    """`1920x1080`; empty for what no picture measures. Also a number that is none (NaN) is refused."""
    if not (1 <= width <= _MAX_SIDE and 1 <= height <= _MAX_SIDE):
        return ""
    return f"{int(width)}x{int(height)}"


def _avc(info: MediaInfo, record: bytes) -> MediaInfo:
    known = replace(info, profile=_H264_PROFILES.get(record[1], "other"), level=f"{record[3] / 10:g}")
    try:
        size = int.from_bytes(record[6:8])
        return replace(known, resolution=_avc_resolution(record[8 : 8 + size]))
    except (IndexError, ValueError):
        return known


def _hevc(info: MediaInfo, record: bytes) -> MediaInfo:
    return replace(info, profile=_HEVC_PROFILES.get(record[1] & 31, "other"), level=f"{record[12] / 30:.3g}")


def _av1(info: MediaInfo, record: bytes) -> MediaInfo:
    profile, level = divmod(record[1], 32)
    names = {0: "main", 1: "high", 2: "professional"}
    return replace(info, profile=names.get(profile, "other"), level=f"{2 + level // 4}.{level % 4}")


def _vp9(info: MediaInfo, record: bytes) -> MediaInfo:
    return replace(info, profile=str(record[4] & 3), level=f"{record[5] / 10:g}")


def _aac(info: MediaInfo, record: bytes) -> MediaInfo:
    bits = _Bits(record)
    kind = bits.take(5)
    if kind == 31:
        kind = 32 + bits.take(6)
    index = bits.take(4)
    rate = bits.take(24) if index == 15 else _SAMPLE_RATES[index]
    channels = _CHANNELS.get(bits.take(4))
    return replace(
        info,
        profile=_AAC_PROFILES.get(kind, "other"),
        sample_rate=str(rate) if 1000 <= rate <= 768_000 else "",
        channels="" if channels is None else str(channels),
    )


class _Bits:
    """Bits from the highest on. Raises IndexError at the end."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def take(self, count: int) -> int:
        value = 0
        for _ in range(count):
            value = value << 1 | self._data[self._at >> 3] >> (7 - self._at % 8) & 1
            self._at += 1
        return value

    def golomb(self) -> int:
        """ue(v), H.264 9.1."""
        zeros = 0
        while not self.take(1):
            zeros += 1
            if zeros > 32:
                raise ValueError("no such number")
        return (1 << zeros) - 1 + self.take(zeros)

    def signed_golomb(self) -> int:
        """se(v)."""
        code = self.golomb()
        return (code + 1) // 2 if code % 2 else -(code // 2)


def _avc_resolution(sps: bytes) -> str:
    bits = _Bits(sps[:1] + sps[1:].replace(b"\0\0\x03", b"\0\0"))
    bits.take(8)
    profile = bits.take(8)
    bits.take(16)
    bits.golomb()
    chroma, separate = _chroma(bits) if profile in _WITH_CHROMA else (1, 0)
    _order(bits)
    bits.golomb()
    bits.take(1)
    width, units = (bits.golomb() + 1) * 16, bits.golomb() + 1
    frames_only = bits.take(1)
    height = units * 16 * (2 - frames_only)
    if not frames_only:
        bits.take(1)
    bits.take(1)
    if bits.take(1):
        array = 0 if separate else chroma
        across = 2 if array in (1, 2) else 1
        down = (2 if array == 1 else 1) * (2 - frames_only)
        left, right, top, bottom = (bits.golomb() for _ in range(4))
        width, height = width - (left + right) * across, height - (top + bottom) * down
    return resolution(width, height)


def _chroma(bits: _Bits) -> tuple[int, int]:
    chroma = bits.golomb()
    separate = bits.take(1) if chroma == 3 else 0
    bits.golomb()
    bits.golomb()
    bits.take(1)
    if bits.take(1):
        for i in range(12 if chroma == 3 else 8):
            if bits.take(1):
                _skip_scaling_list(bits, 16 if i < 6 else 64)
    return chroma, separate


def _skip_scaling_list(bits: _Bits, size: int) -> None:
    last = following = 8
    for _ in range(size):
        if following:
            following = (last + bits.signed_golomb()) % 256
        last = following or last


def _order(bits: _Bits) -> None:
    """Picture order count, and log2_max_frame_num before it."""
    bits.golomb()
    kind = bits.golomb()
    if kind == 0:
        bits.golomb()
    elif kind == 1:
        bits.take(1)
        bits.golomb()
        bits.golomb()
        count = bits.golomb()
        if count > 255:
            raise ValueError("no such number")
        for _ in range(count):
            bits.golomb()
