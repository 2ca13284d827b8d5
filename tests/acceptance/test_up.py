"""`streamwatch up` when something is not as it should be: one sentence, and nothing left behind."""

import json
import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from servers.receiver import REPOSITORY, STREAMWATCH, until
from servers.stack import Stack


def lives(pid: int) -> bool:
    """A process, not the remains of one that nobody has waited for."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def up(state: Path, *options: str, **changes: str) -> subprocess.CompletedProcess[str]:
    """A start that is expected to end by itself."""
    return subprocess.run(
        [STREAMWATCH, "up", "--state", state, *options],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=REPOSITORY,
        env=os.environ | {"STREAMWATCH_LANG": "en"} | changes,
    )


@pytest.fixture(scope="module")
def deep(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """In a folder whose name alone is longer than a socket's may be, with a space and Chinese in it."""
    folder = tmp_path_factory.mktemp("deep") / ("直播 " + "d" * 100)
    folder.mkdir()
    stack = Stack(folder / "state")
    stack.wait_ready()
    yield stack
    stack.stop()


def test_a_second_start_in_the_same_place_is_refused(deep: Stack) -> None:
    """It says that one runs, and leaves that one alone."""
    before = deep.parts()
    second = up(deep.state, "--ports", "free")

    assert second.returncode == 1
    assert second.stderr == (
        "streamwatch: it runs here already. See 'streamwatch status'; stop it with Ctrl-C in its terminal.\n"
    )
    assert deep.parts() == before
    assert all(map(lives, before.values()))


def test_the_table_says_what_runs_and_what_to_try(deep: Stack) -> None:
    """Where to look, who is on duty, the next thing to do."""
    words = deep.output.read_text()

    assert f"http://127.0.0.1:{deep.ports['receiver']}/" in words
    assert "tech: Alice" in words
    assert ".venv/bin/streamwatch drill encoder_crash" in words


def test_the_demo_is_go_but_for_the_chat_that_nobody_feeds(deep: Stack) -> None:
    """Asked of the whole running system: its own rules and runbooks, its probes, its duty."""
    words = ("preflight", "--config", str(deep.state / "config" / "duty.yml"), "--stream", "demo", "--json")
    # A phone that was never used is not known to ring.
    sent = deep.command("send-test", "alice", "--config", str(deep.state / "config" / "duty.yml"))
    assert sent.returncode == 0, sent.stderr
    go = deep.command(*words, "--without", "chat", "--wait", "100", timeout=200)
    done = deep.command(*words)
    checks = json.loads(done.stdout)["checks"]

    assert go.returncode == 0, go.stdout + go.stderr
    blocking = {each["check"]: each["text"] for each in checks if each["blocks"]}
    assert blocking == {"chat": "the chat was never heard"}
    assert done.returncode == 1


def test_state_stays_in_its_folder(deep: Stack) -> None:
    """Secrets for their owner alone, and nothing beside the folder but what the test wrote."""
    assert {each.name for each in deep.state.parent.iterdir()} == {"state", "up.log"}
    for secret in (deep.state / "secrets").iterdir():
        assert secret.stat().st_mode & 0o077 == 0, secret.name


def test_a_part_that_dies_ends_everything_in_words(deep: Stack) -> None:
    """Which part, how it ended, its last log lines; exit 1; no other part goes on without it."""
    parts = deep.parts()
    os.kill(parts["exporter"], signal.SIGKILL)

    assert deep.wait() == 1
    words = deep.output.read_text()
    assert "exporter ended unexpectedly (-9); the rest was stopped. Its last words" in words
    assert str(deep.state / "log" / "exporter.log") in words.replace("\n", "")
    assert [name for name, pid in parts.items() if lives(pid)] == []


def test_an_end_without_goodbye_leaves_no_orphans(tmp_path: Path) -> None:
    """kill -9 of `up` itself: the parts end all the same, and the next start is not hindered."""
    stack = Stack(tmp_path / "state")
    stack.wait_ready()
    parts = stack.parts()
    stack.stop(signal.SIGKILL)

    until(lambda: not any(map(lives, parts.values())), 10)
    again = Stack(tmp_path / "state")
    again.wait_ready()
    assert again.stop() == 0
    assert [name for name, pid in again.parts_seen.items() if lives(pid)] == []


def test_a_port_in_use_is_named_with_its_holder(tmp_path: Path) -> None:
    """One sentence for each, the cure in it, and nothing was started."""
    with socket.socket() as held:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.bind(("127.0.0.1", 8780))
        held.listen()
        refused = up(tmp_path / "state")

    assert refused.returncode == 1
    assert f"port 8780 (receiver) is in use by {Path('/proc/self/comm').read_text().strip()}" in refused.stderr
    assert "Stop that first, or run 'streamwatch up --ports free'." in refused.stderr
    assert list((tmp_path / "state" / "log").iterdir()) == []


def test_a_missing_program_is_named_with_its_package(tmp_path: Path) -> None:
    """On a machine where nothing was installed yet."""
    refused = up(tmp_path / "state", "--ports", "free", PATH="/nowhere")

    assert refused.returncode == 1
    assert refused.stderr == "streamwatch: there is no prometheus. Install it: apt-get install prometheus\n"


def test_away_from_the_clone_it_says_where_to_go(tmp_path: Path) -> None:
    """A folder named with --home that is none."""
    refused = up(tmp_path / "state", "--home", str(tmp_path))

    assert refused.returncode == 1
    assert "there is no config/duty.yml and alert_rules/ here" in refused.stderr
