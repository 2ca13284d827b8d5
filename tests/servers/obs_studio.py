"""A real OBS Studio without a screen, on a virtual X server of its own, that publishes when it is told to."""

import asyncio
import json
import os
import select
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import aiohttp
from pydantic import SecretStr

from servers.free_port import free_port
from streamwatch_exporters.obs import ws_url
from streamwatch_exporters.obs_websocket import Events, Request, connected
from streamwatch_exporters.probe import ProbeFailed

PASSWORD = "password-of-the-test"
SCENE, EMPTY = "Scene", "Empty"

_GLOBAL = """[General]
FirstRun=true
EnableAutoUpdates=false
[Basic]
Profile=Untitled
ProfileDir=Untitled
SceneCollection=Untitled
SceneCollectionFile=Untitled
[OBSWebSocket]
FirstLoad=false
ServerEnabled=true
ServerPort={port}
AlertsEnabled=false
AuthRequired=true
ServerPassword={password}
"""
_PROFILE = """[General]
Name=Untitled
[Output]
Mode=Simple
Reconnect=true
RetryDelay=1
MaxRetries=20
[SimpleOutput]
FilePath={folder}
StreamEncoder=x264
VBitrate=200
ABitrate=64
Preset=ultrafast
UseAdvanced=true
x264Settings=keyint=20
[Video]
BaseCX=320
BaseCY=180
OutputCX=320
OutputCY=180
FPSType=0
FPSCommon=10
"""


class ObsStudio:
    """One OBS. `address` is its WebSocket; it publishes to *publish_url*, whose last part is the stream key."""

    def __init__(self, folder: Path, publish_url: str) -> None:
        self.folder, self._publish_url = folder, publish_url
        self.port = free_port()
        self.address = f"127.0.0.1:{self.port}"
        self._screen: subprocess.Popen[bytes] | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start; whoever connects waits for it."""
        self._prepare()
        if self._screen is None:
            self._screen, display = _virtual_screen()
            self._environment = self._surroundings(display)
        with (self.folder / "obs.log").open("ab") as log:
            self._process = subprocess.Popen(
                ["obs", "--multi", "--minimize-to-tray", "--disable-updater"],
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    async def ask(self, type_: str, **data: Any) -> dict[str, Any]:
        """One request, made as soon as OBS takes it, and its answer; fails when OBS refuses it for good."""
        deadline = time.monotonic() + 20
        async with aiohttp.ClientSession() as session:
            while True:
                try:
                    return await self._ask_once(session, Request(type_, data))
                except ProbeFailed:
                    if time.monotonic() > deadline:
                        raise
                    await asyncio.sleep(0.1)

    async def _ask_once(self, session: aiohttp.ClientSession, request: Request) -> dict[str, Any]:
        url = ws_url(SecretStr(self.address))
        async with connected(session, url, PASSWORD, events=Events(0), on_event=_ignored, within=5) as connection:
            (result,) = await connection.batch([request])
            if not result.good:
                raise ProbeFailed("protocol", f"OBS refused {request.type}")
            return result.data

    async def play(self, clip: Path) -> None:
        """Put *clip* on air, over and over; the scene `EMPTY` stands beside it. Twice is as good as once."""
        listed = await self.ask("GetInputList")
        if not any(each["inputName"] == "Clip" for each in listed["inputs"]):
            settings = {"local_file": str(clip), "looping": True, "is_local_file": True}
            source = {"inputName": "Clip", "inputKind": "ffmpeg_source", "inputSettings": settings}
            await self.ask("CreateInput", sceneName=SCENE, **source)
        scenes = (await self.ask("GetSceneList"))["scenes"]
        if not any(each["sceneName"] == EMPTY for each in scenes):
            await self.ask("CreateScene", sceneName=EMPTY)
        await self.show(SCENE)

    async def show(self, scene: str) -> None:
        await self.ask("SetCurrentProgramScene", sceneName=scene)

    def freeze(self) -> None:
        """Hang: its connections stand, nothing comes over them."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        assert self._process is not None, "OBS does not run"
        self._process.send_signal(number)

    def kill(self) -> None:
        """Crash: the connection is gone at once."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(10)
            self._process = None

    def stop(self) -> None:
        """End it, and its screen."""
        self.kill()
        if self._screen is not None:
            self._screen.terminate()
            self._screen.wait(10)
            self._screen = None

    def _surroundings(self, display: str) -> dict[str, str]:
        """Nothing of the user's own desktop: no settings, no session bus, no sound server."""
        runtime = self.folder / "run"
        runtime.mkdir(mode=0o700, exist_ok=True)
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "XDG_CONFIG_HOME": str(self.folder),
            "XDG_RUNTIME_DIR": str(runtime),
            "DISPLAY": display,
            "LANG": "C.UTF-8",
            "LIBGL_ALWAYS_SOFTWARE": "1",
            "QT_QPA_PLATFORM": "xcb",
        }

    def _prepare(self) -> None:
        profile = self.folder / "obs-studio" / "basic" / "profiles" / "Untitled"
        profile.mkdir(parents=True, exist_ok=True)
        text = _GLOBAL.format(port=self.port, password=PASSWORD)
        (self.folder / "obs-studio" / "global.ini").write_text(text)
        (profile / "basic.ini").write_text(_PROFILE.format(folder=self.folder))
        server, _, key = self._publish_url.rpartition("/")
        service = {"type": "rtmp_custom", "settings": {"server": server, "key": key, "use_auth": False}}
        (profile / "service.json").write_text(json.dumps(service))


def _ignored(kind: str, data: dict[str, Any]) -> None:
    """Requests are made without events."""


def _virtual_screen() -> tuple[subprocess.Popen[bytes], str]:
    """An X server that chose a free number for itself, and its name."""
    reading, writing = os.pipe()
    try:
        screen = subprocess.Popen(
            ["Xvfb", "-displayfd", str(writing), "-screen", "0", "640x480x24", "-nolisten", "tcp"],
            pass_fds=[writing],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(writing)
        number, deadline = b"", time.monotonic() + 15
        while not number.endswith(b"\n"):
            if not select.select([reading], [], [], max(0, deadline - time.monotonic()))[0]:
                break
            chunk = os.read(reading, 16)
            if not chunk:
                break
            number += chunk
    finally:
        os.close(reading)
    if not number.endswith(b"\n"):
        screen.kill()
        screen.wait(10)
        raise RuntimeError("the virtual X server did not start")
    return screen, f":{number.decode().strip()}"


@contextmanager
def obs_studio(folder: Path, publish_url: str) -> Iterator[ObsStudio]:
    """A running OBS, ended with the block."""
    obs = ObsStudio(folder, publish_url)
    try:
        obs.start()
        yield obs
    finally:
        obs.stop()
