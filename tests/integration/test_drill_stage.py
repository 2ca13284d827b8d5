"""What a stage is made of is taken by the programs that read it."""

import subprocess
import sys
from pathlib import Path

import pytest

from streamwatch.drill.expected import EXPECTED, place_of
from streamwatch.stack.first_start import find_binary
from streamwatch.stack.stage import Stage
from streamwatch.stack.stage.certificates import certify
from streamwatch.stack.stage.publishers import encode, publisher
from streamwatch.stack.stage.server import server_config
from streamwatch.stack.stage.studio import furnish
from streamwatch.stack.stage.watched import point_prometheus, streams_config, take_away


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    """One for every fault."""
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    (secrets / "chat_token").write_text("token-of-the-test")
    stage = Stage(tmp_path / "stage", secrets, acts={fault: place_of(fault) for fault in EXPECTED})
    stage.make()
    return stage


def test_the_exporter_takes_its_streams(stage: Stage) -> None:
    """All of them, with picture, OBS, chat and hosts."""
    certify(stage)
    furnish(stage)
    (stage.folder / "streams.yml").write_text(streams_config(stage))
    command = [Path(sys.executable).parent / "streamwatch-exporter", "--check", stage.folder / "streams.yml"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr


def test_nginx_takes_its_configuration(stage: Stage) -> None:
    """With the switches in it."""
    (stage.folder / "nginx.conf").write_text(server_config(stage))
    command = [find_binary("nginx", "nginx-light"), "-t", "-q", "-c", stage.folder / "nginx.conf"]
    done = subprocess.run([*command, "-e", "stderr"], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr


def test_a_clip_is_encoded_once(stage: Stage) -> None:
    """And named by the command that publishes it, over the way that loses packets where it is that stream."""
    encode(stage, ["thin"])
    made = (stage.clips / "thin.mp4").stat().st_mtime_ns
    encode(stage, ["thin"])

    assert (stage.clips / "thin.mp4").stat().st_mtime_ns == made
    assert str(stage.clips / "thin.mp4") in publisher(stage, "drill-low-bitrate", "thin")
    assert publisher(stage, "drill-packet-loss")[-1].startswith("rtmp://127.0.0.77:")
    assert publisher(stage, "drill-low-bitrate")[-1].startswith("rtmp://127.0.0.1:")


def test_prometheus_is_pointed_at_it_and_away(stage: Stage) -> None:
    """By files that are there from the first to the last, so that nothing is left to scrape."""
    point_prometheus(stage)
    files = sorted((stage.folder / "targets").iterdir())
    assert [each.name for each in files] == ["exporter.yml", "node.yml"]
    assert all("127.0.0.1:" in each.read_text() for each in files)

    take_away(stage)
    assert [each.read_text() for each in files] == ["[]", "[]"]
