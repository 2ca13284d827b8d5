"""The same record as one JSON document for programs: machine names, base units, nothing rounded. Pure."""

from collections.abc import Sequence
from datetime import tzinfo
from typing import Any

from streamwatch.report.alarms import by_alert
from streamwatch.report.incidents import Incident
from streamwatch.report.table import Column, Table


def document(table: Table, incidents: Sequence[Incident], zone: tzinfo) -> dict[str, Any]:
    """Times are ISO 8601 with offset, in *zone*. A value that Prometheus does not have is None."""
    window = table.window
    return {
        "stream": table.stream,
        "timezone": str(zone),
        "from": window.start.astimezone(zone).isoformat(),
        "to": window.end.astimezone(zone).isoformat(),
        "step_seconds": window.step,
        "coverage": table.coverage,
        "columns": [_described(column) for column in table.columns],
        "rows": [_row(table, row, zone) for row in range(window.rows)],
        "summary": {column.key: _summed_up(column) for column in table.columns},
        "alerts": by_alert(incidents),
        "incidents": list(incidents),
    }


def _described(column: Column) -> dict[str, str]:
    return {
        "key": column.key,
        "name_zh": column.name.zh,
        "name_en": column.name.en,
        "unit": column.unit.en,
        "query": column.query,
    }


def _row(table: Table, row: int, zone: tzinfo) -> dict[str, Any]:
    values = {column.key: column.values[row] for column in table.columns}
    at = table.window.begins(row).astimezone(zone).isoformat()
    return {"at": at, **values, "coverage": table.coverage_of(row)}


def _summed_up(column: Column) -> dict[str, float | None]:
    return {"average": column.average, "max": column.max, "min": column.min, "coverage": column.coverage}
