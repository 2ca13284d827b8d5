"""Packets get lost on the way up: the kernel drops every eighth to the address that the stage's way leads over."""

import os
from dataclasses import dataclass

from streamwatch.language import Text
from streamwatch.stack.faults.fault import Scene
from streamwatch.stack.parts import Part
from streamwatch.stack.stage import way

HOLDER = "stage-loss"


@dataclass(frozen=True)
class Loss:
    async def make(self, scene: Scene) -> None:
        await way.forget()
        scene.crew.parts[HOLDER] = Part(HOLDER, way.loss(), revives=True)
        scene.crew.start(HOLDER)
        await way.until_lost()

    async def mend(self, scene: Scene) -> None:
        await scene.crew.dismiss(HOLDER)

    def lacks(self) -> Text | None:
        if os.geteuid() == 0:
            return None
        return Text(
            "丢包要由内核来做，需要 root：sudo make up", "only root may let the kernel lose packets: sudo make up"
        )
