"""A webhook is only how alerts travel: what its head says of the group, and what it left out, decides nothing."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import respx

from servers.story import NOON, Story, alert, webhook
from streamwatch.alert import fingerprint_of
from streamwatch.intake.alertmanager import read
from streamwatch.watching.reconciling import Reconciling

URL = "http://127.0.0.1:9093"


@pytest.fixture
async def story(tmp_path: Path) -> AsyncIterator[Story]:
    story = Story(tmp_path)
    yield story
    await story.close()


async def post(story: Story, *alerts: dict[str, object], **head: object) -> None:
    body = json.dumps({**json.loads(webhook(*alerts)), **head}).encode()
    await story.store.inbox.accept("alertmanager", body, story.clock(), read(body).urgent)
    await story.turn()


@pytest.mark.parametrize("head", ["firing", "resolved"])
async def test_each_alert_of_a_group_has_its_own_state(story: Story, head: str) -> None:
    """One group, two streams: the first begins, then ends while the second begins, whatever the head says."""
    await post(story, alert(stream="first"), status=head)
    await post(story, alert(stream="first", status="resolved"), alert(stream="second"), status=head)

    told = [(message.stream, message.kind) for _, message in story.phone.rang]
    assert (told[0], set(told[1:])) == (("first", "firing"), {("first", "over"), ("second", "firing")})
    assert len(told) == 3
    assert [each.incident.state for each in story.incidents()] == ["resolved", "open"]


async def test_an_alert_that_a_group_left_out_is_fetched(story: Story) -> None:
    """`max_alerts` cut the group after the first stream: Alice is called for the second one too, and once."""
    first, second = alert(stream="first"), alert(stream="second")
    await post(story, first, truncatedAlerts=1)
    assert [message.stream for _, message in story.phone.rang] == ["first"]

    reconciling = Reconciling(story.store, story.http, lambda: URL, story.clock)
    watchdog = alert("Watchdog", severity="none")
    for _ in range(0, 120, 15):
        story.clock.advance(15)
        await post(story, watchdog)
        with respx.mock:
            respx.get(f"{URL}/api/v2/alerts").respond(json=[held(each) for each in (watchdog, first, second)])
            await reconciling.step()
        await story.turn()

    assert [message.stream for _, message in story.phone.rang] == ["first", "second"]


def held(given: dict[str, Any]) -> dict[str, Any]:
    """As `GET /api/v2/alerts` lists it."""
    return {
        "labels": given["labels"],
        "annotations": given["annotations"],
        "startsAt": given["startsAt"],
        "endsAt": (NOON + timedelta(hours=1)).isoformat(),
        "fingerprint": fingerprint_of(given["labels"]),
        "receivers": [{"name": "streamwatch"}],
        "status": {"state": "active", "silencedBy": [], "inhibitedBy": []},
    }
