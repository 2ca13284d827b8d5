"""SRS, MediaMTX and ZLMediaKit: what their APIs say becomes the same metrics, without their traps and secrets."""

import asyncio
import logging
import time
from pathlib import Path

import pytest

from servers.exporter import Page, RunningExporter, running_exporter
from servers.ingest_apis import PASSWORD, SECRET, USERNAME, data, ingest_apis
from servers.peers import Handler, drips, hangs_up, peer, pours, says_nothing
from streamwatch_exporters.probe import REASONS

PUBLISHING = "streamwatch_ingest_publishing"
READERS = "streamwatch_ingest_readers"
RECEIVED = "streamwatch_ingest_received_bytes_total"
SENT = "streamwatch_ingest_sent_bytes_total"
UPTIME = "streamwatch_ingest_publish_uptime_seconds"
SERVER_UP = "streamwatch_ingest_server_up"
FAILURES = "streamwatch_probe_failures_total"
KEY = "key-7f3a"
ACCOUNT = f"username: {USERNAME}, password: {PASSWORD}"
SETTINGS = {
    "srs": ACCOUNT,
    "mediamtx": ACCOUNT,
    "zlmediakit": f"secret: {SECRET}",
    "node_media_server": ACCOUNT,
    "nginx_rtmp": "",
}


def config(kind: str, address: str, *streams: str, settings: str | None = None) -> str:
    """A file with one server `one` and streams `app/name` with the ids s0, s1, …"""
    lines = [f"servers: [{{id: one, {kind}: {{url: '{address}', {settings or SETTINGS[kind]}}}}}]", "streams:"]
    for i, stream in enumerate(streams or (f"live/{KEY}",)):
        app, _, name = stream.rpartition("/")
        lines.append(f"  - {{id: s{i}, ingest: {{server: one, app: '{app}', name: {name}}}}}")
    return "\n".join(lines)


async def page_of(tmp_path: Path, text: str) -> Page:
    async with running_exporter(tmp_path, text) as exporter:
        return await exporter.page()


def said(page: Page, stream: str, *names: str) -> list[float | None]:
    return [page.value(name, stream=stream) for name in names]


async def test_srs_is_read(tmp_path: Path) -> None:
    """The publisher is no reader, `live_ms` is no uptime, and a stream that lingers is not published."""
    async with ingest_apis() as apis:
        page = await page_of(tmp_path, config("srs", apis.address, f"live/{KEY}", "live/lingering", "live/never"))
    assert said(page, "s0", PUBLISHING, READERS, RECEIVED, SENT, UPTIME) == [1, 3, 3_000_000, 9_000_000, None]
    assert said(page, "s1", PUBLISHING, READERS, RECEIVED) == [0, 2, 400]
    assert said(page, "s2", PUBLISHING, READERS, RECEIVED) == [0, None, None]
    assert page.value("streamwatch_ingest_video_frames_total", stream="s0") == 4500
    assert page.values("streamwatch_ingest_dropped_frames_total") == []
    declared = {"codec": "H264", "resolution": "1280x720", "audio_codec": "AAC"}
    assert page.value("streamwatch_ingest_declared_info", stream="s0", app="live", **declared) == 1
    assert page.value("streamwatch_ingest_server_uptime_seconds", kind="srs") == 3600
    assert page.value("streamwatch_ingest_server_clients", kind="srs") == 6
    assert page.value("streamwatch_ingest_server_streams", kind="srs") == 1


async def test_a_vhost_of_srs_is_known_by_its_name(tmp_path: Path) -> None:
    """In the list of streams it is an id."""
    async with ingest_apis() as apis:
        settings = f"{ACCOUNT}, vhost: second.example"
        page = await page_of(tmp_path, config("srs", apis.address, settings=settings))
        assert said(page, "s0", PUBLISHING, RECEIVED) == [0, 7]
        settings = f"{ACCOUNT}, vhost: unheard.example"
        page = await page_of(tmp_path, config("srs", apis.address, settings=settings))
        assert said(page, "s0", PUBLISHING, RECEIVED) == [0, None]


