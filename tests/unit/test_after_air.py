"""Which sessions are due for their review, what its files are called, and that each is whole."""

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from servers.told_incident import EIGHT, SHANGHAI
from streamwatch.duty import Session
from streamwatch.errors import CommandFailed
from streamwatch.report.due import MADE_UP, SETTLES, due
from streamwatch.report.files import stem_of, unused, write_whole

HOUR = timedelta(hours=1)
SHOW = Session("1122-A", "demo", EIGHT, EIGHT + 2 * HOUR, {})
ENDS = EIGHT + 2 * HOUR


def named(session: Session, at: datetime, written: Any = ()) -> list[tuple[str, datetime]]:
    return [(each.id, ended) for each, ended in due([session], at, written)]


@pytest.mark.parametrize(
    ("session", "ended"),
    [
        (SHOW, ENDS),
        (replace(SHOW, started=EIGHT, ended=ENDS + HOUR), ENDS + HOUR),
        (replace(SHOW, ended=ENDS - HOUR), ENDS - HOUR),
        (replace(SHOW, started=EIGHT), ENDS + 3 * HOUR),
    ],
)
def test_a_session_is_due_a_minute_after_its_end(session: Session, ended: datetime) -> None:
    """The actual end, else the planned one; started and not ended, it is on air three hours beyond its plan."""
    assert named(session, ended + SETTLES - timedelta(seconds=1)) == []
    assert named(session, ended + SETTLES) == [("1122-A", ended)]


def test_what_is_written_or_long_over_is_not_due() -> None:
    """Once for each end: another end that was told later is another review. After a week nobody asks."""
    at = ENDS + HOUR
    assert named(SHOW, at, {("1122-A", ENDS)}) == []
    assert named(SHOW, at, {("1122-A", ENDS - HOUR), ("1121-A", ENDS)}) == [("1122-A", ENDS)]
    assert named(SHOW, ENDS + MADE_UP) == []
    assert named(SHOW, ENDS + MADE_UP - HOUR) == [("1122-A", ENDS)]


def test_the_first_to_end_comes_first() -> None:
    """As people wait for them."""
    late, early = replace(SHOW, id="a", end=ENDS + HOUR), replace(SHOW, id="b")
    assert [each.id for each, _ in due([late, early], ENDS + 2 * HOUR, ())] == ["b", "a"]


@pytest.mark.parametrize(
    ("parts", "stem"),
    [
        (("demo", "1122-A"), "2026-11-22_demo_1122-A"),
        (("3号间", "双十一/上半场"), "2026-11-22_3号间_双十一_上半场"),
        (("../../etc", "..\\x"), "2026-11-22__.._etc__x"),
        (("=cmd|' /C", "."), "2026-11-22__cmd_C__"),
    ],
)
def test_a_name_is_safe_for_file_systems(parts: tuple[str, ...], stem: str) -> None:
    """Date, room and session; what separates folders, or means something to a shell, does not come through."""
    assert stem_of(EIGHT, SHANGHAI, *parts) == stem


def test_a_long_name_is_cut_between_characters() -> None:
    """File systems take 255 bytes."""
    stem = stem_of(EIGHT, SHANGHAI, "间" * 200, "场" * 200)
    assert len(stem.encode()) < 200
    assert "\ufffd" not in stem


def test_a_name_in_use_gets_a_number(tmp_path: Path) -> None:
    """On record, or in the folder already, whatever its case: what people wrote there is not written over."""
    assert unused("2026_demo_a", tmp_path / "nowhere", ()) == "2026_demo_a"
    (tmp_path / "2026_Demo_a.zh.md").write_text("ours")
    (tmp_path / "2026_demo_ab.csv").write_text("of another")
    assert unused("2026_demo_a", tmp_path, {"2026_demo_a_2"}) == "2026_demo_a_3"
    assert unused("2026_demo", tmp_path, ()) == "2026_demo"


def test_a_crash_leaves_no_half_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first file is whole, the second not there; the next time both are, and nothing else."""
    texts = {"a.md": "一" * 1000, "b.csv": "x"}
    real, calls = Path.replace, []

    def crash(self: Path, target: Path) -> Path:
        calls.append(target)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return real(self, target)

    monkeypatch.setattr(Path, "replace", crash)
    with pytest.raises(KeyboardInterrupt):
        write_whole(tmp_path, texts)
    assert (tmp_path / "a.md").read_text(encoding="utf-8") == texts["a.md"]
    assert not (tmp_path / "b.csv").exists()
    write_whole(tmp_path, texts)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.md", "b.csv"]


def test_a_folder_that_takes_nothing_is_named_with_its_cure(tmp_path: Path) -> None:
    """Where, why, and what to do."""
    (tmp_path / "file").write_text("")
    with pytest.raises(CommandFailed, match=r"file/x cannot be written .* reviews_folder"):
        write_whole(tmp_path / "file" / "x", {"a.md": ""})
