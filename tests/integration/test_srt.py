"""The SRT probe in front of a real listener, and of UDP sockets that are none."""

import asyncio
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import pytest

from servers.exporter import running_exporter
from servers.free_port import free_port
from streamwatch_exporters.clock import Clock
from streamwatch_exporters.probe import Answer, ProbeFailed
from streamwatch_exporters.repeating import Finding, within
from streamwatch_exporters.srt import SrtLooker, SrtSettings

HANDSHAKE = "streamwatch_reader_handshake_seconds"
LISTEN = "ffmpeg -nostdin -loglevel error -f lavfi -i testsrc2=size=64x64:rate=5 -c:v libx264 -f mpegts"


@contextmanager
def listening(port: int) -> Iterator[None]:
    """A real SRT listener that asks for a passphrase."""
    url = f"srt://127.0.0.1:{port}?mode=listener&passphrase=only-for-viewers"
    process = subprocess.Popen([*LISTEN.split(), url], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.kill()
        process.wait(10)


async def look(port: int, seconds: float = 1.0) -> Finding:
    return await within(seconds, SrtLooker(SrtSettings(address=f"127.0.0.1:{port}", timeout=seconds), Clock()))


class Answering(asyncio.DatagramProtocol):
    """Answers each datagram with what *answer* makes of it."""

    transport: asyncio.DatagramTransport

    def __init__(self, answer: Callable[[bytes], list[bytes]]) -> None:
        self._answer = answer

    def datagram_received(self, data: bytes, address: tuple[str, int]) -> None:
        for answer in self._answer(data):
            self.transport.sendto(answer, address)


@asynccontextmanager
async def answering(answer: Callable[[bytes], list[bytes]]) -> AsyncIterator[int]:
    """The port of a UDP socket."""
    loop = asyncio.get_running_loop()
    transport, protocol = await loop.create_datagram_endpoint(
        lambda: Answering(answer), local_addr=("127.0.0.1", 0)
    )
    protocol.transport = transport
    try:
        yield transport.get_extra_info("sockname")[1]
    finally:
        transport.close()


async def test_a_listener_is_reached_and_its_end_is_noticed(tmp_path: Path) -> None:
    """With the round trip, without its passphrase, and without taking the place of its one caller."""
    port = free_port()
    text = f'streams:\n  - {{id: a, srt: {{address: "127.0.0.1:{port}", interval: 0.5, timeout: 1}}}}\n'
    async with running_exporter(tmp_path, text) as exporter:
        with listening(port):
            page = await exporter.until(lambda page: page.value(HANDSHAKE, protocol="srt", stream="a") is not None)
            rtt = page.value(HANDSHAKE)
            assert rtt is not None
            assert 0 < rtt < 0.5
            assert page.value("streamwatch_probe_up", probe="srt") == 1
            _, answer = await exporter.get("/probe?module=srt&target=a&debug=true")
            assert "probe_success 1" in answer
            assert "stream id and passphrase are not checked" in answer
            assert str(port) not in answer
            await exporter.until(lambda page: (page.value("streamwatch_probe_runs_total", probe="srt") or 0) > 4)
        page = await exporter.until(lambda page: page.value("streamwatch_probe_up", probe="srt") == 0)
        assert page.value(HANDSHAKE) is None
        assert page.value("streamwatch_probe_failures_total", probe="srt", reason="connect")


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (lambda _data: [], "timeout"),
        (lambda data: [data], "protocol"),
        (lambda _data: [b"HTTP/1.1 400 Bad Request\r\n"], "protocol"),
        (lambda _data: [b"\x80\0" + bytes(60_000)] * 50, "protocol"),
    ],
    ids=["silent", "echo", "http", "flood"],
)
async def test_a_socket_that_is_no_listener_cannot_be_told(
    answer: Callable[[bytes], list[bytes]], reason: str
) -> None:
    """Within the deadline, with its reason."""
    started = time.monotonic()
    async with answering(answer) as port:
        with pytest.raises(ProbeFailed) as failed:
            await look(port)
    assert failed.value.reason == reason
    assert time.monotonic() - started < 5


async def test_a_closed_port_says_so_at_once() -> None:
    """The system tells of it; the deadline need not be waited for."""
    started = time.monotonic()
    with pytest.raises(ProbeFailed) as failed:
        await look(free_port(), seconds=5)
    assert failed.value.reason == "connect"
    assert time.monotonic() - started < 4  # of five


async def test_a_lost_packet_is_asked_for_again_and_does_not_make_the_round_trip_longer() -> None:
    """The first two requests are lost; the third is answered at once."""
    asked: list[bytes] = []

    def third_time(data: bytes) -> list[bytes]:
        asked.append(data)
        if len(asked) < 3:
            return []
        # a listener's answer: version 5, the magic, a cookie, to the id that asked
        return [data[:12] + data[40:44] + bytes([0, 0, 0, 5, 0, 0, 0x4A, 0x17]) + data[24:44] + b"cook" + bytes(16)]

    async with answering(third_time) as port:
        finding = await look(port, seconds=3)
    assert finding.answer is Answer.OK
    assert finding.values[HANDSHAKE, "srt"] < 0.4
    assert len({data[40:44] for data in asked}) == 3


async def test_a_rejection_is_bad_and_not_unknown() -> None:
    """A listener that takes nobody is reached and understood."""

    def reject(data: bytes) -> list[bytes]:
        return [data[:36] + (1002).to_bytes(4) + data[40:]]

    async with answering(reject) as port:
        finding = await look(port)
    assert finding.answer is Answer.BAD
    assert dict(finding.values) == {}
