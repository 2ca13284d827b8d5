"""The rules that a DASH manifest can break: by itself while it says so, or by a step to the next one. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, get_args

from streamwatch_exporters.dash_manifest import Manifest, Period
from streamwatch_exporters.dash_windows import Live, Window, of_period

Rule = Literal[
    "publish_time_regress",
    "availability_start_changed",
    "static_on_live",
    "period_vanished",
    "representation_vanished",
    "representation_drift",
    "timeline_regress",
    "timeline_shrunk",
    "timeline_gap",
    "timeline_overlap",
    "timeline_in_future",
    "segment_duration_exceeded",
    "duration_mismatch",
    "window_too_short",
    "utc_timing_skew",
    "utc_timing_failed",
    "bad_content_type",
]
RULES: tuple[Rule, ...] = get_args(Rule)

MANIFEST_TYPES = frozenset(
    {"application/dash+xml", "video/vnd.mpeg.dash.mpd", "application/xml", "text/xml", "application/octet-stream"}
)
"""The registered type, and what servers call a file that they do not know; players take all of these."""

_JOINT = 0.1  # seconds that positions may differ by rounding
_ROUNDED = 0.5  # seconds by which packagers round a duration that they announce
_AHEAD = 2.0  # seconds
_MAX_DRIFT = 3  # segments

Condition = tuple[Rule, str]


@dataclass(frozen=True)
class Seen:
    """A manifest, the period that is live in it, and when it was looked at (steady seconds)."""

    manifest: Manifest
    live: Live | None
    at: float


def conditions(seen: Seen, elapsed: float | None, slid: set[str]) -> Iterator[Condition]:
    """What lasts, each with the representation or period that it is true of. *slid* are windows that moved on."""
    manifest, live = seen.manifest, seen.live
    if not manifest.dynamic:
        yield "static_on_live", ""
    if live is None:
        return
    yield from mismatches(live)
    newest = max(window.end for window in live.windows.values())
    for name, window in live.windows.items():
        if not window.told:
            continue
        if manifest.longest_segment and window.longest > manifest.longest_segment + _ROUNDED:
            yield "segment_duration_exceeded", name
        if newest - window.end > _MAX_DRIFT * window.longest:
            yield "representation_drift", name
        if manifest.dynamic and elapsed is not None:
            if window.end - window.early > elapsed + window.longest + _AHEAD:
                yield "timeline_in_future", name
            if live.before is None and name in slid and _too_short(window, manifest.depth):
                yield "window_too_short", name


def _too_short(window: Window, depth: float | None) -> bool:
    """Segments may be taken away only when they are older than timeShiftBufferDepth (clause 5.3.1.2)."""
    return depth is not None and window.end - window.start < depth - window.longest - _ROUNDED


def mismatches(live: Live) -> Iterator[Condition]:
    """The period that is over has to reach its end, which at the latest is where the next one begins."""
    over = live.before
    if over is None:
        return
    end = live.period.start if over.end is None else min(over.end, live.period.start)
    for window in of_period(over, None)[1].values():
        if window.told and abs(end - window.end) > window.longest + _JOINT:
            yield "duration_mismatch", over.key
            return


def steps(before: Seen, now: Seen) -> Iterator[Rule]:
    """What is broken by the step from one manifest to the next; each rule perhaps several times."""
    old, new = before.manifest, now.manifest
    if None not in (old.published, new.published) and (new.published or 0) < (old.published or 0):
        yield "publish_time_regress"
    if None not in (old.available_from, new.available_from) and old.available_from != new.available_from:
        yield "availability_start_changed"
        return  # positions in two presentations say nothing about each other
    if now.at - before.at < _patience(before) and _vanished(old.periods, new.periods):
        yield "period_vanished"
    if before.live is not None and now.live is not None:
        yield from _live_steps(before, now, before.live, now.live)


def _live_steps(before: Seen, now: Seen, old: Live, new: Live) -> Iterator[Rule]:
    same = old.period.key == new.period.key
    if same and _ids(old.period) - _ids(new.period):
        yield "representation_vanished"
    watched = now.at - before.at < _patience(before)
    for name, window in new.windows.items():
        known = old.windows.get(name)
        if known is None or not (known.told and window.told):
            continue
        if window.end < known.end - _JOINT:
            yield "timeline_regress" if window.start < known.start - _JOINT else "timeline_shrunk"
            continue
        if same and watched and window.start > known.end + _JOINT:
            yield "timeline_gap"
        for at, seconds in window.breaks:
            if at + max(0.0, -seconds) > known.end - _JOINT:
                yield "timeline_gap" if seconds > 0 else "timeline_overlap"


def _patience(seen: Seen) -> float:
    """After a pause longer than half the window, what is missing may have come and gone unseen."""
    windows = seen.live.windows.values() if seen.live else ()
    return max(4.0, min((window.end - window.start for window in windows), default=0.0) / 2)


def _vanished(old: tuple[Period, ...], new: tuple[Period, ...]) -> bool:
    """Periods go away at the beginning, when they are old; the last one is never gone before it was played."""
    left = {period.key for period in new if not period.key.startswith("#")}
    kept = [period.key in left for period in old if not period.key.startswith("#")]
    return bool(kept) and (not kept[-1] or False in kept[kept.index(True) :])


def _ids(period: Period) -> set[str]:
    return {each.id for each in period.representations}