@pytest.mark.parametrize("cap", [10, 1_000_000])
async def test_no_page_of_srs_is_left_out(tmp_path: Path, cap: int) -> None:
    """It lists ten at a time unless asked for more: the last of many streams is seen."""
    async with ingest_apis() as apis:
        template, apis.cap = apis.srs["streams"][0], cap
        apis.srs["streams"] = [
            template | {"id": f"vid-{i}", "name": f"k{i}"} for i in range(1040 if cap > 10 else 40)
        ]
        last = apis.srs["streams"][-1]["name"]
        page = await page_of(tmp_path, config("srs", apis.address, "live/k0", f"live/{last}"))
    assert page.values(PUBLISHING) == [1, 1]
    assert page.value("streamwatch_ingest_server_streams") == len(apis.srs["streams"])


async def test_an_error_of_srs_hides_in_a_good_answer(tmp_path: Path) -> None:
    """`code` is not 0, the status is 200: we cannot tell, and nothing is 0."""
    async with ingest_apis() as apis:
        apis.srs_code = 2048
        page = await page_of(tmp_path, config("srs", apis.address))
    assert page.values(PUBLISHING) == []
    assert page.value(FAILURES, server="one", reason="protocol") == 1


async def test_mediamtx_is_read(tmp_path: Path) -> None:
    """Online counts, available does not; the server's clock tells the uptime; its own HLS muxer is no reader."""
    async with ingest_apis() as apis:
        page = await page_of(tmp_path, config("mediamtx", apis.address, f"live/{KEY}", "always", "live/never"))
    assert said(page, "s0", PUBLISHING, READERS, RECEIVED, SENT) == [1, 2, 3_000_000, 9_000_000]
    assert page.value(UPTIME, stream="s0") == pytest.approx(3600, abs=1)
    assert page.value("streamwatch_ingest_frames_in_error_total", stream="s0") == 5
    assert said(page, "s1", PUBLISHING, READERS, UPTIME) == [0, 1, None]
    assert said(page, "s2", PUBLISHING, RECEIVED) == [0, None]
    declared = {"codec": "H264", "resolution": "1280x720", "audio_codec": "MPEG-4 Audio"}
    assert page.value("streamwatch_ingest_declared_info", stream="s0", app="live", **declared) == 1
    assert page.value("streamwatch_ingest_server_uptime_seconds", kind="mediamtx") == 3 * 3600
    assert page.value("streamwatch_ingest_server_clients", kind="mediamtx") == 4


async def test_an_old_mediamtx_is_read(tmp_path: Path) -> None:
    """Fields have other names, there is no page about the server."""
    async with ingest_apis() as apis:
        apis.mediamtx, apis.started = data("mediamtx_old"), None
        page = await page_of(tmp_path, config("mediamtx", apis.address, f"live/{KEY}", "always"))
    assert said(page, "s0", PUBLISHING, READERS, RECEIVED, SENT) == [1, 1, 3_000_000, 9_000_000]
    assert page.value(UPTIME, stream="s0") == pytest.approx(3600, abs=1)
    assert page.value(PUBLISHING, stream="s1") == 0
    assert page.value("streamwatch_ingest_declared_info", codec="H264", audio_codec="MPEG-4 Audio") == 1
    assert page.value(SERVER_UP) == 1
    assert page.values("streamwatch_ingest_server_uptime_seconds") == []


@pytest.mark.parametrize("cap", [100, 1_000_000])
async def test_no_page_of_mediamtx_is_left_out(tmp_path: Path, cap: int) -> None:
    """A hundred at a time unless asked for more; none at all is no failure."""
    async with ingest_apis() as apis:
        template, apis.cap = apis.mediamtx[0], cap
        apis.mediamtx = [template | {"name": f"live/k{i}"} for i in range(1040 if cap > 100 else 240)]
        last = apis.mediamtx[-1]["name"]
        page = await page_of(tmp_path, config("mediamtx", apis.address, "live/k0", last))
        assert page.values(PUBLISHING) == [1, 1]
        assert page.value("streamwatch_ingest_server_streams") == len(apis.mediamtx)
        apis.mediamtx = []
        page = await page_of(tmp_path, config("mediamtx", apis.address))
        assert page.values(PUBLISHING) == [0]


