"""The stage's OBS Studio: a real one, without a screen, with settings of its own."""

import json
import os
import secrets
from pathlib import Path

from streamwatch.stack.first_start import find_binary
from streamwatch.stack.stage import Stage

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
VBitrate=100
ABitrate=64
Preset=ultrafast
UseAdvanced=true
x264Settings=keyint=10
[Video]
BaseCX=320
BaseCY=180
OutputCX=320
OutputCY=180
FPSType=0
FPSCommon=10
"""

LOCK = "/tmp/.X{}-lock"  # noqa: S108  # where X servers keep theirs


def furnish(stage: Stage) -> None:
    """Settings that publish the stream of `obs_stop`, and a password that nobody has seen."""
    folder = stage.folder / "studio"
    password = stage.secrets / "obs_password"
    if not password.exists():
        with os.fdopen(os.open(password, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(16))
    profile = folder / "obs-studio" / "basic" / "profiles" / "Untitled"
    profile.mkdir(parents=True, exist_ok=True)
    (folder / "run").mkdir(mode=0o700, exist_ok=True)
    text = _GLOBAL.format(port=stage.ports["obs"], password=stage.obs_password)
    (folder / "obs-studio" / "global.ini").write_text(text)
    (profile / "basic.ini").write_text(_PROFILE.format(folder=folder))
    settings = {"server": f"rtmp://127.0.0.1:{stage.ports['rtmp']}/live", "key": stage.acts["obs_stop"]}
    service = {"type": "rtmp_custom", "settings": {**settings, "use_auth": False}}
    (profile / "service.json").write_text(json.dumps(service))


def screen() -> tuple[list[str], str]:
    """The command of a virtual X server, and its name: the first number from 90 on that nobody has."""
    number = next(each for each in range(90, 500) if not Path(LOCK.format(each)).exists())
    options = ["-screen", "0", "640x480x24", "-nolisten", "tcp"]
    return [find_binary("Xvfb", "xvfb"), f":{number}", *options], f":{number}"


def obs(stage: Stage, display: str) -> list[str]:
    """The command of OBS: nothing of the user's own desktop, no settings, no session bus, no sound server."""
    folder = stage.folder / "studio"
    surroundings = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "XDG_CONFIG_HOME": str(folder),
        "XDG_RUNTIME_DIR": str(folder / "run"),
        "DISPLAY": display,
        "LANG": "C.UTF-8",
        "LIBGL_ALWAYS_SOFTWARE": "1",
        "QT_QPA_PLATFORM": "xcb",
    }
    program = [find_binary("obs", "obs-studio"), "--multi", "--minimize-to-tray", "--disable-updater"]
    return [
        find_binary("env", "coreutils"),
        "-i",
        *(f"{key}={value}" for key, value in surroundings.items()),
        *program,
    ]
