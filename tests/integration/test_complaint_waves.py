"""One wave of complaints from its first minute to its end, on a clock that the test moves, and over a restart."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
import respx

from servers.story import Story, alert
from streamwatch.evidence import Evidence
from streamwatch.incidents.complaining import Complaining
from streamwatch.incidents.waves import Key
from streamwatch.store import Store
from streamwatch.store.acks import Ack
from streamwatch.store.complaints import STATES

URL = "http://127.0.0.1:9780"
STEP = timedelta(seconds=5).total_seconds()


@pytest.fixture
async def story(tmp_path: Path) -> AsyncIterator[Story]:
    story = Story(tmp_path)
    yield story
    await story.close()


def answer(users: int) -> httpx.Response:
    lag = {"category": "lag", "users": users, "samples": ["好卡啊"]}
    room = {"stream": "demo", "heard": True, "chatters": 100, "categories": [lag] if users else []}
    return httpx.Response(200, json={"streams": [room]})


def states(store: Store) -> list[tuple[str, int]]:
    return [(row.state, row.users) for row in store.complaints.read(STATES)]


async def test_from_the_first_minute_to_the_end(story: Story) -> None:
    """Nine people, then thirty; Bob takes it; a restart forgets nothing; he answers; a new wave is a new entry."""
    async with httpx.AsyncClient() as http:

        async def hear(reply: httpx.Response | Exception, seconds: float = STEP) -> list[tuple[str, int]]:
            story.clock.advance(seconds)
            hearing = Complaining(story.store, Evidence(http, URL, "token"), story.clock)
            with respx.mock:
                respx.get(f"{URL}/api/v1/chat").mock(side_effect=[reply])
                await hearing.step()
            return states(story.store)

        assert await hear(answer(4)) == []
        assert await hear(answer(9)) == [("open", 9)]
        assert await hear(answer(30)) == [("open", 30)]
        (entry,) = story.store.complaints.live()
        assert story.store.complaints.take(entry.id, "bob", story.clock()) is Ack.DONE
        await story.restart()
        (kept,) = story.store.complaints.read(STATES)
        assert (kept.state, kept.taken_by, kept.users) == ("taken", "bob", 30)
        assert await hear(httpx.ConnectError("away"), 600) == [("taken", 30)]  # nobody knows: nothing is quiet
        assert story.store.complaints.answer(entry.id, "bob", "told", story.clock()) is Ack.DONE
        assert await hear(answer(8)) == [("answered", 30)]  # of the same wave
        assert await hear(answer(0), 121) == [("answered", 30)]
        assert story.store.complaints.live() == []
        assert await hear(answer(6)) == [("open", 6), ("answered", 30)]
        assert await hear(answer(0), 121) == [("quiet", 6), ("answered", 30)]


async def test_what_an_interruption_explains_is_linked_with_it(story: Story) -> None:
    """Whoever answers viewers sees which incident it is; nobody is called for it."""
    await story.push(alert(stream="demo"))
    with respx.mock:
        respx.get(f"{URL}/api/v1/chat").mock(side_effect=[answer(7)])
        respx.get(url__regex=r".*/samples").mock(return_value=httpx.Response(404))
        async with httpx.AsyncClient() as http:
            await Complaining(story.store, Evidence(http, URL, "token"), story.clock).step()
    (entry,) = story.store.complaints.read(STATES)
    (record,) = story.incidents()
    assert (entry.stream, entry.category, entry.incident_id) == (*Key("demo", "lag"), record.incident.id)
    assert record.incident.procedure == "stream_interruption"


async def test_many_open_incidents_hide_none(story: Story) -> None:
    """In a storm of other streams the complaints still belong to the interruption of their own."""
    await story.push(alert(stream="demo"))
    await story.push(*(alert(stream=f"other-{number}") for number in range(30)))
    with respx.mock:
        respx.get(f"{URL}/api/v1/chat").mock(side_effect=[answer(7)])
        respx.get(url__regex=r".*/samples").mock(return_value=httpx.Response(404))
        async with httpx.AsyncClient() as http:
            await Complaining(story.store, Evidence(http, URL, "token"), story.clock).step()

    (entry,) = story.store.complaints.read(STATES)
    assert (entry.stream, entry.incident_id) == ("demo", 1)
