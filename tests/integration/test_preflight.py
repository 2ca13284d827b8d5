"""Go or no-go: the command, the API and the page, by a real Prometheus that scrapes what a test sets."""

import json
import re
import subprocess
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from playwright.sync_api import Browser

from servers.browsing import chromium, fits
from servers.duty_file import write_duty_file
from servers.free_port import free_port
from servers.prometheus import MetricsPage, Prometheus
from servers.receiver import (
    AUTH,
    STREAMWATCH,
    PhoneServer,
    ReceiverProcess,
    serving,
    streamwatch,
    until,
    write_config,
)
from servers.story import alert, webhook

NOW = datetime.now().astimezone().replace(microsecond=0)
MINUTE = timedelta(minutes=1)
PROBES = (("demo", "hls", ""), ("demo", "picture", ""), ("", "nginx_rtmp", "studio"))
GOOD = {
    **{f'streamwatch_probe_runs_total{{stream="{s}",probe="{p}",server="{v}"}}': 9.0 for s, p, v in PROBES},
    **{f'streamwatch_probe_up{{stream="{s}",probe="{p}",server="{v}"}}': 1.0 for s, p, v in PROBES},
    'streamwatch_ingest_publishing{stream="demo",server="studio",app="live"}': 1.0,
    'streamwatch_ingest_server_up{server="studio",kind="nginx_rtmp"}': 1.0,
    'streamwatch_video_black{stream="demo"}': 0.0,
    'streamwatch_video_frozen{stream="demo"}': 0.0,
    'streamwatch_audio_silent{stream="demo",channel="FL"}': 0.0,
}
SAMPLE, BLACK = (
    'streamwatch_picture_sample_timestamp_seconds{stream="demo"}',
    'streamwatch_video_black{stream="demo"}',
)
RULES = """\
groups:
  - name: test
    rules:
      - alert: StreamNotPublishing
        expr: vector(0) > 1
        labels: {procedure: stream_interruption, severity: P0}
        annotations: {runbook_step: publisher-gone}
"""
ITEM = "手机静音"


@pytest.fixture(scope="module")
def page() -> Iterator[MetricsPage]:
    """What the exporter would tell of a stream that is ready for its show."""
    page = MetricsPage()
    for series, value in GOOD.items():
        page.set(series, value)
    page.set(SAMPLE, (NOW + 60 * MINUTE).timestamp())  # as fresh as can be, for as long as the test lasts
    yield page
    page.close()


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory, page: MetricsPage) -> Iterator[Prometheus]:
    folder = tmp_path_factory.mktemp("prometheus")
    (folder / "rules.yml").write_text(RULES)
    jobs = [{"job_name": "streamwatch-exporter", "static_configs": [{"targets": [f"127.0.0.1:{page.port}"]}]}]
    config = {
        "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
        "rule_files": ["rules.yml"],
        "scrape_configs": jobs,
    }
    prometheus = Prometheus(folder, free_port(), json.dumps(config))
    yield prometheus
    prometheus.stop()


@pytest.fixture(scope="module")
def receiver(
    tmp_path_factory: pytest.TempPathFactory, phone: PhoneServer, prometheus: Prometheus
) -> Iterator[ReceiverProcess]:
    """The show begins in half an hour; Alice and Bob are on duty, and a slate lies ready."""
    folder = tmp_path_factory.mktemp("preflight")
    write_duty_file(folder)  # for its small procedure
    make = [
        "ffmpeg",
        "-v",
        "error",
        "-f",
        "lavfi",
        "-i",
        "color=size=64x64",
        "-frames:v",
        "1",
        folder / "slate.png",
    ]
    subprocess.run(make, check=True, timeout=120)
    begins = NOW + 30 * MINUTE
    show = {
        "id": "show/1",
        "stream": "demo",
        "start": begins.isoformat(),
        "end": (begins + 120 * MINUTE).isoformat(),
        "rundown": [
            {"at": begins.isoformat(), "what": "开场", "minutes": 20, "who": "host"},
            {"at": (begins + 20 * MINUTE).isoformat(), "what": "商品 3", "who": "bob"},
        ],
        "checklist": [{"zh": ITEM, "en": "phones are silent"}],
    }
    config = write_config(
        folder,
        free_port(),
        phone.url,
        alert_rules="alert_rules",
        prometheus={"url": prometheus.url},
        duty={"tech": ["alice", "bob"], "ops": ["bob", "alice"], "service": ["charlie", "bob"]},
        sessions=[show],
        streams={"demo": {"material": [{"file": "slate.png", "what": "slate"}]}},
    )
    with serving(config) as receiver:
        sent = streamwatch(receiver, "send-test", "alice")  # a channel that was never used is not known
        assert sent.returncode == 0, sent.stderr
        yield receiver


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


