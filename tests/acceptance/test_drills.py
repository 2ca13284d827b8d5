"""From the kill of a real publisher to the phone, through every real part, on one running system."""

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from servers.dashboard import queries
from servers.receiver import until
from servers.stack import Stack


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    stack = Stack(tmp_path_factory.mktemp("stack") / "state")
    stack.wait_ready()
    yield stack
    assert stack.stop() == 0


def quiet(stack: Stack) -> None:
    """Nothing is open, so that a test tells of itself alone."""
    until(lambda: not stack.api("/incidents", state="open,acknowledged")["incidents"], 150)


def rung(stack: Stack) -> list[dict[str, Any]]:
    """All but ends: those of whom is only told may come a while later."""
    return [page for page in stack.pages() if page["kind"] != "over"]


def metric(stack: Stack, query: str) -> list[Any]:
    url = f"http://127.0.0.1:{stack.ports['prometheus']}/api/v1/query"
    found: list[Any] = httpx.get(url, params={"query": query}, timeout=10).json()["data"]["result"]
    return found


def of_incident(stack: Stack, incident: str) -> list[dict[str, Any]]:
    return [page for page in stack.pages() if page["incident_id"] == incident]


def test_five_encoder_crashes_in_a_row(stack: Stack) -> None:
    """Within 12 s on Alice, also the second to fifth in five minutes: one incident, one page, one "over" each.

    Charlie, who pays for traffic, is told of each, and of its end.
    """
    began = time.monotonic()
    for number in range(5):
        done = stack.command("drill", "encoder_crash", "--json")
        seen = json.loads(done.stdout)
        print(
            f"drill {number + 1}: "
            + ", ".join(f"{key} {seen[key]}" for key in ("detected", "firing", "paged", "resolved"))
        )
        assert (done.returncode, seen["wrong"]) == (0, [])
        assert seen["paged"] <= 12
        assert seen["hop"] in ("ingest", "encoder")
        assert (seen["procedure"], seen["person"], seen["pages"]) == ("stream_interruption", "alice", 1)
        (incident,) = seen["incidents"]
        until(lambda of=incident: len(of_incident(stack, of)) >= 4, 30)
        mine = of_incident(stack, incident)
        assert sorted((page["kind"], page["to"]) for page in mine) == [
            ("firing", "alice"), ("over", "alice"), ("over", "charlie"), ("told", "charlie")
        ]  # fmt: skip
        (told,) = (page for page in mine if page["kind"] == "told")
        assert (told["drill"], told["runbook_step"]) == (True, "marketing")
        assert "暂停" in told["text"]
        assert told["ack_url"] is None
    assert time.monotonic() - began < 300


def test_a_frozen_encoder_is_paged(stack: Stack) -> None:
    """The connection stands and the playlist answers 200: paged all the same, with the step for it."""
    quiet(stack)
    with stack.broken("encoder_hang"):
        page = until(lambda: [each for each in rung(stack) if each["alertname"] == "EncoderFrozen"], 20)[0]
        playlist = httpx.get(f"http://127.0.0.1:{stack.ports['http']}/hls/demo.m3u8", timeout=5)
        assert metric(stack, 'streamwatch_ingest_publishing{stream="demo"} == 1')

    assert playlist.status_code == 200
    assert (page["to"], page["hop"], page["runbook_step"], page["drill"]) == (
        "alice",
        "encoder",
        "encoder-frozen",
        False,
    )
    mine = page["incident_id"]
    until(lambda: ("over", "alice") in [(each["kind"], each["to"]) for each in of_incident(stack, mine)], 90)


def test_three_seconds_away_pages_nobody(stack: Stack) -> None:
    """The publisher is killed and comes back after three seconds: seen, judged, not worth a page."""
    quiet(stack)
    before = len(rung(stack))
    with stack.broken("encoder_crash"):
        time.sleep(3)  # the three seconds that are tested
    until(lambda: metric(stack, 'streamwatch_ingest_publishing{stream="demo"} == 1'), 10)
    assert metric(stack, 'max_over_time((1 - min(streamwatch_ingest_publishing{stream="demo"}))[15s:1s]) == 1')

    settled = time.time() + 12  # longer than any page would take
    until(lambda: metric(stack, f"vector(time()) > {settled}"), 30)
    assert rung(stack)[before:] == []


