"""A PromQL expression as a tree whose nodes know where they stand (prometheus.io, Querying: Operators, Functions).

The public parsers for Python keep no places, and without a place no mistake can be pointed at. What is well-formed
is promtool's to say; here it is only taken apart. Pure.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

COMPARISONS = frozenset({"==", "!=", "<=", "<", ">=", ">"})
SET_OPERATORS = frozenset({"and", "or", "unless"})
AGGREGATIONS = frozenset({
    "sum", "avg", "count", "min", "max", "group", "stddev", "stdvar", "topk", "bottomk", "count_values", "quantile",
    "limitk", "limit_ratio",
})  # fmt: skip


@dataclass(frozen=True)
class Node:
    """*start* and *end* are offsets into the expression, in characters; *end* is behind the last one."""

    start: int
    end: int

    def children(self) -> "tuple[Node, ...]":
        return ()


@dataclass(frozen=True)
class Number(Node):
    value: float


@dataclass(frozen=True)
class String(Node):
    text: str


@dataclass(frozen=True)
class Matcher:
    label: str
    op: str  # = != =~ !~
    value: str


@dataclass(frozen=True)
class Selector(Node):
    """A metric with its matchers; *range* in seconds when it has one."""

    name: str
    matchers: tuple[Matcher, ...] = ()
    range: float | None = None

    def equal(self, label: str) -> str | None:
        """What *label* must be, if it must be one thing."""
        return next((each.value for each in self.matchers if (each.label, each.op) == (label, "=")), None)


@dataclass(frozen=True)
class Subquery(Node):
    expr: Node
    range: float
    step: float | None

    def children(self) -> tuple[Node, ...]:
        return (self.expr,)


@dataclass(frozen=True)
class Paren(Node):
    expr: Node

    def children(self) -> tuple[Node, ...]:
        return (self.expr,)


@dataclass(frozen=True)
class Unary(Node):
    op: str
    expr: Node

    def children(self) -> tuple[Node, ...]:
        return (self.expr,)


@dataclass(frozen=True)
class Call(Node):
    function: str
    arguments: tuple[Node, ...]

    def children(self) -> tuple[Node, ...]:
        return self.arguments


@dataclass(frozen=True)
class Aggregate(Node):
    """*labels* are kept (`by`), or dropped (*without*)."""

    operation: str
    arguments: tuple[Node, ...]
    labels: tuple[str, ...] = ()
    without: bool = False

    @property
    def expr(self) -> Node:
        return self.arguments[-1]

    def children(self) -> tuple[Node, ...]:
        return self.arguments


@dataclass(frozen=True)
class Matching:
    """How the series of two sides find each other."""

    on: tuple[str, ...] | None = None
    ignoring: tuple[str, ...] = ()
    group: str = ""  # left, right
    include: tuple[str, ...] = ()


@dataclass(frozen=True)
class Binary(Node):
    op: str
    left: Node
    right: Node
    op_start: int
    yields_bool: bool = False
    matching: Matching = field(default_factory=Matching)

    def children(self) -> tuple[Node, ...]:
        return (self.left, self.right)


def walk(node: Node, above: tuple[Node, ...] = ()) -> Iterator[tuple[Node, tuple[Node, ...]]]:
    """Every node with those above it, the nearest last."""
    yield node, above
    for child in node.children():
        yield from walk(child, (*above, node))


def bare(node: Node) -> Node:
    """Without the brackets around it."""
    while isinstance(node, Paren):
        node = node.expr
    return node


def selectors(node: Node) -> Iterator[Selector]:
    yield from (each for each, _ in walk(node) if isinstance(each, Selector))
