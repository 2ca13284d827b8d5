"""What feeds post: a JSON object, a JSON array or JSON lines; and what became of their lines. No I/O."""

import json
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

_ID_LENGTH = 256


class NotLines(Exception):
    """The body is not JSON, a JSON array or JSON lines; nor a table, where one is taken."""


@dataclass
class Accepted:
    """What became of the lines of one body."""

    accepted: int = 0
    duplicates: int = 0
    rejected: int = 0


def json_values(body: bytes) -> list[Any]:
    """The value of each line, `BROKEN` for a line that is none. A number with a point is a `Decimal`.

    Raises `NotLines` when no part of *body* is JSON.
    """
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        raise NotLines from exc
    whole = _parse(text)
    if isinstance(whole, list):
        return whole
    if whole is not BROKEN:
        return [whole]
    values = [_parse(line) for line in text.splitlines() if line.strip()]
    if all(value is BROKEN for value in values):
        raise NotLines
    return values


BROKEN = object()


def _parse(text: str) -> Any:
    try:
        return json.loads(text, parse_float=Decimal)
    except (ValueError, ArithmeticError, RecursionError):
        return BROKEN


def name(value: Any) -> str:
    """Platforms number their users and orders, or name them; "" for what is neither."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    if isinstance(value, int) and abs(value) >= 2**128:
        return ""
    return str(value)[:_ID_LENGTH]


def instant(value: Any) -> float | None:
    """Unix seconds of an ISO 8601 text with its offset; None for None. Raises `ValueError`."""
    if value is None:
        return None
    at = datetime.fromisoformat(value if isinstance(value, str) else "")
    if at.tzinfo is None:
        raise ValueError("a time without its zone")
    try:
        return at.timestamp()
    except OverflowError as exc:
        raise ValueError("out of range") from exc
