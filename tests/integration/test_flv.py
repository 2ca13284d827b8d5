"""The HTTP-FLV reader in front of real bytes: what it sees, what it cannot tell, and that it always comes back."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from servers.exporter import Page, RunningExporter, running_exporter
from servers.flv_origin import FlvOrigin, flv_of_ffmpeg, flv_origin
from servers.free_port import free_port
from servers.node_media_server import node_media_server
from servers.peers import drips, hangs_up, peer, says_nothing
from servers.publisher import publishing
from servers.raw_bytes import repeats, sends
from streamwatch_exporters.probe import REASONS

CONNECTED = "streamwatch_reader_connected"
RECONNECTS = "streamwatch_reader_reconnects_total"
AGE = "streamwatch_reader_last_packet_age_seconds"
PACKETS = "streamwatch_reader_packets_total"
JUMPS = "streamwatch_media_timestamp_jumps_total"
FAILURES = "streamwatch_probe_failures_total"
OK_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: video/x-flv\r\n\r\n"
FILE_HEADER = b"FLV\x01\x05\x00\x00\x00\x09\x00\x00\x00\x00"
AUDIO, VIDEO = 8, 9


@pytest.fixture(scope="module")
def recording() -> bytes:
    return flv_of_ffmpeg(4)


@pytest.fixture
async def origin(recording: bytes) -> AsyncIterator[FlvOrigin]:
    async with flv_origin(recording) as running:
        yield running


def watching(*urls: str, timeout: float = 1.0, reconnect_after: float = 20) -> str:
    lines = [
        f'  - {{id: {id_}, flv: {{url: "{url}", timeout: {timeout}, reconnect_after: {reconnect_after}}}}}'
        for id_, url in zip("abcdefgh", urls, strict=False)
    ]
    return "streams:\n" + "\n".join(lines)


def total(page: Page, name: str) -> float:
    return sum(page.values(name))


async def flows(exporter: RunningExporter) -> Page:
    """The page once media came and a rate can be told."""
    return await exporter.until(lambda page: page.value("streamwatch_media_frame_rate") is not None)


async def test_a_stream_is_read_and_a_stall_inside_its_connection_is_seen(
    origin: FlvOrigin, tmp_path: Path
) -> None:
    """Everything on the page while it flows; then only the ages grow, and nothing reconnects."""
    async with running_exporter(tmp_path, watching(origin.url)) as exporter:
        page = await exporter.until(lambda page: (page.value(PACKETS, media="video") or 0) > 60)
        assert page.value(CONNECTED, stream="a", protocol="flv") == 1
        assert page.value("streamwatch_media_frame_rate", media="video") == pytest.approx(20, abs=1)
        assert page.value("streamwatch_media_av_offset_seconds") == pytest.approx(0, abs=0.1)
        assert page.value("streamwatch_media_keyframe_interval_seconds_bucket", le="1.0") == page.value(
            "streamwatch_media_keyframe_interval_seconds_count"
        )
        assert page.values("streamwatch_media_info", codec="h264", resolution="320x180", profile="baseline") == [1]
        assert page.values("streamwatch_media_info", codec="aac", sample_rate="44100", channels="1") == [1]
        assert (page.value("streamwatch_reader_bytes_total", media="audio") or 0) > 1000
        first = page.value("streamwatch_reader_first_frame_seconds")
        handshake = page.value("streamwatch_reader_handshake_seconds")
        assert handshake is not None
        assert first is not None
        assert 0 < handshake <= first < 1
        origin.stall()
        page = await exporter.until(lambda page: min(page.values(AGE)) > 3.2)
        assert page.value(CONNECTED) == 1
        _, recent = await exporter.get("/")
        assert "stalled: connected, but nothing comes" in recent
        origin.resume()
        page = await exporter.until(lambda page: max(page.values(AGE)) < 1)
        assert total(page, RECONNECTS) == total(page, FAILURES) == 0
        assert page.value("streamwatch_probe_up", probe="flv") == 1
        assert origin.connections == 1
        for shown in (page.text, recent):
            assert "secret-token" not in shown


async def test_a_real_server_is_read_and_knows_when_nobody_publishes(tmp_path: Path) -> None:
    """Node-Media-Server with a real publisher; for a stream that nobody publishes it sends a header and waits."""
    with node_media_server(tmp_path / "server", "4") as server, publishing(server.publish_url("demo")):
        text = watching(server.flv_url("demo"), server.flv_url("nobody"), timeout=1.5)
        async with running_exporter(tmp_path, text) as exporter:
            page = await exporter.until(
                lambda page: (page.value(CONNECTED, stream="a"), page.value(CONNECTED, stream="b")) == (1, 0)
            )
            assert page.values("streamwatch_media_info", stream="a", codec="h264", resolution="320x180") == [1]
            assert total(page, RECONNECTS) == 0


async def test_a_connection_that_is_cut_or_ended_is_made_again(origin: FlvOrigin, tmp_path: Path) -> None:
    """Each loss is counted with its reason; what was measured on the old connection is gone."""
    async with running_exporter(tmp_path, watching(origin.url)) as exporter:
        await flows(exporter)
        origin.cutting.set()
        page = await exporter.until(lambda page: page.value(RECONNECTS, protocol="flv", reason="connect") == 1)
        page = await exporter.until(lambda page: page.value(CONNECTED) == 1)
        origin.ending = True
        page = await exporter.until(lambda page: page.value(FAILURES, reason="connect") == 2)
        page = await exporter.until(lambda page: page.value(CONNECTED) is None)
        assert page.values("streamwatch_media_info") == page.values("streamwatch_media_frame_rate") == []
        assert page.value(AGE, media="video") is not None
        origin.ending = False
        page = await exporter.until(lambda page: page.value(CONNECTED) == 1)
        assert (page.value(RECONNECTS, reason="ended") or 0) >= 1
        assert page.value("streamwatch_probe_up") == 1


async def test_a_silent_track_a_jump_and_a_wrap_are_told_apart(origin: FlvOrigin, tmp_path: Path) -> None:
    """The first timestamps wrap, which is nothing; then sound is missing; then time leaps."""
    origin.start = 2**32 - 500
    async with running_exporter(tmp_path, watching(origin.url)) as exporter:
        await flows(exporter)
        origin.silent = {AUDIO}
        page = await exporter.until(lambda page: (page.value(AGE, media="audio") or 0) > 1.5)
        assert (page.value(AGE, media="video") or 9) < 1
        assert total(page, JUMPS) == 0
        origin.shift = 60_000
        page = await exporter.until(lambda page: total(page, JUMPS) > 0)
        assert page.value(JUMPS, media="video", direction="forward") == 1
        origin.shift = 0
        page = await exporter.until(lambda page: total(page, JUMPS) > 1)
        assert page.value(JUMPS, media="video", direction="backward") == 1
        assert page.value(CONNECTED) == 1


async def test_a_stall_that_lasts_is_given_up(origin: FlvOrigin, tmp_path: Path) -> None:
    """A connection that died without a word would otherwise be waited on for ever."""
    async with running_exporter(tmp_path, watching(origin.url, reconnect_after=1)) as exporter:
        await flows(exporter)
        origin.stall()
        await exporter.until(lambda page: page.value(FAILURES, reason="timeout") == 1)
        origin.resume()
        page = await exporter.until(lambda page: page.value(CONNECTED) == 1)
        assert page.value(RECONNECTS, reason="timeout") == 1
        assert origin.connections == 2


async def test_a_stream_without_media_is_bad_and_an_answer_to_a_single_look(
    origin: FlvOrigin, tmp_path: Path
) -> None:
    """FLV that holds nothing is understood: 0. One look now says the same, and sees the stream when it is there."""
    origin.header_only = True
    async with running_exporter(tmp_path, watching(origin.url)) as exporter:
        page = await exporter.until(lambda page: page.value(CONNECTED) == 0)
        assert page.value("streamwatch_probe_up") == 1
        assert page.values(AGE) == []
        _, answer = await exporter.get("/probe?module=flv&target=a&debug=true")
        assert "Answer 结果: bad" in answer
        assert 'streamwatch_reader_connected{protocol="flv",stream="a"} 0' in answer
        origin.header_only = False
        _, answer = await exporter.get("/probe?module=flv&target=a&debug=true")
        assert "probe_success 1" in answer
        assert "secret-token" not in answer


async def test_a_removed_stream_leaves_nothing(origin: FlvOrigin, tmp_path: Path) -> None:
    """No series, and no connection that somebody counts as a viewer."""
    async with running_exporter(tmp_path, watching(origin.url)) as exporter:
        await flows(exporter)
        exporter.config.write_text("chat: {token_file: chat_token}\n")
        code, _ = await exporter.post("/-/reload")
        assert code == 200
        assert 'stream="a"' not in (await exporter.page()).text
        await asyncio.wait_for(origin.nobody.wait(), 5)


async def test_what_cannot_be_told_has_its_reason(origin: FlvOrigin, tmp_path: Path) -> None:
    """Eight bad answers beside each other; none says connected, none holds up another."""
    origin.status = 404
    page_of_html = OK_HEAD + b"<!doctype html><h1>Welcome</h1>"
    lost_bytes = OK_HEAD + FILE_HEADER + b"garbage garbage garbage"
    async with (
        peer(says_nothing) as silent,
        peer(hangs_up) as closing,
        peer(drips(b"HTTP/1.1 200 OK", every=1)) as dripping,
        peer(repeats(page_of_html, b"<p>" * 10_000)) as html,
        peer(repeats(lost_bytes, b"x" * 10_000)) as garbage,
        peer(sends(OK_HEAD)) as empty,
    ):
        ports = [each.port for each in (silent, closing, dripping, html, garbage, empty)] + [free_port()]
        urls = [f"http://127.0.0.1:{port}/live.flv" for port in ports]
        expected = ["timeout", "connect", "timeout", "parse", "parse", "timeout", "connect", "http_4xx"]
        async with running_exporter(tmp_path, watching(*urls, origin.url)) as exporter:
            page = await exporter.until(
                lambda page: all(page.value("streamwatch_probe_up", stream=stream) == 0 for stream in "abcdefgh")
            )
            found = {
                stream: [reason for reason in REASONS if page.value(FAILURES, stream=stream, reason=reason)]
                for stream in "abcdefgh"
            }
            assert found == {stream: [reason] for stream, reason in zip("abcdefgh", expected, strict=True)}
            assert page.values(CONNECTED) == page.values(AGE) == page.values("streamwatch_media_info") == []


@pytest.mark.parametrize(
    "piece",
    [b"\x09\xff\xff\xff" + bytes(7) + b"\x17\x00" + bytes(2**24 - 3 + 4), (b"\x09" + bytes(10 + 4)) * 4096],
    ids=["tags of 16 MB", "empty tags"],
)
async def test_a_peer_that_pours_is_made_to_wait(tmp_path: Path, piece: bytes) -> None:
    """Only so much is read in a second, however fast it comes, and the page is served meanwhile."""
    started = time.monotonic()
    async with peer(repeats(OK_HEAD + FILE_HEADER, piece)) as there:
        text = watching(f"http://127.0.0.1:{there.port}/live.flv", timeout=2)
        async with running_exporter(tmp_path, text) as exporter:
            page = await exporter.until(lambda page: page.value(CONNECTED) == 0)
            seconds = time.monotonic() - started + 1
            assert 0 < total(page, PACKETS) < 11_000 * seconds
            assert total(page, "streamwatch_reader_bytes_total") < 40 * 2**20 * seconds
            before = time.monotonic()
            await exporter.page()
            assert time.monotonic() - before < 5
