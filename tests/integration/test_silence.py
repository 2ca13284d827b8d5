"""Silence at a real Alertmanager, and at the real receiver: nobody is called, it always ends, and then it calls."""

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from servers.alertmanager import Alertmanager
from servers.free_port import free_port
from servers.receiver import PhoneServer, ReceiverProcess, streamwatch, until, write_config
from servers.story import Story, alert, webhook
from streamwatch.incidents.calling import Calling
from streamwatch.incidents.escalating import Escalating
from streamwatch.incidents.escalation import DEFAULT
from streamwatch.incidents.silence import LONGEST, objection
from streamwatch.incidents.silencing import Refused, Silencing
from streamwatch.store.silences import Silenced
from streamwatch.watching.reconciling import Reconciling

CONFIG = "route: {receiver: nobody}\nreceivers: [{name: nobody}]\n"
HALF_AN_HOUR = timedelta(minutes=30)


@pytest.fixture(scope="module")
def alertmanager(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Alertmanager]:
    server = Alertmanager(tmp_path_factory.mktemp("alertmanager") / "it", free_port(), CONFIG)
    yield server
    server.stop()


def fire(alertmanager: Alertmanager, *alerts: dict[str, Any]) -> None:
    """As Prometheus tells it."""
    now = datetime.now(UTC)
    body = [
        {"labels": each["labels"], "startsAt": now.isoformat(), "endsAt": (now + timedelta(hours=1)).isoformat()}
        for each in alerts
    ]
    httpx.post(f"{alertmanager.url}/api/v2/alerts", json=body, timeout=10).raise_for_status()


def state(alertmanager: Alertmanager, stream: str, name: str = "StreamNotPublishing") -> str:
    """`active` or `suppressed`, once Alertmanager has decided."""
    return str(
        until(lambda: next((each["status"]["state"] for each in alertmanager.alerts(name, stream)
                            if each["status"]["state"] != "unprocessed"), None))
    )  # fmt: skip


class Night:
    def __init__(self, folder: Path, url: str | None) -> None:
        self.story = story = Story(folder)
        story.clock.now = datetime.now(UTC)  # Alertmanager lives by the clock on the wall
        calling = Calling(lambda: story.book, story.clock, story.metrics)
        zone = ZoneInfo("Asia/Shanghai")
        self.silencing = Silencing(story.store, story.http, lambda: url, calling, story.clock, zone)
        self.escalating = Escalating(story.store, lambda: story.book, lambda: DEFAULT, story.clock)

    async def wait(self, minutes: int) -> None:
        for _ in range(2 * minutes):
            self.story.clock.advance(30)
            await self.silencing.step()
            await self.escalating.step()
            await self.story.turn()

    def rang(self) -> list[str]:
        return [to for to, _ in self.story.phone.rang]

    def until(self) -> datetime | None:
        moment: datetime | None = self.story.incidents()[0].incident.silenced_until
        return moment


@pytest.fixture
async def night(tmp_path: Path, alertmanager: Alertmanager) -> AsyncIterator[Night]:
    night = Night(tmp_path, alertmanager.url)
    yield night
    await night.story.close()


async def test_a_silence_holds_there_and_here_and_then_calls_again(
    night: Night, alertmanager: Alertmanager
) -> None:
    """Alertmanager suppresses it, nobody is called for half an hour; then Alice, and after a minute the others."""
    quiet = alert(stream="quiet")
    fire(alertmanager, quiet)
    await night.story.push(quiet)
    found = await night.silencing.begin(1, HALF_AN_HOUR, "alice", "switching over")
    assert isinstance(found, Silenced)
    until(lambda: state(alertmanager, "quiet") == "suppressed")
    await night.wait(29)
    assert night.rang() == ["alice"]

    await night.wait(1)
    assert night.rang() == ["alice", "alice"]
    await night.wait(1)
    assert sorted(night.rang()[2:]) == ["bob"]
    told = [row.text_en for row in night.story.incidents()[0].timeline]
    assert any(each.startswith("alice silences it until ") and each.endswith(": switching over") for each in told)
    assert "the silence is over, and it fires still" in told


async def test_unsilence(night: Night, alertmanager: Alertmanager) -> None:
    """Active there again, and Alice is called at once; a second time there is nothing to end."""
    fire(alertmanager, alert(stream="loud"))
    await night.story.push(alert(stream="loud"))
    await night.silencing.begin(1, HALF_AN_HOUR, "alice", "x")
    until(lambda: state(alertmanager, "loud") == "suppressed")
    assert isinstance(await night.silencing.end(1, "bob"), Silenced)
    await night.story.turn()
    until(lambda: state(alertmanager, "loud") == "active")
    assert (night.rang(), night.until()) == (["alice", "alice"], None)
    again = await night.silencing.end(1, "bob")
    assert isinstance(again, Refused)
    assert again.status == 409


