"""Probe `disk`: the folder of the recordings on this machine. Is there room, and does the newest recording grow.

The disk may be a mount whose server is gone: every look is a call aside, one at a time, with a deadline.
"""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, ValidationInfo
from pydantic_core import PydanticCustomError

from streamwatch_exporters.aside import Aside
from streamwatch_exporters.clock import Clock
from streamwatch_exporters.disk_growth import Growth, Recording
from streamwatch_exporters.disk_walk import TooMany, Walk
from streamwatch_exporters.probe import Answer, ProbeFailed
from streamwatch_exporters.repeating import (
    Declared,
    Finding,
    Key,
    PartlySeen,
    RepeatedSettings,
    RepeatingFamily,
    Values,
)
from streamwatch_exporters.watching import Tools

_SHARE = 0.5  # of the time of a look for the recordings: what is free is to be told as well
_FREE, _SIZE = "streamwatch_disk_free_bytes", "streamwatch_disk_size_bytes"
_RECORDED = "streamwatch_recording_size_bytes"
_GROWTH = "streamwatch_recording_growth_bytes_per_second"
_AGE = "streamwatch_recording_last_growth_age_seconds"
_DECLARED = (
    Declared(_FREE, "Free for us where the recordings go. 录制盘剩余空间"),
    Declared(_SIZE, "Size of that disk. 录制盘容量"),
    Declared(_RECORDED, "Size of the newest recording. 最新录制文件大小"),
    Declared(_GROWTH, "Growth of the newest recording since the look before. 录制文件增长速度"),
    Declared(_AGE, "Since a recording last grew. 距录制文件最近一次增长"),
)


def _folder(value: Any, info: ValidationInfo) -> Any:
    """The path of a folder, relative to the file that names it. It may be unplugged now, and come back."""
    if not isinstance(value, str) or not value or "\0" in value:
        raise PydanticCustomError("secret_path", "a path is expected")
    return Path((info.context or {}).get("folder", "."), value).expanduser().absolute()


def _pattern(value: str) -> str:
    path = PurePath(value)
    if not value or "\0" in value or path.anchor or ".." in path.parts or "**" in value.replace("**/", ""):
        raise PydanticCustomError("recording_glob", "a pattern below the folder is expected")
    return value


class DiskSettings(RepeatedSettings):
    """The folder, and which files in it are recordings: `*.mkv`, or `**/*.mkv` with those in folders below."""

    path: Annotated[Path, BeforeValidator(_folder)]
    recording_glob: Annotated[str, AfterValidator(_pattern)] | None = None


@dataclass(frozen=True)
class Seen:
    """What one call aside found: bytes, and the newest recording."""

    free: int
    size: int
    newest: Recording | None
    too_many: bool = False


def measure(folder: Path, pattern: str | None, walk: Walk) -> Seen:
    """Look at the disk. Blocks for as long as the disk does. Raises OSError."""
    # It could be looked at, yet not be listed: a walk below it would take that for a folder without recordings.
    with os.scandir(folder):
        pass
    newest, too_many = None, False
    try:
        newest = walk.newest(folder, pattern) if pattern is not None else None
    except TooMany:
        too_many = True
    room = shutil.disk_usage(folder)  # last: a listing may take its time, and this is told as of now
    return Seen(room.free, room.total, newest, too_many)


class DiskLooker:
    """Looks at one folder, and remembers how large the newest recording was."""

    def __init__(self, settings: DiskSettings, clock: Clock, aside: Aside) -> None:
        self._settings, self._clock, self._aside = settings, clock, aside
        self._growth = Growth()
        self.counts: Values = {}

    async def look(self) -> Finding:
        folder, pattern, within = self._settings.path, self._settings.recording_glob, self._settings.timeout
        try:
            walk = Walk(self._clock.steady, _SHARE * within)
            seen = await self._aside.call((folder, pattern), lambda: measure(folder, pattern, walk), within=within)
        except OSError as exc:
            raise _not_there(exc) from exc
        values: dict[Key, float] = {(_FREE,): seen.free, (_SIZE,): seen.size}
        if seen.too_many:
            text = "recording_glob leads through too many files or folders: narrow it, or move old ones away"
            raise PartlySeen("too_large", text, Finding(Answer.OK, "", values))
        if pattern is None:
            return Finding(Answer.OK, "the disk answers", values)
        self._growth.note(seen.newest, self._clock.steady(), self._clock.wall())
        return self._told(seen.newest, values)

    def _told(self, newest: Recording | None, values: dict[Key, float]) -> Finding:
        if newest is None:
            return Finding(Answer.BAD, "there is no recording", values)
        values[_RECORDED,] = newest.size
        if self._growth.age is not None:
            values[_AGE,] = self._growth.age
        if self._growth.rate is None:
            return Finding(Answer.OK, "there is a recording", values)
        values[_GROWTH,] = self._growth.rate
        if self._growth.rate == 0:
            return Finding(Answer.BAD, "the newest recording does not grow", values)
        return Finding(Answer.OK, "the recording grows", values)


def _not_there(exc: OSError) -> ProbeFailed:
    """Why the folder cannot be looked at. The text of the system is dropped: it holds the path."""
    if isinstance(exc, PermissionError):
        return ProbeFailed("auth", "this user may not look into the folder")
    if isinstance(exc, FileNotFoundError | NotADirectoryError):
        return ProbeFailed("connect", "the folder is not there: is the disk plugged in and mounted?")
    return ProbeFailed("connect", "the disk answers with an error")


def disk_family(clock: Clock) -> RepeatingFamily:
    aside = Aside("disk", clock)

    def looker(settings: RepeatedSettings, tools: Tools) -> DiskLooker:
        assert isinstance(settings, DiskSettings)
        return DiskLooker(settings, tools.clock, aside)

    return RepeatingFamily(clock, probe="disk", id_label="host", declared=_DECLARED, looker=looker)
