"""Where everything is: the clone (its configuration and rules), and one folder for all state."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from streamwatch.errors import CommandFailed
from streamwatch.language import Text, reader_language


@dataclass(frozen=True)
class Places:
    """Absolute folders. Nothing is written outside *state*."""

    home: Path
    state: Path

    @property
    def secrets(self) -> Path:
        return self.state / "secrets"

    @property
    def copies(self) -> Path:
        """Of the configuration, where ports or paths are not those of config/."""
        return self.state / "config"

    @property
    def config(self) -> Path:
        """What the parts read: the copies, if there are any."""
        return self.copies if (self.copies / "duty.yml").is_file() else self.home / "config"

    @property
    def data(self) -> Path:
        return self.state / "data"

    @property
    def run(self) -> Path:
        return self.state / "run"

    def log(self, part: str) -> Path:
        return self.state / "log" / f"{part}.log"

    def make(self) -> None:
        for folder in (
            self.secrets,
            self.copies,
            self.data / "hls",
            self.data / "nginx",
            self.run / "stage" / "targets",
            self.state / "log",
        ):
            folder.mkdir(parents=True, exist_ok=True)
        self.secrets.chmod(0o700)

    @contextmanager
    def taken(self) -> Iterator[None]:
        """One system in one state folder; the lock ends with the process, however it ends."""
        descriptor = os.open(self.run / "lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield
        except BlockingIOError as error:
            raise CommandFailed(RUNS_ALREADY.read_in(reader_language())) from error
        finally:
            os.close(descriptor)


RUNS_ALREADY = Text(
    "这里已经有一套在运行。看状态：streamwatch status；停止：在它的终端按 Ctrl-C。",
    "it runs here already. See 'streamwatch status'; stop it with Ctrl-C in its terminal.",
)


def find_places(home: Path | None, state: Path | None) -> Places:
    """The clone is the folder named, the one we are in or above, or the one this code lies in."""
    here = Path.cwd()
    candidates = [home] if home else [here, *here.parents, Path(__file__).parents[3]]
    for folder in candidates:
        if (folder / "config" / "duty.yml").is_file() and (folder / "alert_rules").is_dir():
            return Places(folder.absolute(), (state or folder / ".streamwatch").absolute())
    raise CommandFailed(
        "there is no config/duty.yml and alert_rules/ here. Go to the clone, or name it with --home."
    )
