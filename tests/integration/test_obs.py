"""A real OBS Studio that publishes to a real nginx-rtmp, and how much of it the exporter knows at each moment."""

import math
import struct
import wave
from collections.abc import Iterator
from pathlib import Path

import pytest

from servers.exporter import Page, RunningExporter, running_exporter
from servers.nginx_rtmp import NginxRtmp, nginx_rtmp
from servers.obs_studio import PASSWORD, ObsStudio, obs_studio

UP, FAILURES = "obs_up", "streamwatch_probe_failures_total"
ACTIVE, BYTES = "obs_output_active", "obs_output_bytes_total"
STREAM = {"stream": "a", "output_id": "rtmp_output", "output_name": "simple_stream"}


@pytest.fixture
def nginx(tmp_path: Path) -> Iterator[NginxRtmp]:
    (tmp_path / "nginx").mkdir()
    with nginx_rtmp(tmp_path / "nginx") as server:
        yield server


@pytest.fixture
def obs(tmp_path: Path, nginx: NginxRtmp) -> Iterator[ObsStudio]:
    (tmp_path / "obs").mkdir()
    with obs_studio(tmp_path / "obs", nginx.publish_url("demo")) as studio:
        yield studio


def watching(folder: Path, obs: ObsStudio, more: str = "") -> str:
    (folder / "password").write_text(PASSWORD + "\n")
    settings = f'address: "{obs.address}", password_file: password, interval: 0.2{more}'
    return f"streams:\n  - {{id: a, obs: {{{settings}}}}}"


def event(page: Page, output: str, event: str) -> float | None:
    return page.value("obs_output_events_total", output=output, event=event)


async def recent(exporter: RunningExporter) -> str:
    return (await exporter.get("/"))[1]


async def test_a_stream_is_seen_from_its_start_to_its_end(tmp_path: Path, obs: ObsStudio) -> None:
    """Identified by password; bytes rise while it streams; the stop is noted."""
    async with running_exporter(tmp_path, watching(tmp_path, obs)) as exporter:
        page = await exporter.until(lambda page: page.value(UP) == 1)
        assert page.value("obs_streaming") == 0
        assert page.values("obs_info", obs_version="29.0.2", websocket_version="5.1.0") == [1]
        assert page.value("obs_scene_info", scene="Scene") == 1
        assert page.value("obs_disk_available_bytes", stream="a") > 1e6  # type: ignore[operator]
        assert event(page, "stream", "started") == 0
        await obs.ask("StartStream")
        page = await exporter.until(lambda page: (page.value(BYTES, **STREAM) or 0) > 1000)
        first = page.value(BYTES, **STREAM)
        page = await exporter.until(lambda page: (page.value(BYTES, **STREAM) or 0) > 2 * first)
        assert page.value(ACTIVE, **STREAM) == page.value("obs_streaming") == 1
        assert page.value("obs_output_congestion", **STREAM) is not None
        assert page.values("obs_output_congestion", output_id="ffmpeg_muxer") == []
        assert page.value("obs_output_dropped_frames_total", **STREAM) == 0
        assert event(page, "stream", "started") == 1
        assert "OBS is streaming" in await recent(exporter)
        await obs.ask("StopStream")
        page = await exporter.until(lambda page: page.value(ACTIVE, **STREAM) == 0)
        page = await exporter.until(lambda page: event(page, "stream", "stopped") == 1)
        assert "stream stopped" in await recent(exporter)
        assert page.value("obs_output_reconnects_total") == 0
        assert PASSWORD not in page.text


async def test_an_obs_that_is_killed_leaves_nothing_stale_and_is_found_again(
    tmp_path: Path, obs: ObsStudio
) -> None:
    """Only what tells of the past stays: counters, and that it is down."""
    async with running_exporter(tmp_path, watching(tmp_path, obs)) as exporter:
        await exporter.until(lambda page: page.value(UP) == 1)
        await obs.ask("StartStream")
        page = await exporter.until(lambda page: page.value(ACTIVE, **STREAM) == 1)
        lost = page.value(FAILURES, probe="obs", reason="connect")
        assert lost is not None
        obs.kill()
        page = await exporter.until(
            lambda page: page.value(UP) == 0 and page.value(FAILURES, probe="obs", reason="connect") == lost + 1
        )
        left = {line.partition("{")[0] for line in page.text.splitlines() if line.startswith("obs_")}
        assert left == {UP, "obs_output_reconnects_total", "obs_output_events_total"}
        assert page.value("streamwatch_probe_up", probe="obs") == 0
        obs.start()
        page = await exporter.until(lambda page: page.value(UP) == 1, within=20)
        assert page.value("obs_streaming") == 0
        assert event(page, "stream", "started") == 1


