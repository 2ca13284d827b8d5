"""The values that stand in the lines of a playlist (RFC 8216 section 4.2). Pure; a bad one is `parse`."""

import re
from datetime import datetime

from streamwatch_exporters.probe import ProbeFailed

_ATTRIBUTE = re.compile(r'([A-Z0-9-]+)=("[^"]*"|[^,]*)')
_BYTERANGE = re.compile(r"(\d+)(?:@(\d+))?")
_DAY = 86400.0


def attributes(text: str) -> dict[str, str]:
    """An attribute list, without the quotes."""
    return {name: value.strip('"') for name, value in _ATTRIBUTE.findall(text)}


def whole(name: str, value: str) -> int:
    """A decimal integer; a fraction is cut, because real packagers write TARGETDURATION:6.0."""
    try:
        number = int(float(value.strip()))
    except (ValueError, OverflowError) as exc:
        raise ProbeFailed("parse", f"{name} is not a number") from exc
    if not 0 <= number < 2**64:
        raise ProbeFailed("parse", f"{name} is out of range")
    return number


def seconds(value: str) -> float:
    """The duration of a segment."""
    try:
        number = float(value)
    except ValueError as exc:
        raise ProbeFailed("parse", "an EXTINF is not a number") from exc
    if not 0 <= number < _DAY:
        raise ProbeFailed("parse", "an EXTINF is out of range")
    return number


def optional_seconds(value: str | None) -> float | None:
    """A duration that says more about a playlist but is not needed to play it: a bad one is unknown."""
    try:
        number = float((value or "").strip())
    except ValueError:
        return None
    return number if 0 <= number < _DAY else None


def optional_whole(value: str | None) -> int | None:
    """Likewise a number of something."""
    text = (value or "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else None


def unix_time(value: str | None) -> float | None:
    """A date as unix seconds. One without a zone could be that of any clock: it is unknown, as a bad one is."""
    try:
        date = datetime.fromisoformat((value or "").strip())
        return None if date.tzinfo is None else date.timestamp()
    except (ValueError, OverflowError):
        return None


def byte_range(value: str) -> tuple[int | None, int]:
    """Offset, if it is given, and length."""
    match = _BYTERANGE.match(value.strip())
    if match is None:
        raise ProbeFailed("parse", "a BYTERANGE is not a range")
    return (int(match[2]) if match[2] else None), int(match[1])
