"""Sets the stage for some faults: makes what their parts need, starts them, and strikes them again."""

import asyncio
import json
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from streamwatch.errors import CommandFailed
from streamwatch.stack.crew import Crew
from streamwatch.stack.first_start import find_binary
from streamwatch.stack.parts import Part
from streamwatch.stack.places import Places
from streamwatch.stack.stage import Stage
from streamwatch.stack.stage.certificates import certify, tls_server
from streamwatch.stack.stage.disk import node_exporter, small_disk, until_mounted
from streamwatch.stack.stage.obs_remote import ask
from streamwatch.stack.stage.publishers import encode, publisher
from streamwatch.stack.stage.server import server_config
from streamwatch.stack.stage.studio import furnish, obs, screen
from streamwatch.stack.stage.watched import point_prometheus, streams_config, take_away
from streamwatch.stack.stage.way import forget

CLIPS = {"black_picture": "black", "frozen_picture": "still", "silent_audio": "mute", "low_bitrate": "thin"}


class Setting:
    """One stage beside a running crew. `set` adds to what is there; `strike` takes all of it away."""

    def __init__(self, places: Places, crew: Crew) -> None:
        self.stage = Stage(places.run / "stage", places.secrets)
        self._crew = crew
        self._on: list[str] = []  # parts, in the order in which they were started

    async def set(self, acts: Mapping[str, str]) -> None:
        """*acts*: fault → stream. Raises `CommandFailed`."""
        before, self.stage.acts = dict(self.stage.acts), {**self.stage.acts, **acts}
        if self.stage.acts == before or all(stream == "demo" for stream in acts.values()):
            return
        self.stage.make()
        await asyncio.to_thread(self._make)
        self._start_server()
        for fault, stream in acts.items():
            if fault not in before:
                await self._act(fault, stream)
        await self._start_exporter()
        point_prometheus(self.stage)

    async def strike(self) -> None:
        """The exporter first: what it could no longer see would be told."""
        take_away(self.stage)
        await self._crew.dismiss("stage-exporter")
        await asyncio.gather(*map(self._crew.dismiss, self._on))
        self._on, self.stage.acts = [], {}

    def _make(self) -> None:
        clips = {"moving", *(CLIPS[fault] for fault in self.stage.acts if fault in CLIPS)}
        encode(self.stage, sorted(clips))
        if "certificate_expiring" in self.stage.acts:
            certify(self.stage)
        (self.stage.folder / "nginx.conf").write_text(server_config(self.stage))
        (self.stage.folder / "streams.yml").write_text(streams_config(self.stage))

    def _start_server(self) -> None:
        folder = self.stage.folder
        command = [
            find_binary("nginx", "nginx-light"),
            "-c",
            str(folder / "nginx.conf"),
            "-p",
            str(folder / "nginx"),
        ]
        self._start("stage-nginx", [*command, "-e", "stderr"])

    async def _act(self, fault: str, stream: str) -> None:
        """What this fault needs besides."""
        match fault:
            case "obs_stop":
                await self._open_studio()
            case "disk_full":
                self._start("stage-disk", small_disk(self.stage))
                holder = self._crew.running["stage-disk"].pid
                await until_mounted(self.stage, holder)
                self._start("stage-node", node_exporter(self.stage, holder))
            case "certificate_expiring":
                self._start("stage-tls", tls_server(self.stage))
            case "packet_loss":
                with suppress(CommandFailed):  # what another system loses now is told when this one is to
                    await forget()
            case "viewer_drop":
                self._gather_crowd(stream)
        if stream in self.stage.streams and fault != "obs_stop":
            self._start(f"publisher-{stream}", publisher(self.stage, stream))

    async def _open_studio(self) -> None:
        await asyncio.to_thread(furnish, self.stage)
        command, display = screen()
        self._start("stage-screen", command)
        self._start("stage-obs", obs(self.stage, display))
        await ask(self.stage.ports["obs"], self.stage.obs_password, "StartStream")

    def _gather_crowd(self, stream: str) -> None:
        place = {
            "stream": stream,
            "http": self.stage.ports["http"],
            "intake": f"http://127.0.0.1:{self.stage.ports['exporter']}/api/v1/chat/{stream}",
            "token": (self.stage.secrets / "chat_token").read_text(),
        }
        path = self.stage.folder / "crowd.json"
        path.touch(mode=0o600)
        path.write_text(json.dumps(place))
        self._start("stage-crowd", [sys.executable, "-m", "streamwatch.stack.stage.crowd", str(path)])

    async def _start_exporter(self) -> None:
        """Again, when there is one: it reads its streams at the start."""
        program = str(Path(sys.executable).parent / "streamwatch-exporter")
        if "stage-exporter" in self._on:
            await self._crew.restart("stage-exporter")
        self._start("stage-exporter", [program, "--config", str(self.stage.folder / "streams.yml")])

    def _start(self, name: str, command: list[str]) -> None:
        if name in self._on:
            return
        self._crew.parts[name] = Part(name, command, revives=True)
        self._crew.start(name)
        self._on.append(name)
