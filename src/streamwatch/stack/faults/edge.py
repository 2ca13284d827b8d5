"""Faults between the server and the viewers: nginx answers otherwise while a file says so (`stage/server.py`)."""

import shutil
from dataclasses import dataclass

from streamwatch.language import Text
from streamwatch.stack.faults.fault import Scene


@dataclass(frozen=True)
class Switched:
    """The stage's nginx does what *switch* is called, for one stream."""

    switch: str

    async def make(self, scene: Scene) -> None:
        scene.stage.switch(self.switch, scene.stream).touch()

    async def mend(self, scene: Scene) -> None:
        scene.stage.switch(self.switch, scene.stream).unlink(missing_ok=True)

    def lacks(self) -> Text | None:
        return None


@dataclass(frozen=True)
class Stalled:
    """The playlist of this moment is served from now on, as by a cache that no longer asks its origin."""

    async def make(self, scene: Scene) -> None:
        kept = scene.stage.switch("stalled", f"{scene.stream}.m3u8")
        shutil.copyfile(scene.stage.hls / f"{scene.stream}.m3u8", kept.with_suffix(".new"))
        kept.with_suffix(".new").replace(kept)

    async def mend(self, scene: Scene) -> None:
        scene.stage.switch("stalled", f"{scene.stream}.m3u8").unlink(missing_ok=True)

    def lacks(self) -> Text | None:
        return None
