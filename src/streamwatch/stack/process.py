"""One part as a running process: nothing it starts outlives the supervisor, and its words go to its log."""

import asyncio
import contextlib
import os
import signal
import subprocess
import time
from pathlib import Path

from streamwatch.stack.first_start import find_binary
from streamwatch.stack.parts import Part

GRACE = 5.0  # seconds between asking to stop and making it


class Running:
    def __init__(self, part: Part, log: Path) -> None:
        self.part = part
        self._log = log
        self._silent_until = log.stat().st_size if log.exists() else 0  # what earlier runs wrote explains nothing
        # A session of its own: Ctrl-C in the terminal reaches us alone, and we stop the parts in order.
        # The signal at the parent's death holds also when the supervisor is killed outright. Source: setpriv(1).
        guarded = [find_binary("setpriv", "util-linux"), "--pdeathsig", "TERM", "--", *part.command]
        with log.open("ab") as words:
            self._process = subprocess.Popen(
                guarded, stdin=subprocess.DEVNULL, stdout=words, stderr=words, start_new_session=True
            )
        self.started_at = time.monotonic()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def ended(self) -> int | None:
        """Its exit code, None while it runs."""
        return self._process.poll()

    def signal(self, which: signal.Signals) -> None:
        if self.ended is None:
            os.kill(self.pid, which)

    def crash(self) -> None:
        """It and all that it started: the worker of a server that is killed alone would go on serving."""
        if self.ended is None:
            os.killpg(self.pid, signal.SIGKILL)

    async def stop(self) -> None:
        """Ask, wait, then make the whole group end."""
        if self.ended is None:
            self.signal(signal.SIGCONT)  # a part that was frozen by a drill could not hear the next one
            self.signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                await asyncio.to_thread(self._process.wait, GRACE)
        with contextlib.suppress(ProcessLookupError):  # nothing of its group is left, which is well
            os.killpg(self.pid, signal.SIGKILL)
        await asyncio.to_thread(self._process.wait)

    def last_words(self, lines: int = 15) -> str:
        with self._log.open("rb") as words:
            words.seek(self._silent_until)
            return "\n".join(words.read().decode(errors="replace").splitlines()[-lines:])
