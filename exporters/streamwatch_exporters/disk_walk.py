"""The newest file that matches a pattern below a folder, in a walk that ends: by entries seen, and by time.

An archive of years, or a pattern from the root of a disk, would else be walked through again and again.
"""

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import suppress
from fnmatch import fnmatch
from pathlib import Path, PurePath

from streamwatch_exporters.disk_growth import Recording

_MAX_ENTRIES = 100_000  # of all folders that are listed
_MAX_FILES = 20_000  # that match: each costs a call to the system more
_MAGIC = frozenset("*?[")


class TooMany(Exception):
    """The walk was given up before its end: what it has found may not be the newest."""


class Walk:
    """One walk of at most *within* seconds by *steady*, from its first step on. Symbolic links are followed where
    the pattern names their level, not below `**`: they may lead in circles.
    """

    def __init__(self, steady: Callable[[], float], within: float) -> None:
        self._steady, self._within = steady, within
        self._deadline = 0.0
        self._entries = self._files = 0

    def newest(self, folder: Path, pattern: str) -> Recording | None:
        """Raises `TooMany`, and OSError of a disk that fails; what is moved away meanwhile is left out."""
        self._deadline = self._steady() + self._within
        parts = PurePath(pattern).parts
        return max(self._found(str(folder), parts), key=lambda each: each.changed_at, default=None)

    def _found(self, folder: str, parts: tuple[str, ...]) -> Iterator[Recording]:
        part, rest = parts[0], parts[1:]
        if part == "**":
            yield from self._found(folder, rest)
            for entry in self._listed(folder):
                if _is_folder(entry, follow_links=False):
                    yield from self._found(entry.path, parts)
        elif _MAGIC.isdisjoint(part):
            self._count()
            yield from self._taken(str(Path(folder, part)), rest)
        else:
            for entry in self._listed(folder):
                if fnmatch(entry.name, part) and (not rest or _is_folder(entry, follow_links=True)):
                    yield from self._taken(entry.path, rest)

    def _taken(self, path: str, rest: tuple[str, ...]) -> Iterator[Recording]:
        if rest:
            yield from self._found(path, rest)
            return
        self._files += 1
        if self._files > _MAX_FILES:
            raise TooMany
        with suppress(OSError):  # it was moved away meanwhile
            facts = Path(path).stat()
            if stat.S_ISREG(facts.st_mode):
                yield Recording((facts.st_dev, facts.st_ino), facts.st_size, facts.st_mtime)

    def _listed(self, folder: str) -> list["os.DirEntry[str]"]:
        """As a list: the folder is closed before the next one is opened."""
        listed = []
        with suppress(FileNotFoundError, NotADirectoryError, PermissionError), os.scandir(folder) as entries:
            for entry in entries:
                self._count()
                listed.append(entry)
        return listed

    def _count(self) -> None:
        self._entries += 1
        if self._entries > _MAX_ENTRIES or self._steady() > self._deadline:
            raise TooMany


def _is_folder(entry: "os.DirEntry[str]", *, follow_links: bool) -> bool:
    with suppress(OSError):  # a link that leads in circles, or to where this user may not look
        return entry.is_dir(follow_symlinks=follow_links)
    return False
