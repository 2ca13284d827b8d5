"""The stage's small disk, and the node_exporter that tells of it and of nothing else."""

import sys

from streamwatch.stack.first_start import find_binary
from streamwatch.stack.stage import Stage

MEBIBYTES = 8


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


def node_exporter(stage: Stage, holder: int) -> list[str]:
    """In the mount namespace of *holder*, with a list of mounts that names the small disk alone."""
    processes = stage.folder / "proc"
    (processes / "1").mkdir(parents=True, exist_ok=True)
    (processes / "1" / "mounts").write_text(f"/dev/loop {stage.disk} ext4 rw 0 0\n")
    inside = [find_binary("nsenter", "util-linux"), "--target", str(holder), "--mount"]
    options = ["--collector.disable-defaults", "--collector.filesystem", f"--path.procfs={processes}"]
    listen = f"--web.listen-address=127.0.0.1:{stage.ports['node']}"
    return [*inside, find_binary("prometheus-node-exporter", "prometheus-node-exporter"), *options, listen]
