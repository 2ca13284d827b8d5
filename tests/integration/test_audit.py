"""The audit log: every act of a person is a row, with who, how that is known, what and from where."""

import json
import re
import sqlite3
import subprocess
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from servers.console import OPS_TOKEN, VIEW_TOKEN, Browser, doors
from servers.free_port import free_port
from servers.postgresql import PostgreSQL
from servers.receiver import STREAMWATCH, PhoneServer, ReceiverProcess, serving, until, write_config
from servers.story import NOON, alert, webhook
from streamwatch.store import Store
from streamwatch.store.audit import Act, Deed, Wanted
from streamwatch.vocabulary import ACTS

SESSION = {"id": "show", "stream": "demo", "duty": {"host": ["charlie"]}}


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory, phone: PhoneServer) -> Path:
    folder, now = tmp_path_factory.mktemp("audit"), datetime.now().astimezone()
    times = {"start": (now - timedelta(hours=1)).isoformat(), "end": (now + timedelta(hours=1)).isoformat()}
    return write_config(folder, free_port(), phone.url, **doors(folder), sessions=[SESSION | times])


@pytest.fixture(scope="module")
def receiver(config: Path) -> Iterator[ReceiverProcess]:
    with serving(config) as receiver:
        yield receiver


@pytest.fixture
def browser(receiver: ReceiverProcess) -> Iterator[Browser]:
    with Browser(receiver.base) as browser:
        yield browser


def rows(receiver: ReceiverProcess, **wanted: Any) -> list[dict[str, Any]]:
    """Newest first."""
    found: list[dict[str, Any]] = receiver.get("/api/v1/audit", params=wanted)["audit"]
    return found


def opened(receiver: ReceiverProcess, stream: str) -> str:
    receiver.post(webhook(alert(stream=stream)))
    found = until(lambda: receiver.get("/api/v1/incidents", params={"stream": stream})["incidents"])
    return str(found[0]["id"])


def test_what_is_done_in_the_console(browser: Browser, receiver: ReceiverProcess) -> None:
    """Logged in as Bob: each press is a row in his name, on that incident, from that address."""
    number = opened(receiver, "console")
    path = f"/incidents/{number}"
    browser.log_in("bob")
    for what in ("ack", "notes", "evidence"):
        browser.send(browser.form(path, f"/{what}"), note="a word")
    report = browser.send(browser.form("/sos/other", "/other"), note="odd noise", stream="console")
    assert report.status_code == 303
    browser.send(browser.form(path, "/logout"))

    found = [each for each in rows(receiver, person="bob") if each["act"] != "login"]
    assert [(each["act"], each["incident"]) for each in found[::-1]][:3] == [
        ("ack", number), ("note", number), ("evidence", number),
    ]  # fmt: skip
    assert [each["act"] for each in found[:2]] == ["logout", "report"]
    assert {(each["how"], each["name"], each["person"], each["address"]) for each in found} == {
        ("session", "bob", "bob", "127.0.0.1")
    }
    assert "a word" in next(each["what"] for each in found if each["act"] == "note")


