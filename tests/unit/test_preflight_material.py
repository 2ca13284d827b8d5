"""Files of a show: there, not empty, playable."""

import asyncio
import os
import shutil
import socket
import subprocess
import threading
from pathlib import Path

import pytest

from streamwatch.duty import Material
from streamwatch.preflight import playing as looking
from streamwatch.preflight.material import Looked, Played, judged
from streamwatch.preflight.playing import Playing, read


def written(path: Path, text: str) -> Material:
    path.write_text(text)
    return Material(str(path))


VIDEO, SOUND = frozenset({"video"}), frozenset({"audio"})


def is_(wanted: Material, looked: Looked) -> tuple[str, str]:
    found = judged(wanted, looked)
    return found.outcome, found.said.en


def of(streams: frozenset[str], seconds: float | None) -> Looked:
    return Looked(1000, played=Played(streams, seconds))


def test_where_a_file_must_lie_is_told_in_full() -> None:
    """Whoever reads it on a phone does not know from which folder duty.yml counts."""
    cure = judged(Material("/srv/show/a.mp4", "backup_video"), Looked(None, "No such file or directory")).cure
    assert cure is not None
    assert "把文件放到 /srv/show/a.mp4，" in cure.zh
    assert "put the file at /srv/show/a.mp4," in cure.en


@pytest.mark.parametrize(
    ("wanted", "looked", "outcome", "says"),
    [
        (Material("/m/a.mp4"), Looked(None, "No such file or directory"), "bad", "material a.mp4 cannot be opened"),
        (Material("/m/a.mp4"), Looked(0, broken=True), "bad", "material a.mp4 is empty"),
        (Material("/m/a.mp4"), Looked(9, broken=True), "bad", "cannot be played"),
        (Material("/m/a.mp4"), Looked(9, "ffprobe: not installed"), "unknown", "(ffprobe: not installed)"),
        (Material("/m/a.mp4", "backup_video"), of(SOUND, 9), "bad", "backup video a.mp4 has no picture"),
        (Material("/m/a.mp4", "backup_video"), of(VIDEO, None), "bad", "has no duration"),
        (Material("/m/a.mp4", "backup_video", 30), of(VIDEO, 29.0), "bad", "too short (29 < 30 s)"),
        (Material("/m/a.mp4", "backup_video", 30), of(VIDEO, 30.0), "good", "backup video a.mp4, 30 s"),
        (Material("/m/a.png", "slate"), of(VIDEO, None), "good", "slate a.png, a still picture"),
        (Material("/m/a.png", "slate", 5), of(VIDEO, None), "bad", "has no duration"),
        (Material("/m/a.mp3", "music"), of(SOUND, 60.0), "good", "music a.mp3, 60 s"),
        (Material("/m/a.mp4", "music"), of(VIDEO, 60.0), "bad", "has no sound"),
    ],
)
def test_each_file_is_judged_for_what_it_is_there_for(
    wanted: Material, looked: Looked, outcome: str, says: str
) -> None:
    """A still picture may be a slate, and no backup video."""
    found = is_(wanted, looked)
    assert (found[0], says in found[1]) == (outcome, True), found


def test_a_cover_is_no_video() -> None:
    """Players show it while they play music."""
    cover = {"codec_type": "video", "disposition": {"attached_pic": 1}}
    told = {"format": {"format_name": "mp3", "duration": "60.0"}, "streams": [cover, {"codec_type": "audio"}]}
    assert read(told) == Played(SOUND, 60.0)


def test_a_still_picture_has_no_duration() -> None:
    """ffprobe gives it the time of one frame."""
    told = {"format": {"format_name": "png_pipe"}, "streams": [{"codec_type": "video", "duration": "0.04"}]}
    assert read(told) == Played(VIDEO, None)


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds of colour."""
    path = tmp_path_factory.mktemp("material") / "backup 备用.mp4"
    make = ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "color=size=64x64:rate=5:duration=2", str(path)]
    subprocess.run(make, check=True, timeout=120)
    return path


async def test_ffprobe_sees_a_clip(clip: Path) -> None:
    """Its picture and its length, by the real program."""
    looked = await Playing().look(Material(str(clip)))
    assert looked.played is not None
    assert (looked.played.streams, looked.played.seconds) == (VIDEO, 2.0)


async def test_what_is_no_clip_cannot_be_played(tmp_path: Path) -> None:
    """Words, nothing, a folder, and nothing at all."""
    written(tmp_path / "words.mp4", "this is no film")
    written(tmp_path / "empty.mp4", "")
    playing = Playing()
    found = {
        name: await playing.look(Material(str(tmp_path / name))) for name in ("words.mp4", "empty.mp4", "", "no")
    }
    assert found["words.mp4"].broken
    assert found["empty.mp4"].size == 0
    assert [found[name].size for name in ("", "no")] == [None, None]


async def test_a_playlist_is_not_followed_to_where_it_leads(tmp_path: Path) -> None:
    """What stands in a file names no address that is asked: nobody comes to the one in it."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        address = f"http://127.0.0.1:{server.getsockname()[1]}/a.ts"
        text = f"#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n{address}\n#EXT-X-ENDLIST\n"
        wanted = written(tmp_path / "list.m3u8", text)
        assert judged(wanted, await Playing().look(wanted)).outcome == "bad"
        with pytest.raises(BlockingIOError):
            server.accept()


async def test_without_ffprobe_it_is_said_that_it_cannot_be_known(clip: Path) -> None:
    """The file is there; that it plays nobody knows."""
    looked = await Playing("no-such-program").look(Material(str(clip)))
    assert judged(Material(str(clip)), looked).outcome == "unknown"


async def test_a_file_is_looked_at_once_until_it_changes(clip: Path, tmp_path: Path) -> None:
    """A page that is looked at every few seconds asks no program each time."""
    program, count = tmp_path / "probe", tmp_path / "count"
    program.write_text(f'#!/bin/sh\necho x >> "{count}"\nexec ffprobe "$@"\n')
    program.chmod(0o755)
    copy = tmp_path / "copy.mp4"
    shutil.copyfile(clip, copy)
    playing = Playing(str(program))
    for _ in range(3):
        await playing.look(Material(str(copy)))
    assert len(count.read_text().split()) == 1
    written(copy, "something else")
    await playing.look(Material(str(copy)))
    assert len(count.read_text().split()) == 2


async def test_a_file_that_hangs_takes_one_thread_however_often_it_is_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Like a share whose server is gone: it is not known, and what sends pages keeps its threads."""
    monkeypatch.setattr(looking, "PATIENCE", 0.1)
    os.mkfifo(hangs := tmp_path / "hangs.mp4")
    playing, before = Playing(), threading.active_count()
    try:
        looked = [await playing.look(Material(str(hangs))) for _ in range(5)]
        more = threading.active_count() - before
    finally:
        with hangs.open("wb"):  # the one that waits goes on
            await asyncio.to_thread(_ended)
    assert ([each.why for each in looked], more) == (["timeout"] * 5, 1)


def _ended() -> None:
    for thread in threading.enumerate():
        if thread.name == "material":
            thread.join(60)
