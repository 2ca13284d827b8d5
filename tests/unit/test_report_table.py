"""The table: values by row, honest gaps, summary and coverage."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from streamwatch.language import Text
from streamwatch.report.series import SERIES, Series, Summary
from streamwatch.report.table import Column, Table, Track, columns
from streamwatch.report.window import window

SHANGHAI = ZoneInfo("Asia/Shanghai")
START = datetime(2026, 11, 22, 19, 0, tzinfo=SHANGHAI)
SPAN = window(START, START + timedelta(minutes=4), 60, SHANGHAI)
KEYS = {series.key: series for series in SERIES}


def one(*values: float | None, summary: Summary = "average") -> Column:
    return Column("viewers", Text("在线", "viewers"), Text("人", "people"), summary, 0, "up", values)


def made(series: Series, *tracks: Track) -> list[Column]:
    return columns(series, tracks, "demo", SPAN)


def test_a_missing_sample_is_no_zero() -> None:
    """A row without a sample holds None, a row with 0 holds 0."""
    (column,) = made(KEYS["viewers"], Track({}, {0: 120.0, 2: 0.0}))
    assert column.values == (120.0, None, 0.0, None)


def test_a_series_that_was_never_seen_keeps_its_column() -> None:
    """The column stands there, empty, so that nobody mistakes a gap for a shorter list."""
    (column,) = made(KEYS["viewers"])
    assert column.values == (None, None, None, None)
    assert (column.coverage, column.average, column.max, column.min, column.summed_up) == (
        0.0,
        None,
        None,
        None,
        None,
    )


def test_each_category_has_its_column() -> None:
    """Categories come in the order of their names, in both languages, and an unknown one under its own name."""
    found = made(
        KEYS["complaining_users"],
        Track({"category": "lag"}, {0: 60.0}),
        Track({"category": "audio"}, {1: 2.0}),
        Track({"category": "smell"}, {2: 1.0}),
    )
    assert [column.key for column in found] == [f"complaining_users_{each}" for each in ("audio", "lag", "smell")]
    assert found[1].name == Text("抱怨人数·卡顿", "Complaining users: lag")
    assert found[2].name == Text("抱怨人数·smell", "Complaining users: smell")
    assert found[1].values == (60.0, None, None, None)


def test_no_category_no_column() -> None:
    """Without any category there is nothing to name a column after."""
    assert made(KEYS["complaining_users"]) == []


@pytest.mark.parametrize(("summary", "value"), [("average", 2.0), ("max", 4.0), ("min", 0.0)])
def test_the_summary_leaves_gaps_out(summary: Summary, value: float) -> None:
    """An average over three samples in four rows divides by three."""
    assert one(2.0, None, 0.0, 4.0, summary=summary).summed_up == value


def test_coverage_of_a_column_is_its_share_of_rows() -> None:
    """Three of four rows have a value: 0.75, and the 0 among them counts as data."""
    assert one(2.0, None, 0.0, 4.0).coverage == 0.75


def test_coverage_of_a_row_counts_what_is_measured_at_all() -> None:
    """A stream without chat is not at half coverage; a row in which the exporter was down is at none."""
    table = Table("demo", SPAN, (one(1, 1, None, 1), one(1, None, None, 1), one(None, None, None, None)))
    assert [table.coverage_of(row) for row in range(4)] == [1.0, 0.5, 0.0, 1.0]
    assert table.coverage == pytest.approx(0.625)
    assert len(table.unseen) == 1


def test_a_table_without_data_covers_nothing() -> None:
    """Nothing seen is a coverage of 0, not a division by it."""
    table = Table("demo", SPAN, (one(None, None, None, None),))
    assert (table.coverage, table.coverage_of(0)) == (0.0, 0.0)
