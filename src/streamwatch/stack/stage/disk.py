"""The stage's small disk, and the node_exporter that tells of it and of nothing else."""

import asyncio
import os
import sys
import time
from pathlib import Path

from streamwatch.errors import CommandFailed
from streamwatch.language import Text
from streamwatch.stack.first_start import find_binary
from streamwatch.stack.stage import Stage

MEBIBYTES = 8
SMALL = 100_000_000  # bytes: a disk that is larger is none of ours
PATIENCE = 30.0  # seconds for the mount
NOT_MOUNTED = Text(
    "演练用的小磁盘没有挂载上，原因见 log/stage-disk.log",
    "the small disk of the drill was not mounted; log/stage-disk.log says why",
)


def small_disk(stage: Stage) -> list[str]:
    """A file system in a file, mounted where only this process sees it; it is gone with the process."""
    image, mounted = stage.folder / "disk.img", stage.disk
    image.unlink(missing_ok=True)
    script = (
        f'truncate -s {MEBIBYTES}M "$0" && {find_binary("mkfs.ext4", "e2fsprogs")} -q "$0" '
        '&& mount -o loop "$0" "$1" '
        f'&& exec "$2" -c "import signal; signal.pause()"'
    )
    return [find_binary("unshare", "util-linux"), "--mount", "sh", "-c", script, str(image), str(mounted),
            sys.executable]  # fmt: skip


def seen_by(holder: int, stage: Stage) -> Path:
    """The disk as the process *holder* sees it: nobody else does."""
    return Path(f"/proc/{holder}/root{stage.disk}")


async def until_mounted(stage: Stage, holder: int) -> None:
    """Whoever enters its mounts before would stay outside and tell of the disk below. Raises `CommandFailed`."""
    end = time.monotonic() + PATIENCE
    while not _is_mounted(seen_by(holder, stage)):
        if time.monotonic() > end:
            raise CommandFailed(NOT_MOUNTED)
        await asyncio.sleep(0.05)


def _is_mounted(disk: Path) -> bool:
    try:
        room = os.statvfs(disk)
    except OSError:
        return False
    return room.f_blocks * room.f_frsize <= SMALL


def node_exporter(stage: Stage, holder: int) -> list[str]:
    """In the mount namespace of *holder*, with a list of mounts that names the small disk alone."""
    processes = stage.folder / "proc"
    (processes / "1").mkdir(parents=True, exist_ok=True)
    (processes / "1" / "mounts").write_text(f"/dev/loop {stage.disk} ext4 rw 0 0\n")
    inside = [find_binary("nsenter", "util-linux"), "--target", str(holder), "--mount"]
    options = ["--collector.disable-defaults", "--collector.filesystem", f"--path.procfs={processes}"]
    listen = f"--web.listen-address=127.0.0.1:{stage.ports['node']}"
    return [*inside, find_binary("prometheus-node-exporter", "prometheus-node-exporter"), *options, listen]
