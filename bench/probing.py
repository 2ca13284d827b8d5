"""What probing costs: the exporter beside blackbox_exporter and ffmpeg where they do the same, else its goal.

CPU is user and system time of the processes, for the machine may have other work to do. A check of HLS is two
playlists read, a master and a media playlist. All playlists come from one nginx, whose CPU is nobody's.
"""

import asyncio
import os
import subprocess
import tempfile
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import httpx
from parts import Page, advancing, blackbox_exporter, cpu_of, exporter_of, hls_origin, quantile
from rich.console import Console

ROUNDS = 3
SECONDS = 6.0  # of one turn
FEW, MANY, HOSTS, PICTURES = 100, 1000, 500, 10
CLIPS = 15
# CPU seconds on two quiet cores, measured once: a check by Eyevinn's hls-monitor, a playlist by blackbox_exporter.
_HLS_MONITOR, _BLACKBOX = 0.0011, 0.0008
SIZE, RATE = "1280x720", 30
Row = dict[str, Any]


def _with_origin(*parts: Callable[[Console, Path, str], list[Row]]) -> Callable[[Console], list[Row]]:
    """A part of its own, with a folder and a server of playlists of its own."""

    def measure(console: Console) -> list[Row]:
        with tempfile.TemporaryDirectory() as folder:
            Path(folder).chmod(0o755)
            with hls_origin(Path(folder)) as origin:
                return [row for part in parts for row in part(console, Path(folder), origin)]

    return measure


def _row(what: str, ours: float, peer: float, peer_is: str, unit: str, **more: Any) -> Row:
    return {
        "what": what,
        "ours": ours,
        "peer": peer,
        "peer_is": peer_is,
        "ratio": ours / peer,
        "unit": unit,
        **more,
    }


def _beside_goal(what: str, ours: float, goal: float, unit: str, **more: Any) -> Row:
    return _row(what, ours, goal, "the goal: at most this", unit, **more)


def _beside_blackbox(console: Console, folder: Path, origin: str) -> list[Row]:
    """Both read the same playlists about as often; ours is asked for its page every second besides."""
    ours, peer, unasked = list[float](), list[float](), list[float]()
    with exporter_of(folder, _streams(origin, FEW)) as exporter, blackbox_exporter(folder) as (blackbox, port):
        exporter.until(lambda page: len(_ages(page)) == FEW)
        for turn in range(ROUNDS):
            console.print(f"HLS beside blackbox_exporter, round {turn + 1} of {ROUNDS} …", style="dim")
            spent = exporter.over(SECONDS, pages=1.0)
            ours.append(spent.cpu / (spent.reads / 2))
            quiet = exporter.over(SECONDS)
            unasked.append(quiet.cpu / (quiet.reads / 2))
            before = cpu_of(blackbox)
            probed = asyncio.run(_probe_all(port, origin, spent.reads / spent.seconds))
            peer.append((cpu_of(blackbox) - before) / (probed / 2))
    what, unit = "CPU of one HLS check (a master and a media playlist)", "CPU seconds"
    peer_is = "blackbox_exporter, asked once for each of the two"
    quiet = 2 * _BLACKBOX / median(peer)  # how fast this machine is beside that one, with what else it has to do
    return [
        _row(what, median(ours), median(peer), peer_is, unit, goal_ratio=0.35, ours_with_one_page=median(unasked)),
        _beside_goal(
            "CPU of one HLS check where blackbox_exporter takes 0.8 ms for a playlist, asked for one page",
            median(unasked) * quiet,
            0.25 * _HLS_MONITOR,
            unit,
            pages_every_second=median(ours) * quiet,
        ),
    ]


async def _probe_all(port: int, origin: str, rate: float) -> int:
    """Ask for *rate* probes a second over kept connections, as Prometheus does; answers how many were made."""
    addresses = count()
    end, clients = time.perf_counter() + SECONDS, 8

    async def one(client: httpx.AsyncClient) -> int:
        made, due = 0, time.perf_counter()
        while due < end:
            n = next(addresses)
            target = f"{origin}/room-{n // 2 % FEW}/{('master', 'live')[n % 2]}.m3u8"
            answer = await client.get("/probe", params={"module": "playlist", "target": target})
            assert "probe_success 1" in answer.text, answer.text
            made, due = made + 1, due + clients / rate
            await asyncio.sleep(due - time.perf_counter())
        return made

    async with httpx.AsyncClient(
        base_url=f"http://127.0.0.1:{port}", timeout=10, headers={"Accept-Encoding": "identity"}
    ) as client:
        return sum(await asyncio.gather(*(one(client) for _ in range(clients))))


def _many_streams(console: Console, folder: Path, origin: str) -> list[Row]:
    """A watcher has no setting for its pace: a media playlist is read every second, a master every 10 s."""
    with exporter_of(folder, _streams(origin, MANY)) as exporter:
        console.print(f"{MANY} HLS streams …", style="dim")
        exporter.until(lambda page: len(_ages(page)) == MANY)
        quiet = exporter.over(20.0)
        lags = sorted(exporter.page().values("streamwatch_probe_lag_seconds"))
        console.print(f"the page of {MANY} streams …", style="dim")
        asked = exporter.over(15.0, pages=1.0)
        memory = exporter.memory()
    share = asked.reads / quiet.reads  # a page takes time from looking
    per_page = (asked.cpu - quiet.cpu * share) / (len(asked.pages) - share * len(quiet.pages))
    facts = {
        "playlists_per_second": quiet.reads / quiet.seconds,
        "cpu_seconds_of_a_playlist": quiet.cpu / quiet.reads,
    }
    return [
        _beside_goal(
            f"{MANY} HLS streams, a look due every second", quiet.cpu / quiet.seconds, 0.5, "cores", **facts
        ),
        _beside_goal(f"memory with {MANY} HLS streams", memory / 1e6, 250, "MB"),
        _beside_goal(f"lag of {MANY} watchers, p99", quantiles(lags, n=100)[-1], 0.3, "seconds", longest=lags[-1]),
        _beside_goal(
            f"/metrics with {MANY} HLS streams",
            median(asked.pages),
            0.2,
            "seconds",
            longest=max(asked.pages),
            cpu_seconds=per_page,
            series=asked.series,
            playlists_per_second=asked.reads / asked.seconds,
        ),
        _beside_goal(
            "longest hold of the event loop, a page every second",
            asked.hold,
            0.05,
            "seconds (upper bound)",
            without_pages=quiet.hold,
        ),
    ]


