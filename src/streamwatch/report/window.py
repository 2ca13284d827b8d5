"""The time that is exported, cut into steps. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

from streamwatch.errors import CommandFailed
from streamwatch.language import Text

# Prometheus refuses a range query of more than 11,000 points per series (web/api/v1, query_range).
MAX_POINTS = 10_000
MAX_ROWS = 100_000  # a year in hours, ten weeks in minutes; a table beyond that is of no use to people


@dataclass(frozen=True)
class Window:
    """From *start* on, *rows* steps of *step* seconds. The last step is a whole one, also when the end cuts it."""

    start: datetime  # UTC, whole seconds
    step: int
    rows: int

    @property
    def end(self) -> datetime:
        return self.begins(self.rows)

    def begins(self, row: int) -> datetime:
        return self.start + timedelta(seconds=row * self.step)

    def queries(self) -> Iterator[tuple[int, int]]:
        """First and last instant of each query, in Unix seconds. A row is asked for at the end of its step."""
        start = int(self.start.timestamp())
        for first in range(0, self.rows, MAX_POINTS):
            last = min(first + MAX_POINTS, self.rows) - 1
            yield start + (first + 1) * self.step, start + (last + 1) * self.step

    def row_at(self, instant: float) -> int | None:
        """The row that ends at *instant* (Unix seconds); None when no row of this window does."""
        row = round((instant - self.start.timestamp()) / self.step) - 1
        return row if 0 <= row < self.rows else None


def window(start: datetime, end: datetime, step: int, zone: tzinfo) -> Window:
    """Both times are aware. Raises `CommandFailed` when there is no time between them, or too much of it."""
    # Two times of one zone compare by their wall clocks, which jump twice a year: only UTC tells who is first.
    start, end = (each.astimezone(UTC).replace(microsecond=0) for each in (start, end))
    if end <= start:
        first, last = (each.astimezone(zone).isoformat() for each in (start, end))
        raise CommandFailed(
            Text(
                f"--to {last} 不在 --from {first} 之后；过了零点是下一天。",
                f"--to {last} is not after --from {first}; after midnight is the next day.",
            )
        )
    seconds = int((end - start).total_seconds())
    rows = -(-seconds // step)
    if rows > MAX_ROWS:
        least = -(-seconds // MAX_ROWS)
        raise CommandFailed(
            Text(
                f"那会有 {rows} 行，超过 {MAX_ROWS} 行；请用 --step {least} 或更大，或导出更短的时间。",
                f"that would be {rows} rows, more than {MAX_ROWS}; take --step {least} or more, "
                "or export a shorter time.",
            )
        )
    return Window(start, step, rows)
