"""Arithmetic: what is divided by nothing, and what compares nothing."""

from collections.abc import Iterator

from streamwatch.language import Text
from streamwatch.rules.everything import Everything
from streamwatch.rules.finding import Finding
from streamwatch.rules.promql import (
    COMPARISONS,
    Aggregate,
    Binary,
    Call,
    Node,
    Number,
    Paren,
    Selector,
    Subquery,
    Unary,
    bare,
    walk,
)

ALWAYS_THERE = {"vector", "time", "absent", "absent_over_time", "present_over_time", "count_over_time"}


def division(everything: Everything) -> Iterator[Finding]:
    """promql/division: by 0 the quotient is infinite, which is more than any threshold, or no number."""
    for rule in everything.rules():
        for node, _ in walk(rule.tree) if rule.tree else ():
            if isinstance(node, Binary) and node.op in ("/", "%") and not _never_zero(node.right):
                what = Text(
                    "除数为 0 时得到无穷大或 NaN", "where nothing is to divide by, this is infinite or no number"
                )
                cure = Text(
                    "除数写成 clamp_min(…, 1) 或 (… > 0)，或注明为何不会是 0",
                    "write the divisor as clamp_min(…, 1) or (… > 0), or say why it is never 0",
                )
                yield Finding("promql/division", rule.part(node.right), what, cure, "warning", rule.name)


def _never_zero(node: Node) -> bool:
    """Known not to be 0: a number, or held above it."""
    node = bare(node)
    if isinstance(node, Number):
        return node.value != 0
    if isinstance(node, Call) and node.function == "clamp_min":
        return isinstance(bare(node.arguments[-1]), Number) and _never_zero(node.arguments[-1])
    if isinstance(node, Aggregate | Subquery | Unary):
        return _never_zero(node.expr)
    if isinstance(node, Binary) and node.op in (">", "!=") and not node.yields_bool:
        limit = bare(node.right)
        return isinstance(limit, Number) and (limit.value >= 0 if node.op == ">" else limit.value == 0)
    if isinstance(node, Binary) and node.op in ("and", "unless"):
        return _never_zero(node.left)
    return isinstance(node, Binary) and node.op in ("*", "or", "^") and all(map(_never_zero, node.children()))


def comparison(everything: Everything) -> Iterator[Finding]:
    """promql/comparison: an alert without a comparison fires as long as there is a metric, whatever it says."""
    for _, rule in everything.alerts():
        if rule.tree and (branch := _uncompared(everything, rule.tree, frozenset())):
            what = Text(
                "没有比较：只要有指标就会告警", "nothing is compared: it fires as long as there is the metric"
            )
            cure = Text("加上条件，例如 == 0 或 > 0.05", "add a condition, as in == 0 or > 0.05")
            yield Finding("promql/comparison", rule.part(branch), what, cure, rule=rule.name)


def _uncompared(everything: Everything, node: Node, seen: frozenset[str]) -> Node | None:
    """The part that lets every series through; None when each is held to a condition."""
    match node:
        case Binary(op=op, yields_bool=False) if op in COMPARISONS:
            return None
        case Binary(op="unless"):
            return None
        case Binary(op="or"):
            return _uncompared(everything, node.left, seen) or _uncompared(everything, node.right, seen)
        case Binary(op="and") | Binary():
            left = _uncompared(everything, node.left, seen)
            return node if left and _uncompared(everything, node.right, seen) else None
        case Paren() | Unary() | Subquery() | Aggregate():
            return _uncompared(everything, node.expr, seen)
        case Call() if node.function in ALWAYS_THERE:
            return None
        case Call():
            open_ = [_uncompared(everything, each, seen) for each in node.arguments]
            return node if all(open_) else None
        case Selector():
            return None if _is_condition(everything, node, seen) else node
    return node


def _is_condition(everything: Everything, node: Selector, seen: frozenset[str]) -> bool:
    """`ALERTS` is there while an alert is; a recorded metric is what its own rule is."""
    if node.name in ("ALERTS", "ALERTS_FOR_STATE"):
        return True
    trees = [rule.tree for rule in everything.recorded(node.name) if rule.tree]
    if not trees or node.name in seen:
        return False
    return all(_uncompared(everything, tree, seen | {node.name}) is None for tree in trees)
