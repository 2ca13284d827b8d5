"""Forms: a page's own are taken; those from elsewhere, out of date or made by hand are not, and change nothing."""

from collections.abc import Iterator
from typing import Any

import pytest

from servers.console import Browser, Form, doors, forms
from servers.free_port import free_port
from servers.receiver import PhoneServer, ReceiverProcess, until, write_config
from servers.story import alert, webhook

ELSEWHERE = "https://evil.test"


@pytest.fixture(scope="module", params=["with accounts", "without"])
def receiver(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, phone: PhoneServer
) -> Iterator[ReceiverProcess]:
    folder, port = tmp_path_factory.mktemp("forms"), free_port()
    more = doors(folder) if request.param == "with accounts" else {}
    receiver = ReceiverProcess(write_config(folder, port, phone.url, **more), port)
    receiver.start()
    yield receiver
    assert receiver.stop() in (0, -15)


@pytest.fixture
def browser(receiver: ReceiverProcess) -> Iterator[Browser]:
    with Browser(receiver.base) as browser:
        if browser.get("/").status_code == 303:
            browser.log_in("bob")
        yield browser


def opened(receiver: ReceiverProcess, stream: str) -> str:
    receiver.post(webhook(alert(stream=stream)))
    found = until(lambda: receiver.get("/api/v1/incidents", params={"stream": stream})["incidents"])
    return str(found[0]["id"])


def everything(receiver: ReceiverProcess) -> list[Any]:
    """What a form could change, without what the receiver does by itself meanwhile."""
    kept = []
    for each in receiver.get("/api/v1/incidents", params={"limit": 1000})["incidents"]:
        done = [row for row in each["timeline"] if row["kind"] in DONE_BY_PEOPLE]
        kept.append(
            (each["id"], each["state"], each["acknowledged_by"], done, each["evidence_files"], each["ratings"])
        )
    return [*kept, *((each["id"], each["state"]) for each in receiver.get("/api/v1/complaints")["complaints"])]


DONE_BY_PEOPLE = ("acknowledged", "taken_over", "noted", "closed", "cut", "authority_told", "false_alarm",
                  "evidence_kept",
                  "reported", "reported_by_somebody")  # fmt: skip


def walked(browser: Browser, receiver: ReceiverProcess, phone: PhoneServer) -> list[Form]:
    """Every form that posts, of every kind of page there is."""
    number = opened(receiver, "walked")
    spike = {"procedure": "viewer_complaints", "role": "service", "category": "lag"}
    receiver.post(webhook(alert("ComplaintSpike", stream="walked", severity="P2", **spike)))
    body = {"kind": "content_violation", "what": "hijack", "stream": "reported"}
    reported = receiver.post(body, "/api/v1/triggers").json()["incident"]["id"]
    taken = receiver.post({"kind": "other", "stream": "taken"}, "/api/v1/triggers").json()["incident"]["id"]
    receiver.post({"by": "alice"}, f"/api/v1/incidents/{taken}/ack")

    card = receiver.get("/api/v1/duty/handover", params={"person": "bob"})["link"].removeprefix(receiver.base)
    queue = until(lambda: receiver.get("/api/v1/complaints")["complaints"])
    pages = [
        "/",
        f"/complaints/{queue[0]['id']}",
        *(f"/incidents/{each}" for each in (number, reported, taken)),
        "/handover",
        "/mine?person=bob",
        card,
        "/actions",
    ]
    pages += ["/sos/other", "/sos/sudden_situation/fire"]
    pages += [ack_link(receiver, phone, each) for each in (reported, taken)]
    found = [form for page in pages for form in browser.forms(page)]
    with Browser(receiver.base) as stranger:
        found += stranger.forms("/login") if stranger.get("/login").status_code == 200 else []
    return found


def ack_link(receiver: ReceiverProcess, phone: PhoneServer, incident: str) -> str:
    def found() -> str:
        urls = (page["ack_url"] for page in phone.pages if page["incident_id"] == incident)
        return next((url for url in urls if url.startswith(receiver.base)), "")

    return until(found).removeprefix(receiver.base)


def ending(form: Form) -> str:
    return form.action.rstrip("/").rpartition("/")[2]


