"""`streamwatch export` against a real Prometheus and a real receiver: what the files say, and every refusal.

The recorded evening: ten minutes of a demo stream, seen by two exporters. In its fourth minute the publisher is
gone for fifteen seconds; in its sixth nobody measures anything.
"""

import csv
import io
import json
import os
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from servers.free_port import free_port
from servers.receiver import STREAMWATCH, PhoneServer, ReceiverProcess, until, write_config
from servers.recorded_prometheus import RecordedPrometheus, Samples
from streamwatch.report.prometheus import Prometheus
from streamwatch.report.window import window

SHANGHAI = ZoneInfo("Asia/Shanghai")
# The receiver dates incidents by its own clock, so the evening is now: it began half an hour ago.
BEGAN = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(minutes=30)
MINUTE = timedelta(minutes=1)
RUNBOOK = "---\nprocedure: stream_interruption\ntitle: t\n---\n## now {#publisher-gone}\n1. look\n"


@dataclass(frozen=True)
class Evening:
    """What runs: a receiver with one incident, and the Prometheus its duty.yml names."""

    prometheus: RecordedPrometheus
    receiver: ReceiverProcess
    config: Path


def recorded() -> Samples:
    samples = Samples()
    instants = [second for second in range(3, 600, 5) if not 300 < second < 360]

    def add(metric: str, labels: dict[str, str], value: Any) -> None:
        for instance in ("here:9780", "there:9780"):
            points = [(BEGAN.timestamp() + second, value(second)) for second in instants]
            samples.add(metric, {"stream": "demo", "instance": instance, **labels}, points)

    ingest = {"server": "studio", "app": "live"}
    add("streamwatch_ingest_publishing", ingest, lambda second: 0 if 200 <= second < 215 else 1)
    add("streamwatch_ingest_received_bytes_total", ingest, lambda second: 250_000 * second)
    add("streamwatch_ingest_readers", ingest, lambda second: 3)
    for variant, age in (("low", 2.0), ("high", 4.0)):
        add("streamwatch_hls_playlist_age_seconds", {"variant": variant, "rendition": ""}, lambda _, age=age: age)
        add("streamwatch_hls_stall_ratio", {"variant": variant, "rendition": ""}, lambda _, age=age: age / 2)
    add("streamwatch_viewers", {"platform": "douyin"}, lambda second: 100 + second // 60)
    add("streamwatch_viewers", {"platform": "web"}, lambda second: 50)
    add("streamwatch_chat_messages_total", {"platform": "web"}, lambda second: second / 2)
    add("streamwatch_chat_unique_chatters", {"window": "1m"}, lambda second: 300)
    for category, users in (("lag", 60), ("audio", 0)):
        labels = {"category": category, "window": "1m"}
        add("streamwatch_chat_complaining_users", labels, lambda _, users=users: users)
    samples.add("streamwatch_viewers", {"stream": "other", "platform": "web"}, [(BEGAN.timestamp() + 30, 9999)])
    return samples


@pytest.fixture(scope="module")
def evening(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Evening]:
    folder = tmp_path_factory.mktemp("evening")
    rules = folder / "rules" / "stream_interruption"
    rules.mkdir(parents=True)
    (rules / "rules.yml").write_text("groups: []\n")
    for language in ("zh", "en"):
        (rules / f"runbook.{language}.md").write_text(RUNBOOK)
    prometheus = RecordedPrometheus(folder / "prometheus", recorded())
    phone, port = PhoneServer(), free_port()
    config = write_config(
        folder, port, phone.url, alert_rules=str(rules.parent), prometheus={"url": prometheus.url}
    )
    receiver = ReceiverProcess(config, port)
    receiver.start()
    try:
        assert receiver.post(firing("demo")).status_code == 200
        until(lambda: [page for page in phone.pages if page["kind"] == "firing"])
        yield Evening(prometheus, receiver, config)
    finally:
        receiver.stop()
        phone.close()
        prometheus.stop()


def firing(stream: str) -> dict[str, object]:
    labels = {"alertname": "StreamNotPublishing", "stream": stream, "hop": "ingest", "role": "tech"}
    alert = {
        "status": "firing",
        "labels": labels | {"severity": "P0", "procedure": "stream_interruption"},
        "annotations": {"summary_zh": "推流断开", "summary_en": "not publishing", "runbook_step": "publisher-gone"},
        "startsAt": datetime.now(UTC).isoformat(),
        "endsAt": "0001-01-01T00:00:00Z",
        "fingerprint": "00000000000000aa",
    }
    group = {"groupLabels": {}, "commonLabels": {}, "commonAnnotations": {}, "groupKey": "{}"}
    head = {"version": "4", "status": "firing", "receiver": "streamwatch", "externalURL": "http://am", **group}
    return {**head, "truncatedAlerts": 0, "alerts": [alert]}


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """In English, and in no terminal."""
    environ = {**os.environ, "STREAMWATCH_LANG": "en"}
    return subprocess.run(
        [STREAMWATCH, "export", *arguments], capture_output=True, text=True, timeout=60, env=environ, check=False
    )


def local(minutes: float) -> str:
    """A wall-clock time of Shanghai, as a person writes it."""
    return (BEGAN + minutes * MINUTE).astimezone(SHANGHAI).strftime("%Y-%m-%dT%H:%M:%S")


def asked(evening: Evening, output: Path, *, stream: str = "demo", start: float = 0, end: float = 10) -> list[Any]:
    times = ["--from", local(start), "--to", local(end)]
    return ["--stream", stream, *times, "--config", evening.config, "--output", output]


def stem() -> str:
    return f"{BEGAN.astimezone(SHANGHAI):%Y-%m-%d}_demo"


def table(path: Path) -> tuple[list[str], list[list[str]]]:
    text = path.read_bytes().decode("utf-8")
    assert text.startswith("\ufeff")
    header, *rows = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""))
    return header, rows


