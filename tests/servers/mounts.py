"""Real mounts that go wrong: a disk of one megabyte, and a disk whose server has gone. They need root."""

import ctypes
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

_DETACH = 2  # MNT_DETACH of umount2(2)


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """An empty file system of 1 MiB in memory."""
    folder.mkdir()
    _mount(folder, "tmpfs", "size=1m")
    try:
        yield folder
    finally:
        _unmount(folder)


@contextmanager
def dead_disk(folder: Path) -> Iterator[tuple[Path, Callable[[], None]]]:
    """A file system that nobody serves: whoever looks at it waits, until the second one, called, cuts it off."""
    folder.mkdir()
    device = os.open("/dev/fuse", os.O_RDWR | os.O_CLOEXEC)
    open_ones = [device]

    def cut_off() -> None:
        while open_ones:
            os.close(open_ones.pop())

    try:
        _mount(folder, "fuse", f"fd={device},rootmode=40000,user_id={os.getuid()},group_id={os.getgid()}")
        try:
            yield folder, cut_off
        finally:
            _unmount(folder)
    finally:
        cut_off()


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _mount(folder: Path, kind: str, options: str) -> None:
    if _libc().mount(b"of-a-test", os.fsencode(folder), kind.encode(), 0, options.encode()):
        raise OSError(ctypes.get_errno(), f"cannot mount {kind}")


def _unmount(folder: Path) -> None:
    if _libc().umount2(os.fsencode(folder), _DETACH):
        raise OSError(ctypes.get_errno(), "cannot unmount")
