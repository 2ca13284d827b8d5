"""The HLS watcher in front of a real origin: what it sees, what it cannot tell, and who delays whom."""

import gzip
from pathlib import Path

import pytest

from servers.exporter import Page, running_exporter
from servers.hls_origin import HlsOrigin, LivePlaylist, hls_origin

AGE = "streamwatch_hls_playlist_age_seconds"
UP = "streamwatch_probe_up"
FAILURES = "streamwatch_probe_failures_total"
MASTER = """#EXTM3U
#EXT-X-STREAM-INF:BANDWIDTH=800000,RESOLUTION=640x360,CODECS="avc1"
low.m3u8?token=1
#EXT-X-STREAM-INF:BANDWIDTH=2500000,RESOLUTION=1280x720,CODECS="avc1",FRAME-RATE=25
high.m3u8?token=1
"""
LOW, HIGH = "640x360@800000", "1280x720@2500000"


def watching(origin: HlsOrigin, *paths: str, segments: bool = False) -> str:
    """A streams.yml with one stream for each path, called a, b, c…"""
    lines = [
        f'  - {{id: {id_}, hls: {{url: "{origin.url(path)}", segments: {str(segments).lower()}, timeout: 1.0}}}}'
        for id_, path in zip("abcdefgh", paths, strict=False)
    ]
    return "streams:\n" + "\n".join(lines)


def failed_with(page: Page, stream: str) -> set[str]:
    reasons = ["dns", "connect", "tls", "timeout", "http_4xx", "http_5xx", "parse", "auth", "protocol", "too_large"]
    return {r for r in reasons if page.value(FAILURES, stream=stream, reason=r)}


async def test_a_frozen_variant_is_not_hidden_by_an_advancing_one(tmp_path: Path) -> None:
    """Each playlist has an age of its own, although both lie in one directory."""
    low, high = LivePlaylist(name="low"), LivePlaylist(name="high")
    async with hls_origin() as origin:
        origin.put("/live/master.m3u8", MASTER)
        origin.put("/live/low.m3u8", low.text())
        origin.put("/live/high.m3u8", high.text())
        async with running_exporter(tmp_path, watching(origin, "/live/master.m3u8")) as exporter:
            await exporter.until(lambda page: page.value("streamwatch_hls_variants_up") == 2)
            for _ in range(3):
                high.advance()
                origin.put("/live/high.m3u8", high.text())
                page = await exporter.until(
                    lambda page: page.value("streamwatch_hls_media_sequence", variant=HIGH) == high.first
                )
            frozen, moving = page.value(AGE, variant=LOW), page.value(AGE, variant=HIGH)
            assert frozen is not None
            assert moving is not None
            assert frozen > 1.5 > moving
            assert page.value("streamwatch_hls_stall_ratio", variant=LOW) == pytest.approx(frozen / 2, abs=0.1)
            assert page.value("streamwatch_hls_variants") == 2
            assert page.value("streamwatch_hls_variant_bandwidth_bytes_per_second", variant=HIGH) == 312500
            assert page.values("streamwatch_hls_variant_info", variant=HIGH, codecs="avc1", frame_rate="25") == [1]


async def test_a_variant_that_fails_is_counted_and_the_stream_is_still_seen(tmp_path: Path) -> None:
    """One of two answers: the probe sees the stream, and says how many variants answer."""
    async with hls_origin() as origin:
        origin.put("/master.m3u8", MASTER)
        origin.put("/low.m3u8", LivePlaylist().text())
        async with running_exporter(tmp_path, watching(origin, "/master.m3u8")) as exporter:
            page = await exporter.until(lambda page: failed_with(page, "a") == {"http_4xx"})
            page = await exporter.until(lambda page: page.value("streamwatch_hls_variants_up") == 1)
            assert page.value(UP) == 1
            assert page.value(AGE, variant=HIGH) is None
            del origin.replies["/low.m3u8"]
            page = await exporter.until(lambda page: page.value(UP) == 0)
            assert page.value("streamwatch_hls_media_sequence", variant=LOW) is None
            assert page.value(AGE, variant=LOW) is not None


