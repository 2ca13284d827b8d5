"""The HLS watcher beside keys and peers that misbehave: each thing fails by itself, and no secret gets out."""

import gc
import time
from collections import Counter
from pathlib import Path
from typing import NoReturn

import pytest

from servers.exporter import running_exporter, write_config
from servers.hls_origin import HlsOrigin, LivePlaylist, hls_origin, looks
from streamwatch_exporters import hls, hls_watcher
from streamwatch_exporters.hls_identity import SINGLE

VIOLATIONS = "streamwatch_hls_violations_total"
FAILURES = "streamwatch_drm_key_failures_total"
RATIO = "streamwatch_hls_download_ratio"
SEGMENT_FAILURES = "streamwatch_hls_segment_failures_total"
FETCHES = "streamwatch_drm_key_fetch_seconds_count"
KEY = b"sixteen bytes!!!"
MASTER = """#EXTM3U
#EXT-X-STREAM-INF:BANDWIDTH=800000,RESOLUTION=640x360
low.m3u8
#EXT-X-STREAM-INF:BANDWIDTH=2500000,RESOLUTION=1280x720
high.m3u8
"""


def watching(origin: HlsOrigin, *paths: str, segments: bool = False) -> str:
    """A streams.yml with one stream for each path, called a, b, c…"""
    lines = [
        f'  - {{id: {id_}, hls: {{url: "{origin.url(path)}", segments: {str(segments).lower()}, timeout: 1.0}}}}'
        for id_, path in zip("abcdefgh", paths, strict=False)
    ]
    return "streams:\n" + "\n".join(lines)


def locked(address: str, more: str = "", method: str = "AES-128") -> str:
    """A playlist whose segments need a key."""
    text = LivePlaylist(duration=1.0, target=1).text()
    return text.replace("#EXTINF", f'#EXT-X-KEY:METHOD={method},URI="{address}"{more}\n#EXTINF', 1)


async def test_a_key_is_asked_for_once_and_again_when_its_address_changes(tmp_path: Path) -> None:
    """Not at each look; a player's DRM addresses are left to players; neither key nor address gets out."""
    async with hls_origin() as origin:
        origin.put("/a.m3u8", locked("/key-1?t=s3cr3t"))
        origin.put("/b.m3u8", locked("skd://key", ',KEYFORMAT="com.apple.streamingkeydelivery"', "SAMPLE-AES"))
        origin.put("/key-1", KEY)
        origin.put("/key-2", KEY + b"!")
        async with running_exporter(tmp_path, watching(origin, "/a.m3u8", "/b.m3u8")) as exporter:
            await exporter.until(lambda page: page.value(FETCHES, keyformat="identity") == 1)
            await looks(origin, "/a.m3u8", 3)
            page = await exporter.page()
            assert origin.seen["/key-1"] == 1
            assert page.value(VIOLATIONS, stream="a", rule="key_invalid") == 0
            origin.put("/a.m3u8", locked("/key-2?t=s3cr3t"))
            await exporter.until(lambda page: page.value(FETCHES, keyformat="identity") == 2)
            await looks(origin, "/a.m3u8", 3)
            page = await exporter.page()
            assert origin.seen["/key-2"] == 1
            assert page.value(VIOLATIONS, stream="a", rule="key_invalid") == 1
            assert page.values(FETCHES, stream="b") == page.values(FAILURES, stream="b") == []
            _, recent = await exporter.get("/")
            _, probed = await exporter.get("/probe?module=hls&target=a&debug=true")
            for text in (page.text, recent, probed):
                assert "s3cr3t" not in text
                assert "sixteen" not in text


