"""A disk of a test's own, as small as it wants, that can be filled and made read-only."""

import os
import subprocess
from pathlib import Path

_AS_USER = ["--user", "--map-root-user"] if os.geteuid() != 0 else []


class SmallDisk:
    """A tmpfs at *path* in a mount namespace that lives as long as the process that holds it."""

    def __init__(self, path: Path, size: str) -> None:
        path.mkdir(parents=True, exist_ok=True)
        self._path = path
        mount = f"mount -t tmpfs -o size={size},mode=0777 tmpfs '{path}' && echo ready && cat"
        self._holder = subprocess.Popen(
            ["unshare", "--mount", *_AS_USER, "sh", "-c", mount], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert self._holder.stdout is not None
        assert self._holder.stdout.readline() == b"ready\n", "no disk may be mounted here"

    @property
    def prefix(self) -> list[str]:
        """What stands before a command that is to see the disk."""
        user = ["--user", "--preserve-credentials"] if _AS_USER else []
        return ["nsenter", "--target", str(self._holder.pid), "--mount", *user]

    @property
    def _seen(self) -> Path:
        return Path(f"/proc/{self._holder.pid}/root{self._path}")

    def fill(self) -> None:
        """To the last byte."""
        size = os.statvfs(self._seen)
        assert size.f_blocks * size.f_frsize < 100_000_000, "this is not the small disk"
        with (self._seen / "filler").open("ab", buffering=0) as filler:
            for piece in (65536, 4096, 1):
                try:
                    while True:
                        filler.write(b"x" * piece)
                except OSError:
                    continue

    def free(self) -> None:
        (self._seen / "filler").unlink()

    def remount(self, how: str) -> None:
        subprocess.run([*self.prefix, "mount", "-o", f"remount,{how}", self._path], check=True)

    def close(self) -> None:
        assert self._holder.stdin is not None
        assert self._holder.stdout is not None
        self._holder.stdin.close()
        self._holder.stdout.close()
        self._holder.wait(10)
