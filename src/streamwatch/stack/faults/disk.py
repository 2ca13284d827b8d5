"""A disk is full to the last byte: a small one of the stage, so that nothing else suffers."""

import asyncio
import os
from dataclasses import dataclass
from pathlib import Path

from streamwatch.language import Text
from streamwatch.stack.faults.fault import Scene
from streamwatch.stack.stage.disk import SMALL, seen_by

FILLER = "filler"


@dataclass(frozen=True)
class Filled:
    async def make(self, scene: Scene) -> None:
        await asyncio.to_thread(_fill, _disk(scene))

    async def mend(self, scene: Scene) -> None:
        (_disk(scene) / FILLER).unlink(missing_ok=True)

    def lacks(self) -> Text | None:
        if os.geteuid() == 0:
            return None
        return Text("挂载小磁盘需要 root：sudo make up", "only root may mount a small disk: sudo make up")


def _disk(scene: Scene) -> Path:
    """As it is seen in the mount namespace of the part that holds it."""
    return seen_by(scene.crew.running["stage-disk"].pid, scene.stage)


def _fill(disk: Path) -> None:
    room = os.statvfs(disk)
    if room.f_blocks * room.f_frsize > SMALL:
        raise OSError("this is not the small disk")
    with (disk / FILLER).open("ab", buffering=0) as filler:
        for piece in (65536, 1024):
            try:
                while True:
                    filler.write(b"\0" * piece)
            except OSError:
                continue
