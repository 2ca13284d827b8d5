"""Labels: routing, inhibition and duty go by them; without one, the wrong person is called, or nobody."""

from collections.abc import Iterator, Set

from streamwatch.alert import SEVERITIES
from streamwatch.language import Text
from streamwatch.rules.everything import Everything
from streamwatch.rules.finding import Finding
from streamwatch.rules.promql import Aggregate, Binary, Call, Node, Number, Paren, Selector, String, Subquery, Unary
from streamwatch.rules.written import Rule
from streamwatch.vocabulary import HOPS, ROLES

NEEDED = ("hop", "procedure", "severity", "role")
HEARTBEATS = ("Watchdog", "Canary")  # they page nobody by themselves, and have the severity `none`
KEEPS_ALL = {"topk", "bottomk", "limitk", "limit_ratio"}
NO_LABELS = {"vector", "time", "scalar", "pi"}


def missing(everything: Everything) -> Iterator[Finding]:
    """label/missing: all four stand in the rule; `stream` there, or in what the expression answers."""
    for _, rule in everything.alerts():
        labels = rule.named("labels")
        for key in NEEDED:
            if not labels.get(key) or not labels[key].text:
                what = Text(f"缺少标签 {key}", f"the label {key} is missing")
                cure = Text(f"在 labels 里写上 {key}", f"add {key} to its labels")
                yield Finding("label/missing", rule.at("alert"), what, cure, rule=rule.name)


def stream(everything: Everything) -> Iterator[Finding]:
    """label/stream: without it nobody knows which stream is meant, and incidents of two streams become one."""
    for _, rule in everything.alerts():
        if rule.tree and "labels.stream" not in rule.values and not keeps(everything, rule.tree, "stream"):
            what = Text("告警不带 stream 标签", "the alert has no label stream")
            cure = Text(
                "聚合时写 by (stream)，用 on (stream) 连接，或在 labels 里写 stream: all",
                "write by (stream) where it sums up, on (stream) where it joins, or stream: all in its labels",
            )
            yield Finding("label/stream", rule.part(rule.tree), what, cure, rule=rule.name)


def closed(everything: Everything) -> Iterator[Finding]:
    """label/hop, label/role, label/severity: only words that routing knows. A template is left to the tests."""
    for procedure, rule in everything.alerts():
        severities = {"none"} if rule.name in HEARTBEATS else set(SEVERITIES)
        yield from _of(rule, "hop", HOPS.keys())
        yield from _of(rule, "role", ROLES.keys() - {"host"})  # on air, the host is never paged
        yield from _of(rule, "severity", severities)
        yield from _of(rule, "procedure", {procedure.name})


def _of(rule: Rule, key: str, known: Set[str]) -> Iterator[Finding]:
    value = rule.named("labels").get(key)
    if value is None or not value.text or "{{" in value.text or value.text in known:
        return
    what = Text(f"{key} 没有“{value.text}”", f"there is no {key} '{value.text}'")
    words = " ".join(sorted(known))
    cure = Text(f"可以写 {words}", f"write one of {words}")
    if key == "procedure":
        what = Text(
            f"procedure 是“{value.text}”，与文件夹不同", f"the procedure '{value.text}' is not its folder's"
        )
        cure = Text(f"写 procedure: {words}", f"write procedure: {words}")
    yield Finding(f"label/{key}", value.place, what, cure, rule=rule.name)


def keeps(everything: Everything, node: Node, label: str, seen: frozenset[str] = frozenset()) -> bool:
    """Whether what *node* answers may carry *label*: false only when it surely does not."""

    def kept(inner: Node) -> bool:
        return keeps(everything, inner, label, seen)

    match node:
        case Number() | String():
            return False
        case Selector():
            return _has(everything, node, label, seen)
        case Paren() | Unary() | Subquery():
            return kept(node.expr)
        case Aggregate():
            through = node.without or bool(node.labels) or node.operation not in KEEPS_ALL
            named = (label in node.labels) is not node.without
            return kept(node.expr) and (named or not through)
        case Call(function="label_replace" | "label_join"):
            return _text(node.arguments[1]) == label or kept(node.arguments[0])
        case Call(function="absent" | "absent_over_time"):
            return any(isinstance(each, Selector) and each.equal(label) is not None for each in node.arguments)
        case Call():
            return node.function not in NO_LABELS and any(map(kept, node.arguments))
        case Binary():
            return _joined(node, label, kept(node.left), kept(node.right))
    return True


def _joined(node: Binary, label: str, left: bool, right: bool) -> bool:
    matching = node.matching
    if node.op in ("and", "unless"):
        return left
    if node.op == "or":
        return left and right
    if matching.group:
        many = left if matching.group == "left" else right
        return many or label in matching.include
    if matching.on is not None:
        return label in matching.on and left and right
    return label not in matching.ignoring and (left or right)


def _has(everything: Everything, node: Selector, label: str, seen: frozenset[str]) -> bool:
    if node.equal(label) is not None:
        return node.equal(label) != ""
    trees = [rule.tree for rule in everything.recorded(node.name) if rule.tree]
    if trees and node.name not in seen:
        return any(keeps(everything, tree, label, seen | {node.name}) for tree in trees)
    metric = everything.catalogue.find(node.name)
    return not (label == "stream" and metric is not None and metric.streamless)


def _text(node: Node) -> str:
    return node.text if isinstance(node, String) else ""
