"""A condition as `rules new --expr` takes it: a metric against a number, and data that meets it or not. Pure.

Of such a condition it is known which values are beyond it, so that its test can be written. What a rate or a join
answers depends on more than one value: there, people write the test.
"""

import re
from dataclasses import dataclass

from streamwatch.errors import CommandFailed
from streamwatch.language import Text
from streamwatch.rules.parsing import PromqlError, parse
from streamwatch.rules.promql import COMPARISONS, Aggregate, Binary, Matcher, Node, Number, Selector, Unary, bare

DEFAULT = "max by (stream) (streamwatch_ingest_publishing) == 0"
AS_ONE = {"max", "min", "sum", "avg"}  # of one series: its value
SHAPE = Text(
    "--expr 写成 max by (stream) (指标) > 数。别的写法请不带 --expr，然后一起改 rules.yml 和它的测试",
    "write --expr as max by (stream) (METRIC) > NUMBER. "
    "For anything else leave it out, then change rules.yml and its test together",
)


@dataclass(frozen=True)
class Condition:
    """*measured* is compared by *op* with *limit*; *by* are the labels it keeps; *labels* are those of a series."""

    metric: str
    measured: str
    op: str
    limit: float
    by: tuple[str, ...]
    labels: dict[str, str]

    @property
    def expr(self) -> str:
        return f"{self.measured} {self.op} {self.limit:.15g}"

    @property
    def bad(self) -> str:
        """The nearest value that meets it: the limit itself, or the one beyond it."""
        return f"{self.limit if self.op in ('>=', '<=', '==') else self._beside():.15g}"

    @property
    def good(self) -> str:
        """The nearest value that does not."""
        return f"{self._beside() if self.op in ('>=', '<=', '==') else self.limit:.15g}"

    def _beside(self) -> float:
        """A tenth from the limit on the side where it tells; of what must be equal, the next number."""
        step = 1.0 if self.op in ("==", "!=") else round(abs(self.limit) / 10, 12) or 1.0
        return round(self.limit + (-step if self.op in ("<", ">=") else step), 12)


def condition_of(text: str) -> Condition:
    """Raises `CommandFailed` for what is no metric against a number."""
    try:
        tree = bare(parse(text))
    except PromqlError as error:
        raise CommandFailed(Text(f"--expr：{error}", f"--expr: {error}")) from None
    if not isinstance(tree, Binary) or tree.op not in COMPARISONS or tree.yields_bool:
        raise CommandFailed(SHAPE)
    left, limit = bare(tree.left), _number(bare(tree.right))
    worst = Aggregate(left.start, left.end, "min" if tree.op in ("<", "<=") else "max", (left,), ("stream",))
    whole = left if isinstance(left, Aggregate) else worst
    metric = bare(whole.expr)
    if limit is None or not isinstance(metric, Selector) or metric.range is not None or not metric.name:
        raise CommandFailed(SHAPE)
    if whole.operation not in AS_ONE or whole.without or not whole.labels:
        raise CommandFailed(SHAPE)
    written = " ".join(text[metric.start : metric.end].split())
    if not written.endswith(("}", metric.name)):  # offset, @: it would judge another time than the test's
        raise CommandFailed(SHAPE)
    measured = f"{whole.operation} by ({', '.join(whole.labels)}) ({written})"
    return Condition(metric.name, measured, tree.op, limit, whole.labels, _labels(whole.labels, metric))


def _number(node: Node) -> float | None:
    if isinstance(node, Unary) and node.op == "-":
        inner = _number(bare(node.expr))
        return None if inner is None else -inner
    return node.value if isinstance(node, Number) and abs(node.value) < 1e15 else None


def _labels(by: tuple[str, ...], metric: Selector) -> dict[str, str]:
    """Of a series that is meant."""
    names = dict.fromkeys([*by, *(each.label for each in metric.matchers)])
    found = {name: _value(name, [each for each in metric.matchers if each.label == name]) for name in names}
    return {name: value for name, value in found.items() if value and name != "__name__"}


def _value(name: str, matchers: list[Matcher]) -> str:
    """The first of what stands in the expression, else an example, that all of them take."""
    said = [word for each in matchers if each.op in ("=", "=~") for word in (each.value, *each.value.split("|"))]
    example = "demo" if name == "stream" else "example"
    return next((word for word in [*said, example] if all(_takes(each, word) for each in matchers)), example)


def _takes(matcher: Matcher, word: str) -> bool:
    if matcher.op in ("=", "!="):
        return (matcher.value == word) is (matcher.op == "=")
    try:
        return bool(re.fullmatch(matcher.value, word)) is (matcher.op == "=~")
    except re.error:
        return True
