"""The chat intake: feeds post what viewers write, the metrics tell how many people wrote and complained.

It measures the hop `audience`. A user is hashed with a key that lives in memory only, so nothing that leaves
this process, or could be found in its core dump later, leads back to a person.
"""

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field

from pydantic import Field

from streamwatch_exporters.chat_lines import Joined, Line, Message, Platform, Source, Viewers
from streamwatch_exporters.chat_window import WINDOW, ChatWindow
from streamwatch_exporters.clock import Clock
from streamwatch_exporters.complaints import CATEGORIES, Category, ComplaintMatcher
from streamwatch_exporters.posted import Accepted
from streamwatch_exporters.settings import SecretFile, Settings


class ChatIntakeSettings(Settings):
    """Whoever posts chat, asks for samples or reloads must show what this file holds."""

    token_file: SecretFile


class ChatSettings(Settings):
    """A feed that delivers nothing for `quiet_after` seconds is no longer taken for connected."""

    quiet_after: float = Field(120.0, ge=1, le=86400)


@dataclass
class Feed:
    """One platform's feed. Times are steady seconds."""

    last_delivery: float
    last_message: float | None = None
    messages: int = 0
    viewers: int | None = None
    viewers_at: float = 0.0


@dataclass
class ChatRoom:
    """The chat of one stream."""

    settings: ChatSettings
    clock: Clock
    matcher: ComplaintMatcher
    feeds: dict[Platform, Feed] = field(default_factory=dict)
    window: ChatWindow = field(default_factory=ChatWindow)
    joined: dict[Source, int] = field(default_factory=dict)  # of the ways that a feed told of
    _key: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)

    def take(self, lines: Iterable[Line]) -> Accepted:
        """Count lines. May be called for a part of a body at a time, so that a large one holds nobody up."""
        outcome = Accepted()
        for line in lines:
            if line is None:
                outcome.rejected += 1
            elif isinstance(line, Viewers):
                self._take_viewers(line)
                outcome.accepted += 1
            elif isinstance(line, Joined):
                self._feed(line.platform, self.clock.steady())
                self.joined[line.source] = self.joined.get(line.source, 0) + line.count
                outcome.accepted += 1
            elif self._take_message(line):
                outcome.accepted += 1
            else:
                outcome.duplicates += 1
        return outcome

    def connected(self, feed: Feed, now: float) -> bool:
        return now - feed.last_delivery < self.settings.quiet_after

    def is_heard(self, now: float) -> bool:
        """Whether any feed is connected: only then is "nobody complains" known, and not merely unseen."""
        return any(self.connected(feed, now) for feed in list(self.feeds.values()))

    def viewers(self, feed: Feed, now: float) -> int | None:
        """None when the feed stopped telling: unknown is not 0."""
        return feed.viewers if now - feed.viewers_at < self.settings.quiet_after else None

    def samples(self, category: Category, limit: int) -> dict[str, object]:
        now = self.clock.steady()
        return {
            "category": category,
            "users": self.window.complaining(category, now),
            "chatters": self.window.chatters(now),
            "samples": self.window.samples(category, limit, now),
        }

    def complaints(self, limit: int) -> dict[str, object]:
        """What is complained about at this moment: the categories that anybody has, with up to *limit* samples."""
        now = self.clock.steady()
        users = {category: self.window.complaining(category, now) for category in CATEGORIES}
        return {
            "heard": self.is_heard(now),
            "chatters": self.window.chatters(now),
            "categories": [
                {"category": each, "users": count, "samples": self.window.samples(each, limit, now)}
                for each, count in users.items()
                if count
            ],
        }

    def _take_viewers(self, line: Viewers) -> None:
        now = self.clock.steady()
        feed = self._feed(line.platform, now)
        feed.viewers, feed.viewers_at = line.count, now

    def _take_message(self, message: Message) -> bool:
        """False for a duplicate. A message that says it is older than the window is history that a feed
        replays after a reconnect: it counts as a message, and not as something that happens now."""
        now = self.clock.steady()
        feed = self._feed(message.platform, now)
        if message.id is not None and self.window.is_duplicate(self._hash(message.platform, message.id), now):
            return False
        feed.messages += 1
        feed.last_message = now
        if message.at is None or self.clock.wall() - message.at < WINDOW:
            user = self._hash(message.platform, message.user)
            self.window.add(user, message.text, self.matcher.categories(message.text), now)
        return True

    def _feed(self, platform: Platform, now: float) -> Feed:
        feed = self.feeds.setdefault(platform, Feed(now))
        feed.last_delivery = now
        return feed

    def _hash(self, platform: Platform, name: str) -> bytes:
        text = f"{platform}\0{name}".encode(errors="surrogatepass")
        return hashlib.blake2b(text, key=self._key, digest_size=12).digest()
