"""The venue where the encoder stands, and the site of the ingest server: two networks, and two links between."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from servers import jittery_link
from servers.network_namespace import NetworkNamespace, network_namespace
from servers.nginx_rtmp import NginxRtmp
from servers.signal_path import Encoder

SERVER, VENUE = "10.9.0.1", "10.9.0.2"  # over the wire
WIRELESS_SERVER, WIRELESS_VENUE = "10.8.0.1", "10.8.0.2"  # over the link that jitters
_WIRE = "wire0"
_FETCH = "import sys, urllib.request as r; sys.stdout.write(r.urlopen(sys.argv[1], timeout=5).read().decode())"


class NginxAt(NginxRtmp):
    """nginx within a network, where publishers come over the wire."""

    def __init__(self, folder: Path, site: NetworkNamespace) -> None:
        super().__init__(folder)
        self.rtmp_url = f"rtmp://{SERVER}:{self.rtmp_port}/live"
        self._site = site

    def start(self) -> None:
        self._prepare()
        config = self.folder / "nginx.conf"
        config.write_text(
            config.read_text().replace(f"listen 127.0.0.1:{self.rtmp_port}", f"listen {self.rtmp_port}")
        )
        command = ["/usr/sbin/nginx", "-c", config, "-p", self.folder]
        self._process = subprocess.Popen(self._site.inside(*command))
        deadline = time.monotonic() + 10
        while True:
            try:
                self._site.run(sys.executable, "-c", _FETCH, self.stat_url)
            except AssertionError:
                assert time.monotonic() < deadline, (self.folder / "error.log").read_text()
                time.sleep(0.05)
            else:
                return


class TwoSites:
    """The encoder at the venue, nginx and the exporter at the server's."""

    def __init__(self, folder: Path, site: NetworkNamespace) -> None:
        self.site = site
        # It ends with its standard input, and the network of the venue with it.
        self._venue = _speaking(
            site.inside("unshare", "--net", "sh", "-c", "ip link set lo up && echo ready && cat")
        )
        pid = str(self._venue.pid)
        self.in_venue = ("nsenter", "--target", pid, "--net")
        site.run("ip", "link", "add", _WIRE, "type", "veth", "peer", "name", _WIRE, "netns", pid)
        relay = site.inside(sys.executable, jittery_link.__file__, pid)
        self._relay = _speaking(relay)
        for name, here, there in ((_WIRE, SERVER, VENUE), (jittery_link.NAME, WIRELESS_SERVER, WIRELESS_VENUE)):
            site.run("ip", "addr", "add", here, "peer", there, "dev", name)
            site.run("ip", "link", "set", name, "up")
            self._at_venue("ip", "addr", "add", there, "peer", here, "dev", name)
            self._at_venue("ip", "link", "set", name, "up")
        self.nginx = NginxAt(folder / "nginx", site)
        self.nginx.start()
        command = site.inside(*self.in_venue)
        self.encoder = Encoder(self.nginx.publish_url("main"), tuple(command))
        self.encoder.start()

    def lose_a_tenth(self) -> None:
        self.site.drop("iifname", _WIRE, "numgen", "random", "mod", "100", "<", "10")

    def lose_nothing(self) -> None:
        self.site.drop_nothing()

    def jitter(self, longest: float) -> None:
        assert self._relay.stdin is not None
        self._relay.stdin.write(f"{longest}\n".encode())
        self._relay.stdin.flush()

    def squeeze(self, rate: float) -> None:
        """So many bytes a second leave the venue; what is more waits, for less than half a second."""
        bucket = ["tbf", "rate", f"{rate * 8:.0f}bit", "burst", "4kb", "latency", "400ms"]
        self._at_venue("tc", "qdisc", "add", "dev", _WIRE, "root", *bucket)

    def widen(self) -> None:
        self._at_venue("tc", "qdisc", "del", "dev", _WIRE, "root")

    def cut(self) -> None:
        self.site.run("ip", "link", "set", _WIRE, "down")

    def mend(self) -> None:
        self.site.run("ip", "link", "set", _WIRE, "up")

    def fetch(self, url: str) -> str:
        return self.site.run(sys.executable, "-c", _FETCH, url)

    def close(self) -> None:
        self.encoder.kill()
        self.nginx.stop()
        for each in (self._relay, self._venue):
            each.communicate(timeout=10)

    def _at_venue(self, *command: str) -> None:
        self.site.run(*self.in_venue, *command)


def _speaking(command: list[str]) -> subprocess.Popen[bytes]:
    """A process that said that it is ready."""
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n", command
    return process


@contextmanager
def two_sites(folder: Path) -> Iterator[TwoSites]:
    with network_namespace(folder) as site:
        sites = TwoSites(folder, site)
        try:
            yield sites
        finally:
            sites.close()
