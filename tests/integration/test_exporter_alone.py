"""`pip install ./exporters` on an encoder PC: nothing else of this tree, none of the extras, and it serves."""

import os
import re
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from servers.free_port import free_port
from servers.receiver import until

REPOSITORY = Path(__file__).parents[2]
UV = Path(sys.executable).with_name("uv")
EXTRAS = ("ahocorasick", "av", "numpy", "pynvml", "pysnmp")
CONFIG = """
listen: 127.0.0.1:{port}
streams:
  - id: a
    hls: {{url: "http://127.0.0.1:9/a.m3u8"}}
    picture: {{url: "http://127.0.0.1:9/a.m3u8", interval: 0.2}}
hosts:
  - {{id: ups, snmp: {{address: "127.0.0.1:9", community_file: streams.yml, kind: ups, interval: 0.2}}}}
  - {{id: pc, gpu: {{interval: 0.2}}, disk: {{path: ., interval: 0.2}}}}
"""


@pytest.fixture(scope="module")
def binaries(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of an environment that holds what ./exporters asks for and nothing more."""
    folder = tmp_path_factory.mktemp("encoder-pc") / "venv"
    uv("venv", "--python", sys.executable, str(folder))
    install = ["pip", "install", "--python", str(folder / "bin" / "python")]
    install += ["--reinstall-package", "streamwatch-exporters"]  # built anew, whatever the cache has
    install += ["--constraint", str(REPOSITORY / "requirements" / "runtime.txt"), str(REPOSITORY / "exporters")]
    try:
        uv(*install, "--offline")  # what is in the cache asks nobody
    except subprocess.CalledProcessError:
        uv(*install)
    return folder / "bin"


def uv(*arguments: str) -> None:
    subprocess.run([UV, "--quiet", *arguments], check=True, timeout=120, env=clean_environment())


def clean_environment() -> dict[str, str]:
    return {
        key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "VIRTUAL_ENV", "PYTHONHOME")
    }


def run(*command: object) -> subprocess.CompletedProcess[str]:
    words = [str(word) for word in command]
    return subprocess.run(words, capture_output=True, text=True, timeout=30, env=clean_environment(), check=False)


def test_the_command_explains_itself(binaries: Path) -> None:
    """Exit 0, with its options."""
    asked = run(binaries / "streamwatch-exporter", "--help")
    assert (asked.returncode, asked.stderr) == (0, "")
    assert "--config" in asked.stdout


@pytest.mark.parametrize("module", [*EXTRAS, "streamwatch", "fastapi"])
def test_neither_the_extras_nor_the_server_are_there(binaries: Path, module: str) -> None:
    """Or this file would test nothing."""
    assert "ModuleNotFoundError" in run(binaries / "python", "-c", f"import {module}").stderr


def test_a_page_is_served_and_says_which_extras_are_missing(binaries: Path, tmp_path: Path) -> None:
    """Probes that need one cannot tell; the others go on."""
    port = free_port()
    (tmp_path / "streams.yml").write_text(CONFIG.format(port=port))
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            [binaries / "streamwatch-exporter", "--config", tmp_path / "streams.yml"],
            stdout=log,
            stderr=log,
            env=clean_environment(),
        )
    try:
        until(lambda: looked_at(served(port, "/metrics")) >= {"disk", "gpu", "hls", "snmp"}, 30)
        page = served(port, "/metrics")
        assert 'streamwatch_probe_up{probe="disk",server="pc",stream=""} 1.0' in page
        for labels in (
            'probe="gpu",server="pc",stream=""',
            'probe="snmp",server="ups",stream=""',
        ):
            assert f"streamwatch_probe_up{{{labels}}} 0.0" in page
        assert "streamwatch_exporter_build_info{" in page
        recent = served(port, "/")
        assert "streamwatch-exporters[gpu]" in recent
        assert "streamwatch-exporters[snmp]" in recent
    finally:
        process.terminate()
        assert process.wait(15) == 0, (tmp_path / "log").read_text()


def looked_at(page: str) -> set[str]:
    return set(re.findall(r'^streamwatch_probe_up{probe="(\w+)"', page, re.MULTILINE))


def served(port: int, path: str) -> str:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
            text: str = answer.read().decode()
            return text
    except OSError:
        return ""
