"""What viewers do: sixty of three hundred complain, or most of those who watch leave."""

import json
import signal
from dataclasses import dataclass
from datetime import UTC, datetime

import httpx

from streamwatch.errors import CommandFailed
from streamwatch.language import Text
from streamwatch.stack.faults.fault import Scene

CHATTERS, COMPLAINING = 300, 60
TEXTS = ("好卡啊", "一直转圈", "卡死了", "怎么这么卡")


@dataclass(frozen=True)
class Storm:
    """They stop when they have been heard: there is nothing to mend."""

    async def make(self, scene: Scene) -> None:
        told = datetime.now(UTC).isoformat()
        lines = [{"user": f"viewer-{n}", "text": "今天讲什么", "id": f"{told}-t-{n}"} for n in range(CHATTERS)]
        lines += [
            {"user": f"viewer-{n}", "text": TEXTS[n % len(TEXTS)], "id": f"{told}-c-{n}"}
            for n in range(COMPLAINING)
        ]
        await _say(scene, lines)

    async def mend(self, scene: Scene) -> None:
        return None

    def lacks(self) -> Text | None:
        return None


@dataclass(frozen=True)
class Leave:
    """Real connections are closed, and opened again."""

    async def make(self, scene: Scene) -> None:
        scene.crew.signal("stage-crowd", signal.SIGUSR1)

    async def mend(self, scene: Scene) -> None:
        scene.crew.signal("stage-crowd", signal.SIGUSR2)

    def lacks(self) -> Text | None:
        return None


async def _say(scene: Scene, lines: list[dict[str, str]]) -> None:
    body = "\n".join(json.dumps(line, ensure_ascii=False) for line in lines).encode()
    token = (scene.places.secrets / "chat_token").read_text()
    url = f"http://127.0.0.1:{scene.ports['exporter']}/api/v1/chat/{scene.stream}"
    try:
        async with httpx.AsyncClient() as http:
            reply = await http.post(url, content=body, headers={"Authorization": f"Bearer {token}"}, timeout=10)
        reply.raise_for_status()
    except httpx.HTTPError as error:
        raise CommandFailed(f"the chat intake took nothing ({type(error).__name__})") from error
