"""Real disks: one that fills up, one that is not there, one that hangs; and recordings that grow or do not."""

import errno
import shutil
import threading
from collections.abc import Callable
from io import RawIOBase
from pathlib import Path

import pytest

from servers.exporter import Page, running_exporter
from servers.hand_clock import HandClock
from servers.mounts import dead_disk, small_disk
from streamwatch_exporters import disk_walk
from streamwatch_exporters.aside import Aside
from streamwatch_exporters.disk import DiskLooker, DiskSettings
from streamwatch_exporters.disk_growth import Recording
from streamwatch_exporters.probe import Answer, ProbeFailed
from streamwatch_exporters.repeating import Finding, PartlySeen

UP, FAILURES, RUNS = (f"streamwatch_probe_{part}" for part in ("up", "failures_total", "runs_total"))
FREE, SIZE = "streamwatch_disk_free_bytes", "streamwatch_disk_size_bytes"
RECORDED = "streamwatch_recording_size_bytes"
GROWTH = "streamwatch_recording_growth_bytes_per_second"
AGE = "streamwatch_recording_last_growth_age_seconds"


def watching(folder: Path, more: str = "") -> str:
    return f'hosts:\n  - {{id: recorder, disk: {{path: "{folder}", interval: 0.2, timeout: 1.0{more}}}}}\n'


def failed_with(page: Page, host: str = "recorder") -> set[str]:
    reasons = page.label_values("reason")
    return {reason for reason in reasons if page.value(FAILURES, server=host, reason=reason)}


def positive(name: str) -> Callable[[Page], bool]:
    return lambda page: (page.value(name) or 0) > 0


async def test_a_recording_that_fills_the_disk_is_seen_to_stop(tmp_path: Path) -> None:
    """Free bytes fall to 0, the file grows no more, and its age begins to count."""
    folder = tmp_path / "disk"
    with small_disk(folder), (folder / "show.mkv").open("wb", buffering=0) as recording:
        recording.write(bytes(100_000))
        async with running_exporter(tmp_path, watching(folder, ', recording_glob: "*.mkv"')) as exporter:
            page = await exporter.until(lambda page: page.value(RECORDED, host="recorder") == 100_000)
            assert page.value(SIZE) == 2**20
            assert 800_000 < page.value(FREE) < 2**20 - 100_000  # type: ignore[operator]
            recording.write(bytes(200_000))
            await exporter.until(positive(GROWTH))
            with pytest.raises(OSError, match=rf"Errno {errno.ENOSPC}"):
                fill(recording)
            page = await exporter.until(lambda page: page.value(FREE) == 0)
            page = await exporter.until(lambda page: page.value(GROWTH) == 0 and (page.value(AGE) or 0) > 0.3)
            assert page.value(UP) == 1
            assert "the newest recording does not grow" in (await exporter.get("/"))[1]
            status, text = await exporter.get("/probe?module=disk&target=recorder")
            assert (status, 'streamwatch_disk_free_bytes{host="recorder"} 0.0' in text) == (200, True)


def fill(recording: RawIOBase) -> None:
    while True:
        recording.write(bytes(64 * 1024))


async def test_a_disk_that_is_not_there_is_no_full_one(tmp_path: Path) -> None:
    """Its reason names no path; plugged in again, it is looked at again."""
    folder = tmp_path / "secret-show"
    async with running_exporter(tmp_path, watching(folder)) as exporter:
        page = await exporter.until(lambda page: page.value(UP) == 0)
        assert failed_with(page) == {"connect"}
        assert page.values(FREE) == page.values(SIZE) == []
        assert "secret-show" not in (await exporter.get("/"))[1] + page.text
        folder.mkdir()
        page = await exporter.until(lambda page: page.value(UP) == 1)
        assert positive(FREE)(page)
        assert page.values(AGE) == page.values(GROWTH) == []


async def test_a_disk_that_hangs_holds_one_thread_and_nobody_else(tmp_path: Path) -> None:
    """A mount whose server is gone: a timeout within the deadline, one call under way however often it is asked."""
    with dead_disk(tmp_path / "dead") as (dead, cut_off):
        good = f'  - {{id: good, disk: {{path: "{tmp_path}", interval: 0.2, timeout: 1.0}}}}\n'
        async with running_exporter(
            tmp_path, watching(dead).replace("timeout: 1.0", "timeout: 0.3") + good
        ) as exporter:
            page = await exporter.until(lambda page: (page.value(RUNS, server="recorder") or 0) >= 3)
            assert failed_with(page) == {"timeout"}
            assert page.values(FREE, host="recorder") == []
            assert threads() == 1
            status, text = await exporter.get("/probe?module=disk&target=recorder&debug=true")
            assert (status, "timeout: no complete answer in time" in text) == (200, True)
            assert page.value(UP, server="good") == 1
            before = page.value(RUNS, server="good")
            await exporter.until(lambda page: page.value(RUNS, server="good") > before)  # type: ignore[operator]
            cut_off()
            page = await exporter.until(lambda page: failed_with(page) == {"timeout", "connect"})
            assert page.value(UP, server="recorder") == 0