async def test_key_servers_that_misbehave_are_failures_and_nothing_else(tmp_path: Path) -> None:
    """One is not there, one never answers, one pours without end; a wrong address of a key fails nothing."""
    async with hls_origin() as origin:
        origin.hang("/hangs")
        origin.pour("/pours")
        for id_, address in {"a": "/missing", "b": "/hangs", "c": "/pours", "d": "http://[bad"}.items():
            origin.put(f"/{id_}.m3u8", locked(address))
        config = watching(origin, *(f"/{id_}.m3u8" for id_ in "abcd"))
        async with running_exporter(tmp_path, config) as exporter:
            page = await exporter.until(lambda page: page.values(FAILURES) == [1, 1, 1])
            await looks(origin, "/c.m3u8")
            page = await exporter.page()
            assert [page.value(VIOLATIONS, stream=id_, rule="key_invalid") for id_ in "abcd"] == [0, 0, 1, 0]
            assert page.values("streamwatch_probe_up") == [1] * 4
            assert page.values(FAILURES, stream="d") == []
            assert page.value(FETCHES, stream="a") == 0


async def test_addresses_of_keys_that_change_at_each_look_make_no_flood(tmp_path: Path) -> None:
    """Some carry a token of the second: one is asked per second at most."""
    async with hls_origin() as origin:
        origin.put("/key", KEY)
        origin.put("/a.m3u8", locked("/key?t=0"))
        async with running_exporter(tmp_path, watching(origin, "/a.m3u8")) as exporter:
            await exporter.until(lambda page: page.value(FETCHES) == 1)
            started = time.monotonic()
            for token in range(1, 5):
                origin.put("/a.m3u8", locked(f"/key?t={token}"))
                await looks(origin, "/a.m3u8", 1)
            assert origin.seen["/key"] <= 2 + (time.monotonic() - started)


async def test_a_variant_that_hangs_delays_no_other_of_its_stream(tmp_path: Path) -> None:
    """And when it answers again it is seen again."""
    live = LivePlaylist(duration=1.0, target=1)
    async with hls_origin() as origin:
        origin.put("/master.m3u8", MASTER)
        origin.hang("/low.m3u8")
        origin.put("/high.m3u8", live.text())
        async with running_exporter(tmp_path, watching(origin, "/master.m3u8")) as exporter:
            await exporter.until(lambda page: page.value("streamwatch_hls_variants_up") == 1)
            for _ in range(2):
                live.advance()
                origin.put("/high.m3u8", live.text())
                await exporter.until(
                    lambda page: page.values("streamwatch_hls_media_sequence") == [live.first], within=2
                )
            origin.put("/low.m3u8", live.text())
            await exporter.until(lambda page: page.value("streamwatch_hls_variants_up") == 2)


