"""The RTMP probe in front of a real nginx with a real publisher, and in front of peers that behave badly."""

import asyncio
import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest

from servers.exporter import running_exporter
from servers.free_port import free_port
from servers.nginx_rtmp import NginxRtmp
from servers.peers import Handler, drips, hangs_up, peer, says_nothing
from servers.publisher import publishing
from servers.raw_bytes import repeats
from servers.rtmp_stand_in import CONNECTED, CREATED, PLAYING, command, message, says, status
from streamwatch_exporters.clock import Clock
from streamwatch_exporters.probe import Answer, ProbeFailed
from streamwatch_exporters.repeating import Finding, within
from streamwatch_exporters.rtmp import RtmpLooker, RtmpSettings
from streamwatch_exporters.rtmp_chunks import ChunkReader, Message, chunks

CONNECTION = "streamwatch_reader_connected"
FIRST_FRAME = "streamwatch_reader_first_frame_seconds"
READY = CONNECTED + CREATED + PLAYING
AAC_CONFIG, AAC_FRAME = message(8, b"\xaf\x00\x12\x10"), message(8, b"\xaf\x01\x21\x00")


class StrictNginx(NginxRtmp):
    """Beside `live` it has applications that say no: to a stream without a publisher, and to everybody."""

    def _prepare(self) -> None:
        super()._prepare()
        path = self.folder / "nginx.conf"
        more = "application strict { live on; idle_streams off; } application closed { live on; deny play all; }"
        path.write_text(path.read_text().replace("application live {", more + " application live {"))

    def url(self, app: str, name: str) -> str:
        return f"rtmp://127.0.0.1:{self.rtmp_port}/{app}/{name}"


@pytest.fixture
def nginx(tmp_path: Path) -> Iterator[StrictNginx]:
    server = StrictNginx(tmp_path / "nginx")
    server.start()
    yield server
    server.stop()


async def look(url: str, seconds: float = 1.0) -> Finding:
    settings = RtmpSettings(url=url, timeout=seconds)
    return await within(seconds, RtmpLooker(settings, Clock()))


async def look_at(behave: Handler, seconds: float = 1.0) -> Finding:
    async with peer(behave) as there:
        return await look(f"rtmp://127.0.0.1:{there.port}/live/demo", seconds)


async def test_a_stream_is_seen_to_come_to_freeze_and_to_come_again(nginx: StrictNginx, tmp_path: Path) -> None:
    """On the page of the exporter, without a word of the address; removed, it leaves nothing."""
    (tmp_path / "url").write_text(nginx.publish_url("secret-key"))
    text = "streams:\n  - {id: a, rtmp: {url_file: url, interval: 1, timeout: 2}}\n"
    with publishing(nginx.publish_url("secret-key")) as publisher:
        async with running_exporter(tmp_path, text) as exporter:
            page = await exporter.until(lambda page: page.value(CONNECTION, protocol="rtmp") == 1)
            first = page.value(FIRST_FRAME, stream="a", protocol="rtmp")
            handshake = page.value("streamwatch_reader_handshake_seconds", stream="a", protocol="rtmp")
            assert first is not None
            assert handshake is not None
            assert 0 < handshake < first < 2
            code, answer = await exporter.get("/probe?module=rtmp&target=a&debug=true")
            assert code == 200
            assert "probe_success 1" in answer
            publisher.freeze()
            page = await exporter.until(lambda page: page.value(CONNECTION) == 0)
            assert page.value("streamwatch_probe_up", probe="rtmp") == 1
            assert page.value(FIRST_FRAME) is None
            publisher.resume()
            page = await exporter.until(lambda page: page.value(CONNECTION) == 1)
            _, recent = await exporter.get("/")
            for shown in (page.text, answer, recent):
                assert "secret-key" not in shown
                assert str(nginx.rtmp_port) not in shown
            exporter.config.write_text("chat: {token_file: chat_token}\nstreams: []\n")
            code, _ = await exporter.post("/-/reload")
            assert code == 200
            assert 'stream="a"' not in (await exporter.page()).text


async def test_a_real_server_says_no_in_its_ways(nginx: StrictNginx) -> None:
    """Not found, denied, no such application, and silence: each is an answer, in words of its own."""
    found = await asyncio.gather(
        look(nginx.url("strict", "nobody")),
        look(nginx.url("closed", "demo")),
        look(nginx.url("no-such-app", "demo")),
        look(nginx.url("live", "nobody")),
    )
    assert [finding.answer for finding in found] == [Answer.BAD] * 4
    assert [finding.text for finding in found] == [
        "not found: the server knows no such stream",
        "the server closed the connection",
        "refused: the server closed the connection",
        "no audio or video in time",
    ]
    assert all(finding.values[CONNECTION, "rtmp"] == 0 for finding in found)
    assert all((FIRST_FRAME, "rtmp") not in finding.values for finding in found)


