"""Metrics: is there such a one, and is it read as what it is?"""

from collections.abc import Iterator

from streamwatch.language import Text
from streamwatch.rules.everything import Everything
from streamwatch.rules.finding import Finding, Place
from streamwatch.rules.promql import Aggregate, Binary, Call, Node, Paren, Selector, Subquery, walk
from streamwatch.rules.written import Rule

OF_COUNTERS = {"rate", "irate", "increase", "resets"}
OF_GAUGES = {"delta", "idelta", "deriv", "predict_linear", "holt_winters", "double_exponential_smoothing"}
# Where only that it is there counts, or when; not how much.
BY_PRESENCE = {
    "absent", "absent_over_time", "present_over_time", "count_over_time", "changes", "timestamp", "last_over_time",
}  # fmt: skip
PRESENT = {"count", "group"}


def unknown(everything: Everything) -> Iterator[Finding]:
    """metric/unknown: a misspelt metric is no error to Prometheus: the rule judges nothing, for ever."""
    recorded = {rule.name for rule in everything.rules() if rule.kind == "record"}
    for rule, each, _ in _read(everything):
        if not each.name or each.name in recorded or everything.catalogue.find(each.name):
            continue
        near = everything.catalogue.nearest(each.name)
        cure = Text(
            "核对 exporters/README.md 的指标表；若来自别的采集器，写进 config/other_metrics.yml",
            "see the table in exporters/README.md; if another exporter has it, list it in config/other_metrics.yml",
        )
        if near:
            cure = Text(f"你是说 {near} 吗？否则{cure.zh}", f"did you mean {near}? If not, {cure.en}")
        what = Text(f"没有指标 {each.name}", f"no metric {each.name}")
        yield Finding("metric/unknown", _at(rule, each), what, cure, rule=rule.name)


def counter_without_rate(everything: Everything) -> Iterator[Finding]:
    """metric/counter: a counter grows for ever; its value alone says how long the exporter has been running."""
    for rule, each, above in _read(everything):
        metric = everything.catalogue.find(each.name)
        if (
            metric is None
            or metric.type != "counter"
            or _function(above) in OF_COUNTERS
            or _only_there(each, above)
        ):
            continue
        what = Text(f"{each.name} 是计数器，只增不减", f"{each.name} is a counter, it only grows")
        cure = Text(f"写成 rate({each.name}[10s]) 或 increase(…)", f"write rate({each.name}[10s]) or increase(…)")
        yield Finding("metric/counter", _at(rule, each), what, cure, rule=rule.name)


def rate_of_gauge(everything: Everything) -> Iterator[Finding]:
    """metric/gauge: rate() takes every fall of a gauge for a restart; deriv() takes a restart for a fall."""
    for rule, each, above in _read(everything):
        metric, function = everything.catalogue.find(each.name), _function(above)
        if metric is None or function is None:
            continue
        if metric.type == "gauge" and function in OF_COUNTERS:
            what = Text(
                f"{each.name} 不是计数器，{function}() 会算错",
                f"{each.name} is a gauge, which {function}() gets wrong",
            )
            cure = Text("用 delta()、deriv() 或 changes()", "use delta(), deriv() or changes()")
        elif metric.type == "counter" and function in OF_GAUGES:
            what = Text(f"{each.name} 是计数器，{function}() 会把重启当成下跌",
                        f"{each.name} is a counter, of which {function}() takes a restart for a fall")  # fmt: skip
            cure = Text("用 rate() 或 increase()", "use rate() or increase()")
        else:
            continue
        yield Finding("metric/gauge", _at(rule, each), what, cure, rule=rule.name)


def _at(rule: Rule, each: Selector) -> Place:
    return rule.expr.part(
        each.start, each.start + (len(each.name) if _named(rule, each) else each.end - each.start)
    )


def _named(rule: Rule, each: Selector) -> bool:
    return rule.expr.text.startswith(each.name, each.start) and bool(each.name)


def _read(everything: Everything) -> Iterator[tuple[Rule, Selector, tuple[Node, ...]]]:
    for rule in everything.rules():
        for node, above in walk(rule.tree) if rule.tree else ():
            if isinstance(node, Selector):
                yield rule, node, above


def _function(above: tuple[Node, ...]) -> str | None:
    """The function that is given the series, brackets and subqueries aside."""
    inner = next((each for each in reversed(above) if not isinstance(each, Paren | Subquery)), None)
    return inner.function if isinstance(inner, Call) else None


def _only_there(each: Node, above: tuple[Node, ...]) -> bool:
    """Whether the value is never looked at: counted, or on the right of `and` or `unless`."""
    below: Node = each
    for outer in reversed(above):
        if isinstance(outer, Call) and outer.function in BY_PRESENCE:
            return True
        if isinstance(outer, Aggregate) and outer.operation in PRESENT:
            return True
        if isinstance(outer, Binary):
            return outer.op in ("and", "unless") and below is outer.right
        below = outer
    return False