async def test_silenced_anew_it_holds_as_long_as_was_said_last(night: Night, alertmanager: Alertmanager) -> None:
    """The first silence is gone there, the second is in its place."""
    fire(alertmanager, alert(stream="anew"))
    await night.story.push(alert(stream="anew"))
    for minutes in (60, 10):
        await night.silencing.begin(1, timedelta(minutes=minutes), "alice", "x")
    query = {"filter": 'stream="anew"'}
    reply = await night.story.http.get(f"{alertmanager.url}/api/v2/silences", params=query, timeout=10)
    assert sorted(each["status"]["state"] for each in reply.json()) == ["active", "expired"]
    await night.wait(10)
    assert night.rang() == ["alice", "alice"]


async def test_what_is_more_urgent_calls_all_the_same(night: Night, alertmanager: Alertmanager) -> None:
    """A P1 is silenced; the P0 of the same incident rings, and the silence of it is gone."""
    await night.story.push(alert("BitrateLow", severity="P1"))
    await night.silencing.begin(1, HALF_AN_HOUR, "alice", "")
    await night.story.push(alert())
    assert (night.rang(), night.until()) == (["alice", "alice"], None)


async def test_an_ack_does_not_run_out_meanwhile(night: Night) -> None:
    """Who has it and silenced it is left alone, and has a whole lease after it."""
    await night.story.push(alert())
    night.story.store.acks.acknowledge(1, "alice", night.story.clock())
    await night.silencing.begin(1, HALF_AN_HOUR, "alice", "x")
    await night.wait(44)
    assert night.rang() == ["alice"]
    await night.wait(1)
    assert night.rang() == ["alice", "alice"]


async def test_its_end_is_told_while_it_is_silenced(night: Night) -> None:
    """Over is over: who heard the start hears it, and nothing calls when the time has come."""
    await night.story.push(alert())
    await night.silencing.begin(1, HALF_AN_HOUR, "alice", "x")
    await night.story.push(alert(status="resolved"))
    await night.wait(40)
    assert night.story.phone.heard() == [("alice", "firing"), ("alice", "over")]


def held_for(alertmanager: Alertmanager, given: dict[str, Any], ends: datetime) -> None:
    """Prometheus tells an alert and until when it counts unless it is told again."""
    began = datetime.now(UTC) - timedelta(minutes=1)
    body = [{"labels": given["labels"], "startsAt": began.isoformat(), "endsAt": ends.isoformat()}]
    httpx.post(f"{alertmanager.url}/api/v2/alerts", json=body, timeout=10).raise_for_status()


async def vanished(night: Night, alertmanager: Alertmanager, stream: str, *, prometheus_lives: bool) -> None:
    """A silenced alert of *stream* is gone from Alertmanager's list, and the night goes on for five minutes."""
    watchdog, quiet = alert("Watchdog", severity="none", stream=stream), alert(stream=stream)
    now = datetime.now(UTC)
    held_for(alertmanager, watchdog, now + HALF_AN_HOUR)
    held_for(alertmanager, quiet, now + HALF_AN_HOUR)
    (listed,) = alertmanager.alerts("StreamNotPublishing", stream)
    await night.story.push(watchdog, quiet | {"fingerprint": listed["fingerprint"]})
    assert isinstance(await night.silencing.begin(1, HALF_AN_HOUR, "alice", "known"), Silenced)
    assert state(alertmanager, stream) == "suppressed"
    reconciling = Reconciling(night.story.store, night.story.http, lambda: alertmanager.url, night.story.clock)
    await watched(night, reconciling, watchdog)
    assert night.story.phone.heard() == [("alice", "firing")]  # held and silenced is not over

    held_for(alertmanager, quiet, datetime.now(UTC))
    until(lambda: not alertmanager.alerts("StreamNotPublishing", stream))
    await watched(night, reconciling, watchdog if prometheus_lives else None)


async def watched(night: Night, reconciling: Reconciling, watchdog: dict[str, Any] | None) -> None:
    for _ in range(20):
        night.story.clock.advance(15)
        if watchdog:
            await night.story.push(watchdog)
        await reconciling.step()
        await night.silencing.step()
        await night.story.turn()


async def test_what_vanishes_while_it_is_silenced_is_no_recovery(night: Night, alertmanager: Alertmanager) -> None:
    """Prometheus is gone, Alertmanager has dropped the alert: nobody hears "over"; after the silence it calls."""
    await vanished(night, alertmanager, "vanished", prometheus_lives=False)
    assert night.story.phone.heard() == [("alice", "firing")]
    assert night.story.incidents()[0].incident.state == "open"
    await night.wait(21)
    assert night.story.phone.heard()[1] == ("alice", "firing")
    assert "over" not in [kind for _, kind in night.story.phone.heard()]