def _many_hosts(console: Console, folder: Path, _origin: str) -> list[Row]:
    hosts = [f"127.0.{1 + n // 250}.{1 + n % 250}" for n in range(HOSTS)]
    text = "hosts:\n" + "\n".join(f"  - {{id: host-{n}, ping: {{address: {a}}}}}" for n, a in enumerate(hosts))
    with exporter_of(folder, text) as exporter:
        console.print(f"ping of {HOSTS} hosts …", style="dim")
        exporter.until(lambda page: len(page.values("streamwatch_probe_up", probe="ping")) == HOSTS)
        spent = exporter.over(15.0)
    answered, sent = (
        spent.grown("smokeping_response_duration_seconds_count"),
        spent.grown("smokeping_requests_total"),
    )
    return [
        _beside_goal(
            f"ping of {HOSTS} hosts of this machine, p99 of what is measured",
            quantile(spent.buckets("smokeping_response_duration_seconds"), 0.99),
            0.005,
            "seconds",
            echoes_per_second=sent / spent.seconds,
            lost=spent.grown("streamwatch_ping_lost_total"),
            cores=spent.cpu / spent.seconds,
            cpu_seconds_of_an_echo=spent.cpu / answered,
        )
    ]


def _beside_ffmpeg(console: Console, folder: Path, origin: str) -> list[Row]:
    """Ours sees a new segment every 4 s: keyframes and all its sound. ffmpeg gets every one, and fetches none."""
    from servers.clips import clip
    from servers.hls_origin import LivePlaylist

    clips = [clip(f"testsrc2=size={SIZE}:rate={RATE}", at=2.0 * n) for n in range(CLIPS)]
    media = 2.0 * len(clips)
    for n, body in enumerate(clips):
        (folder / "www" / f"clip-{n}.ts").write_bytes(body)

    def place(live: LivePlaylist) -> None:
        newest = folder / "www" / f"seg-{live.first + live.listed - 1}.ts"
        newest.symlink_to(f"clip-{(live.first + live.listed - 1) % len(clips)}.ts")

    text = "streams:\n" + "\n".join(
        f'  - {{id: room-{n}, picture: {{url: "{origin}/room-{n}/shown.m3u8", full_every: 100000}}}}'
        for n in range(PICTURES)
    )
    ours, peer = list[float](), list[float]()
    samples, looked = "streamwatch_picture_samples_total", 0.0
    with advancing(folder / "www" / "shown.m3u8", place), exporter_of(folder, text) as exporter:
        exporter.until(lambda page: len(_positive(page.values(samples))) == PICTURES)
        for turn in range(ROUNDS):
            console.print(f"pictures beside ffmpeg, round {turn + 1} of {ROUNDS} …", style="dim")
            spent = exporter.over(2 * SECONDS)
            assert not spent.grown(samples, depth="full"), "what is compared is keyframes and sound"
            assert not spent.grown("streamwatch_probe_failures_total"), "every segment can be decoded"
            looked += spent.grown(samples) / (PICTURES * spent.seconds / 60)
            ours.append(spent.cpu / (PICTURES * spent.seconds / 60))
            peer.append(_filtered_by_ffmpeg(b"".join(clips)) / (media / 60))
    row = _row(
        f"CPU of watching picture and sound for a minute ({SIZE}, {RATE}/s)",
        median(ours),
        median(peer),
        "ffmpeg blackdetect, freezedetect, silencedetect on every segment",
        "CPU seconds",
        goal_ratio=0.1,
        samples_of_a_minute=looked / ROUNDS,
    )
    return [row]


def _filtered_by_ffmpeg(body: bytes) -> float:
    """CPU seconds. One thread, which costs it least in all."""
    filters = ["-vf", "blackdetect,freezedetect", "-af", "silencedetect"]
    command = [
        "ffmpeg",
        "-nostdin",
        "-loglevel",
        "fatal",
        "-threads",
        "1",
        "-i",
        "pipe:0",
        *filters,
        "-f",
        "null",
        "-",
    ]
    before = os.times()
    subprocess.run(command, input=body, check=True, timeout=120)
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


def _ages(page: "Page") -> list[float]:
    return page.values("streamwatch_hls_playlist_age_seconds")


def _positive(values: list[float]) -> list[float]:
    return [value for value in values if value > 0]


def _streams(origin: str, many: int) -> str:
    return "streams:\n" + "\n".join(
        f'  - {{id: room-{n}, hls: {{url: "{origin}/room-{n}/master.m3u8", segments: false}}}}' for n in range(many)
    )


PARTS: dict[str, Callable[[Console], list[Row]]] = {
    "hls": _with_origin(_beside_blackbox, _many_streams),
    "ping": _with_origin(_many_hosts),
    "picture": _with_origin(_beside_ffmpeg),
}
