"""Probe `obs`: what OBS Studio knows of the stream it sends. The watcher built on it is in `obs_watcher`.

OBS counts three kinds of lost frames, which have three causes and are never added up: `lagged` (drawing took too
long: the graphics card), `video_skipped` (the encoder was too slow: the processor), `dropped` (the network).
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import AfterValidator, Field, SecretStr
from pydantic_core import PydanticCustomError
from yarl import URL

from streamwatch_exporters.obs_picture import PICTURE, read_picture
from streamwatch_exporters.obs_websocket import Data, ObsConnection, Request, Result
from streamwatch_exporters.probe import Answer, ProbeFailed
from streamwatch_exporters.repeating import Key, RepeatedSettings, Values
from streamwatch_exporters.settings import SecretFile

_MIB = 1024 * 1024
_TEN_YEARS = 10 * 365 * 86400.0  # seconds: OBS has been seen to tell durations of many thousand years
_MAX_OUTPUTS = 16
_MAX_INPUTS = 64
_MAX_LABEL = 64  # characters
_RTMP = "rtmp_output"


def ws_url(address: SecretStr) -> URL:
    """Where the WebSocket of `host:port` is. Raises ValueError."""
    url = URL(f"ws://{address.get_secret_value()}/")
    if url.host is None or url.explicit_port is None or url.relative() != URL("/") or url.user:
        raise ValueError("host:port is expected")
    return url


def _address(address: SecretStr) -> SecretStr:
    try:
        ws_url(address)
    except ValueError as exc:
        raise PydanticCustomError("listen", "host:port is expected") from exc
    return address


class ObsSettings(RepeatedSettings):
    """Where OBS listens, `host:port`; volume meters and pictures of the program only when asked for."""

    address: Annotated[SecretStr, AfterValidator(_address)]
    password_file: SecretFile | None = None
    interval: float = Field(1.0, ge=0.2, le=3600)
    levels: bool = False
    screenshots: bool = False

    @property
    def password(self) -> str | None:
        return self.password_file.get_secret_value() if self.password_file else None


@dataclass(frozen=True)
class Seen:
    """What one look found."""

    streaming: bool
    reconnecting: bool
    values: Values
    picture: bytes | None = None

    def described(self) -> tuple[Answer, str]:
        if self.reconnecting:
            return Answer.BAD, "OBS lost its ingest server and reconnects"
        return (Answer.OK, "OBS is streaming") if self.streaming else (Answer.BAD, "OBS is not streaming")


_ALWAYS = [
    Request(f"Get{name}")
    for name in ("Stats", "StreamStatus", "RecordStatus", "OutputList", "InputList", "CurrentProgramScene")
]


async def look(connection: ObsConnection, *, screenshot: bool) -> Seen:
    """Ask for everything, in two round trips: what there is, then each of it. Raises `ProbeFailed`."""
    stats, stream, record, listed, inputs, scene = await connection.batch(_ALWAYS)
    if not (stats.good and stream.good and record.good):
        raise ProbeFailed("protocol", "OBS is there, but not ready to tell its state")
    kinds = _outputs(listed.data)
    names = _inputs(inputs.data)
    program = scene.data.get("currentProgramSceneName")
    asked = [Request("GetOutputStatus", {"outputName": name}) for name in kinds]
    asked += [Request("GetInputMute", {"inputName": name}) for name in names]
    if screenshot and isinstance(program, str):
        asked.append(Request("GetSourceScreenshot", {"sourceName": program, **PICTURE}))
    answers = await connection.batch(asked)
    values: dict[Key, float] = dict(_numbers(stats.data, _STATS))
    values.update(_switches(stream.data, record.data))
    if isinstance(program, str):
        values["obs_scene_info", label(program)] = 1.0
    for (name, kind), result in zip(kinds.items(), answers, strict=False):
        values.update(_output_values(name, kind, result))
    for name, result in zip(names, answers[len(kinds) :], strict=False):
        if isinstance(muted := result.data.get("inputMuted"), bool):  # refused for inputs without sound
            values["obs_input_muted", label(name)] = float(muted)
    picture = read_picture(answers[-1].data) if len(answers) > len(kinds) + len(names) else None
    streaming, reconnecting = stream.data.get("outputActive"), stream.data.get("outputReconnecting")
    return Seen(streaming is True, reconnecting is True, values, picture)


async def look_at_version(connection: ObsConnection) -> Values:
    """What does not change while a connection stands."""
    (version,) = await connection.batch([Request("GetVersion")])
    told = (version.data.get(key) for key in ("obsVersion", "obsWebSocketVersion", "platform"))
    return {("obs_info", *(label(each) if isinstance(each, str) else "" for each in told)): 1.0}


def label(name: str) -> str:
    """A name in OBS as a label: short, and without the half characters that JSON lets pass."""
    return name[:_MAX_LABEL].encode("utf-8", "replace").decode()


_STATS: dict[str, tuple[str, float]] = {
    "activeFps": ("obs_global_active_fps", 1.0),
    "averageFrameRenderTime": ("obs_average_frame_render_seconds", 1e-3),
    "cpuUsage": ("obs_cpu_usage_ratio", 1e-2),
    "memoryUsage": ("obs_memory_bytes", _MIB),
    "availableDiskSpace": ("obs_disk_available_bytes", _MIB),  # 0 also without the folder: no recording either
    "renderTotalFrames": ("obs_global_frames", 1.0),
    "renderSkippedFrames": ("obs_global_lagged_frames", 1.0),
    "outputTotalFrames": ("obs_global_video_frames", 1.0),
    "outputSkippedFrames": ("obs_global_video_skipped_frames", 1.0),
}
_OUTPUT: dict[str, tuple[str, float]] = {
    "outputCongestion": ("obs_output_congestion", 1.0),
    "outputDuration": ("obs_output_duration_seconds", 1e-3),
    "outputBytes": ("obs_output_bytes", 1.0),
    "outputTotalFrames": ("obs_output_frames", 1.0),
    "outputSkippedFrames": ("obs_output_dropped_frames", 1.0),
}


def _numbers(data: Data, wanted: dict[str, tuple[str, float]], *labels: str) -> Iterator[tuple[Key, float]]:
    for key, (name, scale) in wanted.items():
        number = _number(data.get(key), scale)
        if number is not None:
            yield (name, *labels), number


def _number(value: Any, scale: float) -> float | None:
    """A number as it can be: finite and not below zero."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value) * scale
    except OverflowError:
        return None
    return number if math.isfinite(number) and number >= 0 else None


