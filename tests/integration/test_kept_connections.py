"""GETs over kept connections, against servers that keep them, lose them, and misbehave."""

import asyncio
import gzip
import zlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from yarl import URL

from servers.certificates import Authority
from servers.peers import Handler, answers, drips, hangs_up, peer, pours, says_nothing
from servers.raw_bytes import repeats
from streamwatch_exporters import kept_connections
from streamwatch_exporters.fetching import Fetched, open_session
from streamwatch_exporters.kept_connections import KeptConnections
from streamwatch_exporters.probe import ProbeFailed

OK = b"HTTP/1.1 200 OK\r\n"
HELLO = OK + b"Content-Length: 5\r\nX-Cache: HIT\r\nDate: Mon, 23 Nov 2026 12:00:00 GMT\r\n\r\nhello"


@pytest.fixture
async def kept() -> AsyncIterator[KeptConnections]:
    async with open_session() as session:
        kept = KeptConnections(session)
        yield kept
        await kept.close()


async def get(kept: KeptConnections, address: str, *, path: str = "/a.m3u8", within: float = 5.0) -> Fetched:
    return await kept.get(URL(f"http://{address}{path}", encoded=True), limit=1000, within=within)


async def reason(kept: KeptConnections, handler: Handler, *, within: float = 5.0) -> str:
    async with peer(handler) as server:
        with pytest.raises(ProbeFailed) as failure:
            await get(kept, server.address, within=within)
    return failure.value.reason


def again(*said: bytes) -> Handler:
    """To each question of a connection the next answer; then it hangs up."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for text in said:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(text)
            await writer.drain()

    return handle


async def test_one_connection_serves_one_look_after_the_other(kept: KeptConnections) -> None:
    """And says who asks for what."""
    asked = list[bytes]()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            asked.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(HELLO)

    async with peer(handle) as server:
        for _ in range(3):
            answer = await get(kept, server.address, path="/live/a%20b.m3u8?key=%2F")
            assert (answer.body, answer.headers["x-cache"]) == (b"hello", "HIT")
            assert answer.server_time == 1795435200
        assert server.connections == 1
    assert asked[0].startswith(f"GET /live/a%20b.m3u8?key=%2F HTTP/1.1\r\nHost: {server.address}\r\n".encode())


async def test_looks_at_the_same_time_do_not_wait_for_each_other(kept: KeptConnections) -> None:
    """The first question that a server hears is not answered before the second one."""
    first, second = asyncio.Event(), asyncio.Event()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        (second if first.is_set() else first).set()
        await second.wait()
        writer.write(HELLO)

    async with peer(handle) as server:
        one = asyncio.create_task(get(kept, server.address))
        await first.wait()
        assert (await get(kept, server.address)).body == (await one).body == b"hello"


async def test_a_connection_that_the_server_closed_meanwhile_is_no_failure(kept: KeptConnections) -> None:
    """Another one is opened, and the question asked there."""
    async with peer(again(HELLO)) as server:
        for _ in range(3):
            assert (await get(kept, server.address)).body == b"hello"
        assert server.connections == 3


async def test_an_answer_cut_short_is_a_failure(kept: KeptConnections) -> None:
    """It is not asked for twice: what came was an answer."""
    async with peer(again(HELLO, OK + b"Content-Length: 5\r\n\r\nhel")) as server:
        await get(kept, server.address)
        with pytest.raises(ProbeFailed) as failure:
            await get(kept, server.address)
        assert (failure.value.reason, server.connections) == ("protocol", 1)


@pytest.mark.parametrize(
    "text",
    [
        OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        OK + b"Connection: close\r\n\r\nhello",
        OK + b"Content-Length: 5\r\nConnection: close\r\n\r\nhello",
        b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello",
        b"HTTP/1.1 100 Continue\r\n\r\n" + HELLO,
        OK + b"Content-Encoding: gzip\r\nConnection: close\r\n\r\n" + gzip.compress(b"hello", mtime=0),
        OK + b"Content-Encoding: deflate\r\nConnection: close\r\n\r\n" + zlib.compress(b"hello"),
        OK + b"Connection: close\r\n\r\n" + gzip.compress(b"hello", mtime=0),
    ],
    ids=["chunks", "until the end", "close", "1.0", "interim", "gzip", "deflate", "gzip untold"],
)
async def test_every_way_to_send_a_body_is_understood(kept: KeptConnections, text: bytes) -> None:
    """Of a known length, in chunks, until the end, packed; after an interim answer."""
    async with peer(answers(text)) as server:
        for _ in range(2):
            assert (await get(kept, server.address)).body == b"hello"


async def test_what_a_server_says_unasked_ends_the_connection(kept: KeptConnections) -> None:
    """It is no answer to the next question."""
    async with peer(again(HELLO + HELLO, HELLO)) as server:
        assert (await get(kept, server.address)).body == b"hello"
        assert (await get(kept, server.address)).body == b"hello"
        assert server.connections == 2


async def test_after_silence_no_other_connection_to_that_server_is_used(kept: KeptConnections) -> None:
    """A server that is gone without a word would swallow one look after the other."""
    silent = False

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        mute = silent
        while await reader.readuntil(b"\r\n\r\n"):
            if silent and not mute:
                await says_nothing(reader, writer)
            writer.write(HELLO)

    async with peer(handle) as server:
        await asyncio.gather(*(get(kept, server.address) for _ in range(3)))
        assert server.connections == 3
        silent = True
        with pytest.raises(ProbeFailed):
            await get(kept, server.address, within=0.2)
        assert (await get(kept, server.address)).body == b"hello"
        assert server.connections == 4


async def test_nothing_stays_open_that_is_not_used(kept: KeptConnections, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor to a server that is asked no more, nor for longer than half a minute."""
    left = asyncio.Event()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await again(HELLO, HELLO, HELLO, HELLO)(reader, writer)
            await reader.read()
        finally:
            left.set()

    monkeypatch.setattr(kept_connections, "_IDLE", 0.05)
    monkeypatch.setattr(kept_connections, "_SWEEP", 0.02)
    async with peer(handle) as server:
        await get(kept, server.address)
        await asyncio.wait_for(left.wait(), 10)
        monkeypatch.setattr(kept_connections, "_IDLE", 60)
        for _ in range(2):
            await get(kept, server.address)
        assert server.connections == 2
        monkeypatch.setattr(kept_connections, "_OLDEST", 0)
        for _ in range(2):
            await get(kept, server.address)
        assert server.connections == 4


