"""What the stage's encoders send: clips that were encoded once, played over and over without encoding again."""

import subprocess
from collections.abc import Iterable

from streamwatch.errors import CommandFailed
from streamwatch.stack.first_start import find_binary
from streamwatch.stack.stage import WAY, Stage

_MOVING = "testsrc2=size=320x180:rate=15"
_TONE = "sine=frequency=440:sample_rate=44100"
# clip: picture, sound, kbit/s of picture. The rate is constant whatever is seen, so that black is not also thin.
_CLIPS = {
    "moving": (_MOVING, _TONE, 200),
    "black": ("color=black:size=320x180:rate=15", _TONE, 200),
    "still": (f"{_MOVING},loop=loop=-1:size=1", _TONE, 200),
    "mute": (_MOVING, "anullsrc=sample_rate=44100", 200),
    "thin": ("testsrc2=size=160x90:rate=15", _TONE, 24),
}
SECONDS = 8  # of a clip


def encode(stage: Stage, clips: Iterable[str]) -> None:
    """Those that are not there yet; half a second each. Blocks. Raises `CommandFailed`."""
    for clip in clips:
        path = stage.clips / f"{clip}.mp4"
        if path.exists():
            continue
        picture, sound, rate = _CLIPS[clip]
        command = [find_binary("ffmpeg", "ffmpeg"), "-hide_banner", "-loglevel", "error", "-nostdin", "-y"]
        command += ["-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", sound, "-t", str(SECONDS)]
        video = (
            f"-c:v libx264 -preset ultrafast -tune zerolatency -g 15 -keyint_min 15 -pix_fmt yuv420p -b:v {rate}k"
        )
        steady = f"-maxrate {rate}k -bufsize {rate}k -x264-params nal-hrd=cbr -c:a aac -b:a {min(rate, 64)}k"
        new = path.with_suffix(".new.mp4")
        done = subprocess.run([*command, *video.split(), *steady.split(), str(new)],
                              capture_output=True, text=True, check=False)  # fmt: skip
        if done.returncode:
            raise CommandFailed(f"ffmpeg could not make the clip {clip}: {done.stderr.strip()}")
        new.replace(path)


def publisher(stage: Stage, stream: str, clip: str = "moving") -> list[str]:
    """The command that publishes *clip*."""
    host = WAY if stage.acts.get("packet_loss") == stream else "127.0.0.1"
    words = f"-hide_banner -loglevel warning -nostdin -re -stream_loop -1 -i {{}} -c copy -f flv rtmp://{host}"
    filled = [str(stage.clips / f"{clip}.mp4") if word == "{}" else word for word in words.split()]
    return [find_binary("ffmpeg", "ffmpeg"), *filled[:-1], f"{filled[-1]}:{stage.ports['rtmp']}/live/{stream}"]
