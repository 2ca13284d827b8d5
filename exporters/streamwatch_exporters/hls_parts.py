"""Reads the tags of low-latency HLS in their order in a media playlist. Pure; see `hls_low_latency`."""

from streamwatch_exporters.hls_low_latency import LowLatency, Part, Report, ServerControl, read_control, read_report
from streamwatch_exporters.hls_values import attributes, optional_seconds, whole

_TAGS = frozenset(
    f"#EXT-X-{name}" for name in ("SERVER-CONTROL", "PART-INF", "PART", "PRELOAD-HINT", "RENDITION-REPORT", "SKIP")
)


class PartReader:
    """Takes tags one by one. `skipped` counts the segments that a delta update leaves out."""

    def __init__(self) -> None:
        self.skipped = 0
        self._seen = False
        self._control = ServerControl()
        self._target: float | None = None
        self._parts: list[tuple[int, float, str, bool]] = []  # segments before it, seconds, path, gap
        self._hint = ""
        self._reports: list[Report] = []

    def take(self, tag: str, value: str, segments: int) -> bool:
        """Learn a tag that stands behind so many segments; false when it is no concern of low latency."""
        if tag not in _TAGS:
            return False
        self._seen = True
        named = attributes(value)
        match tag:
            case "#EXT-X-PART":
                path = named.get("URI", "").partition("?")[0]
                duration = optional_seconds(named.get("DURATION")) or 0.0
                self._parts.append((segments, duration, path, named.get("GAP") == "YES"))
            case "#EXT-X-SERVER-CONTROL":
                self._control = read_control(named)
            case "#EXT-X-PART-INF":
                self._target = optional_seconds(named.get("PART-TARGET"))
            case "#EXT-X-PRELOAD-HINT":
                self._hint = named.get("URI", "") if named.get("TYPE", "PART") == "PART" else self._hint
            case "#EXT-X-RENDITION-REPORT":
                self._reports.append(read_report(named))
            case "#EXT-X-SKIP":
                self.skipped = whole("SKIPPED-SEGMENTS", named.get("SKIPPED-SEGMENTS", "0"))
        return True

    def newest(self, segments: int) -> str:
        """The path of the newest part behind the last segment."""
        return self._parts[-1][2] if self._parts and self._parts[-1][0] == segments else ""

    def low_latency(self, media_sequence: int, segments: int) -> LowLatency | None:
        """None for a playlist without any of these tags."""
        if not self._seen:
            return None
        parts: list[Part] = []
        for before, duration, _, gap in self._parts:
            number = media_sequence + self.skipped + before
            index = parts[-1].index + 1 if parts and parts[-1].segment == number else 0
            parts.append(Part(number, index, duration, gap))
        end = media_sequence + self.skipped + segments
        trailing = tuple(part for part in parts if part.segment == end)
        return LowLatency(self._control, self._target, tuple(parts), trailing, self._hint, tuple(self._reports))
