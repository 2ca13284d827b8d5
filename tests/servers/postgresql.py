"""A PostgreSQL of the test's own on 127.0.0.1: it is killed, started and emptied as the test likes."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from servers.free_port import free_port

BIN = max(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
USER = "postgres"


class PostgreSQL:
    """Refuses to run as root, as PostgreSQL does: then it runs as the user that Debian's package brings."""

    def __init__(self) -> None:
        self.port = free_port()
        self._folder = Path(tempfile.mkdtemp(prefix="streamwatch-pg-"))
        self._root = os.geteuid() == 0
        self._names = count()
        self._process: subprocess.Popen[bytes] | None = None
        if self._root:
            entry = pwd.getpwnam(USER)
            os.chown(self._folder, entry.pw_uid, entry.pw_gid)
        self._run("initdb", "-D", str(self._data), "-U", "streamwatch", "-A", "trust", "--no-sync")
        self.start()

    @property
    def _data(self) -> Path:
        return self._folder / "data"

    def start(self) -> None:
        """Return when it takes connections."""
        options = ("-D", str(self._data), "-p", str(self.port), "-h", "127.0.0.1", "-k", str(self._folder))
        with (self._folder.parent / f"{self._folder.name}.log").open("ab") as log:
            self._process = subprocess.Popen(
                [*self._as_user(), BIN / "postgres", *options], stdout=log, stderr=log, cwd="/"
            )
        deadline = time.monotonic() + 30
        ask = [BIN / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        while subprocess.run(ask, check=False).returncode:
            assert time.monotonic() < deadline, "PostgreSQL did not start"
            time.sleep(0.05)

    def kill(self) -> None:
        """At once, with every connection: what was committed is recovered at the next start."""
        assert self._process is not None
        self._process.send_signal(signal.SIGQUIT)
        self._process.wait(30)

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Every process of it stands still: connections are taken by the kernel, and nobody answers."""
        assert self._process is not None
        mine = [
            int(each)
            for each in self._ask("SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid()").split()
        ] + [self._process.pid]
        for each in mine:
            os.kill(each, signal.SIGSTOP)
        try:
            yield
        finally:
            for each in mine:
                os.kill(each, signal.SIGCONT)

    def _ask(self, query: str) -> str:
        where = ("-h", "127.0.0.1", "-p", str(self.port), "-U", "streamwatch")
        command = [*self._as_user(), BIN / "psql", *where, "-At", "-c", query, "postgres"]
        return subprocess.run(command, check=True, capture_output=True, text=True, cwd="/").stdout

    def url(self) -> str:
        """Of a new, empty database."""
        name = f"test_{next(self._names)}"
        self._run("createdb", "-h", "127.0.0.1", "-p", str(self.port), "-U", "streamwatch", name)
        return f"postgresql://streamwatch@127.0.0.1:{self.port}/{name}"

    def close(self) -> None:
        self.kill()
        shutil.rmtree(self._folder)
        (self._folder.parent / f"{self._folder.name}.log").unlink()

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run([*self._as_user(), BIN / program, *arguments], check=True, capture_output=True, cwd="/")

    def _as_user(self) -> list[str]:
        return ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups"] if self._root else []
