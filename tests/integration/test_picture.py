"""What is seen and heard, on segments of a real origin."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from servers.clips import BLACK, LEFT_ONLY, MOVING, SILENCE, STILL, clip, fragmented
from servers.exporter import running_exporter
from servers.hls_origin import LivePlaylist, hls_origin
from servers.live_stream import (
    BLACK_NOW,
    FROZEN,
    SILENT,
    UP,
    Live,
    after_the_next,
    failed_with,
    live,
    samples,
    watching,
)


async def test_a_good_stream_is_told_with_its_evidence(tmp_path: Path) -> None:
    """Picture, sound and what the segment is made of; verdicts are 0, because they were judged."""
    async with live(tmp_path) as (_, exporter, _):
        page = await exporter.page()
        assert page.value(UP) == 1
        assert page.value(BLACK_NOW) == page.value(FROZEN) == page.value(SILENT, channel="FC") == 0
        assert page.value("streamwatch_video_slate") is None
        assert page.value("streamwatch_audio_level_dbfs", channel="FC") == pytest.approx(-21, abs=1)
        assert page.value("streamwatch_audio_loudness_lufs", window="momentary") == pytest.approx(-21.8, abs=1)
        assert page.value("streamwatch_segment_keyframe_interval_seconds") == pytest.approx(2, abs=0.1)
        assert page.value("streamwatch_segment_av_offset_seconds") == pytest.approx(0, abs=0.1)
        assert page.value("streamwatch_segment_info", media="video", codec="h264", resolution="320x180") == 1
        assert page.value("streamwatch_picture_samples_total", depth="full") == 1
        assert page.value("streamwatch_decode_cpu_seconds_total") > 0
        assert set(page.values("streamwatch_segment_timestamp_jumps_total")) == {0}


async def test_black_and_silence_add_up_and_end(tmp_path: Path) -> None:
    """Two seconds are not three, four are; then the picture is back."""
    async with live(tmp_path, "timeout: 30.0, black_seconds: 3, frozen_seconds: 3, silent_seconds: 3") as (
        stream,
        exporter,
        _,
    ):
        page = await after_the_next(exporter, lambda: stream.next(BLACK, SILENCE))
        assert (page.value(BLACK_NOW), page.value(SILENT)) == (0, 0)
        assert page.value("streamwatch_video_black_pixel_ratio") == 1
        page = await after_the_next(exporter, lambda: stream.next(BLACK, SILENCE))
        assert (page.value(BLACK_NOW), page.value(FROZEN), page.value(SILENT)) == (1, 1, 1)
        assert page.value("streamwatch_video_black_seconds_total") == pytest.approx(4, abs=0.05)
        page = await after_the_next(exporter, stream.next)
        assert (page.value(BLACK_NOW), page.value(FROZEN), page.value(SILENT)) == (0, 0, 0)
        assert page.value("streamwatch_video_black_seconds_total") == pytest.approx(4, abs=0.05)
        assert page.value("streamwatch_probe_failures_total", reason="decode") == 0


async def test_a_freeze_is_found_although_segments_hold_one_keyframe_each(tmp_path: Path) -> None:
    """The keyframe looks like the one before, so the segment is decoded whole: that is the evidence."""
    async with live(tmp_path) as (stream, exporter, _):
        page = await after_the_next(exporter, lambda: stream.next(f"{STILL},negate"))
        page = await after_the_next(exporter, lambda: stream.next(f"{STILL},negate", LEFT_ONLY))
        assert (page.value(FROZEN), page.value(BLACK_NOW)) == (1, 0)
        assert page.value("streamwatch_video_freeze_seconds_total") >= 1.9
        assert page.value(SILENT, channel="FL") == 0
        assert page.value(SILENT, channel="FR") == 1
        assert page.value("streamwatch_segment_format_changes_total", media="audio") == 1
        assert page.value("streamwatch_picture_samples_total", depth="full") >= 1


async def test_while_something_holds_no_segment_is_left_out(tmp_path: Path) -> None:
    """Three segments at once: all are looked at while it is black, else only the newest."""
    async with live(tmp_path, "timeout: 30.0, black_seconds: 5") as (stream, exporter, origin):
        stream.next()
        stream.next()
        await exporter.until(lambda page: origin.seen.get(stream.newest) == 1 and samples(page) == 2)
        assert "/seg-1.ts" not in origin.seen
        await after_the_next(exporter, lambda: stream.next(BLACK))
        stream.next(BLACK)
        stream.next(BLACK)
        page = await exporter.until(lambda page: page.value(BLACK_NOW) == 1)
        assert page.value("streamwatch_video_black_seconds_total") == pytest.approx(6, abs=0.05)


async def test_the_slate_is_seen(tmp_path: Path) -> None:
    """A picture file beside streams.yml; a picture that cannot be read makes the slate unknown, nothing else."""
    (tmp_path / "slate.ts").write_bytes(clip(STILL, ""))
    (tmp_path / "broken.png").write_bytes(b"no picture")
    async with hls_origin() as origin:
        Live(origin).next(STILL)
        both = watching(origin, "/a.m3u8", "/a.m3u8", more="reference_slate_file: slate.ts")
        config = both[::-1].replace("slate.ts"[::-1], "broken.png"[::-1], 1)[::-1]
        async with running_exporter(tmp_path, config) as exporter:
            page = await exporter.until(lambda page: len(page.values(UP)) == 2)
            assert page.value("streamwatch_video_slate", stream="a") == 1
            assert page.value("streamwatch_video_slate", stream="b") is None
            assert page.value(FROZEN, stream="b") == 1
            assert "slate cannot be read" in (await exporter.get("/"))[1]


MASTER = """#EXTM3U
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="stereo",NAME="zh",URI="sound.m3u8"
#EXT-X-STREAM-INF:BANDWIDTH=64000,CODECS="mp4a.40.2"
only-sound.m3u8
#EXT-X-STREAM-INF:BANDWIDTH=2500000,RESOLUTION=1280x720,CODECS="avc1,mp4a.40.2",AUDIO="stereo"
high.m3u8
#EXT-X-STREAM-INF:BANDWIDTH=800000,RESOLUTION=640x360,CODECS="avc1,mp4a.40.2",AUDIO="stereo"
low.m3u8
"""
IMPORTS = '#EXTM3U\n#EXT-X-DEFINE:IMPORT="edge"\n#EXT-X-TARGETDURATION:2\n'


async def test_the_lowest_variant_with_a_picture_is_looked_at_and_its_sound_apart(tmp_path: Path) -> None:
    """Sound may have a playlist of its own. When that fails, the picture is told all the same."""
    async with hls_origin() as origin:
        origin.put("/master.m3u8", MASTER)
        low, sound = Live(origin, "/low.m3u8", "low"), Live(origin, "/sound.m3u8", "sound")
        low.next(MOVING, "")
        sound.next("", LEFT_ONLY)
        async with running_exporter(tmp_path, watching(origin, "/master.m3u8")) as exporter:
            page = await exporter.until(lambda page: page.value(UP) == 1)
            assert page.value(BLACK_NOW) == 0
            assert page.value(SILENT, channel="FR") == 1
            assert page.value("streamwatch_segment_bytes_total", media="audio") > 10_000
            assert "/high.m3u8" not in origin.seen
            assert "/only-sound.m3u8" not in origin.seen
            del origin.replies["/sound.m3u8"]
            page = await exporter.until(lambda page: page.value(UP) == 0)
            assert failed_with(page) == {"http_4xx"}
            assert page.values(SILENT) == []
            assert page.value(BLACK_NOW) == 0


async def test_variables_of_the_master_lead_to_picture_and_sound(tmp_path: Path) -> None:
    """Both playlists import what the address of the master says."""
    defined = '#EXTM3U\n#EXT-X-DEFINE:QUERYPARAM="edge"\n'
    async with hls_origin() as origin:
        origin.put("/master.m3u8", MASTER.replace("#EXTM3U\n", defined))
        for name, media in (("low", (MOVING, "")), ("sound", ("", LEFT_ONLY))):
            origin.put(f"/{name}.m3u8", f"{IMPORTS}#EXTINF:2,\n{{$edge}}-{name}.ts\n")
            origin.put(f"/e7-{name}.ts", clip(*media))
        config = watching(origin, "/master.m3u8?edge=e7")
        async with running_exporter(tmp_path, config) as exporter:
            page = await exporter.until(lambda page: page.value(UP) is not None)
            assert (page.value(UP), page.value(BLACK_NOW), page.value(SILENT, channel="FR")) == (1, 0, 1)


async def test_fragmented_mp4_is_read_with_its_initialisation_and_by_ranges(tmp_path: Path) -> None:
    """Both may be parts of one file; a server that knows no ranges sends the whole file."""
    initialisation, fragment = fragmented(clip(form="mp4"))
    async with hls_origin() as origin:
        origin.put("/all.mp4", initialisation + fragment)
        origin.put(
            "/a.m3u8",
            "#EXTM3U\n#EXT-X-TARGETDURATION:2\n"
            f'#EXT-X-MAP:URI="all.mp4",BYTERANGE="{len(initialisation)}@0"\n'
            f"#EXTINF:2,\n#EXT-X-BYTERANGE:{len(fragment)}@{len(initialisation)}\nall.mp4\n",
        )
        async with running_exporter(tmp_path, watching(origin, "/a.m3u8")) as exporter:
            page = await exporter.until(lambda page: page.value(UP) == 1)
            assert page.value(BLACK_NOW) == 0
            assert origin.headers_seen["/all.mp4"]["Range"].startswith("bytes=0-")


async def test_what_is_no_good_segment_cannot_be_told_and_the_next_one_can(tmp_path: Path) -> None:
    """Eight bad segments beside each other: each has its reason, none has a value, and each stream recovers."""
    whole = clip()
    bad = {
        "html": (b"<!doctype html><h1>Welcome</h1>", "decode"),
        "list": (b"#EXTM3U\n#EXTINF:2,\nother.ts\n", "decode"),
        "corrupt": (bytes(188) + whole[188:], "decode"),
        "noise": (whole[:1000] + os.urandom(len(whole)), "decode"),
        "short": (whole[: len(whole) // 4], "decode"),
        "gone": (None, "http_4xx"),
        "endless": (None, "too_large"),
        "encrypted": (whole, "decode"),
    }
    async with hls_origin() as origin:
        streams = {name: Live(origin, f"/{name}.m3u8", name) for name in bad}
        for name, (body, _) in bad.items():
            streams[name].next_bytes(body or b"")
        del origin.replies[streams["gone"].newest]
        origin.pour(streams["endless"].newest)
        keyed = origin.replies["/encrypted.m3u8"].body.replace(
            b"#EXTINF", b"#EXT-X-KEY:METHOD=AES-128,URI=k\n#EXTINF"
        )
        origin.put("/encrypted.m3u8", keyed)
        more = "timeout: 15"
        async with running_exporter(
            tmp_path, watching(origin, *(f"/{name}.m3u8" for name in bad), more=more)
        ) as exporter:
            expected = [{reason} for _, reason in bad.values()]
            page = await exporter.until(
                lambda page: [failed_with(page, stream) for stream in "abcdefgh"] == expected, within=20
            )
            assert page.values(UP) == [0] * 8
            assert page.values(BLACK_NOW) == page.values(SILENT) == page.values("streamwatch_segment_info") == []
            assert "/other.ts" not in origin.seen
            for stream in streams.values():
                stream.next()
            page = await exporter.until(lambda page: page.values(UP) == [1] * 8)
            assert page.values(BLACK_NOW) == [0] * 8


async def test_a_bad_segment_is_not_asked_for_again_while_something_holds(tmp_path: Path) -> None:
    """It is still listed, but the newest one tells more."""
    async with live(tmp_path) as (stream, exporter, _):
        page = await after_the_next(exporter, lambda: stream.next(BLACK))
        assert page.value(BLACK_NOW) == 1
        stream.next_bytes(b"damaged")
        await exporter.until(lambda page: failed_with(page) == {"decode"})
        page = await after_the_next(exporter, lambda: stream.next(BLACK))
        assert (page.value(UP), page.value(BLACK_NOW)) == (1, 1)
        assert page.value("streamwatch_video_black_seconds_total") == pytest.approx(4, abs=0.05)


async def test_a_peer_that_never_answers_drips_or_hangs_up_is_left_in_time(tmp_path: Path) -> None:
    """The deadline is kept by each part of the way."""

    async def drip(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 90000\r\n\r\n")
            while not writer.is_closing():
                writer.write(b"G")
                await writer.drain()
                await asyncio.sleep(0.3)
        except ConnectionError:
            pass
        finally:
            writer.close()

    async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async with hls_origin() as origin, raw_server(drip) as dripping, raw_server(hang_up) as hanging_up:
        origin.hang("/silent.m3u8")
        for name, address in (("dripping", dripping), ("hanging_up", hanging_up)):
            origin.put(f"/{name}.m3u8", f"#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n{address}/x.ts\n")
        origin.put("/hung.m3u8", LivePlaylist(name="hung").text())
        origin.hang("/hung-3.ts")
        paths = ("/silent.m3u8", "/dripping.m3u8", "/hanging_up.m3u8", "/hung.m3u8")
        async with running_exporter(tmp_path, watching(origin, *paths, more="timeout: 1.5")) as exporter:
            expected = [{"timeout"}, {"timeout"}, {"connect"}, {"timeout"}]
            page = await exporter.until(
                lambda page: [failed_with(page, stream) for stream in "abcd"] == expected, within=5
            )
            assert page.values(BLACK_NOW) == []


@asynccontextmanager
async def raw_server(
    answer: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
) -> AsyncIterator[str]:
    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()


async def test_old_samples_say_nothing_about_now(tmp_path: Path) -> None:
    """A playlist that stands still: after a few target durations nothing is known any more."""
    async with hls_origin() as origin:
        body = "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nseg-0.ts\n"
        origin.put("/a.m3u8", body)
        origin.put("/seg-0.ts", clip())
        async with running_exporter(tmp_path, watching(origin, "/a.m3u8")) as exporter:
            await exporter.until(lambda page: page.value(BLACK_NOW) == 0)
            page = await exporter.until(lambda page: page.value(UP) == 0, within=12)
            assert failed_with(page) == {"timeout"}
            assert page.value(BLACK_NOW) is None
            assert origin.seen["/seg-0.ts"] == 1


async def test_one_look_on_request(tmp_path: Path) -> None:
    """`/probe` looks by itself, and changes nothing of what is watched."""
    async with live(tmp_path) as (stream, exporter, _):
        await after_the_next(exporter, lambda: stream.next(BLACK))
        status, text = await exporter.get("/probe?module=picture&target=a&debug=true")
        assert status == 200
        assert "black picture" in text
        assert 'streamwatch_video_black{stream="a"} 1.0' in text
        assert "probe_success 0.0" in text
        assert ".m3u8" not in text
