"""The console's login at the real receiver: who comes in, what they may do, and how they leave."""

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from servers.console import OPS_TOKEN, PASSPHRASES, VIEW_TOKEN, Browser, doors
from servers.free_port import free_port
from servers.receiver import PhoneServer, ReceiverProcess, serving, until, write_config
from servers.story import alert, webhook


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory, phone: PhoneServer) -> Path:
    folder = tmp_path_factory.mktemp("login")
    return write_config(folder, free_port(), phone.url, **doors(folder))


@pytest.fixture(scope="module")
def receiver(config: Path) -> Iterator[ReceiverProcess]:
    with serving(config) as receiver:
        yield receiver


@pytest.fixture
def browser(receiver: ReceiverProcess) -> Iterator[Browser]:
    with Browser(receiver.base) as browser:
        yield browser


@pytest.fixture(scope="module")
def incident(receiver: ReceiverProcess) -> str:
    receiver.post(webhook(alert(stream="watched")))
    found = until(lambda: receiver.get("/api/v1/incidents", params={"stream": "watched"})["incidents"])
    return str(found[0]["id"])


def test_who_is_not_known_is_asked_and_goes_on(browser: Browser, incident: str) -> None:
    """To the page that was wanted; a program is told in a word; links in pages need no login."""
    wanted = browser.get(f"/incidents/{incident}?lang=en")
    assert (wanted.status_code, wanted.headers["location"]) == (
        303, f"/login?next=%2Fincidents%2F{incident}%3Flang%3Den",
    )  # fmt: skip
    assert browser.get("/", headers={"Accept": "application/json"}).status_code == 401
    entered = browser.log_in("alice", target=f"%2Fincidents%2F{incident}%3Flang%3Den")
    assert (entered.status_code, entered.headers["location"]) == (303, f"/incidents/{incident}?lang=en")
    assert browser.get(entered.headers["location"]).status_code == 200


def test_a_session_is_a_cookie_that_no_script_reads(browser: Browser) -> None:
    """HttpOnly, SameSite=Lax, for this host; 256 bits; a new one at each login."""
    said = browser.log_in("bob").headers["set-cookie"]
    assert re.match(r"streamwatch=[\w-]{43}; HttpOnly; Max-Age=7776000; Path=/; SameSite=lax", said), said
    with Browser(browser.base) as other:
        assert other.log_in("bob").headers["set-cookie"].split(";")[0] != said.split(";")[0]


@pytest.mark.parametrize(
    ("name", "passphrase"),
    [
        ("alice", "s3cret-of-alice"),
        ("alice", ""),
        ("mallory", "s3cret-of-mallory"),
        ("mallory", PASSPHRASES["alice"]),
        ("", "x" * 300),
    ],
)
def test_who_is_wrong_learns_nothing(browser: Browser, name: str, passphrase: str) -> None:
    """The same words whether the name exists; no cookie of a session; nothing of what was typed."""
    reply = browser.log_in(name, passphrase)

    assert reply.status_code == 401
    assert "the name or the passphrase is wrong" in reply.text
    assert "streamwatch" not in browser.http.cookies
    assert not passphrase or passphrase not in reply.text
    assert browser.get("/").status_code == 303


@pytest.mark.parametrize("target", ["//evil.test/", "https://evil.test/", "/\\evil.test", "/login", "javascript:1"])
def test_login_leads_nowhere_else(browser: Browser, target: str) -> None:
    """Whatever a link says, it goes on here."""
    assert browser.log_in("bob", target=target).headers["location"] == "/"


def test_logout_ends_it_on_the_server(browser: Browser) -> None:
    """The cookie, kept by somebody, opens nothing any more."""
    browser.log_in("bob")
    kept = browser.http.cookies["streamwatch"]
    assert browser.get("/").status_code == 200
    assert browser.send(browser.form("/", "/logout")).headers["location"] == "/login"
    assert "streamwatch" not in browser.http.cookies
    browser.http.cookies.set("streamwatch", kept)
    assert browser.get("/").status_code == 303
    assert browser.get("/sos").status_code == 303