@pytest.mark.parametrize(
    ("data", "answer", "text"),
    [
        (READY + AAC_CONFIG + AAC_FRAME, Answer.OK, "audio or video came"),
        (READY + AAC_CONFIG, Answer.BAD, "no audio or video in time"),
        (CONNECTED, Answer.BAD, "no audio or video in time"),
        (command("_error", 1, None, {"level": "error"}), Answer.BAD, "refused: the server rejected"),
        (CONNECTED + command("_error", 2, None, {"level": "error"}), Answer.BAD, "gives no stream"),
        (CONNECTED + CREATED + status("NetStream.Play.StreamNotFound"), Answer.BAD, "not found"),
        (CONNECTED + CREATED + status("NetStream.Play.Failed"), Answer.BAD, "refused"),
        (READY + status("NetStream.Play.Stop", "status"), Answer.BAD, "over"),
    ],
)
async def test_what_a_server_answers_is_said_in_our_words(data: bytes, answer: Answer, text: str) -> None:
    """A server's own words may hold the name of the stream."""
    finding = await look_at(says(data), seconds=0.5)
    assert finding.answer is answer
    assert text in finding.text
    assert "secret" not in finding.text


@pytest.mark.parametrize(
    ("behave", "reason"),
    [
        (says_nothing, "timeout"),
        (hangs_up, "connect"),
        (drips(b"\x03" * 10, every=1), "timeout"),
        (repeats(b"", b"HTTP/1.1 200 OK\r\n\r\n" * 4096), "protocol"),
        (says(b""), "timeout"),
        (says(b"\xc3" * 5000), "protocol"),
        (says(command("_result", 1)[:12] + b"\x42" * 500), "parse"),
        (says(b"\x02\0\0\0\xff\xff\xff\x14\0\0\0\0" + b"x" * 5000), "too_large"),
        (says(CONNECTED + command("_result", 2, None, float("nan"))), "protocol"),
        (says(CONNECTED + command("_result", 2)), "protocol"),
    ],
    ids=[
        "silent",
        "closes",
        "drips",
        "http",
        "no reply",
        "no chunks",
        "damaged",
        "16 MB command",
        "nan",
        "no number",
    ],
)
async def test_a_bad_peer_cannot_be_told_within_the_deadline(behave: Handler, reason: str) -> None:
    """Each with its reason."""
    started = time.monotonic()
    with pytest.raises(ProbeFailed) as failed:
        await look_at(behave, seconds=0.6)
    assert failed.value.reason == reason
    assert time.monotonic() - started < 6


async def test_nobody_listening_is_a_refused_connection() -> None:
    """And a name that does not exist is the name's fault."""
    with pytest.raises(ProbeFailed) as failed:
        await look(f"rtmp://127.0.0.1:{free_port()}/live/demo")
    assert failed.value.reason == "connect"
    with pytest.raises(ProbeFailed) as failed:
        await look("rtmp://stream.invalid/live/demo")
    assert failed.value.reason in ("dns", "timeout")


LARGE_CHUNKS = b"\x02\0\0\0\0\0\x04\x01\0\0\0\0" + (2**30).to_bytes(4)
LARGEST_AUDIO = b"\x06\0\0\0\xff\xff\xff\x08\0\0\0\0" + b"\xaf\x00"  # a configuration of 16 MB


@pytest.mark.parametrize(
    ("first", "piece"),
    [
        (LARGE_CHUNKS + LARGEST_AUDIO, bytes(250_000)),
        (b"", message(3, bytes(4)) * 4096),
        (b"", message(4, b"\x00\x06abcd") * 4096),
    ],
    ids=["16 MB messages", "useless messages", "pings whose answers nobody reads"],
)
async def test_a_peer_that_pours_costs_little_memory_and_holds_up_nobody(first: bytes, piece: bytes) -> None:
    """As fast as it can; other tasks go on meanwhile, and the deadline is kept."""
    longest, stop = 0.0, asyncio.Event()

    async def watch_the_loop() -> None:
        nonlocal longest
        while not stop.is_set():
            before = time.thread_time()  # not the clock: other programs may hold up this one
            await asyncio.sleep(0.005)
            longest = max(longest, time.thread_time() - before)

    watching = asyncio.create_task(watch_the_loop())
    tracemalloc.start()
    started = time.monotonic()
    finding = await look_at(says(READY, repeats(first, piece)), seconds=3)
    stop.set()
    await watching
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert finding.text == "no audio or video in time"
    assert time.monotonic() - started < 12
    assert peak < 10_000_000  # some pieces on their way, and no message
    assert longest < 0.1


async def test_a_ping_is_answered_and_what_was_received_is_acknowledged() -> None:
    """A server that gets neither ends the connection."""
    heard: list[Message] = []
    both = asyncio.Event()

    async def listen(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        chunk_reader = ChunkReader(reader.readexactly)
        while not {(3, 4), (4, 6)} <= {(each.type, len(each.body)) for each in heard}:
            heard.append(await chunk_reader.message())
        both.set()

    window = chunks(Message(5, (1000).to_bytes(4)), 2)
    ping = chunks(Message(4, b"\x00\x06abcd"), 2)
    await look_at(says(window + ping + READY + AAC_CONFIG * 100, listen), seconds=0.8)
    assert both.is_set()
    assert [each.body for each in heard if each.type == 4] == [b"\x00\x07abcd"]
    assert all(int.from_bytes(each.body) > 1000 for each in heard if each.type == 3)
    assert b"publish" not in b"".join(each.body for each in heard)