async def test_a_variant_that_is_no_longer_listed_leaves_no_series(tmp_path: Path) -> None:
    """The master is read again; what it dropped vanishes at once."""
    async with hls_origin() as origin:
        origin.put("/master.m3u8", MASTER)
        origin.put("/low.m3u8", LivePlaylist().text())
        async with running_exporter(tmp_path, watching(origin, "/master.m3u8")) as exporter:
            await exporter.until(lambda page: page.value(AGE, variant=LOW) is not None)
            origin.put("/master.m3u8", MASTER.replace("1280x720", "1920x1080"))
            page = await exporter.until(lambda page: "1920x1080@2500000" in page.label_values("variant"))
            assert HIGH not in page.label_values("variant")


async def test_a_hanging_origin_delays_no_other_stream(tmp_path: Path) -> None:
    """Stream a gets no answer at all; b is looked at every second, and the page itself stays quick."""
    live = LivePlaylist()
    async with hls_origin() as origin:
        origin.hang("/a.m3u8")
        origin.put("/b.m3u8", live.text())
        async with running_exporter(tmp_path, watching(origin, "/a.m3u8", "/b.m3u8")) as exporter:
            page = await exporter.until(lambda page: failed_with(page, "a") == {"timeout"})
            for _ in range(3):
                live.advance()
                origin.put("/b.m3u8", live.text())
                page = await exporter.until(
                    lambda page: page.value("streamwatch_hls_media_sequence", stream="b") == live.first, within=3
                )
            assert page.value(UP, stream="a") == 0
            assert page.value(UP, stream="b") == 1
            assert page.value(AGE, stream="a") is None
            assert failed_with(page, "b") == set()
            lag = page.value("streamwatch_probe_lag_seconds", stream="b")
            assert lag is not None
            assert lag < 1.0


async def test_age_goes_on_growing_while_the_origin_cannot_be_reached(tmp_path: Path) -> None:
    """That the playlist has not been seen to advance is known; what it says now is not."""
    async with hls_origin() as origin:
        origin.put("/a.m3u8", LivePlaylist().text())
        async with running_exporter(tmp_path, watching(origin, "/a.m3u8")) as exporter:
            await exporter.until(lambda page: page.value(UP) == 1)
            del origin.replies["/a.m3u8"]
            page = await exporter.until(lambda page: page.value(UP) == 0)
            before = page.value(AGE)
            assert before is not None
            page = await exporter.until(lambda page: (page.value(AGE) or 0) > before + 1)
            assert page.value("streamwatch_hls_segments") is None
            assert page.value("streamwatch_hls_stall_ratio") is not None


async def test_a_restarted_origin_is_one_violation(tmp_path: Path) -> None:
    """Numbering that begins again has advanced, and is counted once."""
    async with hls_origin() as origin:
        origin.put("/a.m3u8", LivePlaylist(first=50).text())
        async with running_exporter(tmp_path, watching(origin, "/a.m3u8")) as exporter:
            page = await exporter.until(lambda page: page.value("streamwatch_hls_media_sequence") == 50)
            regress = {"rule": "media_sequence_regress"}
            assert page.value("streamwatch_hls_violations_total", **regress) == 0
            seen = origin.seen["/a.m3u8"]
            origin.put("/a.m3u8", LivePlaylist(first=0).text())
            await exporter.until(lambda page: origin.seen["/a.m3u8"] > seen + 2)
            page = await exporter.page()
            assert page.value("streamwatch_hls_violations_total", **regress) == 1


async def test_the_newest_segment_is_fetched_once(tmp_path: Path) -> None:
    """Against the address after a redirect, and measured."""
    async with hls_origin() as origin:
        origin.redirect("/a.m3u8", "/cdn/edge7/a.m3u8?token=x")
        origin.put("/cdn/edge7/a.m3u8", LivePlaylist().text())
        origin.put("/cdn/edge7/seg-3.ts", b"x" * 50_000)
        async with running_exporter(tmp_path, watching(origin, "/a.m3u8", segments=True)) as exporter:
            page = await exporter.until(
                lambda page: (
                    page.value("streamwatch_hls_download_ratio") is not None and origin.seen["/a.m3u8"] >= 3
                )
            )
            assert origin.seen["/cdn/edge7/seg-3.ts"] == 1
            assert page.value("streamwatch_hls_segment_bytes_total") == 50_000
            assert page.value("streamwatch_hls_measured_bandwidth_bytes_per_second") == 25_000
            assert page.value("streamwatch_hls_segment_ttfb_seconds_count") == 1
            assert page.value("streamwatch_hls_segment_failures_total", code_class="4xx") == 0


