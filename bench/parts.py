"""What bench/probing.py starts, and how it reads off what that costs."""

import os
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx

MASTER = (
    "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=2500000,RESOLUTION=1280x720,"
    'CODECS="avc1.64001f,mp4a.40.2",FRAME-RATE=30\nlive.m3u8\n'
)
TICKS = os.sysconf("SC_CLK_TCK")


class Page:
    """A metrics page of which only what is asked for is read: a full parser would take longer than the exporter."""

    def __init__(self, text: str) -> None:
        self._lines: dict[str, list[str]] = {}
        for line in text.splitlines():
            if not line.startswith("#"):
                self._lines.setdefault(re.split("[{ ]", line, maxsplit=1)[0], []).append(line)
        self.series = sum(map(len, self._lines.values()))

    def values(self, name: str, **labels: str) -> list[float]:
        wanted = [f'{label}="{value}"' for label, value in labels.items()]
        lines = [line for line in self._lines.get(name, []) if all(each in line for each in wanted)]
        return [float(line.rpartition(" ")[2]) for line in lines]

    def bounds(self, name: str) -> set[str]:
        """Upper bounds of the buckets of a histogram, as they are written."""
        return {line.partition('le="')[2].partition('"')[0] for line in self._lines[f"{name}_bucket"]}


class Spent:
    """What an exporter did between two pages."""

    def __init__(self, before: "Page", after: "Page", seconds: float, cpu: float, pages: list[float]) -> None:
        self._before, self._after, self.seconds, self.cpu, self.pages = before, after, seconds, cpu, pages

    def grown(self, name: str, **labels: str) -> float:
        return sum(self._after.values(name, **labels)) - sum(self._before.values(name, **labels))

    @property
    def series(self) -> int:
        return self._after.series

    @property
    def reads(self) -> float:
        return self.grown("streamwatch_hls_playlist_fetch_seconds_count")

    def buckets(self, name: str) -> list[tuple[float, float]]:
        """Upper bounds and how many fell at or below each, of all series together."""
        bounds = sorted(self._after.bounds(name), key=float)
        return [(float(bound), self.grown(f"{name}_bucket", le=bound)) for bound in bounds]

    @property
    def hold(self) -> float:
        """The bound of the highest bucket of the event loop's lateness that was reached."""
        buckets = self.buckets("streamwatch_event_loop_lag_seconds")
        return next(bound for bound, seen in buckets if seen == buckets[-1][1])


def quantile(buckets: list[tuple[float, float]], q: float) -> float:
    """As PromQL's histogram_quantile."""
    below, seen, rank = 0.0, 0.0, q * buckets[-1][1]
    for bound, total in buckets:
        if total >= rank:
            return below + (bound - below) * (rank - seen) / (total - seen)
        below, seen = bound, total
    raise AssertionError("a histogram ends with +Inf")


class WatchedExporter:
    """A running exporter, its processes and its page."""

    def __init__(self, process: "subprocess.Popen[bytes]", address: str) -> None:
        self._process, self._client = process, httpx.Client(base_url=address, timeout=30)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def port(self) -> int:
        return self._client.base_url.port or 0

    def page(self) -> "Page":
        return Page(self._client.get("/metrics").raise_for_status().text)

    def until(self, holds: "Callable[[Page], bool]", within: float = 60.0) -> None:
        deadline = time.monotonic() + within
        while True:
            try:
                if holds(self.page()):
                    return
            except httpx.TransportError:
                assert self._process.poll() is None, "the exporter ended"
            assert time.monotonic() < deadline, "the exporter did not get there in time"
            time.sleep(0.5)

    def over(self, seconds: float, *, pages: float | None = None) -> Spent:
        """Let it work; with *pages* it is asked for its page each time so many seconds have passed.

        CPU is read off right before the first page and the last one: that of the first page is counted.
        """
        began, cpu = time.monotonic(), cpu_of(self._process)
        before = self.page()
        times = [time.monotonic() - began]
        while (left := began + seconds - time.monotonic()) > 0:
            due = left if pages is None else began + len(times) * pages - time.monotonic()
            time.sleep(min(left, max(0.0, due)))
            if pages is not None and due < left:
                started = time.monotonic()
                self._client.get("/metrics").raise_for_status()
                times.append(time.monotonic() - started)
        took, cpu = time.monotonic() - began, cpu_of(self._process) - cpu
        return Spent(before, self.page(), took, cpu, times)

    def memory(self) -> int:
        """Bytes that it holds in memory."""
        return int(_proc(self._process.pid, "statm").split()[1]) * os.sysconf("SC_PAGE_SIZE")


