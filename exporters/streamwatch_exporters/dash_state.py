"""What is known of one DASH stream over time: when it advanced, and which rules it broke. No I/O, no judging.

A violation is counted when it begins, not at every look while it lasts. All ages are of steady seconds.
"""

from collections import deque
from dataclasses import dataclass, field

from streamwatch_exporters.dash_manifest import Manifest, Representation
from streamwatch_exporters.dash_rules import RULES, Condition, Rule, Seen, conditions, steps
from streamwatch_exporters.dash_windows import Window, live

_STALE_COPIES = 4
"""So many newest states are remembered: an edge cache that goes back to one of them has not advanced."""

_MOVED = 0.1  # seconds: less is rounding

_BY_OTHERS: frozenset[Rule] = frozenset({"utc_timing_skew", "utc_timing_failed", "bad_content_type"})

Position = tuple[float | None, float, str]


@dataclass
class RepresentationState:
    """One representation. `end` is as far as it is known to reach: by the manifest, or by a segment that came."""

    representation: Representation
    window: Window
    end: float | None = None
    last_advance: float | None = None
    listed: bool = True
    slid: bool = False
    recent: deque[Position] = field(default_factory=lambda: deque(maxlen=_STALE_COPIES))

    def reach(self, position: Position, now: float) -> None:
        self.end = position[1]
        if position not in self.recent:
            self.recent.append(position)
            self.last_advance = now

    def age(self, now: float) -> float | None:
        """Seconds since it advanced. It goes on growing while the origin cannot be reached."""
        return None if self.last_advance is None else max(0.0, now - self.last_advance)

    def stall_ratio(self, now: float) -> float | None:
        """Age as a multiple of the longest segment."""
        age = self.age(now)
        return None if age is None or self.window.longest <= 0 else age / self.window.longest


class DashState:
    """Takes each manifest as it was read, also one that stays the same: what follows from the clock moves on."""

    def __init__(self) -> None:
        self.manifest: Manifest | None = None
        self.available_from: float | None = None  # kept when a manifest that turned static leaves it out
        self.last_change: float | None = None
        self.representations: dict[str, RepresentationState] = {}
        self.violations: dict[Rule, int] = dict.fromkeys(RULES, 0)
        self._seen: Seen | None = None
        self._lasting: set[Condition] = set()
        self._recent: deque[object] = deque(maxlen=_STALE_COPIES)

    def take(self, manifest: Manifest, steady: float, unix: float) -> None:
        """Learn what the manifest says at this moment; *unix* is by the clock of the stream."""
        if manifest.available_from is not None:
            self.available_from = manifest.available_from
        elapsed = None if self.available_from is None else unix - self.available_from
        seen = Seen(manifest, live(manifest, elapsed), steady)
        self._take_windows(seen)
        self._count(seen, elapsed)
        position = _position(seen)
        if position not in self._recent:
            self._recent.append(position)
            self.last_change = steady
        self.manifest, self._seen = manifest, seen

    def hold(self, rule: Rule, *, holds: bool) -> None:
        """Learn of a condition that does not stand in the manifest; it counts when it begins."""
        condition = (rule, "")
        if holds and condition not in self._lasting:
            self.violations[rule] += 1
        (self._lasting.add if holds else self._lasting.discard)(condition)

    def came(self, name: str, end: float, steady: float) -> None:
        """A segment that ends there came. For what the manifest does not list this is all the evidence there is."""
        state = self.representations.get(name)
        if state is not None and not state.window.told:
            state.reach((self.available_from, round(end, 3), ""), steady)

    def age(self, now: float) -> float | None:
        """Seconds since the manifest changed; *now* is steady."""
        return None if self.last_change is None else max(0.0, now - self.last_change)

    def end_age(self, state: RepresentationState, unix: float) -> float | None:
        """Seconds from the end of what a representation offers to *unix*, the time now."""
        if self.available_from is None or state.end is None:
            return None
        return unix - self.available_from - state.end

    def _take_windows(self, seen: Seen) -> None:
        """Representations of other periods are over, and leave no series. One that lists nothing now is not."""
        if seen.live is None:
            for state in self.representations.values():
                state.listed = False
            return
        found: dict[str, RepresentationState] = {}
        for name, representation in seen.live.representations.items():
            known, window = self.representations.get(name), seen.live.windows.get(name)
            if window is not None:
                found[name] = self._taken(known, representation, window, seen)
            elif known is not None:
                known.listed = False
                found[name] = known
        self.representations = found

    def _taken(
        self, known: RepresentationState | None, representation: Representation, window: Window, seen: Seen
    ) -> RepresentationState:
        state = known or RepresentationState(representation, window)
        moved = window.start > state.window.start + _MOVED
        state.slid = self._same_period(seen) and (state.slid or moved)
        state.representation, state.window, state.listed = representation, window, True
        if window.told:
            state.reach((self.available_from, round(window.end, 3), window.newest.mark), seen.at)
        return state

    def _same_period(self, seen: Seen) -> bool:
        before = self._seen.live if self._seen else None
        return before is not None and seen.live is not None and before.period.key == seen.live.period.key

    def _count(self, seen: Seen, elapsed: float | None) -> None:
        slid = {name for name, state in self.representations.items() if state.slid}
        lasting = set(conditions(seen, elapsed, slid))
        began = {rule for rule, _ in lasting - self._lasting}
        self._lasting = lasting | {each for each in self._lasting if each[0] in _BY_OTHERS}
        if self._seen is not None and self._seen.manifest is not seen.manifest:
            began |= set(steps(self._seen, seen))
        for rule in began:
            self.violations[rule] += 1


def _position(seen: Seen) -> object:
    manifest = seen.manifest
    windows = seen.live.windows.items() if seen.live else ()
    told = [(name, round(each.end, 3), each.newest.mark) for name, each in windows if each.told]
    periods = [(period.key, period.start) for period in manifest.periods]
    return manifest.published, manifest.available_from, manifest.dynamic, periods, told