def test_what_is_done_by_the_api(receiver: ReceiverProcess) -> None:
    """The token's name, and in whose name it was done. What was refused is no deed."""
    number = opened(receiver, "by api")
    now = datetime.now().astimezone()
    span = {"from": now.isoformat(), "to": (now + timedelta(hours=1)).isoformat()}
    override = {"overrides": [{"role": "tech", "person": "bob", **span}], "by": "alice"}
    calls: list[tuple[str, str, Any]] = [
        ("ack", f"/incidents/{number}/ack", {"by": "alice"}),
        ("take_over", f"/incidents/{number}/take-over", {"by": "bob"}),
        ("note", f"/incidents/{number}/notes", {"by": "bob", "text": "x"}),
        ("mark", f"/incidents/{number}/marks", {"mark": "cut", "by": "bob"}),
        ("action", "/actions", {"text": "x", "owner": "bob", "due": "2199-01-01", "by": "bob"}),
        ("test_page", "/test-pages", {"person": "bob"}),
        ("override", "/duty/overrides", override),
        ("session_start", "/sessions/show/start", {"by": "alice"}),
        ("session_end", "/sessions/show/end", {"by": "alice"}),
        ("drill_start", "/drills", {"stream": "demo", "fault": "encoder_crash", "seconds": 5}),
    ]
    headers = {"Authorization": f"Bearer {OPS_TOKEN}"}
    answers = [httpx.post(f"{receiver.base}/api/v1{path}", json=body, headers=headers) for _, path, body in calls]
    assert all(answer.is_success for answer in answers), [answer.text for answer in answers]
    for path in (f"drills/{answers[-1].json()['id']}", f"duty/overrides/{answers[6].json()['ids'][0]}?by=bob"):
        assert httpx.delete(f"{receiver.base}/api/v1/{path}", headers=headers).status_code == 204
    refused = httpx.post(f"{receiver.base}/api/v1/incidents/99999/ack", json={"by": "bob"}, headers=headers)
    assert refused.status_code == 404

    found = rows(receiver, person="ops_token")[::-1]
    assert [each["act"] for each in found] == [act for act, *_ in calls] + ["drill_end", "override_withdrawn"]
    assert {each["how"] for each in found} == {"token"}
    assert [each["person"] for each in found][:4] == ["alice", "bob", "bob", "bob"]
    assert rows(receiver, person="wall") == []


def test_what_is_rearranged(receiver: ReceiverProcess) -> None:
    """Merged, split, reported, ended and opened again: each on its incident, with what else it is about."""
    one, other = opened(receiver, "rearranged"), opened(receiver, "rearranged too")

    def post(path: str, **body: object) -> dict[str, Any]:
        answer = receiver.post(body, f"/api/v1{path}")
        assert answer.is_success, answer.text
        return dict(answer.json())

    post(f"/incidents/{other}/merge", into=one, by="bob")
    receiver.post(webhook(alert("Spike", stream="rearranged", severity="P2")))
    until(lambda: len(receiver.get(f"/api/v1/incidents/{one}")["alerts"]) == 3)
    new = post(f"/incidents/{one}/split", alerts=["Spike"], by="bob")["id"]
    told = post("/triggers", kind="other", stream="rearranged", note="odd noise", by="bob")["incident"]["id"]
    for act in ("resolve", "reopen"):
        post(f"/incidents/{told}/{act}", by="bob", note="so it is")
    found = rows(receiver, person="bob", limit=5)[::-1]
    assert [(each["act"], each["incident"], each["what"]) for each in found] == [
        ("merge", other, f"#{one}"), ("split", one, f"#{new}"), ("report", told, "other rearranged: odd noise"),
        ("close", told, "so it is"), ("reopen", told, "so it is"),
    ]  # fmt: skip


def test_what_admins_do(receiver: ReceiverProcess) -> None:
    """To reload, and to send dead pages again, though there was none."""
    receiver.post({}, "/-/reload")
    receiver.post({}, "/api/v1/dead-pages/replay")

    assert [(each["act"], each["name"]) for each in rows(receiver, limit=2)] == [
        ("replay", "token"), ("reload", "token"),
    ]  # fmt: skip


def test_what_is_done_behind_a_link(receiver: ReceiverProcess, phone: PhoneServer) -> None:
    """The signature says who it was. To look at it, and to press twice, is nothing."""
    number = opened(receiver, "by link")
    link = until(lambda: next((page["ack_url"] for page in phone.pages if page["stream"] == "by link"), ""))
    httpx.get(link)
    for _ in range(2):
        httpx.post(link)

    (row,) = rows(receiver, incident=number)
    assert (row["act"], row["how"], row["person"], row["address"]) == ("ack", "link", "alice", "127.0.0.1")


