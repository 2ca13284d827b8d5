"""What a chat feed posts: JSON, a JSON array or JSON lines, read into messages, viewers and who came. No I/O."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from streamwatch_exporters.posted import instant, json_values, name

Platform = Literal[
    "douyin",
    "kuaishou",
    "bilibili",
    "taobao",
    "wechat",
    "xiaohongshu",
    "youtube",
    "twitch",
    "tiktok",
    "other",
]
PLATFORMS: tuple[Platform, ...] = get_args(Platform)

Source = Literal["paid", "organic", "followers", "search", "shared", "other"]
SOURCES: tuple[Source, ...] = get_args(Source)

_TEXT_LENGTH = 200
_MAX_VIEWERS = 10**10


@dataclass(frozen=True)
class Message:
    """One message of one viewer. `at` is unix seconds, when the feed says it."""

    user: str = field(repr=False)
    text: str = field(repr=False)
    platform: Platform = "other"
    id: str | None = None
    at: float | None = None


@dataclass(frozen=True)
class Viewers:
    """How many watch on one platform."""

    count: int
    platform: Platform = "other"


@dataclass(frozen=True)
class Joined:
    """How many came since the last such line, and by which way."""

    count: int
    source: Source = "other"
    platform: Platform = "other"


Line = Message | Viewers | Joined | None
"""None is a line that is none of them: it is counted as rejected."""


def read_lines(body: bytes) -> Iterator[Line]:
    """Read a body; raises `NotLines` when no part of it is JSON."""
    for value in json_values(body):
        yield _line(value)


def _line(value: Any) -> Line:
    if not isinstance(value, dict):
        return None
    if "viewers" in value:
        count = _people(value["viewers"])
        return None if count is None else Viewers(count, _platform(value))
    if "joined" in value:
        count = _people(value["joined"])
        return None if count is None else Joined(count, _source(value), _platform(value))
    return _message(value)


def _people(count: Any) -> int | None:
    known = isinstance(count, int) and not isinstance(count, bool) and 0 <= count <= _MAX_VIEWERS
    return count if known else None


def _message(value: dict[str, Any]) -> Message | None:
    user, text, id_ = name(value.get("user")), value.get("text"), value.get("id")
    if not user or not isinstance(text, str):
        return None
    if id_ is not None and not (id_ := name(id_)):
        return None
    try:
        at = instant(value.get("at"))
    except ValueError:
        return None
    return Message(user, text[:_TEXT_LENGTH], _platform(value), id_, at)


def _platform(value: dict[str, Any]) -> Platform:
    named = value.get("platform")
    return named if named in PLATFORMS else "other"  # the list is closed: a label must not grow by what is posted


def _source(value: dict[str, Any]) -> Source:
    named = value.get("source")
    return named if named in SOURCES else "other"
