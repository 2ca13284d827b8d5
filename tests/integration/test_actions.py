"""Action items from the review to the next hand-over: over the command, the API and the console."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest
from click.testing import CliRunner, Result

from servers.console import VIEW_TOKEN, Browser, doors
from servers.free_port import free_port
from servers.receiver import AUTH, PhoneServer, ReceiverProcess, serving, until, write_config
from servers.story import alert, webhook
from streamwatch.cli import group
from streamwatch.errors import CommandFailed

NOW = datetime.now().astimezone()
TODAY = NOW.astimezone(ZoneInfo("Asia/Shanghai")).date()
DUE = (TODAY + timedelta(days=7)).isoformat()


@pytest.fixture(scope="module")
def receiver(tmp_path_factory: pytest.TempPathFactory, phone: PhoneServer) -> Iterator[ReceiverProcess]:
    folder = tmp_path_factory.mktemp("actions")
    times = {"start": (NOW - timedelta(hours=1)).isoformat(), "end": (NOW + timedelta(hours=9)).isoformat()}
    show = {"id": "show", "stream": "demo", "duty": {}, **times}
    with serving(write_config(folder, free_port(), phone.url, **doors(folder), sessions=[show])) as receiver:
        yield receiver


def streamwatch(receiver: ReceiverProcess, *words: str) -> Result:
    """A command in this process: a start takes seconds on a busy machine, and the receiver is real."""
    config = str(receiver.log.parent / "duty.yml")
    return CliRunner().invoke(group, [*words, "--config", config], env={"STREAMWATCH_LANG": "en"})


def said(receiver: ReceiverProcess, *words: str) -> Any:
    done = streamwatch(receiver, "action", *words, "--json")
    assert done.exit_code == 0, done.exception
    return json.loads(done.output)


def numbers(receiver: ReceiverProcess, **wanted: str) -> list[str]:
    return [each["id"] for each in receiver.get("/api/v1/actions", params=wanted)["actions"]]


def test_from_the_command_to_the_hand_over_until_it_is_done(receiver: ReceiverProcess) -> None:
    """Added by name, of a session; listed, handed over, in the review; done once; each act on record."""
    new = said(
        receiver, "add", "a spare microphone", "--owner", "Alice", "--due", DUE, "--session", "show", "--by", "bob"
    )
    assert (new["owner"], new["due"], new["stream"], new["session"]) == ("alice", DUE, "demo", "show")
    number = new["id"]
    assert f"{number:>3}  {DUE}  Alice  a spare microphone  show" in streamwatch(receiver, "action", "list").stdout
    assert number in [each["id"] for each in receiver.get("/api/v1/duty/handover")["actions"]]
    assert "a spare microphone" in streamwatch(receiver, "duty", "handover").stdout
    review = streamwatch(receiver, "report", "--session", "show", "--json")
    assert review.exit_code == 0, review.exception
    (told,) = [each for each in json.loads(review.stdout)["actions"] if each["id"] == number]
    assert (told["owner"], told["of"], told["done_at"]) == ("Alice", "show", None)

    assert said(receiver, "done", number, "--by", "alice")["done_by"] == "alice"
    assert number not in numbers(receiver, state="open")
    assert number in numbers(receiver, state="done", owner="alice")
    again = streamwatch(receiver, "action", "done", number)
    assert isinstance(again.exception, CommandFailed)
    assert str(again.exception) == f"action item {number} is done already"
    acts = [each for each in receiver.get("/api/v1/audit", params={"limit": 5})["audit"] if "action" in each["act"]]
    assert [(each["act"], each["person"]) for each in acts] == [("action_done", "alice"), ("action", "bob")]


def test_of_an_incident(receiver: ReceiverProcess) -> None:
    """It is of the incident's stream, and told for no other."""
    receiver.post(webhook(alert(stream="side")))
    found = until(lambda: receiver.get("/api/v1/incidents", params={"stream": "side"})["incidents"])
    new = said(receiver, "add", "longer cable", "--owner", "bob", "--due", DUE, "--incident", found[0]["id"])
    assert (new["stream"], new["incident"]) == ("side", found[0]["id"])
    assert new["id"] in numbers(receiver, stream="side")
    assert new["id"] not in numbers(receiver, stream="demo")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--owner", "dave"], "nobody has the id 'dave'; people are: alice bob charlie"),
        (["--session", "shwo"], "there is no session 'shwo'; see streamwatch session list"),
        (["--incident", "99999"], "there is no incident #99999"),
        (["--session", "show", "--incident", "1"], "name a session or an incident, not both"),
        (["--due", "2020-02-02"], "due 2020-02-02 is past already; today is"),
    ],
)
def test_what_cannot_be_is_refused_with_its_cure(receiver: ReceiverProcess, words: list[str], said: str) -> None:
    """One sentence; nothing is kept."""
    before = numbers(receiver)
    usual = {"--owner": "alice", "--due": DUE} | dict(zip(words[::2], words[1::2], strict=True))
    done = streamwatch(receiver, "action", "add", "x", *(word for pair in usual.items() for word in pair))
    assert isinstance(done.exception, CommandFailed)
    assert said in str(done.exception)
    assert numbers(receiver) == before


def test_in_the_console(receiver: ReceiverProcess) -> None:
    """Whoever may act adds one and has it done; a viewer reads, and is shown no button."""
    with Browser(receiver.base) as browser:
        browser.log_in("bob")
        form = browser.form("/actions", "/new")
        sent = browser.send(form, text="<b>check</b> the slate", owner="charlie", due=DUE, session="")
        assert sent.status_code == 303
        (new,) = (each for each in receiver.get("/api/v1/actions")["actions"] if "slate" in each["text"])
        assert (new["owner"], new["added_by"], new["stream"]) == ("charlie", "bob", None)
        for page in ("/", "/actions", "/handover"):
            assert "&lt;b&gt;check&lt;/b&gt; the slate" in browser.get(page).text
        assert browser.send(form, text="x", owner="c" * 100, due=DUE, session="").status_code == 422
        assert browser.send(browser.form("/actions", f"/{new['id']}/done")).status_code == 303
    assert new["id"] in numbers(receiver, state="done")
    with Browser(receiver.base) as browser:
        browser.log_in("charlie")
        assert browser.get("/actions").status_code == 200
        assert [each for each in browser.forms("/actions") if "/actions" in each.action] == []


def test_the_api_is_for_tokens(receiver: ReceiverProcess) -> None:
    """None: 401; one that may view reads and adds nothing."""
    url = f"{receiver.base}/api/v1/actions"
    assert httpx.get(url).status_code == 401
    viewing = {"Authorization": f"Bearer {VIEW_TOKEN}"}
    assert httpx.get(url, headers=viewing).status_code == 200
    body = {"text": "x", "owner": "alice", "due": DUE}
    assert httpx.post(url, headers=viewing, json=body).status_code == 403
    assert httpx.post(f"{url}/99999/done", headers=AUTH, json={}).status_code == 404
    assert httpx.post(url, headers=AUTH, json=body | {"text": " \u0000 "}).status_code == 422
