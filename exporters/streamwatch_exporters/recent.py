"""What the probes saw lately, for the page of recent probes: the last look at each target, and each change."""

from collections import deque
from dataclasses import dataclass

from streamwatch_exporters.probe import Answer, Target

_CHANGES_KEPT = 100


@dataclass(slots=True)  # not frozen: one is made at each look
class Look:
    """One look at one target. `text` is for people and holds no URL, key or token."""

    target: Target
    at: float  # unix time
    answer: Answer
    text: str
    seconds: float


class RecentLooks:
    """A continuous watcher looks every second, so only changes of the answer are kept in the ring."""

    def __init__(self) -> None:
        self._last: dict[Target, Look] = {}
        self._changes: deque[Look] = deque(maxlen=_CHANGES_KEPT)

    def add(self, look: Look) -> bool:
        """Remember a look; true when its answer or text differs from the one before."""
        before = self._last.get(look.target)
        self._last[look.target] = look
        changed = before is None or (before.answer, before.text) != (look.answer, look.text)
        if changed:
            self._changes.appendleft(look)
        return changed

    def keep_only(self, targets: set[Target]) -> None:
        """Forget the last look at whatever is no longer watched; what changed stays in the ring."""
        self._last = {target: look for target, look in self._last.items() if target in targets}

    def last(self) -> list[Look]:
        return sorted(self._last.values(), key=lambda look: look.target)

    def changes(self) -> list[Look]:
        return list(self._changes)