def threads() -> int:
    """Those that hang: the good disk's are gone before they can be counted twice."""
    return sum(each.name == "disk" and each.is_alive() for each in threading.enumerate())


class Looking:
    """One looker on a clock of the test."""

    def __init__(self, folder: Path, pattern: str) -> None:
        self.hand = HandClock()
        settings = DiskSettings.model_validate({"path": str(folder), "recording_glob": pattern})
        self._looker = DiskLooker(settings, self.hand.clock, Aside("disk", self.hand.clock))

    async def after(self, seconds: float) -> Finding:
        self.hand.pass_by(seconds)
        return await self._looker.look()


async def test_the_newest_file_that_matches_is_the_recording(tmp_path: Path) -> None:
    """In folders below as well; other files, folders and dead links are none."""
    looking = Looking(tmp_path, "**/*.mkv")
    assert (await looking.after(1)).answer is Answer.BAD
    (tmp_path / "today").mkdir()
    (tmp_path / "folder.mkv").mkdir()
    (tmp_path / "dead.mkv").symlink_to(tmp_path / "gone")
    (tmp_path / "today" / "a.mkv").write_bytes(b"1" * 10)
    (tmp_path / "notes.txt").write_bytes(b"1" * 99)
    found = await looking.after(1)
    assert found.values[RECORDED,] == 10
    assert (GROWTH,) not in found.values
    with (tmp_path / "today" / "a.mkv").open("ab") as file:
        file.write(b"2" * 500)
    found = await looking.after(2)
    assert found.values[GROWTH,] == 250
    assert found.values[AGE,] == 0
    (tmp_path / "today" / "a.mkv").rename(tmp_path / "today" / "final.mkv")
    found = await looking.after(5)
    assert (found.values[GROWTH,], found.values[AGE,]) == (0, 5)
    assert found.answer is Answer.BAD


async def test_more_files_than_can_be_looked_through_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is free is known nevertheless."""
    monkeypatch.setattr(disk_walk, "_MAX_FILES", 3)
    for n in range(4):
        (tmp_path / f"{n}.mkv").touch()
    with pytest.raises(PartlySeen) as failed:
        await Looking(tmp_path, "*.mkv").after(1)
    assert failed.value.reason == "too_large"
    assert failed.value.seen.values.keys() == {(FREE,), (SIZE,)}


async def test_a_walk_through_too_many_folders_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also when hardly anything matches: it is what is walked through that takes the time."""
    monkeypatch.setattr(disk_walk, "_MAX_ENTRIES", 30)
    for n in range(20):
        (tmp_path / f"{n}").mkdir()
    (tmp_path / "1" / "show.mkv").touch()
    with pytest.raises(PartlySeen) as failed:
        await Looking(tmp_path, "**/*.mkv").after(1)
    assert failed.value.reason == "too_large"
    assert failed.value.seen.values.keys() == {(FREE,), (SIZE,)}
    assert (await Looking(tmp_path, "1/*.mkv").after(1)).values[RECORDED,] == 0


async def test_what_is_free_is_measured_after_the_listing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A listing that takes its time must not make old free bytes look new."""
    order: list[str] = []
    newest, room = disk_walk.Walk.newest, shutil.disk_usage

    def listing(walk: disk_walk.Walk, folder: Path, pattern: str) -> Recording | None:
        order.append("listing")
        return newest(walk, folder, pattern)

    def free(path: Path) -> object:
        order.append("room")
        return room(path)

    monkeypatch.setattr(disk_walk.Walk, "newest", listing)
    monkeypatch.setattr(shutil, "disk_usage", free)
    await Looking(tmp_path, "*.mkv").after(1)
    assert order == ["listing", "room"]


async def test_a_file_in_place_of_the_folder_is_told(tmp_path: Path) -> None:
    """It cannot be listed."""
    (tmp_path / "file").touch()
    with pytest.raises(ProbeFailed) as failed:
        await Looking(tmp_path / "file", "*").after(1)
    assert failed.value.reason == "connect"
