"""A real nginx-rtmp and a real encoder that crashes, freezes and comes back; and a server that goes away."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from servers.exporter import RunningExporter, running_exporter
from servers.free_port import free_port
from servers.hls_origin import hls_origin
from servers.nginx_rtmp import NginxRtmp, nginx_rtmp
from servers.publisher import publishing

PUBLISHING = "streamwatch_ingest_publishing"
RECEIVED = "streamwatch_ingest_received_bytes_total"
SERVER_UP = "streamwatch_ingest_server_up"
KEY = "key-7f3a"


@pytest.fixture(scope="module")
def nginx(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NginxRtmp]:
    with nginx_rtmp(tmp_path_factory.mktemp("nginx")) as server:
        yield server


@pytest_asyncio.fixture
async def exporter(nginx: NginxRtmp, tmp_path: Path) -> AsyncIterator[RunningExporter]:
    async with running_exporter(tmp_path, config(nginx, KEY)) as running:
        yield running


def config(nginx: NginxRtmp, key: str) -> str:
    return f"""
servers: [{{id: studio, nginx_rtmp: {{url: "{nginx.stat_url}"}}}}]
streams:
  - id: demo
    nginx_rtmp: {{server: studio, app: live, name: {key}}}
    hls: {{url: "{nginx.playlist_url(key)}"}}
  - id: never
    nginx_rtmp: {{server: studio, app: live, name: nobody}}
"""


async def test_a_crash_and_a_freeze_are_told_apart(exporter: RunningExporter, nginx: NginxRtmp) -> None:
    """Frozen: connected, nothing arrives, the playlist ages. Killed: nobody publishes. Both: the server is up."""
    with publishing(nginx.publish_url(KEY)) as encoder:
        age = "streamwatch_hls_playlist_age_seconds"
        page = await exporter.until(lambda page: page.value(age, stream="demo") is not None)
        assert page.value(PUBLISHING, stream="demo") == 1
        assert page.value("streamwatch_ingest_readers", stream="demo") == 0
        assert page.value("streamwatch_ingest_declared_info", codec="H264", resolution="320x180") == 1
        assert page.value(PUBLISHING, stream="never") == 0
        assert page.value(RECEIVED, stream="never") is None

        encoder.freeze()
        page = await exporter.until(lambda page: (page.value(age) or 0) > 4)
        received = page.value(RECEIVED, stream="demo")
        await asyncio.sleep(0.6)  # beyond the time that one reading is shared
        page = await exporter.page()
        assert page.value(RECEIVED, stream="demo") == received
        assert page.value(PUBLISHING, stream="demo") == 1
        assert page.value("streamwatch_probe_up", probe="hls", stream="demo") == 1

        encoder.resume()
        await exporter.until(lambda page: (page.value(RECEIVED, stream="demo") or 0) > (received or 0))
        await exporter.until(lambda page: (page.value(age) or 9) < 2)

        encoder.kill()
        page = await exporter.until(lambda page: page.value(PUBLISHING, stream="demo") == 0, within=5)
        assert page.value(SERVER_UP) == 1
        assert page.value("streamwatch_ingest_publish_uptime_seconds", stream="demo") is None


async def test_one_request_serves_all_scrapers(exporter: RunningExporter) -> None:
    """Ten scrapes at once are one look at the server."""
    runs = "streamwatch_probe_runs_total"
    await exporter.page()
    await asyncio.sleep(0.6)
    before = exporter.exporter.health.watch(exporter.exporter.servers["studio"].target).runs
    pages = await asyncio.gather(*(exporter.page() for _ in range(10)))
    assert {page.value(runs, probe="nginx_rtmp") for page in pages} == {before + 1}


async def test_the_values_of_a_dead_server_vanish(tmp_path: Path) -> None:
    """Nothing is exported for what cannot be seen; the server and the probe say that they are blind."""
    with nginx_rtmp(tmp_path / "own") as own:
        async with running_exporter(tmp_path, config(own, "x")) as exporter:
            page = await exporter.until(lambda page: page.value(PUBLISHING, stream="demo") == 0)
            assert page.value("streamwatch_ingest_server_uptime_seconds") is not None
            own.stop()
            page = await exporter.until(lambda page: page.value(SERVER_UP) == 0, within=5)
            assert page.values(PUBLISHING) == []
            assert page.values("streamwatch_ingest_server_clients") == []
            assert page.value("streamwatch_probe_up", probe="nginx_rtmp", server="studio") == 0
            assert page.value("streamwatch_probe_failures_total", server="studio", reason="connect") == 1
            own.start()
            await exporter.until(lambda page: page.value(PUBLISHING, stream="demo") == 0, within=5)


async def test_a_hanging_server_does_not_hold_the_page_up(tmp_path: Path) -> None:
    """The scrape ends within the scraper's patience, with the reason, and at most in two seconds."""
    async with hls_origin() as silent:
        silent.hang("/stat")
        text = f'servers: [{{id: studio, nginx_rtmp: {{url: "{silent.url("/stat")}", timeout: 10}}}}]\n'
        async with running_exporter(tmp_path, text) as exporter:
            for headers, limit in [({"X-Prometheus-Scrape-Timeout-Seconds": "1"}, 0.9), ({}, 2.0)]:
                started = time.monotonic()
                page = await exporter.page(**headers)
                assert time.monotonic() - started < limit
                assert page.value(SERVER_UP) == 0
                assert (page.value("streamwatch_probe_failures_total", reason="timeout") or 0) >= 1
                await asyncio.sleep(0.6)


async def test_a_page_that_is_no_statistics_has_its_reason(tmp_path: Path) -> None:
    """A wrong address often answers 200 with some other page."""
    async with hls_origin() as wrong:
        wrong.put("/stat", "<html>It works!</html>")
        text = f'servers: [{{id: studio, nginx_rtmp: {{url: "{wrong.url("/stat")}"}}}}]\n'
        async with running_exporter(tmp_path, text) as exporter:
            page = await exporter.page()
            assert page.value("streamwatch_probe_failures_total", reason="parse") == 1


async def test_a_server_that_is_not_there_is_blind_from_the_start(tmp_path: Path) -> None:
    """Before anything was ever read, there is no 0 for the stream either."""
    text = f"""
servers: [{{id: studio, nginx_rtmp: {{url: "http://127.0.0.1:{free_port()}/stat"}}}}]
streams: [{{id: demo, nginx_rtmp: {{server: studio, app: live, name: x}}}}]
"""
    async with running_exporter(tmp_path, text) as exporter:
        page = await exporter.page()
        assert page.value(SERVER_UP) == 0
        assert page.values(PUBLISHING) == []
