"""What drills showed is kept by the receiver and listed: for the next training, and for whoever asks."""

import json
import subprocess
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from servers.free_port import free_port
from servers.receiver import STREAMWATCH, PhoneServer, ReceiverProcess, serving, write_config
from streamwatch.drill.verdict import Seen, result_of

RIGHT = Seen(
    "encoder_crash", paged=4.2, resolved=20.0, procedure="stream_interruption", hop="ingest", severity="P0",
    role="tech", person="alice", person_name="Alice", runbook_step="publisher-gone", pages=1, incidents=["4"],
    on_duty=["alice"], on_duty_names=["Alice"],
)  # fmt: skip


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory, phone: PhoneServer) -> Path:
    return write_config(tmp_path_factory.mktemp("history"), free_port(), phone.url)


@pytest.fixture(scope="module")
def receiver(config: Path) -> Iterator[ReceiverProcess]:
    with serving(config) as receiver:
        yield receiver


def begin(receiver: ReceiverProcess, fault: str) -> str:
    reply = receiver.post({"stream": "demo", "fault": fault, "seconds": 60}, "/api/v1/drills")
    assert reply.status_code == 201
    return str(reply.json()["id"])


def keep(receiver: ReceiverProcess, drill: str, result: dict[str, Any]) -> int:
    return receiver.post(result, f"/api/v1/drills/{drill}/result").status_code


def command(config: Path, *words: str) -> str:
    done = subprocess.run(
        [STREAMWATCH, "drill", "history", "--config", config, *words], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_drills_are_listed_with_what_came_of_them(config: Path, receiver: ReceiverProcess) -> None:
    """Newest first: one that was broken off, one that was wrong and says why, one that was right."""
    assert "no drill yet" in command(config) or "还没有演练过" in command(config)
    right, wrong, cut = (
        begin(receiver, "encoder_crash"),
        begin(receiver, "black_picture"),
        begin(receiver, "obs_stop"),
    )
    assert keep(receiver, right, result_of(RIGHT)) == 201
    assert keep(receiver, wrong, result_of(Seen("black_picture"))) == 201

    told = json.loads(command(config, "--json"))["drills"]
    assert [(each["id"], each["fault"], each["right"]) for each in told] == [
        (cut, "obs_stop", None),
        (wrong, "black_picture", False),
        (right, "encoder_crash", True),
    ]
    assert (told[2]["seconds"], told[2]["person_name"], told[2]["incidents"]) == (4.2, "Alice", ["4"])
    assert (told[1]["wrong"], told[1]["wrong_zh"]) == (["nobody was paged"], ["没有人被呼叫"])
    lines = command(config).splitlines()
    assert [len(lines), "encoder_crash" in lines[2], "4.2 s" in lines[2], "Alice" in lines[2]] == [
        3,
        True,
        True,
        True,
    ]
    (one,) = json.loads(command(config, "--json", "--fault", "encoder_crash"))["drills"]
    assert one["id"] == right


def test_a_result_is_kept_once(receiver: ReceiverProcess) -> None:
    """What was seen is not seen anew; a drill that never was has none; what is no result is refused."""
    drill = begin(receiver, "encoder_hang")
    assert keep(receiver, drill, {"seconds": -1}) == 422
    assert keep(receiver, drill, {"secret": "x"}) == 422
    assert [keep(receiver, drill, result_of(RIGHT)) for _ in range(2)] == [201, 409]
    assert keep(receiver, "99999", result_of(RIGHT)) == 404


def test_what_is_due_is_told_by_the_command_the_console_and_the_feed(
    config: Path, receiver: ReceiverProcess
) -> None:
    """Without a calendar a suggestion; with one what was never held is due; what was held is in the feed."""
    environ = {"STREAMWATCH_LANG": "en", "PATH": "/usr/bin:/bin"}
    asked = [STREAMWATCH, "drill", "due", "--config", config]
    run = partial(subprocess.run, capture_output=True, text=True, check=True, env=environ)
    told = run(asked).stdout
    assert "suggested is: drills: [{fault: power, every: 26w}" in told
    assert "! the drill 'fire, smoke' was never held" in told
    assert keep(receiver, begin(receiver, "silent_audio"), result_of(Seen("silent_audio"))) == 201

    plan = [{"fault": "fire", "every": "26w"}, {"fault": "silent_audio", "every": "13w"}]
    text = yaml.safe_load(config.read_text())
    config.write_text(yaml.safe_dump(text | {"drills": plan}))
    assert receiver.post(b"", "/-/reload").status_code == 200
    found = json.loads(run([*asked, "--json"]).stdout)
    assert found["suggested"] is False
    assert [(each["fault"], each["overdue"]) for each in found["due"]] == [("fire", True), ("silent_audio", False)]
    assert found["due"][0]["command"] == "streamwatch drill report fire --by …"
    page = httpx.get(f"{receiver.base}/", headers={"Accept-Language": "en"}, timeout=30).text
    assert "the drill &#39;fire, smoke&#39; was never held; it is planned every 26 weeks" in page
    assert "silent_audio" not in page
    link = run([STREAMWATCH, "duty", "calendar", "--config", config]).stdout.split()[-1]
    assert "drill due: silent_audio" in httpx.get(link, headers={"Accept-Language": "en"}, timeout=30).text
