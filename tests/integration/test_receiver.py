"""The real receiver process: what it takes, what it refuses, what it shows, what it never tells."""

import json
import os
import re
import resource
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from servers.free_port import free_port
from servers.receiver import AUTH, STREAMWATCH, TOKEN, PhoneServer, ReceiverProcess, until, write_config
from servers.story import alert, webhook

PATH = "/api/v1/alerts/alertmanager"


@pytest.fixture(scope="module")
def receiver(tmp_path_factory: pytest.TempPathFactory, phone: PhoneServer) -> Iterator[ReceiverProcess]:
    folder, port = tmp_path_factory.mktemp("receiver"), free_port()
    receiver = ReceiverProcess(write_config(folder, port, phone.url), port)
    receiver.start()
    yield receiver
    assert receiver.stop() in (0, -15)  # uvicorn stops in order, then ends by the signal it was sent


def rung(phone: PhoneServer, stream: str) -> dict[str, Any]:
    """The page of *stream*, when it has come."""
    return until(lambda: next((page for page in phone.pages if page["stream"] == stream), {}))


def incident_of(receiver: ReceiverProcess, stream: str) -> dict[str, Any]:
    """The incident of *stream*, whole."""
    (found,) = receiver.get("/api/v1/incidents", params={"stream": stream})["incidents"]
    whole: dict[str, Any] = receiver.get(f"/api/v1/incidents/{found['id']}")
    return whole


@pytest.mark.parametrize(
    ("name", "body", "place"),
    [
        ("empty", b"", "body"),
        ("truncated", webhook(alert())[:-20], "body"),
        ("not JSON", b"alert!", "body"),
        ("not UTF-8", b'{"version": "4", "alerts": [{"labels": {"a": "\xff"}}]}', "body"),
        ("another version", b'{"version": "3", "alerts": []}', "version"),
        ("no alerts", b'{"version": "4"}', "alerts"),
        ("a list", b"[]", "body"),
        ("labels that are numbers", webhook(alert() | {"labels": {"alertname": 5}}), "alerts.0.labels.alertname"),
        ("a status of its own", webhook(alert() | {"status": "perhaps"}), "alerts.0.status"),
        ("a start that is no time", webhook(alert() | {"startsAt": "yesterday"}), "alerts.0.startsAt"),
        ("an end that is no time", webhook(alert(status="resolved") | {"endsAt": "soon"}), "alerts.0.endsAt"),
        (
            "a start that never ends",
            webhook(alert() | {"startsAt": f"2026-11-22T12:00:00.{'0' * 64}Z"}),
            "alerts.0.startsAt",
        ),
        ("a start beyond the calendar", webhook(alert() | {"startsAt": "9999-12-31T23:00:00-12:00"}), "alerts.0"),
        ("deeply nested", b'{"version": "4", "alerts": ' + b"[" * 100_000, "body"),
    ],
)
def test_what_is_not_a_webhook_is_refused_with_its_place(
    receiver: ReceiverProcess, name: str, body: bytes, place: str
) -> None:
    """400 names the place that is wrong, and nothing crashes."""
    reply = receiver.post(body)

    assert reply.status_code == 400, name
    assert f": {place}: " in reply.json()["detail"]


def test_twenty_megabytes_are_not_read(receiver: ReceiverProcess) -> None:
    """413 says what to do, whether the size was announced or not."""
    announced = receiver.post(b"x" * 20_000_000)
    chunks = (b"x" * 1_000_000 for _ in range(20))
    try:
        unannounced = httpx.post(f"{receiver.base}{PATH}", content=chunks, headers=AUTH, timeout=10).status_code
    except (httpx.WriteError, httpx.ReadError):
        unannounced = 413  # hung up on, in the middle of what it would not read

    assert (announced.status_code, unannounced) == (413, 413)
    assert "group_by" in announced.json()["detail"]


