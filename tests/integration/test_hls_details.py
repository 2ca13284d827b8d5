"""What the HLS watcher sees beyond the age of a playlist: dates, caches, ads, drift, low latency."""

import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from servers.exporter import Page, running_exporter
from servers.hls_origin import HlsOrigin, LivePlaylist, hls_origin, looks
from servers.low_latency_origin import low_latency_origin

VIOLATIONS = "streamwatch_hls_violations_total"
PLAYLIST = {"Content_Type": "application/vnd.apple.mpegurl"}
MASTER = """#EXTM3U
#EXT-X-STREAM-INF:BANDWIDTH=800000,RESOLUTION=640x360
low.m3u8
#EXT-X-STREAM-INF:BANDWIDTH=2500000,RESOLUTION=1280x720
high.m3u8
"""
LOW, HIGH = "640x360@800000", "1280x720@2500000"


def watching(*urls: str, segments: bool = False) -> str:
    """A streams.yml with one stream for each address, called a, b, c…"""
    flag = str(segments).lower()
    lines = [
        f'  - {{id: {id_}, hls: {{url: "{url}", segments: {flag}, timeout: 1.0}}}}'
        for id_, url in zip("abcdefgh", urls, strict=False)
    ]
    return "streams:\n" + "\n".join(lines)


def dated(playlist: LivePlaylist, unix: float) -> str:
    """The playlist, whose first segment begins at that time."""
    date = datetime.fromtimestamp(unix, UTC).isoformat(timespec="milliseconds")
    return playlist.text().replace("#EXTINF", f"#EXT-X-PROGRAM-DATE-TIME:{date}\n#EXTINF", 1)


def quick(name: str = "seg") -> LivePlaylist:
    """A playlist that is looked at twice a second."""
    return LivePlaylist(duration=1.0, target=1, name=name)


async def test_latency_is_measured_by_the_clock_of_the_server(tmp_path: Path) -> None:
    """The origin is 100 s ahead of us, and its live edge 10 s behind itself; without a date there is no latency."""
    async with hls_origin() as origin:
        origin.clock_ahead = 100.0
        origin.put("/a.m3u8", dated(quick(), time.time() + 100.0 - 10.0 - 4.0))
        origin.put("/b.m3u8", quick().text())
        async with running_exporter(tmp_path, watching(origin.url("/a.m3u8"), origin.url("/b.m3u8"))) as exporter:
            page = await exporter.until(lambda page: len(page.values("streamwatch_clock_skew_seconds")) == 2)
            latency = page.value("streamwatch_hls_live_latency_seconds", variant="single", source="pdt", stream="a")
            assert page.value("streamwatch_clock_skew_seconds", stream="a") == pytest.approx(100.0, abs=1.0)
            assert latency == pytest.approx(11.0, abs=3.0)
            assert page.values("streamwatch_hls_live_latency_seconds", stream="b") == []
            del origin.replies["/a.m3u8"]
            await exporter.until(lambda page: page.value("streamwatch_probe_up", stream="a") == 0)
            assert (await exporter.page()).values("streamwatch_hls_live_latency_seconds") == []


async def test_a_jump_of_the_date_and_new_marks_count_once(tmp_path: Path) -> None:
    """They stay listed for many looks."""
    live, begins = quick(), time.time()
    async with hls_origin() as origin:
        origin.put("/a.m3u8", dated(live, begins))
        async with running_exporter(tmp_path, watching(origin.url("/a.m3u8"))) as exporter:
            await exporter.until(lambda page: page.value("streamwatch_hls_discontinuities_total") == 0)
            live.listed += 1
            newest = f"#EXTINF:{live.duration:.3f},\nseg-4.ts"
            jumped = datetime.fromtimestamp(begins + 500, UTC).isoformat()
            marked = f"#EXT-X-GAP\n#EXT-X-PROGRAM-DATE-TIME:{jumped}\n{newest}"
            origin.put("/a.m3u8", dated(live, begins).replace(newest, marked))
            await looks(origin, "/a.m3u8", 4)
            page = await exporter.page()
            assert page.value("streamwatch_hls_gaps_total") == 1
            assert page.value("streamwatch_hls_discontinuities_total") == 0
            assert page.value(VIOLATIONS, rule="pdt_jump") == 1