def test_the_evening_as_files(evening: Evening, tmp_path: Path) -> None:
    """Ten rows and a summary, in wall-clock times; the gap is empty, and the two exporters are counted once."""
    done = run(*asked(evening, tmp_path, end=40))
    assert done.returncode == 0, done.stderr
    header, rows = table(tmp_path / f"{stem()}.csv")
    assert len(rows) == 41
    assert rows[0][1] == BEGAN.astimezone(SHANGHAI).isoformat()
    column = {name.split("（")[0]: index for index, name in enumerate(header)}
    assert rows[0][column["在线人数"]] == "150"
    assert rows[0][column["播放列表停更"]] == "4"
    assert rows[0][column["停更比"]] == "2"
    assert rows[0][column["接入端观看数"]] == "3"
    assert rows[0][column["抱怨人数·卡顿"]] == "60"
    assert rows[0][column["抱怨人数·声音"]] == "0"
    assert rows[1][column["收到的码率"]] == "250000"
    assert rows[1][column["弹幕"]] == "30"
    assert set(rows[5][2:-1]) == {""}
    assert rows[5][-1] == "0"
    assert {row[column["下载耗时比"]] for row in rows} == {""}
    assert rows[-1][column["在线人数"]] == "159"


def test_an_interruption_shorter_than_a_step_shows(evening: Evening, tmp_path: Path) -> None:
    """Fifteen seconds off air make a row of a minute three quarters, not one."""
    assert run(*asked(evening, tmp_path)).returncode == 0
    _, rows = table(tmp_path / f"{stem()}.csv")
    assert [row[2] for row in rows[2:5]] == ["1", "0.75", "1"]


def test_the_document_and_the_answer_agree(evening: Evening, tmp_path: Path) -> None:
    """`--json` prints one object that names the files; the document has null for the gap and the same coverage."""
    done = run(*asked(evening, tmp_path, end=40), "--json")
    answer = json.loads(done.stdout)
    names = [f"{stem()}.csv", f"{stem()}.json", f"{stem()}_incidents.csv"]
    assert answer["files"] == [str(tmp_path / name) for name in names]
    assert (answer["rows"], answer["incidents"]) == (40, 1)
    document = json.loads((tmp_path / names[1]).read_text(encoding="utf-8"))
    assert document["rows"][5]["viewers"] is None
    assert document["rows"][1]["complaining_users_lag"] == 60
    assert document["summary"]["viewers"]["coverage"] == 9 / 40
    assert answer["coverage"] == round(document["coverage"], 4)
    assert answer["coverage_by_column"]["download_ratio"] == 0