async def test_a_list_that_changes_while_it_is_read_is_not_believed(tmp_path: Path) -> None:
    """A path that goes makes another slip to the page before: it must not look as if nobody published it."""
    async with ingest_apis() as apis:
        template, apis.cap = apis.mediamtx[0], 100
        apis.mediamtx = [template | {"name": f"live/k{i}"} for i in range(240)]
        apis.after_a_page = lambda: apis.mediamtx.pop(0)
        page = await page_of(tmp_path, config("mediamtx", apis.address, "live/k100"))
        assert page.values(PUBLISHING) == []
        assert page.value(FAILURES, server="one", reason="protocol") == 1


async def test_zlmediakit_is_read(tmp_path: Path) -> None:
    """One publish stands there once for each schema: nothing is summed up, the bytes are the publisher's."""
    async with ingest_apis() as apis:
        text = config("zlmediakit", apis.address, f"live/{KEY}", "live/elsewhere", "live/never")
        page = await page_of(tmp_path, text)
        assert said(page, "s0", PUBLISHING, READERS, RECEIVED, UPTIME) == [1, 3, 3_000_000, 120]
        assert said(page, "s1", PUBLISHING, READERS, RECEIVED) == [1, 0, None]
        assert said(page, "s2", PUBLISHING, READERS) == [0, None]
        assert page.value("streamwatch_ingest_server_streams", kind="zlmediakit") == 2
        assert page.value("streamwatch_ingest_declared_info", codec="H264", resolution="1280x720") == 1
        settings = f"secret: {SECRET}, vhost: second.example"
        page = await page_of(tmp_path, config("zlmediakit", apis.address, settings=settings))
        assert page.values(PUBLISHING) == [0]
        apis.zlmediakit = []
        page = await page_of(tmp_path, config("zlmediakit", apis.address))
        assert page.values(PUBLISHING) == [0]
    assert all(SECRET not in seen for seen in apis.seen)


async def test_our_own_readers_are_no_audience(tmp_path: Path) -> None:
    """As many as the file says are taken off, and never more than there are."""
    async with ingest_apis() as apis:
        text = config("srs", apis.address, f"live/{KEY}", f"live/{KEY}", "live/never")
        text = text.replace(f"name: {KEY}}}}}", f"name: {KEY}, own_readers: 2}}}}", 1)
        text = text[::-1].replace(f"name: {KEY}}}}}"[::-1], f"name: {KEY}, own_readers: 9}}}}"[::-1], 1)[::-1]
        page = await page_of(tmp_path, text)
    assert said(page, "s0", READERS) + said(page, "s1", READERS) + said(page, "s2", READERS) == [1, 0, None]