async def test_a_lost_ingest_server_is_one_reconnect(tmp_path: Path, nginx: NginxRtmp, obs: ObsStudio) -> None:
    """However often OBS tries until the server is back."""
    async with running_exporter(tmp_path, watching(tmp_path, obs)) as exporter:
        await exporter.until(lambda page: page.value(UP) == 1)
        await obs.ask("StartStream")
        await exporter.until(lambda page: (page.value(BYTES, **STREAM) or 0) > 1000)
        nginx.stop()
        page = await exporter.until(lambda page: page.value("obs_output_reconnecting", **STREAM) == 1)
        page = await exporter.until(lambda page: page.value("obs_output_reconnects_total") == 1)
        assert "reconnects" in await recent(exporter)
        nginx.start()
        page = await exporter.until(lambda page: page.value("obs_output_reconnecting", **STREAM) == 0)
        assert page.value("obs_output_reconnects_total") == 1
        assert page.value(ACTIVE, **STREAM) == 1


async def test_sound_picture_scene_and_mute_are_seen_at_their_source(tmp_path: Path, obs: ObsStudio) -> None:
    """A tone at half of full scale is -6 dBFS, grey is half as bright as white, and a mute is silence."""
    _write_tone(tmp_path / "tone.wav")
    more = ", levels: true, screenshots: true"
    async with running_exporter(tmp_path, watching(tmp_path, obs, more)) as exporter:
        await exporter.until(lambda page: page.value(UP) == 1)
        tone = {"local_file": str(tmp_path / "tone.wav"), "looping": True, "is_local_file": True}
        await obs.ask(
            "CreateInput", sceneName="Scene", inputName="Tone", inputKind="ffmpeg_source", inputSettings=tone
        )
        grey = {"color": 0xFF808080, "width": 320, "height": 180}
        await obs.ask(
            "CreateInput", sceneName="Scene", inputName="Grey", inputKind="color_source_v3", inputSettings=grey
        )
        # A source that begins is louder for a moment: OBS resamples, and an edge overshoots.
        await exporter.until(
            lambda page: page.value("obs_input_level_dbfs", input="Tone", channel="0") == pytest.approx(-6, abs=1)
        )
        page = await exporter.until(lambda page: page.value("obs_input_muted", input="Tone") == 0)
        assert page.values("obs_input_muted", input="Grey") == []
        await exporter.until(
            lambda page: page.value("obs_program_luma_ratio") == pytest.approx(128 / 255, abs=0.02)
        )
        await exporter.until(lambda page: page.value("obs_program_difference_ratio") == 0)
        await obs.ask("SetInputMute", inputName="Tone", inputMuted=True)
        page = await exporter.until(lambda page: page.value("obs_input_muted", input="Tone") == 1)
        page = await exporter.until(
            lambda page: page.value("obs_input_level_dbfs", input="Tone", channel="0") == -100
        )
        await obs.ask("CreateScene", sceneName="Slate")
        await obs.ask("SetCurrentProgramScene", sceneName="Slate")
        page = await exporter.until(lambda page: page.value("obs_scene_info", scene="Slate") == 1)
        assert page.values("obs_scene_info") == [1]
        await exporter.until(lambda page: page.value("obs_program_luma_ratio") == 0)


async def test_one_look_on_demand_tells_the_same(tmp_path: Path, obs: ObsStudio) -> None:
    """`/probe` answers bad while OBS is not streaming, with the values, and without a secret."""
    async with running_exporter(tmp_path, watching(tmp_path, obs)) as exporter:
        await exporter.until(lambda page: page.value(UP) == 1)
        status, text = await exporter.get("/probe?module=obs&target=a")
        page = Page(text)
        assert status == 200
        assert page.value("probe_success") == 0
        assert page.value(UP) == 1
        assert page.value("obs_streaming") == 0
        assert page.value("probe_timeout_seconds") == 6
        _, text = await exporter.get("/probe?module=obs&target=a&debug=true")
        assert "OBS is not streaming" in text
        assert obs.address not in text
        assert PASSWORD not in text
        obs.kill()
        page = Page((await exporter.get("/probe?module=obs&target=a"))[1])
        assert page.value("probe_success") == page.value(UP) == 0
        assert page.values("obs_streaming") == []


def _write_tone(path: Path) -> None:
    """Ten seconds of 440 Hz at half of full scale."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(44100)
        samples = (int(16384 * math.sin(2 * math.pi * 440 * i / 44100)) for i in range(441000))
        file.writeframes(b"".join(struct.pack("<h", sample) for sample in samples))
