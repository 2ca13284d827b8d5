"""`streamwatch report` against a real receiver and a real Prometheus, as the lead types it the next morning.

The show began half an hour ago. Its stream was interrupted for a minute: Alice took it and wrote a note. Viewers
complained about prices, and nobody took that. Then there was a drill. Of the first ten minutes viewers are known.
"""

import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest
from click.testing import CliRunner

from servers.free_port import free_port
from servers.receiver import AUTH, STREAMWATCH, PhoneServer, ReceiverProcess, until, write_config
from servers.recorded_prometheus import RecordedPrometheus, Samples
from servers.story import alert, webhook
from streamwatch.cli import group

SHANGHAI = ZoneInfo("Asia/Shanghai")
BEGAN = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(minutes=30)
PATIENCE = 120.0  # seconds


@dataclass(frozen=True)
class Morning:
    """What runs, and the numbers of the three incidents."""

    receiver: ReceiverProcess
    config: Path
    interruption: str
    complaint: str
    drill: str


@pytest.fixture(scope="module")
def morning(tmp_path_factory: pytest.TempPathFactory, phone: PhoneServer) -> Iterator[Morning]:
    folder, port = tmp_path_factory.mktemp("morning"), free_port()
    prometheus = RecordedPrometheus(folder / "prometheus", recorded())
    show = {"id": "show", "stream": "demo", "start": wall(BEGAN), "end": wall(BEGAN + timedelta(hours=4))}
    over = {"id": "matinee", "stream": "matinee", "start": wall(BEGAN - timedelta(hours=3)), "end": wall(BEGAN)}
    config = write_config(
        folder,
        port,
        phone.url,
        timezone="Asia/Shanghai",
        prometheus={"url": prometheus.url},
        sessions=[show | {"title": "Autumn sale", "duty": {"tech": ["alice", "bob"]}}, over],
    )
    receiver = ReceiverProcess(config, port)
    receiver.start()
    try:
        yield played(receiver, config)
    finally:
        receiver.stop()
        prometheus.stop()