def test_whoever_is_logged_in_goes_past_the_door(browser: Browser) -> None:
    """The page of the login is for who needs it."""
    browser.log_in("bob")
    assert browser.get("/login?next=/handover").headers["location"] == "/handover"


def test_a_viewer_looks_and_does_not_touch(browser: Browser, receiver: ReceiverProcess, incident: str) -> None:
    """Pages without buttons; a form that was made by hand is refused, and nothing changes."""
    browser.log_in("charlie")
    shown = {path: browser.forms(path) for path in ("/", f"/incidents/{incident}", "/handover")}
    assert {each.action.rpartition("/")[2] for found in shown.values() for each in found} == {"logout"}
    press = browser.form("/", "/logout").fields["press"]
    for what in ("ack", "take-over", "notes", "resolve", "marks/cut", "evidence"):
        made = browser.http.post(f"/incidents/{incident}/{what}", data={"press": press, "by": "bob", "note": "x"})
        assert made.status_code == 403, what
    assert browser.http.post(f"/handover/{incident}", data={"press": press, "by": "bob"}).status_code == 403
    assert browser.get("/audit").status_code == 403
    assert receiver.get(f"/api/v1/incidents/{incident}")["state"] == "open"


def test_ops_act_in_their_own_name(browser: Browser, receiver: ReceiverProcess) -> None:
    """Nobody is asked who they are, and nobody can be somebody else: note, take, take over."""
    receiver.post(webhook(alert(stream="acted on")))
    found = until(lambda: receiver.get("/api/v1/incidents", params={"stream": "acted on"})["incidents"])
    path = f"/incidents/{found[0]['id']}"
    browser.log_in("bob")
    assert browser.send(browser.form(path, "/ack"), by="alice").status_code == 303
    assert browser.send(browser.form(path, "/notes"), by="alice", note="looking at it").status_code == 303
    assert not [each for each in browser.forms(path) if each.action.endswith("/take-over")]
    with Browser(browser.base) as other:
        other.log_in("alice")
        assert other.send(other.form(path, "/take-over")).status_code == 303
        assert "Alice takes over from Bob" in other.get(path).text

    told = [row["text_en"] for row in receiver.get(f"/api/v1{path}")["timeline"]]
    assert [text for text in told if "Bob" in text and "calling" not in text][:2] == [
        "Bob acknowledged", "Bob: looking at it",
    ]  # fmt: skip
    assert browser.get("/audit").status_code == 403


def test_the_card_of_a_shift_is_pressed_in_ones_own_name(browser: Browser, receiver: ReceiverProcess) -> None:
    """The console's hand-over page, behind the login."""
    receiver.post(webhook(alert(stream="handed over")))
    found = until(lambda: receiver.get("/api/v1/incidents", params={"stream": "handed over"})["incidents"])
    browser.log_in("bob")
    number = found[0]["id"]
    assert browser.send(browser.form("/handover", f"/{number}"), by="charlie").status_code == 303
    assert receiver.get(f"/api/v1/incidents/{number}")["acknowledged_by"] == "bob"


def test_tokens_have_rights_too(receiver: ReceiverProcess, incident: str) -> None:
    """One that may view reads; one that may act also posts alerts; only an admin's reloads and reads the log."""

    def ask(token: str, method: str, path: str, body: object = None) -> int:
        headers = {"Authorization": f"Bearer {token}"}
        return httpx.request(method, receiver.base + path, headers=headers, json=body, timeout=30).status_code

    paths = f"/api/v1/incidents/{incident}"
    assert [ask(each, "GET", paths) for each in (VIEW_TOKEN, OPS_TOKEN)] == [200, 200]
    note = {"by": "bob", "text": "seen"}
    assert [ask(each, "POST", f"{paths}/notes", note) for each in (VIEW_TOKEN, OPS_TOKEN)] == [403, 201]
    hook = {"version": "4", "receiver": "streamwatch", "status": "firing", "alerts": []}
    intake = "/api/v1/alerts/alertmanager"
    assert [ask(each, "POST", intake, hook) for each in (VIEW_TOKEN, OPS_TOKEN, "wrong")] == [403, 200, 401]
    for method, path, body in (
        ("POST", "/-/reload", None), ("POST", "/api/v1/dead-pages/replay", {}), ("GET", "/api/v1/audit", None),
    ):  # fmt: skip
        assert [ask(each, method, path, body) for each in (VIEW_TOKEN, OPS_TOKEN)] == [403, 403], path
        assert receiver._http.request(method, receiver.base + path, json=body).status_code == 200, path