def complaints(users: int, chatters: int, prefix: str) -> list[list[dict[str, Any]]]:
    """Thirty seconds of chat: 400 complaints of *users* people among *chatters* who write something else."""
    lines = [{"user": f"{prefix}-{n}", "text": "今天讲什么", "id": f"{prefix}-c-{n}"} for n in range(chatters)]
    texts = ("好卡啊", "一直转圈", "卡死了", "怎么这么卡")
    lines += [{"user": f"{prefix}-{n % users}", "text": texts[n % 4], "id": f"{prefix}-m-{n}"} for n in range(400)]
    return [lines[second::30] for second in range(30)]


def test_one_angry_viewer_is_no_incident(stack: Stack) -> None:
    """400 messages of one person among 300: nobody is called."""
    quiet(stack)
    before = len(rung(stack))
    for second in complaints(1, 300, "angry"):
        stack.chat(second)
        time.sleep(1)  # thirty seconds of chat take thirty seconds

    assert metric(stack, 'streamwatch_chat_complaining_users{category="lag"} == 1')
    assert rung(stack)[before:] == []


def test_sixty_viewers_are_one_page_to_service(stack: Stack) -> None:
    """400 complaints of 60 among 300: the role service is called once, with category and their words."""
    quiet(stack)
    explained = 'count_over_time(stream:interrupted:bool{stream="demo"}[2m])'
    until(lambda: not metric(stack, explained), 150)  # they would be taken for complaints about the drills before
    before = len(rung(stack))
    for second in complaints(60, 300, "many"):
        stack.chat(second)
        time.sleep(1)
    until(lambda: len(rung(stack)) > before, 15)
    ended = time.time() + 5
    until(lambda: metric(stack, f"vector(time()) > {ended}"), 20)

    (page,) = rung(stack)[before:]
    assert (page["role"], page["to"], page["procedure"]) == ("service", "charlie", "viewer_complaints")
    assert "卡顿" in page["title"]
    assert "好卡啊" in page["text"]
    assert page["runbook_step"] == "complaint-lag"


def test_the_page_is_visible_without_an_account(stack: Stack) -> None:
    """In the terminal of `streamwatch up`, and on the console."""
    console = httpx.get(
        f"http://127.0.0.1:{stack.ports['receiver']}/", headers={"Accept-Language": "zh"}, timeout=10
    )

    assert "推流断开" in stack.output.read_text()
    assert "推流断开" in console.text


def test_status_says_that_all_is_well(stack: Stack) -> None:
    """Every part and every check, as one JSON object, exit 0."""
    done = stack.command("status", "--json")
    found = json.loads(done.stdout)

    assert (done.returncode, found["well"]) == (0, True)
    assert set(found["parts"]) == {"nginx", "publisher", "exporter", "prometheus", "alertmanager", "receiver"}
    assert all(check["ok"] for check in found["checks"].values())


def test_every_panel_of_the_dashboard_has_data(stack: Stack) -> None:
    """Each of Grafana's queries, on the demo's Prometheus, while a room writes and tells its viewers."""
    stack.chat([{"viewers": 1200, "platform": "demo"}, *complaints(9, 90, "wall")[0]])

    def empty() -> set[str]:
        return {title for title, query in queries("demo") if not metric(stack, query)}

    until(lambda: not empty(), 20)


def test_export_takes_the_numbers_and_the_incidents_home(stack: Stack, tmp_path: Path) -> None:
    """CSV that Excel opens, JSON that programs read, and the timeline of the drills above."""
    now = datetime.now(UTC)
    window = ["--from", (now - timedelta(minutes=10)).isoformat(), "--to", now.isoformat()]
    where = ["--config", str(stack.state / "config" / "duty.yml"), "--output", str(tmp_path)]
    done = stack.command("export", "--stream", "demo", *window, *where, "--json")

    assert done.returncode == 0, done.stderr
    written = sorted(tmp_path.iterdir())
    csvs = [path for path in written if path.suffix == ".csv"]
    assert csvs
    assert all(path.read_bytes().startswith(b"\xef\xbb\xbf") for path in csvs)
    assert "推流断开" in "".join(path.read_text(encoding="utf-8-sig") for path in written)