def _switches(stream: Data, record: Data) -> Iterator[tuple[Key, float]]:
    found = {
        "obs_streaming": stream.get("outputActive"),
        "obs_recording": record.get("outputActive"),
        "obs_recording_paused": record.get("outputPaused"),
    }
    for name, value in found.items():
        if isinstance(value, bool):
            yield (name,), float(value)


def _output_values(name: str, kind: str, result: Result) -> Iterator[tuple[Key, float]]:
    """Nothing for an output that vanished since it was listed."""
    labels = (label(kind), label(name))
    for key, metric in (("outputActive", "obs_output_active"), ("outputReconnecting", "obs_output_reconnecting")):
        if isinstance(value := result.data.get(key), bool):
            yield (metric, *labels), float(value)
    for found, number in _numbers(result.data, _OUTPUT, *labels):
        absurd = found[0] == "obs_output_duration_seconds" and number >= _TEN_YEARS
        # Only the RTMP output measures congestion; the others say 0 whatever happens.
        unmeasured = found[0] == "obs_output_congestion" and kind != _RTMP
        if not absurd and not unmeasured:
            yield found, number


def _outputs(listed: Data) -> dict[str, str]:
    """Kinds of outputs by name."""
    found: dict[str, str] = {}
    for each in _entries(listed, "outputs"):
        match each:
            case {"outputName": str(name), "outputKind": str(kind)} if len(found) < _MAX_OUTPUTS:
                found[name] = kind
    return found


def _inputs(listed: Data) -> list[str]:
    names = (each.get("inputName") for each in _entries(listed, "inputs"))
    return list(dict.fromkeys(name for name in names if isinstance(name, str)))[:_MAX_INPUTS]


def _entries(data: Data, key: str) -> list[Data]:
    entries = data.get(key)
    return [each for each in entries if isinstance(each, dict)] if isinstance(entries, list) else []
