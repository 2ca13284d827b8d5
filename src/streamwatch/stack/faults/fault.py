"""What a fault is: something that is done to the running system for real, and undone."""

import asyncio
import socket
from dataclasses import dataclass
from typing import Protocol

from streamwatch.errors import CommandFailed
from streamwatch.language import Text
from streamwatch.stack.crew import Crew
from streamwatch.stack.places import Places
from streamwatch.stack.ports import Ports
from streamwatch.stack.stage import Stage

ANSWERS_WITHIN = 20.0  # seconds for a server that was started again


@dataclass(frozen=True)
class Scene:
    """Where a fault is made: the parts, the stage that was set for it, and the stream that suffers."""

    fault: str
    stream: str
    crew: Crew
    stage: Stage
    places: Places
    ports: Ports

    @property
    def publisher(self) -> str:
        """The part that publishes the stream."""
        return "publisher" if self.stream == "demo" else f"publisher-{self.stream}"

    async def until_answers(self, port: int) -> None:
        """Raises `CommandFailed` when nobody listens there for so long."""
        for _ in range(int(ANSWERS_WITHIN / 0.1)):
            with socket.socket() as attempt:
                if attempt.connect_ex(("127.0.0.1", port)) == 0:
                    return
            await asyncio.sleep(0.1)
        raise CommandFailed(f"nothing answers at port {port}")


class Fault(Protocol):
    """`make` breaks, `mend` repairs; both raise `CommandFailed`. `lacks` says what this machine must have first."""

    async def make(self, scene: Scene) -> None: ...

    async def mend(self, scene: Scene) -> None: ...

    def lacks(self) -> Text | None: ...
