"""Media is fetched as it is: bytes that count are those that came over the line, never those unpacked from them."""

import gzip

import aiohttp
from yarl import URL

from servers.hls_origin import hls_origin
from streamwatch_exporters.fetching import drain, open_endless

PLAIN = bytes(300_000)
PACKED = gzip.compress(PLAIN, 1)


async def test_a_segment_packed_unasked_counts_as_it_was_sent() -> None:
    """Else a segment of two kilobytes passes for one of three hundred, and its bitrate with it."""
    async with hls_origin() as origin, aiohttp.ClientSession() as session:
        origin.put("/s.ts", PACKED, Content_Encoding="gzip")
        transfer = await drain(session, URL(origin.url("/s.ts")), limit=9_999, within=5, headers={"X-More": "1"})
        assert transfer.size == len(PACKED)
        asked = origin.headers_seen["/s.ts"]
        assert (asked["Accept-Encoding"], asked["X-More"]) == ("identity", "1")


async def test_an_endless_answer_packed_unasked_is_read_as_players_do_unless_the_line_is_measured() -> None:
    """A player of HTTP-FLV is a browser, which unpacks."""
    async with hls_origin() as origin, aiohttp.ClientSession() as session:
        origin.put("/live.flv", PACKED, Content_Encoding="gzip")
        for as_sent, expected in ((False, PLAIN), (True, PACKED)):
            async with open_endless(session, URL(origin.url("/live.flv")), within=5, as_sent=as_sent) as body:
                assert await body.read() == expected
            assert origin.headers_seen["/live.flv"]["Accept-Encoding"] == "identity"
