"""Faults of a process: it is gone, it hangs, or it sends something else."""

import signal
from dataclasses import dataclass

from streamwatch.language import Text
from streamwatch.stack.faults.fault import Scene
from streamwatch.stack.stage.publishers import publisher

PUBLISHER = "publisher"  # the one of the stream


@dataclass(frozen=True)
class Killed:
    """*part* ends at once, as in a crash; it is started again. *with_it* are those that cannot live without it."""

    part: str
    with_it: str | None = None
    port: str | None = None  # answers before those that need it are started again

    async def make(self, scene: Scene) -> None:
        names = [self._name(scene, each) for each in (self.part, self.with_it) if each is not None]
        scene.crew.breaks(scene.fault, *names)
        scene.crew.running[names[0]].crash()

    async def mend(self, scene: Scene) -> None:
        await scene.crew.restart(self._name(scene, self.part))
        if self.port is not None:
            await scene.until_answers(scene.ports[self.port])
        if self.with_it is not None:
            await scene.crew.restart(self._name(scene, self.with_it))

    def lacks(self) -> Text | None:
        return None

    def _name(self, scene: Scene, part: str) -> str:
        return scene.publisher if part == PUBLISHER else part


@dataclass(frozen=True)
class Frozen:
    """The publisher hangs: its connection stands, and nothing comes over it."""

    async def make(self, scene: Scene) -> None:
        scene.crew.breaks(scene.fault, scene.publisher)
        scene.crew.signal(scene.publisher, signal.SIGSTOP)

    async def mend(self, scene: Scene) -> None:
        if scene.crew.running[scene.publisher].ended is None:
            scene.crew.signal(scene.publisher, signal.SIGCONT)
        else:
            scene.crew.start(scene.publisher)

    def lacks(self) -> Text | None:
        return None


@dataclass(frozen=True)
class Sends:
    """The encoder is set to send something else: another clip, or the same with too few bits."""

    clip: str

    async def make(self, scene: Scene) -> None:
        scene.crew.breaks(scene.fault, scene.publisher)
        await scene.crew.restart(scene.publisher, publisher(scene.stage, scene.stream, self.clip))

    async def mend(self, scene: Scene) -> None:
        await scene.crew.restart(scene.publisher)

    def lacks(self) -> Text | None:
        return None