@pytest.mark.parametrize("kind", ["srs", "mediamtx", "zlmediakit"])
async def test_without_the_right_secret_nothing_is_told(
    tmp_path: Path, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The reason is `auth`, and neither the right secret nor the wrong one comes out anywhere."""
    caplog.set_level(logging.DEBUG)
    async with ingest_apis() as apis:
        wrong = SETTINGS[kind].replace("-hidden", "-other-hidden")
        shown = ""
        for settings in (wrong, SETTINGS[kind]):
            async with running_exporter(tmp_path, config(kind, apis.address, settings=settings)) as exporter:
                page = await exporter.page()
                shown += page.text + await said_elsewhere(exporter, kind)
            if settings == wrong:
                assert page.values(PUBLISHING) == []
                assert page.value(FAILURES, server="one", reason="auth") == 1
        assert page.value(PUBLISHING, stream="s0") == 1
    for secret in ("hidden", USERNAME, KEY, "rtmp://"):
        assert secret not in shown + caplog.text


async def said_elsewhere(exporter: RunningExporter, kind: str) -> str:
    pages = [f"/probe?module={kind}&target={target}&debug=true" for target in ("one", "s0")]
    return "".join([(await exporter.get(path))[1] for path in ("/", *pages)])


def answers(body: bytes) -> Handler:
    """HTTP, whatever is asked."""

    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.readuntil(b"\r\n\r\n"):
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
            await writer.drain()

    return behave


async def speaks_ssh(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """The wrong port: a banner, and then it waits."""
    writer.write(b"SSH-2.0-x\r\n")
    await says_nothing(reader, writer)


HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n"


@pytest.mark.parametrize("kind", ["srs", "mediamtx", "zlmediakit", "node_media_server"])
@pytest.mark.parametrize(
    ("behave", "reason"),
    [
        (says_nothing, "timeout"),
        (drips(HEAD), "timeout"),
        (pours(HEAD), "too_large"),
        (speaks_ssh, "protocol"),
        (hangs_up, "connect"),
        (answers(b"[]"), "parse"),
        (answers(b"{}"), "parse"),
        (answers(b"<html>It works!</html>"), "parse"),
        (answers(b"[" * 200_000), "parse"),
        (
            answers(b'{"code": 0, "success": true, "streams": {}, "items": 5, "data": "x", "live": {"x": 1}}'),
            "parse",
        ),
    ],
    ids=["silent", "drip", "flood", "not-http", "closes", "list", "empty", "html", "nested", "other-types"],
)
async def test_a_bad_peer_has_its_reason_in_time(tmp_path: Path, kind: str, behave: Handler, reason: str) -> None:
    """Whatever answers there, the scrape ends in time and the stream has no value."""
    async with peer(behave) as there:
        timeout = 0.4 if reason == "timeout" else 1.5
        settings = f"{SETTINGS[kind]}, timeout: {timeout}"
        text = config(kind, f"http://{there.address}", settings=settings)
        async with running_exporter(tmp_path, text) as exporter:
            started = time.monotonic()
            page = await exporter.page()
            assert time.monotonic() - started < timeout + 1
    assert page.values(PUBLISHING) == []
    assert page.value(SERVER_UP) == 0
    told = {label: page.value(FAILURES, server="one", reason=label) for label in REASONS}
    assert {label for label, count in told.items() if count} == {reason}


async def test_a_restart_begins_the_counters_again(tmp_path: Path) -> None:
    """They are the server's own, raw: Prometheus knows what a counter that falls means."""
    async with ingest_apis() as apis, running_exporter(tmp_path, config("srs", apis.address)) as exporter:
        assert (await exporter.page()).value(RECEIVED) == 3_000_000
        apis.srs["streams"][0]["recv_bytes"] = 12
        apis.srs["summaries"]["self"] |= {"pid": 4343, "srs_uptime": 1}
        page = await exporter.until(lambda page: page.value(RECEIVED) == 12, within=3)
        assert page.value("streamwatch_ingest_server_uptime_seconds") == 1


async def test_a_server_that_was_removed_leaves_no_series(tmp_path: Path) -> None:
    """Also when its id now stands for a server of another kind."""
    async with ingest_apis() as apis, running_exporter(tmp_path, config("srs", apis.address)) as exporter:
        assert (await exporter.page()).values(SERVER_UP, kind="srs") == [1]
        text = exporter.config.read_text()
        exporter.config.write_text(text.splitlines()[0] + "\n" + config("mediamtx", apis.address))
        assert (await exporter.post("/-/reload"))[0] == 200
        page = await exporter.page()
        assert page.values(SERVER_UP, kind="srs") == []
        assert page.values(SERVER_UP, kind="mediamtx") == [1]
        assert page.values("streamwatch_probe_up", probe="srs") == []
