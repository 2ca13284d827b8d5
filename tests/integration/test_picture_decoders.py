"""The processes that decode: a test stops or kills them, and the exporter with them."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import aiohttp
import pytest

from servers.exporter import write_config
from servers.free_port import free_port
from servers.hls_origin import hls_origin
from servers.live_stream import (
    BLACK_NOW,
    FAILURES,
    UP,
    Live,
    after_the_next,
    eventually,
    failed_with,
    live,
    runs,
    watching,
    workers,
)
from streamwatch_exporters import picture_workers


async def test_a_decoder_that_hangs_is_ended_and_another_takes_its_place(tmp_path: Path) -> None:
    """Stopped in the middle, as a decoder that never returns: the deadline ends it, and the next sample works."""
    async with live(tmp_path, "timeout: 3.0") as (stream, exporter, _):
        (pid,) = workers(exporter).pids
        os.kill(pid, signal.SIGSTOP)
        stream.next()
        page = await exporter.until(lambda page: failed_with(page) == {"decode"}, within=5)
        assert page.value(UP) == 0
        assert page.values(BLACK_NOW) == []
        assert "did not end in time" in (await exporter.get("/"))[1]
        await eventually(lambda: not runs(pid))
        page = await exporter.until(lambda page: page.value(UP) == 1)
        assert page.value(BLACK_NOW) == 0


async def test_a_decoder_that_is_killed_costs_one_sample(tmp_path: Path) -> None:
    """As when the system has no memory left for it."""
    async with live(tmp_path, "timeout: 10.0") as (stream, exporter, _):
        (pid,) = workers(exporter).pids
        os.kill(pid, signal.SIGSTOP)
        stream.next()
        await eventually(lambda: workers(exporter).busy == 1)
        os.kill(pid, signal.SIGKILL)
        page = await exporter.until(lambda page: failed_with(page) == {"decode"}, within=3)
        assert "ended in the middle" in (await exporter.get("/"))[1]
        page = await exporter.until(lambda page: page.value(UP) == 1)
        assert page.value(FAILURES, reason="decode") == 1
        assert pid not in workers(exporter).pids


async def test_a_decoder_that_died_between_samples_costs_nothing(tmp_path: Path) -> None:
    """Another one is started instead."""
    async with live(tmp_path) as (stream, exporter, _):
        (pid,) = workers(exporter).pids
        os.kill(pid, signal.SIGKILL)
        await eventually(lambda: not workers(exporter).pids)
        page = await after_the_next(exporter, stream.next)
        assert failed_with(page) == set()


async def test_a_stream_that_is_removed_leaves_no_series_and_no_process(tmp_path: Path) -> None:
    """Also when a decoder is at work on it."""
    async with live(tmp_path, "timeout: 30.0") as (stream, exporter, _):
        (pid,) = workers(exporter).pids
        os.kill(pid, signal.SIGSTOP)
        stream.next()
        await eventually(lambda: workers(exporter).busy == 1)
        write_config(tmp_path, "streams: []\n")
        status, _ = await exporter.post("/-/reload")
        assert status == 200
        await eventually(lambda: not runs(pid))
        assert workers(exporter).pids == []
        assert 'stream="a"' not in (await exporter.page()).text


async def test_without_the_extra_the_exporter_runs_and_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One sentence, and no value."""
    monkeypatch.setattr(picture_workers, "find_spec", lambda _: None)
    async with live(tmp_path) as (_, exporter, _):
        page = await exporter.page()
        assert failed_with(page) == {"decode"}
        assert page.values(BLACK_NOW) == []
        assert "pip install &#x27;streamwatch-exporters[picture]&#x27;" in (await exporter.get("/"))[1]


def test_the_exporter_itself_loads_no_decoder() -> None:
    """The bytes of strangers are met in other processes only, and the extra may be missing."""
    code = "import sys, streamwatch_exporters.cli; assert not {'av', 'numpy'} & set(sys.modules)"
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True, timeout=30)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
async def test_no_process_outlives_the_exporter(tmp_path: Path, number: signal.Signals) -> None:
    """Told to stop, or killed: a decoder without anything to do notices, too."""
    async with hls_origin() as origin:
        Live(origin).next()
        config, listen = write_config(tmp_path, watching(origin, "/a.m3u8")), f"127.0.0.1:{free_port()}"
        command = [Path(sys.executable).with_name("streamwatch-exporter"), "--config", config, "--listen", listen]
        process = await asyncio.create_subprocess_exec(*command, stderr=subprocess.DEVNULL)
        try:
            page = ""
            deadline = time.monotonic() + 20
            while 'streamwatch_probe_up{probe="picture",server="",stream="a"} 1.0' not in page:
                assert time.monotonic() < deadline, page
                page = await read(f"http://{listen}/metrics")
            (child,) = children(process.pid)
            process.send_signal(number)
            await asyncio.wait_for(process.wait(), 10)
            await eventually(lambda: not runs(child))
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()


async def read(url: str) -> str:
    """A page, empty while nobody listens."""
    await asyncio.sleep(0.05)
    try:
        async with aiohttp.ClientSession() as session, session.get(url) as answer:
            return await answer.text()
    except aiohttp.ClientConnectionError:
        return ""


def children(pid: int) -> list[int]:
    try:
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []
