"""Values of XML Schema as they stand in a DASH manifest. Pure. None is what is not there or cannot be read."""

import re
from datetime import UTC, datetime

from streamwatch_exporters.probe import ProbeFailed

_DURATION = re.compile(
    r"P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d*)?|\.\d+)S)?)?", re.ASCII
)
_SECONDS_OF = (365 * 86400, 30 * 86400, 86400, 3600, 60, 1)
_LONGEST = 1e10  # seconds, about three centuries
_LARGEST = 2**63


def duration(text: str | None) -> float | None:
    """Seconds of an xs:duration, `PT2.5S` say. A year has 365 days and a month 30."""
    found = _DURATION.fullmatch((text or "").strip())
    if found is None or not any(found.groups()):
        return None
    seconds = sum(float(part) * each for part, each in zip(found.groups("0"), _SECONDS_OF, strict=True))
    return seconds if seconds < _LONGEST else None


def instant(text: str | None) -> float | None:
    """Unix time of an xs:dateTime; without a zone it is UTC (ISO/IEC 23009-1 clause 5.3.1.2)."""
    try:
        moment = datetime.fromisoformat((text or "").strip())
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None


def whole(text: str | None, default: int) -> int:
    """A number that segments are found by; raises `ProbeFailed` where it is none, for to guess would mislead."""
    if text is None:
        return default
    try:
        number = int(text)
    except ValueError as exc:
        raise ProbeFailed("parse", "a number in the manifest cannot be read") from exc
    if not -_LARGEST <= number < _LARGEST:
        raise ProbeFailed("parse", "a number in the manifest is too large")
    return number


def positive(text: str | None, default: int) -> int:
    number = whole(text, default)
    if number <= 0:
        raise ProbeFailed("parse", "a number in the manifest must be greater than 0")
    return number


def seconds(text: str | None) -> float:
    """A plain number of seconds, 0 when there is none: `availabilityTimeOffset` may also be `INF`."""
    try:
        number = float(text or 0)
    except ValueError:
        return 0.0
    return number if 0 <= number < _LONGEST else 0.0


def byte_range(text: str | None) -> tuple[int, int] | None:
    """First and last byte of `100-299`."""
    found = re.fullmatch(r"(\d{1,18})-(\d{1,18})", text or "", re.ASCII)
    return (int(found[1]), int(found[2])) if found else None
