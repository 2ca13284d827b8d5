"""CSV as Excel and WPS open it: BOM, two languages, local time, empty cells, and no formulas."""

import csv
import io
from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from streamwatch.language import Text
from streamwatch.report.csv_text import guarded, incidents_csv, table_csv
from streamwatch.report.incidents import Incident
from streamwatch.report.series import SERIES, Summary
from streamwatch.report.table import Column, Table, Track, columns
from streamwatch.report.window import window

SHANGHAI = ZoneInfo("Asia/Shanghai")
START = datetime(2026, 11, 22, 19, 0, tzinfo=SHANGHAI)
SPAN = window(START, START + timedelta(minutes=3), 60, SHANGHAI)


def column(values: Sequence[float | None], summary: Summary = "max", digits: int = 0) -> Column:
    return Column(
        "viewers", Text("在线人数", "Viewers"), Text("人", "people"), summary, digits, "up", tuple(values)
    )


def rows_of(text: str) -> list[list[str]]:
    assert text.startswith("\ufeff")
    return list(csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline="")))


def incident(**changes: object) -> Incident:
    row = {
        "at": "2026-11-22T20:00:00.000+08:00",
        "kind": "called",
        "person": "alice",
        "channel": None,
        "text_zh": "呼叫 alice",
        "text_en": "calling alice",
    }
    return {"id": "12", "severity": "P0", "state": "resolved", "drill": False, "timeline": [row | changes]}


def test_the_file_is_utf8_with_bom_and_crlf() -> None:
    """Excel knows UTF-8 by its BOM; lines end as RFC 4180 has it."""
    raw = table_csv(Table("demo", SPAN, (column([1, 2, 3]),)), SHANGHAI).encode()
    assert raw.startswith(b"\xef\xbb\xbf")
    assert raw.count(b"\r\n") == raw.count(b"\n") == 5


def test_one_row_per_step_and_a_summary() -> None:
    """Local time, ISO 8601, the values, how much was seen; the summary spans the window."""
    rows = rows_of(table_csv(Table("demo", SPAN, (column([120, None, 80]),)), SHANGHAI))
    assert rows == [
        [
            "时间 Local time",
            "ISO 8601 时间 ISO 8601 time",
            "在线人数（人，汇总为最高） Viewers (people, summary: max)",
            "数据覆盖率（汇总为平均） Data coverage (summary: average)",
        ],
        ["2026-11-22 19:00:00", "2026-11-22T19:00:00+08:00", "120", "1"],
        ["2026-11-22 19:01:00", "2026-11-22T19:01:00+08:00", "", "0"],
        ["2026-11-22 19:02:00", "2026-11-22T19:02:00+08:00", "80", "1"],
        ["汇总 Summary", "2026-11-22T19:00:00+08:00/2026-11-22T19:03:00+08:00", "120", "0.667"],
    ]


def test_no_data_at_all_is_an_empty_summary() -> None:
    """A column that Prometheus never had is empty down to its summary."""
    rows = rows_of(table_csv(Table("demo", SPAN, (column([None] * 3),)), SHANGHAI))
    assert [row[2] for row in rows[1:]] == ["", "", "", ""]


@pytest.mark.parametrize(
    ("value", "digits", "cell"),
    [
        (0.0, 0, "0"),
        (2.5e5, 0, "250000"),
        (1 / 3, 3, "0.333"),
        (1.0, 3, "1"),
        (-0.5, 1, "-0.5"),
        (1e16, 0, "1" + "0" * 16),
    ],
)
def test_numbers_are_numbers(value: float, digits: int, cell: str) -> None:
    """As many digits as the series has a use for, no exponent, and no guard before a minus."""
    rows = rows_of(table_csv(Table("demo", SPAN, (column([value, None, None], digits=digits),)), SHANGHAI))
    assert rows[1][2] == cell


def test_local_time_follows_the_zone_through_its_change() -> None:
    """In the night of the change 02:00 stands twice, and the ISO column tells the two apart."""
    berlin = ZoneInfo("Europe/Berlin")
    start = datetime(2026, 10, 25, 2, 0, tzinfo=berlin)
    span = window(start, start + timedelta(hours=3), 3600, berlin)
    rows = rows_of(table_csv(Table("demo", span, (column([1] * span.rows),)), berlin))
    assert [row[0][11:16] for row in rows[1:4]] == ["02:00", "02:00", "03:00"]
    assert [row[1][-6:] for row in rows[1:4]] == ["+02:00", "+01:00", "+01:00"]


@pytest.mark.parametrize("first", ["=", "+", "-", "@", "\t", "\r"])
def test_text_that_begins_like_a_formula_is_guarded(first: str) -> None:
    """What a viewer or a label says is never run by the spreadsheet."""
    assert guarded(f"{first}cmd|' /C calc'!A0") == f"'{first}cmd|' /C calc'!A0"
    rows = rows_of(incidents_csv([incident(text_zh=f"{first}1+1")]))
    assert rows[1][8] == f"'{first}1+1"


@pytest.mark.parametrize("text", ["", "a=1", "卡", " =1", "'=1", "1-2", "http://x/@y"])
def test_other_text_is_left_as_it_is(text: str) -> None:
    """Only the first character decides."""
    assert guarded(text) == text


def test_a_category_cannot_be_a_formula() -> None:
    """A column's heading begins with our own words, so a label value in it stays text."""
    series = next(each for each in SERIES if each.by)
    found = columns(series, [Track({"category": "=1+1"}, {0: 1.0})], "demo", SPAN)
    heading = rows_of(table_csv(Table("demo", SPAN, tuple(found)), SHANGHAI))[0][2]
    assert heading.startswith("抱怨人数·=1+1")


def test_the_timeline_has_a_row_for_every_row() -> None:
    """Incident, severity, state, drill, moment, kind, person, channel and both sentences."""
    rows = rows_of(incidents_csv([incident(channel="phone")]))
    assert rows == [
        [
            "事件 Incident",
            "级别 Severity",
            "状态 State",
            "演练 Drill",
            "时刻 At",
            "类型 Kind",
            "人员 Person",
            "渠道 Channel",
            "内容（中文） Text (Chinese)",
            "内容（英文） Text (English)",
        ],
        [
            "12",
            "P0",
            "已恢复 resolved",
            "否 no",
            "2026-11-22T20:00:00.000+08:00",
            "called",
            "alice",
            "phone",
            "呼叫 alice",
            "calling alice",
        ],
    ]


def test_a_drill_says_so() -> None:
    """Whoever filters the sheet can leave drills out."""
    assert rows_of(incidents_csv([incident() | {"drill": True}]))[1][3] == "是 yes"


def test_no_incident_is_a_header_alone() -> None:
    """An evening without incidents still has its file, with nothing in it."""
    assert len(rows_of(incidents_csv([]))) == 1


def test_words_with_commas_quotes_and_lines_stay_in_their_cell() -> None:
    """The sentence comes back as it was."""
    words = 'no route: "connect", then\nnothing'
    assert rows_of(incidents_csv([incident(text_en=words)]))[1][9] == words
