"""What the headers of an answer say: whether a cache gave it, and whether its type is that of a playlist. Pure.

A hit is what says that it is one. An answer that says nothing about caches counts neither way.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

from multidict import MultiMapping, istr

from streamwatch_exporters.hls_values import optional_whole

_HITS = re.compile(r"(?:\w*hit|stale|revalidated|updating)", re.ASCII)
_MISSES = re.compile(r"(?:\w*miss|expired|bypass|dynamic|none)", re.ASCII)
# Alibaba's nodes write [0,200-0,H], Traffic Server [uScHs f p eN:t cCHp s ]: H and R are from memory and disk.
_NODE = re.compile(r"\[\d+,[\w-]+,([HM])\]|\[u\w?[^\]]*?c([HRMS ])")

PLAYLIST_TYPES = frozenset(
    {
        "application/vnd.apple.mpegurl",
        "audio/mpegurl",  # RFC 8216 section 4 names these two
        "application/x-mpegurl",
        "audio/x-mpegurl",
        "application/mpegurl",
        "vnd.apple.mpegurl",
    }
)


@dataclass
class CacheCounts:
    """Answers that say whether they came from a cache, and those that did."""

    requests: int = 0
    hits: int = 0

    def learn(self, headers: MultiMapping[str]) -> None:
        hit = from_cache(headers)
        self.requests += hit is not None
        self.hits += hit is True


def from_cache(headers: MultiMapping[str]) -> bool | None:
    """Whether an answer came from a cache; None when it does not say. The first header that says so decides."""
    for name, read in _READERS:
        if name in headers:
            said = read(", ".join(headers.getall(name)))
            if said is not None:
                return said
    return None


@lru_cache(256)
def is_playlist_type(content_type: str) -> bool:
    """An answer without a type says nothing wrong: players go by the suffix then."""
    bare = content_type.partition(";")[0].strip().lower()
    return not bare or bare in PLAYLIST_TYPES


def _cache_status(value: str) -> bool | None:
    """RFC 9211: the last member is the cache nearest to us."""
    parameters = [each.strip().lower() for each in value.rpartition(",")[2].split(";")[1:]]
    if "hit" in parameters or "hit=?1" in parameters:
        return True
    return False if any(each.startswith("fwd=") for each in parameters) else None


def _status(value: str) -> bool | None:
    """`HIT`, `Hit from cloudfront`, `TCP_MEM_HIT dirn:10:408`, `MISS, HIT`: the last is the nearest to us."""
    words = value.rpartition(",")[2].lower().partition(" from ")[0].split()
    if any(_MISSES.fullmatch(word) for word in words):
        return False
    return True if any(_HITS.fullmatch(word) for word in words) else None


def _via(value: str) -> bool | None:
    nodes = [first or second for first, second in _NODE.findall(value)]
    return nodes[-1] in ("H", "R") if nodes else None


def _age(value: str) -> bool | None:
    """Only a cache makes answers older than nothing; some say 0 of what they just fetched."""
    return True if (optional_whole(value) or 0) > 0 else None


_READERS = (
    (istr("Cache-Status"), _cache_status),
    (istr("CF-Cache-Status"), _status),
    (istr("X-Cache"), _status),
    (istr("X-Cache-Status"), _status),
    (istr("X-Cache-Lookup"), _status),
    (istr("Via"), _via),
    (istr("Age"), _age),
)
