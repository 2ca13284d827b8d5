"""How much a line takes: measured when somebody asks who may, right, by one at a time, and never for a schedule."""

import asyncio
import gzip
import socket
import struct
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from servers.exporter import CHAT_TOKEN, Page, RunningExporter, running_exporter
from servers.free_port import free_port
from servers.hls_origin import hls_origin
from servers.nginx_rtmp import NginxRtmp, nginx_rtmp
from servers.peers import hangs_up, peer, says_nothing
from servers.rtmp_stand_in import CONNECTED, CREATED, says, status
from servers.throttle import throttle
from streamwatch.preflight.filling import NO_EXPORTER, NOT_THERE, SILENT, Exporter, fill

RATE = "streamwatch_throughput_bytes_per_second"
LINE = 400_000  # bytes a second
ASK = "/probe?module=throughput&target=line&debug=true"


@pytest.fixture(scope="module")
def nginx(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NginxRtmp]:
    with nginx_rtmp(tmp_path_factory.mktemp("nginx")) as server:
        yield server


def towards(url: str, more: str = "") -> str:
    return f'hosts: [{{id: line, throughput: {{url: "{url}", seconds: 2}}}}]\n{more}'


async def asked(exporter: RunningExporter) -> tuple[Page, str]:
    """The metrics, and the log."""
    status, text = await exporter.post_text(ASK)
    assert status == 200, text
    log = text.partition("Log 日志:\n")[2].partition("\n\n")[0]
    return Page(text.partition("Metrics 指标:\n")[2].partition("Configuration")[0]), log


async def test_an_upload_is_measured_where_it_arrives(tmp_path: Path, nginx: NginxRtmp) -> None:
    """Over a line of known width, to a real server; what still waits in this machine is not counted."""
    async with (
        throttle(nginx.rtmp_port, LINE) as port,
        running_exporter(tmp_path, towards(f"rtmp://127.0.0.1:{port}/live/test-of-the-line")) as exporter,
    ):
        page, log = await asked(exporter)
        assert page.value("probe_success") == 1
        assert page.value(RATE, host="line", direction="upload") == pytest.approx(LINE, rel=0.2)
        assert log.startswith("upload: ")
        assert "test-of-the-line" not in log


async def test_the_preflight_has_a_line_measured_by_who_has_the_token(tmp_path: Path, nginx: NginxRtmp) -> None:
    """Once, by the exporter; of another host, without the right token and without an exporter it tells why not."""
    async with (
        throttle(nginx.rtmp_port, LINE) as port,
        running_exporter(tmp_path, towards(f"rtmp://127.0.0.1:{port}/live/test-before-air")) as exporter,
        httpx.AsyncClient() as http,
    ):
        ours = Exporter(exporter.address, CHAT_TOKEN)
        found = await fill(http, ours, "line")
        assert (found.direction, found.rate) == ("upload", pytest.approx(LINE, rel=0.5))
        troubles = [
            (await fill(http, each, host)).why
            for each, host in ((ours, "other"), (ours._replace(token="wrong"), "line"), (None, "line"))
        ]
        assert troubles == [NOT_THERE, SILENT, NO_EXPORTER]


async def test_a_download_is_measured_over_one_file_or_many(tmp_path: Path) -> None:
    """A file that ends early is fetched again while there is time."""
    async with (
        peer(sends_slowly) as server,
        running_exporter(tmp_path, towards(f"http://{server.address}/file")) as exporter,
    ):
        page, _ = await asked(exporter)
        assert page.value("probe_success") == 1
        assert page.value(RATE, host="line", direction="download") == pytest.approx(LINE, rel=0.2)
        assert server.connections > 1