def recorded() -> Samples:
    samples = Samples()
    seconds = range(3, 600, 5)
    for name, labels, value in (
        ("streamwatch_viewers", {"platform": "web"}, lambda second: 100 + second // 60),
        ("streamwatch_ingest_publishing", {"server": "studio", "app": "live"}, lambda _: 1),
        ("streamwatch_chat_complaints_total", {"category": "lag"}, lambda second: second / 10),
        ("streamwatch_chat_complaints_total", {"category": "audio"}, lambda _: 0),
        ("streamwatch_commerce_connected", {"feed": "orders"}, lambda _: 1),
        ("streamwatch_orders_total", {}, lambda second: second // 20),
        ("streamwatch_order_amount_total", {"currency": "CNY"}, lambda second: second // 20 * 199),
        ("streamwatch_payments_failed_total", {}, lambda _: 0),
        ("streamwatch_chat_complaining_users", {"category": "lag", "window": "1m"}, lambda _: 6),
    ):
        points = [(BEGAN.timestamp() + second, value(second)) for second in seconds]
        samples.add(name, {"stream": "demo", **labels}, points)
    return samples


def played(receiver: ReceiverProcess, config: Path) -> Morning:
    began = BEGAN.astimezone(UTC).isoformat()
    assert receiver.post({"at": began, "by": "bob"}, "/api/v1/sessions/show/start").status_code == 200
    # Told late: it began two minutes ago and lasted for one.
    started = datetime.now(UTC) - timedelta(minutes=2)
    first = fire(receiver, started=started)
    assert receiver.post({"by": "alice"}, f"/api/v1/incidents/{first}/ack").status_code == 200
    said = {"by": "alice", "text": "switched to the *backup* line"}
    assert receiver.post(said, f"/api/v1/incidents/{first}/notes").status_code == 201
    end(receiver, first, started=started)
    prices = {"severity": "P1", "role": "service", "procedure": "viewer_complaints", "hop": "audience"}
    second = fire(receiver, "ComplaintSpike", started=started, **prices, category="price")
    end(receiver, second, "ComplaintSpike", started=started, **prices, category="price")
    drill = {"stream": "demo", "fault": "encoder_crash", "seconds": 3600}
    assert receiver.post(drill, "/api/v1/drills").status_code == 201
    third = fire(receiver, "EncoderStopped", started=started, hop="encoder")
    return Morning(receiver, config, first, second, third)


def fire(receiver: ReceiverProcess, name: str = "StreamNotPublishing", **how: Any) -> str:
    """Its number, when it is open and somebody was told."""
    assert receiver.post(webhook(alert(name, **how))).status_code == 200

    def told() -> str | None:
        for each in receiver.get("/api/v1/incidents", params={"state": "open"})["incidents"]:
            if each["alertname"] == name and any(page["delivered_at"] for page in each["pages"]):
                return str(each["id"])
        return None

    number = until(told, PATIENCE)
    assert number is not None
    return number


def end(receiver: ReceiverProcess, number: str, name: str = "StreamNotPublishing", **how: Any) -> None:
    assert receiver.post(webhook(alert(name, status="resolved", **how))).status_code == 200
    until(lambda: receiver.get(f"/api/v1/incidents/{number}")["state"] == "resolved", PATIENCE)


def wall(at: datetime) -> str:
    return at.astimezone(SHANGHAI).strftime("%Y-%m-%dT%H:%M")


def run(*arguments: str | Path, language: str = "en") -> subprocess.CompletedProcess[str]:
    environ = {**os.environ, "STREAMWATCH_LANG": language}
    return subprocess.run(
        [STREAMWATCH, "report", *arguments], capture_output=True, text=True, timeout=120, env=environ, check=False
    )


def told(morning: Morning, *arguments: str | Path) -> Any:
    done = run(*arguments, "--config", morning.config, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_session_as_a_program_reads_it(morning: Morning) -> None:
    """The interruption, who had it and how soon; the complaints; the drill apart; what nobody took is named."""
    review = told(morning, "--session", "show")
    assert list(review) == [
        "session", "stream", "weekly", "monthly", "timezone", "from", "to", "prometheus",
        "result", "minutes", "classes", "handling", "efficiency", "feedback", "sales", "suggestions", "comparison",
        "actions", "drills",
    ]  # fmt: skip
    (result,) = review["result"]
    assert result["sessions"][0]["started"] == BEGAN.astimezone(SHANGHAI).isoformat()
    assert (result["interrupted_seconds"], result["not_publishing_seconds"]) == (60, 0)
    assert (result["incidents"], result["viewers_peak"]) == ({"P0": 1, "P1": 1, "P2": 0, "P3": 0}, 109)
    assert 100 <= result["viewers_average"] <= 109
    assert 0 < result["viewers_known"] < 0.5
    first, second = review["handling"]
    assert (first["incident"], first["people"]) == (morning.interruption, ["Alice"])
    assert None not in (first["seconds_to_page"], first["seconds_to_ack"], first["seconds_to_over"])
    assert [note["text_en"] for note in first["notes"]] == ["Alice: switched to the *backup* line"]
    assert (second["incident"], second["people"], second["seconds_to_ack"]) == (morning.complaint, [], None)
    assert [(each["procedure"], each["hop"], each["total"]) for each in review["classes"]] == [
        ("stream_interruption", "ingest", 1),
        ("viewer_complaints", "audience", 1),
    ]
    (lag,) = review["feedback"][0]["categories"]
    assert (lag["category"], lag["users"]) == ("lag", 6)
    assert 40 <= lag["complaints"] <= 80
    assert 0 < review["feedback"][0]["known"] < 0.5
    (sold,) = review["sales"]
    assert (sold["payments_failed"], sold["refunds"], sold["refunded"]) == (0, None, {})
    assert 20 <= sold["orders"] <= 35
    assert sold["turnover"]["CNY"] == pytest.approx(sold["orders"] * 199)
    assert 0 < sold["known"] < 0.5
    assert ("not_taken", [morning.complaint]) in [
        (each["rule"], each["incidents"]) for each in review["suggestions"]
    ]
    assert review["minutes"]["good"] == []  # most viewers came while six people complained
    loud = next(each for each in review["minutes"]["bad"] if each["why_en"] == ["6 people complained"])
    assert 540 <= loud["seconds"] <= 660
    assert set(review["minutes"]["not_known"]) == {"bitrate", "chat"}
    dark = next(each for each in review["minutes"]["bad"] if each["why_en"][0].startswith("interrupted"))
    assert dark["seconds"] in (60, 120)
    assert [each["incident"] for each in review["drills"]["handling"]] == [morning.drill]
    assert [(each["hop"], each["total"]) for each in review["drills"]["classes"]] == [("encoder", 1)]


HEADS = {
    "zh": (
        "结果",
        "最好和最差的分钟",
        "问题分类",
        "处理",
        "观众反馈",
        "成交",
        "建议",
        "与前几场相比",
        "改进项",
        "演练（不计入以上各节）",
    ),
    "en": (
        "Result",
        "Best and worst minutes",
        "Problems by class",
        "Handling",
        "Feedback",
        "Sales",
        "Suggestions",
        "Compared with the sessions before",
        "Action items",
        "Drills (in none of the sections above)",
    ),
}
NOTE = {"zh": "Alice：switched to the ＊backup＊ line", "en": "Alice: switched to the ＊backup＊ line"}


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_session_as_a_person_reads_it(morning: Morning, language: str) -> None:
    """Seven sections in the language that was asked for, with the title of the runbook's step."""
    other = "en" if language == "zh" else "zh"
    done = run("--session", "show", "--config", morning.config, "--lang", language, language=other)
    assert done.returncode == 0, done.stderr
    assert [line[3:] for line in done.stdout.splitlines() if line.startswith("## ")] == [*HEADS[language]]
    assert NOTE[language] in done.stdout
    counted, _, drills = done.stdout.partition(HEADS[language][-1])
    assert f"| #{morning.interruption} |" in counted
    assert f"| #{morning.drill} |" not in counted
    assert f"| #{morning.drill} |" in drills
    assert "publisher-gone" not in drills  # but the section's title


def test_a_week_of_all_streams_into_a_file(morning: Morning, tmp_path: Path) -> None:
    """The same incidents; the path is printed and nothing else."""
    opened = morning.receiver.get(f"/api/v1/incidents/{morning.interruption}")["opened_at"]
    day = datetime.fromisoformat(opened).astimezone(SHANGHAI).date().isoformat()
    target = tmp_path / "reviews" / "week.md"
    done = run("--week", day, "--config", morning.config, "--output", target)
    assert (done.returncode, done.stdout) == (0, f"{target}\n"), done.stderr
    text = target.read_text(encoding="utf-8")
    assert text.startswith("# Weekly review · all streams\n")
    assert f"| #{morning.interruption} |" in text


def test_a_month_in_numbers(morning: Morning) -> None:
    """By procedure: what was called, taken, over in time, folded; the drill is not in it."""
    opened = morning.receiver.get(f"/api/v1/incidents/{morning.interruption}")["opened_at"]
    month = f"{datetime.fromisoformat(opened).astimezone(SHANGHAI):%Y-%m}"
    words = ["report", "--month", month, "--json", "--config", str(morning.config)]
    done = CliRunner().invoke(group, words)
    assert done.exit_code == 0, done.exception
    found = json.loads(done.stdout)["efficiency"]
    assert [(each["procedure"], each["incidents"], each["taken"]) for each in found["procedures"]] == [
        (None, 2, 1), ("stream_interruption", 1, 1), ("viewer_complaints", 1, 0),
    ]  # fmt: skip
    everything = found["procedures"][0]
    assert everything["pages"] >= 2
    assert everything["seconds_to_page"]["median"] is not None
    assert found["target_seconds"] == 180


def test_the_last_week_by_default(morning: Morning) -> None:
    """Monday to Monday in the team's zone, whole."""
    review = told(morning, "--week")
    start, end = (datetime.fromisoformat(review[key]) for key in ("from", "to"))
    assert (start.weekday(), start.hour, end - start) == (0, 0, timedelta(weeks=1))
    assert end <= datetime.now(UTC)
    assert (review["weekly"], review["stream"]) == (True, None)


def test_a_time_of_one_stream(morning: Morning) -> None:
    """As `export` takes it; the time ahead is left out."""
    ends = datetime.now(UTC) + timedelta(hours=2)
    review = told(morning, "--stream", "demo", "--from", wall(BEGAN), "--to", wall(ends))
    assert [each["incident"] for each in review["handling"]] == [morning.interruption, morning.complaint]
    assert datetime.fromisoformat(review["to"]) < ends


def test_without_prometheus_its_numbers_are_not_known(morning: Morning) -> None:
    """The review is given all the same, and says why; no password of the address in it."""
    nowhere = f"http://alice:secret@127.0.0.1:{free_port()}"
    done = run("--session", "show", "--config", morning.config, "--prometheus", nowhere)
    assert done.returncode == 0, done.stderr
    assert "Nothing is known from Prometheus: Prometheus at" in done.stdout
    assert "| demo | 1 min | not known | 1 | 1 | 0 | 0 | not known | not known |" in done.stdout
    assert "demo: no data of the chat" in done.stdout
    assert "secret" not in done.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--session", "shwo"], "there is no session 'shwo'; near ones are: show"),
        (["--stream", "demoo", "--week"], "no data and no incident of stream 'demoo'"),
        (["--week", "2199-01-01"], "lies ahead"),
        (["--trend", "--stream", "demoo"], "no session and no record is of it; known are: demo matinee"),
        (["--session", "show", "--output", "/dev/null/review.md"], "cannot be written"),
    ],
)
def test_what_cannot_be_told_is_one_sentence(morning: Morning, arguments: list[str], words: str) -> None:
    """Exit 1, and what to do."""
    done = run(*arguments, "--config", morning.config)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert words in done.stderr


def test_a_receiver_that_is_not_there(tmp_path: Path) -> None:
    """A review without incidents would look like a good evening: it is refused, with the cure."""
    config = write_config(tmp_path, free_port(), "http://127.0.0.1:1/")
    done = run("--week", "--config", config)
    assert (done.returncode, done.stdout) == (1, "")
    assert "the receiver at http://127.0.0.1:" in done.stderr


def test_the_review_of_a_session_that_ended_is_there_by_itself(morning: Morning) -> None:
    """Listed by the command and in the console, read as a page, taken as files; other names lead nowhere."""

    def listed() -> list[Any]:
        return list(morning.receiver.get("/api/v1/reviews", params={"session": "matinee"})["reviews"])

    (review,) = until(listed, PATIENCE)
    assert review["stream"] == "matinee"
    done = run("--list", "--config", morning.config)
    assert done.returncode == 0, done.stderr
    folder = morning.config.parent / "data" / "reviews"
    assert all(f"    {folder / name}" in done.stdout.splitlines() for name in review["files"])
    assert {path.name for path in folder.iterdir()} == set(review["files"])

    trend = told(morning, "--trend")
    assert (trend["stream"], [each["session"] for each in trend["sessions"]]) == ("matinee", ["matinee"])
    assert {"figure": "actions_open", "values": [0], "usual": None, "direction": None} in trend["figures"]

    name = next(each for each in review["files"] if each.endswith(".zh.md"))
    base = morning.receiver.base
    page = httpx.get(f"{base}/reviews")
    assert (page.status_code, f'href="/reviews/{name}"' in page.text) == (200, True)
    shown = httpx.get(f"{base}/reviews/{name}")
    assert (shown.status_code, "<h1>场次 matinee 复盘 · matinee</h1>" in shown.text) == (200, True)
    assert "<td>matinee</td>" in shown.text
    text = (folder / name).read_text(encoding="utf-8")
    assert httpx.get(f"{base}/reviews/{name}", params={"raw": "true"}).text == text
    own = f"{base}/api/v1/reviews/{name}"
    assert httpx.get(own).status_code == 401
    assert httpx.get(own, headers=AUTH).text == text
    for other in ("nothing.md", "..%2F..%2Fduty.yml", "%2e%2e/streamwatch.db", f"{name}x"):
        assert httpx.get(f"{base}/reviews/{other}").status_code == 404
