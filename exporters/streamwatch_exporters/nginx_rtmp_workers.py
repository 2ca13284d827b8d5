"""Is the stat page that of the whole server? Each nginx worker knows only its own streams."""

from streamwatch_exporters.probe import ProbeFailed

_SEVERAL = "several nginx workers answer in turn, each knows only its own streams: set worker_processes 1"
_MEMORY = 300.0  # seconds after which a worker that came back is forgiven


class WorkerWatch:
    """Tells a restarted server (counters begin again) from several workers (a page is a part of the truth).

    After a restart `uptime` begins again at 0. Workers share the uptime of their master, so another pid with
    the uptime going on is another worker, or the same one respawned: doubtful once, certain when a pid returns.
    """

    def __init__(self) -> None:
        self._pid: int | None = None
        self._started: float | None = None
        self._earlier: set[int] = set()
        self._several_until = float("-inf")

    def check(self, pid: int | None, uptime: float | None, now: float) -> None:
        """Raises `ProbeFailed` when this page may be that of one worker among several. `now` is steady seconds."""
        if pid is None:
            return
        started = None if uptime is None else now - uptime
        doubtful = self._pid not in (None, pid) and self._same_master(started)
        if pid != self._pid and not doubtful:
            self._earlier.clear()
        if doubtful:
            if pid in self._earlier:
                self._several_until = now + _MEMORY
            self._earlier |= {known for known in (self._pid, pid) if known is not None}
        self._pid, self._started = pid, started
        if doubtful or now < self._several_until:
            raise ProbeFailed("protocol", _SEVERAL)

    def _same_master(self, started: float | None) -> bool:
        if started is None or self._started is None:
            return False
        return abs(started - self._started) < 3.0  # uptime has whole seconds, and the answer took its time
