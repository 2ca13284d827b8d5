"""What is shown when: in duty.yml and in tables, which segment is on, and mistakes with place and cure."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from servers.duty_file import write_duty_file
from streamwatch.calendars import Known
from streamwatch.calendars.csv_file import read_csv, write_csv
from streamwatch.config.load import load
from streamwatch.duty import Material, Segment, segment_at
from streamwatch.errors import ConfigError
from streamwatch.language import Text

SHANGHAI = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
KNOWN = Known({"alice": "Alice Wang", "bob": "Bob"}, SHANGHAI)
SHOW = """\
sessions:
  - id: A
    stream: demo
    start: 2026-11-22T19:00
    end: 2026-11-23T00:30
    rundown:
      - {at: 19:00, what: 开场, who: host}
      - {at: "19:20", what: 商品 3, minutes: 15, who: bob}
      - {at: 2026-11-23T00:10, what: 抽奖}
    material: [{file: clips/backup.mp4, what: backup_video, seconds: 30}]
    checklist: [灯光, {zh: 手机静音, en: phones are silent}]
streams:
  demo: {material: [{file: slate.png, what: slate}], checklist: [授权书]}
"""


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


RUNDOWN = (
    Segment(at("2026-11-22T19:00"), "开场", None, "host"),
    Segment(at("2026-11-22T19:20"), "商品 3", 15, "bob"),
    Segment(at("2026-11-23T00:10"), "抽奖"),
)


def test_a_session_says_what_is_shown_and_what_it_needs(tmp_path: Path) -> None:
    """A time of day is the first from its start on; files are found from duty.yml; one language is both."""
    book = load(write_duty_file(tmp_path, SHOW), at=NOW).book
    (session,) = book.sessions
    assert session.rundown == RUNDOWN
    assert session.material == (Material(str(tmp_path / "clips" / "backup.mp4"), "backup_video", 30),)
    assert session.checklist == (Text("灯光", "灯光"), Text("手机静音", "phones are silent"))
    assert book.usual["demo"].material == (Material(str(tmp_path / "slate.png"), "slate"),)
    assert book.usual["demo"].checklist == (Text("授权书", "授权书"),)


@pytest.mark.parametrize(
    ("before", "after", "key", "says"),
    [
        ("at: 19:00,", "at: 18:59,", "rundown.0.at", "18:59 is outside the session, 19:00–00:30"),
        ('at: "19:20"', 'at: "19:00"', "rundown.1.at", "19:00 is not after the segment before"),
        ('at: "19:20"', 'at: "7 pm"', "rundown.1.at", "write a time of day, as in 23:00"),
        ("00:10, what", "01:10, what", "rundown.2.at", "01:10 is outside the session"),
        ("11-23T00:10", "11-22T18:10", "rundown.2.at", "18:10 is outside the session"),
        ("minutes: 15", "minutes: 300", "rundown.1.minutes", "lasts until 00:20, and the next begins 00:10"),
        ("抽奖}", "抽奖, minutes: 30}", "rundown.2.minutes", "lasts until 00:40, after the session's end"),
        ("what: 抽奖", "what: 抽奖;返场", "rundown.2.what", "must hold no semicolon"),
        ("what: 抽奖", "what: 抽奖 (5 min)", "rundown.2.what", "use minutes and who"),
        ("who: bob", "who: dave", "rundown.1.who", "no role or person is 'dave'"),
        ("what: backup_video", "what: film", "material.0.what", "'slate'"),
        ("minutes: 15", "minute: 15", "rundown.1.minute", "did you mean 'minutes'?"),
    ],
)
def test_what_cannot_be_true_is_told_with_place_and_cure(
    tmp_path: Path, before: str, after: str, key: str, says: str
) -> None:
    """Outside the session, out of order, in each other's way, or of nobody."""
    assert before in SHOW
    path = write_duty_file(tmp_path, SHOW.replace(before, after))
    with pytest.raises(ConfigError) as refused:
        load(path, at=NOW)
    (mistake,) = refused.value.mistakes
    line = path.read_text(encoding="utf-8").splitlines()[mistake.line - 1]
    assert mistake.key == f"sessions.0.{key}"
    assert line[mistake.column - 1 :].startswith((after.rpartition(": ")[2], key.rpartition(".")[2]))
    assert says in mistake.text, mistake.text
    assert mistake.text_zh


@pytest.mark.parametrize(
    ("moment", "number"),
    [("18:59", None), ("19:00", 1), ("19:19", 1), ("19:20", 2), ("19:35", None), ("23:59", None)],
)
def test_a_segment_lasts_as_long_as_it_says_else_until_the_next(moment: str, number: int | None) -> None:
    """Before the first, and between two, none is on."""
    found = segment_at(RUNDOWN, at("2026-11-23T00:30"), at(f"2026-11-22T{moment}"))
    assert (found and found[0]) == number


def test_the_last_segment_lasts_until_the_end() -> None:
    """And no longer."""
    end = at("2026-11-23T00:30")
    assert segment_at(RUNDOWN, end, end - timedelta(seconds=1)) == (3, RUNDOWN[2])
    assert segment_at(RUNDOWN, end, end) is None


TABLE = 'id,stream,start,end,流程\nA,demo,2026-11-22 19:00,2026-11-23 00:30,"{cell}"\n'
CELL = "19:00 开场 @主播\n19:20 商品 3（15 分钟）@Bob\n00:10 抽奖"


def test_a_cell_of_excel_holds_a_rundown() -> None:
    """A line a segment, as Alt+Enter makes it; length and role in either language, after midnight the next day."""
    (session,) = read_csv("t.csv", TABLE.format(cell=CELL).encode(), KNOWN).sessions
    assert session.rundown == RUNDOWN
    assert read_csv("t.csv", write_csv([session], SHANGHAI).encode(), KNOWN).sessions == [session]
    (again,) = read_csv("t.csv", TABLE.format(cell=CELL.replace("\n", "；")).encode(), KNOWN).sessions
    assert again.rundown == RUNDOWN


@pytest.mark.parametrize(
    ("cell", "says"),
    [
        ("开场", "'开场' is no segment"),
        ("19:00", "'19:00' is no segment"),
        ("25:00 开场", "'25:00 开场' is no segment"),
        ("19:00 开场 @dave", "nobody has the id or name 'dave'"),
        ("19:20 a\n19:00 b", "19:00 is not after the segment before"),
        ("18:00 a", "18:00 is outside the session, 19:00–00:30"),
        ("19:00 a (30 min)\n19:20 b", "lasts until 19:30, and the next begins 19:20"),
    ],
)
def test_a_mistake_in_a_cell_is_told_at_the_cell(cell: str, says: str) -> None:
    """With what to write instead."""
    (mistake,) = read_csv("t.csv", TABLE.format(cell=cell).encode(), KNOWN).mistakes
    assert (mistake.line, mistake.column, mistake.key) == (2, 42, "rundown")
    assert says in mistake.text
