"""What Alertmanager holds against what is on record: its API answers as its OpenAPI file says."""

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import respx

from servers.peers import drips, peer
from servers.receiver import write_config
from servers.story import NOON, Hands, Story, alert
from streamwatch.alert import BY_RECEIVER, fingerprint_of
from streamwatch.app import Receiver
from streamwatch.intake import alertmanager_api
from streamwatch.watching.reconciling import Reconciling

URL = "http://127.0.0.1:9093"
Labels = dict[str, str]


def held(labels: Labels, state: str = "active") -> dict[str, Any]:
    """One alert as `GET /api/v2/alerts` lists it."""
    return {
        "labels": labels,
        "annotations": {"summary_zh": "推流断开"},
        "startsAt": NOON.isoformat(),
        "endsAt": (NOON + timedelta(hours=1)).isoformat(),
        "updatedAt": NOON.isoformat(),
        "fingerprint": fingerprint_of(labels),
        "receivers": [{"name": "streamwatch"}],
        "status": {"state": state, "silencedBy": [], "inhibitedBy": []},
        "generatorURL": "",
    }


LABELS: Labels = alert()["labels"]  # type: ignore[assignment]


WATCHDOG = held(alert("Watchdog", severity="none")["labels"])  # type: ignore[arg-type]


@pytest.fixture
async def story(tmp_path: Path) -> AsyncIterator[Story]:
    story = Story(tmp_path)
    yield story
    await story.close()


async def live(story: Story, reconciling: Reconciling, seconds: int, listed: list[dict[str, Any]] | int) -> None:
    """Let time pass: the Watchdog is heard, Alertmanager lists *listed* or answers with that status."""
    for _ in range(0, seconds, 15):
        story.clock.advance(15)
        await story.push(alert("Watchdog", severity="none"))
        with respx.mock:
            route = respx.get(f"{URL}/api/v2/alerts")
            route.respond(listed) if isinstance(listed, int) else route.respond(json=[WATCHDOG, *listed])
            await reconciling.step()
        await story.turn()


def reconciling_of(story: Story) -> Reconciling:
    return Reconciling(story.store, story.http, lambda: URL, story.clock)


async def test_an_end_that_nobody_told_is_found(story: Story) -> None:
    """Alertmanager has not held it for over a minute while its way is open: it is over, and Alice hears it."""
    await story.push(alert())
    reconciling = reconciling_of(story)

    await live(story, reconciling, 60, [])
    assert story.phone.heard() == [("alice", "firing")]

    await live(story, reconciling, 60, [])
    assert story.phone.heard() == [("alice", "firing"), ("alice", "over")]


async def test_an_alert_whose_webhook_was_lost_is_found(story: Story) -> None:
    """Alertmanager holds an active alert that is not on record: Alice is called, once."""
    await live(story, reconciling_of(story), 90, [held(LABELS)])

    assert story.phone.heard() == [("alice", "firing")]


@pytest.mark.parametrize("state", ["suppressed", "unprocessed"])
async def test_what_is_silenced_or_inhibited_calls_nobody(story: Story, state: str) -> None:
    """An alert that Alertmanager keeps to itself is not fetched behind its back."""
    await live(story, reconciling_of(story), 90, [held(LABELS, state)])

    assert story.phone.rang == []


async def test_an_alert_that_was_inhibited_meanwhile_is_not_over(story: Story) -> None:
    """It is still held: its incident stays open."""
    await story.push(alert())
    await live(story, reconciling_of(story), 180, [held(LABELS, "suppressed")])

    assert story.incidents()[0].incident.state == "open"


@pytest.mark.parametrize("answer", [500, 404])
async def test_no_answer_is_no_end(story: Story, answer: int) -> None:
    """An Alertmanager that cannot answer says nothing about the alert."""
    await story.push(alert())
    await live(story, reconciling_of(story), 180, answer)

    assert story.incidents()[0].incident.state == "open"


async def test_without_the_watchdog_nothing_is_concluded(story: Story) -> None:
    """While Prometheus is gone, an empty list is no recovery."""
    await story.push(alert())
    reconciling = reconciling_of(story)
    for _ in range(20):
        story.clock.advance(15)
        await reconciling.step()
        await story.turn()

    assert story.incidents()[0].incident.state == "open"


async def test_another_teams_alert_is_not_fetched(story: Story) -> None:
    """It goes to their receiver of a shared Alertmanager: our people are not called for it."""
    theirs = held(LABELS) | {"receivers": [{"name": "other-team"}]}
    await live(story, reconciling_of(story), 90, [theirs])

    assert story.phone.rang == []


async def test_what_is_muted_at_this_hour_is_not_fetched(story: Story) -> None:
    """Its state is "active" all the same, and `mutedBy` says why it is not told."""
    muted = held(LABELS)
    muted["status"]["mutedBy"] = ["night"]
    await live(story, reconciling_of(story), 90, [muted])

    assert story.phone.rang == []


