"""What was sold while a stream was on air, as far as its shop told. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from streamwatch.report.review.measured import FAILED, ORDERS, REFUNDED, REFUNDS, TURNOVER, Measured
from streamwatch.report.series import Series


@dataclass(frozen=True)
class Sales:
    """Of one stream. *turnover* (gross) and *refunded* are by currency; *peak* is orders in a minute.

    *known*: the share of the time on air in which the shop was heard, 0 to 1. None: not known.
    """

    stream: str
    known: float
    orders: float | None
    peak: float | None
    failed: float | None
    refunds: float | None
    turnover: Mapping[str, float]
    refunded: Mapping[str, float]


def sales(stream: str, measured: Measured, rows: Sequence[int], step: int) -> Sales | None:
    """*rows* are the time on air, of *step* seconds each. None of a stream whose shop was never heard meanwhile."""
    orders = _values(measured, ORDERS, rows)
    if not orders:
        return None
    return Sales(
        stream,
        len(orders) / len(rows),
        sum(orders),
        max(orders) * 60 / step,
        _sum(measured, FAILED, rows),
        _sum(measured, REFUNDS, rows),
        _sums(measured, TURNOVER, rows),
        _sums(measured, REFUNDED, rows),
    )


def _values(measured: Measured, series: Series, rows: Sequence[int]) -> list[float]:
    column = measured.one(series.key)
    return [value for row in rows if (value := column.values[row]) is not None] if column else []


def _sum(measured: Measured, series: Series, rows: Sequence[int]) -> float | None:
    values = _values(measured, series, rows)
    return sum(values) if values else None


def _sums(measured: Measured, series: Series, rows: Sequence[int]) -> dict[str, float]:
    return {
        currency: sum(column.values[row] or 0.0 for row in rows)
        for currency, column in sorted(measured.by_category(series).items())
    }
