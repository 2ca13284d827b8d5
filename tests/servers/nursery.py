"""Starts receivers quickly: a process that has loaded everything forks one, which can be killed like any other.

A hundred starts from nothing would be a hundred times the same two seconds of loading.
"""

import os
import signal
import subprocess
import sys
from pathlib import Path

from servers.receiver import ReceiverProcess, until

TESTS = Path(__file__).parents[1]


class Nursery:
    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, __file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"PYTHONPATH": str(TESTS)},
        )

    def bear(self, config: Path, log: Path) -> int:
        """The process id of a new receiver."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{config}\t{log}\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def close(self) -> None:
        """Every receiver must be gone before."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait(10)


class ForkedReceiver(ReceiverProcess):
    """A receiver out of a nursery."""

    def __init__(self, config: Path, port: int, nursery: Nursery) -> None:
        super().__init__(config, port)
        self._nursery = nursery
        self._pid = 0

    def start(self) -> None:
        self.begin()
        self.wait()

    def begin(self) -> None:
        """Start, and do not wait for it."""
        self._pid = self._nursery.bear(self._config, self.log)

    def wait(self) -> None:
        """Until it is ready."""
        until(self.ready, 90)

    def _running(self) -> bool:
        return Path(f"/proc/{self._pid}").exists()

    def _end(self, how: signal.Signals) -> int:
        if self._pid and self._running():
            os.kill(self._pid, how)
            until(lambda: not self._running(), 30)
        self._renew()
        return 0


def _main() -> None:
    """Forks a receiver for each line of standard input, and says its process id."""
    import uvicorn  # noqa: F401 - loaded once, for all of them

    import streamwatch.app  # noqa: F401 - the same
    from streamwatch.cli.serve import command

    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the dead
    for line in sys.stdin:
        config, log = line.rstrip("\n").split("\t")
        if pid := os.fork():
            print(pid, flush=True)
            continue
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        target = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        for descriptor in (1, 2):
            os.dup2(target, descriptor)
        os.chdir(Path(config).parent)
        command.main(["--config", config], standalone_mode=True)


if __name__ == "__main__":
    _main()
