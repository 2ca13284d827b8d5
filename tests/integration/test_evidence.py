"""Evidence that people keep: whole or not at all, hashed, read-only, listed with who and when; the report."""

import asyncio
import hashlib
import json
import os
import re
import stat
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from servers.free_port import free_port
from servers.receiver import AUTH, REPOSITORY, PhoneServer, ReceiverProcess, write_config
from servers.recorded_prometheus import RecordedPrometheus, Samples
from streamwatch.config.law import load_laws
from streamwatch.evidence_folder import EvidenceFolder, NotKept, TooLarge
from streamwatch.incidents.trigger import MATTERS
from streamwatch.report.csv_text import incidents_csv
from streamwatch.report.files import write

LAW = REPOSITORY / "config" / "law" / "cn.yml"
PICTURE = os.urandom(1_500_000)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("evidence")


@pytest.fixture(scope="module")
def receiver(folder: Path) -> Iterator[ReceiverProcess]:
    phone, port = PhoneServer(), free_port()
    config = write_config(folder, port, phone.url, law_files=[str(LAW)], evidence_megabytes=2)
    receiver = ReceiverProcess(config, port)
    receiver.start()
    yield receiver
    assert receiver.stop() in (0, -15)
    phone.close()


@pytest.fixture(scope="module")
def incident(receiver: ReceiverProcess) -> str:
    """A hijacked stream that Charlie reported."""
    body = {
        "kind": "content_violation",
        "what": "hijack",
        "stream": "demo",
        "note": "foreign logo",
        "by": "charlie",
    }
    found: str = receiver.post(body, "/api/v1/triggers").json()["incident"]["id"]
    return found


def upload(receiver: ReceiverProcess, incident: str, content: Any, name: str, **more: str) -> httpx.Response:
    path = f"{receiver.base}/api/v1/incidents/{incident}/evidence"
    return httpx.post(path, params={"name": name, "by": "alice", **more}, content=content, headers=AUTH, timeout=20)


def kept(folder: Path) -> set[Path]:
    return {path for path in (folder / "data" / "evidence").rglob("*") if path.is_file()}


def test_a_file_is_kept_as_it_came(receiver: ReceiverProcess, incident: str, folder: Path) -> None:
    """Its SHA-256, size, who, when and why are on record and in the timeline; the file on the disk is read-only."""
    answer = upload(receiver, incident, PICTURE, "画面 1.png", note="foreign logo")

    digest = hashlib.sha256(PICTURE).hexdigest()
    (listed,) = answer.json()["evidence_files"]
    assert (answer.status_code, listed["sha256"], listed["bytes"]) == (201, digest, len(PICTURE))
    assert (listed["name"], listed["added_by_name"], listed["note"]) == ("画面 1.png", "Alice", "foreign logo")
    assert digest in answer.json()["timeline"][-1]["text_en"]
    (path,) = kept(folder)
    assert path.read_bytes() == PICTURE
    assert stat.S_IMODE(path.stat().st_mode) == 0o400
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    again = httpx.get(f"{receiver.base}/incidents/{incident}/evidence/{listed['id']}")
    assert again.content == PICTURE
    assert again.headers["content-disposition"].startswith("attachment")


def test_the_same_file_twice_is_two_entries(receiver: ReceiverProcess, incident: str, folder: Path) -> None:
    """Who kept it when is part of the evidence; nothing is written over."""
    before = kept(folder)
    for _ in range(2):
        files = upload(receiver, incident, b"chat log", "chat.txt").json()["evidence_files"]
    assert files[-1]["sha256"] == files[-2]["sha256"]
    assert len(kept(folder) - before) == 2


@pytest.mark.parametrize("name", ["../../../etc/passwd", "/etc/passwd", "..", ".hidden", "a\x00b", "长" * 199])
def test_no_name_leaves_the_folder(receiver: ReceiverProcess, incident: str, folder: Path, name: str) -> None:
    """A name is shown, and never a path."""
    before = kept(folder)
    assert upload(receiver, incident, name.encode(), name).status_code == 201
    (new,) = kept(folder) - before
    assert new.parent == folder / "data" / "evidence" / incident
    assert new.read_bytes() == name.encode()


def test_too_large_a_file_leaves_nothing(receiver: ReceiverProcess, incident: str, folder: Path) -> None:
    """413 with the cure, whether the size was announced or not."""
    before = kept(folder)
    for content in (b"x" * 2_200_000, (b"x" * 100_000 for _ in range(22))):
        try:
            reply = upload(receiver, incident, content, "long.mp4")
        except (httpx.WriteError, httpx.ReadError):
            continue  # hung up on, in the middle of what it would not read
        assert (reply.status_code, "evidence_megabytes" in reply.json()["detail"]) == (413, True)
    assert kept(folder) == before