def test_another_passphrase_ends_the_sessions(receiver: ReceiverProcess, config: Path) -> None:
    """After a reload; who had the old one is out, everybody else stays."""
    file = config.parent / "secrets" / "passphrases"
    old = file.read_text()
    with Browser(receiver.base) as bob, Browser(receiver.base) as alice:
        bob.log_in("bob")
        alice.log_in("alice")
        mine, others = old.splitlines()[0], old.splitlines()[1:]
        hashed = mine.partition(":")[2]
        try:
            file.write_text("\n".join([mine, f"bob:{hashed}", *others[1:]]))
            assert receiver.post({}, "/-/reload").status_code == 200
            assert (bob.get("/").status_code, alice.get("/").status_code) == (303, 200)
            assert bob.log_in("bob", PASSPHRASES["alice"]).status_code == 303
        finally:
            file.write_text(old)
            assert receiver.post({}, "/-/reload").status_code == 200


def test_a_password_for_all_still_does(tmp_path: Path, phone: PhoneServer) -> None:
    """As before there were accounts: Basic, asked for by the browser's own window."""
    port = free_port()
    config = write_config(tmp_path, port, phone.url, console_password_file="secrets/password")
    (tmp_path / "secrets" / "password").write_text("of the console")
    receiver = ReceiverProcess(config, port)
    receiver.start()
    try:
        with Browser(receiver.base) as browser:
            asked = browser.get("/")
            assert (asked.status_code, asked.headers["www-authenticate"]) == (401, 'Basic realm="StreamWatch"')
            assert browser.get("/", auth=("", "of the console")).status_code == 200
            assert browser.get("/", auth=("", "of another")).status_code == 401
            assert browser.get("/", headers={"Authorization": "Basic ?"}).status_code == 401
            assert browser.get("/login").status_code == 404
    finally:
        receiver.stop()


def test_the_demo_has_no_account(tmp_path: Path, phone: PhoneServer) -> None:
    """Nobody is asked; forms ask who it is. A name elsewhere that is made to point here opens nothing.

    Whoever looks for the login reads that there is none, and how to get one.
    """
    port = free_port()
    receiver = ReceiverProcess(write_config(tmp_path, port, phone.url), port)
    receiver.start()
    try:
        receiver.post(webhook(alert(stream="demo")))
        until(lambda: receiver.get("/api/v1/incidents")["incidents"])
        with Browser(receiver.base) as browser:
            form = browser.form("/incidents/1", "/ack")
            assert form.fields["by"] == ""
            assert browser.send(form, by="alice").status_code == 303
            assert receiver.get("/api/v1/incidents/1")["acknowledged_by"] == "alice"
            assert browser.get("/audit").status_code == 200
            for language, title in (("zh", "没有设置口令"), ("en", "No passphrases are set")):
                login = browser.get(f"/login?lang={language}", headers={"Accept": "text/html"})
                assert (login.status_code, f"<h1>{title}</h1>" in login.text) == (404, True)
                assert "passphrases_file: secrets/passphrases" in login.text
            rebound = browser.get("/", headers={"Host": f"evil.test:{port}"})
            assert (rebound.status_code, "by public_url" in rebound.text) == (403, True)
    finally:
        receiver.stop()
