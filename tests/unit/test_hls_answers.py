"""What headers say about caches and types, as the large networks write them."""

import pytest
from multidict import CIMultiDict

from streamwatch_exporters.hls_answers import CacheCounts, from_cache, is_playlist_type


@pytest.mark.parametrize(
    ("name", "value", "hit"),
    [
        ("X-Cache", "HIT", True),
        ("X-Cache", "Hit from cloudfront", True),
        ("X-Cache", "RefreshHit from cloudfront", True),
        ("X-Cache", "Miss from cloudfront", False),
        ("X-Cache", "Error from cloudfront", None),
        ("X-Cache", "HIT from permission.example", True),
        ("X-Cache", "MISS from hit.example", False),
        ("X-Cache", "HIT from localmiss", True),
        ("X-Cache", "TCP_MEM_HIT from a.example (AkamaiGHost)", True),
        ("X-Cache", "TCP_REFRESH_MISS", False),
        ("X-Cache", "HIT TCP_MEM_HIT dirn:10:408", True),
        ("X-Cache", "HIT, MISS", False),
        ("X-Cache", "MISS, HIT", True),
        ("X-Cache", "", None),
        ("X-Cache-Status", "EXPIRED", False),
        ("X-Cache-Lookup", "Cache Hit", True),
        ("X-Cache-Lookup", "Hit From MemCache", True),
        ("X-Cache-Lookup", "MISS from proxy:3128", False),
        ("cf-cache-status", "HIT", True),
        ("cf-cache-status", "REVALIDATED", True),
        ("cf-cache-status", "DYNAMIC", False),
        ("Cache-Status", "Origin; fwd=miss, Edge; hit; ttl=30", True),
        ("Cache-Status", "Origin; hit, Edge; fwd=uri-miss; stored", False),
        ("Via", "cache13.l2et2[0,0,200-0,H], cache17.cn1[5,0]", None),
        ("Via", "cache13.l2[0,200-0,H], cache17.cn1[0,200-0,M]", False),
        ("Via", "http/1.1 edge (ApacheTrafficServer [cHs f ])", None),
        ("Via", "http/1.1 edge (ApacheTrafficServer/9.2 [uScRs f p eN:t cCHp s ])", True),
        ("Via", "1.1 varnish", None),
        ("Age", "7", True),
        ("Age", "0", None),
        ("Age", "old", None),
        ("Server", "nginx", None),
    ],
)
def test_a_hit_is_what_says_so(name: str, value: str, hit: bool | None) -> None:
    """And what says nothing is neither."""
    assert from_cache(CIMultiDict({name: value})) is hit


def test_the_header_that_speaks_of_this_answer_goes_before_its_age() -> None:
    """A missed answer may be old at the cache behind."""
    assert from_cache(CIMultiDict({"Age": "7", "X-Cache": "MISS"})) is False


def test_a_header_that_comes_twice_ends_with_the_nearest_cache() -> None:
    """Two headers of a name are one list."""
    assert from_cache(CIMultiDict([("X-Cache", "HIT"), ("X-Cache", "MISS")])) is False


def test_an_answer_that_says_nothing_is_no_request() -> None:
    """Else a stream without a network would have a ratio of 0."""
    counts = CacheCounts()
    for headers in ({}, {"X-Cache": "HIT"}, {"X-Cache": "MISS"}):
        counts.learn(CIMultiDict(headers))
    assert (counts.requests, counts.hits) == (2, 1)


@pytest.mark.parametrize(
    ("content_type", "good"),
    [
        ("application/vnd.apple.mpegurl", True),
        ("Audio/MPEGURL; charset=utf-8", True),
        ("application/x-mpegURL", True),
        ("", True),
        ("text/html", False),
        ("application/octet-stream", False),
    ],
)
def test_only_the_types_of_playlists_are_accepted(content_type: str, good: bool) -> None:
    """Whatever their case and parameters."""
    assert is_playlist_type(content_type) is good
