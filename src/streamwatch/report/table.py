"""The record of a stream as a table: one row per step, one column per series. Pure.

Where Prometheus has no sample the cell is None: "no data" is not zero.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from streamwatch.language import Text
from streamwatch.report.series import Series, Summary
from streamwatch.report.window import Window
from streamwatch.vocabulary import CATEGORIES, say


class Track(NamedTuple):
    """One series of Prometheus' answer: its labels, and its values by row."""

    labels: Mapping[str, str]
    values: Mapping[int, float]


@dataclass(frozen=True)
class Column:
    """One series over the whole window, in base units."""

    key: str
    name: Text
    unit: Text
    summary: Summary
    digits: int
    query: str
    values: tuple[float | None, ...]

    @cached_property
    def known(self) -> list[float]:
        return [value for value in self.values if value is not None]

    @property
    def coverage(self) -> float:
        """The share of rows that have a value, 0 to 1."""
        return len(self.known) / len(self.values) if self.values else 0.0

    @property
    def average(self) -> float | None:
        known = self.known
        return sum(known) / len(known) if known else None

    @property
    def max(self) -> float | None:
        return max(self.known, default=None)

    @property
    def min(self) -> float | None:
        return min(self.known, default=None)

    @property
    def summed_up(self) -> float | None:
        """The one number that stands for the column in the summary row."""
        return {"average": self.average, "max": self.max, "min": self.min}[self.summary]


@dataclass(frozen=True)
class Table:
    stream: str
    window: Window
    columns: tuple[Column, ...]

    @cached_property
    def seen(self) -> list[Column]:
        """Columns with any value. What is not measured at all, say chat, does not count as a gap of every row."""
        return [column for column in self.columns if column.known]

    @property
    def unseen(self) -> list[Column]:
        return [column for column in self.columns if not column.known]

    def coverage_of(self, row: int) -> float:
        """The share of the columns with any value that have one in *row*, 0 to 1."""
        seen = self.seen
        return sum(column.values[row] is not None for column in seen) / len(seen) if seen else 0.0

    @property
    def coverage(self) -> float:
        seen = self.seen
        return sum(column.coverage for column in seen) / len(seen) if seen else 0.0


def columns(series: Series, tracks: Sequence[Track], stream: str, window: Window) -> list[Column]:
    """One column; or, for a series with *by*, one for each value of that label that was found."""
    query = series.promql(stream, window.step)
    if series.by is None:
        return [_column(series, series.key, series.name, query, tracks, window.rows)]
    found = sorted({track.labels.get(series.by, "") for track in tracks})
    return [
        _column(
            series,
            f"{series.key}_{value}",
            _narrowed(series.name, value),
            query,
            [track for track in tracks if track.labels.get(series.by, "") == value],
            window.rows,
        )
        for value in found
    ]


def _narrowed(name: Text, value: str) -> Text:
    word = say(CATEGORIES, value)
    return Text(f"{name.zh}·{word.zh}", f"{name.en}: {word.en}")


def _column(series: Series, key: str, name: Text, query: str, tracks: Sequence[Track], rows: int) -> Column:
    merged: dict[int, float] = {}
    for track in tracks:
        merged |= track.values
    values = tuple(merged.get(row) for row in range(rows))
    return Column(key, name, series.unit, series.summary, series.digits, query, values)
