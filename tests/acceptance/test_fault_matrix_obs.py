"""Faults of a real OBS Studio and of what it publishes to: each shows at its hop, and no hop before is blamed."""

import asyncio
import subprocess
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio

from servers.fault_matrix import (
    PUBLISHING,
    RECEIVED,
    UP,
    Fault,
    History,
    absent,
    all_are,
    any_is,
    endure,
    rate,
    recorded,
)
from servers.nginx_rtmp import NginxRtmp, nginx_rtmp
from servers.obs_studio import EMPTY, PASSWORD, SCENE, ObsStudio, obs_studio
from servers.signal_path import exporter_process, fetch
from servers.undisturbed import undisturbed

pytestmark = pytest.mark.asyncio(loop_scope="module")

CONFIG = """
servers:
  - {{id: studio, nginx_rtmp: {{url: "{stat}"}}}}
streams:
  - id: main
    obs: {{address: "{obs}", password_file: password, interval: 1, timeout: 1.5, screenshots: true}}
    ingest: {{server: studio, app: live, name: main}}
    hls: {{url: "{playlist}"}}
    picture: {{url: "{playlist}", interval: 1, timeout: 5}}
"""
RATE = (200_000 + 64_000) / 8  # bytes a second, as the profile of OBS says
CLIP = (
    "ffmpeg -nostdin -loglevel error -f lavfi -i testsrc2=size=320x180:rate=10"
    " -f lavfi -i sine=frequency=440:sample_rate=44100 -t 120"
    " -c:v libx264 -preset ultrafast -g 20 -pix_fmt yuv420p -c:a aac"
)
LUMA, STREAMING = "obs_program_luma_ratio", "obs_streaming"


@dataclass
class Studio:
    """OBS with a clip on air, and the server it publishes to."""

    obs: ObsStudio
    nginx: NginxRtmp
    clip: Path

    def ask(self, request: str) -> None:
        asyncio.run(self.obs.ask(request))

    def show(self, scene: str) -> None:
        asyncio.run(self.obs.show(scene))

    def go_on_air(self) -> None:
        self.obs.start()
        asyncio.run(self.obs.play(self.clip))
        self.ask("StartStream")


NOBODY_SENDS = any_is(PUBLISHING, "==", 0)
SERVER_GONE = any_is("streamwatch_ingest_server_up", "==", 0) & absent(PUBLISHING)

# OBS is asked each second, the server at each scrape. A picture shows as in the matrix of the stream itself.
# fault: hop, what shows it, seconds to it, seconds from the repair to all being good, how it is made and undone
FAULTS = {
    "OBS stops streaming": Fault(
        "encoder", any_is(STREAMING, "==", 0) & any_is("obs_up", "==", 1) & NOBODY_SENDS, 4, 20,
        lambda studio: studio.ask("StopStream"), lambda studio: studio.ask("StartStream"),
    ),
    "OBS crashes": Fault(
        "encoder", any_is("obs_up", "==", 0) & absent(STREAMING) & NOBODY_SENDS, 4, 40,
        lambda studio: studio.obs.kill(), Studio.go_on_air,
    ),
    "OBS hangs": Fault(
        "encoder", any_is("obs_up", "==", 0) & any_is(PUBLISHING, "==", 1) & rate(RECEIVED, "==", 0), 8, 20,
        lambda studio: studio.obs.freeze(), lambda studio: studio.obs.resume(),
    ),
    # Whoever sends is well: only what is looked at tells, on air and already where it is made.
    "program of OBS black": Fault(
        "picture", any_is("streamwatch_video_black", "==", 1) & any_is(LUMA, "==", 0), 10, 12,
        lambda studio: studio.show(EMPTY), lambda studio: studio.show(SCENE),
    ),
    "ingest server lost by OBS": Fault(
        "ingest", SERVER_GONE & any_is("obs_output_reconnecting", "==", 1), 5, 30,
        lambda studio: studio.nginx.stop(), lambda studio: studio.nginx.start(),
    ),
}  # fmt: skip

# Everything that should be told is told, and all of it is good.
GOOD = (
    all_are(UP, 1, 4),
    all_are("obs_up", 1, 1),
    all_are(STREAMING, 1, 1),
    all_are("obs_output_reconnecting", 0, 1, output_id="rtmp_output"),
    any_is(LUMA, ">", 0.2),
    all_are(PUBLISHING, 1, 1),
    rate(RECEIVED, ">", 0.8 * RATE),
    all_are("streamwatch_video_black", 0, 1),
    all_are("streamwatch_video_frozen", 0, 1),
    all_are("streamwatch_audio_silent", 0, 2),
)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def on_air(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[Studio, History]]:
    """OBS on air, and the history of what the exporter says."""
    folder = tmp_path_factory.mktemp("studio")
    for part in ("nginx", "obs"):
        (folder / part).mkdir()
    (folder / "password").write_text(PASSWORD)
    clip = folder / "clip.mp4"
    await asyncio.to_thread(subprocess.run, [*CLIP.split(), str(clip)], check=True)
    async with AsyncExitStack() as stack:
        stack.enter_context(undisturbed())
        nginx = stack.enter_context(nginx_rtmp(folder / "nginx"))
        obs = stack.enter_context(obs_studio(folder / "obs", nginx.publish_url("main")))
        await obs.play(clip)
        await obs.ask("StartStream")
        config = CONFIG.format(stat=nginx.stat_url, playlist=nginx.playlist_url("main"), obs=obs.address)
        url = await stack.enter_async_context(exporter_process(folder, config))
        history = await stack.enter_async_context(recorded(lambda: fetch(url)))
        await history.until_good(GOOD, within=40)
        yield Studio(obs, nginx, clip), history


@pytest.mark.parametrize("name", FAULTS)
async def test_a_fault_of_obs_is_told_from_one_after_it(on_air: tuple[Studio, History], name: str) -> None:
    """Its metric says so within its seconds, no hop before it is accused, and repaired it is good again."""
    studio, history = on_air
    await endure(name, FAULTS[name], studio, history, GOOD)