async def test_answers_tell_of_caches_and_types(tmp_path: Path) -> None:
    """A playlist that a cache had, a segment that it had not; a stream whose answers say nothing; a wrong type."""
    async with hls_origin() as origin:
        origin.put("/a/a.m3u8", quick().text(), X_Cache="TCP_HIT from edge7", **PLAYLIST)
        origin.put("/a/seg-3.ts", b"x" * 1000, X_Cache="TCP_MISS from edge7")
        origin.put("/b/b.m3u8", quick().text(), Content_Type="text/html; charset=utf-8")
        origin.put("/b/seg-3.ts", b"x" * 1000)
        urls = [origin.url("/a/a.m3u8"), origin.url("/b/b.m3u8")]
        async with running_exporter(tmp_path, watching(*urls, segments=True)) as exporter:
            await looks(origin, "/a/a.m3u8", 3)
            await looks(origin, "/b/b.m3u8", 3)
            page = await exporter.until(
                lambda page: page.values("streamwatch_hls_segment_bytes_total") == [1000, 1000]
            )
            requests = page.value("streamwatch_cdn_cache_requests_total", stream="a") or 0
            assert requests > 3
            assert page.value("streamwatch_cdn_cache_hits_total", stream="a") == requests - 1
            assert page.value("streamwatch_cdn_cache_requests_total", stream="b") == 0
            assert page.value(VIOLATIONS, stream="a", rule="bad_content_type") == 0
            assert page.value(VIOLATIONS, stream="b", rule="bad_content_type") == 1
            assert page.value("streamwatch_probe_up", stream="b") == 1


async def test_a_variant_that_falls_behind_is_told_with_its_name(tmp_path: Path) -> None:
    """The gauge says how far, the violation who, once."""
    live = quick()
    async with hls_origin() as origin:
        origin.put("/master.m3u8", MASTER)
        origin.put("/low.m3u8", live.text())
        origin.put("/high.m3u8", live.text())
        async with running_exporter(tmp_path, watching(origin.url("/master.m3u8"))) as exporter:
            drift = "streamwatch_hls_variant_drift_segments"
            await exporter.until(lambda page: page.value(drift) == 0)
            for expected in (3, 4):
                live.first = expected
                origin.put("/high.m3u8", live.text())
                await exporter.until(lambda page, expected=expected: page.value(drift) == expected)
                await looks(origin, "/low.m3u8")
                page = await exporter.page()
                assert page.value(VIOLATIONS, variant=LOW, rule="variant_drift") == (expected > 3)
            assert page.value(VIOLATIONS, variant=HIGH, rule="variant_drift") == 0


async def test_ad_breaks_are_counted_once_for_the_stream(tmp_path: Path) -> None:
    """Both variants carry the same tags; before the first one nothing is known of ads."""
    live = quick()

    def show(origin: HlsOrigin, cue: str) -> None:
        live.advance()
        newest = f"#EXTINF:{live.duration:.3f},\nseg-{live.first + 3}.ts"
        for path in ("/low.m3u8", "/high.m3u8"):
            origin.put(path, live.text().replace(newest, cue + newest))

    async with hls_origin() as origin:
        origin.put("/master.m3u8", MASTER)
        show(origin, "")
        async with running_exporter(tmp_path, watching(origin.url("/master.m3u8"))) as exporter:
            page = await exporter.until(lambda page: page.value("streamwatch_hls_variants_up") == 2)
            assert page.value("streamwatch_ad_active") is None
            for cue, active in (("OUT:30", 1), ("IN", 0), ("IN", 0)):
                show(origin, f"#EXT-X-CUE-{cue}\n")
                page = await exporter.until(
                    lambda page: page.values("streamwatch_hls_media_sequence") == [live.first] * 2
                )
                assert page.value("streamwatch_ad_active") == active
            counted = {
                kind: page.value("streamwatch_scte35_cues_total", kind=kind)
                for kind in ("out", "in", "cont", "daterange")
            }
            assert counted == {"out": 1, "in": 2, "cont": 0, "daterange": 0}
            assert page.value(VIOLATIONS, variant=LOW, rule="cue_unpaired") == 1