def test_whoever_was_called_says_whether_it_was_of_use(
    browser: Browser, receiver: ReceiverProcess, phone: PhoneServer
) -> None:
    """Alice, behind the link of her page and logged in; the last word counts; Bob, who was not called, has none."""
    number = opened(receiver, "rated")
    link = until(lambda: next((page["ack_url"] for page in phone.pages if page["stream"] == "rated"), ""))
    path = link.removeprefix(receiver.base)
    assert [form.action for form in browser.forms(path)] == [link]  # not before she has taken it
    browser.send(browser.form(path, path))
    form = browser.form(path, "/useful")
    assert browser.send(form, press="forged", useful="no").status_code == 403
    assert browser.send(form, useful="no", why="the backup was in use").status_code == 303
    page = browser.get(path).text
    mine = re.search(r'href="([^"]+/m/[^"]+)"', page)[1]  # type: ignore[index]  # it is there
    assert "not useful" in page
    own = browser.get(mine.removeprefix(receiver.base)).text
    assert ("taken after" in own, "the backup was in use" in own, f'id="i{number}"' in own) == (True, True, True)
    again = browser.send(browser.form(mine.removeprefix(receiver.base), f"/{number}"), useful="yes", why="")
    assert again.status_code == 303

    assert browser.get("/mine").headers["location"].startswith("/login")
    browser.log_in("bob")
    assert f'id="i{number}"' not in browser.get("/mine?person=alice").text  # he is known, and sees his own
    assert 'id="useful"' not in browser.get(f"/incidents/{number}").text
    refused = receiver.post({"by": "bob", "useful": True}, f"/api/v1/incidents/{number}/useful")
    assert (refused.status_code, "bob was not called" in refused.json()["detail"]) == (409, True)
    with Browser(receiver.base) as hers:
        hers.log_in("alice")
        listed = hers.form("/mine", f"/{number}/useful")
        assert hers.send(listed, useful="no", why="calm").headers["location"] == "/mine"
        assert "Not useful" in hers.get(f"/incidents/{number}").text
    (said,) = receiver.get(f"/api/v1/incidents/{number}")["ratings"]
    assert (said["person"], said["useful"], said["why"]) == ("alice", False, "calm")
    found = rows(receiver, incident=number, act="rate")[::-1]
    assert [(each["how"], each["person"], each["what"]) for each in found] == [
        ("link", "alice", "no: the backup was in use"), ("link", "alice", "yes"), ("session", "alice", "no: calm"),
    ]  # fmt: skip
    assert 'streamwatch_pages_rated_total{useful="no"} 1.0' in httpx.get(f"{receiver.base}/metrics").text
    assert receiver.post({"by": "bob", "useful": True}, "/api/v1/incidents/99999/useful").status_code == 404
    assert browser.get("/m/nonsense").status_code == 404


def test_failed_logins_do_not_say_what_was_typed(browser: Browser, receiver: ReceiverProcess) -> None:
    """People type passphrases where names go. A name that exists is named."""
    browser.log_in("charlie", "not hers at all")
    browser.log_in("my own pass phrase", "x")

    strange, known = rows(receiver, act="login_failed", limit=2)
    assert (known["name"], known["how"]) == ("charlie", "said")
    assert (strange["name"], strange["person"], strange["what"]) == (None, None, "")


def test_the_page_and_the_command(browser: Browser, receiver: ReceiverProcess, config: Path) -> None:
    """An admin reads it in the console, filtered; the command prints the same, and as JSON."""
    browser.log_in("alice")
    page = browser.get("/audit?act=login&person=alice")
    assert page.status_code == 200
    assert page.text.count("<b>Alice</b> logs in") == len(rows(receiver, act="login", person="alice"))
    assert browser.get("/audit?incident=nonsense&act=nonsense").status_code == 200

    def run(*words: str, language: str = "en") -> str:
        command = [STREAMWATCH, "audit", "--config", config, *words]
        environment = {"STREAMWATCH_LANG": language, "PATH": ""}
        return subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout

    told = json.loads(run("--json", "--person", "alice", "--act", "login"))["audit"]
    assert told == rows(receiver, act="login", person="alice")
    assert "Alice  登录  (已登录 ; 127.0.0.1)" not in run("--act", "login", language="zh")
    assert "Alice  登录  (已登录; 127.0.0.1)" in run("--act", "login", language="zh")
    assert run("--since", "2199-01-01") == "nothing is on record\n"


