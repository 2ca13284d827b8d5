"""One line for each check. The names in their docstrings are those in the output, which a comment may allow."""

from collections.abc import Callable, Iterator

from streamwatch.rules.checks import (
    absence,
    annotations,
    arithmetic,
    labels,
    metrics,
    names,
    runbooks,
    shown,
    timing,
)
from streamwatch.rules.everything import Everything
from streamwatch.rules.finding import Finding

Check = Callable[[Everything], Iterator[Finding]]

CHECKS: tuple[Check, ...] = (
    names.readable,
    names.twice,
    names.loaded,
    labels.missing,
    labels.closed,
    labels.stream,
    annotations.missing,
    annotations.summary,
    runbooks.step,
    runbooks.steps,
    runbooks.unfinished,
    metrics.unknown,
    metrics.counter_without_rate,
    metrics.rate_of_gauge,
    arithmetic.division,
    arithmetic.comparison,
    timing.waits,
    timing.ranges,
    absence.absent,
    absence.branch,
    shown.both_ways,
    shown.stranger,
)
