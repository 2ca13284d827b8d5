"""A real encoder: ffmpeg publishing a test picture and a tone over RTMP, which can crash, freeze and come back."""

import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

_SOURCE = "-f lavfi -i testsrc2=size=320x180:rate=15 -f lavfi -i sine=frequency=440:sample_rate=44100"
_ENCODER = "-c:v libx264 -preset ultrafast -tune zerolatency -g 15 -pix_fmt yuv420p -b:v 200k -c:a aac -b:a 64k"


class Publisher:
    """Publishes to one URL while running."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = ["ffmpeg", "-nostdin", "-loglevel", "error", "-re", *_SOURCE.split(), *_ENCODER.split()]
        self._process = subprocess.Popen(
            [*command, "-f", "flv", self._url], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def kill(self) -> None:
        """Crash: the connection is gone at once."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(10)
            self._process = None

    def freeze(self) -> None:
        """Hang: the connection stands, nothing comes over it."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        if self._process is None:
            raise RuntimeError("the publisher does not run")
        self._process.send_signal(number)


@contextmanager
def publishing(url: str) -> Iterator[Publisher]:
    """A publisher that runs within the block."""
    publisher = Publisher(url)
    publisher.start()
    try:
        yield publisher
    finally:
        publisher.kill()