def cpu_of(process: "subprocess.Popen[bytes]") -> float:
    """Seconds of user and system time, of its children too."""
    return cpu_of_pid(process.pid)


def cpu_of_pid(pid: int) -> float:
    """The same of a process by its number."""
    pids, children = [pid], _proc(pid, f"task/{pid}/children").split()
    pids += map(int, children)
    fields = [_proc(each, "stat").rpartition(")")[2].split() for each in pids]
    return sum(sum(map(int, each[11:15])) for each in fields) / TICKS


def _proc(pid: int, name: str) -> str:
    return Path(f"/proc/{pid}/{name}").read_text()


@contextmanager
def exporter_of(folder: Path, text: str) -> Iterator[WatchedExporter]:
    from servers.free_port import free_port

    address = f"127.0.0.1:{free_port()}"
    path = folder / "streams.yml"
    path.write_text(f"listen: {address}\n{text}\n")
    command = [Path(sys.executable).with_name("streamwatch-exporter"), "--config", path]
    with _running(command, folder / "exporter.log") as process:
        yield WatchedExporter(process, f"http://{address}")


@contextmanager
def blackbox_exporter(folder: Path) -> "Iterator[tuple[subprocess.Popen[bytes], int]]":
    from servers.free_port import free_port

    port = free_port()
    http = '{preferred_ip_protocol: ip4, fail_if_body_not_matches_regexp: ["^#EXTM3U"]}'
    path = folder / "blackbox.yml"
    path.write_text(f"modules: {{playlist: {{prober: http, timeout: 3s, http: {http}}}}}\n")
    command = ["prometheus-blackbox-exporter", f"--config.file={path}", f"--web.listen-address=127.0.0.1:{port}"]
    with _running([*command, "--log.level=error"], folder / "blackbox.log") as process:
        _until_it_answers(f"http://127.0.0.1:{port}/-/healthy")
        yield process, port


@contextmanager
def hls_origin(folder: Path) -> Iterator[str]:
    """The same live playlist under the name of every stream: nginx drops the first part of a path."""
    from servers.free_port import free_port

    port = free_port()
    (folder / "www").mkdir()
    (folder / "www" / "master.m3u8").write_text(MASTER)
    temporary = "".join(
        f"{name}_temp_path {folder}/tmp; " for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (folder / "nginx.conf").write_text(
        # Started by root, workers would run as nobody, who may not enter the folder.
        f"{'user root; ' if os.geteuid() == 0 else ''}daemon off; worker_processes 1; pid {folder}/nginx.pid;\n"
        f"error_log {folder}/nginx.log; worker_rlimit_nofile 8192; events {{ worker_connections 4096; }}\n"
        f"http {{ access_log off; keepalive_requests 1000000; {temporary}\n"
        f"server {{ listen 127.0.0.1:{port}; root {folder}/www; rewrite ^/[^/]+/(.+)$ /$1 break; }} }}\n"
    )
    nginx = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    with (
        advancing(folder / "www" / "live.m3u8"),
        _running([nginx, "-c", folder / "nginx.conf"], folder / "out.log"),
    ):
        _until_it_answers(f"http://127.0.0.1:{port}/room/live.m3u8")
        yield f"http://127.0.0.1:{port}"


@contextmanager
def advancing(path: Path, place: Callable[[Any], None] = lambda live: None) -> Iterator[None]:
    """A playlist of six segments of two seconds that goes on for as long as the block."""
    from servers.hls_origin import LivePlaylist

    live, over = LivePlaylist(first=-6, listed=6), threading.Event()

    def write() -> None:
        live.advance()
        place(live)
        path.with_suffix(".new").write_text(live.text())
        path.with_suffix(".new").rename(path)

    def go_on() -> None:
        while not over.wait(live.duration):
            write()

    for _ in range(live.listed):
        write()
    thread = threading.Thread(target=go_on)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


@contextmanager
def _running(command: list[Any], log: Path) -> "Iterator[subprocess.Popen[bytes]]":
    with log.open("wb") as file:
        process = subprocess.Popen(command, stdout=file, stderr=file)
    try:
        yield process
    finally:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(15)
        process.kill()  # whatever happens, nothing stays behind
        process.wait()


def _until_it_answers(address: str) -> None:
    deadline = time.monotonic() + 20
    while True:
        try:
            httpx.get(address).raise_for_status()
        except httpx.HTTPError:
            assert time.monotonic() < deadline, "a server of the benchmark did not start"
            time.sleep(0.05)
        else:
            return