async def test_an_end_within_a_silence_is_told_to_who_heard_the_start(
    night: Night, alertmanager: Alertmanager
) -> None:
    """Alertmanager tells no end of what is silenced: while Prometheus lives, what it no longer holds is over."""
    await vanished(night, alertmanager, "ended", prometheus_lives=True)
    assert night.story.phone.heard() == [("alice", "firing"), ("alice", "over")]
    await night.wait(30)
    assert len(night.story.phone.rang) == 2


@pytest.mark.parametrize("gone", ["no address", "no answer"])
async def test_without_alertmanager_nothing_changes(tmp_path: Path, gone: str) -> None:
    """It is refused, and goes on calling."""
    night = Night(tmp_path, None if gone == "no address" else f"http://127.0.0.1:{free_port()}")
    await night.story.push(alert())
    refused = await night.silencing.begin(1, HALF_AN_HOUR, "alice", "x")
    assert isinstance(refused, Refused)
    assert (refused.status, night.until()) == (503, None)
    await night.wait(1)
    assert len(night.rang()) > 1
    await night.story.close()


async def test_what_people_reported_is_not_silenced(night: Night) -> None:
    """Alertmanager does not know it; a person ends it. Neither is what is over, or was never there."""
    await night.story.push(alert(stream="fire") | {"fingerprint": "person-1"})
    for incident, status in ((1, 409), (99, 404)):
        refused = await night.silencing.begin(incident, HALF_AN_HOUR, "alice", "x")
        assert isinstance(refused, Refused)
        assert refused.status == status


def test_how_long_and_why() -> None:
    """A P0 takes a reason and two hours at most; nothing is silenced for ever, or for a moment."""
    assert objection("P0", HALF_AN_HOUR, " ") is not None
    assert objection("P0", HALF_AN_HOUR, "known") is None
    assert objection("P1", HALF_AN_HOUR, "") is None
    for severity, most in LONGEST.items():
        assert most <= timedelta(hours=24)
        assert objection(severity, most, "known") is None
        assert objection(severity, most + timedelta(seconds=1), "known") is not None
        assert objection(severity, timedelta(seconds=59), "known") is not None


@pytest.fixture(scope="module")
def receiver(tmp_path_factory: pytest.TempPathFactory, alertmanager: Alertmanager) -> Iterator[ReceiverProcess]:
    with closing(PhoneServer()) as phone:
        folder, port = tmp_path_factory.mktemp("receiver"), free_port()
        config = write_config(folder, port, phone.url, alertmanager={"url": alertmanager.url})
        receiver = ReceiverProcess(config, port)
        receiver.start()
        yield receiver
        receiver.stop()


def test_from_the_terminal_and_on_the_console(receiver: ReceiverProcess, alertmanager: Alertmanager) -> None:
    """Silenced, shown on both pages, ended by the form; what may not be is exit 1 or 2 with the reason."""
    fire(alertmanager, alert(stream="real"))
    receiver.post(webhook(alert(stream="real")))
    (found,) = until(lambda: receiver.get("/api/v1/incidents", params={"stream": "real"})["incidents"])
    number = found["id"]
    for length, reason, code, words in (
        ("30m", "", 1, "takes a reason"),
        ("9h", "known", 1, "1 min to 2 h"),
        ("soon", "known", 2, "write 30m or 2h"),
    ):
        refused = streamwatch(receiver, "silence", number, "--for", length, "--by", "alice", "--reason", reason)
        assert (refused.returncode, words in refused.stderr) == (code, True), refused.stderr
    done = streamwatch(receiver, "silence", number, "--for", "30m", "--by", "Alice", "--reason", "known", "--json")
    assert json.loads(done.stdout)["silenced_until"] is not None, done.stderr
    assert state(alertmanager, "real") == "suppressed"

    with httpx.Client(base_url=receiver.base, timeout=30, headers={"Accept-Language": "en"}) as browser:
        page = browser.get(f"/incidents/{number}").text
        assert "nobody is called" in page
        assert "nobody is called" in browser.get("/").text
        press = page.split('name="press" value="')[1].split('"')[0]
        form = {"press": press, "by": "bob"}
        assert browser.post(f"/incidents/{number}/unsilence", data=form | {"press": "x"}).status_code == 403
        assert browser.post(f"/incidents/{number}/unsilence", data=form).status_code == 303
        assert receiver.get(f"/api/v1/incidents/{number}")["silenced_until"] is None
        form |= {"minutes": "15", "reason": "again"}
        assert browser.post(f"/incidents/{number}/silence", data=form).status_code == 303
        assert receiver.get(f"/api/v1/incidents/{number}")["silenced_until"] is not None
    acts = [each["act"] for each in receiver.get("/api/v1/audit", params={"incident": number})["audit"]]
    assert {"silence", "unsilence"} <= set(acts)
    assert streamwatch(receiver, "unsilence", number, "--by", "bob").returncode == 0
    assert streamwatch(receiver, "unsilence", number, "--by", "bob").returncode == 1
