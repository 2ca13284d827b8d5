"""A signal path of real parts for faults: an encoder that can spoil its picture, a scripted edge, the exporter."""

import asyncio
import signal
import subprocess
import sys
import urllib.request
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Literal

from servers.free_port import free_port
from servers.hls_origin import HlsOrigin
from servers.peers import drips, peer

RATE = (300_000 + 64_000) / 8
"""Bytes a second that the encoder sends at its usual rate: it is constant, whatever the picture."""

Picture = Literal["moving", "black", "still"]
Sound = Literal["tone", "silence", "left"]
_PICTURES: tuple[Picture, ...] = ("moving", "black", "still")
_SOUNDS: tuple[Sound, ...] = ("tone", "silence", "left")
_GRAPH = (
    "testsrc2=size={size}:rate=15,split[moving][first];[first]loop=loop=-1:size=1,negate[still];"
    "color=black:size={size}:rate=15[black];"
    "[moving][black][still]streamselect=inputs=3:map=0,realtime[v];"
    "aevalsrc=0.1*sin(880*PI*t)|0.1*sin(880*PI*t):s=44100,asplit=3[tone][a][b];"
    "[a]volume=0[silence];[b]pan=stereo|c0=c0|c1=0*c1[left];"
    "[tone][silence][left]astreamselect=inputs=3:map=0,arealtime[a]"
)
_CODECS = (
    "-map [v] -map [a] -c:v libx264 -preset ultrafast -tune zerolatency -g 15 -pix_fmt yuv420p"
    " -b:v {rate}k -maxrate {rate}k -bufsize {rate}k -x264-params nal-hrd=cbr -c:a aac -b:a 64k"
)


class Encoder:
    """ffmpeg, publishing at a constant rate. Picture and sound change while it runs, without a new connection.

    *inside* stands before its command, to run it in another network.
    """

    def __init__(self, url: str, inside: tuple[str, ...] = ()) -> None:
        self._url, self._inside = url, inside
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, *, rate: int = 300, size: str = "320x180") -> None:
        """Publish at *rate* kbit/s of picture."""
        command = ["ffmpeg", "-loglevel", "error", "-filter_complex", _GRAPH.format(size=size)]
        self._process = subprocess.Popen(
            [*self._inside, *command, *_CODECS.format(rate=rate).split(), "-f", "flv", self._url],
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip

    def restart(self, *, rate: int = 300, size: str = "320x180") -> None:
        """What somebody does who changes its settings."""
        self.kill()
        self.start(rate=rate, size=size)

    def show(self, picture: Picture) -> None:
        self._tell(f"cstreamselect -1 map {_PICTURES.index(picture)}\n")

    def sound(self, sound: Sound) -> None:
        self._tell(f"castreamselect -1 map {_SOUNDS.index(sound)}\n")

    def freeze(self) -> None:
        self._running.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._running.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        if self._process is not None:
            assert self._process.stdin is not None
            self._process.kill()
            self._process.wait(10)
            self._process.stdin.close()
            self._process = None

    @property
    def _running(self) -> subprocess.Popen[bytes]:
        assert self._process is not None, "the encoder does not run"
        return self._process

    def _tell(self, words: str) -> None:
        """ffmpeg takes commands for its filters from its standard input."""
        assert self._running.stdin is not None
        self._running.stdin.write(words.encode())
        self._running.stdin.flush()


class ScriptedEdge:
    """A master with two variants that advance by a segment a second, unless told otherwise."""

    def __init__(self, origin: HlsOrigin, slow: str) -> None:
        self._origin, self._slow = origin, slow
        self.stalled: set[str] = set()
        self.missing = self.slow = False
        self._first = dict.fromkeys(("high", "low"), 0)
        self._listed: dict[str, deque[str]] = {name: deque(maxlen=5) for name in self._first}
        self._made = 0

    def go_back(self) -> None:
        """The numbers of the segments begin again further back, as after a restart of a packager."""
        self._first["low"] -= 4

    async def run(self) -> None:
        self._put(
            "master",
            "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=800000,RESOLUTION=1280x720\nhigh.m3u8\n"
            "#EXT-X-STREAM-INF:BANDWIDTH=200000,RESOLUTION=640x360\nlow.m3u8\n",
        )
        due = asyncio.get_running_loop().time()
        while True:
            for name in self._first:
                if name not in self.stalled:
                    self._advance(name)
            due += 1.0
            await asyncio.sleep(max(0.0, due - asyncio.get_running_loop().time()))

    def _advance(self, name: str) -> None:
        self._made += 1
        segment, listed = f"{name}-{self._made}.ts", self._listed[name]
        self._first[name] += len(listed) == listed.maxlen
        listed.append(self._slow + segment if self.slow else segment)
        if not self.missing:
            self._origin.put("/" + segment, b"\x47" * 188 * 50)
        lines = "".join(f"#EXTINF:1.000,\n{uri}\n" for uri in listed)
        first = max(0, self._first[name])
        head = f"#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:1\n#EXT-X-MEDIA-SEQUENCE:{first}\n"
        self._put(name, head + lines)

    def _put(self, name: str, playlist: str) -> None:
        self._origin.put(f"/{name}.m3u8", playlist, Content_Type="application/vnd.apple.mpegurl")


@asynccontextmanager
async def scripted_edge(origin: HlsOrigin) -> AsyncIterator[ScriptedEdge]:
    """Running within the block. A slow segment of one second takes three to come."""
    slowly = drips(b"HTTP/1.0 200 OK\r\n\r\n" + b"x" * 41, every=0.05)
    async with peer(slowly) as slow:
        edge = ScriptedEdge(origin, f"http://{slow.address}/")
        task = asyncio.create_task(edge.run())
        try:
            yield edge
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


@asynccontextmanager
async def exporter_process(folder: Path, config: str) -> AsyncIterator[str]:
    """The real command in a process of its own; gives the address of its metrics."""
    address = f"127.0.0.1:{free_port()}"
    path = folder / "streams.yml"
    path.write_text(f"listen: {address}\n{config}")
    command = [str(Path(sys.executable).parent / "streamwatch-exporter"), "--config", str(path)]
    with (folder / "exporter.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(*command, stdout=log, stderr=log)
    try:
        yield f"http://{address}/metrics"
        assert process.returncode is None, (folder / "exporter.log").read_text()
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


def fetch(url: str) -> str:
    with urllib.request.urlopen(url, timeout=5) as answer:
        text: str = answer.read().decode()
        return text