async def test_a_segment_that_is_not_there_is_a_failure_of_its_class(tmp_path: Path) -> None:
    """And the ratio of the one before it is not kept."""
    async with hls_origin() as origin:
        origin.put("/a.m3u8", LivePlaylist().text())
        origin.put("/seg-3.ts", b"busy", status=503)
        async with running_exporter(tmp_path, watching(origin, "/a.m3u8", segments=True)) as exporter:
            page = await exporter.until(
                lambda page: page.value("streamwatch_hls_segment_failures_total", code_class="5xx") == 1
            )
            assert page.value("streamwatch_hls_download_ratio") is None
            assert page.value(UP) == 1


GOOD = LivePlaylist(first=7).text()


@pytest.mark.parametrize(
    ("body", "headers", "sequence"),
    [
        (GOOD.replace("\n", "\r\n").encode(), {}, 7),
        (b"\xef\xbb\xbf" + GOOD.encode(), {}, 7),
        (gzip.compress(GOOD.encode()), {"Content_Encoding": "gzip"}, 7),
        (gzip.compress(GOOD.encode()), {}, 7),
        (GOOD.replace("#EXT-X-MEDIA-SEQUENCE:7\n", "").encode(), {}, 0),
    ],
    ids=["crlf", "bom", "gzip", "gzip without a header", "without a media sequence"],
)
async def test_an_unusual_playlist_is_read_rightly(
    tmp_path: Path, body: bytes, headers: dict[str, str], sequence: int
) -> None:
    """Players take it, so the probe does."""
    async with hls_origin() as origin:
        origin.put("/a.m3u8", body, **headers)
        async with running_exporter(tmp_path, watching(origin, "/a.m3u8")) as exporter:
            page = await exporter.until(lambda page: page.value(UP) == 1)
            assert page.value("streamwatch_hls_media_sequence") == sequence
            assert page.value("streamwatch_hls_segments") == 4


async def test_what_is_no_playlist_cannot_be_told_and_says_why(tmp_path: Path) -> None:
    """Eight bad answers beside each other: each has its reason, and none exports a value of a playlist."""
    async with hls_origin() as origin:
        origin.put("/html.m3u8", "<!doctype html><h1>Welcome</h1>")
        origin.put("/empty.m3u8", "")
        origin.pour("/endless.m3u8")
        origin.put("/bomb.m3u8", gzip.compress(b"#EXTM3U\n" + b"#" * 50_000_000), Content_Encoding="gzip")
        origin.redirect("/loop.m3u8", "/loop.m3u8")
        origin.put("/down.m3u8", "", status=503)
        origin.put("/denied.m3u8", "", status=403)
        origin.put("/damaged.m3u8", b"\x1f\x8b" + b"not gzip", Content_Encoding="gzip")
        names = ["html", "empty", "endless", "bomb", "loop", "down", "denied", "damaged"]
        expected = ["parse", "parse", "too_large", "too_large", "protocol", "http_5xx", "auth", "protocol"]
        async with running_exporter(tmp_path, watching(origin, *(f"/{name}.m3u8" for name in names))) as exporter:
            page = await exporter.until(
                lambda page: (
                    [failed_with(page, stream) for stream in "abcdefgh"] == [{reason} for reason in expected]
                )
            )
            assert page.values(UP) == [0] * 8
            assert page.values(AGE) == page.values("streamwatch_hls_segments") == []


async def test_nobody_listening_and_no_such_name_have_reasons(tmp_path: Path) -> None:
    """A refused connection, and a name that cannot be resolved."""
    from servers.free_port import free_port

    config = f"""streams:
  - {{id: a, hls: {{url: "http://127.0.0.1:{free_port()}/a.m3u8"}}}}
  - {{id: b, hls: {{url: "http://stream.invalid/b.m3u8"}}}}
"""
    async with running_exporter(tmp_path, config) as exporter:
        page = await exporter.until(lambda page: len(page.values(UP)) == 2)
        assert failed_with(page, "a") == {"connect"}
        assert failed_with(page, "b") <= {"dns", "timeout"} != set()