def test_every_form_is_refused_unless_it_is_ours(
    browser: Browser, receiver: ReceiverProcess, phone: PhoneServer
) -> None:
    """Without its mark, with a wrong one or one for another purpose, from elsewhere: 403, nothing changed."""
    found = walked(browser, receiver, phone)
    kinds = {ending(form) for form in found if "/incidents/" in form.action}
    known = {"ack", "take-over", "notes", "resolve", "cut", "authority_told", "evidence", "merge", "silence"}
    known |= {"false_alarm", "useful"}
    assert kinds == known
    assert [sum(mark in form.action for form in found) > 0 for mark in ("/sos/", "/a/", "/h/", "/complaints/")] == [
        True
    ] * 4
    assert all(form.fields["press"] for form in found)
    other = {form.fields["press"] for form in found}
    before = everything(receiver)
    for form in found:
        fills = {"by": "bob"} if "by" in form.fields else {}
        wrong = next(mark for mark in other if mark != form.fields["press"])
        for press in (None, "", "forged", form.fields["press"][::-1], wrong):
            assert browser.send(form, press=press, **fills).status_code == 403, (form.action, press)
        for origin in (ELSEWHERE, "null", receiver.base.replace("127.0.0.1", "localhost")):
            assert browser.send(form, origin=origin, **fills).status_code == 403, (form.action, origin)
        for site in ("cross-site", "same-site"):
            headers = {"Sec-Fetch-Site": site}
            assert browser.send(form, headers=headers, **fills).status_code == 403, (form.action, site)
    assert everything(receiver) == before
    assert browser.get("/").status_code == 200  # nobody was logged out


def test_a_mark_is_of_one_browser(browser: Browser, receiver: ReceiverProcess) -> None:
    """What one reader was shown is worth nothing in the hands of another."""
    path = f"/incidents/{opened(receiver, 'two browsers')}"
    form = browser.form(path, "/notes")
    with Browser(receiver.base) as other:
        if other.get("/").status_code == 303:
            other.log_in("bob")
        other.get(path)
        assert other.send(form, by="bob").status_code == 403
    assert browser.send(form, by="bob").status_code == 303


def test_a_program_that_holds_a_link_needs_no_form(receiver: ReceiverProcess, phone: PhoneServer) -> None:
    """The body of the webhook channel has the link so that it can be posted to."""
    number = opened(receiver, "by program")
    link = ack_link(receiver, phone, number)
    with Browser(receiver.base) as program:
        assert program.http.post(link, headers={"Origin": ELSEWHERE}).status_code == 403
        assert receiver.get(f"/api/v1/incidents/{number}")["state"] == "open"
        assert program.http.post(link).status_code == 200
    assert receiver.get(f"/api/v1/incidents/{number}")["state"] == "acknowledged"


def test_an_old_page_costs_one_tap_more(browser: Browser, receiver: ReceiverProcess) -> None:
    """The emergency form comes back filled in, with a mark that counts; from elsewhere it does not come back."""
    form = browser.form("/sos/other", "/other")
    filled = {"stream": "old page", "note": "smoke in the hall", "by": "alice"}
    again = browser.send(form, press="of yesterday", **filled)
    assert (again.status_code, "press once more" in again.text) == (403, True)
    fresh = next(each for each in forms(again) if each.action.endswith("/other"))
    assert {key: fresh.fields[key] for key in filled} == filled
    assert not receiver.get("/api/v1/incidents", params={"stream": "old page"})["incidents"]
    assert browser.send(fresh).status_code == 303
    foreign = browser.send(form, origin=ELSEWHERE, note="smoke in the hall")
    assert (foreign.status_code, "smoke in the hall" in foreign.text) == (403, False)


def test_an_emergency_is_reported_without_cookies(receiver: ReceiverProcess) -> None:
    """Where nobody logs in, a browser that keeps none says itself that the page was ours."""
    with Browser(receiver.base) as browser:
        if browser.get("/").status_code == 303:
            return  # behind a login nothing works without a cookie
        form = browser.form("/sos/other", "/other")
        browser.http.cookies.clear()
        assert browser.send(form).status_code == 403
        browser.http.cookies.clear()
        assert browser.send(form, headers={"Sec-Fetch-Site": "same-origin"}).status_code == 303
