"""What the files are called, and writing them."""

import os
import re
from collections.abc import Collection
from datetime import datetime, tzinfo
from pathlib import Path

from streamwatch.errors import CommandFailed
from streamwatch.language import Text
from streamwatch.report.table import Table

_NAME_BYTES = 150  # with date and ending well below the 255 that file systems take


def file_stem(table: Table, zone: tzinfo) -> str:
    """`<date>_<stream>`: the date on which the window begins in *zone*."""
    return stem_of(table.window.start, zone, table.stream)


def stem_of(start: datetime, zone: tzinfo, *parts: str) -> str:
    """The date of *start* in *zone*, then *parts*, with `_` between. Nothing in it leaves the folder."""
    room = _NAME_BYTES // len(parts)
    safe = (re.sub(r"[^\w.-]+", "_", part).strip(".").encode()[:room].decode(errors="ignore") for part in parts)
    return "_".join((f"{start.astimezone(zone):%Y-%m-%d}", *(part or "_" for part in safe)))


def unused(stem: str, folder: Path, used: Collection[str]) -> str:
    """*stem*; with a number where it is *used*, or files in *folder* are called so: people write in them."""
    taken = {each.casefold() for each in used}
    there = [path.name.casefold() for path in folder.glob("*")] if folder.is_dir() else []
    number, found = 1, stem
    while found.casefold() in taken or any(name.startswith(f"{found.casefold()}.") for name in there):
        number += 1
        found = f"{stem}_{number}"
    return found


def encoded(text: str) -> bytes:
    """As it stands in its file: UTF-8, whatever somebody typed."""
    return text.encode("utf-8", errors="replace")


def write(folder: Path, texts: dict[str, str]) -> list[Path]:
    """Write each text, as UTF-8, into *folder*, which is made if it is missing. Answers the paths."""
    written = []
    for name, text in texts.items():
        path = folder / name
        try:
            folder.mkdir(parents=True, exist_ok=True)
            path.write_bytes(encoded(text))
        except OSError as error:
            raise CommandFailed(
                f"{path} cannot be written ({error.strerror}); close it elsewhere, or name another --output."
            ) from error
        written.append(path)
    return written


def write_whole(folder: Path, texts: dict[str, str]) -> None:
    """Write each text so that its file is whole whenever it is there: a crash leaves the one before, or none.

    Raises `CommandFailed` with the place and the cure.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            part = folder / f".{name}.part"  # always the same: what a crash left is written over
            with part.open("wb") as file:
                file.write(encoded(text))
                file.flush()
                os.fsync(file.fileno())
            part.replace(folder / name)
        _sync(folder)
    except OSError as error:
        raise CommandFailed(
            Text(
                f"{folder} 写不进去（{error.strerror}）；请腾出空间或改权限，或在 duty.yml 写另一个 reviews_folder",
                f"{folder} cannot be written ({error.strerror}); make room or give the right to, "
                "or name another reviews_folder in duty.yml",
            )
        ) from error


def _sync(folder: Path) -> None:
    """Else a power cut may undo the renaming."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
