"""Which files a pattern finds below a folder, and when the walk is given up."""

from pathlib import Path

import pytest

from servers.hand_clock import HandClock
from streamwatch_exporters import disk_walk
from streamwatch_exporters.disk_walk import TooMany, Walk

FILES = (
    "a.mkv",
    ".hidden.mkv",
    "a.txt",
    "2026-01/cam 1.mkv",
    "2026-01/deep/b.mkv",
    "2027-01/cam 2.mkv",
    "[x]/c.mkv",
)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in FILES:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    return tmp_path


def found(folder: Path, pattern: str) -> set[Path]:
    """All that it finds, by name: each in turn is made the newest one."""
    sizes = {path: size for size, path in enumerate(sorted(folder.rglob("*")), 1) if path.is_file()}
    for path, size in sizes.items():
        path.write_bytes(b"x" * size)
    walk = Walk(HandClock().clock.steady, 1.0)
    walk._deadline = 1e9
    by_size = {size: path for path, size in sizes.items()}
    return {by_size[each.size] for each in walk._found(str(folder), Path(pattern).parts)}


@pytest.mark.parametrize(
    "pattern",
    [
        "*.mkv", "a.mkv", "**/*.mkv", "**/**/*.mkv", "2026-*/*.mkv", "2026-*/cam ?.mkv", "*/deep/*.mkv",
        "2026-01/**/*.mkv", "[[]x]/*.mkv", "gone/*.mkv", "a.mkv/*", "*", "**/deep/*", "./*.mkv",
    ],
)  # fmt: skip
def test_a_pattern_finds_what_it_does_in_python(tree: Path, pattern: str) -> None:
    """Path.glob is what recorders' patterns were tried with."""
    assert found(tree, pattern) == {path for path in tree.glob(pattern) if path.is_file()}


def test_links_that_lead_in_circles_end(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Below `**` they are not followed; where the pattern names their level they are."""
    monkeypatch.setattr(disk_walk, "_MAX_ENTRIES", 60)
    (tree / "2026-01" / "again").symlink_to(tree)
    (tree / "self").symlink_to(tree / "self")
    walk = Walk(HandClock().clock.steady, 1.0)
    assert walk.newest(tree, "**/*.mkv") is not None
    newest = Walk(HandClock().clock.steady, 1.0).newest(tree, "*/again/a.mkv")
    assert newest is not None
    assert newest.identity == (tree.stat().st_dev, (tree / "a.mkv").stat().st_ino)


def test_a_walk_ends_after_so_many_entries(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of all that it lists, not of those that match."""
    monkeypatch.setattr(disk_walk, "_MAX_ENTRIES", 6)
    with pytest.raises(TooMany):
        Walk(HandClock().clock.steady, 1.0).newest(tree, "**/none.ever")


def test_a_walk_ends_after_its_time(tree: Path) -> None:
    """A disk of which each listing takes its time, each by itself in time."""
    hand = HandClock()

    def slow() -> float:
        hand.pass_by(0.2)
        return hand.now

    with pytest.raises(TooMany):
        Walk(slow, 1.0).newest(tree, "**/*.mkv")
    assert Walk(slow, 60.0).newest(tree, "**/*.mkv") is not None