def test_the_timeline_goes_along(evening: Evening, tmp_path: Path) -> None:
    """One row for each move of the incident, from its opening to the delivery on Alice."""
    assert run(*asked(evening, tmp_path, end=40)).returncode == 0
    _, rows = table(tmp_path / f"{stem()}_incidents.csv")
    assert {(row[1], row[2], row[3]) for row in rows} == {("P0", "未认领 open", "否 no")}
    assert rows[0][5] == "opened"
    assert ("delivered", "alice", "phone") in [tuple(row[5:8]) for row in rows]
    document = json.loads((tmp_path / f"{stem()}.json").read_text(encoding="utf-8"))
    told = document["incidents"][0]["timeline"]
    assert [(row[4], row[8], row[9]) for row in rows] == [
        (each["at"], each["text_zh"], each["text_en"]) for each in told
    ]


def test_an_incident_outside_the_window_stays_out(evening: Evening, tmp_path: Path) -> None:
    """The incident opened after these ten minutes: its file has a header alone."""
    done = run(*asked(evening, tmp_path), "--json")
    assert json.loads(done.stdout)["incidents"] == 0
    assert table(tmp_path / f"{stem()}_incidents.csv")[1] == []


@pytest.mark.parametrize(("form", "count"), [("csv", 2), ("json", 1), ("all", 3)])
def test_the_form_chooses(evening: Evening, tmp_path: Path, form: str, count: int) -> None:
    """Only the files that were asked for are written, into a folder that is made for them."""
    folder = tmp_path / "review"
    assert run(*asked(evening, folder), "--format", form).returncode == 0
    assert len(list(folder.iterdir())) == count


def test_more_points_than_prometheus_answers_at_once(evening: Evening, tmp_path: Path) -> None:
    """Seventeen hours in steps of five seconds are 12,240 points: asked for in pieces, no row lost or doubled."""
    start = 10 - 17 * 60
    done = run(*asked(evening, tmp_path, start=start), "--step", "5", "--format", "json", "--json")
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["rows"] == 12_240
    rows = json.loads(Path(answer["files"][0]).read_text(encoding="utf-8"))["rows"]
    seen = [index for index, row in enumerate(rows) if row["ingest_readers"] is not None]
    assert seen[0] == 12_240 - 120
    assert seen[-1] == 12_239
    assert len(seen) == 108


@pytest.mark.parametrize("below", ["config", ".streamwatch/config"])
def test_the_configuration_is_found_by_its_home(evening: Evening, tmp_path: Path, below: str) -> None:
    """`--home` names the folder that config/ lies in; a demo that runs there has its own, with the ports in use."""
    config = tmp_path / "home" / below
    config.mkdir(parents=True)
    for name in ("duty.yml", "secrets"):
        (config / name).symlink_to(evening.config.parent / name)
    arguments = [each for each in asked(evening, tmp_path / "out") if each not in ("--config", evening.config)]
    assert run(*arguments, "--home", tmp_path / "home").returncode == 0


def test_a_person_reads_what_was_written_and_what_is_missing(evening: Evening, tmp_path: Path) -> None:
    """The files, the rows, the coverage, and by name what was never measured."""
    said = run(*asked(evening, tmp_path)).stdout
    assert str(tmp_path / f"{stem()}.csv") in said
    assert "10 rows, data coverage 90.0%, 0 incidents" in said
    assert "no data: Download ratio (worst variant)" in said


@pytest.mark.parametrize("stream", ["demoo", 'demo"} or {stream="demo', "直播间"])
def test_an_unknown_stream_is_one_sentence(evening: Evening, tmp_path: Path, stream: str) -> None:
    """Neither data nor incidents: it says so, names the streams there are, and writes nothing."""
    done = run(*asked(evening, tmp_path, stream=stream))
    assert (done.returncode, done.stdout) == (1, "")
    assert f"no data and no incident of stream '{stream}'" in done.stderr
    assert "streams seen then: demo other" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_stream_that_only_the_receiver_knows_is_exported(evening: Evening, tmp_path: Path) -> None:
    """Incidents without data are worth a file: every cell is empty."""
    later = run(*asked(evening, tmp_path, start=25, end=40), "--json")
    answer = json.loads(later.stdout)
    assert (answer["coverage"], answer["incidents"]) == (0.0, 1)


