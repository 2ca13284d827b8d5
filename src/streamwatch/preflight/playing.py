"""Looks at files on this machine: their size, and what ffprobe (ffmpeg.org) makes of them."""

import asyncio
import json
import os
import shutil
from concurrent.futures import Future
from pathlib import Path
from threading import Thread
from typing import Any

from streamwatch.duty import Material
from streamwatch.preflight.material import Looked, Played

PATIENCE = 10.0  # seconds; a file on a share that hangs must not hold a verdict up
KEPT = 200  # files that are remembered
# Only what is in the file itself: a playlist could name addresses, and would be asked to fetch them.
FFPROBE = ("-v", "error", "-protocol_whitelist", "file", "-of", "json")
SHOWN = ("-show_entries", "format=duration,format_name:stream=codec_type,duration:stream_disposition=attached_pic")
PICTURES = ("image2", "_pipe")  # how ffprobe calls formats of still pictures

_Key = tuple[str, int, int]


class Playing:
    """Remembers what it saw, by name, size and time of change: a page that is looked at often asks once."""

    def __init__(self, program: str = "ffprobe") -> None:
        self._program = program
        self._known: dict[_Key, Looked] = {}
        self._opening: dict[str, Future[os.stat_result]] = {}

    async def look(self, wanted: Material) -> Looked:
        try:
            async with asyncio.timeout(PATIENCE):
                found = await asyncio.shield(asyncio.wrap_future(self._stat(wanted.file)))
        except TimeoutError:
            return Looked(None, "timeout")
        except (OSError, ValueError) as error:  # no file has a NUL in its name
            return Looked(None, getattr(error, "strerror", None) or type(error).__name__)
        key = (wanted.file, found.st_size, found.st_mtime_ns)
        if key not in self._known:
            looked = await self._play(wanted.file, found.st_size)
            if looked.played is None and not looked.broken:
                return looked  # asked again: a program may be installed, or have more time
            if len(self._known) >= KEPT:
                self._known.clear()
            self._known[key] = looked
        return self._known[key]

    def _stat(self, file: str) -> Future[os.stat_result]:
        """One that hangs is waited for by all who ask: each of them would take a thread, and pages need threads."""
        found = self._opening.get(file)
        if found is None or found.done():
            found = self._opening[file] = Future()
            # Not of the pool that the database is asked by; nor does the receiver's end wait for it.
            Thread(target=_stat, args=(file, found), name="material", daemon=True).start()
        return found

    async def _play(self, file: str, size: int) -> Looked:
        if not size:
            return Looked(0, broken=True)
        program = shutil.which(self._program)
        if program is None:
            return Looked(size, f"{self._program}: not installed")
        process = await asyncio.create_subprocess_exec(
            program, *FFPROBE, *SHOWN, "-i", f"file:{file}",
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        try:
            async with asyncio.timeout(PATIENCE):
                told, _ = await process.communicate()
        except TimeoutError:
            return Looked(size, f"{self._program}: timeout")
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        try:
            played = read(json.loads(told)) if process.returncode == 0 else None
        except (ValueError, KeyError, TypeError, AttributeError):
            played = None
        return Looked(size, played=played, broken=played is None)


def read(told: Any) -> Played:
    """What ffprobe printed as JSON. A cover in a file of music is no picture of a video."""
    streams = [each for each in told.get("streams", []) if not each.get("disposition", {}).get("attached_pic")]
    kinds = frozenset(each["codec_type"] for each in streams)
    named = told.get("format", {})
    if any(word in named.get("format_name", "") for word in PICTURES):
        return Played(kinds)
    lengths = [float(each["duration"]) for each in (named, *streams) if _is_number(each.get("duration"))]
    return Played(kinds, max(lengths, default=None))


def _is_number(text: Any) -> bool:
    try:
        return float(text) > 0
    except (TypeError, ValueError):
        return False


def _stat(file: str, found: Future[os.stat_result]) -> None:
    """Of a file that can be opened for reading; else the error."""
    try:
        with Path(file).open("rb") as opened:
            found.set_result(os.fstat(opened.fileno()))
    except (OSError, ValueError) as error:
        found.set_exception(error)
