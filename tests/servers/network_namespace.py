"""A network of a test's own: a namespace where it may set firewall rules, apart from that of the machine."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

_AS_USER = ["--user", "--map-root-user"] if os.geteuid() != 0 else []
_FETCH = "import sys, urllib.request as r; sys.stdout.write(r.urlopen(sys.argv[1], timeout=5).read().decode())"
_PORT = 9780  # free in every new namespace


class NetworkNamespace:
    """Lives as long as the process that holds it; nothing is left behind when that ends."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        # It says when the namespaces stand, and ends with its standard input.
        self._holder = subprocess.Popen(
            ["unshare", "--net", "--mount", *_AS_USER, "sh", "-c", "ip link set lo up && echo ready && cat"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self._holder.stdout is not None
        assert self._holder.stdout.readline() == b"ready\n", "no network namespace may be made here"
        self._exporter: subprocess.Popen[bytes] | None = None

    def inside(self, *command: str | Path) -> list[str]:
        """The command line that runs a command in here."""
        user = ["--user", "--preserve-credentials"] if _AS_USER else []
        return ["nsenter", "--target", str(self._holder.pid), "--net", "--mount", *user, *map(str, command)]

    def run(self, *command: str | Path) -> str:
        done = subprocess.run(self.inside(*command), capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def allow_ping_to(self, groups: str) -> None:
        """Which groups may open unprivileged ping sockets, such as `0 0`; `1 0` is nobody."""
        self.run("sh", "-c", f"echo {groups} >/proc/sys/net/ipv4/ping_group_range")

    def drop(self, *match: str) -> None:
        """Drop what comes in and matches, by a rule of nftables."""
        self.run("nft", "add table inet loss")
        self.run("nft", "add chain inet loss input { type filter hook input priority 0 ; }")
        self.run("nft", "add", "rule", "inet", "loss", "input", *match, "drop")

    def drop_nothing(self) -> None:
        self.run("nft", "delete table inet loss")

    def start_exporter(self, config: str, *prefix: str) -> None:
        """The real command, listening in here. *prefix* stands before it, to take rights away."""
        path = self._folder / "streams.yml"
        path.write_text(config)
        command = [Path(sys.executable).parent / "streamwatch-exporter", "--config", path]
        with (self._folder / "exporter.log").open("wb") as log:
            self._exporter = subprocess.Popen(self.inside(*prefix, *command), stdout=log, stderr=log)

    def samples(self, path: str = "/metrics") -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
        text = self.run(sys.executable, "-c", _FETCH, f"http://127.0.0.1:{_PORT}{path}")
        families = list(text_string_to_metric_families(text))
        return {(s.name, frozenset(s.labels.items())): s.value for family in families for s in family.samples}

    def until(self, name: str, at_least: float, within: float = 20.0, **labels: str) -> "Samples":
        """Scrape until that metric is so large."""
        deadline = time.monotonic() + within
        while True:
            try:
                samples = Samples(self.samples())
            except AssertionError:  # it does not listen yet
                samples = Samples({})
            if (samples.value(name, **labels) or -1.0) >= at_least:
                return samples
            assert time.monotonic() < deadline, (self._folder / "exporter.log").read_text() + str(samples)
            time.sleep(0.1)

    def close(self) -> None:
        if self._exporter is not None:
            self._exporter.terminate()
            self._exporter.wait(10)
        assert self._holder.stdin is not None
        assert self._holder.stdout is not None
        self._holder.stdin.close()
        self._holder.stdout.close()
        self._holder.wait(10)


class Samples(dict[tuple[str, frozenset[tuple[str, str]]], float]):
    """One page of metrics."""

    def value(self, name: str, **labels: str) -> float | None:
        found = [v for (n, has), v in self.items() if n == name and labels.items() <= dict(has).items()]
        assert len(found) <= 1, found
        return found[0] if found else None


@contextmanager
def network_namespace(folder: Path) -> Iterator[NetworkNamespace]:
    """A namespace with nothing in it but its own loopback."""
    here = NetworkNamespace(folder)
    try:
        yield here
    finally:
        here.close()