async def test_a_variable_from_the_address_leads_to_the_segment(tmp_path: Path) -> None:
    """EXT-X-DEFINE with QUERYPARAM, imported from the master by its variant."""
    defined = '#EXTM3U\n#EXT-X-DEFINE:QUERYPARAM="edge"\n'
    async with hls_origin() as origin:
        origin.put("/master.m3u8", MASTER.replace("#EXTM3U\n", defined).replace("low.m3u8", "{$edge}/low.m3u8"))
        imported = quick("{$edge}").text().replace("#EXTM3U\n", '#EXTM3U\n#EXT-X-DEFINE:IMPORT="edge"\n')
        origin.put("/e7/low.m3u8", imported)
        origin.put("/e7/e7-3.ts", b"x" * 500)
        config = watching(origin.url("/master.m3u8?edge=e7"), segments=True)
        async with running_exporter(tmp_path, config) as exporter:
            await exporter.until(lambda page: page.value("streamwatch_hls_segment_bytes_total") == 500)
            _, probed = await exporter.get("/probe?module=hls&target=a")
            assert Page(probed).value("streamwatch_hls_segments", variant=LOW) == 4


async def test_a_blocking_reload_is_measured_and_holds_up_nothing(tmp_path: Path) -> None:
    """Counted only when it brought what it asked for; whatever the server does, the playlist is read on."""
    reloads, sequence = "streamwatch_llhls_blocking_reload_seconds", "streamwatch_hls_media_sequence"
    async with (
        low_latency_origin("holds back") as good,
        low_latency_origin("ignores") as ignoring,
        low_latency_origin("never answers") as silent,
        running_exporter(tmp_path, watching(good.address, ignoring.address, silent.address)) as exporter,
    ):
        origins = (good, ignoring, silent)
        page = await exporter.until(
            lambda page: len(page.values(sequence)) == 3 and all(origin.asked for origin in origins)
        )
        first = page.values(sequence)
        page = await exporter.until(
            lambda page: all(now >= then + 3 for now, then in zip(page.values(sequence), first, strict=True)),
            within=6,
        )
        assert [page.value(reloads + "_count", stream=id_, variant="single") for id_ in "abc"] == [1, 0, 0]
        assert 0 <= (page.value(reloads + "_sum", stream="a") or 0.0) <= 0.5
        assert [origin.asked for origin in origins] == [1, 1, 1]
        assert page.value("streamwatch_llhls_part_target_seconds", stream="a") == 0.25
        assert page.value("streamwatch_llhls_part_hold_back_seconds", stream="a") == 0.75
        listed = page.value("streamwatch_llhls_part_duration_seconds_count", stream="a") or 0
        assert 0 < listed <= good.parts
        assert page.value("streamwatch_llhls_part_duration_seconds_bucket", stream="a", le="0.2") == 0


async def test_a_copy_at_another_network_is_compared_with_the_main_address(tmp_path: Path) -> None:
    """By the variant of the same name; one that cannot be read has no lag."""
    main, copy = quick(), quick()
    main.first = 7
    async with hls_origin() as origin:
        for path in ("/main", "/copy"):
            origin.put(path + "/master.m3u8", MASTER)
        origin.put("/main/low.m3u8", main.text())
        origin.put("/main/high.m3u8", main.text())
        origin.put("/copy/low.m3u8", copy.text())
        also = ", ".join(
            f'{{id: {id_}, url: "{origin.url(path)}"}}'
            for id_, path in {"far": "/copy/master.m3u8", "gone": "/none.m3u8"}.items()
        )
        config = watching(origin.url("/main/master.m3u8")).replace("timeout", f"also: [{also}], timeout")
        async with running_exporter(tmp_path, config) as exporter:
            page = await exporter.until(lambda page: page.value("streamwatch_hls_cdn_lag_segments", cdn="far") == 7)
            assert page.value("streamwatch_hls_cdn_up", cdn="far") == 1
            page = await exporter.until(lambda page: page.value("streamwatch_hls_cdn_up", cdn="gone") == 0)
            assert page.value("streamwatch_hls_cdn_lag_segments", cdn="gone") is None
            assert page.value("streamwatch_probe_up") == 1
