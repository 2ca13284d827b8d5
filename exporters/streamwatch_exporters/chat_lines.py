"""What a chat feed posts: JSON, a JSON array or JSON lines, read into messages and viewer counts. No I/O."""

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


Line = Message | Viewers | None
"""None is a line that is neither: it is counted as rejected."""


def read_lines(body: bytes) -> Iterator[Line]:
    """Read a body; raises `NotLines` when no part of it is JSON."""
    for value in json_values(body):
        yield _line(value)


def _line(value: Any) -> Line:
    if not isinstance(value, dict):
        return None
    return _viewers(value) if "viewers" in value else _message(value)


def _viewers(value: dict[str, Any]) -> Viewers | None:
    count = value["viewers"]
    if not isinstance(count, int) or isinstance(count, bool) or not 0 <= count <= _MAX_VIEWERS:
        return None
    return Viewers(count, _platform(value))


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