def asked(receiver: ReceiverProcess, **params: str) -> dict[str, Any]:
    """The verdict, while the way of the alerts is open."""
    receiver.post(webhook(alert("Watchdog", stream="all", severity="none", started=NOW)))
    found: dict[str, Any] = receiver.get("/api/v1/preflight", params={"session": "show/1", **params})
    return found


def receiver_asks(receiver: ReceiverProcess, **params: str) -> httpx.Response:
    headers = {**AUTH, "Accept-Language": "en"}
    return httpx.get(f"{receiver.base}/api/v1/preflight", params={"stream": "demo", **params}, headers=headers)


def blocking(found: dict[str, Any]) -> set[str]:
    return {check["check"] for check in found["checks"] if check["blocks"]}


def in_the_way(receiver: ReceiverProcess, keys: set[str], **params: str) -> dict[str, Any]:
    """The first verdict in which just *keys* are in the way: a scrape takes its second."""
    until(lambda: blocking(asked(receiver, **params)) == keys, 60)
    return asked(receiver, **params)


def test_go_when_all_that_is_set_up_is_good(receiver: ReceiverProcess) -> None:
    """What nobody set up is told and not counted, and what is for people is a box to tick."""
    found = in_the_way(receiver, set())
    outcomes = {check["check"]: check["outcome"] for check in found["checks"]}

    assert (found["go"], found["text"], found["session"], found["stream"]) == (True, "GO", "show/1", "demo")
    good = ("session", "watched", "ingest", "picture", "sound", "playback", "material", "watchdog", "rules", "duty")
    assert {outcomes[key] for key in good} == {"good"}
    assert {outcomes[key] for key in ("encoder", "uplink", "chat", "disk", "power", "canary")} == {"absent"}
    (box,) = (check for check in found["checks"] if check["outcome"] == "people")
    assert (box["text"], box["text_zh"]) == ("phones are silent", ITEM)


def test_the_command_says_go_and_exits_0(receiver: ReceiverProcess) -> None:
    """First and last, with a word on every line."""
    in_the_way(receiver, set())
    done = streamwatch(receiver, "preflight", "--stream", "demo")
    lines = done.stdout.splitlines()

    assert (done.returncode, lines[0], lines[-1]) == (0, "GO · demo · show/1", "GO · demo · show/1"), done.stderr
    assert any(line.startswith("☐") and "phones are silent" in line for line in lines)


def test_a_black_picture_is_no_go_unless_it_is_waived(receiver: ReceiverProcess, page: MetricsPage) -> None:
    """With what to do; without it the rest counts."""
    page.set(BLACK, 1)
    in_the_way(receiver, {"picture"})
    refused = streamwatch(receiver, "preflight", "--stream", "demo")
    waived = streamwatch(receiver, "preflight", "--stream", "demo", "--without", "picture", "--json")
    page.set(BLACK, 0)

    assert refused.returncode == 1
    assert "NO-GO: 1 in the way" in refused.stdout
    assert "→ check the camera, its cap, and the scene in OBS" in refused.stdout
    assert (waived.returncode, json.loads(waived.stdout)["text"]) == (0, "GO (1 waived)")


