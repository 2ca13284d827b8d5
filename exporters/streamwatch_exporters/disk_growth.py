"""Does the newest recording grow: pure arithmetic over what one look after the other found."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Recording:
    """A file. *identity* stays when it is renamed, as recorders do at the end."""

    identity: tuple[int, int]  # device, inode
    size: int  # bytes
    changed_at: float  # unix time, of the file system's clock


class Growth:
    """`rate` in bytes per second since the look before, `age` in seconds since something grew; None: not known."""

    def __init__(self) -> None:
        self.rate: float | None = None
        self.age: float | None = None
        self._before: tuple[Recording, float] | None = None
        self._grew_at: float | None = None  # steady time

    def note(self, newest: Recording | None, steady: float, wall: float) -> None:
        """Take in the newest recording; None when there is none."""
        if newest is None:
            self.rate = self.age = self._before = self._grew_at = None
            return
        before, self._before = self._before, (newest, steady)
        if before is None or before[0].identity != newest.identity:
            self.rate = None
            self._began(newest, steady, wall)
        else:
            self._went_on(newest.size - before[0].size, steady - before[1], steady)
        self.age = None if self._grew_at is None else max(0.0, steady - self._grew_at)

    def _began(self, newest: Recording, steady: float, wall: float) -> None:
        """Another file than before. It may be an old one, when the newest was deleted: that did not just grow."""
        if newest.size:
            grew_at = steady - max(0.0, wall - newest.changed_at)
            self._grew_at = grew_at if self._grew_at is None else max(self._grew_at, grew_at)

    def _went_on(self, more: int, seconds: float, steady: float) -> None:
        """A file that shrinks was begun anew: that is no growth, and nothing negative."""
        self.rate = max(0, more) / seconds if seconds > 0 else None
        if more > 0:
            self._grew_at = steady
