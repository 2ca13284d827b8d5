"""Files that a show needs: there, not empty, and playable, as ffprobe sees them. Pure; `playing` asks it."""

from dataclasses import dataclass, field
from pathlib import Path

from streamwatch.duty import Material
from streamwatch.language import Text
from streamwatch.preflight.check import Result, bad, good, unknown

KINDS: dict[str, Text] = {
    "slate": Text("垫片", "slate"),
    "backup_video": Text("备用视频", "backup video"),
    "intro": Text("片头", "intro"),
    "music": Text("音乐", "music"),
    "picture": Text("图片", "picture"),
    "other": Text("素材", "material"),
}
STILL = ("slate", "picture", "other")  # may be a picture, which has no duration
SILENT_OK = "music"  # has no picture, and needs sound


@dataclass(frozen=True)
class Played:
    """What ffprobe saw. *seconds* is None for a still picture; *streams* are its kinds, `video` and `audio`."""

    streams: frozenset[str] = field(default_factory=frozenset)
    seconds: float | None = None


@dataclass(frozen=True)
class Looked:
    """*size* is None when the file cannot be opened, *why* says so; *played* is None when nobody could tell."""

    size: int | None
    why: str = ""
    played: Played | None = None
    broken: bool = False  # ffprobe says that it cannot be read


def judged(wanted: Material, looked: Looked) -> Result:
    name = Path(wanted.file).name
    kind = KINDS[wanted.what]
    here = Text(f"{kind.zh} {name}", f"{kind.en} {name}")
    put = Text(
        f"在接收端这台机器上，把文件放到 {wanted.file}，或改 duty.yml",
        f"on the receiver's machine put the file at {wanted.file}, or mend duty.yml",
    )
    if looked.size is None:
        return bad(Text(f"{here.zh} 打不开（{looked.why}）", f"{here.en} cannot be opened ({looked.why})"), put)
    if not looked.size:
        return bad(
            Text(f"{here.zh} 是空的", f"{here.en} is empty"),
            Text("重新导出或拷贝这个文件", "export or copy it again"),
        )
    if looked.broken:
        return bad(
            Text(f"{here.zh} 播放不了", f"{here.en} cannot be played"),
            Text("重新导出；用播放器打开看一遍", "export it again, and watch it once in a player"),
        )
    if looked.played is None:
        why = looked.why or "ffprobe"
        return unknown(
            Text(
                f"{here.zh} 在，能不能播放不知道（{why}）",
                f"{here.en} is there; whether it plays is not known ({why})",
            ),
            Text(
                "在接收端装 ffmpeg；或自己播放一遍后用 --without material",
                "install ffmpeg there; or play it yourself and take --without material",
            ),
        )
    return _played(wanted, here, looked.played)


def _played(wanted: Material, here: Text, played: Played) -> Result:
    again = Text("换一个文件，或重新导出", "take another file, or export it again")
    needed = "audio" if wanted.what == SILENT_OK else "video"
    if needed not in played.streams:
        word = Text("声音", "sound") if needed == "audio" else Text("画面", "picture")
        return bad(Text(f"{here.zh} 没有{word.zh}", f"{here.en} has no {word.en}"), again)
    if played.seconds is None:
        if wanted.what in STILL and wanted.seconds is None:
            return good(f"{here.zh}，图片", f"{here.en}, a still picture")
        return bad(Text(f"{here.zh} 没有时长", f"{here.en} has no duration"), again)
    if wanted.seconds is not None and played.seconds < wanted.seconds:
        short = f"{played.seconds:.0f} < {wanted.seconds:.0f}"
        return bad(Text(f"{here.zh} 太短（{short} 秒）", f"{here.en} is too short ({short} s)"), again)
    return good(f"{here.zh}，{played.seconds:.0f} 秒", f"{here.en}, {played.seconds:.0f} s")
