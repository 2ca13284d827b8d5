"""Time comes from one place, given to whoever decides by it; nothing else asks the system."""

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]
"""Answers the present instant, aware of its zone."""


def utc_now() -> datetime:
    return datetime.now(UTC)
