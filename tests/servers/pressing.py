"""A receiver's story in which people answer by buttons: pages out, presses in, over a stand-in of the service."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from servers.story import Story, book, person
from streamwatch.access.listening import Ear, Listening
from streamwatch.access.pressing import Pressing
from streamwatch.channels import ChannelSettings, open_channels, open_listeners
from streamwatch.duty import Contact


class ButtonStory:
    """Alice, Bob and Charlie over the channel `chat`, by their accounts in *cast*."""

    def __init__(self, folder: Path, settings: Mapping[str, Any], cast: Mapping[str, str]) -> None:
        people = tuple(replace(person(name), contacts=(Contact("chat", to),)) for name, to in cast.items())
        self.story = Story(folder, book(people, {"tech": tuple(cast), "ops": tuple(cast)}))
        self.presides = True
        self.configure(settings)

    def configure(self, settings: Mapping[str, Any]) -> None:
        """These channels, before anybody listens."""
        self.settings = TypeAdapter[Any](dict[str, ChannelSettings]).validate_python(dict(settings))
        self.pools = {name: each.of for name, each in self.settings.items() if each.type == "pool"}
        self.open()

    def open(self) -> None:
        """The channels of the configuration, and a new ear."""
        story = self.story
        story.phones.clear()
        story.phones.update(open_channels(self.settings, story.http, story.clock))  # type: ignore[arg-type]
        listeners = open_listeners(self.settings, story.http, story.clock)
        pressing = Pressing(
            story.store, story.buttons, lambda: story.book, lambda: self.pools, story.clock, story.metrics
        )
        ear = partial(Ear, pressing=pressing, store=story.store, clock=story.clock, up=story.metrics.listener_up)
        self.listening = Listening(lambda: listeners, self._presiding, ear)

    async def _presiding(self) -> bool:
        return self.presides

    async def restart(self) -> None:
        """As after kill -9: what was not written is gone."""
        await self.listening.stop()
        await self.story.restart()
        self.open()

    async def listen(self) -> None:
        """Until the service said yes."""
        await self.listening.step()
        await self.until(lambda: self.up() == 1)

    def up(self, channel: str = "chat") -> float | None:
        return self.story.metrics.registry.get_sample_value("streamwatch_listener_up", {"channel": channel})

    def results(self) -> dict[str, int]:
        """How many presses had which result."""
        samples = next(iter(self.story.metrics.presses.collect())).samples
        counted = [each for each in samples if each.name.endswith("_total")]
        return {each.labels["result"]: int(each.value) for each in counted}

    async def until(self, look: Callable[[], object]) -> None:
        """The deadline is for failures only."""
        async with asyncio.timeout(60):
            while not look():  # noqa: ASYNC110  # the other side is a thread
                await asyncio.sleep(0.01)

    def state(self, incident: int = 1) -> tuple[str, str | None]:
        row = self.story.store.journal.headline(incident)
        assert row is not None
        return row.state, row.acknowledged_by

    def acks(self, incident: int = 1) -> list[tuple[str, str, str]]:
        """Who acknowledged, over which channel, in which words."""
        record = self.story.store.journal.incident(incident)
        assert record is not None
        rows = [each for each in record.timeline if each.kind == "acknowledged"]
        return [(each.person, each.channel, each.text_en) for each in rows]

    async def close(self) -> None:
        await self.listening.stop()
        await self.story.close()
