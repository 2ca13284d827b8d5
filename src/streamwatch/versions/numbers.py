"""Version numbers, as far as they must be compared: final releases. Pure.

Source: PEP 440 (epoch, release, post-release). What is a pre-release or a development version has no number here.
"""

import re
from collections.abc import Iterable

Number = tuple[int, tuple[int, ...], int]  # epoch, release without trailing zeros, post-release (-1: none)

_FINAL = re.compile(r"v?(?:(\d+)!)?(\d+(?:\.\d+)*)(?:[-._]?(?:post|rev|r)[-._]?(\d*)|-(\d+))?", re.IGNORECASE)
_OF_A_PROGRAM = re.compile(r"\d+(?:\.\d+)+")


def number(text: str) -> Number | None:
    """Of a final release; None of anything else. A local part (`+deb12`) says who built it, not what it is."""
    found = _FINAL.fullmatch(text.strip().partition("+")[0])
    if found is None:
        return None
    epoch, release, post, short = found.groups()
    parts = [int(each) for each in release.split(".")]
    while len(parts) > 1 and parts[-1] == 0:
        parts.pop()
    given = short if short is not None else post
    return int(epoch or 0), tuple(parts), -1 if given is None else int(given or 0)


def release(text: str) -> str | None:
    """The first number with a dot in what a program says of itself: 5.1.9 of `ffmpeg version 5.1.9-0+deb12u1`."""
    found = _OF_A_PROGRAM.search(text)
    return found and found.group()


def older(one: str, other: str) -> bool:
    """Whether *one* is before *other*; no when either is no number."""
    first, second = number(release(one) or one), number(release(other) or other)
    return first is not None and second is not None and first < second


def newest(texts: Iterable[str]) -> str | None:
    """The highest final release of *texts*."""
    known = [(value, text) for text in texts if (value := number(text)) is not None]
    return max(known)[1] if known else None
