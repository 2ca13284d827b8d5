"""Segments with known faults, made by ffmpeg: MPEG-TS as bytes, H.264 and AAC, a keyframe every two seconds."""

import subprocess
from functools import cache

SIZE = "320x180"
MOVING = f"testsrc2=size={SIZE}:rate=25"
STILL = f"{MOVING},loop=loop=-1:size=1"
BLACK = f"color=black:size={SIZE}:rate=25"
TONE = "sine=frequency=440:sample_rate=44100"
SILENCE = "anullsrc=r=44100:cl=mono"
LEFT_ONLY = "aevalsrc=0.3*sin(880*PI*t)|0:s=44100"
OVERDRIVEN = f"{TONE},volume=40dB,aformat=s16"


@cache
def clip(
    video: str = MOVING, audio: str = TONE, *, seconds: float = 2.0, at: float = 0.0, form: str = "mpegts"
) -> bytes:
    """*seconds* of a lavfi picture and sound (empty: none) whose timestamps begin at *at*."""
    sources, codecs = [], []
    if video:
        sources += ["-f", "lavfi", "-t", str(seconds), "-i", video]
        codecs += _PICTURE
    if audio:
        sources += ["-f", "lavfi", "-t", str(seconds), "-i", audio]
        codecs += _SOUND
    return _made(*sources, *codecs, "-output_ts_offset", str(at), *_FORMS[form])


@cache
def story(video: tuple[tuple[str, float], ...], audio: tuple[tuple[str, float], ...]) -> bytes:
    """Pictures and sounds one after the other, each for its seconds, hardly compressed."""
    chains = [
        f"{source},trim=duration={seconds},setpts=PTS-STARTPTS[v{i}]" for i, (source, seconds) in enumerate(video)
    ]
    chains += [f"{source},atrim=duration={seconds}[a{i}]" for i, (source, seconds) in enumerate(audio)]
    chains.append("".join(f"[v{i}]" for i in range(len(video))) + f"concat=n={len(video)}[v]")
    chains.append("".join(f"[a{i}]" for i in range(len(audio))) + f"concat=n={len(audio)}:v=0:a=1[a]")
    return _made(
        "-filter_complex",
        ";".join(chains),
        "-map",
        "[v]",
        "-map",
        "[a]",
        "-qp",
        "10",
        *_PICTURE,
        *_SOUND,
        *_FORMS["mpegts"],
    )


def fragmented(body: bytes) -> tuple[bytes, bytes]:
    """A clip of the form `mp4` as its initialisation and its one fragment."""
    at = body.index(b"moof") - 4
    return body[:at], body[at:]


def detected_by_ffmpeg(body: bytes) -> list[str]:
    """The lines that ffmpeg's own filters write about a clip, each state from half a second on."""
    filters = ["-vf", "blackdetect=d=0.5,freezedetect=d=0.5", "-af", "silencedetect=d=0.5"]
    command = ["ffmpeg", "-hide_banner", "-nostdin", "-nostats", "-i", "pipe:0", *filters, "-f", "null", "-"]
    done = subprocess.run(command, input=body, capture_output=True, check=True, timeout=60)
    return [line for line in done.stderr.decode().splitlines() if "detect @" in line]


_PICTURE = ["-c:v", "libx264", "-preset", "ultrafast", "-g", "50", "-sc_threshold", "0", "-pix_fmt", "yuv420p"]
_SOUND = ["-c:a", "aac", "-b:a", "128k"]
_FORMS = {
    "mpegts": ["-f", "mpegts", "pipe:1"],
    "mp4": [
        "-movflags",
        "frag_keyframe+empty_moov+default_base_moof",
        "-frag_duration",
        "100000000",
        "-f",
        "mp4",
        "pipe:1",
    ],
    "adts": ["-f", "adts", "pipe:1"],
}


def _made(*arguments: str) -> bytes:
    command = ["ffmpeg", "-nostdin", "-loglevel", "error", "-threads", "1", *arguments]
    return subprocess.run(command, capture_output=True, check=True, timeout=60).stdout