@pytest.mark.parametrize("path", ["/api/v1/incidents/1/ack", "/api/v1/triggers", "/api/v1/duty/overrides"])
def test_a_stranger_cannot_fill_the_memory(receiver: ReceiverProcess, path: str) -> None:
    """What is short by nature is read no further than that, before anybody is asked for a token."""
    body = b'{"by": "' + b"x" * 10_000_000 + b'"}'
    reply = httpx.post(f"{receiver.base}{path}", content=body, headers={"Accept-Language": "zh"}, timeout=10)

    assert (reply.status_code, reply.json()) == (413, {"detail": "请求太大"})


WRONG_HEADERS = [{}, *({"Authorization": value} for value in ("Bearer wrong", f"Basic {TOKEN}", TOKEN))]
GUARDED = (("POST", PATH), ("GET", "/api/v1/incidents"), ("POST", "/-/reload"), ("GET", "/api/v1/status"))


@pytest.mark.parametrize("header", WRONG_HEADERS)
def test_without_a_token_nothing_is_taken(receiver: ReceiverProcess, header: dict[str, str]) -> None:
    """401 without, with a wrong, and with a token given the wrong way."""
    for method, path in GUARDED:
        reply = httpx.request(method, f"{receiver.base}{path}", content=webhook(alert()), headers=header)
        assert reply.status_code == 401


def test_unknown_fields_and_the_year_one_are_taken(receiver: ReceiverProcess, phone: PhoneServer) -> None:
    """Newer versions of Alertmanager say more; Go's zero time is no time."""
    body = json.loads(webhook(alert(stream="newer") | {"startsAt": "0001-01-01T00:00:00Z", "generatorURL": "x"}))
    reply = receiver.post(body | {"notification_reason": "first notification", "routeLabels": {}, "groupKey": "{}"})

    assert reply.json() == {"accepted": 1}
    assert rung(phone, "newer")["to"] == "alice"


def test_a_webhook_without_alerts_is_taken(receiver: ReceiverProcess) -> None:
    """There is nothing to lose in it."""
    assert receiver.post(webhook()).json() == {"accepted": 0}


def test_ten_thousand_labels_and_every_script(receiver: ReceiverProcess, phone: PhoneServer) -> None:
    """Newlines, quotes, Chinese, emoji and 10,000 labels become one page, and the console still shows them."""
    many = {f"label_{number}": '换行\n"引号" 😀' for number in range(10_000)}
    assert receiver.post(webhook(alert(stream="直播间 '一' <b>", **many))).status_code == 200

    assert rung(phone, "直播间 '一' <b>")["severity"] == "P0"
    page = httpx.get(f"{receiver.base}/")
    assert page.status_code == 200
    assert "直播间 &#39;一&#39; &lt;b&gt;" in page.text


def test_the_page_says_everything_a_phone_needs(receiver: ReceiverProcess, phone: PhoneServer) -> None:
    """The webhook channel's body is the one that the design documents."""
    receiver.post(webhook(alert(stream="whole")))

    page = rung(phone, "whole")
    assert page["title"] == "【P0】whole 推流断开 @Alice"
    assert (page["kind"], page["person"], page["language"], page["hop"]) == ("firing", "alice", "zh", "ingest")
    assert page["runbook_step"] == "publisher-gone"
    assert len(page["steps"]) >= 2
    assert not page["drill"]


def test_opening_the_link_does_not_ack_and_the_button_does(receiver: ReceiverProcess, phone: PhoneServer) -> None:
    """GET shows, POST acks: a chat program that previews links takes no incident."""
    receiver.post(webhook(alert(stream="acked")))
    url = rung(phone, "acked")["ack_url"]

    for _ in range(3):
        shown = httpx.get(url)
        assert "我来处理" in shown.text
    assert incident_of(receiver, "acked")["state"] == "open"

    assert "Alice" in httpx.post(url).text or "alice" in httpx.post(url).text
    taken = incident_of(receiver, "acked")
    assert (taken["state"], taken["acknowledged_by"]) == ("acknowledged", "alice")
    assert [row["kind"] for row in taken["timeline"]].count("acknowledged") == 1


