"""The tags of low-latency HLS (rfc8216bis sections 4.4.3.7, 4.4.3.8, 4.4.4.9, 4.4.5). Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from yarl import URL

from streamwatch_exporters.hls_values import optional_seconds, optional_whole


@dataclass(frozen=True)
class Part:
    """One partial segment: `index` within the segment of that media sequence number; `duration` is seconds."""

    segment: int
    index: int
    duration: float
    gap: bool = False


@dataclass(frozen=True)
class ServerControl:
    """What the server offers. Seconds; None is not declared."""

    can_block_reload: bool = False
    hold_back: float | None = None
    part_hold_back: float | None = None
    can_skip_until: float | None = None


@dataclass(frozen=True)
class Report:
    """EXT-X-RENDITION-REPORT: how far another playlist of the same stream is."""

    uri: str = field(repr=False)
    last_segment: int | None
    last_part: int | None


@dataclass(frozen=True)
class LowLatency:
    """What a playlist says of low latency: all `parts` that it lists, and those `trailing` its last segment."""

    control: ServerControl = ServerControl()
    part_target: float | None = None
    parts: tuple[Part, ...] = ()
    trailing: tuple[Part, ...] = ()
    preload_hint: str = field(default="", repr=False)
    reports: tuple[Report, ...] = ()

    @property
    def trailing_seconds(self) -> float:
        return sum(part.duration for part in self.trailing)


def read_control(attributes: Mapping[str, str]) -> ServerControl:
    return ServerControl(
        can_block_reload=attributes.get("CAN-BLOCK-RELOAD") == "YES",
        hold_back=optional_seconds(attributes.get("HOLD-BACK")),
        part_hold_back=optional_seconds(attributes.get("PART-HOLD-BACK")),
        can_skip_until=optional_seconds(attributes.get("CAN-SKIP-UNTIL")),
    )


def read_report(attributes: Mapping[str, str]) -> Report:
    last = optional_whole(attributes.get("LAST-MSN"))
    return Report(attributes.get("URI", ""), last, optional_whole(attributes.get("LAST-PART")))


def next_reload(url: URL, end_sequence: int, low_latency: LowLatency) -> URL:
    """The address that the server answers when the next part, or without parts the next segment, is there.

    Appended and not parsed: a signed address breaks when somebody quotes it anew.
    """
    asked = f"_HLS_msn={end_sequence}"
    if low_latency.part_target is not None:
        asked += f"&_HLS_part={len(low_latency.trailing)}"
    plain = str(url.with_fragment(None))
    return URL(f"{plain}{'&' if '?' in plain else '?'}{asked}", encoded=True)