async def test_an_alertmanager_that_is_not_ours_ends_nothing(story: Story) -> None:
    """Its list lacks the Watchdog that we hear, so what else it lacks means nothing."""
    await story.push(alert())
    reconciling = reconciling_of(story)
    for _ in range(0, 180, 15):
        story.clock.advance(15)
        await story.push(alert("Watchdog", severity="none"))
        with respx.mock:
            respx.get(f"{URL}/api/v2/alerts").respond(json=[])
            await reconciling.step()
        await story.turn()

    assert story.phone.heard() == [("alice", "firing")]


async def test_a_watchdog_that_is_told_to_be_over_concludes_nothing(story: Story) -> None:
    """Prometheus is gone: Alertmanager forgets its alerts one by one, and that is no recovery."""
    await story.push(alert())
    reconciling = reconciling_of(story)
    for _ in range(0, 180, 15):
        story.clock.advance(15)
        await story.push(alert("Watchdog", severity="none", status="resolved"))
        await reconciling.step()
        await story.turn()

    assert story.phone.heard() == [("alice", "firing")]


async def test_the_same_alert_in_milliseconds_is_the_same(story: Story) -> None:
    """The API cuts the start that the webhook tells in nanoseconds: an end told by one is the end of the other."""
    start = "2026-11-22T12:00:00.123{}Z"
    await live(story, reconciling_of(story), 45, [held(LABELS) | {"startsAt": start.format("")}])
    await story.push(alert(status="resolved") | {"startsAt": start.format("456789")})

    assert story.phone.heard() == [("alice", "firing"), ("alice", "over")]


async def test_an_answer_that_comes_drop_by_drop_is_no_answer(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is given up in time, so that the Watchdog is looked after again."""
    monkeypatch.setattr(alertmanager_api, "TIMEOUT", 0.5)
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"
    async with peer(drips(head + b"[" * 1000, every=0.01)) as bad, asyncio.timeout(3):
        with pytest.raises(alertmanager_api.NoAnswer):
            await alertmanager_api.alerts(story.http, f"http://{bad.address}")


async def test_what_alertmanager_says_keeps_nobody_from_hearing_its_silence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An answer that nobody foresaw fails the comparison alone, and it shows that it fails."""
    receiver, again = Receiver(write_config(tmp_path, 8780, "http://127.0.0.1:9"), Hands()), asyncio.Event()
    looked, failed, compared = list[str](), asyncio.Event(), list[str]()

    async def ready() -> bool:
        return True

    async def fails() -> bool:
        compared.append("failed")
        if len(compared) == 2:
            failed.set()
        raise KeyError("labels")

    async def looks() -> bool:
        looked.append("watchdog")
        if len(looked) == 2:
            again.set()
        return False

    monkeypatch.setattr(receiver.presiding, "ready", ready)
    monkeypatch.setattr(receiver.reconciling, "step", fails)
    monkeypatch.setattr(receiver.watchdog, "step", looks)
    monkeypatch.setattr("streamwatch.loop.PAUSE", 0.01)
    async with receiver.http, receiver.looks, receiver.reconciler, receiver.watcher, asyncio.timeout(30):
        await again.wait()
        await failed.wait()
        assert "reconciling fails: KeyError" in receiver.troubles()


async def test_what_the_receiver_noticed_itself_is_not_alertmanagers_to_end(story: Story) -> None:
    """Prometheus is dead and Alertmanager still tells its Watchdog: that the list lacks our own alert is no end."""
    await story.push(alert(BY_RECEIVER, stream="all", procedure="monitoring"))
    await live(story, reconciling_of(story), 180, [])

    assert story.phone.heard() == [("alice", "firing")]


@pytest.mark.parametrize(
    "text", ["", "{}", "[", "]", "[1]", '["a"]', "[{}]", "null", '[{"fingerprint": 1}', "[[]]"]
)
async def test_what_is_no_list_of_alerts_is_no_answer(story: Story, text: str) -> None:
    """Nor is one that ends in the middle."""
    with respx.mock:
        respx.get(f"{URL}/api/v2/alerts").respond(text=text)
        with pytest.raises(alertmanager_api.NoAnswer):
            await alertmanager_api.alerts(story.http, URL)


async def test_thousands_of_alerts_hold_up_nobody(story: Story) -> None:
    """Those who post meanwhile wait for none of it; what was untold is folded in portions."""
    listed = [held({**LABELS, "stream": f"stream-{number}"}) for number in range(3000)]
    story.clock.advance(60)
    await story.push(alert("Watchdog", severity="none"))
    longest, busy = 0.0, asyncio.Event()

    async def post() -> None:
        nonlocal longest
        while not busy.is_set():
            before = time.thread_time()
            await asyncio.sleep(0)
            longest = max(longest, time.thread_time() - before)

    posting = asyncio.create_task(post())
    with respx.mock:
        respx.get(f"{URL}/api/v2/alerts").respond(json=[WATCHDOG, *listed])
        assert await reconciling_of(story).step()
    busy.set()
    await posting

    assert longest < 0.05
    assert story.store.inbox.waiting() == 3000 // 200