def test_it_waits_until_the_picture_is_there(receiver: ReceiverProcess, page: MetricsPage) -> None:
    """It says what is still in the way, and ends as soon as nothing is."""
    page.set(BLACK, 1)
    in_the_way(receiver, {"picture"})
    words = [
        "preflight",
        "--session",
        "show/1",
        "--wait",
        "120",
        "--json",
        "--config",
        receiver.log.parent / "duty.yml",
    ]
    environ = {"STREAMWATCH_LANG": "en", "PATH": "/usr/bin:/bin"}
    waiting = subprocess.Popen(
        [STREAMWATCH, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environ
    )
    assert waiting.stderr is not None
    told = waiting.stderr.readline()
    page.set(BLACK, 0)
    until(lambda: asked(receiver)["go"], 60)
    out, _ = waiting.communicate(timeout=120)

    assert told.startswith("not yet: picture (")
    assert (waiting.returncode, json.loads(out)["go"]) == (0, True)


def test_a_blind_exporter_is_never_go(receiver: ReceiverProcess, page: MetricsPage) -> None:
    """Nothing is measured: what was configured is not known, and not "not configured"."""
    page.broken = True
    until(lambda: "targets" in blocking(asked(receiver)), 60)
    found = asked(receiver)
    page.broken = False
    outcomes = {check["check"]: check["outcome"] for check in found["checks"]}

    assert {outcomes[key] for key in ("encoder", "ingest", "picture", "power")} == {"unknown"}
    in_the_way(receiver, set())


def test_a_stream_that_nothing_watches_is_no_go(receiver: ReceiverProcess) -> None:
    """A slip of the pen must not be told to go because nothing is set up for it."""
    found = receiver.get("/api/v1/preflight", params={"stream": "demmo"})
    assert "watched" in blocking(found)


def test_a_rundown_is_told_by_the_command_and_by_the_metrics(receiver: ReceiverProcess) -> None:
    """Before the first segment none is on; text is no label."""
    done = streamwatch(receiver, "session", "rundown", "show/1")
    begins = NOW + 30 * MINUTE
    found = receiver.get(f"/api/v1/sessions/{quote('show/1')}/rundown")

    assert done.returncode == 0, done.stderr
    assert "开场 · 20 min · host" in done.stdout
    assert "商品 3 · Bob" in done.stdout
    assert (found["now"], [each["segment"] for each in found["rundown"]]) == (None, [1, 2])
    assert datetime.fromisoformat(found["rundown"][0]["until"]) == begins + 20 * MINUTE
    assert 'streamwatch_session_segment{stream="demo"} 0.0' in httpx.get(f"{receiver.base}/metrics").text


@pytest.mark.parametrize(("language", "width"), [("zh-CN", 390), ("en-US", 1280)])
def test_the_page_fits_a_phone_and_is_found_from_the_front(
    receiver: ReceiverProcess, browser: Browser, language: str, width: int
) -> None:
    """Its verdict is that of the command; a session that is prepared leads to it."""
    in_the_way(receiver, set())
    view = browser.new_page(locale=language, viewport={"width": width, "height": 900})
    view.goto(f"{receiver.base}/")
    assert fits(view)
    view.click("a[href*='/preflight']")
    view.wait_for_selector(".verdict.go")

    assert fits(view)
    assert view.text_content(".verdict") == ("可以开播" if language == "zh-CN" else "GO")
    assert (ITEM if language == "zh-CN" else "phones are silent") in (view.text_content(".ticks") or "")
    view.close()


def test_a_check_that_is_none_is_refused_by_name(receiver: ReceiverProcess) -> None:
    """A waiver with a slip of the pen must not look as if it counted."""
    reply = receiver_asks(receiver, without="pictures")
    assert (reply.status_code, "there is no check 'pictures'" in reply.text) == (422, True)


def test_who_can_only_look_finds_the_sessions_to_choose_from(receiver: ReceiverProcess) -> None:
    """Without a stream the page asks which show is meant."""
    reply = httpx.get(f"{receiver.base}/preflight")
    assert (reply.status_code, "/preflight?session=show" in reply.text) == (200, True)


def test_the_choice_has_every_stream_as_a_link_and_no_show_that_is_over(
    phone: PhoneServer, prometheus: Prometheus, browser: Browser, tmp_path: Path
) -> None:
    """On air first, then what comes next; a stream that only Prometheus knows is a link as well."""

    def show(id_: str, stream: str, begins: datetime, minutes: int) -> dict[str, str]:
        end = begins + minutes * MINUTE
        return {
            "id": id_,
            "stream": stream,
            "title": f"双十二-{id_}",
            "start": begins.isoformat(),
            "end": end.isoformat(),
        }

    shows = [show("past", "gone", NOW - 70 * MINUTE, 60), show("next", "a", NOW + 60 * MINUTE, 60),
             show("now", "b", NOW - 10 * MINUTE, 600)]  # fmt: skip
    config = write_config(
        tmp_path,
        free_port(),
        phone.url,
        prometheus={"url": prometheus.url},
        sessions=shows,
        streams={"usual": {"checklist": [ITEM]}},
    )
    with serving(config) as receiver:
        view = browser.new_page(locale="zh-CN", viewport={"width": 390, "height": 844})
        view.goto(f"{receiver.base}/")
        view.click("a[href='/preflight']")
        view.wait_for_selector(".tap")
        told = [each.inner_text() for each in view.query_selector_all(".tap")]
        assert fits(view)
        view.click("a.tap[href*='stream=gone']")
        view.wait_for_selector(".verdict")
        view.close()

    assert [each.split(" · ")[0] for each in told] == ["直播中 b", "a", "demo", "gone", "usual"]
    assert re.fullmatch(r"a · 双十二-next · \d\d-\d\d \d\d:\d\d", told[1]), told


def test_a_stream_that_nothing_knows_can_be_written(phone: PhoneServer, browser: Browser, tmp_path: Path) -> None:
    """Nobody must write an address on a phone."""
    with serving(write_config(tmp_path, free_port(), phone.url)) as receiver:
        view = browser.new_page(locale="en-US", viewport={"width": 390, "height": 844})
        view.goto(f"{receiver.base}/preflight")
        view.fill("input[name=stream]", "room/1")
        view.click("main button")
        view.wait_for_selector(".verdict.stop")
        assert "room/1" in (view.text_content("h1") or "")
        view.close()