def test_a_link_that_was_changed_is_refused(receiver: ReceiverProcess, phone: PhoneServer) -> None:
    """Another incident's number under the same signature opens nothing."""
    receiver.post(webhook(alert(stream="signed")))
    url = rung(phone, "signed")["ack_url"]

    assert httpx.get(url[:-3] + "abc").status_code == 404
    assert httpx.post(f"{receiver.base}/a/WzEsImFsaWNlIl0.aaaa.bbbb").status_code == 404


def test_ack_by_the_api(receiver: ReceiverProcess, phone: PhoneServer) -> None:
    """The first to ack has it; a stranger, a missing incident and one that is over are refused with words."""
    receiver.post(webhook(alert(stream="api")))
    rung(phone, "api")
    path = f"/api/v1/incidents/{incident_of(receiver, 'api')['id']}/ack"

    assert receiver.post({"by": "mallory"}, path).status_code == 422
    assert receiver.post({"by": "bob"}, path).json()["acknowledged_by"] == "bob"
    assert receiver.post({"by": "alice"}, path).json()["acknowledged_by"] == "bob"
    assert receiver.post({"by": "bob"}, "/api/v1/incidents/999999/ack").status_code == 404

    receiver.post(webhook(alert(stream="api", status="resolved")))
    until(lambda: incident_of(receiver, "api")["state"] == "resolved")
    assert receiver.post({"by": "bob"}, path).status_code == 409


