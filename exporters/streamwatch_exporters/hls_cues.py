"""Ad breaks as playlists mark them: CUE-OUT, CUE-OUT-CONT, CUE-IN, OATCLS-SCTE35, and DATERANGE with SCTE35. Pure.

The CUE tags are of no standard; packagers of AWS, Akamai, Wowza and others write them alike.
"""

import base64
import binascii
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from streamwatch_exporters.hls_values import attributes, optional_seconds, unix_time

CueKind = Literal["out", "in", "cont", "daterange"]
CUE_KINDS: tuple[CueKind, ...] = get_args(CueKind)

_OVERDUE = 10.0  # seconds by which a break may outlast what it announced
_SPLICE_TABLE, _SPLICE_INSERT = 0xFC, 0x05


@dataclass(frozen=True)
class Cue:
    """One cue tag in front of a segment; `duration` is the break's, in seconds, when announced."""

    kind: CueKind
    duration: float | None = None


@dataclass(frozen=True)
class AdRange:
    """A DATERANGE with a SCTE-35 command. Unix seconds; `command` is `out`, `in` or `cmd`."""

    id: str
    command: Literal["out", "in", "cmd"]
    start: float | None = None
    end: float | None = None


def read_cue(tag: str, value: str) -> Cue | None:
    match tag:
        case "#EXT-X-CUE-OUT":
            return Cue("out", _announced(value))
        case "#EXT-X-CUE-OUT-CONT":
            return Cue("cont")
        case "#EXT-X-CUE-IN":
            return Cue("in")
    return None


def _announced(value: str) -> float | None:
    """`30`, `DURATION=30`, or nothing."""
    if "=" not in value:
        return optional_seconds(value)
    named = {name.upper(): text for name, text in attributes(value.upper()).items()}
    return optional_seconds(named.get("DURATION"))


def _splice_insert(value: str) -> Cue | None:
    """SCTE 35 section 9.7.3: the command says whether one goes out of the network or comes back."""
    try:
        section = base64.b64decode(value.strip(), validate=True)
    except (binascii.Error, ValueError):
        return None
    if len(section) < 20 or section[0] != _SPLICE_TABLE or section[13] != _SPLICE_INSERT or section[18] & 0x80:
        return None
    return Cue("out" if section[19] & 0x80 else "in")


def read_ad_range(named: Mapping[str, str]) -> AdRange | None:
    """None for a DATERANGE that is about something else."""
    commands: tuple[Literal["out", "in", "cmd"], ...] = ("out", "in", "cmd")
    command = next((each for each in commands if f"SCTE35-{each.upper()}" in named), None)
    if command is None:
        return None
    start, end = unix_time(named.get("START-DATE")), unix_time(named.get("END-DATE"))
    lasts = optional_seconds(named.get("DURATION") or named.get("PLANNED-DURATION"))
    if end is None and start is not None and lasts is not None:
        end = start + lasts
    return AdRange(named.get("ID", ""), command, start, end)


class CueReader:
    """Takes the tags of a playlist one by one."""

    def __init__(self) -> None:
        self.ad_ranges: list[AdRange] = []
        self._cues: list[Cue] = []
        self._splice: Cue | None = None

    def take(self, tag: str, value: str) -> None:
        if tag == "#EXT-X-DATERANGE":
            ad_range = read_ad_range(attributes(value))
            self.ad_ranges += [ad_range] if ad_range else []
        elif tag == "#EXT-OATCLS-SCTE35":
            self._splice = _splice_insert(value)
        elif cue := read_cue(tag, value):
            self._cues.append(cue)

    def before_segment(self) -> tuple[Cue, ...]:
        """What stands in front of a segment. OATCLS says once more what a CUE tag beside it says."""
        if not self._cues and self._splice is None:
            return ()
        cues = tuple(self._cues) or (() if self._splice is None else (self._splice,))
        self._cues, self._splice = [], None
        return cues


class AdBreak:
    """Follows the cue tags of one playlist from segment to segment. `inside` is None until there was a cue."""

    def __init__(self) -> None:
        self.inside: bool | None = None
        self._announced: float | None = None
        self._lasted = 0.0
        self._excused = False  # the break was counted as too long: its late end is not counted again

    def take(self, cues: Iterable[Cue], duration: float) -> int:
        """Learn the cues in front of one more segment; how often they contradict what was before."""
        unpaired = 0
        for cue in cues:
            unpaired += self._contradicts(cue)
            self._follow(cue)
        if self.inside:
            self._lasted += duration
            if self._announced is not None and self._lasted > self._announced + _OVERDUE:
                self.inside, self._announced, self._excused = False, None, True
                unpaired += 1
        return unpaired

    def _contradicts(self, cue: Cue) -> bool:
        """A break in a break, or an end without a beginning. What was before the first cue is not known."""
        return (cue.kind == "out" and self.inside is True) or (
            cue.kind == "in" and self.inside is False and not self._excused
        )

    def _follow(self, cue: Cue) -> None:
        if cue.kind == "cont":
            self._lasted = self._lasted if self.inside else 0.0
        else:
            self._announced, self._lasted = cue.duration, 0.0
        self.inside, self._excused = cue.kind != "in", False


def inside_range(ranges: Iterable[AdRange], at: float | None) -> bool | None:
    """Whether a time is within a break that DATERANGE marks; None when nothing or no time says so."""
    listed = list(ranges)
    if not listed or at is None:
        return None
    ended = {each.id for each in listed if each.command == "in" and (each.end is None or each.end <= at)}
    return any(
        each.command == "out"
        and each.id not in ended
        and each.start is not None
        and each.start <= at
        and (each.end is None or at < each.end)
        for each in listed
    )