def test_an_end_before_the_start_is_one_sentence(evening: Evening, tmp_path: Path) -> None:
    """Exit 1 and one line, without a traceback."""
    done = run(*asked(evening, tmp_path, start=10, end=0))
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "is not after --from" in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["--stream", "demo", "--from", "yesterday", "--to", "2026-11-22T23:30"],
        ["--stream", "demo", "--from", "0001-01-01T00:00", "--to", "2026-11-22T23:30"],
        ["--stream", "demo", "--from", "2026-11-22T19:00"],
        ["--stream", "", "--from", "2026-11-22T19:00", "--to", "2026-11-22T23:30"],
        ["--stream", "demo", "--from", "2026-11-22T19:00", "--to", "2026-11-22T23:30", "--step", "4"],
        ["--stream", "demo", "--from", "2026-11-22T19:00", "--to", "2026-11-22T23:30", "--prometheus", "localhost"],
        ["--stream", "demo", "--from", "2026-11-22T19:00", "--to", "2026-11-22T23:30", "--format", "xlsx"],
    ],
)
def test_a_wrong_call_is_a_usage_error(arguments: list[str]) -> None:
    """Exit 2, and the option that is meant."""
    done = run(*arguments)
    assert done.returncode == 2
    assert "Error: " in done.stderr


def test_a_prometheus_that_is_not_there(evening: Evening, tmp_path: Path) -> None:
    """One sentence with place and cure, and no password of the address in it."""
    done = run(*asked(evening, tmp_path), "--prometheus", f"http://alice:secret@127.0.0.1:{free_port()}")
    assert done.returncode == 1
    assert "does not answer (ConnectError)" in done.stderr
    assert "--prometheus or prometheus.url" in done.stderr
    assert "secret" not in done.stderr


def test_a_receiver_that_is_not_there(evening: Evening, tmp_path: Path) -> None:
    """Without the receiver there would be a record without its incidents: it is refused, with the cure."""
    config = write_config(tmp_path / "config", free_port(), "http://127.0.0.1:1/", alert_rules=rules_of(evening))
    done = run(*asked(evening, tmp_path), "--config", config, "--prometheus", evening.prometheus.url)
    assert done.returncode == 1
    assert "the receiver at http://127.0.0.1:" in done.stderr


def rules_of(evening: Evening) -> str:
    return str(evening.config.parent / "rules")


def test_no_prometheus_named_is_one_sentence(evening: Evening, tmp_path: Path) -> None:
    """duty.yml may leave Prometheus out; then the option is needed."""
    config = write_config(tmp_path / "config", free_port(), "http://127.0.0.1:1/", alert_rules=rules_of(evening))
    done = run(*asked(evening, tmp_path), "--config", config)
    assert done.returncode == 1
    assert "no Prometheus is named" in done.stderr


class _Impostor(BaseHTTPRequestHandler):
    """Answers every request with *status* and *body*."""

    status = 200
    body = b"<html>hello</html>"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(self.status)
        self.send_header("Content-Length", str(len(self.body)))
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, *args: object) -> None:
        """Quiet."""


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (200, b"<html>hello</html>", r"is not Prometheus \(HTTP 200\)"),
        (404, b"404 page not found", r"is not Prometheus \(HTTP 404\)"),
        (401, b"", r"is not Prometheus \(HTTP 401\)"),
        (200, b"[]", "is not Prometheus"),
        (
            422,
            b'{"status":"error","errorType":"execution","error":"too many\\nsamples"}',
            r"refused a query \(execution: too many samples\); a shorter time or a longer --step",
        ),
        (503, b'{"status":"error","errorType":"timeout","error":"query timed out"}', "refused a query"),
    ],
)
def test_answers_that_are_no_data(status: int, body: bytes, words: str) -> None:
    """What is not Prometheus is told apart from a Prometheus that refuses, on one line."""
    handler = type("Handler", (_Impostor,), {"status": status, "body": body})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        span = window(BEGAN, BEGAN + MINUTE, 60, SHANGHAI)
        with (
            Prometheus(f"http://127.0.0.1:{server.server_address[1]}/") as prometheus,
            pytest.raises(Exception, match=words),
        ):
            prometheus.range("up", span, lambda: None)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_numbers_that_are_no_numbers_are_no_data(evening: Evening) -> None:
    """Prometheus writes NaN and infinities; neither is a measurement."""
    span = window(BEGAN, BEGAN + 3 * MINUTE, 60, SHANGHAI)
    with Prometheus(evening.prometheus.url) as prometheus:
        for promql in ("vector(0) / 0", "vector(1) / 0", "-vector(1) / 0"):
            (track,) = prometheus.range(promql, span, lambda: None)
            assert track.values == {}
        (track,) = prometheus.range("vector(1)", span, lambda: None)
        assert track.values == {0: 1.0, 1: 1.0, 2: 1.0}