def test_a_stranger_and_a_missing_incident_are_refused(
    receiver: ReceiverProcess, incident: str, folder: Path
) -> None:
    """Evidence without a name is none."""
    before = kept(folder)
    assert upload(receiver, incident, b"x", "x", by="mallory").status_code == 422
    assert upload(receiver, "99999", b"x", "x").status_code == 404
    assert httpx.get(f"{receiver.base}/incidents/{incident}/evidence/99999").status_code == 404
    assert kept(folder) == before


@pytest.fixture
def browser() -> Iterator[httpx.Client]:
    """It keeps cookies."""
    with httpx.Client(timeout=20) as client:
        yield client


def press(browser: httpx.Client, receiver: ReceiverProcess, incident: str) -> str:
    page = browser.get(f"{receiver.base}/incidents/{incident}").text
    return re.search(r'name="press" value="([^"]+)"', page)[1]  # type: ignore[index]  # each form has it


def test_a_browser_uploads_by_a_form(receiver: ReceiverProcess, browser: httpx.Client, incident: str) -> None:
    """The form of the incident's page; the page lists it afterwards."""
    url = f"{receiver.base}/incidents/{incident}/evidence"
    fields = {"press": press(browser, receiver, incident), "by": "bob", "note": "录像"}
    reply = browser.post(url, data=fields, files={"file": ("录 像.mp4", PICTURE, "video/mp4")})

    assert reply.status_code == 303
    last = receiver.get(f"/api/v1/incidents/{incident}")["evidence_files"][-1]
    assert (last["name"], last["sha256"]) == ("录 像.mp4", hashlib.sha256(PICTURE).hexdigest())
    assert (last["added_by"], last["note"]) == ("bob", "录像")
    assert last["sha256"] in httpx.get(f"{receiver.base}/incidents/{incident}").text


def test_half_a_form_is_no_evidence(
    receiver: ReceiverProcess, browser: httpx.Client, incident: str, folder: Path
) -> None:
    """Cut off in the middle, without a mark, or no form at all: nothing is kept."""
    before, url = kept(folder), f"{receiver.base}/incidents/{incident}/evidence"
    whole = httpx.Request(
        "POST", url, data={"press": press(browser, receiver, incident), "by": "bob"}, files={"file": ("a", PICTURE)}
    )
    kind = {"content-type": whole.headers["content-type"]}
    assert browser.post(url, content=whole.read()[:700_000], headers=kind).status_code == 400
    assert browser.post(url, content=b"nonsense", headers=kind).status_code == 400
    assert browser.post(url, content=b"nonsense").status_code == 400
    assert browser.post(url, data={"by": "bob"}, files={"file": ("a", b"x")}).status_code == 403
    huge = {"press": "x" * 100_000}
    assert browser.post(url, data=huge, files={"file": ("a", b"x")}).status_code == 400
    assert kept(folder) == before


def test_the_report_is_filled_as_far_as_is_known(receiver: ReceiverProcess, incident: str) -> None:
    """Times, words, deeds, evidence with its hash; what nobody told it stays blank; no limit is invented."""
    mark = {"mark": "cut", "by": "bob", "note": "slate"}
    cut = receiver.post(mark, f"/api/v1/incidents/{incident}/marks").json()["cut_at"]
    page = httpx.get(f"{receiver.base}/incidents/{incident}/report-form", headers={"Accept-Language": "en"}).text
    text = httpx.get(f"{receiver.base}/incidents/{incident}/report-form?format=md&lang=zh").text

    assert "the stream is hijacked: foreign logo" in page
    assert hashlib.sha256(PICTURE).hexdigest() in page
    assert cut[11:19] in text
    assert "## 单位、账号\n\n________" in text
    assert "## 报告时间\n\n________" in text
    assert "不超过 4 小时" in text  # of a hijack only, as the law's file says
    assert "1 小时内报告" not in text  # of accidents at work only


def test_viewers_at_the_moment_are_filled_in(tmp_path: Path) -> None:
    """As Prometheus remembers them: two exporters that see the same room count once, two platforms add up."""
    samples, now = Samples(), datetime.now(UTC).timestamp()
    for platform, instance, viewers in (("douyin", "a", 900), ("douyin", "b", 901), ("web", "a", 50)):
        labels = {"stream": r"a \"b\"", "platform": platform, "instance": instance}
        samples.add("streamwatch_viewers", labels, [(now - 60, viewers), (now, viewers)])
    prometheus, phone, port = RecordedPrometheus(tmp_path / "prometheus", samples), PhoneServer(), free_port()
    config = write_config(tmp_path, port, phone.url, prometheus={"url": prometheus.url})
    receiver = ReceiverProcess(config, port)
    receiver.start()
    try:
        for stream, expected in (('a "b"', "951 when noticed"), ("other", "viewers present\n\n____")):
            body = {"kind": "content_violation", "stream": stream}
            number = receiver.post(body, "/api/v1/triggers").json()["incident"]["id"]
            path = f"{receiver.base}/incidents/{number}/report-form?format=md&lang=en"
            assert expected in httpx.get(path).text
        prometheus.stop()
        assert (
            "viewers present\n\n____"
            in httpx.get(f"{receiver.base}/incidents/1/report-form?format=md&lang=en").text
        )
    finally:
        prometheus.stop()
        receiver.stop()
        phone.close()


