"""Files of evidence on the disk: hashed on the way in, complete or not there at all, never written to again."""

import asyncio
import os
import re
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from secrets import token_hex

from streamwatch.errors import StreamWatchError
from streamwatch.message import clean, cut_bytes

CHUNK = 1024 * 1024  # bytes that are hashed and written at once, away from the event loop
NAME_BYTES = 120


class TooLarge(StreamWatchError):
    """The file is larger than may be kept."""


class NotKept(StreamWatchError):
    """The disk did not take the file."""


@dataclass(frozen=True)
class Kept:
    """*path* is below the folder. *name* is what it was called, made safe to show."""

    name: str
    path: str
    bytes: int
    sha256: str


class EvidenceFolder:
    """*most* is in bytes. Raises `TooLarge` and `NotKept`, and leaves nothing behind then."""

    def __init__(self, folder: Path, most: int) -> None:
        self._folder = folder
        self.most = most

    def path(self, kept: str) -> Path:
        return self._folder / kept

    def discard(self, kept: str) -> None:
        """It could not be recorded, so it was never kept."""
        self.path(kept).unlink(missing_ok=True)

    def forget(self, kept: str) -> None:
        """Its time is over; so is its folder's, with the last file of an incident."""
        path = self.path(kept)
        path.unlink(missing_ok=True)
        if path.parent != self._folder:
            with suppress(OSError):  # there are others in it
                path.parent.rmdir()

    async def keep(self, incident: int, name: str, body: AsyncIterator[bytes]) -> Kept:
        """Return when all of *body* is on the disk, read-only."""
        try:
            partial = await asyncio.to_thread(self._begin, incident)
            try:
                size, digest = await self._write(partial, body)
                return await asyncio.to_thread(self._finish, partial, name, size, digest)
            finally:
                await asyncio.to_thread(partial.unlink, missing_ok=True)
        except OSError as error:
            raise NotKept(f"the disk did not take the file ({error.strerror})") from error

    def _begin(self, incident: int) -> Path:
        folder = self._folder / str(incident)
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        partial = folder / f".{token_hex(8)}.part"
        os.close(os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        return partial

    async def _write(self, partial: Path, body: AsyncIterator[bytes]) -> tuple[int, str]:
        size, digest, waiting = 0, sha256(), bytearray()

        def flush() -> None:
            digest.update(waiting)
            file.write(waiting)
            waiting.clear()

        with await asyncio.to_thread(partial.open, "wb") as file:
            async for chunk in body:
                size += len(chunk)
                if size > self.most:
                    raise TooLarge
                waiting += chunk
                if len(waiting) >= CHUNK:
                    await asyncio.to_thread(flush)
            await asyncio.to_thread(flush)
            await asyncio.to_thread(file.flush)
            await asyncio.to_thread(os.fsync, file.fileno())
        return size, digest.hexdigest()

    def _finish(self, partial: Path, name: str, size: int, digest: str) -> Kept:
        """The name says the content; a second copy of the same is another file, and both stay."""
        shown = clean(name, 100) or "file"
        safe = cut_bytes(re.sub(r"[^\w.-]+", "_", shown).lstrip("."), NAME_BYTES).replace("…", "_") or "file"
        final = partial.with_name(f"{digest[:12]}-{token_hex(3)}-{safe}")
        partial.chmod(0o400)
        partial.rename(final)
        descriptor = os.open(final.parent, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        return Kept(shown, str(final.relative_to(self._folder)), size, digest)
