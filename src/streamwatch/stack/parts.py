"""The parts of the running system: what each is started with. How they are found working is in `readiness`."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from streamwatch.stack.first_start import find_binary
from streamwatch.stack.places import Places
from streamwatch.stack.ports import Ports


@dataclass(frozen=True)
class Part:
    """One process. It starts when the checks named in *after* have passed.

    One that *revives* is started again when it ends by itself; without any other, all stops.
    """

    name: str
    command: Sequence[str]
    after: tuple[str, ...] = field(default=())
    revives: bool = False


def parts(places: Places, ports: Ports) -> list[Part]:
    """Prometheus comes last: it must not judge what is still being started, and it looks five seconds later."""
    config, ours = places.config, Path(sys.executable).parent
    prometheus = [
        find_binary("prometheus", "prometheus"),
        f"--config.file={config / 'prometheus.yml'}",
        f"--storage.tsdb.path={places.data / 'prometheus'}",
        "--storage.tsdb.retention.time=7d",
        f"--web.listen-address=127.0.0.1:{ports['prometheus']}",
        # What Alertmanager did not hear, because it was just restarting, it hears after this long and not a minute.
        "--rules.alert.resend-delay=15s",
        "--log.level=warn",
    ]
    alertmanager = [
        find_binary("prometheus-alertmanager", "prometheus-alertmanager"),
        f"--config.file={config / 'alertmanager.yml'}",
        f"--storage.path={places.data / 'alertmanager'}",
        f"--web.listen-address=127.0.0.1:{ports['alertmanager']}",
        "--cluster.listen-address=",
        "--log.level=warn",
    ]
    nginx = [
        find_binary("nginx", "nginx-light"),
        "-c",
        str(places.copies / "nginx.conf"),
        "-p",
        str(places.data / "nginx"),
    ]
    return [
        Part("nginx", [*nginx, "-e", "stderr"]),
        Part("publisher", _publisher(ports), after=("nginx",)),
        Part("exporter", [str(ours / "streamwatch-exporter"), "--config", str(config / "streams.yml")]),
        Part("receiver", [str(ours / "streamwatch"), "serve", "--config", str(config / "duty.yml")]),
        Part("alertmanager", alertmanager),
        Part("prometheus", prometheus, after=("exporter", "publishing", "receiver", "alertmanager")),
    ]


def _publisher(ports: Ports) -> list[str]:
    """A moving picture with a tone, 640x360 at 30 frames a second, a keyframe every two seconds."""
    inputs = "-f lavfi -i testsrc2=size=640x360:rate=30 -f lavfi -i sine=frequency=440:sample_rate=44100"
    video = "-c:v libx264 -preset ultrafast -tune zerolatency -pix_fmt yuv420p -b:v 800k -g 60 -keyint_min 60"
    words = f"-hide_banner -loglevel warning -nostdin -re {inputs} {video} -c:a aac -b:a 96k -f flv"
    return [find_binary("ffmpeg", "ffmpeg"), *words.split(), f"rtmp://127.0.0.1:{ports['rtmp']}/live/demo"]
