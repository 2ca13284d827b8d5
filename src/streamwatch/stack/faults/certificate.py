"""A certificate that is served expires in a few days."""

from dataclasses import dataclass

from streamwatch.language import Text
from streamwatch.stack.faults.fault import Scene
from streamwatch.stack.stage.certificates import tls_server


@dataclass(frozen=True)
class Expiring:
    async def make(self, scene: Scene) -> None:
        scene.crew.breaks(scene.fault, "stage-tls")
        await scene.crew.restart("stage-tls", tls_server(scene.stage, "expiring"))

    async def mend(self, scene: Scene) -> None:
        await scene.crew.restart("stage-tls")

    def lacks(self) -> Text | None:
        return None
