"""What a chat feed posts: JSON, a JSON array or JSON lines, read into messages and viewer counts. No I/O."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, get_args

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
_ID_LENGTH = 256
_MAX_VIEWERS = 10**10


class NotChat(Exception):
    """The body is not JSON, a JSON array or JSON lines."""


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
    """Read a body; raises `NotChat` when no part of it is JSON."""
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        raise NotChat from exc
    for value in _values(text):
        yield _line(value)


def _values(text: str) -> list[Any]:
    whole = _parse(text)
    if isinstance(whole, list):
        return whole
    if whole is not _BROKEN:
        return [whole]
    values = [_parse(line) for line in text.splitlines() if line.strip()]
    if all(value is _BROKEN for value in values):
        raise NotChat
    return values


_BROKEN = object()


def _parse(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return _BROKEN


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
    user, text, id_ = _name(value.get("user")), value.get("text"), value.get("id")
    if not user or not isinstance(text, str):
        return None
    if id_ is not None and not (id_ := _name(id_)):
        return None
    try:
        at = _instant(value.get("at"))
    except ValueError:
        return None
    return Message(user, text[:_TEXT_LENGTH], _platform(value), id_, at)


def _name(value: Any) -> str:
    """Platforms number their users or name them."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    if isinstance(value, int) and abs(value) >= 2**128:
        return ""
    return str(value)[:_ID_LENGTH]


def _platform(value: dict[str, Any]) -> Platform:
    named = value.get("platform")
    return named if named in PLATFORMS else "other"  # the list is closed: a label must not grow by what is posted


def _instant(value: Any) -> float | None:
    if value is None:
        return None
    instant = datetime.fromisoformat(value if isinstance(value, str) else "")
    if instant.tzinfo is None:
        raise ValueError("a time without its zone")
    try:
        return instant.timestamp()
    except OverflowError as exc:
        raise ValueError("out of range") from exc
