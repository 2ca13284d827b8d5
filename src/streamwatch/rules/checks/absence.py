"""Absence: a metric that is gone is no recovery, and absent() says less than people think."""

import re
from collections.abc import Iterator

from streamwatch.language import Text
from streamwatch.rules.everything import Everything
from streamwatch.rules.finding import Finding, Level, Place
from streamwatch.rules.promql import COMPARISONS, Aggregate, Binary, Call, Node, Number, Paren, Selector, bare, walk
from streamwatch.rules.written import Rule

ABSENT = {"absent", "absent_over_time"}
NEVER_GONE = {"up", "ALERTS", "ALERTS_FOR_STATE"}  # Prometheus itself makes them


def absent(everything: Everything) -> Iterator[Finding]:
    """absence/absent: it answers once for all streams, only when every one of them is gone."""
    for rule in everything.rules():
        for node, above in walk(rule.tree) if rule.tree else ():
            if isinstance(node, Call) and node.function in ABSENT and node.arguments:
                yield from _traps(rule, node, above)


def _traps(rule: Rule, node: Call, above: tuple[Node, ...]) -> Iterator[Finding]:
    inner, place = bare(node.arguments[0]), rule.part(node)
    outer = next((each for each in reversed(above) if not isinstance(each, Paren)), None)
    if isinstance(inner, Aggregate | Binary):
        what = Text(
            f"{node.function}() 里不是单个指标：结果没有任何标签",
            f"{node.function}() of more than a metric has no labels",
        )
        yield _trap(rule, place, what, "warning" if "labels.stream" in rule.values else "bad")
    elif rule.kind == "alert" and "labels.stream" not in rule.values and not _names_stream(inner):
        what = Text(
            f"{node.function}() 不知道是哪个直播间，而且所有直播间都没有了才成立",
            f"{node.function}() knows no stream, and holds only when all of them are gone",
        )
        yield _trap(rule, place, what, "bad")
    if isinstance(outer, Binary) and outer.op in COMPARISONS and _with_zero(outer):
        what = Text(f"{node.function}() 只有 1 或没有值，从不是 0", f"{node.function}() is 1 or nothing, never 0")
        cure = Text("直接写指标本身的条件", "write the condition on the metric itself")
        yield Finding("absence/absent", rule.part(outer), what, cure, rule=rule.name)


def _trap(rule: Rule, place: Place, what: Text, level: Level) -> Finding:
    cure = Text(
        "改用 last_over_time(指标[10m]) unless on (stream) 指标",
        "use last_over_time(metric[10m]) unless on (stream) metric instead",
    )
    return Finding("absence/absent", place, what, cure, level, rule.name)


def _names_stream(node: Node) -> bool:
    return isinstance(node, Selector) and node.equal("stream") is not None


def _with_zero(node: Binary) -> bool:
    limit = bare(node.right)
    return node.op == "==" and isinstance(limit, Number) and limit.value == 0


def branch(everything: Everything) -> Iterator[Finding]:
    """absence/branch: without it, the exporter that dies while an alert fires ends the alert."""
    for _, rule in everything.alerts():
        if rule.tree is None:
            continue
        read = list(everything.read_by(rule.tree))
        names = {each.name for each in read}
        if names <= NEVER_GONE or any(_holds_on(each, rule.name) for each in read):
            continue
        what = Text(
            "没有“指标消失”的分支：采集器一停，正在告警的就会误报恢复",
            "no branch for absence: when the exporter dies, an alert that fires is told as over",
        )
        cure = Text(
            f'加上 or on (stream) (group by (stream) (ALERTS{{alertname="{rule.name}", alertstate="firing"}}) '
            "unless on (stream) 指标)",
            f'add or on (stream) (group by (stream) (ALERTS{{alertname="{rule.name}", alertstate="firing"}}) '
            "unless on (stream) the metric)",
        )
        yield Finding("absence/branch", rule.at("alert"), what, cure, "warning", rule.name)


def _holds_on(each: Selector, name: str) -> bool:
    """Whether it reads the alert's own state."""
    if each.name != "ALERTS":
        return False
    for match in each.matchers:
        if match.label == "alertname":
            return match.value == name if match.op == "=" else bool(re.fullmatch(match.value, name))
    return False