@pytest.mark.parametrize(
    "text",
    [
        b"HTTP/1.1 200 OK\nContent-Length: 5\nConnection: close\n\nhello",
        OK + b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n5  \r\nhello\r\n0\r\n\r\n",
        OK + b"Content-Encoding: gzip\r\nConnection: close\r\n\r\n"
        + gzip.compress(b"he", mtime=0) + gzip.compress(b"llo", mtime=0),
    ],
    ids=["line feeds", "padded chunks", "two members"],
)  # fmt: skip
async def test_what_others_can_read_is_left_to_them(kept: KeptConnections, text: bytes) -> None:
    """And from then on asked only once."""
    async with peer(answers(text)) as server:
        for _ in range(3):
            assert (await get(kept, server.address)).body == b"hello"
        assert server.connections == 4


async def test_a_long_page_about_an_error_is_that_error(kept: KeptConnections) -> None:
    """Not too much of what nobody reads."""
    head = b"HTTP/1.1 404 Not Found\r\nContent-Length: 5000\r\n\r\n"
    assert await reason(kept, answers(head + bytes(5000))) == "http_4xx"


async def test_a_redirect_is_followed(kept: KeptConnections) -> None:
    """By the general client, to where the answer came from."""
    async with peer(again(HELLO)) as good:
        moved = f"HTTP/1.1 302 Found\r\nLocation: http://{good.address}/b.m3u8\r\nContent-Length: 0\r\n\r\n"
        async with peer(answers(moved.encode())) as server:
            answer = await get(kept, server.address)
    assert (answer.body, answer.url) == (b"hello", URL(f"http://{good.address}/b.m3u8"))


async def test_bad_servers_have_their_reasons_in_time(kept: KeptConnections) -> None:
    """Silence, dripping, floods in the body and in the headers, other protocols, statuses, a packed bomb."""
    bomb = OK + b"Content-Encoding: gzip\r\nConnection: close\r\n\r\n" + gzip.compress(bytes(10_000_000), mtime=0)
    assert await reason(kept, says_nothing, within=0.2) == "timeout"
    assert await reason(kept, drips(HELLO), within=0.3) == "timeout"
    assert await reason(kept, pours(OK + b"Content-Length: 100000000\r\n\r\n")) == "too_large"
    assert await reason(kept, repeats(OK, b"X-More: " + b"m" * 1000 + b"\r\n")) == "protocol"
    assert await reason(kept, repeats(OK + b"X-More: ", b"m" * 65536)) == "protocol"
    assert await reason(kept, answers(b"SSH-2.0-OpenSSH_9.2\r\n")) == "protocol"
    assert await reason(kept, answers(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n")) == "protocol"
    assert await reason(kept, answers(bomb)) == "too_large"
    assert await reason(kept, answers(OK + b"Content-Encoding: br\r\nContent-Length: 1\r\n\r\nx")) == "protocol"
    assert await reason(kept, answers(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")) == "http_4xx"
    assert await reason(kept, answers(b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n")) == "http_5xx"
    assert await reason(kept, hangs_up) == "connect"


async def test_a_certificate_for_another_name_is_refused(kept: KeptConnections, tmp_path: Path) -> None:
    """Also when TLS itself works."""
    certificate = Authority(tmp_path).self_signed("elsewhere.example")
    async with peer(again(HELLO), tls=certificate.server_context()) as server:
        with pytest.raises(ProbeFailed) as failure:
            await kept.get(URL(f"https://{server.address}/a.m3u8"), limit=1000, within=5)
    assert failure.value.reason == "tls"
