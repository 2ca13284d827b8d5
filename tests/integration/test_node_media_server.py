"""Real Node-Media-Servers of three releases, which want two kinds of login and say the same in two shapes."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from servers.exporter import Page, RunningExporter, running_exporter, write_config
from servers.node_media_server import PASSWORD, RELEASES, USERNAME, NodeMediaServer, node_media_server
from servers.publisher import Publisher, publishing

PUBLISHING = "streamwatch_ingest_publishing"
RECEIVED = "streamwatch_ingest_received_bytes_total"
READERS = "streamwatch_ingest_readers"
SERVER_UP = "streamwatch_ingest_server_up"
FAILURES = "streamwatch_probe_failures_total"
KEY = "key-7f3a"


def config(server: NodeMediaServer, password: str = PASSWORD) -> str:
    account = f"username: {USERNAME}, password: {password}"
    return f"""
servers: [{{id: nms, node_media_server: {{url: "{server.http_url}", {account}}}}}]
streams:
  - {{id: demo, ingest: {{server: nms, app: live, name: {KEY}}}}}
  - {{id: watched, ingest: {{server: nms, app: live, name: {KEY}, own_readers: 1}}}}
  - {{id: never, ingest: {{server: nms, app: live, name: nobody}}}}
"""


@asynccontextmanager
async def player(server: NodeMediaServer) -> AsyncIterator[None]:
    """Somebody who watches."""
    async with aiohttp.ClientSession() as session, session.get(server.flv_url(KEY)) as answer:
        assert await answer.content.readexactly(3) == b"FLV"
        yield


@pytest.mark.parametrize("release", RELEASES)
async def test_a_stream_is_told_alike_by_every_release(tmp_path: Path, release: str) -> None:
    """Published, watched, frozen, crashed: a crash shows at once, though 4.3 keeps the publisher for 30 s."""
    with node_media_server(tmp_path / "nms", release) as server, publishing(server.publish_url(KEY)) as encoder:
        async with running_exporter(tmp_path, config(server)) as exporter:
            page = await exporter.until(
                lambda page: page.value(
                    "streamwatch_ingest_declared_info",
                    stream="demo", server="nms", app="live",
                    codec="H264", resolution="320x180", audio_codec="AAC",
                ) == 1
            )  # fmt: skip
            assert page.value(PUBLISHING, stream="demo") == 1
            assert page.value(READERS, stream="demo") == 0
            assert page.value(PUBLISHING, stream="never") == 0
            assert page.value(RECEIVED, stream="never") is None
            assert page.value(SERVER_UP, kind="node_media_server") == 1
            assert page.value("streamwatch_ingest_server_streams", kind="node_media_server") == 1
            assert (page.value("streamwatch_ingest_server_clients") or 0) >= 1
            uptime = page.value("streamwatch_ingest_publish_uptime_seconds", stream="demo")
            assert uptime is not None
            assert 0 <= uptime < 60
            uptime = page.value("streamwatch_ingest_server_uptime_seconds")
            assert uptime is not None
            assert 0 <= uptime < 60

            async with player(server):
                page = await exporter.until(lambda page: page.value(READERS, stream="demo") == 1)
                assert page.value(READERS, stream="watched") == 0

            await frozen_is_told_raw(exporter, encoder)
            received = (await exporter.page()).value(RECEIVED, stream="demo") or 0
            encoder.resume()
            await exporter.until(lambda page: (page.value(RECEIVED, stream="demo") or 0) > received)

            encoder.kill()
            page = await exporter.until(lambda page: page.value(PUBLISHING, stream="demo") == 0, within=5)
            assert page.value("streamwatch_ingest_publish_uptime_seconds", stream="demo") is None
            assert KEY not in page.text + (await exporter.get("/"))[1]


async def frozen_is_told_raw(exporter: RunningExporter, encoder: Publisher) -> None:
    """A publisher who hangs is listed, and his bytes stand still: both are told, the rules judge."""
    encoder.freeze()
    seen: list[float | None] = []

    def stands_still(page: Page) -> bool:
        value = page.value(RECEIVED, stream="demo")
        seen.append(value)
        return len(seen) > 10 and seen[-10:] == [value] * 10

    page = await exporter.until(stands_still)
    assert page.value(PUBLISHING, stream="demo") == 1


@pytest.mark.parametrize("release", ["2", "4"])
async def test_a_restart_is_got_over(tmp_path: Path, release: str) -> None:
    """Counters begin again as the server's do, and a token that is worth nothing any more is replaced."""
    with node_media_server(tmp_path / "nms", release) as server:
        async with running_exporter(tmp_path, config(server)) as exporter:
            with publishing(server.publish_url(KEY)):
                page = await exporter.until(lambda page: (page.value(RECEIVED, stream="demo") or 0) > 40_000)
            before = page.value(RECEIVED, stream="demo") or 0
            server.stop()
            page = await exporter.until(lambda page: page.value(SERVER_UP) == 0, within=5)
            assert page.values(PUBLISHING) == []
            assert page.value(FAILURES, server="nms", reason="connect") != 0
            server.jwt_secret = "second"
            server.start()
            with publishing(server.publish_url(KEY)):
                page = await exporter.until(lambda page: page.value(RECEIVED, stream="demo") is not None)
                assert 0 < (page.value(RECEIVED, stream="demo") or 0) < before
            assert page.value(FAILURES, server="nms", reason="auth") == 0


@pytest.mark.parametrize("release", ["2", "4"])
async def test_a_wrong_password_is_not_hammered(tmp_path: Path, release: str) -> None:
    """After five refusals 4.3 would lock the account: with the right password the next look succeeds."""
    with node_media_server(tmp_path / "nms", release) as server:
        async with running_exporter(tmp_path, config(server, "wrong-hidden1")) as exporter:
            page = await exporter.until(lambda page: (page.value(FAILURES, server="nms", reason="auth") or 0) >= 6)
            assert page.values(PUBLISHING) == []
            shown = page.text + (await exporter.get("/"))[1]
            shown += (await exporter.get("/probe?module=node_media_server&target=nms&debug=true"))[1]
            assert "hidden1" not in shown
            assert USERNAME not in shown
            write_config(tmp_path, config(server))
            assert (await exporter.post("/-/reload"))[0] == 200
            page = await exporter.page()
            assert page.value(SERVER_UP) == 1
            assert page.value(PUBLISHING, stream="demo") == 0


async def test_another_release_behind_the_same_address_is_found_out(tmp_path: Path) -> None:
    """Upgraded in place: nobody changes streams.yml."""
    with node_media_server(tmp_path / "old", "2") as old:
        new = NodeMediaServer(tmp_path / "new", "4")
        new.http_port, new.http_url = old.http_port, old.http_url
        async with running_exporter(tmp_path, config(old)) as exporter:
            await exporter.until(lambda page: page.value(SERVER_UP) == 1)
            old.stop()
            new.start()
            try:
                started = time.monotonic()
                await exporter.until(lambda page: page.value(SERVER_UP) == 1)
                assert time.monotonic() - started < 5
            finally:
                new.stop()
