"""Sound that runs ahead of the picture: told alike at every hop, so the first that tells is where it began."""

import asyncio
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from servers.exporter import Page, running_exporter
from servers.flv_origin import flv_of_ffmpeg, flv_origin
from servers.flv_publisher import publishing_flv
from servers.nginx_rtmp import NginxRtmp, nginx_rtmp

AT_INGEST = "streamwatch_ingest_av_offset_seconds"
AT_PLAYBACK = "streamwatch_media_av_offset_seconds"
IN_SEGMENTS = "streamwatch_segment_av_offset_seconds"


@pytest.fixture(scope="module")
def nginx(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NginxRtmp]:
    with nginx_rtmp(tmp_path_factory.mktemp("nginx")) as server:
        yield server


@cache
def recording() -> bytes:
    return flv_of_ffmpeg(25)


@pytest.mark.parametrize(
    ("encoder", "server"), [(0, 0), (600, 600), (0, 600)], ids=["nowhere", "the encoder", "after the ingest"]
)
async def test_where_sound_ran_ahead_shows_from_there_on(
    tmp_path: Path, nginx: NginxRtmp, encoder: int, server: int
) -> None:
    """Positive when sound is ahead, in seconds, by the ingest server, by its segments, and by a reader after it."""
    name = f"av-{encoder}-{server}"
    text = f"""
servers: [{{id: studio, nginx_rtmp: {{url: "{nginx.stat_url}"}}}}]
streams:
  - id: main
    ingest: {{server: studio, app: live, name: {name}}}
    picture: {{url: "{nginx.playlist_url(name)}", interval: 0.5}}
    flv: {{url: "%s"}}
"""
    async with flv_origin(await asyncio.to_thread(recording)) as reader:
        reader.audio_ahead = server
        async with (
            publishing_flv(nginx.rtmp_port, name, recording(), audio_ahead=encoder),
            running_exporter(tmp_path, text % reader.url) as exporter,
        ):

            def all_tell(page: Page) -> bool:
                """As much as was done; a few frames may come early or late."""
                told = {metric: page.value(metric) for metric in (AT_INGEST, IN_SEGMENTS, AT_PLAYBACK)}
                wanted = {AT_INGEST: encoder, IN_SEGMENTS: encoder, AT_PLAYBACK: server}
                return all(
                    value is not None and abs(value - wanted[metric] / 1000) < 0.15
                    for metric, value in told.items()
                )

            await exporter.until(all_tell, within=20)
