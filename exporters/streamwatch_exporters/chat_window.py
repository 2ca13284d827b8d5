"""The last minute of a chat: who wrote, who complained about what, and examples. Memory is bounded. No I/O."""

import re
from collections import Counter, OrderedDict, deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from streamwatch_exporters.complaints import CATEGORIES, Category

WINDOW = 60.0  # seconds
_MAX_USERS = 50_000  # in one window
_MAX_IDS = 100_000
_IDS_KEPT = 600.0  # seconds during which a repeated message id is a duplicate
_MAX_SAMPLES = 2_000  # per category
_LONG_NUMBER = re.compile(r"\d{5,}")

User = bytes
Dropped = Literal["users", "ids", "samples"]


class RecentKeys:
    """Keys and when they were last put in, forgotten after `keep` seconds, at most `limit` of them."""

    def __init__(self, keep: float, limit: int) -> None:
        self._keep, self._limit = keep, limit
        self._at: OrderedDict[bytes, float] = OrderedDict()

    def put(self, key: bytes, now: float) -> bool:
        """Put a key in or make it young again; false when there is no room for a new one."""
        self.expire(now)
        if key not in self._at and len(self._at) >= self._limit:
            return False
        self._at[key] = now
        self._at.move_to_end(key)
        return True

    def has(self, key: bytes, now: float) -> bool:
        self.expire(now)
        return key in self._at

    def drop_oldest(self) -> None:
        self._at.popitem(last=False)

    def count(self, now: float) -> int:
        """Read-only, so that a page can be made in another thread while messages come in."""
        return sum(now - at < self._keep for at in list(self._at.values()))

    def expire(self, now: float) -> None:
        while self._at and now - next(iter(self._at.values())) >= self._keep:
            self._at.popitem(last=False)


@dataclass(frozen=True)
class _Sample:
    at: float
    user: User = field(repr=False)
    text: str = field(repr=False)


class ChatWindow:
    """Counts distinct people, never a person. `now` is steady seconds, given by the caller."""

    def __init__(self) -> None:
        self.complaints: dict[Category, int] = dict.fromkeys(CATEGORIES, 0)
        self.dropped: dict[Dropped, int] = {"users": 0, "ids": 0, "samples": 0}
        self._chatters = RecentKeys(WINDOW, _MAX_USERS)
        self._ids = RecentKeys(_IDS_KEPT, _MAX_IDS)
        self._complaining = {category: RecentKeys(WINDOW, _MAX_USERS) for category in CATEGORIES}
        self._counted = {category: RecentKeys(WINDOW, _MAX_USERS) for category in CATEGORIES}
        self._samples: dict[Category, deque[_Sample]] = {category: deque() for category in CATEGORIES}

    def is_duplicate(self, message_id: bytes, now: float) -> bool:
        """Whether a message of this id came before; remembers it."""
        if self._ids.has(message_id, now):
            return True
        if not self._ids.put(message_id, now):
            self.dropped["ids"] += 1
            self._ids.drop_oldest()
            self._ids.put(message_id, now)
        return False

    def add(self, user: User, text: str, categories: Iterable[Category], now: float) -> None:
        if not self._chatters.put(user, now):
            self.dropped["users"] += 1
            return
        for category in categories:
            self._complain(user, text, category, now)

    def _complain(self, user: User, text: str, category: Category, now: float) -> None:
        self._complaining[category].put(user, now)
        if not self._counted[category].has(user, now):
            self._counted[category].put(user, now)
            self.complaints[category] += 1
        samples = self._samples[category]
        while samples and now - samples[0].at >= WINDOW:
            samples.popleft()
        if len(samples) >= _MAX_SAMPLES:
            samples.popleft()
            self.dropped["samples"] += 1
        samples.append(_Sample(now, user, text))

    def chatters(self, now: float) -> int:
        return self._chatters.count(now)

    def complaining(self, category: Category, now: float) -> int:
        return self._complaining[category].count(now)

    def samples(self, category: Category, limit: int, now: float) -> list[str]:
        """What was written, by how many people wrote it: one person who repeats himself counts once."""
        recent = (sample for sample in self._samples[category] if now - sample.at < WINDOW)
        said = {(sample.user, _masked(sample.text)) for sample in recent}
        by_text = Counter(text for _, text in said)
        return [text for text, _ in sorted(by_text.items(), key=lambda item: (-item[1], item[0]))[:limit]]


def _masked(text: str) -> str:
    """Digits of five and more may be a telephone or an order number."""
    return _LONG_NUMBER.sub(lambda match: "*" * len(match[0]), " ".join(text.split()))
