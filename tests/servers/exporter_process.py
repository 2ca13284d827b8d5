"""The exporter as a process of its own, for receivers that run as one: its chat rooms, and whoever writes there."""

import json
import subprocess
from pathlib import Path

import httpx

from servers.free_port import free_port
from servers.receiver import STREAMWATCH, until

CHAT_TOKEN = "token-of-the-chat"


class ExporterProcess:
    """`streamwatch-exporter` with a chat room for each of *streams*."""

    def __init__(self, folder: Path, *streams: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        port = free_port()
        rooms = ", ".join(f"{{id: {stream}, chat: {{}}}}" for stream in streams)
        (folder / "chat_token").write_text(CHAT_TOKEN)
        config = folder / "streams.yml"
        config.write_text(
            f"listen: 127.0.0.1:{port}\nchat: {{token_file: chat_token}}\nstreams: [{rooms}]\n", encoding="utf-8"
        )
        self.url = f"http://127.0.0.1:{port}"
        self.settings = {"url": self.url, "token_file": str(folder / "chat_token")}  # for duty.yml
        with (folder / "exporter.log").open("wb") as log:
            command = [STREAMWATCH.with_name("streamwatch-exporter"), "--config", config]
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        until(self._ready, 60)

    def say(self, stream: str, text: str, people: int, first: int = 0) -> None:
        """Each of *people* writes it once; *first* is the number of the first of them."""
        said = [{"user": f"user-{first + each}", "text": text, "platform": "douyin"} for each in range(people)]
        headers = {"Authorization": f"Bearer {CHAT_TOKEN}"}
        body = json.dumps(said, ensure_ascii=False)
        httpx.post(f"{self.url}/api/v1/chat/{stream}", content=body, headers=headers).raise_for_status()

    def close(self) -> None:
        self._process.terminate()
        self._process.wait(30)

    def _ready(self) -> bool:
        assert self._process.poll() is None
        try:
            return httpx.get(f"{self.url}/-/healthy").is_success
        except httpx.TransportError:
            return False
