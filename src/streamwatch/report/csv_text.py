"""The table and the incidents as CSV for Excel and WPS: a BOM, CRLF, a header in two languages. Pure (RFC 4180)."""

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import datetime, tzinfo
from typing import Any

from streamwatch.language import Text
from streamwatch.report.incidents import Incident
from streamwatch.report.table import Column, Table
from streamwatch.vocabulary import STATES, say

BOM = "\ufeff"  # without it Excel reads UTF-8 as the system's old code page

Cell = str | float | int | None

_SUMMARIES = {
    "average": Text("汇总为平均", "summary: average"),
    "max": Text("汇总为最高", "summary: max"),
    "min": Text("汇总为最低", "summary: min"),
}
_TIME = Text("时间", "Local time")
_ISO = Text("ISO 8601 时间", "ISO 8601 time")
_COVERAGE = Text("数据覆盖率（汇总为平均）", "Data coverage (summary: average)")
_TOTAL = Text("汇总", "Summary")
_INCIDENT = (
    Text("事件", "Incident"),
    Text("级别", "Severity"),
    Text("状态", "State"),
    Text("演练", "Drill"),
    Text("时刻", "At"),
    Text("类型", "Kind"),
    Text("人员", "Person"),
    Text("渠道", "Channel"),
    Text("内容（中文）", "Text (Chinese)"),
    Text("内容（英文）", "Text (English)"),
)
_YES, _NO = Text("是", "yes"), Text("否", "no")

# A cell that begins with one of these is run as a formula; what viewers wrote must not run (OWASP, CSV Injection).
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def table_csv(table: Table, zone: tzinfo) -> str:
    """One row per step, then the summary. A cell without data is empty."""
    return _written([_header(table), *_rows(table, zone), _summary(table, zone)])


def incidents_csv(incidents: Sequence[Incident]) -> str:
    """One row per row of a timeline."""
    rows = (_incident_row(incident, row) for incident in incidents for row in incident.get("timeline", ()))
    return _written([[_both(each) for each in _INCIDENT], *rows])


def guarded(text: str) -> str:
    """*text* as a cell that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def _written(rows: Iterable[Sequence[Cell]]) -> str:
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\r\n")
    for row in rows:
        writer.writerow([guarded(cell) if isinstance(cell, str) else cell for cell in row])
    return BOM + file.getvalue()


def _header(table: Table) -> list[Cell]:
    return [_both(_TIME), _both(_ISO), *(_heading(column) for column in table.columns), _both(_COVERAGE)]


def _heading(column: Column) -> str:
    how = _SUMMARIES[column.summary]
    return (
        f"{column.name.zh}（{column.unit.zh}，{how.zh}） "  # the reader's eye finds either half
        f"{column.name.en} ({column.unit.en}, {how.en})"
    )


def _rows(table: Table, zone: tzinfo) -> Iterable[list[Cell]]:
    for row in range(table.window.rows):
        at = table.window.begins(row).astimezone(zone)
        cells = [_rounded(column.values[row], column.digits) for column in table.columns]
        yield [_local(at), at.isoformat(), *cells, _rounded(table.coverage_of(row), 3)]


def _summary(table: Table, zone: tzinfo) -> list[Cell]:
    whole = "/".join(at.astimezone(zone).isoformat() for at in (table.window.start, table.window.end))
    cells = [_rounded(column.summed_up, column.digits) for column in table.columns]
    return [_both(_TOTAL), whole, *cells, _rounded(table.coverage, 3)]


def _incident_row(incident: Incident, row: dict[str, Any]) -> list[Cell]:
    return [
        str(incident.get("id", "")),
        incident.get("severity"),
        _both(say(STATES, str(incident.get("state", "")))),
        _both(_YES if incident.get("drill") else _NO),
        row.get("at"),
        row.get("kind"),
        row.get("person"),
        row.get("channel"),
        row.get("text_zh"),
        row.get("text_en"),
    ]


def _both(text: Text) -> str:
    return f"{text.zh} {text.en}" if text.zh != text.en else text.zh


def _local(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S}"


def _rounded(value: float | None, digits: int) -> float | int | None:
    if value is None:
        return None
    rounded = round(value, digits)
    return int(rounded) if rounded == int(rounded) else rounded
