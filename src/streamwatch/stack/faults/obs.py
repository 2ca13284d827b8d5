"""Somebody presses Stop Streaming in OBS Studio."""

from dataclasses import dataclass

from streamwatch.language import Text
from streamwatch.stack.faults.fault import Scene
from streamwatch.stack.first_start import is_there
from streamwatch.stack.stage.obs_remote import ask

PROGRAMS = ("obs", "Xvfb")


@dataclass(frozen=True)
class ObsStops:
    async def make(self, scene: Scene) -> None:
        await ask(scene.stage.ports["obs"], scene.stage.obs_password, "StopStream")

    async def mend(self, scene: Scene) -> None:
        await ask(scene.stage.ports["obs"], scene.stage.obs_password, "StartStream")

    def lacks(self) -> Text | None:
        if all(map(is_there, PROGRAMS)):
            return None
        install = "apt-get install obs-studio obs-plugins xvfb libgl1-mesa-dri"
        return Text(f"没有 OBS Studio，请先安装：{install}", f"there is no OBS Studio. Install it: {install}")