async def sends_slowly(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A file of 1.2 seconds."""
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % (LINE * 12 // 10))
    due = asyncio.get_running_loop().time()
    for _ in range(120):
        writer.write(bytes(LINE // 100))
        due += 0.01
        await asyncio.sleep(max(0, due - asyncio.get_running_loop().time()))
    await writer.drain()


async def test_the_time_until_a_server_answers_is_not_the_width_of_the_line(tmp_path: Path) -> None:
    """Far away and wide is another thing than near and narrow."""

    async def thinks_first(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(1.0)
        await sends_slowly(reader, writer)

    async with (
        peer(thinks_first) as server,
        running_exporter(tmp_path, towards(f"http://{server.address}/file")) as exporter,
    ):
        page, _ = await asked(exporter)
        assert page.value(RATE, host="line", direction="download") == pytest.approx(LINE, rel=0.2)


@pytest.mark.parametrize("unasked", [False, True])
async def test_what_counts_is_what_the_line_carried(tmp_path: Path, unasked: bool) -> None:
    """Zeros packed a thousandfold, by a server that is asked to leave them as they are, and heeds it or not."""
    packed, plain = gzip.compress(bytes(400_000), 1), LINE * 12 // 10
    body = (packed * (plain // len(packed) + 1))[:plain]

    async def packs(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = (await reader.readuntil(b"\r\n\r\n")).lower()
        how = b"Content-Encoding: gzip\r\n" if unasked or b"gzip" in request else b""
        head = b"HTTP/1.1 200 OK\r\nConnection: close\r\n%sContent-Length: %d\r\n\r\n"
        writer.write(head % (how, len(body)))
        loop = asyncio.get_running_loop()
        due = loop.time()
        for at in range(0, len(body), LINE // 100):
            writer.write(body[at : at + LINE // 100])
            due += 0.01
            await asyncio.sleep(max(0, due - loop.time()))
        await writer.drain()

    async with (
        peer(packs) as server,
        running_exporter(tmp_path, towards(f"http://{server.address}/file")) as exporter,
    ):
        page, _ = await asked(exporter)
        assert page.value(RATE, host="line", direction="download") == pytest.approx(LINE, rel=0.2)


async def test_nothing_is_sent_unless_a_person_asks_who_may(tmp_path: Path) -> None:
    """Not when it starts, not for a scrape, not for a link that somebody opens, not without the token."""
    async with (
        peer(says_nothing) as server,
        running_exporter(tmp_path, towards(f"http://{server.address}/file")) as exporter,
    ):
        assert RATE not in (await exporter.page()).text
        status, text = await exporter.get(ASK)
        assert (status, "POST this with the bearer token" in text) == (405, True)
        for token in (None, "wrong"):
            assert (await exporter.post_text(ASK, token))[0] == 401
        assert (await exporter.post_text("/probe?module=throughput&target=other"))[0] == 400
        assert server.connections == 0


async def test_a_server_that_cuts_the_line_under_what_we_send_is_told_as_such(tmp_path: Path) -> None:
    """It has let us in, reads a little, and resets: the answer is a page with a reason, not an error of ours."""

    async def resets(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(100_000)
        linger = struct.pack("ii", 1, 0)
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        writer.transport.abort()

    let_in = says(CONNECTED + CREATED + status("NetStream.Publish.Start", "status"), resets)
    async with peer(let_in) as server:
        assert await reason_of(tmp_path, f"rtmp://{server.address}/live/x") == "connect"


async def test_two_at_once_are_one_and_a_refusal(tmp_path: Path) -> None:
    """They would measure each other; afterwards the next one may."""
    async with (
        peer(sends_slowly) as server,
        running_exporter(tmp_path, towards(f"http://{server.address}/file")) as exporter,
    ):
        both = await asyncio.gather(asked(exporter), asked(exporter))
        assert sorted(page.value("probe_success") or 0 for page, _ in both) == [0, 1]
        assert [log for _, log in both if "another test of throughput is under way" in log] != []
        page, _ = await asked(exporter)
        assert page.value("probe_success") == 1


@pytest.mark.parametrize("name", ["demo", "demo?token=x", "played", "seen"])
async def test_the_name_of_a_stream_is_never_published_to(tmp_path: Path, name: str) -> None:
    """It would throw the encoder out, or be shown to viewers."""
    async with peer(says_nothing) as server:
        more = (
            'servers: [{id: s, nginx_rtmp: {url: "http://127.0.0.1:1/stat"}}]\n'
            "streams:\n"
            "  - {id: a, ingest: {server: s, app: live, name: demo}}\n"
            '  - {id: b, rtmp: {url: "rtmp://127.0.0.1:1/live/played?token=y"}}\n'
            '  - {id: c, flv: {url: "http://127.0.0.1:1/live/seen.flv"}}\n'
        )
        text = towards(f"rtmp://{server.address}/live/{name}", more)
        async with running_exporter(tmp_path, text) as exporter:
            page, log = await asked(exporter)
            assert page.value("probe_success") == 0
            assert "the name of a stream" in log
            assert server.connections == 0


async def test_what_cannot_be_measured_has_its_reason_in_time(tmp_path: Path) -> None:
    """Silence, a line that is cut, a server that refuses, nobody, an error, a file that is too small."""
    refusing = says(CONNECTED + CREATED + status("NetStream.Publish.BadName"))
    async with (
        peer(says_nothing) as silent,
        peer(hangs_up) as cut,
        peer(refusing) as refuses,
        hls_origin() as origin,
    ):
        origin.put("/small", b"x" * 1000)
        origin.put("/quick", b"x" * 2_000_000)  # in less than a second
        expected = {
            f"http://{silent.address}/": "timeout",
            f"rtmp://{silent.address}/live/x": "timeout",
            f"rtmp://{cut.address}/live/x": "connect",
            f"rtmp://{refuses.address}/live/x": "auth",
            f"rtmp://127.0.0.1:{free_port()}/live/x": "connect",
            origin.url("/gone"): "http_4xx",
            origin.url("/small"): "protocol",
            origin.url("/quick"): "protocol",
        }
        folders = [tmp_path / str(i) for i in range(len(expected))]
        for folder in folders:
            folder.mkdir()
        told = await asyncio.gather(*(reason_of(*each) for each in zip(folders, expected, strict=True)))
    assert dict(zip(expected, told, strict=True)) == expected


async def reason_of(folder: Path, url: str) -> str:
    """The first word of the log of a test that failed in time, and says nothing of the line."""
    async with running_exporter(folder, towards(url)) as exporter:
        started = time.monotonic()
        page, log = await asked(exporter)
        assert time.monotonic() - started < 8
    assert (page.value("probe_success"), page.values(RATE)) == (0, [])
    return log.partition(":")[0]