async def test_addresses_that_no_port_can_have_are_failures_of_what_they_name(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Segment, key and playlist of a stranger: each is counted, the last ratio forgotten, and no text gets out."""
    bad = "http://127.0.0.1:99999/s3cr3t"
    async with hls_origin() as origin:
        live = LivePlaylist(duration=1.0, target=1)
        for number in range(live.listed + 2):
            origin.put(f"/seg-{number}.ts", b"x" * 100)
        origin.put("/a.m3u8", live.text())
        origin.put("/b.m3u8", MASTER.replace("low.m3u8", f"{bad}.m3u8"))
        origin.put("/high.m3u8", live.text())
        config = watching(origin, "/a.m3u8", "/b.m3u8", segments=True)
        async with running_exporter(tmp_path, config) as exporter:
            await exporter.until(lambda page: page.value(RATIO, stream="a") is not None)
            live.advance()
            newest = f"seg-{live.first + live.listed - 1}.ts"
            text = live.text().replace(newest, f"{bad}.ts")
            origin.put("/a.m3u8", text.replace("#EXTINF", f'#EXT-X-KEY:METHOD=AES-128,URI="{bad}.key"\n#EXTINF', 1))
            page = await exporter.until(
                lambda page: (
                    page.value(SEGMENT_FAILURES, stream="a", code_class="other") == 1
                    and page.value(FAILURES, stream="a") == 1
                )
            )
            assert page.values(RATIO, stream="a") == []
            assert page.value("streamwatch_probe_up", stream="a") == 1
            assert page.value("streamwatch_hls_variants_up", stream="b") == 1
            status, told = await exporter.get("/probe?module=hls&target=b&debug=true")
            assert (status, "probe_success 0.0" in told) == (200, True)
            assert "4 segments from 0" in told  # the other variant
            assert "protocol: unforeseen" in told
            page_now = await exporter.page()
            assert "s3cr3t" not in told + page_now.text + (await exporter.get("/"))[1]
        gc.collect()  # a task whose error nobody took says so when it is forgotten
        assert "s3cr3t" not in caplog.text
        assert not [record for record in caplog.records if record.name == "asyncio"]


def unforeseen(*_: object) -> NoReturn:
    raise ValueError("http://127.0.0.1/s3cr3t")


async def test_a_look_on_demand_that_ends_in_an_unforeseen_way_is_no_server_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It cannot tell, and only the type of the error is told: its text may hold the address."""
    monkeypatch.setattr(hls, "check_once", unforeseen)
    async with hls_origin() as origin, running_exporter(tmp_path, watching(origin, "/a.m3u8")) as exporter:
        status, told = await exporter.get("/probe?module=hls&target=a&debug=true")
        assert (status, "probe_success 0.0" in told) == (200, True)
        assert "protocol: unforeseen ValueError" in told
        assert "s3cr3t" not in told


async def test_a_blocking_reload_that_ends_in_an_unforeseen_way_leaves_no_word(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is beside the polling, which goes on."""
    asked: list[object] = []

    async def fails(*arguments: object) -> NoReturn:
        asked.append(arguments)
        unforeseen()

    monkeypatch.setattr(hls_watcher, "blocking_reload", fails)
    low_latency = "#EXT-X-PART-INF:PART-TARGET=0.5\n#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES\n#EXTINF"
    async with hls_origin() as origin:
        origin.put("/a.m3u8", LivePlaylist(duration=1.0, target=1).text().replace("#EXTINF", low_latency, 1))
        async with running_exporter(tmp_path, watching(origin, "/a.m3u8")) as exporter:
            await exporter.until(lambda _page: bool(asked))
            await looks(origin, "/a.m3u8")
            assert (await exporter.page()).value("streamwatch_probe_up") == 1
            watched = exporter.exporter.families["hls"].watchers["a"].playlists[SINGLE]
            assert watched.reload_task.done()
            assert watched.reload_task.exception() is None


@pytest.mark.parametrize("first", ["404.ts", "500/503.ts"])
async def test_a_segment_whose_name_looks_like_a_status_is_no_failure(tmp_path: Path, first: str) -> None:
    """Only the status line says what failed; and a playlist of one segment is one."""
    async with hls_origin() as origin:
        origin.put("/a.m3u8", f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{first}\n")
        origin.put(f"/{first}", b"x" * 100)
        async with running_exporter(tmp_path, watching(origin, "/a.m3u8", segments=True)) as exporter:
            page = await exporter.until(lambda page: page.value("streamwatch_hls_segment_bytes_total") == 100)
            assert set(page.values("streamwatch_hls_segment_failures_total")) == {0}


async def test_the_page_names_each_metric_once_and_holds_no_address(tmp_path: Path) -> None:
    """However many streams there are; and a stream that is removed leaves no series."""
    async with hls_origin() as origin:
        origin.put("/master.m3u8", MASTER)
        for name in ("low", "high"):
            origin.put(f"/{name}.m3u8", locked("/key?t=s3cr3t", "\n#EXT-X-PART-INF:PART-TARGET=0.5"))
        origin.put("/key", KEY)
        config = watching(origin, "/master.m3u8?token=s3cr3t", "/low.m3u8")
        async with running_exporter(tmp_path, config) as exporter:
            page = await exporter.until(lambda page: page.values(FETCHES) == [1, 1])
            types = Counter(line.split()[2] for line in page.text.splitlines() if line.startswith("# TYPE"))
            assert {name for name, count in types.items() if count > 1} == set()
            assert not [secret for secret in ("s3cr3t", "127.0.0.1", "m3u8") if secret in page.text]
            write_config(tmp_path, watching(origin, "/master.m3u8").replace("id: a", "id: z"))
            status, _ = await exporter.post("/-/reload")
            assert status == 200
            page = await exporter.until(lambda page: page.value("streamwatch_probe_up") == 1)
            assert page.label_values("stream") == {"z"}
