"""The command `streamwatch-exporter` as people start it."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from servers.exporter import write_config
from servers.free_port import free_port

GOOD = 'streams: [{id: demo, hls: {url: "http://127.0.0.1:9/x.m3u8"}}]\n'
COMMAND = [str(Path(sys.executable).with_name("streamwatch-exporter"))]


def run(*arguments: object, language: str = "en") -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "STREAMWATCH_LANG": language}
    command = [*COMMAND, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=30)


def test_check_says_ok(tmp_path: Path) -> None:
    """Exit 0, one line."""
    path = write_config(tmp_path, GOOD)
    checked = run("--check", path)
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, f"{path}: ok\n", "")


def test_check_without_a_file_checks_the_configured_one(tmp_path: Path) -> None:
    """`--config FILE --check`."""
    assert run("--config", write_config(tmp_path, GOOD), "--check").returncode == 0


@pytest.mark.parametrize(("language", "says"), [("en", "did you mean hls?"), ("zh", "是不是 hls")])
def test_check_names_mistakes_in_the_readers_language(tmp_path: Path, language: str, says: str) -> None:
    """Exit 1, the place, the line, the cure."""
    path = write_config(tmp_path, GOOD.replace("hls:", "hlss:"))
    checked = run("--check", path, language=language)
    assert checked.returncode == 1
    assert f"{path}:2:22: streams[0].hlss: " in checked.stderr
    assert says in checked.stderr
    assert "^^^^" in checked.stderr


def test_check_speaks_to_machines(tmp_path: Path) -> None:
    """One JSON object, with both languages."""
    path = write_config(tmp_path, GOOD.replace("hls:", "hlss:"))
    checked = run("--check", path, "--json")
    answer = json.loads(checked.stdout)
    assert (checked.returncode, answer["ok"]) == (1, False)
    assert [(m["line"], m["column"], m["key"]) for m in answer["mistakes"]] == [(2, 22, "streams[0].hlss")]


def test_a_missing_token_is_a_mistake_with_its_cure(tmp_path: Path) -> None:
    """At the start and at a check; a check of the syntax alone does not look."""
    path = write_config(tmp_path, GOOD)
    (tmp_path / "chat_token").unlink()
    for arguments in (["--config", path], ["--check", path]):
        refused = run(*arguments)
        assert refused.returncode == 1
        assert "the secret file does not exist: chat_token; create it" in refused.stderr
    assert run("--check", path, "--syntax-only").returncode == 0


def test_listening_beyond_this_machine_must_be_meant(tmp_path: Path) -> None:
    """Exit 2 and the option that allows it."""
    refused = run("--config", write_config(tmp_path, GOOD), "--listen", "0.0.0.0:0")
    assert refused.returncode == 2
    assert "--allow-remote" in refused.stderr


def test_it_runs_until_told_and_says_when_its_port_is_taken(tmp_path: Path) -> None:
    """Ready within seconds; a second one on the same port gives one sentence; SIGTERM ends it with 0."""
    config, listen = write_config(tmp_path, GOOD), f"127.0.0.1:{free_port()}"
    with subprocess.Popen(
        [*COMMAND, "--config", config, "--listen", listen], stderr=subprocess.PIPE, text=True
    ) as first:
        try:
            _wait_until_ready(f"http://{listen}/-/ready")
            second = run("--config", config, "--listen", listen)
            assert (second.returncode, second.stderr.splitlines()[-1]) == (
                1,
                f"{listen} is taken or not available: choose another with --listen",
            )
        finally:
            first.send_signal(signal.SIGTERM)
            _, log = first.communicate(timeout=10)
    assert first.returncode == 0
    assert "Traceback" not in log
    assert "x.m3u8" not in log


def _wait_until_ready(url: str) -> None:
    deadline = time.monotonic() + 10
    while True:
        try:
            with urllib.request.urlopen(url, timeout=1) as answer:
                assert answer.status == 200
                return
        except OSError:
            assert time.monotonic() < deadline
            time.sleep(0.05)