def streamwatch(receiver: ReceiverProcess, language: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A command beside the receiver, by somebody whose terminal speaks *language*."""
    config = ["--config", str(receiver.log.parent / "duty.yml")]
    environment = os.environ | {"STREAMWATCH_LANG": language}
    return subprocess.run(
        [STREAMWATCH, *arguments, *config], capture_output=True, text=True, env=environment, check=False
    )


def test_ack_at_the_terminal_tells_who_has_it(receiver: ReceiverProcess, phone: PhoneServer) -> None:
    """By a name in any case. The second person learns who was first, since when, and that nothing changed."""
    receiver.post(webhook(alert(stream="terminal")))
    rung(phone, "terminal")
    number = incident_of(receiver, "terminal")["id"]

    first = streamwatch(receiver, "zh", "ack", number, "--by", "ALICE")
    again = streamwatch(receiver, "en", "ack", number, "--by", "alice")
    second = streamwatch(receiver, "zh", "ack", number, "--by", "Bob")
    as_json = streamwatch(receiver, "zh", "ack", number, "--by", "bob", "--json")

    assert (first.returncode, first.stdout) == (0, f"事件 #{number} 由 Alice 认领\n")
    assert (again.returncode, again.stdout.startswith(f"incident #{number} is yours (Alice) since")) == (0, True)
    assert second.returncode == 1
    assert re.fullmatch(rf"没有改变：事件 #{number} 已由 Alice 在 \d\d:\d\d:\d\d 认领\n", second.stderr)
    assert as_json.returncode == 1
    told = json.loads(as_json.stdout)
    assert (told["acknowledged_by_name"], told["by"], told["changed"]) == ("Alice", "bob", False)


@pytest.mark.parametrize(
    ("language", "stranger", "missing"),
    [
        ("zh", "没有人的 id 或名字是“mallory”；可以写：alice bob charlie", "没有事件 #999999"),
        ("en", "nobody has the id 'mallory'; people are: alice bob charlie", "there is no incident #999999"),
    ],
)
def test_a_refusal_is_read_in_the_readers_language(
    receiver: ReceiverProcess, language: str, stranger: str, missing: str
) -> None:
    """The receiver's own words, by the API as at the terminal, without numbers of HTTP around them."""
    path = "/api/v1/incidents/999999/ack"
    asked = {"by": "mallory"}
    by_api = httpx.post(f"{receiver.base}{path}", json=asked, headers=AUTH | {"Accept-Language": language})
    nobody = streamwatch(receiver, language, "ack", "999999", "--by", "mallory")
    test = streamwatch(receiver, language, "send-test", "mallory")
    nothing = streamwatch(receiver, language, "ack", "999999", "--by", "bob")

    assert by_api.json() == {"detail": stranger}
    assert [nobody.stderr, test.stderr] == [f"streamwatch: {stranger}\n"] * 2
    assert (nothing.returncode, nothing.stderr) == (1, f"streamwatch: {missing}\n")
    page = httpx.get(
        f"{receiver.base}/incidents/999999", headers={"Accept": "text/html", "Accept-Language": language}
    )
    assert (page.status_code, missing in page.text) == (404, True)


@pytest.mark.parametrize(
    ("language", "says"),
    [("zh", "这个地址没有网页，请检查地址"), ("en", "there is nothing at this address; check it")],
)
def test_an_address_with_nothing_at_it_says_so(receiver: ReceiverProcess, language: str, says: str) -> None:
    """In the reader's language, as a page and to a program."""
    for path, accept in (("/nosuch", "text/html"), ("/static/nosuch.css", "text/html"), ("/api/v1/nosuch", "*/*")):
        headers = AUTH | {"Accept": accept, "Accept-Language": language}
        reply = httpx.get(f"{receiver.base}{path}", headers=headers)
        assert (reply.status_code, says in reply.text, "Not Found" in reply.text) == (404, True, False)


def test_what_is_over_needs_no_ack(receiver: ReceiverProcess, phone: PhoneServer) -> None:
    """Said in words; and a duty list of a role that is none, too."""
    receiver.post(webhook(alert(stream="over")))
    rung(phone, "over")
    receiver.post(webhook(alert(stream="over", status="resolved")))
    until(lambda: incident_of(receiver, "over")["state"] == "resolved")
    number = incident_of(receiver, "over")["id"]

    assert f"事件 #{number} 已经结束" in streamwatch(receiver, "zh", "ack", number, "--by", "bob").stderr
    role = httpx.get(f"{receiver.base}/api/v1/duty?role=cook", headers=AUTH | {"Accept-Language": "zh-CN,zh;q=0.9"})
    assert role.json()["detail"].startswith("没有岗位“cook”；岗位有：tech")


def test_the_pages_name_people_roles_and_the_number(receiver: ReceiverProcess, phone: PhoneServer) -> None:
    """Heading, first step, how to take it, and a timeline without ids: all that is needed on one card."""
    receiver.post(webhook(alert(stream="card", role="marketing")))
    rung(phone, "card")
    found = until(lambda: (i := incident_of(receiver, "card")) and len(i["timeline"]) >= 8 and i)
    number, timeline = found["id"], [row["text_zh"] for row in found["timeline"]]
    console = httpx.get(f"{receiver.base}/", headers={"Accept-Language": "zh"}).text
    one = httpx.get(f"{receiver.base}/incidents/{number}?lang=en").text

    assert re.search(rf"#{number}</span> <strong>card</strong>", console)
    assert f"streamwatch ack {number} --by" in console
    assert re.search(r'class="now"><b>现在做：</b>\S', console)
    assert "其他岗位：呼叫所有人" in console
    assert f"<title>#{number} card" in one
    assert f"streamwatch ack {number} --by NAME" in one
    assert "归 营销：告警标签 role=marketing" in timeline
    assert "呼叫 Alice：营销岗位无人值班，呼叫所有人" in timeline
    assert {row["person"] for row in found["timeline"]} == {None, "alice", "bob", "charlie"}  # programs read ids
    receiver.post({"by": "charlie"}, f"/api/v1/incidents/{number}/ack")
    assert "taken by Charlie" in httpx.get(f"{receiver.base}/incidents/{number}?lang=en").text


def test_a_channel_that_fails_is_seen(tmp_path: Path, phone: PhoneServer) -> None:
    """Last success, last failure and why; and whoever waits for a test page is told for what."""
    port, closed = free_port(), free_port()
    urls = {"phone": phone.url, "broken": f"http://127.0.0.1:{closed}/", "unused": phone.url}
    channels = {name: {"type": "webhook", "url": url} for name, url in urls.items()}
    ways = (("alice", "Alice", "phone"), ("bob", "Bob", "broken"))
    people = [{"id": who, "name": name, "contacts": [{"channel": way, "to": who}]} for who, name, way in ways]
    config = write_config(tmp_path, port, phone.url, channels=channels, people=people, duty={"tech": ["alice"]})
    receiver = ReceiverProcess(config, port)
    receiver.start()
    reached = streamwatch(receiver, "zh", "send-test", "ALICE")
    lost = streamwatch(receiver, "zh", "send-test", "Bob", "--wait", "2.3")
    told = {each.pop("name"): each for each in receiver.get("/api/v1/status")["channels"]}
    console = httpx.get(f"{receiver.base}/?lang=zh").text
    assert receiver.stop() in (0, -15)

    assert (reached.returncode, reached.stdout) == (0, "Alice 已收到（phone）\n")
    assert lost.returncode == 1
    assert re.match(r"还在等 broken 把呼叫送到 Bob，已试 \d 次：", lost.stderr)
    assert told["unused"] == {"last_delivered_at": None, "last_failed_at": None, "last_error": None}
    assert told["phone"]["last_delivered_at"].endswith("+08:00")
    assert told["phone"]["last_failed_at"] is None
    assert told["broken"]["last_delivered_at"] is None
    assert told["broken"]["last_error"]
    assert told["broken"]["last_error"] in console
    assert re.search(r"<b>broken</b> <span[^>]*>故障", console)
    assert not re.search(r"<b>phone</b> <span", console)


def test_a_test_page_comes_back_delivered(receiver: ReceiverProcess, phone: PhoneServer) -> None:
    """It goes the same way as every page, and its end can be asked for."""
    page = receiver.post({"person": "charlie"}, "/api/v1/test-pages").json()["id"]

    until(lambda: receiver.get(f"/api/v1/pages/{page}")["state"] == "delivered")
    assert any(each["kind"] == "test" and each["to"] == "charlie" for each in phone.pages)


def test_its_own_metrics_are_clean(receiver: ReceiverProcess, tmp_path: Path) -> None:
    """promtool finds nothing to say, and what waits and what is open are there."""
    page = httpx.get(f"{receiver.base}/metrics").content
    verdict = subprocess.run(["promtool", "check", "metrics"], input=page, capture_output=True, check=False)

    assert (verdict.returncode, verdict.stderr.decode()) == (0, "")
    for name in ("streamwatch_outbox_due", "streamwatch_incidents_open", "streamwatch_webhooks_total"):
        assert re.search(rf"^{name}", page.decode(), re.MULTILINE), name


def test_a_bad_reload_is_refused_and_the_old_stays(receiver: ReceiverProcess, phone: PhoneServer) -> None:
    """The answer names the place; alerts are paged as before."""
    config = receiver.log.parent / "duty.yml"
    good = config.read_text()
    config.write_text(good.replace("fallback_role", "fallbackrole") + "\nfallbackrole: ops\n")
    refused = receiver.post(b"", "/-/reload")
    config.write_text(good)

    assert refused.status_code == 422
    assert "duty.yml:" in refused.json()["detail"]
    receiver.post(webhook(alert(stream="after-reload")))
    assert rung(phone, "after-reload")["to"] == "alice"
    assert receiver.post(b"", "/-/reload").json() == {"status": "reloaded"}


def test_a_second_receiver_on_the_same_database_is_refused(receiver: ReceiverProcess, tmp_path: Path) -> None:
    """Two of them on one SQLite file would page twice."""
    config = receiver.log.parent / "duty.yml"
    second = tmp_path / "second.yml"
    port, here = free_port(), config.parent
    text = config.read_text().replace(receiver.base.rpartition(":")[2], str(port))
    text = text.replace("sqlite:///data", f"sqlite:///{here}/data").replace("secrets/", f"{here}/secrets/")
    second.write_text(text)
    other = ReceiverProcess(second, port)

    with pytest.raises(AssertionError, match="another receiver already works on this database"):
        other.start()


def test_nothing_secret_is_told(receiver: ReceiverProcess) -> None:
    """Not in the log, the metrics, the console or an error: no token, no key, no link's signature."""
    shown = receiver.log.read_text()
    for path in ("/metrics", "/", "/-/ready", "/api/v1/openapi.json", "/nothing-here"):
        shown += httpx.get(f"{receiver.base}{path}").text
    shown += json.dumps(receiver.get("/api/v1/incidents"))

    for secret in (TOKEN, "the key of links", "/a/"):
        assert secret not in shown.replace("/a/{token}", "")


def test_pages_forbid_what_they_do_not_need(receiver: ReceiverProcess) -> None:
    """No script, no frame, no referrer that would carry a link's signature elsewhere."""
    headers = httpx.get(f"{receiver.base}/").headers

    assert headers["content-security-policy"].startswith("default-src 'none'")
    assert headers["referrer-policy"] == "same-origin"


@pytest.mark.parametrize(
    "path", ["/api/v1/incidents?stream=%00", "/api/v1/complaints?stream=a%00b", "/incidents/%00", "/%00"]
)
def test_an_address_with_a_nul_is_refused(receiver: ReceiverProcess, path: str) -> None:
    """PostgreSQL can look for none, and would make a failure of ours out of it; the refusal is as strict as any."""
    answer = httpx.get(receiver.base + path, headers=AUTH)
    assert (answer.status_code, answer.json()) == (400, {"detail": "an address holds no NUL"})
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_what_cannot_be_written_is_answered_503(tmp_path: Path, phone: PhoneServer) -> None:
    """No byte can be written any more: nothing is promised. When writing works again, so does everything."""
    port = free_port()
    receiver = ReceiverProcess(write_config(tmp_path, port, phone.url), port)
    receiver.start()
    unlimited = resource.prlimit(receiver.pid, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
    refused = receiver.post(webhook(alert(stream="full")))
    resource.prlimit(receiver.pid, resource.RLIMIT_FSIZE, unlimited)

    assert refused.status_code == 503
    assert "post them again" in refused.json()["detail"]
    until(lambda: receiver.post(webhook(alert(stream="room"))).status_code == 200)
    assert rung(phone, "room")["to"] == "alice"
    assert all(page["stream"] != "full" for page in phone.pages)
    assert receiver.stop() in (0, -15)  # uvicorn stops in order, then ends by the signal it was sent


def test_listening_beyond_this_machine_needs_a_password(tmp_path: Path, phone: PhoneServer) -> None:
    """Without one it refuses in a sentence with the cure."""
    config = write_config(tmp_path, free_port(), phone.url, listen=f"0.0.0.0:{free_port()}")
    receiver = ReceiverProcess(config, 1)

    with pytest.raises(AssertionError, match="console_password_file"):
        receiver.start()


@pytest.mark.parametrize(
    "body",
    [b'{"\\udae1": 1, "page": "s3cret"}', b'{"page": 1e400}', b'{"page": 99999999999999999999999}', b"[1", b"\xff"],
)
def test_what_cannot_be_read_is_refused_without_being_repeated(receiver: ReceiverProcess, body: bytes) -> None:
    """Also half a character, a number without end, and one that no database has."""
    reply = receiver.post(body, "/api/v1/dead-pages/replay")
    assert reply.status_code in (400, 422)
    assert "s3cret" not in reply.text