def test_only_admins_read_it(receiver: ReceiverProcess) -> None:
    """Of the tokens, too."""
    for token, code in ((VIEW_TOKEN, 403), (OPS_TOKEN, 403), ("wrong", 401)):
        headers = {"Authorization": f"Bearer {token}"}
        assert httpx.get(f"{receiver.base}/api/v1/audit", headers=headers).status_code == code


def test_older_rows_are_reached_page_by_page(tmp_path: Path) -> None:
    """By the id of the last one seen; bounds of time are exact."""
    store = Store(f"sqlite:///{tmp_path}/audit.db")
    store.open(NOON)
    deeds = [Deed(NOON + timedelta(seconds=each), Act.NOTE, "token", what=str(each)) for each in range(5)]
    store.audit.add(deeds)
    newest = store.audit.read(Wanted(limit=2))
    older = store.audit.read(Wanted(before=newest[-1].id, limit=2))
    assert [row.what for row in (*newest, *older)] == ["4", "3", "2", "1"]
    within = store.audit.read(Wanted(since=deeds[1].at, until=deeds[3].at))
    assert [row.what for row in within] == ["2", "1"]
    store.close()


def test_a_database_from_before_gets_its_log(tmp_path: Path) -> None:
    """One that has neither the tables nor their guard has both after the next start."""
    url = f"sqlite:///{tmp_path}/audit.db"
    store = Store(url)
    store.open(NOON)
    with store.database.writing() as connection:
        for statement in ("DROP TABLE audit", "DROP TABLE console_session",
                          "UPDATE alembic_version SET version_num = '0004'"):  # fmt: skip
            connection.execute(text(statement))
    store.close()
    again = Store(url)
    again.open(NOON)
    again.audit.add([Deed(NOON, Act.RELOAD, "token", "token")])
    with pytest.raises(DatabaseError, match="append-only"), again.database.writing() as connection:
        connection.execute(text("DELETE FROM audit"))
    token = again.sessions.begin("alice", "a hash", NOON, timedelta(hours=1))
    assert again.sessions.find(token, {"alice": "a hash"}, NOON) == ("alice", True)
    assert again.sessions.find(token, {"alice": "another hash"}, NOON) is None
    assert again.sessions.end(token, NOON)
    assert again.sessions.find(token, {"alice": "a hash"}, NOON) is None
    again.close()


def test_no_row_is_ever_changed(receiver: ReceiverProcess, config: Path) -> None:
    """Not even by whoever holds the database file and knows SQL."""
    receiver.post({}, "/-/reload")
    database = sqlite3.connect(config.parent / "data" / "streamwatch.db")
    try:
        for statement in ("UPDATE audit SET act = 'note'", "DELETE FROM audit"):
            with pytest.raises(sqlite3.IntegrityError, match="append-only"):
                database.execute(statement)
    finally:
        database.close()


def test_no_row_is_ever_changed_in_postgresql(tmp_path: Path) -> None:
    """Nor emptied at once."""
    server = PostgreSQL()
    store = Store(server.url())
    try:
        store.open(NOON)
        store.audit.add([Deed(NOON, Act.RELOAD, "token", "token")])
        for statement in ("UPDATE audit SET act = 'note'", "DELETE FROM audit", "TRUNCATE audit"):
            with pytest.raises(DatabaseError, match="append-only"), store.database.writing() as connection:
                connection.execute(text(statement))
        assert [row.act for row in store.audit.read(Wanted())] == ["reload"]
    finally:
        store.close()
        server.close()


def test_every_act_has_its_words() -> None:
    """In both languages."""
    assert set(ACTS) == {each.value for each in Act}