def test_only_rules_for_the_matter_are_shown(receiver: ReceiverProcess) -> None:
    """A false claim is no cyber-security incident, a fire no content violation."""
    for what, stream, shown, hidden in (
        ("content_violation/false_claim", "claim", "网络直播营销管理办法", "网络安全事件报告"),
        ("sudden_situation/fire", "burning", "1 小时内报告", "网络直播营销管理办法"),
    ):
        kind, _, detail = what.partition("/")
        body = {"kind": kind, "what": detail, "stream": stream}
        number = receiver.post(body, "/api/v1/triggers").json()["incident"]["id"]
        text = httpx.get(f"{receiver.base}/incidents/{number}/report-form?format=md&lang=zh").text
        assert (shown in text, hidden in text) == (True, False)


def test_markup_in_a_note_stays_words(receiver: ReceiverProcess) -> None:
    """In the page and in Markdown."""
    body = {"kind": "other", "stream": "markup", "note": "<script>x</script> **b** [l](u)"}
    number = receiver.post(body, "/api/v1/triggers").json()["incident"]["id"]
    path = f"{receiver.base}/incidents/{number}/report-form"
    assert "<script>" not in httpx.get(path).text
    assert r"\*\*b\*\* \[l\](u)" in httpx.get(f"{path}?format=md").text


def test_the_export_lists_it(receiver: ReceiverProcess, incident: str, tmp_path: Path) -> None:
    """In the JSON as a list, in the CSV as a row of the timeline, each with the SHA-256."""
    shown = receiver.get(f"/api/v1/incidents/{incident}")
    (path,) = write(tmp_path, {"incidents.csv": incidents_csv([shown])})
    assert hashlib.sha256(PICTURE).hexdigest() in path.read_text(encoding="utf-8-sig")
    assert shown["evidence_files"][0]["sha256"] in json.dumps(shown)


def files_below(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


async def chunks(*given: bytes) -> AsyncIterator[bytes]:
    for chunk in given:
        yield chunk


async def test_a_disk_that_refuses_is_said(tmp_path: Path) -> None:
    """A file stands where the folder should be."""
    (tmp_path / "evidence").write_text("")
    with pytest.raises(NotKept):
        await EvidenceFolder(tmp_path / "evidence", 100).keep(1, "x", chunks(b"x"))


async def test_an_upload_that_is_cancelled_leaves_nothing(tmp_path: Path) -> None:
    """Whoever uploads walked into a lift."""
    begun = asyncio.Event()

    async def endless() -> AsyncIterator[bytes]:
        yield b"x"
        begun.set()
        await asyncio.Event().wait()

    task = asyncio.create_task(EvidenceFolder(tmp_path, 100).keep(1, "x", endless()))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert files_below(tmp_path) == []


async def test_exactly_as_much_as_may_be(tmp_path: Path) -> None:
    """One byte more is too much."""
    folder = EvidenceFolder(tmp_path, 10)
    assert (await folder.keep(1, "x", chunks(b"12345", b"67890"))).bytes == 10
    with pytest.raises(TooLarge):
        await folder.keep(1, "x", chunks(b"12345", b"678901"))


def test_the_law_is_dated_and_says_where_it_was_read() -> None:
    """Every row has its source; a row that names matters names ones that can be reported."""
    (laws, mistakes) = load_laws((LAW,))
    assert mistakes == []
    whats = {each.what for each in MATTERS} | {"sudden_situation"}
    for rule in laws[0].rules:
        assert rule.source.zh
        assert set(rule.only_for) <= whats
    assert {"primary", "secondary"} == {rule.read for rule in laws[0].rules}


def test_a_mistake_in_a_law_file_is_named_with_its_place(tmp_path: Path) -> None:
    """A date that is none, and a key that nobody knows: all at once."""
    path = tmp_path / "xx.yml"
    path.write_text(
        LAW.read_text(encoding="utf-8").replace("2016-12-01", "long ago").replace("source:", "sauce:", 1)
    )
    laws, mistakes = load_laws((path,))
    assert laws == ()
    assert {mistake.key.rpartition(".")[2] for mistake in mistakes} == {"in_force", "source", "sauce"}
    assert all(mistake.line > 1 for mistake in mistakes)
